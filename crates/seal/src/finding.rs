//! What can be wrong with a chain of statements, in plain words.

use std::fmt;

use crate::hash::Hash;
use crate::statement::KeyReason;

/// Something is wrong with a statement, or with the place where it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The statement's number, by the name of its file.
    pub number: u64,
    /// What it is.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A gap: statements from this number to `until` are not there.
    #[error("missing, up to and including number {until}")]
    Missing {
        /// The last one missing.
        until: u64,
    },
    /// It was handed in after a statement with this number or a higher one.
    #[error("there is more than one statement with this number")]
    Repeated,
    /// No statement.
    #[error("{0}")]
    Unreadable(String),
    /// Its file has another's name.
    #[error("calls itself number {said}")]
    OtherNumber {
        /// The number in it.
        said: u64,
    },
    /// It follows on another file than the one that is there.
    #[error("follows on a statement with the SHA-256 {}, but the one before it has {found}", said.map_or("(none)".to_owned(), |hash| hash.to_string()))]
    OtherPrevious {
        /// What it says.
        said: Option<Hash>,
        /// What is there.
        found: Hash,
    },
    /// It follows on something, though it is the first.
    #[error("is the first, but follows on a statement with the SHA-256 {said}")]
    NotTheFirst {
        /// What it says.
        said: Hash,
    },
    /// The signature is not over these bytes, or not by this key.
    #[error("the signature of key {key} does not match")]
    BadSignature {
        /// Fingerprint.
        key: String,
    },
    /// Signed by a key that no statement introduced.
    #[error("signed by the key {key}, which no statement before has introduced")]
    UnknownKey {
        /// Fingerprint.
        key: String,
    },
    /// Signed by, or introducing, a key that was replaced.
    #[error("uses the key {key}, which was replaced before")]
    RetiredKey {
        /// Fingerprint.
        key: String,
    },
    /// It introduces a key whose bytes are none, or have another fingerprint.
    #[error("introduces a key that is none, or not the one that it names ({key})")]
    NoKey {
        /// Fingerprint.
        key: String,
    },
    /// A key that nobody vouches for but itself.
    #[error("the key {key} is introduced as `{}` by itself alone; pin its fingerprint if you know that it is yours", reason_text(*reason))]
    NotIntroduced {
        /// Fingerprint.
        key: String,
        /// What it says of itself.
        reason: KeyReason,
    },
    /// About another home than statement 0.
    #[error("is about the home `{said}`, the chain about `{home}`")]
    OtherHome {
        /// The home in it.
        said: String,
        /// The home in the first statement.
        home: String,
    },
    /// A compaction that did not keep the records.
    #[error("the records before and after the compaction are not the same (sum of their hashes {before}, then {after})")]
    RecordsDiffer {
        /// Sum of the record hashes before.
        before: String,
        /// And after.
        after: String,
    },
    /// Two statements tell of one path, with other content.
    #[error("tells of `{path}` with other content than statement {earlier}")]
    Contradicts {
        /// The path.
        path: String,
        /// The statement before.
        earlier: u64,
    },
    /// The chain that an outside copy vouches for had another statement here.
    #[error("has the SHA-256 {found}, the anchored one {anchored}")]
    NotAsAnchored {
        /// What is there.
        found: Hash,
        /// What was there when it was anchored.
        anchored: Hash,
    },
    /// The chain is shorter than it was.
    #[error("missing: the chain ended here when it was anchored, and is shorter now")]
    EndsEarly,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "statement {}: {}", self.number, self.wrong)
    }
}

fn reason_text(reason: KeyReason) -> &'static str {
    match reason {
        KeyReason::First => "first",
        KeyReason::Rotated => "rotated",
        KeyReason::Lost => "lost",
    }
}
