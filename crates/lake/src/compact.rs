//! Fewer, larger, smaller: small files of a day become sorted ones, and days past their retention go.
//!
//! A compaction proves that it changed nothing: the sum of the record hashes is the same before and after. Files that it
//! replaces stay on disk for a while, for those who are still reading them or copying the home.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use object_store::{ObjectStoreExt, PutPayload};
use record::time;
use serde::Serialize;
use serde_json::json;

use crate::append::new_add;
use crate::archive::PartsOf;
use crate::delta::{Action, Add, Remove};
use crate::error::LakeError;
use crate::home::Lake;
use crate::limits::{COMPACT_BYTES_MAX, COMPACT_ROWS_MAX};
use crate::outside::Stage;
use crate::parquets::{self, Effort};
use crate::schema::{self, NO_STORE_TAG, SHA256_TAG};

/// Tag of a file that compaction wrote.
const SORTED_TAG: &str = "trailkeep.sorted";

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Compacted {
    /// Files that were replaced.
    pub files_before: u64,
    /// Files that replaced them.
    pub files_after: u64,
    /// Their bytes before.
    pub bytes_before: u64,
    /// Their bytes after.
    pub bytes_after: u64,
    /// Rows that were moved.
    pub rows: u64,
    /// Days that expired.
    pub days_expired: u64,
    /// Files of replaced or expired rows whose bytes were deleted.
    pub files_deleted: u64,
}

/// What retention removes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Expiring {
    /// Days.
    pub days: u64,
    /// Events.
    pub events: u64,
    /// The first of the days.
    pub first_day: Option<String>,
    /// The last of them.
    pub last_day: Option<String>,
}

impl Lake {
    /// Compacts every day that has something to gain.
    pub async fn compact(&self) -> Result<Compacted, LakeError> {
        let mut total = Compacted::default();
        for (day, files) in self.days_to_compact().await? {
            for group in groups(files) {
                let done = self.outside.watched(Stage::Compact, self.compact_group(&day, &group)).await?;
                total.add(done);
            }
        }
        if total.files_before > 0 {
            self.tables.lock().await.checkpoint().await?;
        }
        Ok(total)
    }

    async fn days_to_compact(&self) -> Result<BTreeMap<String, Vec<Arc<Add>>>, LakeError> {
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        let mut days: BTreeMap<String, Vec<Arc<Add>>> = BTreeMap::new();
        for add in tables.archive.state.files.values() {
            if add.tag(SORTED_TAG).is_none() || (add.size as u64) < COMPACT_BYTES_MAX / 8 {
                days.entry(add.day().to_owned()).or_default().push(Arc::clone(add));
            }
        }
        // A single sorted file has nothing to gain.
        days.retain(|_, files| files.len() > 1 || files.iter().any(|file| file.tag(SORTED_TAG).is_none()));
        Ok(days)
    }

    /// Writes the rows of some files of a day again, sorted, as one file.
    async fn compact_group(&self, day: &str, group: &[Arc<Add>]) -> Result<Compacted, LakeError> {
        let mut batches = Vec::new();
        for file in group {
            let body = self.home.store.get(&self.home.path(&["archive"]).parts_of(&file.path)).await?.bytes().await?;
            batches.extend(parquets::decode(body)?);
        }
        let sorted = sort(&concat_batches(&schema::archive(), &batches)?)?;
        let before = batches.iter().map(sum_of_hashes).fold(0, u128::wrapping_add);
        drop(batches);
        // INVARIANT: a compaction moves rows, it neither adds, drops nor changes one.
        if before != sum_of_hashes(&sorted) {
            return Err(LakeError::Columns(format!("compaction of {day} would change records; nothing was changed")));
        }
        let rows = sorted.num_rows();
        let properties = parquets::archive_properties(Effort::Compact, rows, Vec::new())?;
        let body = parquets::encode(&schema::archive(), std::slice::from_ref(&sorted), properties, self.outside.threads)?;
        let name = format!("{}.parquet", (self.outside.unique)());
        let mut add = new_add(day, name, &body, rows, times_of(&sorted), (self.outside.now_us)());
        add.data_change = false;
        let tags = add.tags.get_or_insert_default();
        tags.insert(SORTED_TAG.to_owned(), Some("eventsource,eventname,eventtime".to_owned()));
        if group.iter().any(|file| file.tag(NO_STORE_TAG).is_some()) {
            tags.insert(NO_STORE_TAG.to_owned(), Some("true".to_owned()));
        }
        let done = Compacted {
            files_before: group.len() as u64,
            files_after: 1,
            bytes_before: group.iter().map(|file| file.size as u64).sum(),
            bytes_after: body.len() as u64,
            rows: rows as u64,
            ..Compacted::default()
        };
        let path = self.home.path(&["archive"]).parts_of(&add.path);
        self.home.store.put(&path, PutPayload::from(body)).await?;
        let info = json!({ "records": rows, "recordhashes": format!("{before:032x}") });
        let replaced = self.tables.lock().await.replace(group, vec![add], "OPTIMIZE", info, &self.outside).await?;
        if !replaced {
            // Somebody else compacted or expired these files first; theirs counts.
            self.home.store.delete(&path).await?;
            return Ok(Compacted::default());
        }
        Ok(done)
    }

