//! Making a store: CreateEventDataStore.

use serde_json::Value;

use super::choose::Selectors;
use super::{
    BillingMode, RESERVED_NAMES, STORE_BITS_MAX, STORES_MAX, Store, StoreError, StoreKind, StoreStatus, document_name, read_all,
    store_id,
};
use crate::config;
use crate::error::LakeError;
use crate::home::Lake;

/// Shortest retention of a store, in days.
pub(super) const RETENTION_DAYS_MIN: u32 = 7;

/// What a store is to be.
#[derive(Clone, Debug)]
pub struct NewStore {
    /// Its name.
    pub name: String,
    /// Days from the event's time; the billing mode's default where none is given.
    pub retention_days: Option<u32>,
    /// AWS's `AdvancedEventSelectors`; management events where none are given, as in AWS.
    pub advanced_event_selectors: Option<Value>,
    /// The bounds of its retention.
    pub billing_mode: BillingMode,
    /// Whether it is protected from deletion.
    pub termination_protection: bool,
    /// Whether it begins to take records in at once.
    pub start_ingestion: bool,
}

impl Lake {
    /// Makes a store. Of two who make one at the same time, both get one, each with a bit of its own.
    pub async fn create_store(&self, new: &NewStore) -> Result<Store, LakeError> {
        check_name(&new.name)?;
        let selectors = new.advanced_event_selectors.clone().unwrap_or_else(management_events);
        let parsed = Selectors::parse(&selectors)?;
        let (kind, selectors) = (parsed.kind(), parsed.into_list());
        let retention_days = new.retention_days.unwrap_or(new.billing_mode.retention_days_default());
        check_retention(new.billing_mode, retention_days)?;
        loop {
            let now_us = (self.outside.now_us)();
            let all: Vec<Store> = read_all(&self.home).await?.into_iter().map(|(_, store)| store).collect();
            let bit = free_bit(&all, &new.name, now_us)?;
            let store = Store {
                name: new.name.clone(),
                bit,
                retention_days: Some(retention_days),
                id: store_id(&self.outside),
                kind,
                advanced_event_selectors: Some(selectors.clone()),
                billing_mode: new.billing_mode,
                termination_protection: new.termination_protection,
                status: first_status(kind, new.start_ingestion),
                created_us: now_us,
                updated_us: now_us,
                gone_us: None,
            };
            if config::create(&self.home, &document_name(bit), 1, &store).await? {
                self.known_stores.lock().await.forget();
                return Ok(store);
            }
        }
    }
}

/// An insight or activity store takes in from its first day; only the others can wait.
fn first_status(kind: StoreKind, start_ingestion: bool) -> StoreStatus {
    if start_ingestion || kind != StoreKind::CloudTrail { StoreStatus::Enabled } else { StoreStatus::StoppedIngestion }
}

fn free_bit(all: &[Store], name: &str, now_us: i64) -> Result<u8, StoreError> {
    let alive: Vec<&Store> = all.iter().filter(|store| !store.is_gone(now_us)).collect();
    if alive.iter().any(|store| store.name.eq_ignore_ascii_case(name)) {
        return Err(StoreError::AlreadyExists(name.to_owned()));
    }
    if alive.iter().filter(|store| !store.is_events()).count() >= STORES_MAX {
        return Err(StoreError::TooMany);
    }
    let highest = all.iter().map(|store| store.bit).max().unwrap_or(0);
    if highest >= STORE_BITS_MAX { Err(StoreError::NoBitLeft) } else { Ok(highest + 1) }
}

pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    let is_fit = (3..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let is_reserved = RESERVED_NAMES.iter().any(|reserved| reserved.eq_ignore_ascii_case(name));
    if is_fit && !is_reserved { Ok(()) } else { Err(StoreError::Name(name.to_owned())) }
}

pub(super) fn check_retention(mode: BillingMode, days: u32) -> Result<(), StoreError> {
    let to = mode.retention_days_max();
    if (RETENTION_DAYS_MIN..=to).contains(&days) {
        Ok(())
    } else {
        Err(StoreError::Retention { days, from: RETENTION_DAYS_MIN, to })
    }
}

/// What AWS selects where nothing is said.
fn management_events() -> Value {
    serde_json::json!([{
        "Name": "Default management events",
        "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }],
    }])
}
