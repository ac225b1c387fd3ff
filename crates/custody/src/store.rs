//! A home as a store: its log files were rebuilt from rows, its digests are kept as evidence.
//!
//! So the judgment over a bucket is made over a lake as well, by the same code, after the bucket is gone. One store is what was
//! collected from one origin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Datelike, NaiveDate};
use lake::Lake;
use lake::ledger::Metadata;
use layout::Level;
use seal::PublicKeys;
use tokio::runtime::Handle;

use prove::store::{Body, Listed, Object, Page, Refusal, Store};

use crate::index::{self, CellNumber, Index, Item, Left};
use crate::vouch;

/// Days of cells that are held at the same time.
const DAYS_HELD_MAX: usize = 64;

/// What one origin delivered to a home.
pub struct HomeStore {
    lake: Arc<Lake>,
    runtime: Handle,
    index: Arc<Index>,
    keys: Arc<PublicKeys>,
    origin: String,
    bucket: Option<String>,
    /// Folders down to the Region, each ending in `/`.
    cells: BTreeMap<String, CellNumber>,
    held: Mutex<Vec<(CellDay, Arc<Day>)>>,
}

/// A cell on a day.
type CellDay = (CellNumber, NaiveDate);

/// The deliveries of one cell and day by key; several where a key was overwritten.
type Day = BTreeMap<String, Vec<Item>>;

/// The origins of a home, each as a store. Call it within a runtime; read from the stores on other threads. The keys decide where
/// several signatures of one digest were given.
pub fn open(lake: &Arc<Lake>, index: Index, keys: PublicKeys) -> Vec<HomeStore> {
    let (index, keys) = (Arc::new(index), Arc::new(keys));
    let stores = index.origins.iter().map(|(origin, cells)| HomeStore {
        lake: Arc::clone(lake),
        runtime: Handle::current(),
        index: Arc::clone(&index),
        keys: Arc::clone(&keys),
        bucket: bucket(origin),
        origin: origin.clone(),
        cells: cells.clone(),
        held: Mutex::default(),
    });
    stores.collect()
}

/// `s3://bucket`, or the last name of a folder.
fn bucket(origin: &str) -> Option<String> {
    let (_, path) = origin.split_once("://")?;
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

impl HomeStore {
    fn day(&self, cell: CellNumber, day: NaiveDate) -> Result<Arc<Day>, Refusal> {
        let place = (cell, day);
        if let Some(items) = self.held_day(place, None) {
            return Ok(items);
        }
        let items = self.index.items(cell, day).map_err(|error| Refusal::Unreadable(error.to_string()))?;
        let mut by_key = Day::new();
        for item in items {
            by_key.entry(item.key.clone()).or_default().push(item);
        }
        by_key.values_mut().for_each(|versions| versions.sort_by_key(|item| item.ingested_us));
        // What came again with its metadata only, and never by itself, is nothing that is there.
        by_key.retain(|_, versions| versions.iter().any(|item| item.left != Left::Same));
        let items = Arc::new(by_key);
        Ok(self.held_day(place, Some(Arc::clone(&items))).unwrap_or(items))
    }

    /// A day that is held, the one that is to be held among them; those that were asked for last are.
    fn held_day(&self, place: CellDay, new: Option<Arc<Day>>) -> Option<Arc<Day>> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|(of, _)| *of == place).map(|at| all.remove(at).1);
        let items = known.or(new)?;
        all.push((place, Arc::clone(&items)));
        let surplus = all.len().saturating_sub(DAYS_HELD_MAX);
        all.drain(..surplus);
        Some(items)
    }

    /// The folders right under a prefix.
    fn folders(&self, prefix: &str) -> BTreeSet<String> {
        let spot = layout::spot(prefix);
        let below_region = match spot.level {
            Level::Region => 0,
            Level::Year => 1,
            Level::Month => 2,
            _ => {
                let below = self.cells.keys().filter_map(|cell| cell.strip_prefix(prefix)?.split_once('/'));
                return below.map(|(name, _)| format!("{prefix}{name}/")).collect();
            }
        };
        let days =
            cut(prefix, below_region).and_then(|cell| self.cells.get(cell)).into_iter().flat_map(|cell| self.index.days(*cell));
        let is_below = |day: &NaiveDate| {
            spot.year.is_none_or(|year| year == day.year()) && spot.month.is_none_or(|month| month == day.month())
        };
        let name = |day: NaiveDate| match spot.level {
            Level::Region => format!("{:04}", day.year()),
            Level::Year => format!("{:02}", day.month()),
            _ => format!("{:02}", day.day()),
        };
        days.filter(is_below).map(|day| format!("{prefix}{}/", name(day))).collect()
    }

    /// What was delivered under a key, and the metadata that its content ever came with.
    fn item(&self, key: &str) -> Result<(Item, Vec<Metadata>), Refusal> {
        let (cell, day) = index::place(key).ok_or(Refusal::NotFound)?;
        let cell = self.cells.get(cell).ok_or(Refusal::NotFound)?;
        let items = self.day(*cell, day)?;
        let versions = items.get(key).ok_or(Refusal::NotFound)?;
        // The first one is what was delivered; what was written over it later is told by `collect`.
        let is_read = |item: &&Item| !matches!(item.left, Left::Refused | Left::Same);
        let read = versions.iter().find(is_read).or_else(|| versions.iter().find(|item| item.left != Left::Same));
        let read = read.ok_or(Refusal::NotFound)?;
        let mut metadata: Vec<Metadata> = Vec::new();
        for item in versions.iter().filter(|item| item.content_sha256 == read.content_sha256 && !item.metadata.is_empty()) {
            if !metadata.contains(&item.metadata) {
                metadata.push(item.metadata.clone());
            }
        }
        Ok((read.clone(), metadata))
    }

    fn evidence(&self, item: &Item, path: &str, mut metadata: Vec<Metadata>) -> Result<Object, Refusal> {
        let stored = self.runtime.block_on(self.lake.evidence_at(path, item.stored_sha256));
        let stored = stored.map_err(|error| Refusal::Unreadable(error.to_string()))?;
        let holds = |metadata: &Metadata| vouch::is_signed(&item.key, &stored, metadata, &self.keys);
        let best = if metadata.len() > 1 { metadata.iter().position(holds).unwrap_or(0) } else { 0 };
        let metadata = if metadata.is_empty() { Metadata::new() } else { metadata.swap_remove(best) };
        Ok(Object { body: Body::Stored(stored.to_vec()), metadata })
    }
}

