//! The whole proof of a home: its seal, its files, its rows, and AWS's digests over them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lake::{Lake, LakeError};
use prove::report::{Finding, Judgment, Kind, Level, Report};
use prove::store::{Store, anchored};
use prove::strict::{KeySource, KeysFound, Options, Progress, Stores};
use seal::PublicKeys;
use serde::{Deserialize, Serialize};

use crate::check::{HomeChecked, Trust, check, finding};
use crate::{rows, store};

/// What was found in a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeReport {
    /// The worst of everything below.
    pub judgment: Judgment,
    /// What was checked of the home itself.
    pub home: HomeChecked,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// The judgment over what each source delivered, from rows and evidence alone.
    pub sources: Vec<Report>,
}

/// Keys that a home keeps, and those that the caller brings.
#[derive(Clone, Debug)]
struct Keys {
    found: KeysFound,
}

impl KeySource for Keys {
    fn keys(&self, _: &str, _: DateTime<Utc>, _: DateTime<Utc>) -> Result<KeysFound, String> {
        Ok(self.found.clone())
    }
}

/// Proves a home. `brought` are public keys from elsewhere, with the words for where they came from.
pub async fn verify(
    lake: Arc<Lake>,
    brought: Vec<(String, PublicKeys)>,
    trust: &Trust,
    options: &Options,
    now: DateTime<Utc>,
    progress: Arc<dyn Progress>,
) -> Result<HomeReport, LakeError> {
    let (mut home, mut findings) = check(&lake, trust).await?;
    let rebuilt = rows::rebuild(&lake, &mut home).await?;
    findings.extend(rebuilt.findings);
    let keys: Arc<dyn KeySource> = Arc::new(Keys { found: known_keys(&lake, brought, &mut findings).await? });
    let mut sources = Vec::new();
    match store::open(&lake, rebuilt.lost).await {
        Ok(stores) => {
            for store in stores {
                sources.push(judge(store, Arc::clone(&keys), options.clone(), now, Arc::clone(&progress)).await?);
            }
        }
        Err(error) => {
            findings.push(finding(Level::Violation, Kind::HomeAltered, "ledger/", &error.to_string(), None));
        }
    }
    let of_home = findings.iter().map(|finding| finding.level.judgment()).max().unwrap_or_default();
    let judgment = sources.iter().map(|report| report.judgment).fold(of_home, Judgment::max);
    Ok(HomeReport { judgment, home, findings, sources })
}

async fn judge(
    store: store::HomeStore,
    keys: Arc<dyn KeySource>,
    options: Options,
    now: DateTime<Utc>,
    progress: Arc<dyn Progress>,
) -> Result<Report, LakeError> {
    let work = move || {
        let name = store.name().to_owned();
        match anchored(Box::new(store)) {
            Ok(found) => {
                let stores = Stores { main: Arc::from(found.store), mapped: Default::default() };
                Ok(prove::strict::verify(&stores, keys.as_ref(), &options, now, progress.as_ref()))
            }
            Err(error) => Err(LakeError::Damaged { path: name, reason: error.to_string() }),
        }
    };
    tokio::task::spawn_blocking(work).await?
}

/// All keys, and where they came from. A kept answer that is no list of keys any longer is told, and passed over.
async fn known_keys(lake: &Lake, brought: Vec<(String, PublicKeys)>, findings: &mut Vec<Finding>) -> Result<KeysFound, LakeError> {
    let mut keys = PublicKeys::default();
    let mut origins = Vec::new();
    match lake.kept_keys().await {
        Ok(all) => {
            for kept in all {
                match PublicKeys::parse(kept.answer.as_bytes()) {
                    Ok(read) => keys.extend(read),
                    Err(error) => {
                        findings.push(finding(Level::Violation, Kind::HomeAltered, &kept.path, &error.to_string(), None));
                    }
                }
                let region = kept.region.map(|region| format!(" {region}")).unwrap_or_default();
                origins.push(format!("kept in the home, from {}{region}", kept.source));
            }
        }
        Err(error) => findings.push(finding(Level::Violation, Kind::HomeAltered, "evidence/keys/", &error.to_string(), None)),
    }
    for (origin, read) in brought {
        keys.extend(read);
        origins.push(origin);
    }
    origins.dedup();
    let origin = if origins.is_empty() { "nowhere".to_owned() } else { origins.join("; ") };
    Ok(KeysFound { keys, origin, is_complete: false })
}
