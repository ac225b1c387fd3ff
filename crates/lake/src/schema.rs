//! The columns of the archive and of the ledger, for Arrow and for Delta.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use record::columns::{COLUMNS, Kind};
use serde_json::{Value, json};

/// Partition column of the archive: the day of the event, `YYYY-MM-DD` or `unknown`.
pub const EVENT_DAY: &str = "eventday";
/// Partition column of the ledger and of the verdicts: the day in the delivery's key, `YYYY-MM-DD` or `unknown`.
pub const DELIVERY_DAY: &str = "deliveryday";
/// Which columns were hot when a file was written, as its Add tag says.
pub const HOT_TAG: &str = "trailkeep.hot";
/// Tag of a file of the archive that has rows in no store: other writings of records that are there. Queries leave them out.
pub const NO_STORE_TAG: &str = "trailkeep.nostore";
/// Tag of every file in a log: the SHA-256 of its bytes, in hexadecimal. Files from before format 3 have none.
pub const SHA256_TAG: &str = "trailkeep.sha256";
/// The current set of hot columns. Raised when a column is added; older files are then read through the document's text.
pub const HOT_VERSION: &str = "1";

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Columns that every row of the archive has after the record's own.
///
/// `delivery` and `recordindex` say where the record stood (64-bit hash of origin, key and entity tag; position in the file),
/// `membership` which stores hold it (one bit each), `flaws` what is wrong with it, `recordhash` is the first half of the
/// SHA-256 of its exact bytes, and `shape`, `otherfields` and `raw` give those bytes back.
const PLACEMENT: [(&str, DataType, bool); 8] = [
    ("delivery", DataType::Int64, false),
    ("recordindex", DataType::Int32, false),
    ("membership", DataType::Int64, false),
    ("flaws", DataType::Int32, false),
    ("recordhash", DataType::Binary, false),
    ("shape", DataType::Utf8, true),
    ("otherfields", DataType::Utf8, true),
    ("raw", DataType::Binary, true),
];

/// Whether a column, in lower case, says where a row stands and not what the record says.
pub fn is_placement(name: &str) -> bool {
    name == EVENT_DAY || PLACEMENT.iter().any(|(column, ..)| *column == name)
}

/// Schema of the archive's Parquet files (the partition column is in their path).
pub fn archive() -> SchemaRef {
    let own = COLUMNS.iter().map(|spec| {
        let data_type = match spec.kind {
            Kind::Text | Kind::Doc | Kind::Hot => DataType::Utf8,
            Kind::Bool => DataType::Boolean,
            Kind::Time => timestamp(),
        };
        Field::new(spec.name, data_type, true)
    });
    let placement = PLACEMENT.into_iter().map(|(name, data_type, nullable)| Field::new(name, data_type, nullable));
    Arc::new(Schema::new(own.chain(placement).collect::<Vec<_>>()))
}

/// Schema of the ledger's Parquet files.
pub fn ledger() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let long = |name: &str| Field::new(name, DataType::Int64, false);
    let time = |name: &str, nullable| Field::new(name, timestamp(), nullable);
    let bytes = |name: &str| Field::new(name, DataType::Binary, true);
    let mut fields = vec![
        long("delivery"),
        long("keyhash"),
        text("origin", false),
        text("key", false),
        text("etag", false),
        text("status", false),
        text("reason", true),
        text("family", true),
        text("account", true),
        text("region", true),
        time("deliveredat", true),
        time("ingestedat", false),
        time("firstevent", true),
        time("lastevent", true),
        long("storedbytes"),
        long("contentbytes"),
        bytes("storedsha256"),
        bytes("contentsha256"),
    ];
    for count in ["records", "stored", "duplicate", "conflicting", "filtered", "expired", "flawed"] {
        fields.push(long(count));
    }
    fields.extend([bytes("frame"), bytes("placements"), text("evidence", true), text("metadata", true)]);
    Arc::new(Schema::new(fields))
}

/// Schema of the verdicts' Parquet files.
///
/// `judgedat` when it was given (the latest one counts), `kind` log or digest, `delivery` null for what was never collected,
/// `digestkey` and `digestsha256` (of the content) the digest that speaks of it.
pub fn verdicts() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        Field::new("judgedat", timestamp(), false),
        text("kind", false),
        text("origin", false),
        text("key", false),
        Field::new("delivery", DataType::Int64, true),
        text("verdict", false),
        text("digestkey", true),
        Field::new("digestsha256", DataType::Binary, true),
        text("reason", true),
    ]))
}

/// A schema as Delta writes it, with its partition column.
pub fn to_delta(schema: &Schema, partition: &str) -> Value {
    let field = |name: &str, data_type: &str, nullable: bool| json!({ "name": name, "type": data_type, "nullable": nullable, "metadata": {} });
    let mut fields: Vec<Value> = schema
        .fields()
        .iter()
        .map(|f| {
            let name = match f.data_type() {
                DataType::Boolean => "boolean",
                DataType::Int32 => "integer",
                DataType::Int64 => "long",
                DataType::Binary => "binary",
                DataType::Timestamp(..) => "timestamp",
                _ => "string",
            };
            field(f.name(), name, f.is_nullable())
        })
        .collect();
    fields.push(field(partition, "string", true));
    json!({ "type": "struct", "fields": fields })
}
