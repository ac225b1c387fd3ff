//! Sigma rules: what in them cannot be read, and what can never match a record of CloudTrail.
//!
//! A rule that loads is not a rule that works. A condition is tried on every combination of its selections; a line is held against what
//! CloudTrail writes: whether there is such a field, and whether its values look like that.

mod lines;

use predicate::sigma::{Condition, Count, Detection, Document, Placeholders, Rule, SigmaError, read};

use crate::finding::{Place, Severity};
use crate::report::{Found, Report};

/// Most selections of which every combination is tried.
const SELECTIONS_TRIED_MAX: usize = 14;
/// What the findings go by.
const SPECIFICATION: &str = "Sigma specification, https://sigmahq.io/sigma-specification/";

/// Whether a text is a file of Sigma rules.
pub(crate) fn is_sigma(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("title:") && ["detection:", "correlation:", "filter:"].into_iter().any(has)
}

/// Reads the file and judges its documents.
pub(crate) fn check(text: &str, report: &mut Report) {
    let documents = match read(text, &Placeholders::default()) {
        Ok(documents) => documents,
        Err(error) => return refused(&error, report),
    };
    report.requests += documents.len();
    for document in documents {
        let (title, line) = match &document {
            Document::Rule(rule) => (&rule.meta.title, rule.line),
            Document::Correlation(correlation) => (&correlation.meta.title, correlation.line),
            Document::Filter(filter) => (&filter.meta.title, filter.line),
        };
        report.place = Place { line, what: format!("rule {title}") };
        match &document {
            Document::Rule(rule) if !rule.log_source.is_cloudtrail() => {
                report.does(format!("is for another log, {}, and is left out here", rule.log_source));
            }
            Document::Rule(rule) => of_rule(rule, report),
            Document::Filter(filter) => of_detection(&filter.detection, report),
            Document::Correlation(correlation) => {
                report.does(format!("looks for matches of {} within {} s", correlation.rules.join(", "), correlation.timespan_s));
            }
        }
    }
}

fn refused(error: &SigmaError, report: &mut Report) {
    report.requests += 1;
    let found =
        Found::new("sigma-refused", Severity::High, error.what.clone(), "the file is not loaded, so none of its rules runs");
    let place = Place { line: error.line, what: "rule".to_owned() };
    report.find(found.write(error.hint.clone()).source(SPECIFICATION).at(&place));
}

fn of_rule(rule: &Rule, report: &mut Report) {
    let words: Vec<String> = rule.detection.conditions.iter().map(|condition| condition.to_string()).collect();
    report.does(format!("looks for events with {}", words.join(", or ")));
    of_detection(&rule.detection, report);
}

fn of_detection(detection: &Detection, report: &mut Report) {
    unused(detection, report);
    whole(detection, report);
    let lines = detection.searches.iter().flat_map(|search| search.groups.iter().flat_map(|group| &group.tests));
    for (test, wrong) in lines.filter_map(|test| Some((test, lines::wrong(test)?))) {
        let place = Place { line: test.line, what: report.place.what.clone() };
        report.find(wrong.source(SPECIFICATION).at(&place));
    }
}

/// Selections that no condition asks for.
fn unused(detection: &Detection, report: &mut Report) {
    for search in &detection.searches {
        if !detection.conditions.iter().any(|condition| asks_for(condition, &search.name)) {
            let what = format!("no condition asks for the selection `{}`", search.name);
            let why = "its lines do nothing: events are found, or kept out, without them";
            let place = Place { line: search.line, what: report.place.what.clone() };
            report.find(Found::new("sigma-selection-unused", Severity::Medium, what, why).source(SPECIFICATION).at(&place));
        }
    }
}

fn asks_for(condition: &Condition, name: &str) -> bool {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => inner.iter().any(|inner| asks_for(inner, name)),
        Condition::Not(inner) => asks_for(inner, name),
        Condition::Search(search) => search == name,
        Condition::Of(_, which) => which.fits(name),
    }
}

