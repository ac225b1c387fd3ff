//! The life of a store: ingestion on and off, deletion with seven days to think again, restoring.

use super::{Store, StoreError, StoreKind, StoreStatus};
use crate::error::LakeError;
use crate::home::Lake;

/// How long a deleted store can be restored, in days.
const PENDING_DELETION_DAYS: i64 = 7;

impl Lake {
    /// Deletes a store in seven days: DeleteEventDataStore.
    pub async fn delete_store(&self, wanted: &str) -> Result<Store, LakeError> {
        let now_us = (self.outside.now_us)();
        self.rewrite_store(wanted, |store, _| delete(store, now_us)).await
    }

    /// Takes a deletion back: RestoreEventDataStore.
    pub async fn restore_store(&self, wanted: &str) -> Result<Store, LakeError> {
        self.rewrite_store(wanted, |store, _| restore(store)).await
    }

    /// Lets a store take records in: StartEventDataStoreIngestion.
    pub async fn start_ingestion(&self, wanted: &str) -> Result<Store, LakeError> {
        self.rewrite_store(wanted, |store, _| turn(store, StoreStatus::StoppedIngestion, StoreStatus::Enabled)).await
    }

    /// Lets a store take no records in: StopEventDataStoreIngestion.
    pub async fn stop_ingestion(&self, wanted: &str) -> Result<Store, LakeError> {
        self.rewrite_store(wanted, |store, _| turn(store, StoreStatus::Enabled, StoreStatus::StoppedIngestion)).await
    }
}

fn delete(store: &mut Store, now_us: i64) -> Result<(), StoreError> {
    if store.is_events() {
        return Err(StoreError::Default("be deleted"));
    }
    if store.status == StoreStatus::PendingDeletion {
        return Err(StoreError::status(store, "be deleted again"));
    }
    if store.termination_protection {
        return Err(StoreError::TerminationProtected(store.name.clone()));
    }
    store.status = StoreStatus::PendingDeletion;
    store.gone_us = Some(now_us + PENDING_DELETION_DAYS * 86_400_000_000);
    Ok(())
}

fn restore(store: &mut Store) -> Result<(), StoreError> {
    if store.status != StoreStatus::PendingDeletion {
        return Err(StoreError::status(store, "be restored"));
    }
    // What came while it waited is not in it: `stores import` brings it in.
    store.status = StoreStatus::Enabled;
    store.gone_us = None;
    Ok(())
}

fn turn(store: &mut Store, from: StoreStatus, to: StoreStatus) -> Result<(), StoreError> {
    if store.is_events() {
        return Err(StoreError::Default("stop or start taking records in"));
    }
    if store.kind != StoreKind::CloudTrail {
        return Err(StoreError::status(store, "start or stop: only stores of CloudTrail events do"));
    }
    if store.status != from {
        return Err(StoreError::status(store, if to == StoreStatus::Enabled { "start ingestion" } else { "stop ingestion" }));
    }
    store.status = to;
    Ok(())
}
