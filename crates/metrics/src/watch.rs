//! An alarm walked over time. It acts when its state changes, never while it stays.

use chrono::DateTime;

use crate::alarm::{Alarm, Statistic};
use crate::evaluate::{Rule, State, judge};
use crate::limits::{EXTRA_PERIODS, TRANSITIONS_MAX};
use crate::minutes::{MINUTE_S, Point, Series};

/// An alarm and its state.
#[derive(Clone, Debug)]
pub struct Watch {
    alarm: Alarm,
    state: State,
    history: Vec<Transition>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// When, in seconds since 1970.
    pub at_s: i64,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why, in AWS's words.
    pub reason: String,
    /// What was done: the ARNs of the actions.
    pub actions: Vec<String>,
}

impl Watch {
    /// A new alarm, in INSUFFICIENT_DATA.
    pub fn new(alarm: Alarm) -> Watch {
        Watch { alarm, state: State::InsufficientData, history: Vec::new() }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The alarm.
    pub fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// Every change so far.
    pub fn history(&self) -> &[Transition] {
        &self.history
    }

    /// Evaluates from one time to another, as often as CloudWatch does: every minute; every 10 seconds with short periods, every hour
    /// when the alarm looks back more than a day.
    pub fn walk(&mut self, series: &Series, from_s: i64, until_s: i64) {
        let step_s = self.step_s();
        let mut at_s = from_s.div_euclid(step_s) * step_s + step_s;
        while at_s <= until_s && self.history.len() < TRANSITIONS_MAX {
            self.evaluate(series, at_s);
            at_s += step_s;
        }
    }

    fn step_s(&self) -> i64 {
        let look_back_s =
            i64::from(self.alarm.period_s) * i64::try_from(self.alarm.evaluation_periods).unwrap_or(i64::MAX / 86_400);
        match self.alarm.period_s {
            0..60 => 10,
            _ if look_back_s > 86_400 => 3_600,
            _ => MINUTE_S,
        }
    }

    /// Looks at the periods that end now.
    fn evaluate(&mut self, series: &Series, now_s: i64) {
        let values = self.values(series, now_s);
        let alarm = &self.alarm;
        let range: Vec<Option<bool>> =
            values.iter().map(|value| value.map(|(_, value)| alarm.comparison.breaches(value, alarm.threshold))).collect();
        let rule = Rule {
            evaluation_periods: alarm.evaluation_periods,
            datapoints_to_alarm: alarm.datapoints_to_alarm,
            treat_missing: alarm.treat_missing,
        };
        let state = judge(&range, rule, self.state);
        if state != self.state {
            let transition = Transition {
                at_s: now_s,
                from: self.state,
                to: state,
                reason: self.reason(state, &values),
                actions: self.actions(state),
            };
            self.history.push(transition);
            self.state = state;
        }
    }

    /// The statistic of each period of the evaluation range with its begin, oldest first.
    fn values(&self, series: &Series, now_s: i64) -> Vec<Option<(i64, f64)>> {
        let period_s = i64::from(self.alarm.period_s.max(1));
        let periods = self.alarm.evaluation_periods + EXTRA_PERIODS;
        let begin = |age: usize| now_s - period_s * i64::try_from(age).unwrap_or(i64::MAX / period_s);
        (1..=periods)
            .rev()
            .map(|age| {
                let points = series.range(begin(age)..begin(age - 1)).map(|(_, point)| *point);
                points.reduce(Point::and).map(|point| (begin(age), self.alarm.statistic.of(point)))
            })
            .collect()
    }

    fn actions(&self, state: State) -> Vec<String> {
        let alarm = &self.alarm;
        match state {
            _ if !alarm.actions_enabled => Vec::new(),
            State::Ok => alarm.ok_actions.clone(),
            State::Alarm => alarm.alarm_actions.clone(),
            State::InsufficientData => alarm.insufficient_data_actions.clone(),
        }
    }

    fn reason(&self, state: State, values: &[Option<(i64, f64)>]) -> String {
        let (alarm, n) = (&self.alarm, self.alarm.evaluation_periods);
        let shown: Vec<(i64, f64)> = values.iter().rev().flatten().take(n).copied().collect();
        if shown.is_empty() {
            let many = if n == 1 { "1 datapoint was".to_owned() } else { format!("{n} datapoints were") };
            return match state {
                State::InsufficientData => format!("Insufficient Data: {many} unknown."),
                _ => format!(
                    "Threshold Crossed: no datapoints were received for {n} period{}; they count as {}.",
                    plural(n),
                    if state == State::Alarm { "breaching" } else { "not breaching" }
                ),
            };
        }
        let (breaching, not) = if state == State::Alarm { (true, "") } else { (false, "not ") };
        let those: Vec<&(i64, f64)> =
            shown.iter().filter(|(_, value)| alarm.comparison.breaches(*value, alarm.threshold) == breaching).collect();
        let list: Vec<String> = those.iter().map(|(at_s, value)| format!("{value:?} ({})", time(*at_s))).collect();
        format!(
            "Threshold Crossed: {} out of the last {} datapoint{} [{}] {} {not}{} the threshold ({:?}) (minimum {} datapoint{} for OK -> ALARM transition).",
            those.len(),
            shown.len(),
            plural(shown.len()),
            list.join(", "),
            if those.len() == 1 { "was" } else { "were" },
            alarm.comparison.words(),
            alarm.threshold,
            alarm.datapoints_to_alarm,
            plural(alarm.datapoints_to_alarm)
        )
    }
}

impl Statistic {
    /// Of a period's points together.
    fn of(self, point: Point) -> f64 {
        match self {
            Statistic::SampleCount => point.count as f64,
            Statistic::Average => point.sum / point.count as f64,
            Statistic::Sum => point.sum,
            Statistic::Minimum => point.minimum,
            Statistic::Maximum => point.maximum,
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// As AWS's reasons write it.
fn time(at_s: i64) -> String {
    DateTime::from_timestamp(at_s, 0).map_or_else(|| at_s.to_string(), |at| at.format("%d/%m/%y %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{Comparison, TreatMissing};

    fn alarm(period_s: u32, n: usize, m: usize, treat_missing: TreatMissing) -> Alarm {
        Alarm {
            name: "a".to_owned(),
            metric: ("s".to_owned(), "n".to_owned()),
            dimensions: Vec::new(),
            statistic: Statistic::Sum,
            period_s,
            evaluation_periods: n,
            datapoints_to_alarm: m,
            comparison: Comparison::GreaterThanOrEqualToThreshold,
            threshold: 1.0,
            treat_missing,
            actions_enabled: true,
            alarm_actions: vec!["arn:alarm".to_owned()],
            ok_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
        }
    }

    fn walked(alarm: Alarm, minutes: &[i64], until: i64) -> Vec<(i64, &'static str)> {
        let series = minutes.iter().map(|minute| (minute * 60, Point::of(1.0))).collect();
        let mut watch = Watch::new(alarm);
        watch.walk(&series, 0, until * 60);
        watch.history().iter().map(|change| (change.at_s / 60, change.to.name())).collect()
    }

    /// One event a while ago, then silence: two periods more of ALARM, for a point in the evaluation range is newer than none.
    #[test]
    fn an_event_raises_the_alarm_once() {
        let missing = walked(alarm(300, 1, 1, TreatMissing::Missing), &[10], 60);
        assert_eq!(missing, [(11, "ALARM"), (26, "INSUFFICIENT_DATA")]);
        let not_breaching = walked(alarm(300, 1, 1, TreatMissing::NotBreaching), &[10], 60);
        assert_eq!(not_breaching, [(1, "OK"), (11, "ALARM"), (26, "OK")]);
    }

    #[test]
    fn many_events_are_one_alarm() {
        let events: Vec<i64> = (10..40).collect();
        assert_eq!(walked(alarm(300, 1, 1, TreatMissing::NotBreaching), &events, 90), [(1, "OK"), (11, "ALARM"), (55, "OK")]);
    }

    #[test]
    fn m_out_of_n() {
        let rule = || alarm(60, 3, 2, TreatMissing::NotBreaching);
        assert_eq!(walked(rule(), &[10], 30), [(1, "OK")]);
        assert_eq!(walked(rule(), &[10, 12], 30), [(1, "OK"), (13, "ALARM"), (16, "OK")]);
    }

    #[test]
    fn actions_are_those_of_the_new_state() {
        let mut watch = Watch::new(alarm(300, 1, 1, TreatMissing::NotBreaching));
        watch.walk(&[(600, Point::of(1.0))].into(), 0, 3600);
        let actions: Vec<usize> = watch.history().iter().map(|change| change.actions.len()).collect();
        assert_eq!(actions, [0, 1, 0]);
        let reason = &watch.history()[1].reason;
        assert_eq!(
            reason,
            "Threshold Crossed: 1 out of the last 1 datapoint [1.0 (01/01/70 00:06:00)] was greater than or equal to the threshold (1.0) \
             (minimum 1 datapoint for OK -> ALARM transition)."
        );
        let mut quiet = Watch::new(Alarm { actions_enabled: false, ..alarm(300, 1, 1, TreatMissing::NotBreaching) });
        quiet.walk(&[(600, Point::of(1.0))].into(), 0, 3600);
        assert!(quiet.history().iter().all(|change| change.actions.is_empty()));
    }

    #[test]
    fn how_often_it_looks() {
        assert_eq!(Watch::new(alarm(10, 1, 1, TreatMissing::Missing)).step_s(), 10);
        assert_eq!(Watch::new(alarm(3600, 24, 1, TreatMissing::Missing)).step_s(), 60);
        assert_eq!(Watch::new(alarm(3600, 25, 1, TreatMissing::Missing)).step_s(), 3600);
    }
}