    /// Removes the days whose last event is past the longest retention.
    pub async fn expire(&self) -> Result<Compacted, LakeError> {
        let cutoff = self.retention_cutoff_us().await?;
        let mut total = Compacted::default();
        for (day, files) in self.days_before(cutoff).await? {
            let info = json!({ "expired": day, "files": files.len() });
            let gone = self.outside.watched(Stage::Retain, async {
                self.tables.lock().await.replace(&files, Vec::new(), "DELETE", info, &self.outside).await
            });
            if gone.await? {
                total.days_expired += 1;
            }
        }
        Ok(total)
    }

    /// What [`Lake::expire`] would remove: as retention is now, or if the default store kept events for so many days.
    pub async fn expiring(&self, retention_days: Option<u32>) -> Result<Expiring, LakeError> {
        let cutoff = match retention_days {
            Some(days) => self.retention_cutoff_us_of(days).await?,
            None => self.retention_cutoff_us().await?,
        };
        let days = self.days_before(cutoff).await?;
        Ok(Expiring {
            days: days.len() as u64,
            events: days.values().flatten().map(|file| rows_of(file) as u64).sum(),
            first_day: days.keys().next().cloned(),
            last_day: days.keys().next_back().cloned(),
        })
    }

    /// The days that end before a time, with their files.
    async fn days_before(&self, cutoff_us: i64) -> Result<BTreeMap<String, Vec<Arc<Add>>>, LakeError> {
        let mut days: BTreeMap<String, Vec<Arc<Add>>> = BTreeMap::new();
        if !time::is_believable(cutoff_us) {
            return Ok(days);
        }
        let last_day = time::event_day(Some(cutoff_us));
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        for add in tables.archive.state.files.values().filter(|add| add.day() != "unknown" && *add.day() < *last_day) {
            days.entry(add.day().to_owned()).or_default().push(Arc::clone(add));
        }
        Ok(days)
    }

    /// Deletes the bytes of files that have been replaced or expired for longer than the grace.
    pub async fn delete_replaced(&self, grace_s: u64) -> Result<Compacted, LakeError> {
        let before_ms = (self.outside.now_us)() / 1000 - (grace_s as i64) * 1000;
        let gone: Vec<String> = {
            let tables = self.tables.lock().await;
            let tombstones = tables.archive.state.tombstones.values();
            tombstones.filter(|t| t.deletion_timestamp.is_some_and(|at| at <= before_ms)).map(|t| t.path.clone()).collect()
        };
        let mut total = Compacted::default();
        for path in gone {
            match self.home.store.delete(&self.home.path(&["archive"]).parts_of(&path)).await {
                Ok(()) => total.files_deleted += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(total)
    }
}

impl Compacted {
    /// Adds the figures of another run.
    pub fn add(&mut self, other: Compacted) {
        self.files_before += other.files_before;
        self.files_after += other.files_after;
        self.bytes_before += other.bytes_before;
        self.bytes_after += other.bytes_after;
        self.rows += other.rows;
        self.days_expired += other.days_expired;
        self.files_deleted += other.files_deleted;
    }
}

/// Cuts the files of a day into groups that fit into memory.
fn groups(mut files: Vec<Arc<Add>>) -> Vec<Vec<Arc<Add>>> {
    files.sort_by_key(|file| crate::dedupe::file_times(file));
    let mut groups: Vec<Vec<Arc<Add>>> = Vec::new();
    let (mut bytes, mut rows) = (0, 0);
    for file in files {
        let (file_bytes, file_rows) = (file.size as u64, rows_of(&file));
        let full = bytes + file_bytes > COMPACT_BYTES_MAX || rows + file_rows > COMPACT_ROWS_MAX;
        if groups.is_empty() || full {
            groups.push(Vec::new());
            (bytes, rows) = (0, 0);
        }
        bytes += file_bytes;
        rows += file_rows;
        if let Some(group) = groups.last_mut() {
            group.push(file);
        }
    }
    groups
}

pub(crate) fn rows_of(file: &Add) -> usize {
    let stats = file.stats.as_deref().and_then(|stats| serde_json::from_str::<serde_json::Value>(stats).ok());
    stats.and_then(|stats| stats.get("numRecords")?.as_u64()).unwrap_or(0) as usize
}

fn sort(batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let by = |name: &str| -> Option<SortColumn> {
        let values = Arc::clone(batch.column_by_name(name)?);
        Some(SortColumn { values, options: Some(SortOptions { descending: false, nulls_first: true }) })
    };
    let columns: Vec<SortColumn> = ["eventsource", "eventname", "eventtime", "recordhash"].into_iter().filter_map(by).collect();
    let order: UInt32Array = lexsort_to_indices(&columns, None)?;
    Ok(take_record_batch(batch, &order)?)
}

pub(crate) fn times_of(batch: &RecordBatch) -> Option<(i64, i64)> {
    let times = batch.column_by_name("eventtime")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    Some((arrow::compute::min(times)?, arrow::compute::max(times)?))
}

/// An order-independent hash over the records of a batch.
pub(crate) fn sum_of_hashes(batch: &RecordBatch) -> u128 {
    let Some(hashes) = batch.column_by_name("recordhash").and_then(|array| array.as_binary_opt::<i32>()) else { return 0 };
    let value = |at: usize| hashes.value(at).first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    (0..hashes.len()).map(value).fold(0, u128::wrapping_add)
}

pub(crate) fn remove_action(add: &Add, now_ms: i64, data_change: bool) -> Action {
    Action::Remove(Remove {
        path: add.path.clone(),
        deletion_timestamp: Some(now_ms),
        data_change,
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        tags: add.tag(SHA256_TAG).map(|sha256| BTreeMap::from([(SHA256_TAG.to_owned(), Some(sha256.to_owned()))])),
    })
}
