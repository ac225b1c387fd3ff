//! Alarms, walked over a quiet day, over one event, and over a burst.

use metrics::{Alarm, MetricAlarm, Point, Series, State, Transition, Watch, read_alarm};

use crate::finding::{Evidence, Place, Severity};
use crate::report::{Found, Report};
use crate::world::Filter;

const EVALUATION: &str = "CloudWatch user guide, \"Alarm evaluation\" and \"Configuring how CloudWatch alarms treat missing data\"";
const MINUTE_S: i64 = 60;
/// The hour at which the event comes, in seconds; before it there is time for the alarm to settle.
const EVENT_S: i64 = 12 * 3_600;
const DAY_S: i64 = 86_400;
/// Most events of a burst.
const BURST_MAX: f64 = 1e6;

/// Reads an alarm; gives it if AWS takes it and its state can be computed.
pub fn put(wire: &MetricAlarm, report: &mut Report) -> Option<Alarm> {
    match read_alarm(wire) {
        Ok(alarm) => {
            let (namespace, metric) = &alarm.metric;
            report.does(format!(
                "alarms when {} of {} periods of {} s have {namespace}/{metric} {} {}",
                alarm.datapoints_to_alarm,
                alarm.evaluation_periods,
                alarm.period_s,
                alarm.comparison.words(),
                alarm.threshold
            ));
            Some(alarm)
        }
        Err(wrong) => {
            let is_ours = wrong.iter().all(|wrong| wrong.what.ends_with("computed here") || wrong.what.contains("computed here,"));
            if is_ours {
                report.does(format!("not judged: {}", wrong.first().map(|wrong| wrong.what.as_str()).unwrap_or_default()));
                return None;
            }
            let evidence = wrong.iter().map(|wrong| Evidence::of(wrong.parameter, format!("{}; {}", wrong.what, wrong.hint)));
            let what = "CloudWatch refuses the alarm: ValidationError";
            report.find(
                Found::new("alarm-refused", Severity::High, what, "there is no alarm")
                    .by(evidence)
                    .source("CloudWatch API reference, PutMetricAlarm"),
            );
            None
        }
    }
}

/// Judges an alarm on the metric of a filter. Of metrics of AWS's own, nothing is known.
pub fn judge(place: &Place, alarm: &Alarm, filter: Option<&Filter>, filters: &[Filter], report: &mut Report) {
    actions(place, alarm, report);
    if alarm.metric.0.starts_with("AWS/") {
        return;
    }
    if filter.is_none() && !filters.is_empty() {
        orphan(place, alarm, filters, report);
    }
    let default = filter.and_then(|filter| filter.default);
    let value = filter.map_or(1.0, |filter| filter.value);
    quiet(place, alarm, filter.is_some(), default, report);
    let burst = burst_of(alarm, value);
    let one = walked(alarm, default, &[(EVENT_S, value)]);
    if !raised(&one) {
        silent(place, alarm, default, value, burst, report);
    } else if one.last().is_some_and(|change| change.to == State::Alarm) {
        stuck(place, alarm, &one, report);
    }
}

fn actions(place: &Place, alarm: &Alarm, report: &mut Report) {
    if alarm.actions_enabled && !alarm.alarm_actions.is_empty() {
        return;
    }
    let what = format!(
        "alarm `{}` tells nobody: it has no alarm action{}",
        alarm.name,
        if alarm.actions_enabled { "" } else { " that is enabled" }
    );
    let found = Found::new("alarm-tells-nobody", Severity::Medium, what, "its state changes, and that is all").at(place);
    report.find(found.write(corrected(alarm)).source("CIS monitoring controls: an SNS topic with a subscriber"));
}

fn orphan(place: &Place, alarm: &Alarm, filters: &[Filter], report: &mut Report) {
    let (namespace, metric) = &alarm.metric;
    let near: Vec<&Filter> = filters.iter().filter(|filter| filter.metric.0 == *namespace || filter.metric.1 == *metric).collect();
    let Some(first) = near.first() else { return };
    let what = format!("no filter of this file counts in {namespace}/{metric}");
    let found =
        Found::new("alarm-without-metric", Severity::High, what, "namespace and name must be the same to the letter").at(place);
    let evidence = near
        .iter()
        .map(|filter| Evidence::of(format!("filter {}", filter.name), format!("{}/{}", filter.metric.0, filter.metric.1)));
    report.find(
        found.by(evidence).write(format!("--namespace {} --metric-name {}", first.metric.0, first.metric.1)).source(EVALUATION),
    );
}

