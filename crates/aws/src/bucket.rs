//! A bucket by its address: the client that asks it, and what comes before a key.

use collect::source::SourceError;
use tokio::runtime::Handle;

use crate::access::{Access, Location};
use crate::service::{Service, Signing};

/// A bucket that can be asked.
pub(crate) struct Bucket {
    pub(crate) service: Service,
    pub(crate) location: Location,
    pub(crate) region: String,
    /// What comes before a key in a path: `/` or `/bucket/`.
    pub(crate) before_key: String,
}

impl Bucket {
    /// Opens `s3://bucket[/prefix]`. Asks AWS for the Region only; rights show at the first request. Credentials are renewed on the runtime that this
    /// is called on.
    pub(crate) async fn open(uri: &str, access: &Access) -> Result<Bucket, SourceError> {
        let location = Location::parse(uri)?;
        let resolved = access.resolve(&location.bucket).await;
        let address = resolved.address(&location.bucket);
        let signing = Signing::new(resolved.credentials.clone(), &Handle::current(), &resolved.region, "s3");
        let service = Service::new(&address.endpoint, signing, access.clock);
        let service = service.map_err(|reason| SourceError::Io { key: uri.to_owned(), reason })?;
        let before_key = if address.is_by_path { format!("/{}/", location.bucket) } else { "/".to_owned() };
        Ok(Bucket { service, location, region: resolved.region.clone(), before_key })
    }
}
