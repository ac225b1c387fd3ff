//! What a collection did, in numbers that add up.

use std::collections::BTreeMap;

use lake::Counts;
use serde::Serialize;

use crate::queue;
use crate::source::Requests;

/// Refusals that a summary lists by key; all are in the ledger.
pub const REFUSALS_LISTED_MAX: usize = 100;

/// Objects of a source. `found` is the sum of all that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Objects {
    /// Listed by the source.
    pub found: u64,
    /// Log files, new in the lake.
    pub ingested: u64,
    /// Digests, new in the lake: kept as evidence.
    pub digests: u64,
    /// In the lake already.
    pub known: u64,
    /// No deliveries: other files, other services' logs.
    pub ignored: u64,
    /// Could not be read or understood.
    pub refused: u64,
    /// In an archive tier.
    pub archived: u64,
}

impl Objects {
    /// Those that something has become of.
    pub fn done(&self) -> u64 {
        self.ingested + self.digests + self.known + self.ignored + self.refused + self.archived
    }
}

/// One object that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// What a collection did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Where it collected from.
    pub source: String,
    /// Objects.
    pub objects: Objects,
    /// Records of the ingested objects.
    pub records: Counts,
    /// Refused and archived objects, the first of them.
    pub refusals: Vec<Refusal>,
    /// Ingested objects and digests with something wrong about them, the first of them.
    pub flawed: Vec<Refusal>,
    /// Keys whose content had changed since they were ingested.
    pub overwritten: Vec<String>,
    /// Why objects were ignored.
    pub ignored: BTreeMap<String, u64>,
    /// Folders that could not be listed.
    pub unlisted: Vec<Refusal>,
    /// Messages of a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<queue::Counts>,
    /// Objects that messages name and that could not be read now, the first of them; the messages stay in their queue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Refusal>,
    /// Bytes read from the source.
    pub stored_bytes: u64,
    /// Bytes after inflating.
    pub content_bytes: u64,
    /// Requests made.
    pub requests: Requests,
    /// Commits made.
    pub commits: u64,
    /// Latest event by Region, in microseconds since 1970 UTC.
    pub latest_us: BTreeMap<String, i64>,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

impl Summary {
    /// Whether anything could not be read, so that the result is partial (exit code 5).
    pub fn is_partial(&self) -> bool {
        self.objects.refused > 0
            || self.objects.archived > 0
            || !self.unlisted.is_empty()
            || !self.overwritten.is_empty()
            || !self.flawed.is_empty()
            || !self.left.is_empty()
    }

    /// INVARIANT: every object and every record is in exactly one of the sums.
    pub fn balances(&self) -> bool {
        let o = &self.objects;
        let r = &self.records;
        o.found == o.done() && r.records == r.stored + r.duplicate + r.filtered + r.expired
    }

    pub(crate) fn refuse(&mut self, key: &str, reason: String) {
        if self.refusals.len() < REFUSALS_LISTED_MAX {
            self.refusals.push(Refusal { key: key.to_owned(), reason });
        }
    }

    pub(crate) fn flaw(&mut self, key: &str, reason: String) {
        if self.flawed.len() < REFUSALS_LISTED_MAX {
            self.flawed.push(Refusal { key: key.to_owned(), reason });
        }
    }

    pub(crate) fn leave(&mut self, key: &str, reason: String) {
        if self.left.len() < REFUSALS_LISTED_MAX {
            self.left.push(Refusal { key: key.to_owned(), reason });
        }
    }

    pub(crate) fn ignore(&mut self, reason: &str) {
        self.objects.ignored += 1;
        *self.ignored.entry(reason.to_owned()).or_default() += 1;
    }
}
