//! Public keys, looked up once for a Region and time, however many cells ask.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::{KeySource, KeysFound};
use crate::report::KeysFrom;

/// A digest may be signed with a key that became valid a little later: what the AWS CLI asks for beyond the range.
const AFTER: TimeDelta = TimeDelta::hours(2);
/// Around the time when a backfill digest was made.
const AROUND: TimeDelta = TimeDelta::hours(1);

type Looked = Result<Arc<KeysFound>, String>;

/// Keys that were looked up.
pub(super) struct KeyRing<'a> {
    source: &'a dyn KeySource,
    regions: Mutex<HashMap<String, Arc<Mutex<Vec<Known>>>>>,
}

struct Known {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    looked: Looked,
}

impl<'a> KeyRing<'a> {
    pub(super) fn new(source: &'a dyn KeySource) -> KeyRing<'a> {
        KeyRing { source, regions: Mutex::default() }
    }

    /// The keys of a Region for digests that ended between these times.
    pub(super) fn between(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Looked {
        self.looked(region, from, super::range::more(to, AFTER))
    }

    /// The keys of a Region for a backfill digest that was made at this time.
    pub(super) fn around(&self, region: &str, made: DateTime<Utc>) -> Looked {
        self.looked(region, super::range::less(made, AROUND), super::range::more(made, AROUND))
    }

    fn looked(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Looked {
        let known = Arc::clone(lock(&self.regions).entry(region.to_owned()).or_default());
        // Held while the source is asked: others of the Region wait for the answer instead of asking again.
        let mut known = lock(&known);
        if let Some(known) = known.iter().find(|known| known.from <= from && known.to >= to) {
            return known.looked.clone();
        }
        let looked = self.source.keys(region, from, to).map(Arc::new);
        known.push(Known { from, to, looked: looked.clone() });
        looked
    }

    /// Where the keys came from.
    pub(super) fn origins(&self) -> Vec<KeysFrom> {
        let mut origins: BTreeMap<(String, bool), u64> = BTreeMap::new();
        for region in lock(&self.regions).values() {
            for found in lock(region).iter().filter_map(|known| known.looked.as_ref().ok()) {
                let keys = origins.entry((found.origin.clone(), found.is_of_aws)).or_default();
                *keys = (*keys).max(found.keys.iter().count() as u64);
            }
        }
        origins.into_iter().map(|((origin, is_of_aws), keys)| KeysFrom { origin, keys, is_of_aws }).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
