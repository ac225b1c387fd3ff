//! The two tables together: the archive, whose log is the truth, and the ledger, which follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::delta::{Action, Add, Committed, Log, Txn, collide, table_actions};
use crate::error::LakeError;
use crate::home::{Home, Lake};
use crate::ledger::{Entry, Known};
use crate::limits::KNOWN_DAYS_MAX;
use crate::outside::{Outside, Stage};
use crate::schema::SHA256_TAG;
use crate::{ledger, parquets, schema};

/// The ledger's own application in its log: the last archive version whose ledger files it holds.
pub(crate) const ARCHIVE_APP: &str = "archive";
/// Tag of a ledger file: the archive version whose commit names it.
pub(crate) const ARCHIVE_TAG: &str = "trailkeep.archive";

/// Tag of a ledger file: digests in it, where there are any.
const DIGESTS_TAG: &str = "trailkeep.digests";

/// A ledger file as an archive commit names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerFile {
    /// Path under the ledger's root.
    pub path: String,
    /// The delivery day.
    pub day: String,
    /// Size in bytes.
    pub size: i64,
    /// Deliveries in it.
    pub rows: i64,
    /// SHA-256 of its bytes, in hexadecimal; absent in commits from before format 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Digests among the deliveries.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub digests: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Archive and ledger.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Records.
    pub archive: Log,
    /// Deliveries.
    pub ledger: Log,
    /// Ledger files that archive commits name and the ledger's log does not hold yet, by archive version.
    pending: BTreeMap<i64, Vec<LedgerFile>>,
}

/// How an append to the archive ended.
pub enum Appended {
    /// It is real.
    Done,
    /// Another collector touched the same days first: look again.
    Collided,
}

impl Tables {
    /// The tables of a home; nothing is read yet.
    pub fn new(home: &Home) -> Tables {
        let log = |name: &str| Log::new(Arc::clone(&home.store), home.path(&[name]));
        Tables { archive: log("archive"), ledger: log("ledger"), pending: BTreeMap::new() }
    }

    /// Makes both tables, unless they are there.
    pub async fn create(&mut self, outside: &Outside) -> Result<(), LakeError> {
        let archive = schema::to_delta(&schema::archive(), schema::EVENT_DAY);
        let ledger = schema::to_delta(&schema::ledger(), schema::DELIVERY_DAY);
        for (log, name, schema, partition) in
            [(&mut self.archive, "archive", archive, schema::EVENT_DAY), (&mut self.ledger, "ledger", ledger, schema::DELIVERY_DAY)]
        {
            log.refresh().await?;
            if log.state.version < 0 {
                // Losing this race is as good as winning it.
                log.commit(&table_actions(&(outside.unique)(), name, &schema, partition, (outside.now_us)())).await?;
            }
        }
        Ok(())
    }

    /// Gives an older ledger the columns that have come since; null in its older files.
    pub async fn widen_ledger(&mut self, outside: &Outside) -> Result<(), LakeError> {
        let schema = schema::to_delta(&schema::ledger(), schema::DELIVERY_DAY);
        while let Some(widened) = self.ledger.state.with_schema(&schema) {
            let info = commit_info("ADD COLUMNS", (outside.now_us)() / 1000, json!({}));
            if matches!(self.ledger.commit(&[widened, info]).await?, Committed::Done) {
                break;
            }
        }
        Ok(())
    }

    /// Reads what others have committed.
    pub async fn refresh(&mut self) -> Result<(), LakeError> {
        // INVARIANT: the ledger follows the archive. Read first, it can never seem to be ahead; if it is, the home is a copy.
        self.ledger.refresh().await?;
        let news = self.archive.refresh().await?;
        let settled = self.settled();
        for (version, actions) in &news {
            if *version > settled {
                self.pending.insert(*version, ledger_files(actions));
            }
        }
        // Commits before the archive's checkpoint that the ledger has not taken in: read them one by one.
        for version in settled + 1..=self.archive.state.version {
            if !self.pending.contains_key(&version) {
                let actions = self.archive.read_commit(version).await?.unwrap_or_default();
                self.pending.insert(version, ledger_files(&actions));
            }
        }
        self.pending.retain(|version, _| *version > settled);
        Ok(())
    }

    pub(crate) fn settled(&self) -> i64 {
        self.ledger.state.txns.get(ARCHIVE_APP).copied().unwrap_or(-1)
    }

