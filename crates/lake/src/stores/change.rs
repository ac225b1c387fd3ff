//! Changing a store: UpdateEventDataStore.

use serde_json::Value;

use super::choose::Selectors;
use super::create::{check_name, check_retention};
use super::{BillingMode, Store, StoreError, StoreStatus, document_name, read_all};
use crate::config;
use crate::error::LakeError;
use crate::home::Lake;

/// What is to become different; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<String>,
    /// Another retention, in days.
    pub retention_days: Option<u32>,
    /// Other selectors; they choose among records that come from now on.
    pub advanced_event_selectors: Option<Value>,
    /// Another billing mode; AWS lets nobody go from extendable to fixed.
    pub billing_mode: Option<BillingMode>,
    /// Protection from deletion, on or off.
    pub termination_protection: Option<bool>,
}

impl Lake {
    /// Changes a store; the version before stays as it was written.
    pub async fn update_store(&self, wanted: &str, changes: &Changes) -> Result<Store, LakeError> {
        self.rewrite_store(wanted, |store, others| apply(store, changes, others)).await
    }

    /// Writes the next version of a store's document, from the latest, whoever writes beside us.
    pub(super) async fn rewrite_store(
        &self,
        wanted: &str,
        change: impl Fn(&mut Store, &[Store]) -> Result<(), StoreError>,
    ) -> Result<Store, LakeError> {
        loop {
            let now_us = (self.outside.now_us)();
            let alive: Vec<(u32, Store)> =
                read_all(&self.home).await?.into_iter().filter(|(_, store)| !store.is_gone(now_us)).collect();
            let others: Vec<Store> = alive.iter().map(|(_, store)| store.clone()).collect();
            let found = alive.into_iter().find(|(_, store)| store.is_called(wanted));
            let (version, mut store) = found.ok_or_else(|| StoreError::not_found(wanted, &others))?;
            let before = store.clone();
            change(&mut store, &others)?;
            if store == before {
                return Ok(store);
            }
            store.updated_us = now_us;
            if config::create(&self.home, &document_name(store.bit), version + 1, &store).await? {
                self.known_stores.lock().await.forget();
                return Ok(store);
            }
        }
    }
}

fn apply(store: &mut Store, changes: &Changes, others: &[Store]) -> Result<(), StoreError> {
    if store.status == StoreStatus::PendingDeletion {
        return Err(StoreError::status(store, "be changed; restore it first"));
    }
    if let Some(name) = changes.name.as_ref().filter(|name| **name != store.name) {
        rename(store, name, others)?;
    }
    if let Some(mode) = changes.billing_mode {
        store.billing_mode = changed_mode(store, mode)?;
    }
    if let Some(days) = changes.retention_days {
        check_retention(store.billing_mode, days)?;
        store.retention_days = Some(days);
    }
    if let Some(selectors) = &changes.advanced_event_selectors {
        reselect(store, selectors)?;
    }
    store.termination_protection = changes.termination_protection.unwrap_or(store.termination_protection);
    Ok(())
}

fn rename(store: &mut Store, name: &str, others: &[Store]) -> Result<(), StoreError> {
    if store.is_events() {
        return Err(StoreError::Default("be renamed"));
    }
    check_name(name)?;
    if others.iter().any(|other| other.bit != store.bit && other.name.eq_ignore_ascii_case(name)) {
        return Err(StoreError::AlreadyExists(name.to_owned()));
    }
    name.clone_into(&mut store.name);
    Ok(())
}

fn changed_mode(store: &Store, mode: BillingMode) -> Result<BillingMode, StoreError> {
    let days = store.retention_days.unwrap_or(0);
    match (store.billing_mode, mode) {
        (BillingMode::ExtendableRetention, BillingMode::FixedRetention) => Err(StoreError::Selectors(
            "AWS does not change a store from EXTENDABLE_RETENTION_PRICING to FIXED_RETENTION_PRICING; make another store"
                .to_owned(),
        )),
        _ if store.is_events() => Ok(store.billing_mode),
        _ => check_retention(mode, days).map(|()| mode),
    }
}

fn reselect(store: &mut Store, selectors: &Value) -> Result<(), StoreError> {
    if store.is_events() {
        return Err(StoreError::Default("have selectors"));
    }
    let parsed = Selectors::parse(selectors)?;
    let kind = parsed.kind();
    if kind != store.kind {
        let text =
            format!("`{}` is a store of kind {}; these selectors choose {kind} events: make another store", store.name, store.kind);
        return Err(StoreError::Selectors(text));
    }
    store.advanced_event_selectors = Some(parsed.into_list());
    Ok(())
}
