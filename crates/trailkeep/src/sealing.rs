//! The key that seals homes, and the copies of each chain's last statement that are kept elsewhere.
//!
//! Key and copies lie outside of every home, in the user's configuration folder: who can write into a home cannot sign for it, and
//! cannot cut its chain short without this machine knowing. A bucket with Object Lock can hold copies as well: then not even
//! who has this machine and its key can make another chain pass for the old one.

mod anchors;
mod heads;
pub mod keys;

pub use anchors::{Anchored, anchors};
pub use heads::{place_name, remembered, sealed_elsewhere};

use custody::sealer::{SealError, Sealed, Sealer};
use lake::Lake;

use crate::exit::Failure;
use crate::settings::Context;
use crate::{output, outside};

/// Seals what is new in a home; a home that cannot be sealed is told and does not stop the work.
pub async fn seal(lake: &Lake, context: &Context) -> Option<Sealed> {
    match try_seal(lake, context).await {
        Ok(sealed) => Some(sealed),
        Err(failure) => {
            output::note(format!("not sealed: {}", failure.text()));
            None
        }
    }
}

/// Seals what is new in a home.
pub async fn try_seal(lake: &Lake, context: &Context) -> Result<Sealed, Failure> {
    let keys = keys::keys(context)?;
    let mut sealer = Sealer::open(lake, &keys, outside::unique()).await.map_err(failed)?;
    let sealed = sealer.seal(&time()).await.map_err(failed)?;
    keep(&sealed, context).await?;
    Ok(sealed)
}

/// Whether this machine's keys may seal a home and hand it on; changes nothing.
pub async fn check(lake: &Lake, context: &Context) -> Result<(), Failure> {
    let file = keys::key_file(context)?;
    if !file.exists() {
        let what = format!("there is no seal key to replace in `{}`", file.display());
        return Err(Failure::failed(what, "`trailkeep collect` makes one; give another file with --seal-key FILE"));
    }
    let keys = keys::keys(context)?;
    Sealer::open(lake, &keys, outside::unique()).await.map(drop).map_err(failed)
}

/// Lets the key at hand take over in a home whose key is lost.
pub async fn adopt(lake: &Lake, context: &Context) -> Result<Sealed, Failure> {
    let keys = keys::keys(context)?;
    let sealed = Sealer::adopt(lake, &keys, &time()).await.map_err(failed)?;
    keep(&sealed, context).await?;
    Ok(sealed)
}

/// Keeps copies of the head: on this machine, and in a bucket if one was named.
async fn keep(sealed: &Sealed, context: &Context) -> Result<(), Failure> {
    heads::remember(sealed, context)?;
    if sealed.statements > 0
        && let Err(failure) = anchors::put(sealed, context).await
    {
        output::note(format!("no copy of the seal's head in the anchor bucket: {}", failure.text()));
    }
    Ok(())
}

/// The time, as statements have it.
fn time() -> String {
    outside::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn failed(error: SealError) -> Failure {
    let text = error.to_string();
    match text.rsplit_once("; ") {
        Some((what, hint)) => Failure::failed(what, hint),
        None => Failure::failed(text, ""),
    }
}
