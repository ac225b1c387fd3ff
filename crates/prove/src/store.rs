//! Where the objects of a chain are read from: a bucket, a folder that was copied from one, a zip, the rows of a home.
//!
//! Calls block and come from many threads at once. A store lists, reads, and says in plain words what it could not do; it never
//! reads outside of where the user pointed.

pub mod folder;
mod overlay;
mod positioned;
mod tree;
mod within;
pub mod zipped;

pub use folder::Folder;
pub use overlay::{Metadata, MetadataError, Overlay};
pub use within::{AnchorError, Anchored, Within, anchored};

/// One object as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key: `/`-separated, never starting with `/`.
    pub key: String,
    /// Size as stored, in bytes.
    pub size_bytes: u64,
    /// Whether it is in an archive tier (Glacier) and cannot be read without being restored.
    pub is_archived: bool,
}

/// One page of a listing: what stands directly under a prefix, in key order.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Sub-prefixes, each ending in `/`.
    pub folders: Vec<String>,
    /// Objects directly under the prefix.
    pub objects: Vec<Listed>,
    /// Pass it as `after` for the next page; `None` on the last one.
    pub next: Option<String>,
}

/// An object as it was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its bytes, or what is known of them.
    pub body: Body,
    /// User metadata, names in lower case and without `x-amz-meta-`; empty where the store keeps none (a copy on disk).
    pub metadata: Vec<(String, String)>,
}

/// What a store gives of an object.
#[derive(Clone, Debug)]
pub enum Body {
    /// The bytes as stored: usually gzip.
    Stored(Vec<u8>),
    /// The SHA-256 of the uncompressed content, which the store itself has just computed from content that it rebuilt.
    Rebuilt {
        /// SHA-256 of the content.
        content_sha256: [u8; 32],
        /// Length of the content.
        content_bytes: u64,
    },
}

/// Content that a store has rebuilt and hashed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// SHA-256 of the content.
    pub content_sha256: [u8; 32],
    /// Length of the content.
    pub content_bytes: u64,
}

/// Why an object could not be listed or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not there.
    #[error("not found")]
    NotFound,
    /// The caller may not read it; holds the IAM action or file right that is missing.
    #[error("access denied; grant {0}")]
    Denied(String),
    /// In an archive tier.
    #[error("archived (Glacier); restore it and verify again")]
    Archived,
    /// A home's own retention removed its records, and a signed statement says so.
    #[error("its records went with the home's retention")]
    Retired,
    /// Larger than the named limit, in bytes.
    #[error("larger than the limit of {0} bytes (--max-object-size)")]
    TooLarge(u64),
    /// Anything else, in the words of the system below.
    #[error("{0}")]
    Unreadable(String),
}

/// A tree of objects, as one bucket is.
pub trait Store: Send + Sync {
    /// What messages call it: `s3://bucket`, `/path/to/folder`, `logs.zip`.
    fn name(&self) -> &str;

    /// The bucket that it is or, by its name, seems to be a copy of; `None` where nothing says so.
    fn bucket(&self) -> Option<&str>;

    /// Where the user pointed: `""` or a prefix that ends in `/`. Keys are whole, they begin with it.
    fn root(&self) -> &str;

    /// Lists one page of what stands directly under `prefix` (`""` or ending in `/`), beginning after the key `after`.
    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal>;

    /// Reads one object; refuses one that is larger than `size_bytes_max` without reading it.
    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal>;

    /// Reads one object as [`Store::read`] does, without its metadata and into `buffer`, in place of what that held. Hundreds of thousands
    /// of log files go through one buffer. Where the store rebuilds content, that is returned and the buffer says nothing.
    fn read_into(&self, key: &str, size_bytes_max: u64, buffer: &mut Vec<u8>) -> Result<Option<Rebuilt>, Refusal> {
        match self.read(key, size_bytes_max)?.body {
            Body::Stored(stored) => {
                *buffer = stored;
                Ok(None)
            }
            Body::Rebuilt { content_sha256, content_bytes } => Ok(Some(Rebuilt { content_sha256, content_bytes })),
        }
    }
}

impl Object {
    /// A value of the user metadata.
    pub fn meta(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::tree::{Entry, Sorted};
    use super::*;

    /// A store in memory.
    pub(crate) struct Kept {
        bucket: Option<&'static str>,
        entries: Vec<(String, Vec<u8>)>,
        /// What every object has.
        pub(crate) metadata: Vec<(String, String)>,
    }

    impl Kept {
        pub(crate) fn new(bucket: Option<&'static str>, entries: &[(&str, &[u8])]) -> Kept {
            let entries = entries.iter().map(|(key, body)| ((*key).to_owned(), body.to_vec())).collect();
            Kept { bucket, entries, metadata: Vec::new() }
        }

        pub(crate) fn put(&mut self, key: &str, body: &[u8]) {
            self.entries.push((key.to_owned(), body.to_vec()));
        }
    }

    impl Store for Kept {
        fn name(&self) -> &str {
            "kept"
        }

        fn bucket(&self) -> Option<&str> {
            self.bucket
        }

        fn root(&self) -> &str {
            ""
        }

        fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
            let entry = |(key, body): &(String, Vec<u8>)| Entry { key: key.as_str().into(), size_bytes: body.len() as u64, of: () };
            Ok(Sorted::new(self.entries.iter().map(entry).collect()).page(prefix, after))
        }

        fn read(&self, key: &str, _: u64) -> Result<Object, Refusal> {
            let (_, body) = self.entries.iter().find(|(have, _)| have == key).ok_or(Refusal::NotFound)?;
            Ok(Object { body: Body::Stored(body.clone()), metadata: self.metadata.clone() })
        }
    }
}
