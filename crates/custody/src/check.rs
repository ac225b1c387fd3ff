//! Checks a home against its own seal: every byte that a statement or a commit stands for.

use std::collections::BTreeSet;

use chrono::DateTime;
use futures::{StreamExt, TryStreamExt};
use lake::changes::What;
use lake::inspect::{LiveFile, TABLES, Table};
use lake::{Lake, LakeError};
use seal::chain::{Anchor, Chain};
use seal::finding::Wrong;
use seal::live::State;
use serde::{Deserialize, Serialize};

use crate::retention::{Retention, Told};
use crate::statements;
use prove::report::{Finding, Kind, Level};

/// Objects that are read and hashed at the same time.
const HASHED_AT_ONCE: usize = 4;
/// Folders of small documents, each of which is sealed by itself.
const DOCUMENTS: [&str; 2] = ["config/", "evidence/keys/"];

/// What a home is held against.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Fingerprints of keys that are known to be ours; without any, the first key is taken as it comes.
    pub pins: Vec<String>,
    /// Fingerprint of the key of whoever asks: if it signs the chain now, it need not be pinned.
    pub own: Option<String>,
    /// Statements, as they were kept elsewhere.
    pub anchors: Vec<Anchor>,
    /// Another place where whoever asks sealed a home of this name last: one of the two is a copy.
    pub sealed_elsewhere: Option<String>,
}

/// What was found in a home beside its log files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeChecked {
    /// The name that its statements give it.
    pub name: Option<String>,
    /// Statements read.
    pub statements: u64,
    /// Number of the last statement.
    pub head: Option<u64>,
    /// SHA-256 of the last statement's file: what to keep elsewhere.
    pub head_sha256: Option<String>,
    /// Fingerprints of the keys that signed, in their order.
    pub keys: Vec<String>,
    /// Whether a copy of the head that was kept elsewhere was there to compare.
    pub is_anchored: bool,
    /// Objects whose bytes were hashed and compared.
    pub objects: u64,
    /// Their bytes.
    pub object_bytes: u64,
    /// Deliveries that were rebuilt from rows and hashed.
    pub rebuilt: u64,
    /// Bytes of their content.
    pub rebuilt_bytes: u64,
    /// Copies of its head that are kept elsewhere, in plain words.
    #[serde(default)]
    pub anchors: Vec<String>,
    /// Whether whoever asked keeps a copy as well.
    #[serde(default)]
    pub is_kept_here: bool,
    /// Days of events that went with the retention, as statements say.
    #[serde(default)]
    pub retired_days: u64,
    /// Deliveries that cannot be rebuilt for that.
    #[serde(default)]
    pub retired: u64,
}

/// The objects of a home, checked one after the other.
pub struct Objects<'a> {
    lake: &'a Lake,
    /// What was checked.
    pub checked: HomeChecked,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What the home let go by its own rules.
    pub retention: Retention,
    done: BTreeSet<String>,
}

/// Checks statements, commits, files and documents. Evidence is compared by whoever goes through the ledger.
pub async fn check<'a>(lake: &'a Lake, trust: &Trust) -> Result<Objects<'a>, LakeError> {
    let mut chain = Chain::pinned(trust.pins.iter().cloned());
    for anchor in &trust.anchors {
        chain = chain.anchored(*anchor);
    }
    let read = statements::read(lake, chain).await?;
    let retention = Retention::read(lake, read.retired).await?;
    let checked = HomeChecked {
        name: read.chain.home().map(str::to_owned),
        statements: read.count,
        head: read.chain.head().map(|head| head.number),
        head_sha256: read.chain.head().map(|head| head.sha256.to_string()),
        keys: read.keys,
        is_anchored: !trust.anchors.is_empty(),
        ..HomeChecked::default()
    };
    let mut objects = Objects { lake, checked, findings: Vec::new(), retention, done: BTreeSet::new() };
    objects
        .findings
        .extend(read.findings.into_iter().chain(read.chain.finish()).map(|found| of_statement(found, &read.chain, trust)));
    if read.count == 0 && trust.anchors.is_empty() {
        objects.findings.push(finding(
            Level::Unproven,
            Kind::HomeUnsealed,
            "seal/",
            "the home has no seal: it was made before there was one, or the seal was removed",
            Some("collect or compact with it once, and it is sealed from then on"),
        ));
    }
    objects.sealed(&read.chain).await?;
    for table in TABLES {
        objects.table(table, &read.chain).await?;
    }
    objects.documents(&read.chain).await?;
    Ok(objects)
}

