//! Which objects a home must have, by its statements, and which it may lack.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

use crate::finding::Wrong;
use crate::hash::Hash;
use crate::statement::{Object, Says};

/// Objects by path, as the statements so far leave them.
#[derive(Clone, Debug, Default)]
pub struct Live {
    objects: BTreeMap<String, Told>,
}

/// What the statements tell of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its size.
    pub size_bytes: u64,
    /// The hash of its bytes.
    pub sha256: Hash,
    /// The statement that told it last.
    pub number: u64,
    /// Whether it must be there.
    pub state: State,
}

/// Whether an object must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It must.
    Live,
    /// Files with the same records took its place; it may still be there.
    Compacted,
    /// Its day went with the retention; it may still be there.
    Retired,
}

impl Live {
    /// What the statements tell of a path.
    pub fn get(&self, path: &str) -> Option<&Told> {
        self.objects.get(path)
    }

    /// All that was ever told, by path.
    pub fn iter(&self) -> Iter<'_, String, Told> {
        self.objects.iter()
    }

    /// Takes in what a statement says; tells what contradicts an earlier one. The later one counts.
    pub(crate) fn apply(&mut self, number: u64, says: &Says) -> Vec<Wrong> {
        let gone = if matches!(says, Says::Retired(_)) { State::Retired } else { State::Compacted };
        let removed = says.removed().iter().filter_map(|object| self.tell(number, object, gone));
        let mut wrong: Vec<Wrong> = removed.collect();
        wrong.extend(says.added().iter().filter_map(|object| self.tell(number, object, State::Live)));
        wrong
    }

    fn tell(&mut self, number: u64, object: &Object, state: State) -> Option<Wrong> {
        let Object { path, size_bytes, sha256 } = object;
        let told = Told { size_bytes: *size_bytes, sha256: *sha256, number, state };
        let earlier = self.objects.insert(path.clone(), told)?;
        let same = (earlier.size_bytes, earlier.sha256) == (told.size_bytes, told.sha256);
        // What is gone may come again under its name: a log's commit that was taken back, say.
        let comes_again = earlier.state != State::Live && state == State::Live;
        (!same && !comes_again).then(|| Wrong::Contradicts { path: path.clone(), earlier: earlier.number })
    }
}
