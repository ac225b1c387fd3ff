//! The state that some periods of data mean: M breaches out of N, with AWS's rules for what is missing.

use crate::alarm::TreatMissing;

/// A state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is wrong.
    Ok,
    /// Something is.
    Alarm,
    /// There is too little data to say; every alarm begins so.
    InsufficientData,
}

/// M out of N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// N: periods that count.
    pub evaluation_periods: usize,
    /// M: breaches among them that make an alarm.
    pub datapoints_to_alarm: usize,
    /// What a missing period counts for.
    pub treat_missing: TreatMissing,
}

impl State {
    /// As AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Alarm => "ALARM",
            State::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// The state after looking at an evaluation range, oldest period first; `Some(true)` breaches, `None` is missing.
///
/// With N points or more, the N newest count, and what is missing does not. With fewer, all of them count, and the treatment fills up.
pub fn judge(range: &[Option<bool>], rule: Rule, current: State) -> State {
    let points: Vec<bool> = range.iter().flatten().copied().collect();
    let filled = rule.evaluation_periods.saturating_sub(points.len());
    let newest = points.iter().rev().take(rule.evaluation_periods);
    let breaching = newest.filter(|breaches| **breaches).count();
    let by_count = |breaching: usize| if breaching >= rule.datapoints_to_alarm { State::Alarm } else { State::Ok };
    if filled == 0 {
        return by_count(breaching);
    }
    match rule.treat_missing {
        TreatMissing::Breaching => by_count(breaching + filled),
        TreatMissing::NotBreaching => by_count(breaching),
        TreatMissing::Missing | TreatMissing::Ignore if breaching >= rule.datapoints_to_alarm => State::Alarm,
        TreatMissing::Missing | TreatMissing::Ignore if points.contains(&false) => State::Ok,
        TreatMissing::Ignore => current,
        TreatMissing::Missing if points.is_empty() => State::InsufficientData,
        TreatMissing::Missing if is_old_enough(range, rule) => State::Alarm,
        TreatMissing::Missing => current,
    }
}

/// AWS's "premature" rule, for data that only breaches or is missing: it is an alarm once the oldest breach among the N newest periods
/// is M periods old, however few points there are. Younger ones wait, for the next point may be fine.
fn is_old_enough(range: &[Option<bool>], rule: Rule) -> bool {
    let newest = range.iter().rev().take(rule.evaluation_periods);
    let oldest = newest.enumerate().filter(|(_, slot)| **slot == Some(true)).map(|(age, _)| age + 1).max();
    oldest.is_some_and(|age| age >= rule.datapoints_to_alarm)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREATMENTS: [TreatMissing; 4] =
        [TreatMissing::Missing, TreatMissing::Ignore, TreatMissing::Breaching, TreatMissing::NotBreaching];

    /// CloudWatch user guide, "How alarm state is evaluated when data is missing": M, N, the range, and the state under each
    /// treatment, missing, ignore, breaching, notBreaching. `keep` is whatever it was.
    const TABLE: &[(usize, usize, &str, [&str; 4])] = &[
        (3, 3, "0 - X - X", ["OK", "OK", "OK", "OK"]),
        (3, 3, "0 - - - -", ["OK", "OK", "OK", "OK"]),
        (3, 3, "- - - - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]),
        (3, 3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (3, 3, "- - X - -", ["ALARM", "keep", "ALARM", "OK"]),
        (2, 3, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (2, 3, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (2, 3, "0 - X - -", ["OK", "OK", "ALARM", "OK"]),
        (2, 3, "- - - - 0", ["OK", "OK", "ALARM", "OK"]),
        (2, 3, "- - - X -", ["ALARM", "keep", "ALARM", "OK"]),
        // "Because the next data point may be non-breaching, the alarm does not go immediately into ALARM state."
        (3, 3, "- - - - X", ["keep", "keep", "ALARM", "OK"]),
        (3, 3, "- - - X -", ["keep", "keep", "ALARM", "OK"]),
        // One period, as most metric filters have it: the newest point counts as long as it is in the range.
        (1, 1, "- - X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (1, 1, "X - -", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        (1, 1, "X 0 -", ["OK", "OK", "OK", "OK"]),
        (1, 1, "- - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]),
    ];

    #[test]
    fn every_row_of_the_truth_tables() {
        for (m, n, range, expected) in TABLE {
            let slots: Vec<Option<bool>> = range
                .split(' ')
                .map(|slot| match slot {
                    "-" => None,
                    slot => Some(slot == "X"),
                })
                .collect();
            for (treat_missing, expected) in TREATMENTS.into_iter().zip(expected) {
                let rule = Rule { evaluation_periods: *n, datapoints_to_alarm: *m, treat_missing };
                for current in [State::Ok, State::Alarm, State::InsufficientData] {
                    let expected = if *expected == "keep" { current.name() } else { expected };
                    assert_eq!(
                        judge(&slots, rule, current).name(),
                        expected,
                        "{m} of {n}, {range}, {treat_missing:?}, {current:?}"
                    );
                }
            }
        }
    }
}
