//! What is gone because of its age, and what is not.
//!
//! A lifecycle rule removes the oldest objects first, a day at a time. So whoever deletes in the middle cannot hide behind one: what is gone
//! while something of an earlier day is left did not expire, whatever `--retained-since` says. Without that word of the owner, only
//! what is older than everything that is left may have expired.

use chrono::{Days, NaiveDate, NaiveTime};

use super::cell::CellRun;
use super::checking::By;
use super::days::day_prefix;
use super::digests;
use super::intervals::Time;
use super::listing::first_object;
use super::slots::{ODD, Spot, period};

/// The oldest objects that are left of a cell, once they were looked for.
#[derive(Default)]
pub(super) struct Oldest {
    /// By the number of the folder of log files.
    logs: Option<Vec<Option<Time>>>,
    digest: Option<Option<Time>>,
}

impl CellRun<'_, '_> {
    /// Whether a log file of this time that is not there has most likely expired.
    pub(super) fn is_log_expired(&mut self, by: &By, spot: Option<Spot>, at: Time) -> bool {
        let range = self.outside.range;
        if range.retained_since.is_some() {
            let oldest = spot.and_then(|spot| self.oldest_log(Some(spot.folder)));
            return range.may_have_expired(at) && oldest.is_none_or(|oldest| at < day_after(oldest));
        }
        let is_dated = spot.is_some_and(|spot| spot.at.is_some());
        range.since.is_none() && !by.is_start && is_dated && self.oldest_left().is_some_and(|oldest| at < oldest)
    }

    /// Until when digests may have expired; `None` if no word of the owner says so.
    pub(super) fn digests_expired_until(&mut self) -> Option<Time> {
        let retained_since = self.outside.range.retained_since?;
        let oldest = self.oldest_digest().map(day_after);
        Some(oldest.map_or(retained_since, |oldest| oldest.min(retained_since)))
    }

    /// When the oldest object was written that is left of this cell.
    pub(super) fn oldest_left(&mut self) -> Option<Time> {
        [self.oldest_log(None), self.oldest_digest()].into_iter().flatten().min()
    }

    /// The oldest log file of one folder, or of all.
    fn oldest_log(&mut self, folder: Option<usize>) -> Option<Time> {
        if self.oldest.logs.is_none() {
            self.oldest.logs = Some((0..self.log_folders.len()).map(|number| self.first_log(number)).collect());
        }
        let logs = self.oldest.logs.as_deref().unwrap_or_default();
        match folder {
            Some(number) => logs.get(number).copied().flatten(),
            None => logs.iter().flatten().min().copied(),
        }
    }

    fn first_log(&self, number: usize) -> Option<Time> {
        let days = self.log_days.iter().filter(|(_, folders)| folders.contains(&number)).map(|(day, _)| *day);
        days.into_iter().find_map(|day| self.first_log_of(number, day))
    }

    fn first_log_of(&self, number: usize, day: NaiveDate) -> Option<Time> {
        let of = self.log_folders.get(number)?;
        let store = self.outside.sites.store(of.folder.site)?;
        let listed = first_object(store.as_ref(), &day_prefix(&of.folder, day)).ok()??;
        of.spot(number, &listed.key)?.at.or(Some(period(day, ODD).0))
    }

    /// The end of the oldest digest.
    fn oldest_digest(&mut self) -> Option<Time> {
        if self.oldest.digest.is_none() {
            self.oldest.digest = Some(self.digest_days.iter().find_map(|day| self.first_digest_end(*day)));
        }
        self.oldest.digest.flatten()
    }

    fn first_digest_end(&self, day: NaiveDate) -> Option<Time> {
        let listed = digests::list(self.outside, &self.id, &self.digest_folders, day);
        listed.named.last().map(|named| named.name.end)
    }
}

/// Midnight after a time.
fn day_after(time: Time) -> Time {
    let after = time.date_naive().checked_add_days(Days::new(1));
    after.map_or(Time::MAX_UTC, |day| day.and_time(NaiveTime::MIN).and_utc())
}
