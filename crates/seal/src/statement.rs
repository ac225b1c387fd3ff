//! Our own statements: what trailkeep vouches for in its home, signed and linked to the statement before.
//!
//! A statement file is two lines. The first is the statement, as compact JSON. The second is the [`Seal`]: a signature over the
//! exact bytes of the first line, without its line feed. Each statement carries the SHA-256 of the *whole* file before it, so
//! the last file stands for all of them. Both lines end in a line feed, and the second has one spelling: no byte of a file
//! can be changed without being noticed.

use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::statement_key::{StatementKey, StatementKeyError, StatementPublicKey};

/// The format that is written; a newer one is refused.
pub const FORMAT: u32 = 1;
/// Largest statement file.
pub const STATEMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most objects, added and removed together, in one statement; whoever has more writes several.
pub const OBJECTS_MAX: usize = 10_000;
/// Longest path of an object: S3's limit for a key.
pub const PATH_BYTES_MAX: usize = 1_024;

/// Name of the signature algorithm in seals.
const ED25519: &str = "Ed25519";

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`FORMAT`].
    pub format: u32,
    /// Its place in the chain, from 0.
    pub number: u64,
    /// SHA-256 of the whole statement file before; `None` in statement 0.
    pub previous: Option<Hash>,
    /// When it was made (RFC 3339), by the clock of whoever made it.
    pub time: String,
    /// The home that it is about: a name that moves with it.
    pub home: String,
    /// What it says.
    pub says: Says,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Who signs.
    Key(NewKey),
    /// Objects that were added since the last statement.
    Objects(Objects),
    /// Files of the archive that were replaced by others with the same records.
    Compacted(Compacted),
    /// A day that went with its retention: a tombstone.
    Retired(Retired),
}

/// A key is introduced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The 32 bytes of the key, in base64.
    pub public_key: String,
    /// Its name.
    pub fingerprint: String,
    /// Why.
    pub reason: KeyReason,
}

/// Why a key is introduced, which decides who signs the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyReason {
    /// The chain begins. Signed by the key itself.
    First,
    /// It takes over. Signed by the key before it, which signs nothing more.
    Rotated,
    /// The key before is lost. Signed by the key itself: only who pins the new key can know that this was no break-in.
    Lost,
}

/// Objects were added: commits of the logs, evidence, configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// The new ones.
    pub added: Vec<Object>,
}

/// Files of the archive were replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compacted {
    /// The version of the archive that did it.
    pub archive_version: u64,
    /// The old files; they may stay on disk for a while.
    pub removed: Vec<Object>,
    /// The new ones.
    pub added: Vec<Object>,
    /// Records in either.
    pub records: u64,
    /// Sum of the record hashes in the old files.
    pub records_hash_before: String,
    /// Sum of the record hashes in the new files: the same.
    pub records_hash_after: String,
}

/// Files of the archive are gone for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// The version of the archive that did it.
    pub archive_version: u64,
    /// The event day (`2026-11-20`, or `unknown`).
    pub day: String,
    /// Its files.
    pub removed: Vec<Object>,
    /// Records in them.
    pub records: u64,
    /// The rule that asked for it.
    pub why: String,
}

/// An object in the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Below the home, with `/`.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// The hash of its bytes.
    pub sha256: Hash,
}

/// The second line of a statement file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// `Ed25519`.
    pub algorithm: String,
    /// Fingerprint of the key that signed.
    pub key: String,
    /// Over the first line, in hexadecimal.
    pub signature: String,
}

/// A statement file that was read; nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Sealed<'a> {
    /// What it says.
    pub statement: Statement,
    /// Fingerprint of the key that signed it, by its own account.
    pub key: String,
    signed: &'a [u8],
    signature: Vec<u8>,
}

/// Why a statement cannot be written, or a file is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Larger than [`STATEMENT_BYTES_MAX`].
    #[error("the statement has more than {STATEMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// More than [`OBJECTS_MAX`].
    #[error("the statement names {0} objects; {OBJECTS_MAX} are the most, say the rest in another statement")]
    TooManyObjects(usize),
    /// A path that does not stay in the home, or longer than [`PATH_BYTES_MAX`].
    #[error("`{0}` is no path of an object in a home")]
    Path(String),
    /// Not a time.
    #[error("`{0}` is no time; expected RFC 3339, as in `2026-11-22T07:00:00Z`")]
    Time(String),
    /// Written by a later trailkeep.
    #[error("the statement has format {0}, this trailkeep reads {FORMAT}; use a newer one")]
    NewerFormat(u32),
    /// Anything else.
    #[error("the file is no statement: {0}")]
    Format(String),
    /// The key.
    #[error(transparent)]
    Key(#[from] StatementKeyError),
}

