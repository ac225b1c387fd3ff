//! Metric filters, judged by what they catch of the events of a control, and what they catch besides.

mod judged;
mod written;

use metrics::{MetricTransformation, MetricValue, Transformation};
use predicate::pattern::Pattern;

use crate::finding::{Evidence, Severity};
use crate::patterns;
use crate::report::{Found, Report};
use crate::running::Running;
use crate::witness::Witness;
use crate::world::{Filter, Trail};

const API: &str = "CloudWatch Logs API reference, PutMetricFilter and MetricTransformation";

/// A filter as it was asked for.
pub struct Wire {
    /// The log group, if it is named.
    pub log_group: Option<String>,
    /// The filter's name.
    pub name: String,
    /// The pattern.
    pub pattern: String,
    /// What is counted.
    pub transformations: Vec<MetricTransformation>,
}

/// Judges a filter; gives it if AWS takes it.
pub fn put(wire: &Wire, report: &mut Report) -> Option<Filter> {
    let transformation = transformation(wire, report);
    let pattern = patterns::judge(&wire.pattern, report)?;
    let catches = judge(&pattern, Some(wire), report);
    let transformation = transformation?;
    let (namespace, metric) = &transformation.metric;
    let default = transformation.default.map(|value| format!(", {value} in minutes without any")).unwrap_or_default();
    report.does(format!("counts {} in {namespace}/{metric}{default}", described(&catches)));
    Some(Filter {
        place: report.place.clone(),
        name: wire.name.clone(),
        log_group: wire.log_group.clone(),
        metric: transformation.metric.clone(),
        default: transformation.default,
        value: if let MetricValue::Constant(value) = transformation.value { value } else { 1.0 },
        catches,
    })
}

/// Judges a pattern that belongs to no filter.
pub fn judge_pattern(pattern: &Pattern, report: &mut Report) {
    let catches = judge(pattern, None, report);
    report.does(format!("matches {}", described(&catches)));
}

fn described(catches: &[Witness]) -> String {
    let names: Vec<&str> = catches.iter().map(|witness| witness.label.as_str()).collect();
    match names.as_slice() {
        [] => "none of the events of the CIS monitoring set".to_owned(),
        [first, second, third, fourth, .., last] => {
            format!("{first}, {second}, {third}, {fourth}, ... {last}: {} of our witness events", names.len())
        }
        few => few.join(", "),
    }
}

fn transformation(wire: &Wire, report: &mut Report) -> Option<Transformation> {
    let [one] = wire.transformations.as_slice() else {
        let what = format!("a metric filter takes one metric transformation, these are {}", wire.transformations.len());
        report.find(Found::new("transformation-refused", Severity::High, what, "there is no filter").source(API));
        return None;
    };
    match one.check() {
        Ok(transformation) => Some(transformation),
        Err(wrong) => {
            let evidence = wrong.iter().map(|wrong| Evidence::of(wrong.parameter, format!("{}; {}", wrong.what, wrong.hint)));
            let what = "CloudWatch Logs refuses the metric transformation: InvalidParameterException";
            report.find(Found::new("transformation-refused", Severity::High, what, "there is no filter").by(evidence).source(API));
            None
        }
    }
}

/// Judges what a pattern catches; gives the events.
fn judge(pattern: &Pattern, wire: Option<&Wire>, report: &mut Report) -> Vec<Witness> {
    match pattern {
        Pattern::Everything => {
            let what = "it matches every event";
            report.find(
                Found::new("filter-everything", Severity::Medium, what, "a metric of all events says nothing about any of them")
                    .source(API),
            );
        }
        Pattern::Terms(_) | Pattern::Spaced(_) => {
            let what = "it looks at the event as a line of text, not at its fields";
            let why = "a name matches wherever it stands: in a user agent, a session name or a parameter that an attacker chooses";
            report.find(Found::new("filter-not-json", Severity::Low, what, why).source(API));
        }
        Pattern::Json(_) => {}
    }
    let Some(running) = Running::pattern(pattern) else { return Vec::new() };
    judged::by_controls(pattern, &running, wire, report)
}

/// Whether the trail delivers the events that a filter catches.
pub fn judge_delivery(filter: &Filter, name: &str, trail: &Trail, report: &mut Report) {
    let running = trail.running();
    let kept = |witness: &&Witness| running.as_ref().is_some_and(|running| running.holds(&witness.event));
    let lost: Vec<&Witness> = filter.catches.iter().filter(|witness| !kept(witness)).collect();
    if lost.is_empty() {
        return;
    }
    let line = trail.said.as_ref().map_or(0, |place| place.line);
    let (id, severity, what) = if lost.len() == filter.catches.len() {
        (
            "filter-mute",
            Severity::High,
            format!(
                "filter `{}` never counts anything: since line {line} trail `{name}` does not keep the events that it looks for",
                filter.name
            ),
        )
    } else {
        (
            "filter-half-mute",
            Severity::Medium,
            format!("filter `{}` misses events that trail `{name}` does not keep since line {line}", filter.name),
        )
    };
    let evidence =
        lost.iter().map(|witness| Evidence::event(&witness.label, "caught by the filter, dropped by the trail", &witness.event));
    let why = "the log group gets what the trail keeps, and nothing else; an alarm on the metric stays silent for ever";
    let found = Found::new(id, severity, what, why).by(evidence).at(&filter.place);
    report.find(found.write(format!("keep management events in the selectors of trail `{name}`: see line {line}")).source(API));
}

/// A metric that nobody looks at.
pub fn unwatched(filter: &Filter, report: &mut Report) {
    let (namespace, metric) = &filter.metric;
    let what = format!("no alarm watches {namespace}/{metric}");
    let found =
        Found::new("metric-unwatched", Severity::Medium, what, "a number that nobody looks at warns nobody").at(&filter.place);
    report.find(
        found.write(written::alarm(filter)).source("CIS monitoring controls: a metric filter and an alarm with a subscriber"),
    );
}
