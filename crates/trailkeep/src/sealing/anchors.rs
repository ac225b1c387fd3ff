//! Copies of a seal's head in a bucket with Object Lock: `--seal-anchor s3://bucket/prefix`.

use std::sync::Arc;

use aws::anchor::{AnchorBucket, Lock};
use custody::sealer::Sealed;
use seal::chain::Anchor;
use serde_json::json;

use crate::exit::Failure;
use crate::settings::Context;
use crate::{lakes, output};

/// What a bucket holds of a home.
#[derive(Clone, Debug)]
pub struct Anchored {
    /// The bucket, as the user calls it.
    pub place: String,
    /// All copies, in their order.
    pub anchors: Vec<Anchor>,
    /// How the last one is locked.
    pub lock: Option<Lock>,
}

/// Puts a copy of the head, and says if the bucket does not lock it.
pub(super) async fn put(sealed: &Sealed, context: &Context) -> Result<(), Failure> {
    let (Some(place), Some(head)) = (context.seal_anchor.value.clone(), sealed.head) else { return Ok(()) };
    let bucket = open(&place, context).await?;
    let home = sealed.home.clone();
    let body = json!({ "home": home, "statement": head.number, "sha256": head.sha256.to_string(), "key": sealed.key }).to_string();
    let lock = blocking(move || {
        bucket.put(&home, head, body)?;
        bucket.lock(&home, head)
    });
    if lock.await?.is_none() {
        output::note(format!(
            "the copy of the seal's head in `{}` is not locked: whoever may delete there can delete it; give the bucket Object Lock with a \
             default retention",
            output::clean(&place)
        ));
    }
    Ok(())
}

/// The copies of a home's heads; `None` where no bucket was named.
pub async fn anchors(home: Option<&str>, context: &Context) -> Result<Option<Anchored>, Failure> {
    let Some(place) = context.seal_anchor.value.clone() else { return Ok(None) };
    let Some(home) = home.map(str::to_owned) else {
        return Ok(Some(Anchored { place, anchors: Vec::new(), lock: None }));
    };
    let bucket = open(&place, context).await?;
    let found = blocking(move || {
        let anchors = bucket.list(&home)?;
        let lock = anchors.last().map(|last| bucket.lock(&home, *last).unwrap_or(None)).unwrap_or_default();
        Ok((anchors, lock))
    });
    let (anchors, lock) = found.await?;
    Ok(Some(Anchored { place, anchors, lock }))
}

async fn open(place: &str, context: &Context) -> Result<Arc<AnchorBucket>, Failure> {
    if !place.starts_with("s3://") {
        let what = format!("`{}` is no place for copies of the seal's head", output::clean(place));
        return Err(Failure::usage(what, "write --seal-anchor s3://bucket/prefix"));
    }
    Ok(Arc::new(AnchorBucket::open(place, &lakes::access(context)).await?))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, collect::source::SourceError> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Failure::failed(format!("the anchor bucket could not be asked: {error}"), ""))??)
}
