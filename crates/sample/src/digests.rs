//! Digests of the sample: every hour of every account and Region has one, as the organization's trail would have it.
//!
//! They list all log files by the hour of their delivery, those of the second trail too, and are signed with a key that the caller
//! hands in: the same key and the same plan give the same bytes. A day's digests come when all its log files have been handed out,
//! so no more than one day of entries is held.

use std::collections::{BTreeMap, VecDeque};

use seal::{Draft, Key, Link, LogFile, RsaError, RsaKey};

use crate::attack_stage::HOME;
use crate::deliveries::Deliveries;
use crate::delivery::{Delivery, Packer};
use crate::plan::{DAY_S, Plan, TRAIL};
use crate::text;
use crate::totals::Totals;

/// Seconds that a digest covers.
const HOUR_S: i64 = 3_600;
/// How long before its first and after its last day a plan's key is valid, in days.
const KEY_DAYS: i64 = 30;

/// An object in the log bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// A log file.
    Log(Delivery),
    /// A digest.
    Digest(DigestFile),
}

/// A digest as CloudTrail puts it into the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestFile {
    /// Key in the bucket.
    pub key: String,
    /// The gzip file.
    pub body: Vec<u8>,
    /// Metadata of its object (`signature`, `signature-algorithm`).
    pub metadata: Vec<(&'static str, String)>,
    /// Log files that it lists.
    pub log_files: u32,
}

/// All log files of a plan with their digests: those of a day after its log files.
pub struct WithDigests<'a> {
    deliveries: Deliveries,
    key: &'a RsaKey,
    bucket: String,
    organization: String,
    packer: Packer,
    /// By account and Region.
    chains: BTreeMap<(String, String), Chain>,
    /// Digests that are due: account, Region, and begin of the hour.
    due: VecDeque<(String, String, i64)>,
    /// The digests of all hours before are made, or due.
    closed_s: i64,
    /// The log file that showed that digests are due.
    waiting: Option<Delivery>,
    digests: u64,
    digests_empty: u64,
    listed: u64,
}

/// The digests of one account and Region.
#[derive(Default)]
struct Chain {
    previous: Option<Link>,
    /// What was delivered in the hours that are still open.
    hours: BTreeMap<i64, Vec<LogFile>>,
}

/// The key of a plan's digests as `ListPublicKeys` would list it.
pub fn public_keys_json(plan: &Plan, key: &RsaKey) -> Result<String, RsaError> {
    let time = |at_s: i64| Some(text::calendar(at_s));
    Ok(seal::public_keys_json(&[Key {
        fingerprint: key.fingerprint(),
        key: Ok(key.public()?),
        valid_from: time(plan.start_s() - KEY_DAYS * DAY_S),
        valid_to: time(plan.end_s() + KEY_DAYS * DAY_S),
        region: None,
    }]))
}

impl<'a> WithDigests<'a> {
    pub(crate) fn new(plan: &Plan, key: &'a RsaKey) -> WithDigests<'a> {
        let deliveries = plan.deliveries();
        WithDigests {
            chains: deliveries.places().into_iter().map(|place| (place, Chain::default())).collect(),
            key,
            bucket: plan.bucket.clone(),
            organization: plan.organization.clone(),
            packer: Packer::new(plan.gzip_level),
            due: VecDeque::new(),
            closed_s: plan.start_s(),
            waiting: None,
            digests: 0,
            digests_empty: 0,
            listed: 0,
            deliveries,
        }
    }

    /// What has been made so far; the whole truth once the iterator has ended.
    pub fn totals(&self) -> Totals {
        let WithDigests { digests, digests_empty, listed: deliveries_in_digests, .. } = *self;
        Totals { digests, digests_empty, deliveries_in_digests, ..self.deliveries.totals().clone() }
    }

    /// Notes a log file for the digest of its hour.
    fn note(&mut self, delivery: &Delivery) {
        let Some(place) = layout::place(&delivery.key) else { return };
        let (oldest_s, newest_s) = delivery.events_s;
        let (oldest, newest) = (text::calendar(oldest_s), text::calendar(newest_s));
        let entry = LogFile::new(&self.bucket, &delivery.key, &delivery.content_sha256, oldest, newest);
        let chain = self.chains.entry((place.account, place.region)).or_default();
        let hour_s = delivery.delivered_s - delivery.delivered_s.rem_euclid(HOUR_S);
        chain.hours.entry(hour_s).or_default().push(entry);
    }

    /// Makes the digests of all hours due that end by then.
    fn close_until(&mut self, until_s: i64) {
        for (account, region) in self.chains.keys() {
            let mut hour_s = self.closed_s;
            while hour_s + HOUR_S <= until_s {
                self.due.push_back((account.clone(), region.clone(), hour_s));
                hour_s += HOUR_S;
            }
        }
        self.closed_s = self.closed_s.max(until_s);
    }

    fn sign(&mut self, (account, region, start_s): (String, String, i64)) -> Result<DigestFile, RsaError> {
        let (start, end) = (text::calendar(start_s), text::calendar(start_s + HOUR_S));
        let (trail, home) = (TRAIL.to_owned(), HOME.to_owned());
        let name = layout::DigestName { account: account.clone(), region: region.clone(), trail, home, end, is_backfill: false };
        let object = name.key("", Some(&self.organization));
        let chain = self.chains.entry((account, region)).or_default();
        let log_files = chain.hours.remove(&start_s).unwrap_or_default();
        let count = log_files.len() as u32;
        let draft = Draft {
            account: &name.account,
            start,
            end,
            bucket: &self.bucket,
            object: &object,
            log_files,
            previous: chain.previous.as_ref(),
            backfilled: None,
        };
        let signed = draft.sign(self.key)?;
        let body = self.packer.gzip(&signed.content);
        chain.previous = Some(signed.link);
        self.digests += 1;
        self.digests_empty += u64::from(count == 0);
        self.listed += u64::from(count);
        Ok(DigestFile { key: object, body, metadata: signed.metadata, log_files: count })
    }
}

impl Iterator for WithDigests<'_> {
    type Item = Result<Stored, RsaError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(due) = self.due.pop_front() {
                return Some(self.sign(due).map(Stored::Digest));
            }
            if let Some(delivery) = self.waiting.take() {
                return Some(Ok(Stored::Log(delivery)));
            }
            let delivery = self.deliveries.next();
            self.close_until(self.deliveries.complete_s());
            match delivery {
                Some(delivery) => {
                    self.note(&delivery);
                    self.waiting = Some(delivery);
                }
                None if self.due.is_empty() => return None,
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
