//! From rows back to deliveries: the same bytes that came in, proven by their hash.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use record::columns::{COLUMNS, Kind};
use record::{Column, Frame, Row, rebuild, time};
use sha2::{Digest, Sha256};

use crate::archive::PartsOf;
use crate::delta::Add;
use crate::error::LakeError;
use crate::home::Lake;
use crate::ledger::{Entry, Status};
use crate::limits::{REBUILD_CONTENT_BYTES_MAX, REBUILD_DELIVERIES_MAX};

/// A row of a batch, as the record crate wants to see it.
pub struct BatchRow<'a> {
    columns: &'a [Option<&'a dyn Array>],
    shape: &'a str,
    other: &'a str,
    at: usize,
}

impl Row for BatchRow<'_> {
    fn shape(&self) -> &str {
        self.shape
    }

    fn other(&self) -> &str {
        self.other
    }

    fn text(&self, column: Column) -> Option<&str> {
        let array = self.column(column)?;
        array.as_string_opt::<i32>().map(|array| array.value(self.at))
    }

    fn boolean(&self, column: Column) -> Option<bool> {
        self.column(column)?.as_boolean_opt().map(|array| array.value(self.at))
    }

    fn time(&self, column: Column) -> Option<i64> {
        self.column(column)?.as_primitive_opt::<TimestampMicrosecondType>().map(|array| array.value(self.at))
    }
}

impl<'a> BatchRow<'a> {
    fn column(&self, column: Column) -> Option<&'a dyn Array> {
        let array = self.columns.get(usize::from(column.0)).copied().flatten()?;
        (!array.is_null(self.at)).then_some(array)
    }
}

/// The exact bytes of every record in a batch that has all columns of the archive; `None` where a row does not fit together.
pub fn records_of(batch: &RecordBatch) -> Vec<Option<Vec<u8>>> {
    let columns: Vec<Option<&dyn Array>> =
        COLUMNS.iter().map(|spec| batch.column_by_name(spec.name).map(|array| array.as_ref())).collect();
    let text = |name: &str| batch.column_by_name(name).and_then(|array| array.as_string_opt::<i32>());
    let (shape, other) = (text("shape"), text("otherfields"));
    let raw = batch.column_by_name("raw").and_then(|array| array.as_binary_opt::<i32>());
    let value = |array: Option<&'_ arrow::array::StringArray>, at: usize| -> String {
        array.filter(|array| !array.is_null(at)).map(|array| array.value(at).to_owned()).unwrap_or_default()
    };
    (0..batch.num_rows())
        .map(|at| {
            if let Some(raw) = raw.filter(|raw| !raw.is_null(at)) {
                return Some(raw.value(at).to_vec());
            }
            let (shape, other) = (value(shape, at), value(other, at));
            let mut bytes = Vec::with_capacity(1536);
            let row = BatchRow { columns: &columns, shape: &shape, other: &other, at };
            rebuild(&row, &mut bytes).ok().map(|()| bytes)
        })
        .collect()
}

/// A row of the ledger on its way past.
pub enum Passed {
    /// One that is not rebuilt: evidence, refused, or the same once more.
    Row(Entry),
    /// One that is.
    Rebuilt(Rebuilt),
}

/// A delivery that was rebuilt, or why it could not be.
pub struct Rebuilt {
    /// Its ledger row.
    pub entry: Entry,
    /// Its content, whose SHA-256 is the ledger's.
    pub content: Result<Vec<u8>, LakeError>,
    /// SHA-256 of what its rows gave, also where that is not the ledger's; none where they gave nothing whole.
    pub sha256: Option<[u8; 32]>,
}

impl Lake {
    /// Rebuilds the deliveries of a day, group by group.
    pub async fn rebuild_day(&self, day: &str, mut each: impl FnMut(Rebuilt) -> Result<(), LakeError>) -> Result<(), LakeError> {
        self.pass_day(day, |passed| if let Passed::Rebuilt(rebuilt) = passed { each(rebuilt) } else { Ok(()) }).await
    }

    /// Goes through the ledger of a day once, in no particular order, and rebuilds what can be rebuilt. No more than one file of the
    /// ledger and one group of deliveries is held.
    pub async fn pass_day(&self, day: &str, mut each: impl FnMut(Passed) -> Result<(), LakeError>) -> Result<(), LakeError> {
        let mut group: Vec<Entry> = Vec::new();
        let mut group_bytes = 0;
        for file in self.ledger_of(Some(day)).await? {
            for entry in self.entries_of(&file.path).await? {
                if entry.status != Status::Ingested {
                    each(Passed::Row(entry))?;
                    continue;
                }
                group_bytes += entry.content_bytes;
                group.push(entry);
                if group.len() >= REBUILD_DELIVERIES_MAX || group_bytes >= REBUILD_CONTENT_BYTES_MAX {
                    let group = std::mem::take(&mut group);
                    self.rebuild_group(group, &mut |rebuilt| each(Passed::Rebuilt(rebuilt))).await?;
                    group_bytes = 0;
                }
            }
        }
        self.rebuild_group(group, &mut |rebuilt| each(Passed::Rebuilt(rebuilt))).await
    }

