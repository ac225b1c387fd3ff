//! The buckets that messages name, each opened when it is first named.
//!
//! An object is read as it was when its message was sent. Mostly that is how it is now, which needs no more than the right to read it. If it was
//! overwritten or deleted meanwhile, its version is asked for: whoever changes a log file after its delivery does not get past the message.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use collect::source::{Fetched, SourceError};
use message::Object;
use tokio::sync::Mutex;

use crate::access::Access;
use crate::s3::S3Source;

/// Buckets that are kept open. An organization's trails deliver to a handful.
const OPEN_MAX: usize = 64;

/// Buckets, by name.
pub(crate) struct Buckets {
    /// Those that may be named; all, if none is.
    allowed: Vec<String>,
    access: Access,
    open: Mutex<HashMap<String, Arc<S3Source>>>,
    reads: AtomicU64,
}

impl Buckets {
    pub(crate) fn new(allowed: Vec<String>, access: Access) -> Buckets {
        Buckets { allowed, access, open: Mutex::default(), reads: AtomicU64::new(0) }
    }

    pub(crate) fn may_name(&self, bucket: &str) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|allowed| allowed == bucket)
    }

    /// Read requests made.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// Reads an object.
    pub(crate) async fn fetch(&self, object: &Object, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        let bucket = self.bucket(&object.bucket).await?;
        self.reads.fetch_add(1, Relaxed);
        let Some(version) = &object.version else {
            return bucket.fetch_as(&object.key, None, size_bytes_max).await;
        };
        let now = bucket.fetch_as(&object.key, None, size_bytes_max).await;
        let is_then = |fetched: &Fetched| object.etag.as_ref().is_none_or(|etag| *etag == fetched.etag);
        match now {
            Ok(fetched) if is_then(&fetched) => Ok(fetched),
            Err(other) if !matches!(other, SourceError::NotFound(_)) => Err(other),
            changed => {
                self.reads.fetch_add(1, Relaxed);
                match bucket.fetch_as(&object.key, Some(version), size_bytes_max).await {
                    // The version is gone too: what is there now is better than nothing, and a listing would find the same.
                    Err(SourceError::NotFound(_)) => changed,
                    then => then,
                }
            }
        }
    }

    async fn bucket(&self, name: &str) -> Result<Arc<S3Source>, SourceError> {
        let mut open = self.open.lock().await;
        if let Some(source) = open.get(name) {
            return Ok(Arc::clone(source));
        }
        let source = Arc::new(S3Source::open(&format!("s3://{name}"), &self.access).await?);
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(name.to_owned(), Arc::clone(&source));
        Ok(source)
    }
}
