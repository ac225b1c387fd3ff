//! The ledger: one row a delivery, whatever became of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sha2::{Digest, Sha256};

use crate::append::Counts;
use crate::error::LakeError;
use crate::schema;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its records are in the lake.
    Ingested,
    /// It could not be read or understood; the reason is given, and its bytes are kept as evidence where we had them.
    Refused,
    /// The same content as before under a new entity tag (a file that was touched).
    Same,
    /// No log file but evidence about log files (a digest): kept as it came, no records are read from it.
    Evidence,
}

impl Status {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ingested => "ingested",
            Status::Refused => "refused",
            Status::Same => "same",
            Status::Evidence => "evidence",
        }
    }

    pub(crate) fn named(name: &str) -> Status {
        match name {
            "ingested" => Status::Ingested,
            "same" => Status::Same,
            "evidence" => Status::Evidence,
            _ => Status::Refused,
        }
    }
}

/// One row of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Hash of origin, key and entity tag.
    pub delivery: i64,
    /// Hash of origin and key.
    pub keyhash: i64,
    /// Where it came from: `s3://bucket`, `file:///path`.
    pub origin: String,
    /// Its key there.
    pub key: String,
    /// Its entity tag.
    pub etag: String,
    /// What became of it.
    pub status: Status,
    /// Why, where it was refused or something is odd about it.
    pub reason: Option<String>,
    /// CloudTrail, CloudTrail-Insight, ... as its key says.
    pub family: Option<String>,
    /// Account in its key.
    pub account: Option<String>,
    /// Region in its key.
    pub region: Option<String>,
    /// Time in its key, in microseconds.
    pub delivered_us: Option<i64>,
    /// When it was ingested, in microseconds.
    pub ingested_us: i64,
    /// Earliest event in it.
    pub first_us: Option<i64>,
    /// Latest event in it.
    pub last_us: Option<i64>,
    /// Size as stored at the source.
    pub stored_bytes: u64,
    /// Size of the content.
    pub content_bytes: u64,
    /// SHA-256 of the stored bytes.
    pub stored_sha256: Option<[u8; 32]>,
    /// SHA-256 of the content.
    pub content_sha256: Option<[u8; 32]>,
    /// What became of its records.
    pub counts: Counts,
    /// Everything in it that is not a record.
    pub frame: Option<Vec<u8>>,
    /// Records of it whose row belongs to another delivery.
    pub placements: Vec<Placement>,
    /// Where its bytes are kept, if rows cannot give them back.
    pub evidence: Option<String>,
    /// What its source keeps beside the bytes of evidence (a digest's `signature`, ...).
    pub metadata: Metadata,
}

/// User metadata of an object: names in lower case, without `x-amz-meta-`.
pub type Metadata = Vec<(String, String)>;

/// A record of a delivery that stands in the lake as a row of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Position in this delivery.
    pub index: u32,
    /// The other delivery.
    pub delivery: i64,
    /// Position there.
    pub at: u32,
}

/// The 64-bit name of a delivery: a prefix of the SHA-256 of origin, key and entity tag.
pub fn delivery_hash(origin: &str, key: &str, etag: &str) -> i64 {
    hash64(&[origin, key, etag])
}

/// The 64-bit name of a key.
pub fn key_hash(origin: &str, key: &str) -> i64 {
    hash64(&[origin, key])
}

/// A prefix of the SHA-256 of the parts, each closed by a zero byte.
pub fn hash64(parts: &[&str]) -> i64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    let digest = hasher.finalize();
    digest.first_chunk::<8>().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// Packs placements: count-free, 16 bytes each.
fn pack(placements: &[Placement]) -> Option<Vec<u8>> {
    let one = |p: &Placement| {
        let mut bytes = p.index.to_le_bytes().to_vec();
        bytes.extend(p.at.to_le_bytes());
        bytes.extend(p.delivery.to_le_bytes());
        bytes
    };
    (!placements.is_empty()).then(|| placements.iter().flat_map(one).collect())
}

fn unpack(bytes: &[u8]) -> Vec<Placement> {
    let one = |chunk: &[u8]| {
        let (index, rest) = chunk.split_first_chunk::<4>()?;
        let (at, rest) = rest.split_first_chunk::<4>()?;
        let delivery = rest.first_chunk::<8>()?;
        Some(Placement { index: u32::from_le_bytes(*index), at: u32::from_le_bytes(*at), delivery: i64::from_le_bytes(*delivery) })
    };
    bytes.chunks_exact(16).filter_map(one).collect()
}

