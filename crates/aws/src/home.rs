//! A home in a bucket: the same credentials and endpoint as for reading, with the conditional writes that the lake's
//! commits stand on.

use std::sync::Arc;

use collect::source::SourceError;
use object_store::ObjectStore;
use object_store::aws::S3ConditionalPut;
use object_store::path::Path;

use crate::access::{Access, Location};
use crate::refusal::{Asked, explain};

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
