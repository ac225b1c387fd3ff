//! The oracle: what any reader of the deliveries must find.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attack::Attack;
use crate::delivery::Delivery;
use crate::plan::DAY_S;
use crate::text;

/// True numbers of a sample. The maps count distinct records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Log files.
    pub deliveries: u64,
    /// Records in all log files, with duplicates.
    pub records: u64,
    /// Records counted once.
    pub distinct: u64,
    /// Records that came a second time.
    pub duplicates: u64,
    /// Uncompressed bytes of all log files.
    pub content_bytes: u64,
    /// Compressed bytes of all log files.
    pub stored_bytes: u64,
    /// Digests, where they were asked for.
    pub digests: u64,
    /// Digests that list nothing, among them.
    pub digests_empty: u64,
    /// Log files that a digest lists: all of them, where digests were asked for.
    pub deliveries_in_digests: u64,
    /// By `eventName`. Records without one (Insights, aggregated) are left out.
    pub by_event_name: BTreeMap<String, u64>,
    /// By `eventCategory`.
    pub by_family: BTreeMap<String, u64>,
    /// By the account in the key.
    pub by_account: BTreeMap<String, u64>,
    /// By `awsRegion`.
    pub by_region: BTreeMap<String, u64>,
    /// By UTC day of `eventTime`, or of the start of an aggregated record's window.
    pub by_day: BTreeMap<String, u64>,
    /// Records with an `errorCode`.
    pub errors: u64,
    /// The attack, when the plan has one.
    pub attack: Option<Attack>,
}

impl Totals {
    /// The totals as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    pub(crate) fn delivered(&mut self, delivery: &Delivery) {
        self.deliveries += 1;
        self.records += u64::from(delivery.records);
        self.content_bytes += delivery.content_bytes;
        self.stored_bytes += delivery.body.len() as u64;
    }

    pub(crate) fn placed(&mut self, account: &str, region: &str, count: u64) {
        add(&mut self.by_account, account, count);
        add(&mut self.by_region, region, count);
    }
}

/// Counts records while they are written.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) totals: Totals,
    /// The day counted last, and its name.
    day: Option<(i64, String)>,
}

impl Tally {
    /// Counts a record that is delivered for the first time.
    pub(crate) fn record(&mut self, event_name: Option<&str>, family: &str, at_s: i64) {
        self.totals.distinct += 1;
        if let Some(event_name) = event_name {
            add(&mut self.totals.by_event_name, event_name, 1);
        }
        add(&mut self.totals.by_family, family, 1);
        let number = at_s.div_euclid(DAY_S);
        let known = self.day.take().filter(|(day, _)| *day == number);
        let day = known.unwrap_or_else(|| (number, text::written(|out| text::day(out, text::calendar(at_s), b'-'))));
        add(&mut self.totals.by_day, &day.1, 1);
        self.day = Some(day);
    }
}

fn add(map: &mut BTreeMap<String, u64>, key: &str, count: u64) {
    if count == 0 {
        return;
    }
    match map.get_mut(key) {
        Some(sum) => *sum += count,
        None => drop(map.insert(key.to_owned(), count)),
    }
}
