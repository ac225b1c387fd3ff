//! The first line: one word and one sentence.

use std::collections::BTreeMap;

use prove::report::{Judgment, Kind, Level, Report};

use crate::figures::{count, counted};
use crate::output::{Screen, clean};

/// Kinds that the sentence names.
const KINDS_MAX: usize = 4;

/// `PROVEN: ...`, `VIOLATED: ...` or `NOT ALL PROVEN: ...`.
pub fn line(report: &Report, screen: Screen) -> String {
    match report.judgment {
        Judgment::Proven => format!("{}: {}", screen.good("PROVEN"), proven(report)),
        Judgment::Unproven => format!(
            "{}: nothing was found to be altered, removed or forged, but not everything can be proven ({})",
            screen.bold("NOT ALL PROVEN"),
            kinds(report, Level::Unproven)
        ),
        Judgment::Violated if is_nothing_found(report) => {
            let found = report.findings.iter().find(|finding| finding.kind == Kind::NothingFound);
            let message = found.map_or("nothing was found here", |found| found.message.as_str());
            format!("{}: {}", screen.bad("VIOLATED"), clean(message))
        }
        Judgment::Violated => {
            format!("{}: something was altered, removed or forged ({})", screen.bad("VIOLATED"), kinds(report, Level::Violation))
        }
    }
}

fn proven(report: &Report) -> String {
    let counts = &report.counts;
    // Nothing else leaves a log file unread and all of it proven.
    let retired = match counts.logs_unreadable {
        0 => String::new(),
        retired => format!(" but {} that went with the home's retention, as signed statements say", count(retired)),
    };
    let signed = if report.keys_are_of_aws { " by AWS's signatures" } else { "" };
    format!(
        "{}{signed} {} for {}; every one is there and as it was delivered, and there is no other{retired}{}",
        counted(counts.digests_valid, "digest"),
        if counts.digests_valid == 1 { "vouches" } else { "vouch" },
        counted(counts.logs_verified, "log file"),
        on_condition(report),
    )
}

/// Where keys are from of which AWS itself did not say that they are its own.
fn on_condition(report: &Report) -> String {
    let others: Vec<String> = report.keys.iter().filter(|keys| !keys.is_of_aws).map(|keys| clean(&keys.origin)).collect();
    if others.is_empty() {
        return String::new();
    }
    format!(" - if the public keys are AWS's, which was not asked: they are from {}", others.join(", and from "))
}

/// Whether nothing speaks against anything but that there is nothing.
fn is_nothing_found(report: &Report) -> bool {
    report.totals.by_kind.get(&Kind::NothingFound).is_some_and(|nothing| *nothing == report.totals.violations)
}

/// `2 log altered, 1 digest missing`: what was found on a level, the most frequent first.
fn kinds(report: &Report, level: Level) -> String {
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.level == level) {
        *by_kind.entry(finding.kind.name()).or_default() += finding.count.max(1);
    }
    let mut sorted: Vec<(&str, u64)> = by_kind.into_iter().collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let hidden = sorted.len().saturating_sub(KINDS_MAX);
    let mut named: Vec<String> =
        sorted.into_iter().take(KINDS_MAX).map(|(kind, number)| format!("{kind}: {}", count(number))).collect();
    if hidden > 0 {
        named.push(format!("and {}", counted(hidden as u64, "more kind")));
    }
    named.join(", ")
}
