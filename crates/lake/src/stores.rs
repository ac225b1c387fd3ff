//! Event data stores: which records of the one archive a store holds, and for how long.
//!
//! A store is a document and one bit in every row's `membership`, not a copy. The default store, `events`, holds every record: that
//! is what lets log files be rebuilt and proven, so it has no selectors. What AWS lets a store do and what it refuses is
//! decided here once; verbs and servers only carry words. Source: CloudTrail API reference, CreateEventDataStore and its
//! neighbours; CloudTrail user guide, "Event data stores".

mod change;
mod choose;
mod create;
mod default_store;
mod enroll;
mod error;
mod known;
mod life;
mod store;

pub use change::Changes;
pub(crate) use choose::Chooser;
pub use create::NewStore;
pub(crate) use default_store::{create_events, identify_events};
pub use enroll::{Enrolled, Period};
pub use error::StoreError;
pub(crate) use known::KnownStores;
pub use store::{BillingMode, Store, StoreKind, StoreStatus};

use futures::TryStreamExt;

use crate::config;
use crate::error::LakeError;
use crate::home::{Home, Lake};
use crate::outside::Outside;

/// Name of the store that every home has, and that holds every record.
pub const EVENTS: &str = "events";
/// Names of tables that no store may have.
pub const RESERVED_NAMES: [&str; 3] = [EVENTS, "deliveries", "verdicts"];
/// Event data stores beside the default one, all states counted (CloudTrail's quota).
pub const STORES_MAX: usize = 10;
/// Stores that a home can make in its life: each has a bit of its own, which no other store ever gets.
pub const STORE_BITS_MAX: u8 = 62;
/// How long a running collector may not know of a change to a store, in microseconds.
pub(crate) const STORES_KNOWN_US_MAX: i64 = 60_000_000;

/// The document of a store, by its bit.
pub(crate) fn document_name(bit: u8) -> String {
    if bit == 0 { "store-events".to_owned() } else { format!("store-{bit}") }
}

/// An id for a new store, written as AWS writes its UUIDs.
pub(crate) fn store_id(outside: &Outside) -> String {
    let unique = (outside.unique)();
    let digits: Vec<char> = unique.chars().filter(char::is_ascii_hexdigit).collect();
    let mut id = String::with_capacity(36);
    for (at, digit) in digits.into_iter().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

/// The latest document of every store that there ever was, the default one first.
pub(crate) async fn read_all(home: &Home) -> Result<Vec<(u32, Store)>, LakeError> {
    let listed = home.store.list_with_delimiter(Some(&home.path(&["config"]))).await?;
    let names = listed.common_prefixes.iter().filter_map(|path| path.filename());
    let names = names.filter(|name| name.strip_prefix("store-").is_some_and(|rest| rest == EVENTS || rest.parse::<u8>().is_ok()));
    let read = names.map(|name| config::latest::<Store>(home, name));
    let mut stores: Vec<(u32, Store)> =
        read.collect::<futures::stream::FuturesOrdered<_>>().try_filter_map(async |found| Ok(found)).try_collect().await?;
    stores.sort_by_key(|(_, store)| store.bit);
    if stores.first().is_none_or(|(_, store)| store.bit != 0) {
        stores.insert(0, (0, Store::events()));
    }
    Ok(stores)
}

impl Lake {
    /// The stores that there are, the default one first; a store whose seven days of waiting are over is not among them.
    pub async fn stores(&self) -> Result<Vec<Store>, LakeError> {
        let now_us = (self.outside.now_us)();
        let stores: Vec<Store> = read_all(&self.home).await?.into_iter().map(|(_, store)| store).collect();
        self.known_stores.lock().await.set(&stores, now_us);
        Ok(stores.into_iter().filter(|store| !store.is_gone(now_us)).collect())
    }

    /// The store that a name, an id or an ARN means.
    pub async fn store(&self, wanted: &str) -> Result<Store, LakeError> {
        let stores = self.stores().await?;
        let found = stores.iter().find(|store| store.is_called(wanted)).cloned();
        found.ok_or_else(|| StoreError::not_found(wanted, &stores).into())
    }

    /// What decides which stores want a record now.
    pub(crate) async fn chooser(&self) -> Result<std::sync::Arc<Chooser>, LakeError> {
        let now_us = (self.outside.now_us)();
        if let Some(chooser) = self.known_stores.lock().await.fresh(now_us) {
            return Ok(chooser);
        }
        self.stores().await?;
        Ok(self.known_stores.lock().await.chooser())
    }
}