impl Objects<'_> {
    /// Everything that a statement says must be there.
    async fn sealed(&mut self, chain: &Chain) -> Result<(), LakeError> {
        let told = chain.live().iter().filter(|(_, told)| told.state == State::Live);
        let told: Vec<(String, [u8; 32])> = told.map(|(path, told)| (path.clone(), told.sha256.0)).collect();
        self.compare(told, "statement").await
    }

    /// The files of a table, by its commits; and the checkpoint that queries read instead of old commits.
    async fn table(&mut self, table: Table, chain: &Chain) -> Result<(), LakeError> {
        let replayed = match self.lake.replayed(table).await {
            Ok(replayed) => replayed,
            Err(error) => return self.unreadable(&format!("{}/_delta_log/", table.name()), &error),
        };
        match self.lake.live(table).await {
            Ok(live) if live != replayed => self.findings.push(finding(
                Level::Violation,
                Kind::HomeAltered,
                &format!("{}/_delta_log/", table.name()),
                "the checkpoint says something else than the commits, so that queries see other files",
                Some("delete the checkpoint and `_last_checkpoint`: they are made anew from the commits"),
            )),
            Ok(_) => {}
            Err(error) => self.unreadable(&format!("{}/_delta_log/", table.name()), &error)?,
        }
        self.unsealed_commits(table, chain).await?;
        let (known, unknown): (Vec<LiveFile>, Vec<LiveFile>) = replayed.into_iter().partition(|file| file.sha256.is_some());
        for file in unknown {
            self.findings.push(finding(
                Level::Unproven,
                Kind::HomeUnsealed,
                &file.path,
                "written before files had their SHA-256 in the log (home format 2)",
                Some("`trailkeep compact --home` rewrites it"),
            ));
        }
        let told = known.into_iter().filter_map(|file| {
            let mut sha256 = [0; 32];
            hex::decode_to_slice(file.sha256?, &mut sha256).ok()?;
            Some((file.path, sha256))
        });
        self.compare(told.collect(), "commit").await
    }

    async fn unsealed_commits(&mut self, table: Table, chain: &Chain) -> Result<(), LakeError> {
        let mut changes = self.lake.changes(table, 0);
        while let Some(change) = changes.try_next().await? {
            if chain.live().get(&change.path).is_some() {
                continue;
            }
            if let What::Expired { day } = &change.what {
                let time = change.at_ms.and_then(DateTime::from_timestamp_millis).unwrap_or_default();
                self.retention.gone_unsealed(Told { day: day.clone(), path: change.path.clone(), time });
            }
            if chain.head().is_some() {
                self.findings.push(not_sealed_yet(&change.path));
            }
        }
        Ok(())
    }

    /// Configuration and keys that no statement tells of.
    async fn documents(&mut self, chain: &Chain) -> Result<(), LakeError> {
        let mut objects = self.lake.objects();
        let mut unsealed = Vec::new();
        while let Some(object) = objects.try_next().await? {
            let is_document = DOCUMENTS.iter().any(|folder| object.path.starts_with(folder));
            if chain.head().is_some() && is_document && chain.live().get(&object.path).is_none() {
                unsealed.push(not_sealed_yet(&object.path));
            }
        }
        unsealed.sort_by(|one, other| one.key.cmp(&other.key));
        self.findings.extend(unsealed);
        Ok(())
    }

    /// Hashes objects and compares; each once.
    pub async fn compare(&mut self, told: Vec<(String, [u8; 32])>, by: &str) -> Result<(), LakeError> {
        let lake = self.lake;
        let new = told.into_iter().filter(|(path, _)| self.done.insert(path.clone()));
        let hashed = futures::stream::iter(new.collect::<Vec<_>>())
            .map(|(path, sha256)| async move { (lake.hash_object(&path).await, path, sha256) });
        let mut hashed = hashed.buffered(HASHED_AT_ONCE);
        while let Some((found, path, sha256)) = hashed.next().await {
            match found {
                Ok(Some((size_bytes, found))) => {
                    self.checked.objects += 1;
                    self.checked.object_bytes += size_bytes;
                    if found != sha256 {
                        let message = format!("its bytes are not those that the {by} stands for");
                        self.findings.push(finding(Level::Violation, Kind::HomeAltered, &path, &message, RESTORE));
                    }
                }
                Ok(None) => {
                    let message = format!("it is not there, and a {by} stands for it");
                    self.findings.push(finding(Level::Violation, Kind::HomeMissing, &path, &message, RESTORE));
                }
                Err(error) => {
                    self.findings.push(finding(Level::Unproven, Kind::Unreadable, &path, &error.to_string(), None));
                }
            }
        }
        Ok(())
    }

    /// What cannot even be read is altered, if the storage itself answers.
    fn unreadable(&mut self, path: &str, error: &LakeError) -> Result<(), LakeError> {
        self.findings.push(finding(Level::Violation, Kind::HomeAltered, path, &error.to_string(), RESTORE));
        Ok(())
    }
}