/// Whether the condition can hold, and can fail, whatever the selections say.
fn whole(detection: &Detection, report: &mut Report) {
    let names: Vec<&str> = detection.searches.iter().map(|search| search.name.as_str()).collect();
    if names.len() > SELECTIONS_TRIED_MAX || detection.conditions.is_empty() {
        return;
    }
    let holds = |bits: u32| detection.conditions.iter().any(|condition| holds(condition, &names, bits));
    let outcomes: Vec<bool> = (0..1_u32 << names.len()).map(holds).collect();
    if !outcomes.contains(&true) {
        let why = "no combination of the selections fulfils it, so the rule is silent for ever";
        report.find(Found::new("sigma-never", Severity::High, "the condition can never hold", why).source(SPECIFICATION));
    } else if !outcomes.contains(&false) {
        let why = "every event fulfils it, whatever the selections say";
        report.find(Found::new("sigma-always", Severity::High, "the condition always holds", why).source(SPECIFICATION));
    }
}

/// The condition where each selection holds whose bit is set. How deep it is was checked when it was read.
fn holds(condition: &Condition, names: &[&str], bits: u32) -> bool {
    let is_set = |number: usize| bits >> number & 1 == 1;
    match condition {
        Condition::All(inner) => inner.iter().all(|inner| holds(inner, names, bits)),
        Condition::Any(inner) => inner.iter().any(|inner| holds(inner, names, bits)),
        Condition::Not(inner) => !holds(inner, names, bits),
        Condition::Search(name) => names.iter().position(|known| known == name).is_some_and(is_set),
        Condition::Of(count, which) => {
            let mut of = names.iter().enumerate().filter(|(_, name)| which.fits(name)).map(|(number, _)| is_set(number));
            if *count == Count::All { of.all(|holds| holds) } else { of.any(|holds| holds) }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check;

    fn ids(detection: &str) -> Vec<(usize, &'static str)> {
        let indented: String = detection.lines().map(|line| format!("  {line}\n")).collect();
        let text = format!("title: t\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{indented}");
        let report = check("r.yml", &text, &|_| None);
        assert_eq!(report.requests, 1, "{text}");
        report.findings.iter().map(|finding| (finding.place.line, finding.id)).collect()
    }

    #[test]
    fn what_never_matches_is_told() {
        for (detection, expected) in [
            ("s: {eventName: StopLogging, eventSource: cloudtrail.amazonaws.com, errorCode: null}\ncondition: s", &[][..]),
            ("s: {eventName: Stop*}\nf_x: {userAgent|contains: terraform}\ncondition: s and not 1 of f_*", &[]),
            ("s: {eventSource: cloudtrail}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {eventSource|startswith: cloudtrail}\ncondition: s", &[]),
            ("s: {eventName: 'Stop Logging'}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {errorCode: Success}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {additionalEventData.MFAUsed: false}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {additionalEventData.MFAUsed: 'NO'}\ncondition: s", &[]),
            ("s: {recipientAccountId: 1234}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {sourceIPAddress|cidr: 10.0.0.0/8}\ncondition: s", &[]),
            ("s: {EventName: StopLogging}\ncondition: s", &[(4, "sigma-field-unknown")]),
            ("s: {src_ip: 192.0.2.1}\ncondition: s", &[(4, "sigma-field-unknown")]),
            ("s: {useridentity.type: Root}\ncondition: s", &[(4, "sigma-field-unknown")]),
            ("s: {userIdentity.arn|fieldref: requestParameters.userName}\ncondition: s", &[(4, "sigma-value-never")]),
            ("s: {userIdentity.arn|fieldref|endswith: requestParameters.userName}\ncondition: s", &[]),
            ("s: {eventName: A}\nt: {eventName: B}\ncondition: s", &[(5, "sigma-selection-unused")]),
            ("s: {eventName: A}\ncondition: s and not s", &[(3, "sigma-never")]),
            ("s: {eventName: A}\ncondition: s or not s", &[(3, "sigma-always")]),
            ("s: {eventName: A}\ncondition: t", &[(5, "sigma-refused")]),
        ] {
            let expected: Vec<(usize, &str)> = expected.to_vec();
            let found = ids(detection);
            assert_eq!(
                found.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
                expected.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
                "{detection}"
            );
        }
    }

    #[test]
    fn other_documents() {
        let text = "title: c\ncorrelation: {type: event_count, rules: [a], group-by: [x], timespan: 5m, condition: {gte: 3}}\n";
        let report = check("r.yml", text, &|_| None);
        assert!(report.findings.is_empty() && report.unread.is_empty() && report.does[0].what.contains("matches of a"));
        let text = "title: w\nlogsource: {product: windows}\ndetection: {s: {a: b}, condition: s}\n";
        assert!(check("r.yml", text, &|_| None).does[0].what.contains("another log"));
    }
}
