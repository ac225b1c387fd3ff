//! A Delta table's log, in the little that an append-only lake needs of the protocol (reader 1, writer 2).
//!
//! A commit is one conditional write of `_delta_log/<version>.json`: who loses the race reads what the winner did and decides.
//! The log is never cleaned up; checkpoints only make opening fast. <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::LakeError;
use crate::limits::CHECKPOINT_EVERY;
use crate::schema::SHA256_TAG;

/// A file of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Add {
    /// Path under the table's root.
    pub path: String,
    /// The partition column's value, under its name.
    pub partition_values: BTreeMap<String, Option<String>>,
    /// Size in bytes.
    pub size: i64,
    /// When it was written, in milliseconds.
    pub modification_time: i64,
    /// Whether the rows are new; false after a compaction.
    pub data_change: bool,
    /// Statistics as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<String>,
    /// What we note about the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, Option<String>>>,
}

/// A file that is no longer of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    /// Path under the table's root.
    pub path: String,
    /// When, in milliseconds.
    #[serde(default)]
    pub deletion_timestamp: Option<i64>,
    /// False for a compaction.
    pub data_change: bool,
    /// Partition, size and the like are given.
    #[serde(default)]
    pub extended_file_metadata: Option<bool>,
    /// The partition column's value.
    #[serde(default)]
    pub partition_values: Option<BTreeMap<String, Option<String>>>,
    /// Size in bytes.
    #[serde(default)]
    pub size: Option<i64>,
    /// The SHA-256 that was noted about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, Option<String>>>,
}

/// A version that an application keeps in the log: two commits that move the same one collide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Txn {
    /// Which application (for us: which day).
    pub app_id: String,
    /// Its version.
    pub version: i64,
    /// When, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<i64>,
}

/// One line of a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A new file.
    Add(Add),
    /// A file that goes.
    Remove(Remove),
    /// An application's version.
    Txn(Txn),
    /// The table's schema and settings.
    MetaData(Value),
    /// Protocol versions.
    Protocol(Value),
    /// Who did what; ours holds the names of the ledger files.
    CommitInfo(Value),
    /// Anything else that the protocol knows.
    #[serde(untagged)]
    Other(Value),
}

/// The table as of a version.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Version of the last commit applied; -1 before the first.
    pub version: i64,
    /// Live files by path.
    pub files: BTreeMap<String, Arc<Add>>,
    /// Removed files by path, until their bytes are deleted.
    pub tombstones: BTreeMap<String, Remove>,
    /// Applications' versions.
    pub txns: HashMap<String, i64>,
    meta: Option<Value>,
    protocol: Option<Value>,
}

/// A table's log.
#[derive(Clone, Debug)]
pub struct Log {
    store: Arc<dyn ObjectStore>,
    root: Path,
    /// The table as far as it has been read.
    pub state: State,
}

/// How a commit ended.
#[derive(Debug)]
pub enum Committed {
    /// It is the table's version now.
    Done,
    /// Another commit has that version; it is applied to the state, and here are its actions.
    Lost(Vec<Action>),
}

impl Log {
    /// The log of the table at `root`; nothing is read yet.
    pub fn new(store: Arc<dyn ObjectStore>, root: Path) -> Log {
        Log { store, root, state: State { version: -1, ..State::default() } }
    }

