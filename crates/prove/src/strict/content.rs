//! From a stored object to the hash of its content, through buffers that every thread keeps.

use record::{InflateError, Inflater, inflate};

use super::parse::Buffers;
use crate::store::{Refusal, Store};

/// Content that fits the promise of 50 MB. What is larger was not written by CloudTrail.
const AWS_CONTENT_BYTES_MAX: u64 = 64 << 20;

/// A thread's buffers: they grow to the largest object and no further.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) stored: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) inflater: Inflater,
    pub(super) digests: Buffers,
}

/// How large an object may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) stored_bytes_max: u64,
    pub(super) content_bytes_max: u64,
}

/// What reading an object gave.
#[derive(Clone, Debug)]
pub(super) struct Hashed {
    pub(super) sha256: [u8; 32],
    pub(super) stored_bytes: u64,
    pub(super) content_bytes: u64,
}

/// Why an object has no hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoHash {
    /// The store refused.
    Refused(Refusal),
    /// The object is not as CloudTrail writes it.
    Damaged(InflateError),
}

/// Reads an object and hashes its content; [`Scratch::content`] is left as it was if the store hashes by itself.
pub(super) fn hash(store: &dyn Store, key: &str, limits: Limits, scratch: &mut Scratch) -> Result<Hashed, NoHash> {
    let rebuilt = store.read_into(key, limits.stored_bytes_max, &mut scratch.stored).map_err(|refusal| limits.refused(refusal))?;
    if let Some(rebuilt) = rebuilt {
        return Ok(Hashed { sha256: rebuilt.content_sha256, stored_bytes: 0, content_bytes: rebuilt.content_bytes });
    }
    let stored_bytes = scratch.stored.len() as u64;
    let content = scratch.inflate(limits)?;
    Ok(Hashed { sha256: seal::sha256(content), stored_bytes, content_bytes: content.len() as u64 })
}

impl Scratch {
    /// The content of what was read last.
    pub(super) fn inflate(&mut self, limits: Limits) -> Result<&[u8], NoHash> {
        // A copy may have been unpacked: then the bytes are the content.
        if !inflate::is_gzip(&self.stored) {
            let fits = self.stored.len() as u64 <= limits.content_bytes_max;
            return if fits { Ok(&self.stored) } else { Err(limits.too_large()) };
        }
        match self.inflater.member(&self.stored, limits.content_bytes_max, &mut self.content) {
            Ok(content) => Ok(content),
            Err(InflateError::TooLarge(_)) => Err(limits.too_large()),
            Err(error) => Err(NoHash::Damaged(error)),
        }
    }
}

impl Limits {
    /// What is larger than CloudTrail ever writes is damaged; what is larger than the caller allows was only not read.
    fn too_large(self) -> NoHash {
        let limit = self.content_bytes_max;
        if limit >= AWS_CONTENT_BYTES_MAX {
            NoHash::Damaged(InflateError::TooLarge(limit))
        } else {
            NoHash::Refused(Refusal::TooLarge(limit))
        }
    }

    fn refused(self, refusal: Refusal) -> NoHash {
        match refusal {
            Refusal::TooLarge(limit) if limit >= AWS_CONTENT_BYTES_MAX => NoHash::Damaged(InflateError::TooLarge(limit)),
            other => NoHash::Refused(other),
        }
    }
}
