//! A home that was copied while somebody wrote into it: its parts are of different moments.
//!
//! The copy may have a ledger that is ahead of its archive, or a commit without all of its files. Whatever the copy cannot vouch
//! for is taken back from its log, ledger rows and all, so that the deliveries count as unknown and are collected again; rows
//! that are there are then found as duplicates of themselves. In a home that was not copied there is nothing to take back.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;
use serde_json::json;

use crate::archive::{ARCHIVE_APP, ARCHIVE_TAG, LedgerFile, Tables, commit_info, ledger_files};
use crate::compact::remove_action;
use crate::delta::{Action, Add, Committed, Txn};
use crate::error::LakeError;
use crate::home::{Home, Lake};

impl Lake {
    /// Takes back what a copied home does not hold whole.
    pub(crate) async fn reconcile(&self) -> Result<(), LakeError> {
        self.reconcile_verdicts().await?;
        let mut tables = self.tables.lock().await;
        let there = files_there(&self.home, "archive").await?;
        let mut missing: Vec<Arc<Add>> =
            tables.archive.state.files.values().filter(|add| !there.contains(&add.path)).cloned().collect();
        if !missing.is_empty() {
            // In a living home a file may have been compacted away and deleted between the two looks: it is no longer named then.
            tables.refresh().await?;
            missing.retain(|add| tables.archive.state.files.contains_key(&add.path));
        }
        let ahead = tables.settled() > tables.archive.state.version;
        if missing.is_empty() && !ahead {
            return Ok(());
        }
        tracing::warn!(
            missing = missing.len(),
            ahead,
            "this home is a copy that was made under load; what it lacks is collected again"
        );
        let now_ms = (self.outside.now_us)() / 1000;
        let doubtful = take_back_rows(&mut tables, &missing, &there, now_ms).await?;
        take_back_ledger(&mut tables, &doubtful, now_ms).await?;
        tables.refresh().await?;
        tables.settle(&self.outside).await
    }

    /// Takes back verdicts whose files a copy lacks; what they judged is judged again.
    async fn reconcile_verdicts(&self) -> Result<(), LakeError> {
        let mut log = self.verdicts.lock().await;
        // Named first, listed then: no verdict is ever removed, so what is named and not there is missing.
        log.refresh().await?;
        loop {
            let there = files_there(&self.home, "verdicts").await?;
            let now_ms = (self.outside.now_us)() / 1000;
            let missing = log.state.files.values().filter(|add| !there.contains(&add.path));
            let mut actions: Vec<Action> = missing.map(|add| remove_action(add, now_ms, true)).collect();
            if actions.is_empty() {
                return Ok(());
            }
            actions.push(commit_info("RECONCILE", now_ms, json!({ "missing": actions.len() })));
            if matches!(log.commit(&actions).await?, Committed::Done) {
                return Ok(());
            }
        }
    }
}

/// Paths of a table's files that exist.
async fn files_there(home: &Home, table: &str) -> Result<HashSet<String>, LakeError> {
    let root = home.path(&[table]);
    let prefix = format!("{root}/");
    let listed: Vec<_> = home.store.list(Some(&root)).try_collect().await?;
    Ok(listed.into_iter().filter_map(|meta| meta.location.as_ref().strip_prefix(&prefix).map(str::to_owned)).collect())
}

/// Removes missing files from the archive's log; a compacted one gives way to the files that it replaced. Returns the ledger
/// files of the commits that lost rows.
async fn take_back_rows(
    tables: &mut Tables,
    missing: &[Arc<Add>],
    there: &HashSet<String>,
    now_ms: i64,
) -> Result<BTreeSet<String>, LakeError> {
    let mut doubtful = BTreeSet::new();
    if missing.is_empty() {
        return Ok(doubtful);
    }
    let mut gone: HashSet<String> = missing.iter().map(|add| add.path.clone()).collect();
    let mut back: Vec<Add> = Vec::new();
    // Newest first: a compaction's sources may themselves be missing, and are then looked for in older commits.
    for version in (0..=tables.archive.state.version).rev() {
        let commit = tables.archive.read_commit(version).await?.unwrap_or_default();
        let adds_gone = commit.iter().any(|action| matches!(action, Action::Add(add) if gone.contains(&add.path)));
        if adds_gone {
            doubtful.extend(ledger_files(&commit).into_iter().map(|file: LedgerFile| file.path));
            gone.extend(commit.iter().filter_map(|action| match action {
                Action::Remove(remove) => Some(remove.path.clone()),
                _ => None,
            }));
        }
        back.extend(commit.into_iter().filter_map(|action| match action {
            Action::Add(add) if gone.contains(&add.path) && there.contains(&add.path) => Some(add),
            _ => None,
        }));
    }
    loop {
        let mut actions: Vec<Action> = missing.iter().map(|add| remove_action(add, now_ms, true)).collect();
        actions.extend(back.iter().cloned().map(Action::Add));
        actions.push(commit_info("RECONCILE", now_ms, json!({ "missing": missing.len() })));
        if matches!(tables.archive.commit(&actions).await?, Committed::Done) {
            return Ok(doubtful);
        }
    }
}

/// Removes ledger files that belong to doubtful commits, or to commits that this archive does not have.
async fn take_back_ledger(tables: &mut Tables, doubtful: &BTreeSet<String>, now_ms: i64) -> Result<(), LakeError> {
    loop {
        let version = tables.archive.state.version;
        let from_later = |add: &Add| add.tag(ARCHIVE_TAG).and_then(|tag| tag.parse::<i64>().ok()).is_some_and(|v| v > version);
        let files = tables.ledger.state.files.values();
        let mut actions: Vec<Action> = files
            .filter(|add| doubtful.contains(&add.path) || from_later(add))
            .map(|add| remove_action(add, now_ms, true))
            .collect();
        actions.push(Action::Txn(Txn { app_id: ARCHIVE_APP.to_owned(), version, last_updated: Some(now_ms) }));
        actions.push(commit_info("RECONCILE", now_ms, json!({ "archive": version })));
        if matches!(tables.ledger.commit(&actions).await?, Committed::Done) {
            return Ok(());
        }
    }
}
