//! Findings as JUnit: a test case for each rule that ran, failed by its findings. For pipelines that stop on a red test.

use crate::xml::escaped;
use crate::{Finding, Severity};

/// The report: `rules` are `(id, title)` of all that ran; findings below `fail_on` do not fail their rule.
pub fn junit(rules: &[(String, String)], findings: &[Finding], fail_on: Severity) -> String {
    let mut cases = String::new();
    let mut failures = 0;
    for (id, title) in rules {
        let of_rule: Vec<&Finding> = findings.iter().filter(|f| f.rule.id == *id && f.severity >= fail_on).collect();
        cases += &format!("    <testcase classname=\"trailkeep.detect\" name=\"{} ({})\"", escaped(title), escaped(id));
        if of_rule.is_empty() {
            cases += "/>\n";
            continue;
        }
        failures += 1;
        let told: Vec<String> = of_rule.iter().map(|finding| line(finding)).collect();
        let message = format!("{} findings", of_rule.len());
        cases += &format!("><failure message=\"{message}\">{}</failure></testcase>\n", escaped(&told.join("\n")));
    }
    let count = rules.len();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{count}\" failures=\"{failures}\">\n  \
         <testsuite name=\"trailkeep.detect\" tests=\"{count}\" failures=\"{failures}\">\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

fn line(finding: &Finding) -> String {
    let events = finding.events.first().map_or("", |event| &event.event_id);
    format!("{} {} {} events, first {events}", finding.severity.word(), finding.entity.value, finding.count)
}
