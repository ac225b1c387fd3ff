//! What of a cell can only be judged beside the others: whether an account left, whether digests were removed, whether a family has digests.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::report::Finding;
use crate::report::time;

/// Most files of one group that are told one by one.
pub(super) const EXAMPLES_MAX: usize = 50;

/// What one cell leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Whether there are any digests, in the range or before it.
    pub(super) has_digests: bool,
    /// Begin of its oldest valid digest.
    #[serde(with = "time::option")]
    pub(super) first_digest: Option<DateTime<Utc>>,
    /// When its newest digest ended, in the range or before it.
    #[serde(with = "time::option")]
    pub(super) newest_digest: Option<DateTime<Utc>>,
    /// When its last digest ended or its last log file was delivered.
    #[serde(with = "time::option")]
    pub(super) end: Option<DateTime<Utc>>,
    /// Folders of families of which a digest names files.
    pub(super) families: BTreeSet<String>,
    /// Digests that are due and not there, after the newest of each trail.
    pub(super) tails: Vec<Tail>,
    /// Log files that nothing vouches for.
    pub(super) waiting: Vec<Waiting>,
}

/// Digests that are due, after the newest one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    pub(super) trail: String,
    #[serde(with = "time")]
    pub(super) from: DateTime<Utc>,
    #[serde(with = "time")]
    pub(super) to: DateTime<Utc>,
}

/// Why it is open what unvouched log files are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Why {
    /// Digests may not be made for this family (its folder's name).
    Family(String),
    /// There are no digests in this cell.
    NoDigests,
    /// They came after the newest digest.
    Tail,
}

/// Log files that nothing vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) why: Why,
    pub(super) count: u64,
    #[serde(with = "time")]
    pub(super) first: DateTime<Utc>,
    #[serde(with = "time")]
    pub(super) last: DateTime<Utc>,
    /// Hours since 1970.
    pub(super) hours: BTreeSet<i64>,
    /// Some of them, as violations.
    pub(super) examples: Vec<Finding>,
}

impl Facts {
    /// Something that came last.
    pub(super) fn ended(&mut self, at: DateTime<Utc>) {
        self.end = Some(self.end.map_or(at, |end| end.max(at)));
    }

    /// A log file that waits.
    pub(super) fn wait(&mut self, why: &Why, at: DateTime<Utc>, hour: i64, example: impl FnOnce() -> Finding) {
        let group = match self.waiting.iter().position(|waiting| waiting.why == *why) {
            Some(known) => self.waiting.get_mut(known),
            None => {
                let new = Waiting { why: why.clone(), count: 0, first: at, last: at, hours: BTreeSet::new(), examples: Vec::new() };
                self.waiting.push(new);
                self.waiting.last_mut()
            }
        };
        let Some(group) = group else { return };
        group.count += 1;
        (group.first, group.last) = (group.first.min(at), group.last.max(at));
        group.hours.insert(hour);
        if group.examples.len() < EXAMPLES_MAX {
            group.examples.push(example());
        }
    }
}
