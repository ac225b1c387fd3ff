//! Where deliveries come from: a tree of keys that can be listed page by page and fetched one by one.
//!
//! A source never decides what a delivery means. It lists, it fetches, and it says in plain words what it could not do.

use async_trait::async_trait;
use bytes::Bytes;

/// One object as its source lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Key inside the source: `/`-separated, never starting with `/`.
    pub key: String,
    /// Size as stored (compressed), in bytes.
    pub size_bytes: u64,
    /// Entity tag: changes whenever the stored bytes change. For files: size and modification time in nanoseconds.
    pub etag: String,
}

/// One page of a listing: what stands directly under a prefix, in key order.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Sub-prefixes, each ending in `/`.
    pub folders: Vec<String>,
    /// Objects directly under the prefix.
    pub objects: Vec<Listed>,
    /// Where the next page begins (pass it as `after`); `None` on the last page.
    pub next: Option<String>,
}

/// An object's bytes, and the entity tag that they had when they were read.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The stored bytes.
    pub body: Bytes,
    /// Entity tag at the time of the read.
    pub etag: String,
    /// Object metadata that the source keeps beside the bytes (`signature`, `signature-algorithm`, ... of a digest).
    pub metadata: Vec<(String, String)>,
}

/// A tree of objects. Listing costs one request a page on S3; implementations count them in [`Source::requests`].
#[async_trait]
pub trait Source: Send + Sync {
    /// What the ledger calls this source: `s3://bucket` or `file:///absolute/path`. Keys are relative to it.
    fn origin(&self) -> &str;

    /// The prefix under which the user pointed (`""`, or ending in `/`, or a whole key for a single object).
    fn root(&self) -> &str;

    /// Lists one page of what stands directly under `prefix` (`""` or ending in `/`), beginning after the key `after`.
    /// A `prefix` without the final `/` asks what stands under that very name: the object, the folder of that name, or
    /// both; implementations may add names that only begin so.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError>;

    /// Reads one object; refuses one that is larger than `size_bytes_max` without reading it.
    async fn fetch(&self, key: &str, size_bytes_max: u64) -> Result<Fetched, SourceError>;

    /// List and read requests made so far: what the provider bills.
    fn requests(&self) -> Requests;
}

/// Entries that come in one order only: an archive, or standard input. Calls block; run them where that is allowed.
///
/// After `Err` the stream goes on with the next entry if it can; it ends with `None`.
pub trait Stream: Send {
    /// What the ledger calls this source: `file:///absolute/path.tar.gz` or `stdin:`. Keys are relative to it.
    fn origin(&self) -> &str;

    /// The next entry with its bytes; one that is larger than `size_bytes_max` is passed over with
    /// [`SourceError::TooLarge`], its bytes never held.
    fn next(&mut self, size_bytes_max: u64) -> Option<Result<(Listed, Fetched), SourceError>>;
}

/// Requests made to a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Requests {
    /// List requests (S3: billed per thousand).
    pub list: u64,
    /// Read requests.
    pub read: u64,
}

/// Why a source could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// There is nothing under that key or prefix.
    #[error("`{0}` was not found; check the spelling and that it still exists")]
    NotFound(String),
    /// The caller may not do this; `action` is the IAM action (or file permission) that is missing.
    #[error("access to `{key}` was denied; grant {action}{}", policy_hint(action))]
    Denied {
        /// Key or prefix.
        key: String,
        /// IAM action or file right that is missing.
        action: String,
    },
    /// The object is in an archive tier and has to be restored first.
    #[error("`{0}` is archived (Glacier); restore it and run the same command again")]
    Archived(String),
    /// Larger than the named limit.
    #[error("`{key}` holds {size_bytes} bytes, more than the limit of {limit_bytes} (--max-object-size)")]
    TooLarge {
        /// Key.
        key: String,
        /// Size in bytes.
        size_bytes: u64,
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// No credentials, or expired ones.
    #[error("no usable AWS credentials: {0}")]
    Credentials(String),
    /// Anything else, in the words of the system below.
    #[error("`{key}` could not be read: {reason}")]
    Io {
        /// Key or prefix.
        key: String,
        /// What the system below said.
        reason: String,
    },
}

/// Where to find the policy that grants an IAM action; file systems have none.
fn policy_hint(action: &str) -> &'static str {
    if action.contains(':') { " (`trailkeep doctor` prints the policy)" } else { "" }
}
