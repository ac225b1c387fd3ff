//! A home in a bucket: the same credentials and endpoint as for reading, with the conditional writes that the lake's
//! commits stand on.

use std::sync::Arc;

use collect::source::SourceError;
use dial::chain_of;
use object_store::ObjectStore;
use object_store::aws::S3ConditionalPut;
use object_store::path::Path;

use crate::access::{Access, Location};
use crate::refusal::{Asked, element, explain};

/// A home's store, and where in it the home stands.
#[derive(Clone, Debug)]
pub struct HomeStore {
    /// The whole bucket.
    pub store: Arc<dyn ObjectStore>,
    /// Bucket name.
    pub bucket: String,
    /// The home's prefix in it.
    pub prefix: Path,
}

/// Opens `s3://bucket/prefix` as a home.
pub async fn home_store(uri: &str, access: &Access) -> Result<HomeStore, SourceError> {
    let location = Location::parse(uri)?;
    let prefix = Path::parse(&location.key).map_err(|error| SourceError::Io {
        key: uri.to_owned(),
        reason: format!("that is no prefix for a home; use plain names between the slashes ({error})"),
    })?;
    let resolved = access.resolve(&location.bucket).await;
    let builder = resolved.builder(&location.bucket).with_conditional_put(S3ConditionalPut::ETagMatch);
    let store = builder.build().map_err(|error| explain(&error, Asked::Get, uri))?;
    Ok(HomeStore { store: Arc::new(store), bucket: location.bucket, prefix })
}

/// Why the store of the home `uri` refused to be listed, in words.
pub fn unlisted(error: &object_store::Error, uri: &str) -> SourceError {
    explain(error, Asked::List, uri)
}

/// Why the store of a home refused, in words, where what was asked for is not known. `None` if it is none of S3's own refusals.
pub fn refusal(error: &object_store::Error) -> Option<SourceError> {
    element(&chain_of(error), "Code")?;
    Some(match explain(error, Asked::Get, "the home") {
        SourceError::Denied { key, .. } => {
            SourceError::Denied { key, action: "s3:GetObject, s3:PutObject and s3:DeleteObject".to_owned() }
        }
        other => other,
    })
}
