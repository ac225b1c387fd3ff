//! Digest chains and statements: check AWS's, make ours.
//!
//! CloudTrail vouches for its log files with *digests*: once an hour, for each account, Region and trail, a signed list of the
//! files that were delivered, linked to the digest before it. This crate reads, checks and makes them ([`digest`]), knows the
//! keys that sign them ([`keys`]), and makes and checks the *statements* with which trailkeep vouches for its own home
//! ([`statement`], [`chain`]).
//!
//! Pure: no IO and no clock. Private keys are made or handed in by the caller.

pub mod digest;
pub mod keys;
mod maker;
mod pem;
pub mod produce;
pub mod query_results;
pub mod signing;

pub mod chain;
pub mod finding;
pub mod hash;
pub mod live;
pub mod statement;
pub mod statement_key;

pub use digest::{Digest, DigestError, LogFile, Previous};
pub use keys::{Key, KeyError, PublicKey, PublicKeys, public_keys_json};
pub use produce::{Draft, Link, SignedDigest};
pub use query_results::{QueryResultsError, ResultFile, SignFile};
pub use signing::{RsaError, RsaKey};

pub use chain::{Anchor, Chain, Checked};
pub use finding::{Finding, Wrong};
pub use hash::Hash;
pub use live::{Live, State, Told};
pub use statement::{Compacted, KeyReason, NewKey, Object, Objects, Retired, Says, Seal, Sealed, Statement, StatementError};
pub use statement_key::{StatementKey, StatementKeyError, StatementPublicKey};

use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// How many bytes of a SHA-256 name one of our keys: as many as AWS's fingerprints have.
const FINGERPRINT_LEN: usize = 16;

/// The name of a key of ours: the first 16 bytes of the SHA-256 of its public half, in hexadecimal.
///
/// How AWS makes its fingerprints is not documented; in their place they are names and nothing more.
fn fingerprint(public: &[u8]) -> String {
    sha256(public).iter().take(FINGERPRINT_LEN).map(|byte| format!("{byte:02x}")).collect()
}
