//! `put-insight-selectors`: whether the trail has the events that Insights analyse.

use predicate::selector::{InsightSelector, InsightType, Selectors, check_insights, to_json};

use crate::finding::{Evidence, Severity};
use crate::report::{Found, Report};
use crate::running::Running;
use crate::witness::{self, Witness};
use crate::world::{Trail, is_of};

const GUIDE: &str = "CloudTrail user guide, \"Logging Insights events\"; API reference, PutInsightSelectors";

/// Judges a call. Of a trail that the file does not set up, nothing is known.
pub fn put(name: Option<&str>, list: &[InsightSelector], trail: Option<&Trail>, report: &mut Report) {
    report.does(described(list));
    if list.is_empty() {
        let found = Found::new("insights-off", Severity::High, "it switches Insights off", "an empty list replaces what was there");
        report.find(found.write(command(name, &both())).source(GUIDE));
    }
    let refusals = check_insights(list);
    if !refusals.is_empty() {
        let evidence = refusals.iter().map(|refusal| Evidence::of(format!("selector {}", refusal.selector), refusal.what.clone()));
        let what = "AWS refuses these selectors: InvalidInsightSelectorsException";
        let found = Found::new("insights-refused", Severity::High, what, "nothing is changed by the call");
        report.find(found.by(evidence).write(command(name, &both())).source(GUIDE));
    }
    if let Some(trail) = trail {
        nothing_to_analyse(name, list, trail, report);
    }
    if !list.is_empty() && list.iter().all(|selector| selector.event_categories.is_empty()) {
        let what = "it watches management events only: `EventCategories` is not given";
        let why = "rates of data events (a bucket read empty) are watched when `Data` is named, on trails that keep them";
        let named: Vec<InsightSelector> = list.iter().map(with_both).collect();
        let found = Found::new("insights-management-only", Severity::Low, what, why).write(command(name, &named)).source(GUIDE);
        report.find(found);
    }
}

fn described(list: &[InsightSelector]) -> String {
    let one = |selector: &InsightSelector| {
        let what = match selector.insight_type {
            InsightType::ApiCallRateInsight => "the rate of calls",
            InsightType::ApiErrorRateInsight => "the rate of errors",
        };
        let of =
            if selector.event_categories.is_empty() { "Management".to_owned() } else { selector.event_categories.join(" and ") };
        format!("{what} ({of} events)")
    };
    if list.is_empty() {
        return "watches nothing".to_owned();
    }
    let all: Vec<String> = list.iter().map(one).collect();
    format!("watches {}; rates alone: a stranger who calls seldom is not noticed", all.join(" and "))
}

fn nothing_to_analyse(name: Option<&str>, list: &[InsightSelector], trail: &Trail, report: &mut Report) {
    let running = trail.running();
    let mut evidence = Vec::new();
    for selector in list {
        for category in ["Management", "Data"].into_iter().filter(|category| selector.watches(category)) {
            let events = analysed(selector.insight_type, category);
            if !events.iter().any(|witness| running.as_ref().is_some_and(|running: &Running| running.holds(&witness.event))) {
                let label = format!("{:?} of {category} events", selector.insight_type);
                let sample = events.first().map(|witness| &witness.event).cloned().unwrap_or_default();
                evidence.push(Evidence::event(label, "the trail keeps none of them", &sample));
            }
        }
    }
    if evidence.is_empty() {
        return;
    }
    let line = trail.said.as_ref().map(|place| format!(" since line {}", place.line)).unwrap_or_default();
    let what = format!("AWS refuses it: InvalidInsightSelectorsException; the trail does not keep the events to analyse{line}");
    let why = "call rates need management events that write, error rates those that fail; data Insights need data events";
    let write = format!("put selectors with management events first, then:\n{}", command(name, list));
    report.find(Found::new("insights-refused", Severity::High, what, why).by(evidence).write(write).source(GUIDE));
}

/// Events that an analysis looks at.
fn analysed(kind: InsightType, category: &str) -> Vec<Witness> {
    let mut events = witness::of_every_kind();
    let reads = |event: &serde_json::Value| event.get("readOnly") == Some(&serde_json::Value::Bool(true));
    events.retain(|witness| is_of(&witness.event, category));
    if kind == InsightType::ApiCallRateInsight && category == "Management" {
        events.retain(|witness| !reads(&witness.event));
    }
    events
}

fn both() -> Vec<InsightSelector> {
    [InsightType::ApiCallRateInsight, InsightType::ApiErrorRateInsight]
        .map(|insight_type| with_both(&InsightSelector { insight_type, event_categories: Vec::new() }))
        .to_vec()
}

fn with_both(selector: &InsightSelector) -> InsightSelector {
    InsightSelector { event_categories: vec!["Management".to_owned(), "Data".to_owned()], ..selector.clone() }
}

fn command(name: Option<&str>, list: &[InsightSelector]) -> String {
    let json = to_json(&Selectors::Insight(list.to_vec()));
    format!("aws cloudtrail put-insight-selectors --trail-name {} --insight-selectors '{json}'", name.unwrap_or("NAME"))
}
