//! A home as a store: its log files are rebuilt from rows, its digests are kept as evidence.
//!
//! So the judgment over a bucket is made over a lake as well, by the same code, after the bucket is gone. One store is what was
//! collected from one origin.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use chrono::{Datelike, NaiveDate};
use lake::ledger::{Entry, Status};
use lake::{Lake, LakeError};
use layout::Level;
use tokio::runtime::Handle;

use prove::store::{Body, Listed, Object, Page, Refusal, Store};

/// Days of the ledger that are held at the same time.
const DAYS_HELD_MAX: usize = 6;

/// What one origin delivered to a home.
pub struct HomeStore {
    lake: Arc<Lake>,
    runtime: Handle,
    origin: String,
    bucket: Option<String>,
    /// Folders down to the Region, each ending in `/`.
    cells: BTreeSet<String>,
    days: BTreeSet<NaiveDate>,
    lost: Arc<HashSet<i64>>,
    held: Mutex<Vec<(NaiveDate, Arc<Day>)>>,
}

/// The deliveries of one day by key; several where a key was overwritten.
type Day = BTreeMap<String, Vec<Item>>;

#[derive(Clone, Debug)]
struct Item {
    entry: Entry,
}

/// The origins of a home, each as a store. Call it within a runtime; read from the stores on other threads.
pub async fn open(lake: &Arc<Lake>, lost: HashSet<i64>) -> Result<Vec<HomeStore>, LakeError> {
    let lost = Arc::new(lost);
    let mut origins: BTreeMap<String, (BTreeSet<String>, BTreeSet<NaiveDate>)> = BTreeMap::new();
    for day in lake.delivery_days().await? {
        for entry in lake.deliveries(&day).await? {
            let Some(place) = layout::place(&entry.key).and_then(|place| place.day) else { continue };
            let (cells, days) = origins.entry(entry.origin.clone()).or_default();
            days.insert(place);
            cells.extend(cell(&entry.key));
        }
    }
    let stores = origins.into_iter().map(|(origin, (cells, days))| HomeStore {
        lake: Arc::clone(lake),
        runtime: Handle::current(),
        bucket: bucket(&origin),
        origin,
        cells,
        days,
        lost: Arc::clone(&lost),
        held: Mutex::default(),
    });
    Ok(stores.collect())
}

/// `s3://bucket`, or the last name of a folder.
fn bucket(origin: &str) -> Option<String> {
    let (_, path) = origin.split_once("://")?;
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The folder of a key's account, family and Region.
fn cell(key: &str) -> Option<String> {
    let folder = key.rsplit_once('/')?.0;
    // Year, month and day are the last three names of a delivery's folder.
    let mut cut = folder;
    for _ in 0..3 {
        cut = cut.rsplit_once('/')?.0;
    }
    let cell = format!("{cut}/");
    (layout::spot(&cell).level == Level::Region).then_some(cell)
}

impl HomeStore {
    fn day(&self, day: NaiveDate) -> Result<Arc<Day>, Refusal> {
        let held = |held: &Vec<(NaiveDate, Arc<Day>)>| held.iter().find(|(of, _)| *of == day).map(|(_, items)| Arc::clone(items));
        let mut all = self.held.lock().map_err(|_| Refusal::Unreadable("a reader stopped".to_owned()))?;
        if let Some(items) = held(&all) {
            return Ok(items);
        }
        let entries = self.runtime.block_on(self.lake.deliveries(&day.to_string()));
        let entries = entries.map_err(|error| Refusal::Unreadable(error.to_string()))?;
        let mut items = Day::new();
        for entry in entries.into_iter().filter(|entry| entry.origin == self.origin && entry.status != Status::Same) {
            items.entry(entry.key.clone()).or_default().push(Item { entry });
        }
        let items = Arc::new(items);
        all.push((day, Arc::clone(&items)));
        let surplus = all.len().saturating_sub(DAYS_HELD_MAX);
        all.drain(..surplus);
        Ok(items)
    }

    /// The folders right under a prefix.
    fn folders(&self, prefix: &str) -> Vec<String> {
        let spot = layout::spot(prefix);
        let mut folders: BTreeSet<String> = BTreeSet::new();
        match spot.level {
            Level::Region => folders.extend(self.days.iter().map(|day| format!("{prefix}{:04}/", day.year()))),
            Level::Year => {
                let of_year = self.days.iter().filter(|day| Some(day.year()) == spot.year);
                folders.extend(of_year.map(|day| format!("{prefix}{:02}/", day.month())));
            }
            Level::Month => {
                let of_month = self.days.iter().filter(|day| Some(day.year()) == spot.year && Some(day.month()) == spot.month);
                folders.extend(of_month.map(|day| format!("{prefix}{:02}/", day.day())));
            }
            _ => {
                let below = self.cells.iter().filter_map(|cell| cell.strip_prefix(prefix)?.split_once('/'));
                folders.extend(below.map(|(name, _)| format!("{prefix}{name}/")));
            }
        }
        folders.into_iter().collect()
    }

    fn item(&self, key: &str) -> Result<Item, Refusal> {
        let day = layout::place(key).and_then(|place| place.day).ok_or(Refusal::NotFound)?;
        let items = self.day(day)?;
        let versions = items.get(key).ok_or(Refusal::NotFound)?;
        // The first one is what was delivered; what was written over it later is told by `collect`.
        let read = versions.iter().find(|item| item.entry.status != Status::Refused);
        read.or_else(|| versions.first()).cloned().ok_or(Refusal::NotFound)
    }
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
        let items = self.day(day)?;
        let under = items.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let listed = under.filter(|(key, _)| is_after(key)).map(|(key, versions)| Listed {
            key: key.clone(),
            size_bytes: versions.first().map_or(0, |item| item.entry.stored_bytes),
            is_archived: false,
        });
        Ok(Page { folders: Vec::new(), objects: listed.collect(), next: None })
    }

    fn read(&self, key: &str, _: u64) -> Result<Object, Refusal> {
        let Item { entry } = self.item(key)?;
        let metadata: HashMap<String, String> = entry.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let metadata = metadata.into_iter().collect();
        if entry.evidence.is_some() {
            let stored = self.runtime.block_on(self.lake.read_evidence(&entry));
            let stored = stored.map_err(|error| Refusal::Unreadable(error.to_string()))?;
            return Ok(Object { body: Body::Stored(stored.to_vec()), metadata });
        }
        match entry.content_sha256 {
            Some(content_sha256) if !self.lost.contains(&entry.delivery) => {
                Ok(Object { body: Body::Rebuilt { content_sha256, content_bytes: entry.content_bytes }, metadata })
            }
            _ => Err(Refusal::Unreadable("its content cannot be rebuilt from the rows".to_owned())),
        }
    }
}
