//! A report for continuous integration: a test case for each account, Region and day. A violation is a failure, what cannot be proven is
//! an error, a day in which nothing is expected is skipped: unknown never passes.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use finding::xml::escaped;
use prove::report::{Cell, Finding, HourState, Level, Report};

/// Most test cases; beyond, accounts and Regions in which all is proven get one each.
const CASES_MAX: usize = 50_000;

/// One `<testcase>`.
#[derive(Debug)]
struct Case {
    name: String,
    worst: HourState,
    told: Vec<String>,
}

/// The report as XML.
pub fn xml(report: &Report) -> String {
    let days: usize = report.cells.iter().map(|cell| days(cell).len()).sum();
    let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
    for cell in &report.cells {
        let findings: Vec<&Finding> = report.findings.iter().filter(|finding| is_of(finding, cell)).collect();
        let is_fine = findings.iter().all(|finding| finding.level == Level::Note);
        let cases = if days > CASES_MAX && is_fine { vec![whole(cell)] } else { cases(cell, &findings) };
        suites.push((suite_name(cell), cases));
    }
    let elsewhere: Vec<&Finding> =
        report.findings.iter().filter(|finding| !report.cells.iter().any(|cell| is_of(finding, cell))).collect();
    suites.push(("trailkeep.verify".to_owned(), vec![judgment(report, &elsewhere)]));
    document(&suites)
}

/// The whole run: fails whenever the exit code is not 0, whatever the other cases say.
fn judgment(report: &Report, elsewhere: &[&Finding]) -> Case {
    let worst = match report.judgment {
        prove::report::Judgment::Proven => HourState::Ok,
        prove::report::Judgment::Unproven => HourState::Unproven,
        prove::report::Judgment::Violated => HourState::Invalid,
    };
    let mut told = vec![format!(
        "{} violations, {} not proven, {} notes",
        report.totals.violations, report.totals.unproven, report.totals.notes
    )];
    told.extend(elsewhere.iter().filter(|finding| finding.level != Level::Note).map(|finding| line(finding)));
    Case { name: "judgment".to_owned(), worst, told }
}

fn is_of(finding: &Finding, cell: &Cell) -> bool {
    (&finding.prefix, &finding.organization, &finding.account, &finding.region)
        == (&cell.prefix, &cell.organization, &cell.account, &cell.region)
}

fn suite_name(cell: &Cell) -> String {
    let organization = cell.organization.as_deref().map(|organization| format!("{organization}/")).unwrap_or_default();
    format!("{}{organization}{} {}", cell.prefix, cell.account, cell.region)
}

/// The worst hour of each day.
fn days(cell: &Cell) -> BTreeMap<NaiveDate, HourState> {
    let mut days = BTreeMap::new();
    for run in &cell.hours {
        let end = run.from + TimeDelta::hours(i64::from(run.hours));
        let mut hour = run.from;
        while hour < end {
            let worst = days.entry(hour.date_naive()).or_insert(run.state);
            *worst = (*worst).max(run.state);
            hour += TimeDelta::hours(1);
        }
    }
    days
}

fn whole(cell: &Cell) -> Case {
    let worst = cell.hours.iter().map(|run| run.state).max().unwrap_or(HourState::NotExpected);
    Case { name: "all days".to_owned(), worst, told: Vec::new() }
}

/// A case for each day, with the findings that concern it; findings without a time get one of their own.
fn cases(cell: &Cell, findings: &[&Finding]) -> Vec<Case> {
    let mut cases: BTreeMap<NaiveDate, Case> = BTreeMap::new();
    for (day, worst) in days(cell) {
        cases.insert(day, Case { name: day.to_string(), worst, told: Vec::new() });
    }
    let mut timeless = Vec::new();
    for finding in findings.iter().filter(|finding| finding.level != Level::Note) {
        let Some((first, last)) = span(finding) else {
            timeless.push(*finding);
            continue;
        };
        let mut is_placed = false;
        for (_, case) in cases.range_mut(first..=last) {
            case.add(finding);
            is_placed = true;
        }
        if !is_placed {
            timeless.push(finding);
        }
    }
    let mut cases: Vec<Case> = cases.into_values().collect();
    if !timeless.is_empty() {
        let mut case = Case { name: "other findings".to_owned(), worst: HourState::NotExpected, told: Vec::new() };
        timeless.into_iter().for_each(|finding| case.add(finding));
        cases.push(case);
    }
    cases
}

/// First and last day that a finding concerns.
fn span(finding: &Finding) -> Option<(NaiveDate, NaiveDate)> {
    let from = finding.from.or(finding.to)?;
    // An hour that ends at midnight is of the day before.
    let last = |to: DateTime<Utc>| (to - TimeDelta::nanoseconds(1)).date_naive();
    let to = finding.to.map_or(from.date_naive(), last);
    Some((from.date_naive(), to.max(from.date_naive())))
}

impl Case {
    fn add(&mut self, finding: &Finding) {
        let worst = match finding.level {
            Level::Violation => HourState::Invalid,
            Level::Unproven => HourState::Unproven,
            Level::Note => return,
        };
        self.worst = self.worst.max(worst);
        self.told.push(line(finding));
    }

    fn verdict(&self) -> Verdict {
        match self.worst {
            HourState::Invalid | HourState::Missing => Verdict::Failure,
            HourState::Unproven => Verdict::Error,
            HourState::NotExpected => Verdict::Skipped,
            HourState::Ok | HourState::OkEmpty => Verdict::Passed,
        }
    }

    fn xml(&self, suite: &str) -> String {
        let begin = format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(suite), escaped(&self.name));
        let first = self.told.first().map_or("see the hours in the report", String::as_str);
        let detail = escaped(&self.told.join("\n")).replace("&#10;", "\n");
        match self.verdict() {
            Verdict::Passed => format!("{begin}/>"),
            Verdict::Skipped => format!("{begin}><skipped message=\"no digest is expected\"/></testcase>"),
            Verdict::Failure => format!("{begin}><failure message=\"{}\">{detail}</failure></testcase>", escaped(first)),
            Verdict::Error => format!("{begin}><error message=\"{}\">{detail}</error></testcase>", escaped(first)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Skipped,
    Failure,
    Error,
}

/// `log-altered: the content is not ...: bucket/key`.
fn line(finding: &Finding) -> String {
    let key = finding.key.as_deref().map(|key| format!(": {key}")).unwrap_or_default();
    format!("{}: {}{key}", finding.kind.name(), finding.message)
}

fn document(suites: &[(String, Vec<Case>)]) -> String {
    let all: Vec<&Case> = suites.iter().flat_map(|(_, cases)| cases).collect();
    let mut lines = vec!["<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned()];
    lines.push(format!("<testsuites name=\"trailkeep verify\" {}>", numbers(&all)));
    for (name, cases) in suites {
        let own: Vec<&Case> = cases.iter().collect();
        lines.push(format!("  <testsuite name=\"{}\" {}>", escaped(name), numbers(&own)));
        lines.extend(cases.iter().map(|case| case.xml(name)));
        lines.push("  </testsuite>".to_owned());
    }
    lines.push("</testsuites>".to_owned());
    lines.join("\n")
}

fn numbers(cases: &[&Case]) -> String {
    let count = |verdict| cases.iter().filter(|case| case.verdict() == verdict).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        count(Verdict::Failure),
        count(Verdict::Error),
        count(Verdict::Skipped)
    )
}
