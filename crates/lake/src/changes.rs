//! What every commit did, read back from the log: the cursor for whoever vouches for the home.
//!
//! Nobody has to be told while it happens. A commit says itself which files it added and removed and why; who keeps a seal reads
//! on from the version that it sealed last, whenever it runs and whoever made the commits, and no crash can lose one.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::archive::{LedgerFile, ledger_files};
use crate::delta::{Action, Remove, actions_of};
use crate::error::LakeError;
use crate::home::Lake;
use crate::inspect::{Commit, LiveFile, RecordsSum, Table, live_file};
use crate::schema::SHA256_TAG;

/// A commit, and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table.
    pub table: Table,
    /// Its version since then.
    pub version: i64,
    /// Path of the commit in the home.
    pub path: String,
    /// Size of the commit in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the commit's bytes.
    pub commit_sha256: [u8; 32],
    /// When, in milliseconds, as the commit says.
    pub at_ms: Option<i64>,
    /// Why.
    pub what: What,
    /// Files that it added.
    pub added: Vec<LiveFile>,
    /// Files that it removed; rows are not told.
    pub removed: Vec<LiveFile>,
    /// Ledger files that belong to it (a commit of the archive); paths under `ledger/`.
    pub ledger: Vec<LedgerFile>,
}

/// Why a commit was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The table was made.
    Created,
    /// New rows.
    Appended,
    /// The same records in other files: compacted, or taken in by a store.
    Compacted(RecordsSum),
    /// A day went that was past the retention.
    Expired {
        /// The day.
        day: String,
    },
    /// The table got columns.
    Widened,
    /// A copied home gave up what it does not hold whole.
    Reconciled,
    /// Something that this trailkeep does not know, by its name.
    Other(String),
}

impl Lake {
    /// What the commits of a table did, from a version on, in their order.
    pub fn changes(&self, table: Table, from: i64) -> BoxStream<'_, Result<Change, LakeError>> {
        self.commits(table, from).map(move |commit| change(table, &commit?)).boxed()
    }
}

fn change(table: Table, commit: &Commit) -> Result<Change, LakeError> {
    let actions = actions_of(&commit.bytes, &commit.path)?;
    let info = actions.iter().find_map(|action| if let Action::CommitInfo(info) = action { Some(info) } else { None });
    let mut change = Change {
        table,
        version: commit.version,
        path: commit.path.clone(),
        size_bytes: commit.bytes.len() as u64,
        commit_sha256: Sha256::digest(&commit.bytes).into(),
        at_ms: info.and_then(|info| info.get("timestamp")?.as_i64()),
        what: info.map_or(What::Created, what),
        added: Vec::new(),
        removed: Vec::new(),
        ledger: ledger_files(&actions),
    };
    for action in &actions {
        match action {
            Action::Add(add) => change.added.push(live_file(table, add)),
            Action::Remove(remove) => change.removed.push(removed_file(table, remove)),
            _ => {}
        }
    }
    Ok(change)
}

fn what(info: &Value) -> What {
    let ours = info.get("trailkeep");
    let text = |name: &str| ours.and_then(|ours| ours.get(name)?.as_str());
    match info.get("operation").and_then(Value::as_str).unwrap_or_default() {
        "WRITE" => What::Appended,
        "OPTIMIZE" | "UPDATE" => What::Compacted(RecordsSum {
            records: ours.and_then(|ours| ours.get("records")?.as_u64()).unwrap_or(0),
            sum: text("recordhashes").and_then(|sum| u128::from_str_radix(sum, 16).ok()).unwrap_or(0),
        }),
        "DELETE" => What::Expired { day: text("expired").unwrap_or_default().to_owned() },
        "ADD COLUMNS" => What::Widened,
        "RECONCILE" => What::Reconciled,
        other => What::Other(other.to_owned()),
    }
}

fn removed_file(table: Table, remove: &Remove) -> LiveFile {
    let noted = |values: &Option<BTreeMap<String, Option<String>>>, name: Option<&str>| {
        let values = values.as_ref()?;
        name.map_or_else(|| values.values().next().cloned().flatten(), |name| values.get(name).cloned().flatten())
    };
    LiveFile {
        path: format!("{}/{}", table.name(), remove.path),
        day: noted(&remove.partition_values, None).unwrap_or_default(),
        size_bytes: remove.size.unwrap_or(0).unsigned_abs(),
        rows: None,
        sha256: noted(&remove.tags, Some(SHA256_TAG)),
    }
}