    /// Appends the named ledger files to the ledger's log. Whoever comes first does it; the others find it done.
    pub async fn settle(&mut self, outside: &Outside) -> Result<(), LakeError> {
        while self.pending.values().any(|files| !files.is_empty()) {
            let newest = self.archive.state.version;
            let now_ms = (outside.now_us)() / 1000;
            let pending = self.pending.iter().flat_map(|(version, files)| files.iter().map(move |file| (*version, file)));
            let mut actions: Vec<Action> = pending.map(|(version, file)| ledger_add(file, version, now_ms)).collect();
            actions.push(Action::Txn(Txn { app_id: ARCHIVE_APP.to_owned(), version: newest, last_updated: Some(now_ms) }));
            actions.push(commit_info("WRITE", now_ms, json!({})));
            match outside.watched(Stage::LedgerCommit, self.ledger.commit(&actions)).await? {
                Committed::Done => self.pending.clear(),
                Committed::Lost(_) => self.refresh().await?,
            }
        }
        Ok(())
    }

    /// Makes new rows and ledger rows real, together.
    pub async fn append(&mut self, adds: Vec<Add>, ledger: Vec<LedgerFile>, outside: &Outside) -> Result<Appended, LakeError> {
        let now_us = (outside.now_us)();
        let event_days: BTreeSet<String> = adds.iter().map(|add| format!("day:{}", add.day())).collect();
        let delivery_days: BTreeSet<String> = ledger.iter().map(|file| format!("delivery:{}", file.day)).collect();
        let mut actions: Vec<Action> =
            event_days.union(&delivery_days).map(|app| self.archive.state.next_txn(app, now_us)).collect();
        actions.extend(adds.into_iter().map(Action::Add));
        actions.push(commit_info("WRITE", now_us / 1000, json!({ "ledger": ledger })));
        loop {
            match outside.watched(Stage::Commit, self.archive.commit(&actions)).await? {
                Committed::Done => break,
                Committed::Lost(theirs) => {
                    self.pending.insert(self.archive.state.version, ledger_files(&theirs));
                    if collide(&actions, &theirs) {
                        return Ok(Appended::Collided);
                    }
                }
            }
        }
        self.pending.insert(self.archive.state.version, ledger);
        self.settle(outside).await?;
        Ok(Appended::Done)
    }

    /// Replaces files of the archive by others with the same rows, or by none. `false` when one of them is gone already.
    pub async fn replace(
        &mut self,
        remove: &[Arc<Add>],
        adds: Vec<Add>,
        operation: &str,
        info: Value,
        outside: &Outside,
    ) -> Result<bool, LakeError> {
        let now_ms = (outside.now_us)() / 1000;
        let mut actions: Vec<Action> =
            remove.iter().map(|add| crate::compact::remove_action(add, now_ms, adds.is_empty())).collect();
        actions.extend(adds.into_iter().map(Action::Add));
        actions.push(commit_info(operation, now_ms, info));
        loop {
            if remove.iter().any(|add| !self.archive.state.files.contains_key(&add.path)) {
                return Ok(false);
            }
            match outside.watched(Stage::Commit, self.archive.commit(&actions)).await? {
                Committed::Done => break,
                Committed::Lost(theirs) => {
                    self.pending.insert(self.archive.state.version, ledger_files(&theirs));
                }
            }
        }
        self.pending.insert(self.archive.state.version, Vec::new());
        Ok(true)
    }

    /// Writes a checkpoint of both logs.
    pub async fn checkpoint(&self) -> Result<(), LakeError> {
        self.archive.checkpoint().await?;
        self.ledger.checkpoint().await
    }

    /// Ledger files: those of the ledger's log and those still pending, with their day.
    pub fn ledger_files(&self) -> Vec<LedgerFile> {
        let settled = self.ledger.state.files.values().map(|add| LedgerFile {
            path: add.path.clone(),
            day: add.day().to_owned(),
            size: add.size,
            rows: 0,
            sha256: add.tag(SHA256_TAG).map(str::to_owned),
            digests: add.tag(DIGESTS_TAG).and_then(|tag| tag.parse().ok()).unwrap_or(0),
        });
        settled.chain(self.pending.values().flatten().cloned()).collect()
    }
}

/// A day of the ledger as far as it has been read.
#[derive(Default)]
pub(crate) struct KnownDay {
    day: String,
    files: std::collections::HashSet<String>,
    known: Arc<Known>,
}

