//! What was found, the worst first, by account and Region. Keys are hostile text: they are cleaned before a terminal sees them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use prove::report::{Finding, Kind, Level, Report};

use super::minute;
use crate::figures::{count, counted};
use crate::output::{Screen, clean};

/// Findings that are shown, by level; other formats have all of them.
const SHOWN_MAX: [(Level, usize); 3] = [(Level::Violation, 60), (Level::Unproven, 30), (Level::Note, 12)];

/// All levels that have something, each under a heading.
pub fn lines(report: &Report, screen: Screen) -> Vec<String> {
    let mut lines = Vec::new();
    for (level, shown_max) in SHOWN_MAX {
        let of_level: Vec<&Finding> = report.findings.iter().filter(|finding| finding.level == level).collect();
        let total = total(report, level);
        if total == 0 {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(heading(level, total, screen));
        let shown = of_level.get(..shown_max.min(of_level.len())).unwrap_or_default();
        lines.extend(grouped(shown, screen));
        let hidden = total.saturating_sub(shown.len() as u64);
        if hidden > 0 {
            lines.push(format!("  … and {} more; -o ndjson lists {}", count(hidden), listed(report)));
        }
    }
    lines
}

fn listed(report: &Report) -> String {
    match report.findings_left_out {
        0 => "all".to_owned(),
        _ => format!("the first {}", count(report.findings.len() as u64)),
    }
}

fn total(report: &Report, level: Level) -> u64 {
    match level {
        Level::Violation => report.totals.violations,
        Level::Unproven => report.totals.unproven,
        Level::Note => report.totals.notes,
    }
}

fn heading(level: Level, total: u64, screen: Screen) -> String {
    match level {
        Level::Violation => screen.bad(&counted(total, "violation")),
        Level::Unproven => screen.bold(&format!("{} not proven", count(total))),
        Level::Note => screen.bold(&counted(total, "note")),
    }
}

fn grouped(findings: &[&Finding], screen: Screen) -> Vec<String> {
    let (mut lines, mut place) = (Vec::new(), None);
    let mut hinted: BTreeSet<(Kind, &str)> = BTreeSet::new();
    for finding in findings {
        let here = place_of(finding);
        if place.as_ref() != Some(&here) {
            lines.push(format!("  {here}"));
            place = Some(here);
        }
        lines.extend(told(finding, screen));
        // The same advice is given once.
        if let Some(hint) = finding.hint.as_deref().filter(|hint| hinted.insert((finding.kind, hint))) {
            lines.push(format!("      {}", screen.dim(&format!("hint: {}", clean(hint)))));
        }
    }
    lines
}

/// `111122223333 us-east-1`, with what stands before it where there is something.
fn place_of(finding: &Finding) -> String {
    let organization = finding.organization.as_deref().map(|organization| format!("{organization}/")).unwrap_or_default();
    let account = format!("{}{organization}{}", finding.prefix, finding.account);
    match (account.is_empty(), finding.region.is_empty()) {
        (true, true) => "everywhere".to_owned(),
        _ => clean(format!("{account} {}", finding.region).trim()),
    }
}

fn told(finding: &Finding, screen: Screen) -> Vec<String> {
    let kind = match finding.level {
        Level::Violation => screen.bad(finding.kind.name()),
        Level::Unproven | Level::Note => finding.kind.name().to_owned(),
    };
    let when = hours(finding.from, finding.to).map(|hours| format!("{hours}  ")).unwrap_or_default();
    let mut lines = vec![format!("    {when}{kind}  {}", clean(&finding.message))];
    if let Some(key) = &finding.key {
        let bucket = finding.bucket.as_deref().map(|bucket| format!("{bucket}/")).unwrap_or_default();
        lines.push(format!("      {}", clean(&format!("{bucket}{key}"))));
    }
    lines
}

/// `2026-11-22 04:00Z`, `2026-11-22 04:00Z-07:00Z`, or with both days.
fn hours(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Option<String> {
    let from = from.or(to)?;
    Some(match to {
        Some(to) if to - from > TimeDelta::hours(1) && to.date_naive() == from.date_naive() => {
            format!("{}-{}", minute(from), to.format("%H:%MZ"))
        }
        Some(to) if to - from > TimeDelta::hours(1) => format!("{} - {}", minute(from), minute(to)),
        _ => minute(from),
    })
}
