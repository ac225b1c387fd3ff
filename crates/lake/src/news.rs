//! The records that a commit added, read from its own files: for whoever judges what is new, step by step.

use std::collections::{HashMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;

use crate::append::NO_STORE;
use crate::archive::PartsOf;
use crate::changes::Change;
use crate::error::LakeError;
use crate::home::Lake;
use crate::inspect::{LiveFile, Table};
use crate::parquets;
use crate::rebuild::records_of;

/// A record, and where it stood.
#[derive(Clone, Copy, Debug)]
pub struct NewRecord<'a> {
    /// Its exact bytes.
    pub bytes: &'a [u8],
    /// Its delivery.
    pub delivery: i64,
    /// Its place there.
    pub index: u64,
}

impl Lake {
    /// Hands over the records that a commit added to some days. A file that was compacted away meanwhile is looked for in those that
    /// took its place.
    pub async fn records_added(
        &self,
        change: &Change,
        wants_day: impl Fn(&str) -> bool,
        mut each: impl FnMut(NewRecord<'_>),
    ) -> Result<(), LakeError> {
        for file in change.added.iter().filter(|file| wants_day(&file.day)) {
            match self.read_object(&file.path).await? {
                Some(body) => hand_over(body, None, &mut each)?,
                None => self.records_moved(change, &file.day, &mut each).await?,
            }
        }
        Ok(())
    }

    /// Hands over the records of a file of the archive.
    pub async fn records_of_file(&self, file: &LiveFile, mut each: impl FnMut(NewRecord<'_>)) -> Result<(), LakeError> {
        match self.read_object(&file.path).await? {
            Some(body) => hand_over(body, None, &mut each),
            None => Ok(()),
        }
    }

    /// Keys of the deliveries that a commit brought.
    pub async fn keys_added(&self, change: &Change) -> Result<HashMap<i64, String>, LakeError> {
        let mut keys = HashMap::new();
        for file in &change.ledger {
            let body = self.home.store.get(&self.home.path(&["ledger"]).parts_of(&file.path)).await?.bytes().await?;
            for batch in parquets::decode_columns(body, &["delivery", "key"])? {
                let delivery = batch.column_by_name("delivery").and_then(|array| array.as_primitive_opt::<Int64Type>());
                let key = batch.column_by_name("key").and_then(|array| array.as_string_opt::<i32>());
                if let (Some(delivery), Some(key)) = (delivery, key) {
                    keys.extend((0..batch.num_rows()).map(|at| (delivery.value(at), key.value(at).to_owned())));
                }
            }
        }
        Ok(keys)
    }

    /// Removes all but the last of a folder's numbered documents, of those that only say how far somebody has read.
    pub async fn prune_cursor(&self, folder: &str, keep: usize) -> Result<(), LakeError> {
        let mut paths: Vec<String> = self.objects_in(folder).map_ok(|object| object.path).try_collect().await?;
        paths.sort();
        let surplus = paths.len().saturating_sub(keep);
        let paths = paths.into_iter().take(surplus).filter(|path| path.starts_with("findings/cursor/"));
        self.forget(paths.map(|path| self.home.path(&[]).parts_of(&path))).await;
        Ok(())
    }

    async fn records_moved(&self, change: &Change, day: &str, each: &mut impl FnMut(NewRecord<'_>)) -> Result<(), LakeError> {
        let brought: HashSet<i64> = self.keys_added(change).await?.into_keys().collect();
        for file in self.live(Table::Archive).await?.into_iter().filter(|file| file.day == day) {
            if let Some(body) = self.read_object(&file.path).await? {
                hand_over(body, Some(&brought), each)?;
            }
        }
        Ok(())
    }
}

fn hand_over(body: Bytes, of: Option<&HashSet<i64>>, each: &mut impl FnMut(NewRecord<'_>)) -> Result<(), LakeError> {
    for batch in parquets::decode(body)? {
        hand_over_batch(&batch, of, each);
    }
    Ok(())
}

fn hand_over_batch(batch: &RecordBatch, of: Option<&HashSet<i64>>, each: &mut impl FnMut(NewRecord<'_>)) {
    let delivery = batch.column_by_name("delivery").and_then(|array| array.as_primitive_opt::<Int64Type>());
    let index = batch.column_by_name("recordindex").and_then(|array| array.as_primitive_opt::<Int32Type>());
    let members = batch.column_by_name("membership").and_then(|array| array.as_primitive_opt::<Int64Type>());
    let (Some(delivery), Some(index), Some(members)) = (delivery, index, members) else { return };
    for (at, bytes) in records_of(batch).into_iter().enumerate() {
        let Some(bytes) = bytes else { continue };
        let place = delivery.value(at);
        // A row in no store is another writing of a record that came before.
        if members.value(at) != NO_STORE && of.is_none_or(|of| of.contains(&place)) {
            each(NewRecord { bytes: &bytes, delivery: place, index: u64::from(index.value(at).unsigned_abs()) });
        }
    }
}
