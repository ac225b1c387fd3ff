//! The log files of a digest.

use super::buckets::{Buckets, bucket_name, object_key};
use super::gunzip::{End, GunzipError, LogHasher};
use super::python::value::Value;
use super::trouble::Trouble;
use crate::store::Refusal;

/// A log file as a digest names it; its values may be of any type.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    bucket: Value,
    object: Value,
    /// SHA-256 of the content, if the digest says one.
    hash: Option<Value>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as the digest says.
    Valid,
    /// It is not, and why.
    Invalid(&'static str),
    /// It could not be read: everything ends.
    End(String),
}

/// How large an object may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// As stored, in bytes.
    pub stored_bytes_max: u64,
    /// Uncompressed, in bytes.
    pub content_bytes_max: u64,
}

/// The log files of a digest, as far as it has any; what is raised where an entry is none ends everything.
pub fn entries(digest: Value) -> impl Iterator<Item = Result<Entry, String>> {
    let (list, raised) = match log_files(digest) {
        Ok(list) => (list, None),
        Err(text) => (Vec::new(), Some(Err(text))),
    };
    list.into_iter().map(Entry::of).chain(raised)
}

fn log_files(digest: Value) -> Result<Vec<Value>, String> {
    let Value::Dict(pairs) = digest else { return Ok(Vec::new()) };
    let found = pairs.into_iter().rev().find(|(name, _)| name == "logFiles");
    let Some((_, log_files)) = found else { return Err("'logFiles'".to_owned()) };
    match log_files {
        Value::List(list) => Ok(list),
        nothing if !nothing.is_true() => Ok(Vec::new()),
        // What can be iterated yields texts.
        Value::Str(_) | Value::Dict(_) => Err(Value::Str(String::new()).not_there("s3Bucket")),
        other => Err(format!("'{}' object is not iterable", other.type_name())),
    }
}

impl Entry {
    fn of(entry: Value) -> Result<Entry, String> {
        let value = |name: &str| entry.get(name).cloned();
        let bucket = value("s3Bucket").ok_or_else(|| entry.not_there("s3Bucket"))?;
        let object = value("s3Object").ok_or_else(|| entry.not_there("s3Object"))?;
        Ok(Entry { bucket, object, hash: value("hashValue") })
    }

    /// Reads the file and compares its hash.
    pub fn check(&self, buckets: &Buckets<'_>, limits: Limits, hasher: &mut LogHasher, stored: &mut Vec<u8>) -> Verdict {
        // Whatever is raised on the way to the object means the same here.
        let (Ok(bucket), Ok(key)) = (bucket_name(&self.bucket), object_key(&self.object)) else { return FORMAT };
        let read = match buckets.find(bucket) {
            Some(store) => store.read_into(key, limits.stored_bytes_max, stored),
            None => Err(Refusal::NotFound),
        };
        match read {
            Ok(Some(rebuilt)) => self.compare(&rebuilt.content_sha256),
            Ok(None) => match hasher.hash(stored, limits.content_bytes_max) {
                Ok((_, End::Trailing)) => Verdict::Invalid("unexpected data after end of compressed stream"),
                Ok((hash, End::Whole | End::Missing)) => self.compare(&hash),
                Err(GunzipError::Damaged) => FORMAT,
                Err(GunzipError::TooLarge(limit)) => self.unread(&Refusal::TooLarge(limit)),
            },
            Err(refusal) => self.unread(&refusal),
        }
    }

    fn compare(&self, hash: &[u8; 32]) -> Verdict {
        match &self.hash {
            None => FORMAT,
            Some(Value::Str(told)) if *told == hex::encode(hash) => Verdict::Valid,
            Some(_) => Verdict::Invalid("hash value doesn't match"),
        }
    }

    fn unread(&self, refusal: &Refusal) -> Verdict {
        match Trouble::of_refusal(refusal, "GetObject", &self.place()) {
            Trouble::NotFound => Verdict::Invalid("not found"),
            Trouble::Invalid(_) => FORMAT,
            Trouble::End(text) => Verdict::End(text),
        }
    }

    /// Where it is, as lines spell it.
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket.to_text(), self.object.to_text())
    }
}

const FORMAT: Verdict = Verdict::Invalid("invalid format");
