//! The store that every home has: it holds every record, and says how long the archive keeps them.

use super::create::check_retention;
use super::{Changes, EVENTS, Store, document_name, store_id};
use crate::config;
use crate::error::LakeError;
use crate::home::{Home, Lake};
use crate::outside::Outside;

/// Makes the default store's document, unless it is there.
pub(crate) async fn create_events(home: &Home, outside: &Outside) -> Result<(), LakeError> {
    let now_us = (outside.now_us)();
    let store = Store { id: store_id(outside), created_us: now_us, updated_us: now_us, ..Store::events() };
    config::create(home, &document_name(0), 1, &store).await?;
    Ok(())
}

/// Gives the default store of an older home an id. Of two who do it at once, one wins, and the other finds it done.
pub(crate) async fn identify_events(home: &Home, outside: &Outside) -> Result<(), LakeError> {
    loop {
        let (version, mut store) = config::latest::<Store>(home, &document_name(0)).await?.unwrap_or_else(|| (0, Store::events()));
        if !store.id.is_empty() {
            return Ok(());
        }
        store.id = store_id(outside);
        store.termination_protection = true;
        store.updated_us = (outside.now_us)();
        if config::create(home, &document_name(0), version + 1, &store).await? {
            return Ok(());
        }
    }
}

impl Lake {
    /// The default store.
    pub async fn events_store(&self) -> Result<Store, LakeError> {
        self.store(EVENTS).await
    }

    /// Changes how long the default store keeps events, counted from the event's time.
    pub async fn set_retention(&self, retention_days: u32) -> Result<(), LakeError> {
        self.update_store(EVENTS, &Changes { retention_days: Some(retention_days), ..Changes::default() }).await?;
        Ok(())
    }

    /// Events before this time are past the retention of every store, in microseconds; the beginning of time where one of them keeps
    /// everything.
    pub async fn retention_cutoff_us(&self) -> Result<i64, LakeError> {
        Ok(cutoff_us(&self.stores().await?, (self.outside.now_us)()))
    }

    /// The same, if the default store kept events for so many days.
    pub(crate) async fn retention_cutoff_us_of(&self, retention_days: u32) -> Result<i64, LakeError> {
        let mut stores = self.stores().await?;
        for store in stores.iter_mut().filter(|store| store.is_events()) {
            check_retention(store.billing_mode, retention_days)?;
            store.retention_days = Some(retention_days);
        }
        Ok(cutoff_us(&stores, (self.outside.now_us)()))
    }
}

fn cutoff_us(stores: &[Store], now_us: i64) -> i64 {
    stores.iter().map(|store| store.cutoff_us(now_us)).min().unwrap_or(i64::MIN)
}
