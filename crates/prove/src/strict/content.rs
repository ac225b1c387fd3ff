//! From a stored object to the hash of its content, through buffers that every thread keeps.

use record::{InflateError, Inflater, inflate};

use super::parse::Buffers;
use crate::store::{Refusal, Store};

/// Content that fits the promise of 50 MB. What is larger was not written by CloudTrail.
const AWS_CONTENT_BYTES_MAX: u64 = 64 << 20;

/// A thread's buffers: they grow to the largest object and no further.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) room: Room,
    beside: Room,
    pub(super) digests: Buffers,
}

/// Room for one object.
#[derive(Default)]
pub(super) struct Room {
    stored: Vec<u8>,
    content: Vec<u8>,
    inflater: Inflater,
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

/// An object, and where it is; `None` where there is no such place.
pub(super) type Object<'a> = (Option<&'a dyn Store>, &'a str);

/// An object that has been read.
enum Read<'a> {
    /// The store hashes by itself.
    Rebuilt(Hashed),
    /// Its content, and how long it is as stored.
    Content(&'a [u8], u64),
}

/// Reads two objects and hashes their contents side by side, which takes less time than one after the other.
pub(super) fn hash_two(objects: [Object<'_>; 2], limits: Limits, scratch: &mut Scratch) -> [Result<Hashed, NoHash>; 2] {
    let [one, other] = objects;
    let (one, other) = (scratch.room.read(one, limits), scratch.beside.read(other, limits));
    let (Ok(Read::Content(first, first_stored)), Ok(Read::Content(second, second_stored))) = (&one, &other) else {
        return [one.map(Read::hash), other.map(Read::hash)];
    };
    let [first_sha256, second_sha256] = record::hash_both(first, second);
    [Ok(Hashed::of(first_sha256, first, *first_stored)), Ok(Hashed::of(second_sha256, second, *second_stored))]
}

/// Reads an object and hashes its content.
pub(super) fn hash(object: Object<'_>, limits: Limits, scratch: &mut Scratch) -> Result<Hashed, NoHash> {
    scratch.room.read(object, limits).map(Read::hash)
}

impl Read<'_> {
    fn hash(self) -> Hashed {
        match self {
            Read::Rebuilt(hashed) => hashed,
            Read::Content(content, stored_bytes) => Hashed::of(seal::sha256(content), content, stored_bytes),
        }
    }
}

impl Hashed {
    fn of(sha256: [u8; 32], content: &[u8], stored_bytes: u64) -> Hashed {
        Hashed { sha256, stored_bytes, content_bytes: content.len() as u64 }
    }
}

impl Room {
    fn read(&mut self, (store, key): Object<'_>, limits: Limits) -> Result<Read<'_>, NoHash> {
        let store = store.ok_or(NoHash::Refused(Refusal::NotFound))?;
        let rebuilt = store.read_into(key, limits.stored_bytes_max, &mut self.stored).map_err(|refusal| limits.refused(refusal))?;
        if let Some(rebuilt) = rebuilt {
            let hashed = Hashed { sha256: rebuilt.content_sha256, stored_bytes: 0, content_bytes: rebuilt.content_bytes };
            return Ok(Read::Rebuilt(hashed));
        }
        let stored_bytes = self.stored.len() as u64;
        self.inflate(limits).map(|content| Read::Content(content, stored_bytes))
    }

    /// The content of a stored object; `None` if there is none, or if the store keeps none.
    pub(super) fn content(&mut self, store: &dyn Store, key: &str, limits: Limits) -> Option<&[u8]> {
        match self.read((Some(store), key), limits) {
            Ok(Read::Content(content, _)) => Some(content),
            _ => None,
        }
    }

    fn inflate(&mut self, limits: Limits) -> Result<&[u8], NoHash> {
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