/// What to do about a file that is not what it was.
pub const RESTORE: Option<&str> = Some("restore it from a copy of the home, or collect from the source again");

fn not_sealed_yet(path: &str) -> Finding {
    finding(
        Level::Unproven,
        Kind::HomeUnsealed,
        path,
        "no statement covers it yet",
        Some("the next `collect` or `compact` seals it; if nothing ran since, somebody else may have written it"),
    )
}

fn of_statement(found: seal::finding::Finding, chain: &Chain, trust: &Trust) -> Finding {
    let path = statements::path(found.number);
    let is_own = trust.pins.is_empty() && trust.own.is_some() && chain.signer() == trust.own.as_deref();
    match &found.wrong {
        Wrong::NotIntroduced { key, .. } if is_own => {
            let message = format!("the key {key} took over without the one before it; it is the key of this machine");
            finding(Level::Note, Kind::HomeSeal, &path, &message, None)
        }
        Wrong::NotIntroduced { .. } => {
            let hint = Some("if you know that the key is yours: --trust-key FINGERPRINT");
            finding(Level::Unproven, Kind::HomeSeal, &path, &found.to_string(), hint)
        }
        Wrong::EndsEarly | Wrong::NotAsAnchored { .. } => {
            let hint = of_two_copies(chain.home(), trust.sealed_elsewhere.as_deref());
            finding(Level::Violation, Kind::HomeSeal, &path, &found.to_string(), Some(&hint))
        }
        _ => finding(Level::Violation, Kind::HomeSeal, &path, &found.to_string(), None),
    }
}

/// A copy of a home has its name and its chain: when it is sealed, the other one is behind what was remembered.
fn of_two_copies(name: Option<&str>, sealed_elsewhere: Option<&str>) -> String {
    let whose = match sealed_elsewhere {
        Some(place) => format!("this machine sealed a home of this name last at `{place}`: if that is a copy of this one"),
        None => "if a copy of this home was collected into, compacted or sealed by this machine or with this anchor".to_owned(),
    };
    let file: String = name.unwrap_or("NAME").chars().filter(char::is_ascii_alphanumeric).collect();
    format!(
        "{whose}, nothing was cut off here, and the copy goes on; use that one alone - or this one, after deleting the copy and what is \
         remembered of it (heads/{file}.json beside the seal key), and seal it again with `trailkeep compact`"
    )
}

/// A finding about an object of the home.
pub fn finding(level: Level, kind: Kind, path: &str, message: &str, hint: Option<&str>) -> Finding {
    Finding { key: Some(path.to_owned()), hint: hint.map(str::to_owned), ..Finding::new(level, kind, message) }
}
