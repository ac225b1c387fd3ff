//! The stores as a running process knows them: read again when a minute has passed, or when it changed one itself.

use std::sync::Arc;

use super::{Chooser, STORES_KNOWN_US_MAX, Store};

/// What is known, and since when.
#[derive(Default)]
pub(crate) struct KnownStores {
    chooser: Arc<Chooser>,
    read_us: Option<i64>,
}

impl KnownStores {
    /// Takes what was read just now.
    pub fn set(&mut self, stores: &[Store], now_us: i64) {
        self.chooser = Arc::new(Chooser::of(stores));
        self.read_us = Some(now_us);
    }

    /// Forgets it, for it has been changed.
    pub fn forget(&mut self) {
        self.read_us = None;
    }

    /// The chooser, unless what it knows is too old.
    pub fn fresh(&self, now_us: i64) -> Option<Arc<Chooser>> {
        let read_us = self.read_us?;
        (now_us.abs_diff(read_us) < STORES_KNOWN_US_MAX.unsigned_abs()).then(|| Arc::clone(&self.chooser))
    }

    /// The chooser as it is.
    pub fn chooser(&self) -> Arc<Chooser> {
        Arc::clone(&self.chooser)
    }
}
