//! The home as the outbox sees it, and how the outbox stands.

use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use lake::Lake;
use serde::Serialize;
use tell::{Outbox, Shelf, TellError, Trouble};

use crate::exit::Failure;
use crate::outside;

/// The outbox of a lake's home.
pub fn outbox(lake: &Arc<Lake>) -> Outbox {
    Outbox::new(Arc::new(LakeShelf(Arc::clone(lake))), || outside::now().timestamp_micros())
}

struct LakeShelf(Arc<Lake>);

#[async_trait]
impl Shelf for LakeShelf {
    async fn create(&self, path: &str, body: Vec<u8>) -> Result<bool, String> {
        self.0.create_object(path, body.into()).await.map_err(|error| error.to_string())
    }

    async fn paths(&self, folder: &str) -> Result<Vec<String>, String> {
        let listed = self.0.objects_in(folder).map_ok(|object| object.path).try_collect::<Vec<_>>().await;
        let mut paths = listed.map_err(|error| error.to_string())?;
        paths.sort();
        Ok(paths)
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.read_object(path).await.map_err(|error| error.to_string())?.map(Vec::from))
    }
}

/// How a home's findings are told.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Telling {
    /// Findings in the home.
    pub findings: u64,
    /// Each target that it knows.
    pub targets: Vec<TargetTelling>,
}

/// How a target is told.
#[derive(Clone, Debug, Serialize)]
pub struct TargetTelling {
    /// Its name.
    pub target: String,
    /// Its kind and place.
    pub what: String,
    /// Findings that it has taken.
    pub told: u64,
    /// Findings that wait for it.
    pub waiting: u64,
    /// The oldest finding that waits: when it was found.
    pub waiting_since: Option<String>,
    /// What went wrong last, if findings wait.
    pub trouble: Option<Trouble>,
}

impl Telling {
    /// Looks at a home.
    pub async fn look(outbox: &Outbox) -> Result<Telling, Failure> {
        let mut telling = Telling { findings: outbox.found().await.map_err(told)?.len() as u64, targets: Vec::new() };
        for (target, what) in outbox.targets().await.map_err(told)? {
            let waiting = outbox.waiting(&target).await.map_err(told)?;
            let mut since: Option<String> = None;
            for place in &waiting {
                let found_at = outbox.read(place).await.map_err(told)?.map(|kept| kept.found_at);
                since = since.into_iter().chain(found_at).min();
            }
            let trouble = if waiting.is_empty() { None } else { outbox.last_trouble(&target).await.map_err(told)? };
            let (told, waiting) = (outbox.told(&target).await.map_err(told)?.len() as u64, waiting.len() as u64);
            telling.targets.push(TargetTelling { target, what, told, waiting, waiting_since: since, trouble });
        }
        Ok(telling)
    }
}

/// An outbox that failed.
pub fn told(error: TellError) -> Failure {
    let text = error.to_string();
    match text.rsplit_once("; ") {
        Some((what, hint)) => Failure::failed(what, hint),
        None => Failure::failed(text, ""),
    }
}
