//! The digests at hand: which one names a log file, and which one follows another.
//!
//! A log file is looked up by its *hash*: that is what a digest vouches for, and a copy may have lost parts of its key. Digests
//! follow one another by hash too, so that chains have no cycles, whatever hostile digests say of themselves.

use std::cmp::Reverse;
use std::collections::HashMap;

use seal::{Digest, DigestError, sha256};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::judge::{Judge, KeyRing};

/// A digest as it was kept.
#[derive(Clone, Debug)]
pub struct DigestFile {
    /// Its uncompressed bytes.
    pub content: Vec<u8>,
    /// Its signature in hexadecimal, as its S3 object's metadata held it; `None` where it came without.
    pub signature: Option<String>,
    /// Region whose keys sign it.
    pub region: String,
}

/// A digest that was read.
#[derive(Debug)]
pub(super) struct Held {
    /// As it was kept.
    pub(super) file: DigestFile,
    /// Read.
    pub(super) digest: Digest,
    /// SHA-256 of its bytes.
    pub(super) sha256: [u8; 32],
}

/// Digests by what they say.
#[derive(Debug, Default)]
pub struct Digests {
    held: Vec<Held>,
    by_hash: HashMap<[u8; 32], usize>,
    by_log_hash: HashMap<String, Vec<Entry>>,
    by_log_key: HashMap<String, Vec<Entry>>,
    by_previous_hash: HashMap<String, Vec<usize>>,
    by_previous_object: HashMap<String, Vec<usize>>,
}

/// One log file in a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Which digest.
    pub(super) digest: usize,
    /// Which of its log files.
    pub(super) at: usize,
}

/// Where an entry stands in its digest, and how it spells what it names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// Bytes before it.
    pub(super) offset: usize,
    /// Its length.
    pub(super) length: usize,
    /// The bucket, in quotes.
    pub(super) bucket: String,
    /// The key, in quotes.
    pub(super) object: String,
}

impl Digests {
    /// Adds a digest. One that is there already may bring the signature that the other lacks.
    pub fn insert(&mut self, file: DigestFile) -> Result<(), DigestError> {
        let hash = sha256(&file.content);
        if let Some(held) = self.by_hash.get(&hash).and_then(|at| self.held.get_mut(*at)) {
            held.file.signature = held.file.signature.take().or(file.signature);
            return Ok(());
        }
        let digest = Digest::parse(&file.content)?;
        let at = self.held.len();
        for (entry, log) in digest.log_files.iter().enumerate() {
            let entry = Entry { digest: at, at: entry };
            self.by_log_hash.entry(log.hash_value.clone()).or_default().push(entry);
            self.by_log_key.entry(log.s3_object.clone()).or_default().push(entry);
        }
        if let Some(previous) = digest.previous() {
            self.by_previous_hash.entry(previous.hash.to_owned()).or_default().push(at);
            self.by_previous_object.entry(previous.object.to_owned()).or_default().push(at);
        }
        self.by_hash.insert(hash, at);
        self.held.push(Held { file, digest, sha256: hash });
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a digest names a log file with this hash and has so many digests after it: then nothing more need be looked for.
    pub fn has_chain_of(&self, content_sha256: &[u8; 32], later: usize) -> bool {
        let named = self.by_log_hash.get(&hex::encode(content_sha256)).into_iter().flatten();
        named.into_iter().any(|entry| self.is_followed_by(entry.digest, later))
    }

    /// Whether a digest that is proven by these keys names a log file with this hash.
    pub fn proves(&self, content_sha256: &[u8; 32], rings: &[KeyRing]) -> bool {
        let mut judge = Judge::new(self, rings);
        self.naming("", content_sha256).iter().any(|entry| {
            judge.settle(entry.digest);
            judge.of(entry.digest).is_some_and(|judged| judged.standing.is_proven())
        })
    }

    /// Whether a digest, proven or not, names a log file with this hash.
    pub fn names(&self, content_sha256: &[u8; 32]) -> bool {
        self.by_log_hash.contains_key(&hex::encode(content_sha256))
    }

    fn is_followed_by(&self, at: usize, later: usize) -> bool {
        let mut last = at;
        (0..later).all(|_| match self.holding(last).first() {
            Some(next) => {
                last = *next;
                true
            }
            None => false,
        })
    }

    pub(super) fn get(&self, at: usize) -> Option<&Held> {
        self.held.get(at)
    }

    /// Entries with this hash, those with the same key first, then those with the same file name.
    pub(super) fn naming(&self, key: &str, content_sha256: &[u8; 32]) -> Vec<Entry> {
        let mut entries = self.by_log_hash.get(&hex::encode(content_sha256)).cloned().unwrap_or_default();
        entries.sort_by_key(|entry| Reverse(self.likeness(*entry, key)));
        entries
    }

    /// Entries with this key.
    pub(super) fn with_key(&self, key: &str) -> &[Entry] {
        self.by_log_key.get(key).map_or(&[], Vec::as_slice)
    }

    /// Digests that hold this one's hash as that of the digest before them.
    pub(super) fn holding(&self, at: usize) -> &[usize] {
        let hash = self.held.get(at).map(|held| hex::encode(held.sha256)).unwrap_or_default();
        self.by_previous_hash.get(&hash).map_or(&[], Vec::as_slice)
    }

    /// Digests that name this one as the digest before them, but with another hash.
    pub(super) fn differing(&self, at: usize) -> Vec<usize> {
        let Some(held) = self.held.get(at) else { return Vec::new() };
        let differs = |next: &usize| {
            self.held.get(*next).and_then(|next| next.digest.previous()).is_some_and(|previous| {
                previous.bucket == held.digest.digest_s3_bucket && previous.hash != hex::encode(held.sha256)
            })
        };
        let named = self.by_previous_object.get(&held.digest.digest_s3_object).into_iter().flatten();
        named.copied().filter(differs).collect()
    }

    /// How an entry is written in its digest.
    pub(super) fn spelling(&self, entry: Entry) -> Option<Spelling> {
        let content = std::str::from_utf8(&self.held.get(entry.digest)?.file.content).ok()?;
        let list: Listed = serde_json::from_str(content).ok()?;
        let raw = list.log_files.get(entry.at)?.get();
        let place: Place = serde_json::from_str(raw).ok()?;
        // Both point into the same text.
        let offset = (raw.as_ptr() as usize).checked_sub(content.as_ptr() as usize)?;
        let (bucket, object) = (place.bucket.get().to_owned(), place.object.get().to_owned());
        Some(Spelling { offset, length: raw.len(), bucket, object })
    }

    fn likeness(&self, entry: Entry, key: &str) -> u8 {
        let named = self.held.get(entry.digest).and_then(|held| held.digest.log_files.get(entry.at));
        let file = |key: &str| key.rsplit('/').next().map(str::to_owned);
        match named {
            Some(log) if log.s3_object == key => 2,
            Some(log) if file(&log.s3_object) == file(key) => 1,
            _ => 0,
        }
    }
}

/// A digest's list, its entries as they are written.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow, rename = "logFiles")]
    log_files: Vec<&'a RawValue>,
}

/// An entry's names, as they are written.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, rename = "s3Bucket")]
    bucket: &'a RawValue,
    #[serde(borrow, rename = "s3Object")]
    object: &'a RawValue,
}
