//! Spans of time that are asked for at once.

use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};

/// From a time, to a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl Window {
    /// The whole months around two times.
    pub(super) fn of_months(from: DateTime<Utc>, to: DateTime<Utc>) -> Window {
        let end = month(to.max(from)).and_then(|month| month.checked_add_months(Months::new(1)));
        Window { from: month(from).unwrap_or(from), to: end.unwrap_or(to) }
    }

    /// Whether another window lies in this one.
    pub(super) fn covers(&self, other: &Window) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// Begin of the month.
fn month(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let first = time.date_naive().with_day(1)?;
    Some(first.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Window {
        Window { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn months_around_times() {
        let cases = [
            ("2026-10-31T22:00:00Z", "2026-10-31T23:00:00Z", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("2026-10-31T23:00:00Z", "2026-11-01T02:00:00Z", "2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ];
        for (from, to, begin, end) in cases {
            let asked = window(from, to);
            let months = Window::of_months(asked.from, asked.to);
            assert_eq!(months, window(begin, end));
            assert!(months.covers(&asked));
        }
    }

    #[test]
    fn absurd_times_are_asked_for_as_they_are() {
        let last = DateTime::<Utc>::MAX_UTC;
        assert_eq!(Window::of_months(last, last).to, last);
        assert!(!window("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z").covers(&Window::of_months(last, last)));
    }
}
