//! `lookup-events` for Insights, which are not where one looks for them.

use crate::finding::{Evidence, Severity};
use crate::report::{Found, Report};

/// Judges a look-up.
pub fn judge(attributes: &[(String, String)], category: Option<&str>, report: &mut Report) {
    let looked_for = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    report.does(match category {
        Some("insight") => "looks Insights events up".to_owned(),
        _ => "looks management events up, of the last 90 days in one Region".to_owned(),
    });
    let is_for_insights = looked_for("EventSource").is_some_and(|source| source.to_ascii_lowercase().contains("insight"));
    if !is_for_insights {
        return;
    }
    let source = looked_for("EventSource").unwrap_or_default();
    let what = format!("it finds nothing and says nothing: no event has the source `{source}`");
    let why =
        "Insights events are looked up with --event-category insight, and their EventSource is the service whose rate was odd";
    let answer = Evidence::of("what AWS answers", "{\"Events\": []} and exit code 0");
    let right = "aws cloudtrail lookup-events --event-category insight --max-results 10\n\
                 aws cloudtrail list-insights-data --insight-source TRAIL-ARN --data-type InsightsEvents    # Insights of data events";
    report.find(
        Found::new("lookup-finds-nothing", Severity::Medium, what, why)
            .by([answer])
            .write(right)
            .source("CloudTrail API reference, LookupEvents and ListInsightsData"),
    );
}
