//! What came before under the same key: whether a delivery is the old content once more, or other content.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use object_store::ObjectStoreExt;

use crate::archive::PartsOf;
use crate::error::LakeError;
use crate::home::Lake;
use crate::ledger::Status;
use crate::parquets;

/// Columns that say it.
const COLUMNS: [&str; 5] = ["keyhash", "status", "ingestedat", "storedsha256", "contentsha256"];

/// The latest delivery under a key that was not refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earlier {
    ingested_us: i64,
    stored_sha256: Option<[u8; 32]>,
    content_sha256: Option<[u8; 32]>,
}

impl Earlier {
    /// Whether it had this content; where that is not known, whether it was stored as the same bytes.
    pub fn is_same(&self, stored: Option<[u8; 32]>, content: Option<[u8; 32]>) -> bool {
        match (self.content_sha256, content) {
            (None, None) => stored.is_some() && self.stored_sha256 == stored,
            (earlier, content) => earlier == content,
        }
    }
}

impl Lake {
    /// What is in the ledger under some keys of a day, by the hash of origin and key.
    pub(crate) async fn earlier(&self, day: &str, keys: &HashSet<i64>) -> Result<HashMap<i64, Earlier>, LakeError> {
        let mut found = HashMap::new();
        if keys.is_empty() {
            return Ok(found);
        }
        for file in self.ledger_of(Some(day)).await? {
            let body = self.home.store.get(&self.home.path(&["ledger"]).parts_of(&file.path)).await?.bytes().await?;
            for batch in parquets::decode_columns(body, &COLUMNS)? {
                take(&batch, keys, &mut found);
            }
        }
        Ok(found)
    }
}

fn take(batch: &RecordBatch, keys: &HashSet<i64>, found: &mut HashMap<i64, Earlier>) {
    let (Some(keyhash), Some(status), Some(ingested)) = (
        batch.column_by_name("keyhash").and_then(|array| array.as_primitive_opt::<Int64Type>()),
        batch.column_by_name("status").and_then(|array| array.as_string_opt::<i32>()),
        batch.column_by_name("ingestedat").and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>()),
    ) else {
        return;
    };
    let hash = |name: &str, at: usize| -> Option<[u8; 32]> {
        let array = batch.column_by_name(name)?.as_binary_opt::<i32>()?;
        (!array.is_null(at)).then(|| array.value(at).try_into().ok()).flatten()
    };
    let wanted = |at: &usize| keys.contains(&keyhash.value(*at)) && status.value(*at) != Status::Refused.name();
    for at in (0..batch.num_rows()).filter(wanted) {
        let earlier = Earlier {
            ingested_us: ingested.value(at),
            stored_sha256: hash("storedsha256", at),
            content_sha256: hash("contentsha256", at),
        };
        let latest = found.entry(keyhash.value(at)).or_insert(earlier);
        if earlier.ingested_us > latest.ingested_us {
            *latest = earlier;
        }
    }
}
