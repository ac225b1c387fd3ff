//! Importing into a store: records that are in the archive already become members of it.
//!
//! What AWS does by copying, this does by a bit: files with records that the store's selectors choose are written again with the
//! bit set, and removed in the same commit. The records are the same before and after, as in a compaction, and summed to prove it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use object_store::{ObjectStoreExt, PutPayload};
use predicate::Matcher;
use serde::Serialize;
use serde_json::json;

use super::choose::Selectors;
use super::{Store, StoreError, StoreStatus};
use crate::append::NO_STORE;
use crate::archive::PartsOf;
use crate::compact::{rows_of, sum_of_hashes, times_of};
use crate::delta::Add;
use crate::error::LakeError;
use crate::home::Lake;
use crate::outside::Stage;
use crate::parquets::{self, Effort};
use crate::rebuild::records_of;
use crate::{append, dedupe, schema};

/// Which events are imported, by the time of the event, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Period {
    /// From.
    pub since_us: Option<i64>,
    /// Up to, exclusive.
    pub until_us: Option<i64>,
}

/// What an import did. `records` is the sum of `imported`, `members`, `unwanted`, `expired` and `unreadable`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// Records of the period.
    pub records: u64,
    /// Records that became members of the store.
    pub imported: u64,
    /// Records that were in it already.
    pub members: u64,
    /// Records that its selectors do not choose.
    pub unwanted: u64,
    /// Records that are past its retention.
    pub expired: u64,
    /// Records that could not be read; they stay as they are.
    pub unreadable: u64,
    /// Files that were written again.
    pub files: u64,
}

/// What is asked of each record.
struct Import {
    selectors: Selectors,
    mask: i64,
    since_us: i64,
    until_us: i64,
    cutoff_us: i64,
}

impl Lake {
    /// Lets a store take in what is in the archive already.
    pub async fn import(&self, wanted: &str, period: Period) -> Result<Enrolled, LakeError> {
        self.import_watched(wanted, period, |_, _| {}).await
    }

    /// The same; `told` how many files of the archive are done, and of how many.
    pub async fn import_watched(
        &self,
        wanted: &str,
        period: Period,
        mut told: impl FnMut(u64, u64),
    ) -> Result<Enrolled, LakeError> {
        let store = self.store(wanted).await?;
        let import = Import::new(&store, period, (self.outside.now_us)())?;
        let mut total = Enrolled::default();
        let files = self.files_within(&import).await?;
        for (done, file) in (0..).zip(&files) {
            told(done, files.len() as u64);
            total.add(self.outside.watched(Stage::Compact, self.enroll_file(file, &import)).await?);
        }
        Ok(total)
    }

    async fn files_within(&self, import: &Import) -> Result<Vec<Arc<Add>>, LakeError> {
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        let files = tables.archive.state.files.values();
        let mut files: Vec<Arc<Add>> = files.filter(|file| import.concerns(file)).cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Writes a file again where it has records for the store. A file that somebody else replaced meanwhile is looked for anew by
    /// the next import; nothing is lost, for an import can always be repeated.
    async fn enroll_file(&self, file: &Arc<Add>, import: &Import) -> Result<Enrolled, LakeError> {
        let body = self.home.store.get(&self.home.path(&["archive"]).parts_of(&file.path)).await?.bytes().await?;
        let mut counts = Enrolled::default();
        let mut batches = Vec::new();
        let mut matcher = import.selectors.matcher();
        for batch in parquets::decode(body)? {
            batches.push(import.batch(&batch, &mut matcher, &mut counts)?);
        }
        if counts.imported == 0 {
            return Ok(counts);
        }
        counts.files = 1;
        let sum = batches.iter().map(sum_of_hashes).fold(0, u128::wrapping_add);
        let add = self.write_again(file, &batches).await?;
        let path = self.home.path(&["archive"]).parts_of(&add.path);
        let info = json!({ "records": rows_of(&add), "recordhashes": format!("{sum:032x}") });
        let replaced = self.tables.lock().await.replace(&[Arc::clone(file)], vec![add], "UPDATE", info, &self.outside).await?;
        if !replaced {
            self.home.store.delete(&path).await?;
            return Err(LakeError::Contended(1));
        }
        Ok(counts)
    }

    async fn write_again(&self, file: &Add, batches: &[RecordBatch]) -> Result<Add, LakeError> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let times = batches.iter().filter_map(times_of).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let properties = parquets::archive_properties(Effort::Compact, rows, Vec::new())?;
        let body = parquets::encode(&schema::archive(), batches, properties, self.outside.threads)?;
        let mut add = append::new_add(
            file.day(),
            format!("{}.parquet", (self.outside.unique)()),
            &body,
            rows,
            times,
            (self.outside.now_us)(),
        );
        // What else is known of the file stays true: the same rows in the same order.
        for (tag, value) in file.tags.iter().flatten().filter(|(tag, _)| *tag != schema::SHA256_TAG) {
            add.tags.get_or_insert_default().entry(tag.clone()).or_insert_with(|| value.clone());
        }
        add.data_change = false;
        self.home.store.put(&self.home.path(&["archive"]).parts_of(&add.path), PutPayload::from(body)).await?;
        Ok(add)
    }
}

