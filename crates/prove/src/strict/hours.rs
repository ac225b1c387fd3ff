//! The state of every hour of a cell: the worst that was found in it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};

use super::intervals::Time;
use crate::report::{HourRun, HourState};

const HOUR_S: i64 = 3600;

/// Hours since 1970 and their state; what is not in it is not expected.
#[derive(Clone, Debug, Default)]
pub(super) struct Hours {
    states: BTreeMap<i64, HourState>,
}

/// The hour that a moment is in.
pub(super) fn hour_of(time: Time) -> i64 {
    time.timestamp().div_euclid(HOUR_S)
}

/// When an hour begins.
pub(super) fn begin(hour: i64) -> Time {
    DateTime::from_timestamp(hour.saturating_mul(HOUR_S), 0).unwrap_or(DateTime::UNIX_EPOCH)
}

impl Hours {
    /// Notes what was found in the hour of a moment.
    pub(super) fn mark(&mut self, time: Time, state: HourState) {
        self.mark_hour(hour_of(time), state);
    }

    pub(super) fn mark_hour(&mut self, hour: i64, state: HourState) {
        let known = self.states.entry(hour).or_insert(state);
        *known = (*known).max(state);
    }

    /// Notes it for every hour that `from..to` meets.
    pub(super) fn mark_all(&mut self, from: Time, to: Time, state: HourState) {
        if from < to {
            (hour_of(from)..=hour_of(to - TimeDelta::seconds(1))).for_each(|hour| self.mark_hour(hour, state));
        }
    }

    /// The first hour of which anything is known.
    pub(super) fn first(&self) -> Option<Time> {
        self.states.keys().next().map(|hour| begin(*hour))
    }

    /// The hours from one moment to another, as runs.
    pub(super) fn runs(&self, from: Time, to: Time) -> Vec<HourRun> {
        let mut runs: Vec<HourRun> = Vec::new();
        if from >= to {
            return runs;
        }
        let (mut at, last) = (hour_of(from), hour_of(to - TimeDelta::seconds(1)));
        for (hour, state) in self.states.range(at..=last) {
            push(&mut runs, at, hour - at, HourState::NotExpected);
            push(&mut runs, *hour, 1, *state);
            at = hour + 1;
        }
        push(&mut runs, at, last + 1 - at, HourState::NotExpected);
        runs
    }

    /// Hours as they are told in runs.
    pub(super) fn of_runs(runs: &[HourRun]) -> Hours {
        let mut hours = Hours::default();
        for run in runs.iter().filter(|run| run.state != HourState::NotExpected) {
            let first = hour_of(run.from);
            (first..first + i64::from(run.hours)).for_each(|hour| hours.mark_hour(hour, run.state));
        }
        hours
    }
}

fn push(runs: &mut Vec<HourRun>, hour: i64, count: i64, state: HourState) {
    let count = u32::try_from(count).unwrap_or_default();
    match runs.last_mut() {
        _ if count == 0 => {}
        Some(last) if last.state == state => last.hours += count,
        _ => runs.push(HourRun { from: begin(hour), hours: count, state }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_each_hour_in_runs() {
        use HourState::*;
        let mut hours = Hours::default();
        hours.mark_all(begin(2), begin(5), OkEmpty);
        hours.mark(begin(3) + TimeDelta::minutes(59), Ok);
        hours.mark_all(begin(3) + TimeDelta::minutes(30), begin(4), OkEmpty);
        hours.mark_hour(7, Missing);
        hours.mark_hour(7, Ok);
        let runs: Vec<(i64, u32, HourState)> =
            hours.runs(begin(1), begin(9)).iter().map(|run| (hour_of(run.from), run.hours, run.state)).collect();
        let told = [
            (1, 1, NotExpected),
            (2, 1, OkEmpty),
            (3, 1, Ok),
            (4, 1, OkEmpty),
            (5, 2, NotExpected),
            (7, 1, Missing),
            (8, 1, NotExpected),
        ];
        assert_eq!(runs, told);
        assert_eq!(Hours::of_runs(&hours.runs(begin(1), begin(9))).runs(begin(1), begin(9)).len(), runs.len());
        assert_eq!(hours.runs(begin(9), begin(9)), []);
        assert_eq!(hours.first(), Some(begin(2)));
    }
}
