//! What to make: how many accounts, days and events, and how they are packed into files.

use chrono::NaiveDate;

use seal::RsaKey;

use crate::deliveries::Deliveries;
use crate::digests::WithDigests;

/// A sample organization to be made. Equal plans give byte-identical deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Member accounts. The first is the management account, and the busiest: 45 % of the events.
    pub accounts: u32,
    /// Regions in use; the first gets 60 % of the events. The attack adds `ap-southeast-3`.
    pub regions: Vec<String>,
    /// Days of history.
    pub days: u32,
    /// The day after the last one.
    pub end: NaiveDate,
    /// Distinct records of ordinary life; the attack comes on top with about 1,200.
    pub events: u64,
    /// Records per log file.
    pub events_per_file: FileSizes,
    /// Percentage of all management events that a second trail delivers again in another file, byte-identical.
    pub duplicates_percent: u32,
    /// 1 (fast) to 12 (small).
    pub gzip_level: u8,
    /// The log bucket. Records about the trail itself name it, and digests.
    pub bucket: String,
    /// The organization id in the keys, `o-exampleorgid`.
    pub organization: String,
    /// Whether the last two days hide an attack.
    pub attack: bool,
}

/// Records per log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSizes {
    /// As measured on a real bucket: p50 5, p90 16, p99 33, at most 620.
    Real,
    /// Always this many, but for the last file of a day.
    Fixed(u32),
}

impl Plan {
    /// The demonstration: six accounts, four regions, thirty days, 400,000 events, one attack.
    pub fn demo(end: NaiveDate) -> Plan {
        let regions = ["us-east-1", "eu-west-1", "us-west-2", "eu-central-1"];
        Plan {
            seed: 20_140_707,
            accounts: 6,
            regions: regions.map(str::to_owned).to_vec(),
            days: 30,
            end,
            events: 400_000,
            events_per_file: FileSizes::Real,
            duplicates_percent: 10,
            gzip_level: 6,
            bucket: "example-organization-logs".to_owned(),
            organization: "o-exampleorgid".to_owned(),
            attack: true,
        }
    }

    /// Starts making deliveries, oldest day first. Holds one file at a time, and the late duplicates.
    pub fn deliveries(&self) -> Deliveries {
        Deliveries::new(self.clone())
    }

    /// Starts making deliveries and the digests that vouch for them, signed with this key.
    pub fn with_digests<'a>(&self, key: &'a RsaKey) -> WithDigests<'a> {
        WithDigests::new(self, key)
    }

    /// Midnight of the first day, in seconds since 1970.
    pub(crate) fn start_s(&self) -> i64 {
        self.end_s() - i64::from(self.days) * DAY_S
    }

    /// Midnight after the last day, in seconds since 1970.
    pub(crate) fn end_s(&self) -> i64 {
        self.end.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
    }
}

/// The organization's trail; its home is the Region where most of the attack happens.
pub(crate) const TRAIL: &str = "organization-trail";

/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// Uneven shares: the first gets `first` percent, the others the rest in proportion to 1, 1/2, 1/3, ...
pub(crate) fn shares(count: usize, first: u64) -> Vec<u64> {
    let rest: u64 = (1..count as u64).map(|rank| 1_000_000 / rank).sum();
    let share = |rank: u64| match rank {
        0 if count == 1 => 10_000,
        0 => first * 100,
        _ => ((100 - first) * 100 * (1_000_000 / rank)).checked_div(rest).unwrap_or(0).max(1),
    };
    (0..count as u64).map(share).collect()
}
