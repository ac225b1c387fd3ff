//! The digests that vouch for log files: those of their account and Region, from the day of the delivery on, up the chain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use custody::vouch;
use lake::Lake;
use lake::digests::KeptDigest;
use lake::ledger::{Entry, Metadata};
use prove::evidence::{DigestFile, Digests, KeyRing};
use record::Inflater;
use seal::PublicKeys;

use crate::exit::Failure;

/// Days after a delivery in which digests are looked for, at least and at most.
const DAYS_MIN: usize = 2;
const DAYS_MAX: usize = 8;

/// Account and Region.
type Cell = (Option<String>, Option<String>);

/// Digests, read as they are needed.
pub struct Chains<'a> {
    lake: &'a Lake,
    rings: &'a [KeyRing],
    keys: PublicKeys,
    later: usize,
    days: Option<Vec<String>>,
    read: BTreeSet<(Cell, String)>,
    digests: Digests,
    /// The end of the newest digest of each cell that was read.
    newest: BTreeMap<Cell, DateTime<Utc>>,
}

impl<'a> Chains<'a> {
    /// No digest yet.
    pub fn new(lake: &'a Lake, rings: &'a [KeyRing], later: usize) -> Chains<'a> {
        let mut keys = PublicKeys::default();
        rings.iter().for_each(|ring| keys.extend(ring.keys.clone()));
        Chains { lake, rings, keys, later, days: None, read: BTreeSet::new(), digests: Digests::default(), newest: BTreeMap::new() }
    }

    /// What was read.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Reads the digests that may name a log file, and those after it.
    pub async fn read(&mut self, entry: &Entry, day: &str) -> Result<(), Failure> {
        let Some(sha256) = entry.content_sha256 else { return Ok(()) };
        let days = match self.days.take() {
            Some(days) => days,
            None => self.lake.delivery_days().await?,
        };
        let from = days.iter().filter(|later| later.as_str() >= day && later.as_str() != "unknown");
        for (number, later) in from.take(DAYS_MAX).enumerate() {
            if number >= DAYS_MIN && self.digests.has_chain_of(&sha256, self.later) {
                break;
            }
            self.read_day((entry.account.clone(), entry.region.clone()), later).await?;
        }
        self.days = Some(days);
        Ok(())
    }

    /// Whether a log file is proven.
    pub fn proves(&self, entry: &Entry) -> bool {
        entry.content_sha256.is_some_and(|sha256| self.digests.proves(&sha256, self.rings))
    }

    /// Why no digest names a log file, where that can be told.
    pub fn why_unnamed(&self, entry: &Entry) -> Option<String> {
        let sha256 = entry.content_sha256?;
        if self.digests.names(&sha256) {
            return None;
        }
        let (account, region) = (entry.account.as_deref().unwrap_or("-"), entry.region.as_deref().unwrap_or("-"));
        let delivered = entry.delivered_us.and_then(DateTime::from_timestamp_micros);
        match self.newest.get(&(entry.account.clone(), entry.region.clone())) {
            None => Some(format!(
                "no digest of account {account} in {region} is in the lake from the day of the log file on: collect those too (they are \
                 in CloudTrail-Digest/, if log file validation is on)"
            )),
            Some(newest) if delivered.is_some_and(|delivered| delivered >= *newest) => Some(format!(
                "the digest of its hour is not in the lake yet: the newest one of account {account} in {region} ends at {}; collect again \
                 an hour or two later",
                newest.format("%Y-%m-%d %H:%MZ")
            )),
            Some(_) => None,
        }
    }

    async fn read_day(&mut self, cell: Cell, day: &str) -> Result<(), Failure> {
        if !self.read.insert((cell.clone(), day.to_owned())) {
            return Ok(());
        }
        let of_cell = |entry: &Entry| (&entry.account, &entry.region) == (&cell.0, &cell.1);
        let mut kept = Vec::new();
        let each = |digest| {
            kept.push(digest);
            Ok(())
        };
        self.lake.digests_where(day, |entry, _, _| of_cell(entry), each).await?;
        kept.into_iter().for_each(|digest| self.take(&cell, digest));
        Ok(())
    }

    /// Takes a digest in. What is no digest any longer proves nothing: `verify --home` tells of it.
    fn take(&mut self, cell: &Cell, digest: KeptDigest) {
        let KeptDigest { entry, metadata, stored: Ok(stored), .. } = digest else { return };
        let Ok(content) = Inflater::default().content(&stored, seal::digest::DIGEST_BYTES_MAX) else { return };
        let holds = |one: &&Metadata| vouch::is_signed(&entry.key, &stored, one, &self.keys);
        let best = metadata.iter().find(holds).or_else(|| metadata.first());
        let signature = best.and_then(|best| best.iter().find(|(name, _)| name == "signature")).map(|(_, value)| value.clone());
        let name = layout::digest_name(&entry.key);
        let region = name.as_ref().map(|name| name.region.clone()).or(entry.region).unwrap_or_default();
        if self.digests.insert(DigestFile { content, signature, region }).is_ok()
            && let Some(name) = name
        {
            let newest = self.newest.entry(cell.clone()).or_insert(name.end);
            *newest = (*newest).max(name.end);
        }
    }
}
