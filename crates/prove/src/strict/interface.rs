//! What the judgment takes from outside and what it tells while it works.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use seal::PublicKeys;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use crate::report::{Cell, Finding, Totals};
use crate::store::Store;

/// How late a digest may come before it counts as missing, where the end of the range was not given.
pub const GRACE: TimeDelta = TimeDelta::hours(2);
/// Largest log file, uncompressed, in bytes. AWS promises at most 50 MB.
pub const CONTENT_BYTES_MAX: u64 = record::limits::DELIVERY_SIZE_BYTES_MAX;
/// Largest object as stored, in bytes.
pub const STORED_BYTES_MAX: u64 = record::limits::DELIVERY_STORED_BYTES_MAX;

/// Where objects are read from.
#[derive(Clone)]
pub struct Stores {
    /// The bucket that is verified, or a copy of it.
    pub main: Arc<dyn Store>,
    /// Other buckets by their name, as digests spell it: `--map old-bucket=PLACE`.
    pub mapped: BTreeMap<String, Arc<dyn Store>>,
}

/// What to judge, and within which limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// Begin of the range; without it, the oldest object.
    pub since: Option<DateTime<Utc>>,
    /// End of the range: every hour that ended by then is due. Without it, the clock less [`Options::grace`].
    pub until: Option<DateTime<Utc>>,
    /// Only these accounts; empty for all.
    pub accounts: Vec<String>,
    /// Only these Regions; empty for all.
    pub regions: Vec<String>,
    /// Older objects were expired by a lifecycle rule of the owner: their absence is no violation.
    pub retained_since: Option<DateTime<Utc>>,
    /// How late a digest may come.
    pub grace: TimeDelta,
    /// Threads that read and hash.
    pub threads: usize,
    /// Largest object as stored, in bytes.
    pub stored_bytes_max: u64,
    /// Largest content, in bytes.
    pub content_bytes_max: u64,
    /// Cells that an interrupted run with the same options has finished already: they are not read again.
    pub finished: Vec<Outcome>,
}

/// Public keys that were looked up.
#[derive(Clone, Debug, Default)]
pub struct KeysFound {
    /// The keys.
    pub keys: PublicKeys,
    /// Where they came from, in plain words: `file keys.json`, `AWS us-east-1`, `custom endpoint http://...: not AWS's`.
    pub origin: String,
    /// Whether these are all keys of this Region and time, asked of AWS itself: then a digest signed with another key is forged.
    pub is_complete: bool,
    /// Whether AWS itself said that each of them is its key: asked now, or kept since it was asked.
    pub is_of_aws: bool,
}

/// Where public keys are looked up. Called from many threads, seldom: once a Region and day.
pub trait KeySource: Send + Sync {
    /// The keys that signed in a Region at any time from `from` to `to`; an error is told in plain words.
    fn keys(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<KeysFound, String>;
}

/// Keys from a list: a file, or pinned in a home.
#[derive(Clone, Debug)]
pub struct ListedKeys {
    /// Where the list came from, in plain words.
    pub origin: String,
    /// The keys.
    pub keys: PublicKeys,
}

impl KeySource for ListedKeys {
    fn keys(&self, _region: &str, _from: DateTime<Utc>, _to: DateTime<Utc>) -> Result<KeysFound, String> {
        Ok(KeysFound { keys: self.keys.clone(), origin: self.origin.clone(), is_complete: false, is_of_aws: false })
    }
}

/// What was done since the last time that progress was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// Digests read.
    pub digests: u64,
    /// Log files read.
    pub logs: u64,
    /// Bytes read, as stored.
    pub stored_bytes: u64,
    /// Bytes hashed.
    pub content_bytes: u64,
}

/// Someone who watches. Called from many threads; every method returns at once.
pub trait Progress: Send + Sync {
    /// How many cells there are.
    fn found(&self, _cells: u64) {}

    /// Something was read.
    fn advanced(&self, _by: Advance) {}

    /// A cell is finished. Whoever keeps the outcome can pass it on as [`Options::finished`] after an interruption.
    fn finished(&self, _outcome: &Outcome) {}
}

/// Nobody watches.
impl Progress for () {}

/// What one cell gave, before cells are compared with each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The cell as it stands in the report.
    pub cell: Cell,
    /// How many findings it has.
    pub totals: Totals,
    /// Its findings, as far as they are kept.
    pub findings: Vec<Finding>,
    /// What can only be judged beside other cells.
    #[serde(default)]
    pub facts: Facts,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            since: None,
            until: None,
            accounts: Vec::new(),
            regions: Vec::new(),
            retained_since: None,
            grace: GRACE,
            threads: 2,
            stored_bytes_max: STORED_BYTES_MAX,
            content_bytes_max: CONTENT_BYTES_MAX,
            finished: Vec::new(),
        }
    }
}