    /// The table's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn log_path(&self, name: &str) -> Path {
        self.root.clone().join("_delta_log").join(name)
    }

    /// Reads whatever has been committed since the last look; returns those commits, oldest first.
    pub async fn refresh(&mut self) -> Result<Vec<(i64, Vec<Action>)>, LakeError> {
        if self.state.version < 0 {
            self.open_checkpoint().await?;
        }
        let mut news = Vec::new();
        while let Some(actions) = self.read_commit(self.state.version + 1).await? {
            self.state.version += 1;
            self.state.apply(&actions);
            news.push((self.state.version, actions));
        }
        Ok(news)
    }

    /// Reads all commits from the first one on, and no checkpoint.
    pub async fn replay(&mut self) -> Result<(), LakeError> {
        self.state = State { version: -1, ..State::default() };
        while let Some(actions) = self.read_commit(self.state.version + 1).await? {
            self.state.version += 1;
            self.state.apply(&actions);
        }
        Ok(())
    }

    /// Where a commit is.
    pub fn commit_path(&self, version: i64) -> Path {
        self.log_path(&commit_name(version))
    }

    /// The bytes of one commit, if it exists.
    pub async fn read_commit_bytes(&self, version: i64) -> Result<Option<Bytes>, LakeError> {
        match self.store.get(&self.commit_path(version)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The actions of one commit, if it exists.
    pub async fn read_commit(&self, version: i64) -> Result<Option<Vec<Action>>, LakeError> {
        let bytes = self.read_commit_bytes(version).await?;
        bytes.map(|bytes| actions_of(&bytes, self.commit_path(version).as_ref())).transpose()
    }

    /// Makes the actions the table's next version, if nobody else was faster.
    pub async fn commit(&mut self, actions: &[Action]) -> Result<Committed, LakeError> {
        let version = self.state.version + 1;
        let mut body = Vec::new();
        for action in actions {
            serde_json::to_writer(&mut body, action).map_err(|error| LakeError::Columns(error.to_string()))?;
            body.push(b'\n');
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let path = self.commit_path(version);
        match self.store.put_opts(&path, PutPayload::from(body.clone()), options).await {
            Ok(_) => {}
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                let theirs = self.read_commit(version).await?.unwrap_or_default();
                // A retried request may have met its own first try.
                if theirs != actions {
                    self.state.version = version;
                    self.state.apply(&theirs);
                    return Ok(Committed::Lost(theirs));
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.state.version = version;
        self.state.apply(actions);
        if version > 0 && (version as u64).is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoint().await?;
        }
        Ok(Committed::Done)
    }

    /// Writes the state as a checkpoint, with its SHA-256 in the hint. Two collectors may write the same one; they write the same content.
    pub async fn checkpoint(&self) -> Result<(), LakeError> {
        let lines = self.state.checkpoint_lines();
        let count = lines.len();
        let body = crate::parquets::actions_to_parquet(&lines)?;
        let name = format!("{:020}.checkpoint.parquet", self.state.version);
        let sha256 = crate::parquets::sha256_hex(&body);
        // Derived from the log: what lies there already is the same, or was damaged.
        self.store.put(&self.log_path(&name), PutPayload::from(body)).await?;
        let tags = json!({ SHA256_TAG: sha256 });
        let hint = json!({ "version": self.state.version, "size": count, "tags": tags }).to_string();
        self.store.put(&self.log_path("_last_checkpoint"), PutPayload::from(hint)).await?;
        Ok(())
    }

    async fn open_checkpoint(&mut self) -> Result<(), LakeError> {
        let hint = match self.store.get(&self.log_path("_last_checkpoint")).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // The hint is only a hint: without a whole checkpoint behind it, the log is read from its beginning. It is never cleaned up.
        let Ok(hint) = serde_json::from_slice::<Value>(&hint) else { return Ok(()) };
        let Some(version) = hint.get("version").and_then(Value::as_i64) else { return Ok(()) };
        let path = self.log_path(&format!("{version:020}.checkpoint.parquet"));
        let body: Bytes = match self.store.get(&path).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let noted = hint.get("tags").and_then(|tags| tags.get(SHA256_TAG)?.as_str());
        if noted.is_some_and(|noted| noted != crate::parquets::sha256_hex(&body)) {
            tracing::warn!(%path, "this checkpoint is damaged; the log is read from its beginning");
            return Ok(());
        }
        let Ok(actions) = crate::parquets::actions_from_parquet(body) else {
            tracing::warn!(%path, "this checkpoint cannot be read; the log is read from its beginning");
            return Ok(());
        };
        self.state.apply(&actions);
        self.state.version = version;
        Ok(())
    }
}

/// The actions of a commit: a line each.
pub fn actions_of(bytes: &[u8], path: &str) -> Result<Vec<Action>, LakeError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let actions: Result<Vec<Action>, _> = lines.map(serde_json::from_slice).collect();
    actions.map_err(|error| LakeError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

fn commit_name(version: i64) -> String {
    format!("{version:020}.json")
}

impl State {
    fn apply(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::Add(add) => {
                    self.tombstones.remove(&add.path);
                    self.files.insert(add.path.clone(), Arc::new(add.clone()));
                }
                Action::Remove(remove) => {
                    self.files.remove(&remove.path);
                    self.tombstones.insert(remove.path.clone(), remove.clone());
                }
                Action::Txn(txn) => {
                    self.txns.insert(txn.app_id.clone(), txn.version);
                }
                Action::MetaData(meta) => self.meta = Some(meta.clone()),
                Action::Protocol(protocol) => self.protocol = Some(protocol.clone()),
                Action::CommitInfo(_) | Action::Other(_) => {}
            }
        }
    }

    fn checkpoint_lines(&self) -> Vec<Action> {
        let mut lines: Vec<Action> = Vec::new();
        lines.extend(self.protocol.clone().map(Action::Protocol));
        lines.extend(self.meta.clone().map(Action::MetaData));
        let mut txns: Vec<_> = self.txns.iter().collect();
        txns.sort();
        lines.extend(
            txns.into_iter()
                .map(|(app_id, version)| Action::Txn(Txn { app_id: app_id.clone(), version: *version, last_updated: None })),
        );
        lines.extend(self.files.values().map(|add| Action::Add(Add { data_change: false, ..Add::clone(add) })));
        lines.extend(self.tombstones.values().map(|remove| Action::Remove(Remove { data_change: false, ..remove.clone() })));
        lines
    }

    /// The action that gives the table another schema; none if it has it already, or is no table yet.
    pub fn with_schema(&self, schema: &Value) -> Option<Action> {
        let mut meta = self.meta.clone()?;
        let have = meta.get("schemaString").and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
        if have.as_ref() == Some(schema) {
            return None;
        }
        let members = meta.as_object_mut()?;
        members.insert("schemaString".to_owned(), Value::from(schema.to_string()));
        // What a checkpoint leaves out because it is empty, readers may still ask for.
        members.entry("description").or_insert(Value::Null);
        members.insert("format".to_owned(), parquet_format());
        Some(Action::MetaData(meta))
    }

    /// The next version of an application.
    pub fn next_txn(&self, app_id: &str, now_us: i64) -> Action {
        let version = self.txns.get(app_id).map_or(0, |version| version + 1);
        Action::Txn(Txn { app_id: app_id.to_owned(), version, last_updated: Some(now_us / 1000) })
    }
}

/// The first two actions of a table: its protocol and its schema.
pub fn table_actions(id: &str, name: &str, schema: &Value, partition: &str, now_us: i64) -> Vec<Action> {
    vec![
        Action::Protocol(json!({ "minReaderVersion": 1, "minWriterVersion": 2 })),
        Action::MetaData(json!({
            "id": id,
            "name": name,
            "description": null,
            "format": parquet_format(),
            "schemaString": schema.to_string(),
            "partitionColumns": [partition],
            // The log is evidence: nobody may clean it up.
            "configuration": { "delta.enableExpiredLogCleanup": "false", "delta.appendOnly": "false" },
            "createdTime": now_us / 1000,
        })),
    ]
}

fn parquet_format() -> Value {
    json!({ "provider": "parquet", "options": {} })
}

/// Whether two sets of actions move the same application, so that one of them has to look again.
pub fn collide(ours: &[Action], theirs: &[Action]) -> bool {
    let ids = |actions: &[Action]| -> Vec<String> {
        actions.iter().filter_map(|a| if let Action::Txn(txn) = a { Some(txn.app_id.clone()) } else { None }).collect()
    };
    let theirs = ids(theirs);
    ids(ours).iter().any(|id| theirs.contains(id))
}

impl Add {
    /// The value of the partition column.
    pub fn day(&self) -> &str {
        self.partition_values.values().next().and_then(|value| value.as_deref()).unwrap_or("unknown")
    }

    /// A note about the file.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.as_ref()?.get(name)?.as_deref()
    }
}
