//! `evidence/keys/`: the public keys that digests were signed with, as `ListPublicKeys` answered, and who answered.
//!
//! AWS forgets a key some time after its last digest; what was signed with it can then only be proven with what is kept here. An
//! answer is kept once, under its hash, and with its source beside it: keys from a file or from an endpoint of somebody's own are
//! not AWS's, and whoever trusts them has to know.

use std::fmt;

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use crate::archive::PartsOf;
use crate::error::LakeError;
use crate::home::Lake;
use crate::parquets::sha256_hex;

/// Folder of keys that were not asked of one Region.
const ANY_REGION: &str = "any";

/// Who said that these are the keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeysSource {
    /// AWS's own endpoint.
    Aws,
    /// A file of this name.
    File(String),
    /// Another endpoint.
    Endpoint(String),
}

impl fmt::Display for KeysSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysSource::Aws => out.write_str("AWS"),
            KeysSource::File(name) => write!(out, "file {name}"),
            KeysSource::Endpoint(url) => write!(out, "endpoint {url}"),
        }
    }
}

/// An answer of `ListPublicKeys` that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptKeys {
    /// Path in the home.
    pub path: String,
    /// The Region that was asked.
    pub region: Option<String>,
    /// Who answered.
    pub source: KeysSource,
    /// The answer as it came: JSON.
    pub answer: String,
}

/// A kept answer as it is written.
#[derive(Serialize, Deserialize)]
struct Document {
    region: Option<String>,
    source: KeysSource,
    answer: String,
}

impl Lake {
    /// Keeps an answer of `ListPublicKeys`; `false` if the same one is kept already. What it holds is the caller's to check.
    pub async fn keep_keys(&self, region: Option<&str>, source: &KeysSource, answer: &str) -> Result<bool, LakeError> {
        let document = Document { region: region.map(str::to_owned), source: source.clone(), answer: answer.to_owned() };
        let body = serde_json::to_vec_pretty(&document).map_err(|error| LakeError::Columns(error.to_string()))?;
        let name = format!("{}.json", sha256_hex(&body));
        let path = self.home.path(&["evidence", "keys", region.unwrap_or(ANY_REGION), &name]);
        self.home.create(&path, PutPayload::from(body)).await
    }

    /// All answers that are kept, in the order of their paths.
    pub async fn kept_keys(&self) -> Result<Vec<KeptKeys>, LakeError> {
        let listed: Vec<_> = self.home.store.list(Some(&self.home.path(&["evidence", "keys"]))).try_collect().await?;
        let mut paths: Vec<String> = listed.into_iter().filter_map(|meta| self.home.name_of(&meta.location)).collect();
        paths.sort();
        let mut kept = Vec::with_capacity(paths.len());
        for path in paths {
            let body = self.home.store.get(&self.home.path(&[]).parts_of(&path)).await?.bytes().await?;
            kept.push(read(path, &body)?);
        }
        Ok(kept)
    }
}

fn read(path: String, body: &[u8]) -> Result<KeptKeys, LakeError> {
    if !path.ends_with(&format!("/{}.json", sha256_hex(body))) {
        return Err(LakeError::Damaged { path, reason: "its SHA-256 is not the one in its name".to_owned() });
    }
    match serde_json::from_slice::<Document>(body) {
        Ok(Document { region, source, answer }) => Ok(KeptKeys { path, region, source, answer }),
        Err(error) => Err(LakeError::Damaged { path, reason: error.to_string() }),
    }
}
