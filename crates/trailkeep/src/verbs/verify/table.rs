//! A report for people: the verdict first, then the hours, then what was found, then numbers that add up, and what the verdict
//! does not say.

mod findings;
mod verdict;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use prove::report::{Cell, Counts, HourState, Report};

use super::matrix::{self, Mark, Row};
use crate::figures::{count, counted, counted_as, size};
use crate::output::{Screen, clean};

/// The whole report as text.
pub fn text(report: &Report, resumed: usize, screen: Screen) -> String {
    let mut lines = vec![verdict::line(report, screen), scope(report)];
    if resumed > 0 {
        let places = counted_as(resumed as u64, "account and Region", "accounts and Regions");
        lines.push(format!("{places} had been finished by the run that was interrupted; they were not read again"));
    }
    let rows = rows(&report.cells);
    section(&mut lines, matrix::draw(&rows, screen, screen.width()));
    section(&mut lines, findings::lines(report, screen));
    section(&mut lines, sums(&report.counts));
    section(&mut lines, keys(report));
    section(&mut lines, limits(report, screen));
    lines.join("\n")
}

/// Adds lines after an empty one.
fn section(lines: &mut Vec<String>, more: Vec<String>) {
    if !more.is_empty() {
        lines.push(String::new());
        lines.extend(more);
    }
}

/// What was verified: place, range, how much of everything.
fn scope(report: &Report) -> String {
    let distinct = |of: fn(&Cell) -> &str| report.cells.iter().map(of).collect::<BTreeSet<_>>().len() as u64;
    let trails =
        report.cells.iter().flat_map(|cell| &cell.chains).map(|chain| (&chain.trail, &chain.home)).collect::<BTreeSet<_>>();
    format!(
        "{} · {} · {}, {}, {}",
        clean(&report.source),
        range(report),
        counted(distinct(|cell| &cell.account), "account"),
        counted(distinct(|cell| &cell.region), "Region"),
        counted(trails.len() as u64, "trail"),
    )
}

fn range(report: &Report) -> String {
    match report.since {
        Some(since) => format!("{} to {}", minute(since), minute(report.until)),
        None => format!("up to {}", minute(report.until)),
    }
}

/// `2026-11-22 07:00Z`.
fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%MZ").to_string()
}

fn rows(cells: &[Cell]) -> Vec<Row> {
    let prefixes = cells.iter().map(|cell| (&cell.prefix, &cell.organization)).collect::<BTreeSet<_>>().len();
    cells
        .iter()
        .map(|cell| {
            let account = if prefixes > 1 { whole_account(cell) } else { cell.account.clone() };
            let trails: BTreeSet<&str> = cell.chains.iter().map(|chain| chain.trail.as_str()).collect();
            Row {
                labels: [account, cell.region.clone(), trails.into_iter().collect::<Vec<_>>().join(", ")],
                begin: cell.hours.first().map_or_else(DateTime::default, |run| run.from),
                marks: marks(cell),
            }
        })
        .collect()
}

/// An account with what stands before it, where accounts alone are ambiguous.
fn whole_account(cell: &Cell) -> String {
    let organization = cell.organization.as_deref().map(|organization| format!("{organization}/")).unwrap_or_default();
    format!("{}{organization}{}", cell.prefix, cell.account)
}

fn marks(cell: &Cell) -> Vec<Mark> {
    let Some(begin) = cell.hours.first().map(|run| run.from) else { return Vec::new() };
    let mut marks = Vec::new();
    for run in &cell.hours {
        let at = (run.from - begin).num_hours().max(0) as usize;
        marks.resize(at.max(marks.len()), Mark::NotExpected);
        marks.resize(marks.len() + run.hours as usize, mark(run.state));
    }
    marks
}

fn mark(state: HourState) -> Mark {
    match state {
        HourState::NotExpected => Mark::NotExpected,
        HourState::OkEmpty => Mark::Empty,
        HourState::Ok => Mark::Proven,
        HourState::Unproven => Mark::Unproven,
        HourState::Invalid => Mark::Invalid,
        HourState::Missing => Mark::Missing,
    }
}

/// Three sums that a reader can check.
fn sums(counts: &Counts) -> Vec<String> {
    let digests = [(counts.digests_valid, "valid"), (counts.digests_invalid, "invalid"), (counts.digests_unproven, "not proven")];
    let named = [
        (counts.logs_verified, "as delivered"),
        (counts.logs_altered, "altered"),
        (counts.logs_missing, "missing"),
        (counts.logs_unreadable, "not readable"),
        (counts.logs_unproven, "named by an unproven digest"),
    ];
    let found = [
        (counts.logs_listed_vouched, "named by digests"),
        (counts.logs_unvouched, "vouched for by nothing"),
        (counts.logs_not_yet, "not due yet"),
        (counts.logs_without_digest, "without validation"),
        (counts.logs_second_trail, "of a second trail"),
    ];
    vec![
        sum("digests", counts.digests, &digests),
        sum("log files named by digests", counts.logs_vouched, &named),
        sum("log files found", counts.logs_listed, &found),
        format!("  {:<28}{:>12}, {} uncompressed", "read", size(counts.stored_bytes), size(counts.content_bytes)),
    ]
}

fn sum(what: &str, total: u64, parts: &[(u64, &str)]) -> String {
    let parts: Vec<String> = parts.iter().map(|(number, name)| format!("{} {name}", count(*number))).collect();
    format!("  {what:<28}{:>12} = {}", count(total), parts.join(" + "))
}

fn keys(report: &Report) -> Vec<String> {
    if report.keys.is_empty() {
        return vec!["  public keys from nowhere: none were looked up".to_owned()];
    }
    let from =
        |keys: &prove::report::KeysFrom| format!("  public keys from {} ({})", clean(&keys.origin), counted(keys.keys, "key"));
    report.keys.iter().map(from).collect()
}

/// What nobody should read into the verdict.
fn limits(report: &Report, screen: Screen) -> Vec<String> {
    let begin = report.cells.iter().filter_map(|cell| cell.hours.first()).map(|run| run.from).min();
    let end =
        report.cells.iter().filter_map(|cell| cell.hours.last()).map(|run| run.from + TimeDelta::hours(i64::from(run.hours))).max();
    let mut lines = vec![screen.bold("What this verdict does not cover")];
    if let (None, Some(begin)) = (report.since, begin) {
        lines.push(format!("  - hours before {}, the oldest found here; --since says which hours must be covered", minute(begin)));
    }
    if let Some(end) = end.filter(|end| *end < report.verified_at) {
        lines.push(format!("  - hours after {}", minute(end)));
    }
    lines.push("  - accounts, Regions and trails of which nothing at all is here".to_owned());
    lines.push("  - events that the trail was not set up to record".to_owned());
    for keys in report.keys.iter().filter(|keys| !keys.is_of_aws) {
        lines.push(format!(
            "  - that the keys are AWS's: they are from {}; compare with `aws cloudtrail list-public-keys`",
            clean(&keys.origin)
        ));
    }
    lines
}
