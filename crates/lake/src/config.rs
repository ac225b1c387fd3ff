//! The home's small documents: `config/<name>/<n>.json`. Each version is created, none is replaced; the highest counts.

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::home::Home;

/// The highest version of a document, and what it says.
pub async fn latest<T: for<'a> Deserialize<'a>>(home: &Home, name: &str) -> Result<Option<(u32, T)>, LakeError> {
    let folder = home.path(&["config", name]);
    let listed: Vec<_> = home.store.list(Some(&folder)).try_collect().await?;
    let version = listed.iter().filter_map(|meta| meta.location.filename()?.strip_suffix(".json")?.parse::<u32>().ok()).max();
    let Some(version) = version else { return Ok(None) };
    let path = folder.join(format!("{version}.json"));
    let body = home.store.get(&path).await?.bytes().await?;
    let document =
        serde_json::from_slice(&body).map_err(|error| LakeError::Damaged { path: path.to_string(), reason: error.to_string() })?;
    Ok(Some((version, document)))
}

/// Creates a version of a document; `false` when somebody else has created it already.
pub async fn create<T: Serialize>(home: &Home, name: &str, version: u32, document: &T) -> Result<bool, LakeError> {
    let body = serde_json::to_vec_pretty(document).map_err(|error| LakeError::Columns(error.to_string()))?;
    home.create(&home.path(&["config", name]).join(format!("{version}.json")), PutPayload::from(body)).await
}
