//! Parquet in and out: how our columns are encoded, written by several threads, and a log's checkpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowWriterOptions, compute_leaves};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use record::columns::{COLUMNS, Kind, Spec};
use sha2::{Digest, Sha256};

use crate::delta::Action;
use crate::error::LakeError;
use crate::limits::ROW_GROUP_ROWS;

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// At ingest: fast.
    Ingest,
    /// At compaction: small.
    Compact,
}

/// Writer settings for the archive.
pub fn archive_properties(effort: Effort, rows: usize, tags: Vec<(String, String)>) -> Result<WriterProperties, LakeError> {
    let level = ZstdLevel::try_new(if effort == Effort::Ingest { 1 } else { 9 })?;
    let tags = tags.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_statistics_truncate_length(Some(64))
        .set_column_index_truncate_length(Some(64))
        .set_created_by("trailkeep".to_owned())
        .set_offset_index_disabled(false)
        .set_key_value_metadata(Some(tags));
    for spec in COLUMNS {
        let path = ColumnPath::from(spec.name);
        if matches!(spec.kind, Kind::Doc) {
            builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        }
        if spec.bloom || (effort == Effort::Compact && is_searched(spec)) {
            builder = builder
                .set_column_bloom_filter_enabled(path.clone(), true)
                .set_column_bloom_filter_fpp(path.clone(), 0.01)
                // The most that there can be: the writer folds a filter until it is as full as it may be.
                .set_column_bloom_filter_max_ndv(path, rows.clamp(64, ROW_GROUP_ROWS) as u64);
        }
    }
    for name in ["shape", "otherfields", "raw", "recordhash", "flaws", "membership", "recordindex"] {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    // Every value is new: a dictionary would only be tried and thrown away, and lengths between the values only cost bytes.
    for name in ["eventid", "requestid", "sharedeventid", "recordhash"] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
    for name in ["eventtime", "recordindex"] {
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    builder = builder.set_column_statistics_enabled(ColumnPath::from("eventtime"), EnabledStatistics::Page);
    Ok(builder.build())
}

/// Whether people look for few events by a value of this column; small files do without a filter for it.
fn is_searched(spec: Spec) -> bool {
    spec.kind == Kind::Hot || ["sharedeventid", "useridentity_sessioncontext_sessionissuer_arn"].contains(&spec.name)
}

/// Writer settings for the ledger and other small tables.
pub fn small_properties() -> Result<WriterProperties, LakeError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("trailkeep".to_owned())
        .build())
}

/// Encodes batches of one schema as a Parquet file, column by column over the threads.
pub fn encode(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    properties: WriterProperties,
    threads: usize,
) -> Result<Vec<u8>, LakeError> {
    // Parquet's own types say everything: the Arrow schema would double the footer of a small file.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    for (group, rows) in row_groups(batches).into_iter().enumerate() {
        let writers = factory.create_column_writers(group)?;
        let chunks = encode_columns(schema, &rows, writers, threads)?;
        let mut row_group = file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
    }
    file.finish()?;
    Ok(std::mem::take(file.inner_mut()))
}

/// Cuts the batches into row groups.
fn row_groups(batches: &[RecordBatch]) -> Vec<Vec<RecordBatch>> {
    let mut groups = Vec::new();
    let mut group: Vec<RecordBatch> = Vec::new();
    let mut room = ROW_GROUP_ROWS;
    for batch in batches {
        let mut from = 0;
        while from < batch.num_rows() {
            let take = room.min(batch.num_rows() - from);
            group.push(batch.slice(from, take));
            from += take;
            room -= take;
            if room == 0 {
                groups.push(std::mem::take(&mut group));
                room = ROW_GROUP_ROWS;
            }
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

fn encode_columns(
    schema: &SchemaRef,
    rows: &[RecordBatch],
    writers: Vec<ArrowColumnWriter>,
    threads: usize,
) -> Result<Vec<ArrowColumnChunk>, LakeError> {
    let count = writers.len();
    let next = AtomicUsize::new(0);
    let waiting: Vec<_> = writers.into_iter().map(|writer| std::sync::Mutex::new(Some(writer))).collect();
    let work = || -> Result<Vec<(usize, ArrowColumnChunk)>, LakeError> {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let taken = waiting.get(at).and_then(|slot| slot.lock().ok()?.take());
            let Some(writer) = taken else { return Ok(done) };
            done.push((at, encode_column(schema, rows, at, writer)?));
        }
    };
    let results: Vec<Result<Vec<(usize, ArrowColumnChunk)>, LakeError>> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let own = work();
        let joined = others.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(LakeError::Worker("a column".to_owned()))));
        std::iter::once(own).chain(joined).collect()
    });
    let mut chunks = Vec::with_capacity(count);
    for result in results {
        chunks.extend(result?);
    }
    chunks.sort_by_key(|(at, _)| *at);
    Ok(chunks.into_iter().map(|(_, chunk)| chunk).collect())
}

