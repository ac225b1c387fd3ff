//! One CloudTrail record, read without losing a byte.
//!
//! A delivery is inflated ([`inflate`]), cut into records ([`envelope`]), and every record is taken apart into flat fields,
//! a shape and whatever fits neither ([`Parser`]). [`rebuild`] puts the same bytes together again; the reader proves it
//! for every record before it lets go of the original. What cannot be understood keeps its raw bytes and carries a [`Flaw`].
//!
//! Pure: no IO, no clock, no environment; no recursion on input; every limit has a name ([`limits`]).

pub mod columns;
mod content;
pub mod envelope;
pub mod flaw;
mod hash;
pub mod inflate;
pub mod limits;
mod parse;
mod parsed;
mod path;
mod rebuild;
pub mod scan;
pub mod text;
pub mod time;
mod track;

pub use columns::{Column, Kind};
pub use content::Content;
pub use envelope::{Envelope, EnvelopeError, Frame};
pub use flaw::{Flaw, Flaws};
pub use hash::{hash_all, hash_both};
pub use inflate::{InflateError, Inflater};
pub use parse::Parser;
pub use parsed::{Entry, Field, Parsed, RecordView, Value};
pub use rebuild::{RebuildError, Row, rebuild};

use sha2::{Digest, Sha256};

/// The first 16 bytes of the SHA-256 of a record's exact bytes: what makes two records the same.
pub fn record_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(Sha256::digest(bytes).split_at(16).0);
    short
}
