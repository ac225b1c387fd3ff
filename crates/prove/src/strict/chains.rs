//! The chain of one trail: which time its digests cover, and how they hang together.
//!
//! A whole chain is one interval and one beginning, however long it is: only where something is out of order is there more to remember.

use std::collections::BTreeMap;

use super::intervals::{Intervals, Time};

/// A trail, as digest names tell it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChainId {
    pub(super) trail: String,
    pub(super) home: String,
}

/// What comes before the lower end of a digest's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// Nothing: AWS signed it as a beginning.
    Start,
    /// The digest that it names is there, but ends earlier: AWS made none in between.
    Skipped,
    /// The digest that it names has not been seen.
    Awaited,
    /// Nothing is known: the digest is not what it should be.
    Unknown,
    /// Nothing is known: the digest could not be read, or is not proven.
    Unread,
    /// The digest that it names is in a bucket that was not given.
    OtherBucket,
}

/// The chain of one trail.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain {
    pub(super) valid: Intervals,
    pub(super) unproven: Intervals,
    /// Digests that are there and could not be read: what they name is not known.
    pub(super) unread: Intervals,
    pub(super) invalid: Intervals,
    /// By the begin of a window: only where the digest before it does not end there.
    pub(super) edges: BTreeMap<Time, Below>,
    /// End of the newest digest, by name.
    pub(super) newest: Option<Time>,
    pub(super) digests: u64,
    pub(super) digests_valid: u64,
    pub(super) starts: u64,
    /// Key that signed the digest that was seen last, and since when.
    pub(super) fingerprint: Option<(String, Time)>,
    pub(super) rotations: Vec<Time>,
}

/// Most changes of the key that are told.
const ROTATIONS_MAX: usize = 200;

/// How a time stands to a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A digest covers it that AWS signed, or that may be.
    Covered,
    /// The digest that covers it could not be read.
    Unread,
    /// The digest that covers it is not what it should be.
    Invalid,
    /// No digest covers it, though there are later ones; what comes below the next of them.
    Hole(Below),
    /// After the newest digest.
    Tail,
}

impl Chain {
    /// All time that digests cover, whatever they are worth.
    pub(super) fn covered(&self) -> Intervals {
        let mut all = self.valid.clone();
        all.extend(&self.unproven);
        all.extend(&self.unread);
        all.extend(&self.invalid);
        all
    }

    pub(super) fn standing(&self, time: Time) -> Standing {
        if self.valid.contains(time) || self.unproven.contains(time) {
            return Standing::Covered;
        }
        if self.unread.contains(time) {
            return Standing::Unread;
        }
        if self.invalid.contains(time) {
            return Standing::Invalid;
        }
        // INVARIANT: the window above a time that is not covered has an edge: what it hangs on does not end where it begins.
        match self.edges.range(time..).next() {
            Some((_, below)) => Standing::Hole(*below),
            None if self.newest.is_some_and(|newest| time < newest) => Standing::Hole(Below::Unknown),
            None => Standing::Tail,
        }
    }

    /// The begin of the oldest window.
    pub(super) fn oldest(&self) -> Option<Time> {
        [self.valid.first(), self.unproven.first(), self.unread.first(), self.invalid.first()].into_iter().flatten().min()
    }

    /// Notes which key signed; digests come newest first.
    pub(super) fn signed_with(&mut self, fingerprint: &str, start: Time) {
        match &mut self.fingerprint {
            Some((known, since)) if known == fingerprint => *since = start,
            known => {
                let rotated = known.replace((fingerprint.to_owned(), start)).map(|(_, since)| since);
                self.rotations.extend(rotated.filter(|_| self.rotations.len() < ROTATIONS_MAX));
            }
        }
    }
}
