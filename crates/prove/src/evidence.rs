//! Evidence: a zip with which somebody else, who has neither trailkeep nor an AWS account, can check that records are what AWS
//! CloudTrail wrote.
//!
//! It holds the records, the log files in which they were delivered, the digests that vouch for those, their signatures and the
//! public keys; a README that writes every command out; and `verify.sh`, which runs them. Nothing but sha256sum, openssl and a
//! POSIX shell is needed.
//!
//! What cannot be proven does not stop the bundle from being written: the bundle, and [`Proof`], say so. Pure: clock, keys and
//! contents are handed in, and the same input gives the same bytes. Names and keys in the input are hostile: no path is made of
//! them, and no text is repeated without being washed.

mod archive;
mod bundle;
mod chain;
mod judge;
mod names;
mod readme;
mod tables;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, Cited, Log};
pub use chain::{DigestFile, Digests};
pub use judge::{KeyOrigin, KeyRing};

use std::io;

use chrono::{DateTime, Utc};

use crate::store::Store;

/// Later digests that are added to the one that names a log file, unless another number is asked for: a day of them.
pub const LATER_DIGESTS: usize = 24;
/// Most records in one bundle.
pub const RECORDS_MAX: usize = 10_000;
/// Most digests in one bundle.
pub const DIGESTS_MAX: usize = 100_000;

/// When, with what and from what a bundle is made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The clock.
    pub at: DateTime<Utc>,
    /// The program and its version.
    pub program: String,
    /// The home that the records come from.
    pub home: String,
    /// What was asked for: event IDs, or a statement.
    pub asked: String,
}

/// What a finished bundle proves.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Proof {
    /// Records in it.
    pub records: u64,
    /// Those of them that stand in a log file whose hash a proven digest holds.
    pub records_proven: u64,
    /// Log files in it.
    pub logs: u64,
    /// Those that a proven digest names.
    pub logs_proven: u64,
    /// Digests in it.
    pub digests: u64,
    /// Those whose own signature was checked; the others are vouched for by a later one, or not at all.
    pub digests_signed: u64,
    /// Public keys in it.
    pub keys: u64,
    /// Whether all of those were asked of AWS by ourselves.
    pub keys_are_of_aws: bool,
    /// What is not there or not proven, and why.
    pub unproven: Vec<String>,
    /// What contradicts: something was altered or forged.
    pub contradictions: Vec<String>,
}

impl Proof {
    /// Whether every record is proven, nothing that was asked for is missing, and nothing contradicts.
    pub fn is_whole(&self) -> bool {
        self.records > 0 && self.records_proven == self.records && self.unproven.is_empty() && self.contradictions.is_empty()
    }
}

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The file.
    #[error("writing the bundle: {0}")]
    Io(#[from] io::Error),
    /// The zip format.
    #[error("writing the bundle: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// A log file whose content is not what its records were looked up in.
    #[error("record {index} of `{key}` is not where the lake says; run `trailkeep verify --home` to see what is damaged")]
    NotThere {
        /// Key of the log file.
        key: String,
        /// Position of the record.
        index: u32,
    },
    /// More than [`RECORDS_MAX`].
    #[error("more than {RECORDS_MAX} records; ask for fewer events and write several bundles")]
    TooMany,
}

/// Whether a place is a bundle, packed or unpacked.
pub fn is_bundle(store: &dyn Store) -> bool {
    let Ok(page) = store.list("", None) else { return false };
    [tables::RECORDS, tables::LOGS, tables::DIGESTS, bundle::SCRIPT]
        .iter()
        .all(|name| page.objects.iter().any(|object| object.key == *name))
}

/// Text from outside, safe to be shown in the README: one line, nothing that a terminal or Markdown would obey, not too long.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 400;
    let mut out = String::new();
    for character in text.chars() {
        if out.len() >= SHOWN_MAX {
            out.push('…');
            break;
        }
        match character {
            '\n' => out.push(' '),
            '`' => out.push('\''),
            ' '..='~' => out.push(character),
            other if other.is_alphanumeric() => out.push(other),
            other => out.extend(other.escape_unicode()),
        }
    }
    out
}