/// A prefix without its last names.
fn cut(prefix: &str, names: usize) -> Option<&str> {
    let slashes = prefix.trim_end_matches('/').rmatch_indices('/');
    if names == 0 { Some(prefix) } else { prefix.get(..=slashes.into_iter().nth(names - 1)?.0) }
}

impl Store for HomeStore {
    fn name(&self) -> &str {
        &self.origin
    }

    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn root(&self) -> &str {
        ""
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        let is_after = |name: &str| after.is_none_or(|after| name > after);
        let Some(day) = layout::spot(prefix).day else {
            let folders = self.folders(prefix).into_iter().filter(|folder| is_after(folder)).collect();
            return Ok(Page { folders, objects: Vec::new(), next: None });
        };
        let Some(cell) = cut(prefix, 3).and_then(|cell| self.cells.get(cell)) else { return Ok(Page::default()) };
        let items = self.day(*cell, day)?;
        let listed = items.iter().filter(|(key, _)| is_after(key)).map(|(key, versions)| Listed {
            key: key.clone(),
            size_bytes: versions.first().map_or(0, |item| item.stored_bytes),
            is_archived: false,
        });
        Ok(Page { folders: Vec::new(), objects: listed.collect(), next: None })
    }

    fn read(&self, key: &str, _: u64) -> Result<Object, Refusal> {
        let (item, metadata) = self.item(key)?;
        if let Some(path) = &item.evidence {
            return self.evidence(&item, path, metadata);
        }
        match (item.left, item.content_sha256) {
            (Left::Retired, _) => Err(Refusal::Retired),
            (Left::Whole, Some(content_sha256)) => {
                Ok(Object { body: Body::Rebuilt { content_sha256, content_bytes: item.content_bytes }, metadata: item.metadata })
            }
            _ => Err(Refusal::Unreadable("its content cannot be rebuilt from the rows".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn prefixes_without_their_last_names() {
        let cases = [("a/b/", 0, Some("a/b/")), ("a/2026/", 1, Some("a/")), ("a/2026/11/02/", 3, Some("a/")), ("2026/", 1, None)];
        for (prefix, names, told) in cases {
            assert_eq!(cut(prefix, names), told, "{prefix}");
        }
    }
}