impl Statement {
    /// The statement file: both lines.
    pub fn sign(&self, key: &StatementKey) -> Result<Vec<u8>, StatementError> {
        self.check()?;
        let mut file = serde_json::to_vec(self).map_err(format)?;
        let signature = hex::encode(key.sign(&file)?);
        let seal = Seal { algorithm: ED25519.to_owned(), key: key.fingerprint(), signature };
        file.push(b'\n');
        file.extend(seal.line()?);
        if file.len() as u64 > STATEMENT_BYTES_MAX { Err(StatementError::TooLarge) } else { Ok(file) }
    }

    /// What a reader insists on, a writer checks first.
    fn check(&self) -> Result<(), StatementError> {
        if self.format != FORMAT {
            return Err(StatementError::NewerFormat(self.format));
        }
        if chrono::DateTime::parse_from_rfc3339(&self.time).is_err() {
            return Err(StatementError::Time(self.time.clone()));
        }
        let (removed, added) = (self.says.removed(), self.says.added());
        let count = removed.len() + added.len();
        if count > OBJECTS_MAX {
            return Err(StatementError::TooManyObjects(count));
        }
        match removed.iter().chain(added).find(|object| !is_path(&object.path)) {
            Some(object) => Err(StatementError::Path(object.path.clone())),
            None => Ok(()),
        }
    }
}

impl Says {
    /// Objects that exist from now on.
    pub fn added(&self) -> &[Object] {
        match self {
            Says::Objects(Objects { added }) | Says::Compacted(Compacted { added, .. }) => added,
            Says::Key(_) | Says::Retired(_) => &[],
        }
    }

    /// Objects that need not exist any longer.
    pub fn removed(&self) -> &[Object] {
        match self {
            Says::Compacted(Compacted { removed, .. }) | Says::Retired(Retired { removed, .. }) => removed,
            Says::Key(_) | Says::Objects(_) => &[],
        }
    }

    /// As many sayings as these objects need.
    pub fn objects(added: Vec<Object>) -> impl Iterator<Item = Says> {
        let mut left = added.into_iter();
        std::iter::from_fn(move || {
            let added: Vec<Object> = left.by_ref().take(OBJECTS_MAX).collect();
            (!added.is_empty()).then_some(Says::Objects(Objects { added }))
        })
    }
}

impl NewKey {
    /// Introduces a key.
    pub fn new(key: &StatementPublicKey, reason: KeyReason) -> NewKey {
        NewKey { public_key: key.to_base64(), fingerprint: key.fingerprint(), reason }
    }

    /// The key, if it is one and bears its own name.
    pub fn public(&self) -> Option<StatementPublicKey> {
        StatementPublicKey::from_base64(&self.public_key).filter(|key| key.fingerprint() == self.fingerprint)
    }
}

impl Seal {
    fn line(&self) -> Result<Vec<u8>, StatementError> {
        let mut line = serde_json::to_vec(self).map_err(format)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads the second line; one that we would not write like this is refused, so that no byte of it is without meaning.
    fn read(line: &[u8]) -> Result<(Seal, Vec<u8>), StatementError> {
        let seal: Seal = serde_json::from_slice(line).map_err(format)?;
        let signature = hex::decode(&seal.signature).map_err(format)?;
        let again = Seal { signature: hex::encode(&signature), ..seal.clone() };
        if seal.algorithm != ED25519 || again.line()? != line {
            return Err(StatementError::Format("its second line is not as trailkeep writes it".to_owned()));
        }
        Ok((seal, signature))
    }
}

impl<'a> Sealed<'a> {
    /// Reads a statement file.
    pub fn read(file: &'a [u8]) -> Result<Sealed<'a>, StatementError> {
        if file.len() as u64 > STATEMENT_BYTES_MAX {
            return Err(StatementError::TooLarge);
        }
        let end = file.iter().position(|byte| *byte == b'\n');
        let (signed, rest) = end.and_then(|end| file.split_at_checked(end)).unwrap_or((file, &[]));
        let (seal, signature) = Seal::read(rest.get(1..).unwrap_or_default())?;
        let statement = read_statement(signed)?;
        statement.check()?;
        Ok(Sealed { statement, key: seal.key, signed, signature })
    }

    /// Whether this key signed it.
    pub fn verify(&self, key: &StatementPublicKey) -> bool {
        key.verify(self.signed, &self.signature)
    }
}

/// Only what each format has.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

fn read_statement(line: &[u8]) -> Result<Statement, StatementError> {
    serde_json::from_slice(line).map_err(|error| match serde_json::from_slice(line) {
        Ok(AnyFormat { format }) if format > FORMAT => StatementError::NewerFormat(format),
        _ => format(error),
    })
}

/// A path that names one object and cannot lead out of the home.
fn is_path(path: &str) -> bool {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..");
    path.len() <= PATH_BYTES_MAX && path.split('/').all(plain) && !path.contains(['\\', '\0'])
}

fn format(error: impl ToString) -> StatementError {
    StatementError::Format(error.to_string())
}

#[cfg(test)]
mod tests;