impl Import {
    fn new(store: &Store, period: Period, now_us: i64) -> Result<Import, StoreError> {
        if store.is_events() {
            return Err(StoreError::Default("be imported into"));
        }
        if store.status == StoreStatus::PendingDeletion {
            return Err(StoreError::status(store, "be imported into"));
        }
        Ok(Import {
            selectors: Selectors::of(store)?,
            mask: store.mask(),
            since_us: period.since_us.unwrap_or(i64::MIN),
            until_us: period.until_us.unwrap_or(i64::MAX),
            cutoff_us: store.cutoff_us(now_us),
        })
    }

    fn concerns(&self, file: &Add) -> bool {
        dedupe::file_times(file).is_none_or(|(first, last)| last >= self.since_us && first < self.until_us)
    }

    /// The batch with the store's bit where it belongs.
    fn batch(&self, batch: &RecordBatch, matcher: &mut Matcher<'_>, counts: &mut Enrolled) -> Result<RecordBatch, LakeError> {
        let Ok(at) = batch.schema().index_of("membership") else {
            return Err(LakeError::Columns("a file of the archive has no column `membership`".to_owned()));
        };
        let members = batch.column(at).as_primitive::<Int64Type>();
        let times = batch.column_by_name("eventtime").and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let records = records_of(batch);
        let mut masks: Vec<i64> = members.values().to_vec();
        for (row, (mask, record)) in masks.iter_mut().zip(&records).enumerate() {
            let time = times.filter(|times| !times.is_null(row)).map(|times| times.value(row));
            *mask |= self.judge(*mask, time, record.as_deref(), matcher, counts);
        }
        let mut columns = batch.columns().to_vec();
        if let Some(column) = columns.get_mut(at) {
            *column = Arc::new(Int64Array::from(masks));
        }
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    }

    /// The bit that a record gets.
    fn judge(&self, mask: i64, time: Option<i64>, record: Option<&[u8]>, matcher: &mut Matcher<'_>, counts: &mut Enrolled) -> i64 {
        // A row in no store is another writing of one that is in the default store.
        if mask == NO_STORE || time.is_some_and(|time| time < self.since_us || time >= self.until_us) {
            return 0;
        }
        counts.records += 1;
        let count = if mask & self.mask != 0 {
            &mut counts.members
        } else if time.is_some_and(|time| time < self.cutoff_us) {
            &mut counts.expired
        } else {
            match record.and_then(|record| self.chooses(record, matcher)) {
                None => &mut counts.unreadable,
                Some(false) => &mut counts.unwanted,
                Some(true) => {
                    counts.imported += 1;
                    return self.mask;
                }
            }
        };
        *count += 1;
        0
    }

    /// Whether the selectors choose a record; `None` if it is no text.
    fn chooses(&self, record: &[u8], matcher: &mut Matcher<'_>) -> Option<bool> {
        let mut hits = Vec::new();
        matcher.text(std::str::from_utf8(record).ok()?, &mut hits);
        Some(!hits.is_empty())
    }
}

impl Enrolled {
    fn add(&mut self, other: Enrolled) {
        self.records += other.records;
        self.imported += other.imported;
        self.members += other.members;
        self.unwanted += other.unwanted;
        self.expired += other.expired;
        self.unreadable += other.unreadable;
        self.files += other.files;
    }
}