/// A day on which events come, and none matches.
fn quiet(place: &Place, alarm: &Alarm, is_known: bool, default: Option<f64>, report: &mut Report) {
    let history = walked(alarm, default, &[]);
    let state = history.last().map_or(State::InsufficientData, |change| change.to);
    match state {
        State::Ok => {}
        State::InsufficientData => {
            let severity = if is_known { Severity::Medium } else { Severity::Low };
            let unless = if is_known { "" } else { ", unless its metric has a default value" };
            let what = format!("alarm `{}` sits in INSUFFICIENT_DATA while nothing happens{unless}", alarm.name);
            let why = "a filter that matches nothing gives no data points, and missing data is treated as missing: a filter that works cannot be told from \
                       one that is broken";
            let evidence = Evidence::of("a day on which events come and none matches", shown(&history));
            report.find(
                Found::new("alarm-insufficient-data", severity, what, why)
                    .by([evidence])
                    .at(place)
                    .write(corrected(alarm))
                    .source(EVALUATION),
            );
        }
        State::Alarm => {
            let what = format!("alarm `{}` is in ALARM while nothing happens", alarm.name);
            let why = "an alarm that is always on says nothing when something happens";
            let evidence = Evidence::of("a day on which events come and none matches", shown(&history));
            report.find(
                Found::new("alarm-always-on", Severity::High, what, why)
                    .by([evidence])
                    .at(place)
                    .write(corrected(alarm))
                    .source(EVALUATION),
            );
        }
    }
}

/// One event does not raise it. Thresholds above one are meant so, if a burst does.
fn silent(place: &Place, alarm: &Alarm, default: Option<f64>, value: f64, burst: f64, report: &mut Report) {
    let burst_history = walked(alarm, default, &[(EVENT_S, value * burst)]);
    let by_burst = raised(&burst_history);
    if by_burst && alarm.threshold > 1.0 {
        return;
    }
    let (severity, what) = if by_burst {
        (Severity::Medium, format!("alarm `{}` does not notice a single event: it takes {burst} in one period", alarm.name))
    } else {
        (Severity::High, format!("alarm `{}` is raised neither by one event nor by {burst} at once", alarm.name))
    };
    let why = "what a security filter counts is rare: the first event is the one to tell";
    let evidence = [
        Evidence::of("one event", shown(&walked(alarm, default, &[(EVENT_S, value)]))),
        Evidence::of(format!("{burst} events in one minute"), shown(&burst_history)),
    ];
    report.find(Found::new("alarm-silent", severity, what, why).by(evidence).at(place).write(corrected(alarm)).source(EVALUATION));
}

fn stuck(place: &Place, alarm: &Alarm, history: &[Transition], report: &mut Report) {
    let what = format!("alarm `{}` stays in ALARM after the first event", alarm.name);
    let why = "actions follow changes of state only: the second event tells nobody";
    let evidence = Evidence::of("one event at 12:00, then nothing", shown(history));
    report.find(
        Found::new("alarm-stuck", Severity::High, what, why).by([evidence]).at(place).write(corrected(alarm)).source(EVALUATION),
    );
}

/// As many events as pass the threshold.
fn burst_of(alarm: &Alarm, value: f64) -> f64 {
    if value <= 0.0 { 1.0 } else { ((alarm.threshold / value).floor() + 1.0).clamp(2.0, BURST_MAX) }
}

/// The alarm over a day and a half, with the default value in every minute without an event.
fn walked(alarm: &Alarm, default: Option<f64>, events: &[(i64, f64)]) -> Vec<Transition> {
    let until_s = EVENT_S + DAY_S;
    let mut series: Series = match default {
        Some(value) => (0..until_s / MINUTE_S).map(|minute| (minute * MINUTE_S, Point::of(value))).collect(),
        None => Series::new(),
    };
    series.extend(events.iter().map(|(at_s, value)| (*at_s, Point::of(*value))));
    let mut watch = Watch::new(alarm.clone());
    watch.walk(&series, 0, until_s);
    watch.history().to_vec()
}

/// Whether the event raised it.
fn raised(history: &[Transition]) -> bool {
    history.iter().any(|change| change.to == State::Alarm && change.at_s > EVENT_S)
}

fn shown(history: &[Transition]) -> String {
    if history.is_empty() {
        return "INSUFFICIENT_DATA all the time".to_owned();
    }
    let one = |change: &Transition| format!("{:02}:{:02} {}", change.at_s / 3_600, change.at_s / 60 % 60, change.to.name());
    let all: Vec<String> = history.iter().take(8).map(one).collect();
    format!("00:00 INSUFFICIENT_DATA, {}", all.join(", "))
}

/// The alarm as a security metric wants it: one event is enough, and silence is fine.
fn corrected(alarm: &Alarm) -> String {
    let (namespace, metric) = &alarm.metric;
    let action = alarm.alarm_actions.first().map_or("TOPIC-ARN", String::as_str);
    let threshold = if alarm.threshold > 1.0 { alarm.threshold } else { 1.0 };
    format!(
        "aws cloudwatch put-metric-alarm --alarm-name {} --metric-name {metric} --namespace {namespace} --statistic Sum --period 300 \\\n  \
         --evaluation-periods 1 --threshold {threshold} --comparison-operator GreaterThanOrEqualToThreshold \\\n  \
         --treat-missing-data notBreaching --alarm-actions {action}",
        alarm.name
    )
}
