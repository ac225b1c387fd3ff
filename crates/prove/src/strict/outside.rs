//! What all cells share: the places, the range, the limits, the keys, and whoever watches.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Utc};

use super::content::Limits;
use super::keys::KeyRing;
use super::range::Range;
use super::sites::Sites;
use super::{KeySource, Options, Progress, Stores};

pub(super) struct Outside<'a> {
    pub(super) sites: Sites,
    pub(super) range: Range,
    pub(super) limits: Limits,
    pub(super) keys: KeyRing<'a>,
    pub(super) progress: &'a dyn Progress,
    accounts: &'a [String],
    regions: &'a [String],
    keyed: RandomState,
}

impl<'a> Outside<'a> {
    pub(super) fn new(
        stores: &Stores,
        keys: &'a dyn KeySource,
        options: &'a Options,
        now: DateTime<Utc>,
        progress: &'a dyn Progress,
    ) -> Outside<'a> {
        Outside {
            sites: Sites::new(stores),
            range: Range::new(options, now),
            limits: Limits { stored_bytes_max: options.stored_bytes_max, content_bytes_max: options.content_bytes_max },
            keys: KeyRing::new(keys),
            progress,
            accounts: &options.accounts,
            regions: &options.regions,
            keyed: RandomState::new(),
        }
    }

    pub(super) fn wants_account(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|wanted| wanted == account)
    }

    pub(super) fn wants_region(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|wanted| wanted == region)
    }

    /// Which accounts and Regions were asked for, in words; empty for all.
    pub(super) fn chosen(&self) -> String {
        let named = |word: &str, all: &[String]| (!all.is_empty()).then(|| format!("{word} {}", all.join(", ")));
        let parts = [named("account", self.accounts), named("Region", self.regions)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" in ")
    }

    /// A short name for a key, under a secret of this run: nobody can choose two keys that have the same.
    pub(super) fn short(&self, key: &str) -> u64 {
        self.keyed.hash_one(key)
    }
}
