//! The time that is judged: which hours are in it, and which of them are due.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::Options;

/// What a digest covers.
pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
/// Nothing is older: CloudTrail began in 2013.
const CLOUDTRAIL_BEGAN: NaiveDate = match NaiveDate::from_ymd_opt(2013, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// Days around the range that are looked at: a digest stands in the folder of its end, and vouches for files of the day before.
const SLACK: Days = Days::new(1);
/// How far beyond the range digests are read: the next one holds the signature of the last one in the range.
const BEYOND: TimeDelta = TimeDelta::hours(2);

/// The time that is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// As asked for.
    pub(super) since: Option<DateTime<Utc>>,
    /// Never later than the clock.
    pub(super) until: DateTime<Utc>,
    /// Every digest that ended by then should be there.
    pub(super) due: DateTime<Utc>,
    /// Every digest that ended by then is overdue, whatever end was asked for.
    overdue: DateTime<Utc>,
    /// Older objects may have expired.
    pub(super) retained_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    /// Whether no end was asked for: then what is named for the future is in the range too, though it cannot be.
    is_open: bool,
}

impl Range {
    pub(super) fn new(options: &Options, now: DateTime<Utc>) -> Range {
        let until = options.until.map_or(now, |until| until.min(now));
        let overdue = less(now, options.grace);
        let due = if options.until.is_some() { until } else { overdue };
        let began = CLOUDTRAIL_BEGAN.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
        let since = options.since.map(|since| began.map_or(since, |began| since.max(began)));
        Range { since, until, due, overdue, retained_since: options.retained_since, now, is_open: options.until.is_none() }
    }

    /// Whether no end was asked for.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether something delivered at this time is in the range.
    pub(super) fn contains(&self, time: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| time >= since) && (self.is_open || time < self.until)
    }

    /// Whether a window meets the range.
    pub(super) fn meets(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| end > since) && start < self.until
    }

    /// Whether a digest that ended at this time is read: those of the range, and their neighbours.
    pub(super) fn reads(&self, end: DateTime<Utc>) -> bool {
        let since = self.since.map(|since| less(since, BEYOND));
        since.is_none_or(|since| end > since) && self.is_before_end(end)
    }

    /// Whether a digest that ended at this time is of the range, of its neighbourhood, or older.
    pub(super) fn is_before_end(&self, end: DateTime<Utc>) -> bool {
        end <= more(self.until, BEYOND)
    }

    /// Whether a folder of this day is looked at.
    pub(super) fn has_day(&self, day: NaiveDate) -> bool {
        day >= self.first_day() && day <= self.last_day()
    }

    pub(super) fn first_day(&self) -> NaiveDate {
        let first = self.since.map_or(CLOUDTRAIL_BEGAN, |since| since.date_naive());
        first.checked_sub_days(SLACK).unwrap_or(first)
    }

    pub(super) fn last_day(&self) -> NaiveDate {
        if self.is_open {
            return NaiveDate::MAX;
        }
        let last = self.until.date_naive();
        last.checked_add_days(SLACK).unwrap_or(last)
    }

    /// Whether a name says a time that is in the range and has not come yet.
    pub(super) fn is_future(&self, time: DateTime<Utc>) -> bool {
        self.is_open && time > more(self.now, BEYOND)
    }

    /// Until when digests are missing if the newest one ended then: whole hours only, since digests end at any minute.
    pub(super) fn due_after(&self, end: DateTime<Utc>) -> DateTime<Utc> {
        whole_hours(end, self.due)
    }

    /// The same for a newest one from before the range, of which nothing is due: who ended long ago is not waited for.
    pub(super) fn overdue_after(&self, end: DateTime<Utc>) -> DateTime<Utc> {
        whole_hours(end, self.due.min(self.overdue))
    }

    /// Whether the owner says that objects of this time may have expired.
    pub(super) fn may_have_expired(&self, time: DateTime<Utc>) -> bool {
        self.retained_since.is_some_and(|retained| time < retained)
    }
}

/// A time and as many whole hours after it as end by another.
fn whole_hours(from: DateTime<Utc>, by: DateTime<Utc>) -> DateTime<Utc> {
    let hours = by.signed_duration_since(from).num_hours();
    if hours > 0 { from + TimeDelta::hours(hours) } else { from }
}

/// A time minus a duration, within what can be told.
pub(super) fn less(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A time plus a duration, within what can be told.
pub(super) fn more(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
