//! How the seal of a home stands: its chain alone, without hashing what it stands for.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use lake::inspect::TABLES;
use lake::{Lake, LakeError};
use seal::chain::{Anchor, Chain};
use seal::finding::Wrong;

use crate::statements;

/// Folders of small documents, each of which is sealed by itself.
const DOCUMENTS: [&str; 2] = ["config", "evidence/keys"];

/// What the statements of a home say.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The name that they give it.
    pub home: Option<String>,
    /// How many there are.
    pub statements: u64,
    /// The last one.
    pub head: Option<Anchor>,
    /// When it was made, by the clock of whoever made it.
    pub sealed_at: Option<DateTime<Utc>>,
    /// Fingerprint of the key whose turn it is.
    pub signer: Option<String>,
    /// Fingerprints of all keys, in their order.
    pub keys: Vec<String>,
    /// What is wrong with the chain, in plain words.
    pub wrong: Vec<String>,
    /// Keys that nobody vouches for but themselves, in plain words.
    pub doubts: Vec<String>,
    /// Commits, documents and keys that no statement covers yet.
    pub unsealed: u64,
}

/// Reads the statements, and holds them against copies that were kept elsewhere.
pub async fn standing(lake: &Lake, anchors: &[Anchor]) -> Result<Standing, LakeError> {
    let chain = anchors.iter().fold(Chain::new(), |chain, anchor| chain.anchored(*anchor));
    let read = statements::read(lake, chain).await?;
    let mut standing = Standing {
        home: read.chain.home().map(str::to_owned),
        statements: read.count,
        head: read.chain.head(),
        sealed_at: read.last_time,
        signer: read.chain.signer().map(str::to_owned),
        keys: read.keys.clone(),
        wrong: Vec::new(),
        doubts: Vec::new(),
        unsealed: 0,
    };
    for found in read.findings.iter().chain(&read.chain.finish()) {
        let is_doubt = matches!(found.wrong, Wrong::NotIntroduced { .. });
        let list = if is_doubt { &mut standing.doubts } else { &mut standing.wrong };
        list.push(found.to_string());
    }
    for table in TABLES {
        let folder = format!("{}/_delta_log", table.name());
        let mut listed = lake.objects_in(&folder);
        while let Some(object) = listed.try_next().await? {
            let name = object.path.rsplit('/').next().unwrap_or_default();
            let is_commit = name.strip_suffix(".json").is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            standing.unsealed += u64::from(is_commit && read.chain.live().get(&object.path).is_none());
        }
    }
    for folder in DOCUMENTS {
        let mut listed = lake.objects_in(folder);
        while let Some(object) = listed.try_next().await? {
            standing.unsealed += u64::from(read.chain.live().get(&object.path).is_none());
        }
    }
    Ok(standing)
}
