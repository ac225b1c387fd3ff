//! What is due first, and whether the budget has room for it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Utc};

use super::LIST_REQUESTS_PER_DAY_MAX;

/// Times and slots. A slot that is moved is pushed again; its old entry is stale and known by its time.
#[derive(Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Reverse<(DateTime<Utc>, usize)>>,
}

impl Schedule {
    pub(super) fn push(&mut self, due: DateTime<Utc>, slot: usize) {
        self.heap.push(Reverse((due, slot)));
    }

    pub(super) fn pop(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, usize)> {
        let is_due = self.first().is_some_and(|due| due <= now);
        is_due.then(|| self.heap.pop()).flatten().map(|Reverse(entry)| entry)
    }

    pub(super) fn first(&self) -> Option<DateTime<Utc>> {
        self.heap.peek().map(|Reverse((due, _))| *due)
    }
}

/// Requests that may be made at once after a rest.
const BURST: u64 = 10_000;
/// What one request costs in time, so that a burst and 24 hours together stay within the budget.
const COST_US: u64 = (86_400_000_000_u64).div_ceil(LIST_REQUESTS_PER_DAY_MAX - BURST);

/// A hard limit (the generic cell rate algorithm): each request moves a mark ahead by what it costs; the mark may be ahead
/// of the clock by a burst, no more.
pub(super) struct Budget {
    mark: DateTime<Utc>,
}

impl Budget {
    pub(super) fn new(now: DateTime<Utc>) -> Budget {
        Budget { mark: now }
    }

    pub(super) fn is_free(&self, now: DateTime<Utc>) -> bool {
        self.free_from() <= now
    }

    pub(super) fn free_from(&self) -> DateTime<Utc> {
        self.mark - microseconds(COST_US * (BURST - 1))
    }

    pub(super) fn spend(&mut self, now: DateTime<Utc>) {
        self.mark = self.mark.max(now) + microseconds(COST_US);
    }
}

fn microseconds(microseconds: u64) -> TimeDelta {
    TimeDelta::microseconds(i64::try_from(microseconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn a_day_of_greed_stays_within_the_budget() {
        let start = Utc.with_ymd_and_hms(2026, 11, 22, 0, 0, 0).unwrap();
        let mut budget = Budget::new(start);
        let mut spent = 0_u64;
        for second in 0..86_400 {
            let now = start + TimeDelta::seconds(second);
            while budget.is_free(now) {
                budget.spend(now);
                spent += 1;
            }
        }
        assert!((980_000..=LIST_REQUESTS_PER_DAY_MAX).contains(&spent), "{spent}");
    }
}
