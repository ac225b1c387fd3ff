//! Which records are in the lake already.
//!
//! The same record always has the same event day, so only that day's files are asked; of those, only the ones whose time range
//! overlaps; of those, a cached list of 64-bit ids says which can hold it; only then are hashes and placements read.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, Mutex};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use object_store::ObjectStoreExt;

use crate::archive::PartsOf;
use crate::delta::Add;
use crate::error::LakeError;
use crate::home::Home;
use crate::limits::KEY_CACHE_BYTES_MAX;
use crate::parquets;

/// A record that is in the lake or earlier in the same batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existing {
    /// The first half of its SHA-256.
    pub hash: [u8; 16],
    /// Its delivery.
    pub delivery: i64,
    /// Its position there.
    pub index: u32,
}

/// Ids of the records in a file, sorted.
type Ids = Arc<Vec<u64>>;

/// Ids of recently asked files, up to a limit.
#[derive(Default)]
pub struct KeyCache {
    inner: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    files: HashMap<String, (u64, Ids)>,
    bytes: usize,
    clock: u64,
}

/// What names an event: its ID and the account that received it; a record without an ID is named by its content.
pub fn id_of(event_id: Option<&[u8]>, account: Option<&[u8]>, hash: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match event_id.filter(|id| !id.is_empty()) {
        Some(id) => {
            hasher.write(id);
            hasher.write(&[0]);
            hasher.write(account.unwrap_or_default());
        }
        None => hasher.write(hash),
    }
    hasher.finish()
}

/// Records that have the same id: one as a rule, and then nothing is allocated for it.
#[derive(Default)]
pub struct Same {
    first: Option<Existing>,
    more: Vec<Existing>,
}

impl Same {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Existing> {
        self.first.iter().chain(&self.more)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// One more.
    pub fn push(&mut self, existing: Existing) {
        match self.first {
            None => self.first = Some(existing),
            Some(_) => self.more.push(existing),
        }
    }
}

/// Records by their ids.
pub type Found = HashMap<u64, Same, foldhash::fast::RandomState>;

impl KeyCache {
    fn get(&self, path: &str) -> Option<Ids> {
        let mut cached = self.inner.lock().ok()?;
        cached.clock += 1;
        let clock = cached.clock;
        let (used, ids) = cached.files.get_mut(path)?;
        *used = clock;
        Some(Arc::clone(ids))
    }

    /// Remembers the ids of a file, forgetting those that were not asked for the longest.
    pub fn put(&self, path: &str, mut ids: Vec<u64>) -> Ids {
        ids.sort_unstable();
        let ids = Arc::new(ids);
        if let Ok(mut cached) = self.inner.lock() {
            cached.clock += 1;
            let clock = cached.clock;
            cached.bytes += ids.len() * 8;
            if let Some((_, old)) = cached.files.insert(path.to_owned(), (clock, Arc::clone(&ids))) {
                cached.bytes -= old.len() * 8;
            }
            while cached.bytes > KEY_CACHE_BYTES_MAX && cached.files.len() > 1 {
                let oldest = cached.files.iter().min_by_key(|(_, (used, _))| *used).map(|(path, _)| path.clone());
                let Some((_, gone)) = oldest.and_then(|path| cached.files.remove(&path)) else { break };
                cached.bytes -= gone.len() * 8;
            }
        }
        ids
    }
}

/// Looks the wanted ids up in the files of a day; returns what is there under each.
pub async fn look_up(
    home: &Home,
    cache: &KeyCache,
    files: &[Arc<Add>],
    wanted: impl ExactSizeIterator<Item = u64>,
    times: (i64, i64),
) -> Result<Found, LakeError> {
    let mut found = Found::with_capacity_and_hasher(wanted.len(), foldhash::fast::RandomState::default());
    let files: Vec<&Arc<Add>> = files.iter().filter(|file| overlaps(file, times)).collect();
    let mut wanted: Vec<u64> = if files.is_empty() { Vec::new() } else { wanted.collect() };
    wanted.sort_unstable();
    wanted.dedup();
    for file in files {
        let ids = match cache.get(&file.path) {
            Some(ids) => ids,
            None => cache.put(&file.path, read_ids(home, file).await?),
        };
        let hits: Vec<u64> = wanted.iter().filter(|id| ids.binary_search(id).is_ok()).copied().collect();
        if !hits.is_empty() {
            read_existing(home, file, &hits, &mut found).await?;
        }
    }
    Ok(found)
}

/// Whether a file's event times overlap a range; a file that does not say may.
pub fn overlaps(file: &Add, (from, to): (i64, i64)) -> bool {
    file_times(file).is_none_or(|(first, last)| first <= to && from <= last)
}

/// First and last event time of a file, in microseconds, as its tags say.
pub fn file_times(file: &Add) -> Option<(i64, i64)> {
    Some((file.tag("trailkeep.first")?.parse().ok()?, file.tag("trailkeep.last")?.parse().ok()?))
}

async fn read_file(home: &Home, file: &Add) -> Result<Bytes, LakeError> {
    Ok(home.store.get(&home.path(&["archive"]).parts_of(&file.path)).await?.bytes().await?)
}

async fn read_ids(home: &Home, file: &Add) -> Result<Vec<u64>, LakeError> {
    let body = read_file(home, file).await?;
    let batches = parquets::decode_columns(body, &["eventid", "recipientaccountid", "recordhash"])?;
    Ok(batches.iter().flat_map(ids_of_batch).collect())
}

/// The ids of a batch's rows, in their order.
pub fn ids_of_batch(batch: &RecordBatch) -> Vec<u64> {
    let (Some(event), Some(account), Some(hash)) = (
        batch.column_by_name("eventid").and_then(|a| a.as_string_opt::<i32>()),
        batch.column_by_name("recipientaccountid").and_then(|a| a.as_string_opt::<i32>()),
        batch.column_by_name("recordhash").and_then(|a| a.as_binary_opt::<i32>()),
    ) else {
        return Vec::new();
    };
    (0..batch.num_rows()).map(|at| id_of(text(event, at), text(account, at), hash.value(at))).collect()
}

fn text(array: &arrow::array::StringArray, at: usize) -> Option<&[u8]> {
    (!array.is_null(at)).then(|| array.value(at).as_bytes())
}

async fn read_existing(home: &Home, file: &Add, hits: &[u64], found: &mut Found) -> Result<(), LakeError> {
    let body = read_file(home, file).await?;
    let columns = ["eventid", "recipientaccountid", "recordhash", "delivery", "recordindex"];
    let hits: std::collections::HashSet<u64> = hits.iter().copied().collect();
    for batch in parquets::decode_columns(body, &columns)? {
        let ids = ids_of_batch(&batch);
        let (Some(hash), Some(delivery), Some(index)) = (
            batch.column_by_name("recordhash").and_then(|a| a.as_binary_opt::<i32>()),
            batch.column_by_name("delivery").and_then(|a| a.as_primitive_opt::<Int64Type>()),
            batch.column_by_name("recordindex").and_then(|a| a.as_primitive_opt::<Int32Type>()),
        ) else {
            continue;
        };
        for (at, id) in ids.into_iter().enumerate().filter(|(_, id)| hits.contains(id)) {
            let existing = Existing {
                hash: hash.value(at).try_into().unwrap_or([0; 16]),
                delivery: delivery.value(at),
                index: index.value(at) as u32,
            };
            found.entry(id).or_default().push(existing);
        }
    }
    Ok(())
}