pub(crate) fn ledger_files(actions: &[Action]) -> Vec<LedgerFile> {
    let named = actions.iter().filter_map(|action| match action {
        Action::CommitInfo(info) => serde_json::from_value::<Vec<LedgerFile>>(info.get("trailkeep")?.get("ledger")?.clone()).ok(),
        _ => None,
    });
    named.flatten().collect()
}

fn ledger_add(file: &LedgerFile, version: i64, now_ms: i64) -> Action {
    let mut tags = BTreeMap::from([(ARCHIVE_TAG.to_owned(), Some(version.to_string()))]);
    if let Some(sha256) = &file.sha256 {
        tags.insert(SHA256_TAG.to_owned(), Some(sha256.clone()));
    }
    if file.digests > 0 {
        tags.insert(DIGESTS_TAG.to_owned(), Some(file.digests.to_string()));
    }
    Action::Add(Add {
        path: file.path.clone(),
        partition_values: BTreeMap::from([(schema::DELIVERY_DAY.to_owned(), Some(file.day.clone()))]),
        size: file.size,
        modification_time: now_ms,
        data_change: true,
        stats: Some(json!({ "numRecords": file.rows }).to_string()),
        tags: Some(tags),
    })
}

pub(crate) fn commit_info(operation: &str, now_ms: i64, ours: Value) -> Action {
    Action::CommitInfo(json!({
        "timestamp": now_ms,
        "operation": operation,
        "engineInfo": concat!("trailkeep/", env!("CARGO_PKG_VERSION")),
        "trailkeep": ours,
    }))
}

impl Lake {
    /// Which deliveries of a day (as their keys say it) are known. A ledger file is read once; the days asked for last are kept.
    pub async fn known(&self, day: &str) -> Result<Arc<Known>, LakeError> {
        let files = self.ledger_of(Some(day)).await?;
        let mut days = self.known_days.lock().await;
        let mut taken = match days.iter().position(|taken| taken.day == day) {
            Some(at) => days.remove(at),
            None => KnownDay { day: day.to_owned(), ..KnownDay::default() },
        };
        for file in files {
            if taken.files.insert(file.path.clone()) {
                let path = self.home.path(&["ledger"]).parts_of(&file.path);
                let body = self.home.store.get(&path).await?.bytes().await?;
                let known = Arc::make_mut(&mut taken.known);
                for batch in parquets::decode_columns(body, &["delivery", "keyhash", "status", "reason"])? {
                    known.take(&batch);
                }
            }
        }
        let known = Arc::clone(&taken.known);
        days.push(taken);
        let surplus = days.len().saturating_sub(KNOWN_DAYS_MAX);
        days.drain(..surplus);
        Ok(known)
    }

    /// All ledger rows of a day, oldest first.
    pub async fn deliveries(&self, day: &str) -> Result<Vec<Entry>, LakeError> {
        let mut entries = Vec::new();
        for file in self.ledger_of(Some(day)).await? {
            entries.extend(self.entries_of(&file.path).await?);
        }
        entries.sort_by_key(|entry| entry.ingested_us);
        Ok(entries)
    }

    /// The rows of one file of the ledger.
    pub(crate) async fn entries_of(&self, path: &str) -> Result<Vec<Entry>, LakeError> {
        let body = self.home.store.get(&self.home.path(&["ledger"]).parts_of(path)).await?.bytes().await?;
        Ok(parquets::decode(body)?.iter().flat_map(ledger::from_batch).collect())
    }

    /// Days of deliveries in the ledger.
    pub async fn delivery_days(&self) -> Result<Vec<String>, LakeError> {
        let days: BTreeSet<String> = self.ledger_of(None).await?.into_iter().map(|file| file.day).collect();
        Ok(days.into_iter().collect())
    }

    pub(crate) async fn ledger_of(&self, day: Option<&str>) -> Result<Vec<LedgerFile>, LakeError> {
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        Ok(tables.ledger_files().into_iter().filter(|file| day.is_none_or(|day| day == file.day)).collect())
    }
}

/// Joins a `/`-separated path.
pub(crate) trait PartsOf {
    /// The path with the parts of `text` after it.
    fn parts_of(self, text: &str) -> object_store::path::Path;
}

impl PartsOf for object_store::path::Path {
    fn parts_of(self, text: &str) -> object_store::path::Path {
        text.split('/').fold(self, |path, part| path.join(part))
    }
}