/// Metadata as the table has it: a JSON object, its names in order; null where there is none.
fn metadata_to_json(metadata: &Metadata) -> Option<String> {
    let sorted: BTreeMap<&str, &str> = metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    (!sorted.is_empty()).then(|| serde_json::to_string(&sorted).unwrap_or_default())
}

fn metadata_from_json(text: &str) -> Metadata {
    let read: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
    read.into_iter().collect()
}

/// Ledger rows as a batch.
pub fn to_batch(entries: &[Entry]) -> Result<RecordBatch, LakeError> {
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let long = |get: &dyn Fn(&Entry) -> i64| -> ArrayRef {
        let mut builder = Int64Builder::new();
        entries.iter().for_each(|entry| builder.append_value(get(entry)));
        Arc::new(builder.finish())
    };
    let text = |get: &dyn Fn(&Entry) -> Option<String>| -> ArrayRef {
        let mut builder = StringBuilder::new();
        entries.iter().for_each(|entry| builder.append_option(get(entry)));
        Arc::new(builder.finish())
    };
    let time = |get: &dyn Fn(&Entry) -> Option<i64>| -> ArrayRef {
        let mut builder = TimestampMicrosecondBuilder::new().with_timezone("UTC");
        entries.iter().for_each(|entry| builder.append_option(get(entry)));
        Arc::new(builder.finish())
    };
    let bytes = |get: &dyn Fn(&Entry) -> Option<Vec<u8>>| -> ArrayRef {
        let mut builder = BinaryBuilder::new();
        entries.iter().for_each(|entry| builder.append_option(get(entry)));
        Arc::new(builder.finish())
    };
    arrays.extend([
        long(&|e| e.delivery),
        long(&|e| e.keyhash),
        text(&|e| Some(e.origin.clone())),
        text(&|e| Some(e.key.clone())),
        text(&|e| Some(e.etag.clone())),
        text(&|e| Some(e.status.name().to_owned())),
        text(&|e| e.reason.clone()),
        text(&|e| e.family.clone()),
        text(&|e| e.account.clone()),
        text(&|e| e.region.clone()),
        time(&|e| e.delivered_us),
        time(&|e| Some(e.ingested_us)),
        time(&|e| e.first_us),
        time(&|e| e.last_us),
        long(&|e| e.stored_bytes as i64),
        long(&|e| e.content_bytes as i64),
        bytes(&|e| e.stored_sha256.map(|hash| hash.to_vec())),
        bytes(&|e| e.content_sha256.map(|hash| hash.to_vec())),
        long(&|e| e.counts.records as i64),
        long(&|e| e.counts.stored as i64),
        long(&|e| e.counts.duplicate as i64),
        long(&|e| e.counts.conflicting as i64),
        long(&|e| e.counts.filtered as i64),
        long(&|e| e.counts.expired as i64),
        long(&|e| e.counts.flawed as i64),
        bytes(&|e| e.frame.clone()),
        bytes(&|e| pack(&e.placements)),
        text(&|e| e.evidence.clone()),
        text(&|e| metadata_to_json(&e.metadata)),
    ]);
    Ok(RecordBatch::try_new(schema::ledger(), arrays)?)
}