fn encode_column(
    schema: &SchemaRef,
    rows: &[RecordBatch],
    at: usize,
    mut writer: ArrowColumnWriter,
) -> Result<ArrowColumnChunk, LakeError> {
    for batch in rows {
        for leaf in compute_leaves(schema.field(at), batch.column(at))? {
            writer.write(&leaf)?;
        }
    }
    Ok(writer.close()?)
}

/// The SHA-256 of a file's bytes, as the log notes it.
pub fn sha256_hex(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Reads a whole Parquet file from memory.
pub fn decode(body: Bytes) -> Result<Vec<RecordBatch>, LakeError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(body)?.with_batch_size(8192).build()?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}

/// Reads some columns of a Parquet file from memory.
pub fn decode_columns(body: Bytes, names: &[&str]) -> Result<Vec<RecordBatch>, LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?.with_batch_size(8192);
    let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    Ok(builder.with_projection(mask).build()?.collect::<Result<Vec<_>, _>>()?)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn map(name: &str) -> Field {
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)]);
    Field::new(name, DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false), true)
}

fn structure(name: &str, fields: Vec<Field>) -> Field {
    Field::new(name, DataType::Struct(Fields::from(fields)), true)
}

/// The schema of a checkpoint: one nullable struct an action.
fn checkpoint_schema() -> SchemaRef {
    let long = |name: &str| Field::new(name, DataType::Int64, true);
    let boolean = |name: &str| Field::new(name, DataType::Boolean, true);
    let int = |name: &str| Field::new(name, DataType::Int32, true);
    let list = |name: &str| Field::new(name, DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), true);
    Arc::new(Schema::new(vec![
        structure("txn", vec![text("appId"), long("version"), long("lastUpdated")]),
        structure(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                long("size"),
                long("modificationTime"),
                boolean("dataChange"),
                text("stats"),
                map("tags"),
            ],
        ),
        structure(
            "remove",
            vec![
                text("path"),
                long("deletionTimestamp"),
                boolean("dataChange"),
                boolean("extendedFileMetadata"),
                map("partitionValues"),
                long("size"),
                map("tags"),
            ],
        ),
        structure(
            "metaData",
            vec![
                text("id"),
                text("name"),
                text("description"),
                structure("format", vec![text("provider"), map("options")]),
                text("schemaString"),
                list("partitionColumns"),
                map("configuration"),
                long("createdTime"),
            ],
        ),
        structure("protocol", vec![int("minReaderVersion"), int("minWriterVersion")]),
    ]))
}

/// A checkpoint as a Parquet file.
pub fn actions_to_parquet(actions: &[Action]) -> Result<Vec<u8>, LakeError> {
    let schema = checkpoint_schema();
    let mut decoder = arrow::json::ReaderBuilder::new(Arc::clone(&schema)).with_batch_size(actions.len().max(1)).build_decoder()?;
    decoder.serialize(actions)?;
    let batches: Vec<RecordBatch> = decoder.flush()?.into_iter().collect();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(small_properties()?))?;
    for batch in &batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?)
}

/// The actions of a checkpoint.
pub fn actions_from_parquet(body: Bytes) -> Result<Vec<Action>, LakeError> {
    let mut actions = Vec::new();
    for batch in decode(body)? {
        let mut lines = arrow::json::LineDelimitedWriter::new(Vec::new());
        lines.write(&batch)?;
        lines.finish()?;
        for line in lines.into_inner().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            actions.push(serde_json::from_slice(line).map_err(|error| LakeError::Columns(error.to_string()))?);
        }
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::delta::{Add, Remove, Txn, table_actions};

    #[test]
    fn a_checkpoint_reads_back() {
        let day = BTreeMap::from([("eventday".to_owned(), Some("2023-07-10".to_owned()))]);
        let mut actions = table_actions("id", "archive", &serde_json::json!({"type": "struct", "fields": []}), "eventday", 5_000);
        actions.push(Action::Txn(Txn { app_id: "day:x".to_owned(), version: 7, last_updated: None }));
        actions.push(Action::Add(Add {
            path: "eventday=2023-07-10/a.parquet".to_owned(),
            partition_values: day.clone(),
            size: 9,
            modification_time: 1,
            data_change: false,
            stats: Some("{}".to_owned()),
            tags: Some(BTreeMap::from([("hot".to_owned(), Some("1".to_owned()))])),
        }));
        actions.push(Action::Remove(Remove {
            path: "b".to_owned(),
            deletion_timestamp: Some(3),
            data_change: false,
            extended_file_metadata: Some(true),
            partition_values: Some(day),
            size: Some(1),
            tags: Some(BTreeMap::from([("trailkeep.sha256".to_owned(), Some("00".to_owned()))])),
        }));
        let read = actions_from_parquet(Bytes::from(actions_to_parquet(&actions).unwrap())).unwrap();
        assert_eq!(read.len(), actions.len());
        assert_eq!(read[2..], actions[2..]);
    }
}