    /// Rebuilds some deliveries together.
    pub async fn rebuild_group(
        &self,
        group: Vec<Entry>,
        each: &mut impl FnMut(Rebuilt) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let own: HashSet<i64> = group.iter().map(|entry| entry.delivery).collect();
        let twins: HashSet<(i64, u32)> = group.iter().flat_map(|e| e.placements.iter().map(|p| (p.delivery, p.at))).collect();
        let mut records: HashMap<(i64, u32), Vec<u8>> = HashMap::new();
        let days: BTreeSet<String> = group.iter().flat_map(Entry::event_days).collect();
        for file in self.files_of_days(&days).await {
            self.read_records(&file, &own, &twins, &mut records).await?;
        }
        for entry in group {
            let (content, sha256) = match assemble(&entry, &records) {
                Ok(content) => {
                    let sha256: [u8; 32] = Sha256::digest(&content).into();
                    (proven(&entry, content, sha256), Some(sha256))
                }
                Err(error) => (Err(error), None),
            };
            each(Rebuilt { entry, content, sha256 })?;
        }
        Ok(())
    }

    async fn files_of_days(&self, days: &BTreeSet<String>) -> Vec<Arc<Add>> {
        let tables = self.tables.lock().await;
        tables.archive.state.files.values().filter(|add| days.contains(add.day())).cloned().collect()
    }

    pub(crate) async fn read_records(
        &self,
        file: &Add,
        own: &HashSet<i64>,
        twins: &HashSet<(i64, u32)>,
        records: &mut HashMap<(i64, u32), Vec<u8>>,
    ) -> Result<(), LakeError> {
        let body = self.home.store.get(&self.home.path(&["archive"]).parts_of(&file.path)).await?.bytes().await?;
        let mut wanted = own.clone();
        wanted.extend(twins.iter().map(|(delivery, _)| *delivery));
        for batch in rows_of(body, wanted)? {
            let (Some(delivery), Some(index)) = (
                batch.column_by_name("delivery").and_then(|a| a.as_primitive_opt::<Int64Type>()),
                batch.column_by_name("recordindex").and_then(|a| a.as_primitive_opt::<Int32Type>()),
            ) else {
                continue;
            };
            for (at, bytes) in records_of(&batch).into_iter().enumerate() {
                let place = (delivery.value(at), index.value(at) as u32);
                if let Some(bytes) = bytes.filter(|_| own.contains(&place.0) || twins.contains(&place)) {
                    records.insert(place, bytes);
                }
            }
        }
        Ok(())
    }
}

/// The rows of the wanted deliveries.
fn rows_of(body: Bytes, wanted: HashSet<i64>) -> Result<Vec<RecordBatch>, LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?.with_batch_size(4096);
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["delivery"]);
    let predicate = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
        let delivery = batch.column(0).as_primitive::<Int64Type>();
        Ok(delivery.values().iter().map(|value| Some(wanted.contains(value))).collect::<BooleanArray>())
    });
    let reader = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)])).build()?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}

impl Entry {
    /// The event days over which its records may lie; `unknown` is always among them.
    pub fn event_days(&self) -> Vec<String> {
        const DAY_US: i64 = 86_400_000_000;
        let mut days = vec!["unknown".to_owned()];
        if let (Some(first), Some(last)) = (self.first_us, self.last_us) {
            let believable = |us: i64| us.clamp(time::EVENT_TIME_MIN_US, time::EVENT_TIME_MAX_US - 1);
            let (mut at, last) = (believable(first), believable(last));
            at -= at.rem_euclid(DAY_US);
            while at <= last {
                days.push(time::event_day(Some(at)));
                at += DAY_US;
            }
        }
        days
    }
}

/// Content that has the hash which the ledger noted.
fn proven(entry: &Entry, content: Vec<u8>, sha256: [u8; 32]) -> Result<Vec<u8>, LakeError> {
    if entry.content_sha256 == Some(sha256) { Ok(content) } else { Err(fail(entry, "its SHA-256 differs from the ledger's")) }
}

fn fail(entry: &Entry, reason: &str) -> LakeError {
    LakeError::Rebuild { key: entry.key.clone(), reason: reason.to_owned() }
}

/// Puts frame and records together.
fn assemble(entry: &Entry, records: &HashMap<(i64, u32), Vec<u8>>) -> Result<Vec<u8>, LakeError> {
    let fail = |reason: &str| fail(entry, reason);
    if entry.counts.expired > 0 {
        return Err(fail("some of its records were older than the retention and were not stored"));
    }
    let count = entry.counts.records as usize;
    let frame = Frame(entry.frame.clone().unwrap_or_default());
    let pieces = frame.pieces(count).ok_or_else(|| fail("its frame does not fit its number of records"))?;
    let twins: HashMap<u32, (i64, u32)> = entry.placements.iter().map(|p| (p.index, (p.delivery, p.at))).collect();
    let mut content = Vec::with_capacity(entry.content_bytes as usize);
    for (at, piece) in pieces.into_iter().enumerate() {
        content.extend_from_slice(piece);
        if at < count {
            let index = at as u32;
            let place = twins.get(&index).copied().unwrap_or((entry.delivery, index));
            content.extend_from_slice(records.get(&place).ok_or_else(|| fail("a record of it is missing"))?);
        }
    }
    Ok(content)
}

/// Columns of the archive that are needed to rebuild a record.
pub fn needed_columns() -> Vec<&'static str> {
    let own = COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot).map(|spec| spec.name);
    own.chain(["shape", "otherfields", "raw"]).collect()
}