/// Reads ledger rows back.
pub fn from_batch(batch: &RecordBatch) -> Vec<Entry> {
    let column = |name: &str| batch.column_by_name(name);
    let long = |name: &str, at: usize| column(name).map_or(0, |array| array.as_primitive::<Int64Type>().value(at));
    let text = |name: &str, at: usize| {
        let array = column(name)?;
        (!array.is_null(at)).then(|| array.as_string::<i32>().value(at).to_owned())
    };
    let time = |name: &str, at: usize| {
        let array = column(name)?;
        (!array.is_null(at)).then(|| array.as_primitive::<TimestampMicrosecondType>().value(at))
    };
    let bytes = |name: &str, at: usize| {
        let array = column(name)?;
        (!array.is_null(at)).then(|| array.as_binary::<i32>().value(at).to_vec())
    };
    let hash = |name: &str, at: usize| bytes(name, at)?.try_into().ok();
    (0..batch.num_rows())
        .map(|at| Entry {
            delivery: long("delivery", at),
            keyhash: long("keyhash", at),
            origin: text("origin", at).unwrap_or_default(),
            key: text("key", at).unwrap_or_default(),
            etag: text("etag", at).unwrap_or_default(),
            status: Status::named(&text("status", at).unwrap_or_default()),
            reason: text("reason", at),
            family: text("family", at),
            account: text("account", at),
            region: text("region", at),
            delivered_us: time("deliveredat", at),
            ingested_us: time("ingestedat", at).unwrap_or(0),
            first_us: time("firstevent", at),
            last_us: time("lastevent", at),
            stored_bytes: long("storedbytes", at) as u64,
            content_bytes: long("contentbytes", at) as u64,
            stored_sha256: hash("storedsha256", at),
            content_sha256: hash("contentsha256", at),
            counts: Counts {
                records: long("records", at) as u64,
                stored: long("stored", at) as u64,
                duplicate: long("duplicate", at) as u64,
                conflicting: long("conflicting", at) as u64,
                filtered: long("filtered", at) as u64,
                expired: long("expired", at) as u64,
                flawed: long("flawed", at) as u64,
            },
            frame: bytes("frame", at),
            placements: unpack(&bytes("placements", at).unwrap_or_default()),
            evidence: text("evidence", at),
            metadata: text("metadata", at).map(|json| metadata_from_json(&json)).unwrap_or_default(),
        })
        .collect()
}

/// Which deliveries of a day are known, by 64-bit hashes: 24 bytes each.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Deliveries that are done with.
    done: HashSet<i64>,
    /// Hashes of origin and key of those.
    keys: HashSet<i64>,
    /// Deliveries that were refused, and the hash of the reason.
    refused: HashSet<(i64, i64)>,
}

impl Known {
    /// Whether this very delivery is done with.
    pub fn has(&self, delivery: i64) -> bool {
        self.done.contains(&delivery)
    }

    /// Whether something was kept under this key.
    pub fn has_key(&self, keyhash: i64) -> bool {
        self.keys.contains(&keyhash)
    }

    /// Whether this delivery was refused for this reason before.
    pub fn is_refused(&self, delivery: i64, reason: &str) -> bool {
        self.refused.contains(&(delivery, hash64(&[reason])))
    }

    /// Notes a delivery that is done with.
    pub fn insert(&mut self, keyhash: i64, delivery: i64) {
        self.done.insert(delivery);
        self.keys.insert(keyhash);
    }

    /// Takes in the rows of a batch that holds `delivery`, `keyhash`, `status` and `reason`.
    pub(crate) fn take(&mut self, batch: &RecordBatch) {
        let (Some(delivery), Some(keyhash), Some(status)) =
            (batch.column_by_name("delivery"), batch.column_by_name("keyhash"), batch.column_by_name("status"))
        else {
            return;
        };
        let (delivery, keyhash, status) =
            (delivery.as_primitive::<Int64Type>(), keyhash.as_primitive::<Int64Type>(), status.as_string::<i32>());
        let reason = batch.column_by_name("reason").and_then(|array| array.as_string_opt::<i32>());
        for at in 0..batch.num_rows() {
            if status.value(at) != Status::Refused.name() {
                self.insert(keyhash.value(at), delivery.value(at));
            } else if let Some(reason) = reason {
                self.refused.insert((delivery.value(at), hash64(&[reason.value(at)])));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placements_are_packed_and_unpacked() {
        let all = vec![Placement { index: 3, delivery: -5, at: 9 }, Placement { index: u32::MAX, delivery: i64::MAX, at: 0 }];
        assert_eq!(unpack(&pack(&all).unwrap()), all);
        assert_eq!(pack(&[]), None);
    }

    #[test]
    fn metadata_is_an_object_in_order() {
        let metadata = vec![("signature".to_owned(), "0a".to_owned()), ("a\"b".to_owned(), String::new())];
        let json = metadata_to_json(&metadata).unwrap();
        assert_eq!(json, r#"{"a\"b":"","signature":"0a"}"#);
        assert_eq!(metadata_from_json(&json), [metadata[1].clone(), metadata[0].clone()]);
        assert_eq!((metadata_to_json(&Vec::new()), metadata_from_json("[1]")), (None, Vec::new()));
    }

    #[test]
    fn both_deliveries_of_a_key_are_known_whichever_row_is_read_last() {
        let mut known = Known::default();
        known.insert(1, 11);
        known.insert(1, 12);
        assert!(known.has(11) && known.has(12) && known.has_key(1));
        assert!(!known.has(1) && !known.has_key(11));
    }
}
