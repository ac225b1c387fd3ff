//! Log files by the hour in their names, and how many there are of each: named by digests on one side, listed on the other.
//!
//! Every file that a digest names is read, and told if it is not there. So if as many files are listed for an hour as are named and
//! there, nothing was added. Counting needs no memory for each file; only an hour that does not come out even is looked at key by key.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::discover::{CellId, Folder};
use super::intervals::Time;

/// The slot for names that say no hour, or not one of their folder's day.
pub(super) const ODD: usize = 24;
const SLOTS: usize = 25;

/// A folder that log files are delivered to, and how they are named there.
#[derive(Clone, Debug)]
pub(super) struct LogFolder {
    pub(super) folder: Folder,
    /// `123456789012_CloudTrail_us-east-1_`
    names: String,
}

/// Where a log file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) folder: usize,
    pub(super) day: NaiveDate,
    pub(super) slot: usize,
    /// When it was delivered, to the minute; `None` in the slot [`ODD`].
    pub(super) at: Option<Time>,
}

/// How many, and which: the sum of the short names of all keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: u64,
    sum: u64,
}

/// A tally for each slot of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DayTally(pub(super) [Tally; SLOTS]);

/// Tallies by folder and day.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    days: BTreeMap<(NaiveDate, usize), DayTally>,
}

impl LogFolder {
    pub(super) fn new(id: &CellId, folder: Folder) -> LogFolder {
        LogFolder { names: format!("{}_{}_{}_", id.account, folder.name, id.region), folder }
    }

    /// Where a key of this folder stands; `None` if it is not in the folder of a day.
    pub(super) fn spot(&self, number: usize, key: &str) -> Option<Spot> {
        let (date, file) = key.strip_prefix(self.folder.prefix.as_str())?.split_at_checked(11)?;
        let [y0, y1, y2, y3, b'/', m0, m1, b'/', d0, d1, b'/'] = *date.as_bytes() else { return None };
        let number_of = |digits: &[u8]| digits.iter().try_fold(0_u32, |sum, digit| Some(sum * 10 + digit_of(*digit)?));
        let year = i32::try_from(number_of(&[y0, y1, y2, y3])?).ok()?;
        let day = NaiveDate::from_ymd_opt(year, number_of(&[m0, m1])?, number_of(&[d0, d1])?)?;
        if file.is_empty() || file.contains('/') {
            return None;
        }
        let at = file.strip_prefix(self.names.as_str()).and_then(|rest| minute(rest, day, &[y0, y1, y2, y3, m0, m1, d0, d1]));
        let slot = at.map_or(ODD, hour_of_day);
        Some(Spot { folder: number, day, slot, at })
    }

    /// A key that stands before all of an hour and after all of the hour before.
    pub(super) fn before(&self, day_prefix: &str, day: NaiveDate, slot: usize) -> String {
        format!("{day_prefix}{}{}T{slot:02}", self.names, day.format("%Y%m%d"))
    }
}

/// The minute in what follows the common part of a name: `20261124T0705Z_abcdefghijklmnop.json.gz`.
fn minute(rest: &str, day: NaiveDate, date: &[u8; 8]) -> Option<Time> {
    let (time, more) = rest.as_bytes().split_at_checked(14)?;
    let (named, clock) = time.split_at_checked(8)?;
    let [b'T', h0, h1, m0, m1, b'Z'] = *clock else { return None };
    let is_log = named == date && more.starts_with(b"_") && more.ends_with(b".json.gz");
    let (hour, minute) = (digit_of(h0)? * 10 + digit_of(h1)?, digit_of(m0)? * 10 + digit_of(m1)?);
    let at = day.and_hms_opt(hour, minute, 0).filter(|_| is_log)?;
    Some(at.and_utc())
}

fn digit_of(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

fn hour_of_day(at: Time) -> usize {
    use chrono::Timelike;
    at.hour() as usize
}

/// The time that a slot stands for: its hour, or the whole day.
pub(super) fn period(day: NaiveDate, slot: usize) -> (Time, Time) {
    let start = day.and_time(chrono::NaiveTime::MIN).and_utc();
    match slot {
        ODD => (start, super::range::more(start, TimeDelta::days(1))),
        hour => {
            let begin = super::range::more(start, TimeDelta::hours(hour as i64));
            (begin, super::range::more(begin, super::range::HOUR))
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, short: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(short);
    }
}

impl DayTally {
    pub(super) fn add(&mut self, slot: usize, short: u64) {
        if let Some(tally) = self.0.get_mut(slot) {
            tally.add(short);
        }
    }
}

impl Tallies {
    pub(super) fn add(&mut self, spot: &Spot, short: u64) {
        self.days.entry((spot.day, spot.folder)).or_default().add(spot.slot, short);
    }

    /// Takes the tally of one folder's day.
    pub(super) fn take(&mut self, folder: usize, day: NaiveDate) -> DayTally {
        self.days.remove(&(day, folder)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use layout::Family;

    use super::*;

    #[test]
    fn a_name_tells_its_hour_if_it_fits_its_folder() {
        let id = CellId { prefix: String::new(), organization: None, account: "1".into(), region: "us-east-1".into() };
        let prefix = "AWSLogs/1/CloudTrail/us-east-1/".to_owned();
        let folder = Folder { site: 0, family: Family::CloudTrail, name: "CloudTrail".into(), from: prefix.clone(), prefix };
        let folder = LogFolder::new(&id, folder);
        let cases = [
            ("2026/11/24/1_CloudTrail_us-east-1_20261124T0705Z_abc.json.gz", Some((7, "2026-11-24T07:05"))),
            ("2026/11/24/1_CloudTrail_us-east-1_20261124T2359Z_.json.gz", Some((23, "2026-11-24T23:59"))),
            ("2026/11/24/1_CloudTrail_us-east-1_20261123T0705Z_abc.json.gz", Some((ODD, ""))),
            ("2026/11/24/1_CloudTrail_us-east-1_20261124T2505Z_abc.json.gz", Some((ODD, ""))),
            ("2026/11/24/1_CloudTrail_us-east-1_20261124T0705Z_abc.json", Some((ODD, ""))),
            ("2026/11/24/2_CloudTrail_us-east-1_20261124T0705Z_abc.json.gz", Some((ODD, ""))),
            ("2026/11/24/x.json", Some((ODD, ""))),
            ("2026/11/24/x/y.json", None),
            ("2026/11/31/x.json", None),
            ("2026/11/24/", None),
            ("2026/1/24/x.json", None),
            ("é", None),
        ];
        for (rest, told) in cases {
            let spot = folder.spot(3, &format!("AWSLogs/1/CloudTrail/us-east-1/{rest}"));
            let found = spot.map(|spot| (spot.slot, spot.at.map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()));
            assert_eq!(found, told.map(|(slot, at)| (slot, at.to_owned())), "{rest}");
        }
        assert_eq!(folder.spot(3, "AWSLogs/1/CloudTrail/us-east-2/2026/11/24/x.json"), None);
    }
}
