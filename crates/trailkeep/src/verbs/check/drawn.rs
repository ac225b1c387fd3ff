//! Reports for people: what each call does, then what is wrong with it, and each corrected call once.

use check::{Finding, Report, Severity};

use crate::figures;
use crate::output::{Screen, clean};

/// All reports.
pub fn table(reports: &[Report], screen: Screen) -> String {
    reports.iter().map(|report| one(report, screen)).collect::<Vec<_>>().join("\n\n")
}

fn one(report: &Report, screen: Screen) -> String {
    let mut lines = vec![screen.bold(&clean(&report.file))];
    for (place, why) in &report.unread {
        lines.push(format!("  line {:<4} {} {}", place.line, screen.bad("not read:"), clean(why)));
    }
    for deed in &report.does {
        lines.push(format!("  line {:<4} {}", deed.place.line, clean(&deed.what)));
    }
    let mut written: Vec<(usize, &str)> = Vec::new();
    for finding in &report.findings {
        lines.push(String::new());
        lines.extend(head(finding, screen));
        lines.extend(evidence(finding, screen));
        lines.extend(corrected(finding, &mut written, screen));
        if !finding.source.is_empty() {
            lines.push(screen.dim(&format!("        source: {}", finding.source)));
        }
    }
    lines.push(String::new());
    lines.push(total(report, screen));
    lines.join("\n")
}

fn head(finding: &Finding, screen: Screen) -> Vec<String> {
    let word = finding.severity.name();
    let word = if finding.severity == Severity::High { screen.bad(word) } else { screen.bold(word) };
    let pad = " ".repeat(6usize.saturating_sub(finding.severity.name().len()));
    let at = format!("line {} · {}", finding.place.line, clean(&finding.place.what));
    let mut lines = vec![format!("{word}{pad}  {} · {}", screen.bold(finding.id), at.trim_end_matches(" · "))];
    lines.extend(wrapped(&finding.what, screen));
    lines.extend(wrapped(&finding.why, screen));
    lines
}

fn evidence(finding: &Finding, screen: Screen) -> Vec<String> {
    let width = finding.evidence.iter().map(|evidence| clean(&evidence.label).chars().count()).max().unwrap_or(0).min(70);
    let one = |evidence: &check::Evidence| {
        format!("          {:<width$}  {}", clean(&evidence.label), screen.bold(&clean(&evidence.outcome)))
    };
    finding.evidence.iter().map(one).collect()
}

/// What to write instead; of findings at one place that share it, only the first shows it.
fn corrected<'f>(finding: &'f Finding, written: &mut Vec<(usize, &'f str)>, screen: Screen) -> Vec<String> {
    let this = (finding.place.line, finding.corrected.as_str());
    if finding.corrected.is_empty() {
        return Vec::new();
    }
    if written.contains(&this) {
        return vec![screen.dim("        write instead: as above")];
    }
    written.push(this);
    let mut lines = vec!["        write instead:".to_owned()];
    lines.extend(finding.corrected.lines().map(|line| format!("          {}", screen.good(&clean(line)))));
    lines
}

/// Text in lines that fit the screen.
fn wrapped(text: &str, screen: Screen) -> Vec<String> {
    let width = screen.width().saturating_sub(10).max(40);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in clean(text).split(' ') {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= width {
            lines.push(format!("        {line}"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(format!("        {line}"));
    }
    lines
}

fn total(report: &Report, screen: Screen) -> String {
    let judged = figures::counted(report.requests as u64, "thing");
    if report.findings.is_empty() {
        return if report.requests == 0 {
            "nothing was judged".to_owned()
        } else {
            screen.good(&format!("{judged} judged, nothing is wrong"))
        };
    }
    let count = |severity: Severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let (high, medium, low) = (count(Severity::High), count(Severity::Medium), count(Severity::Low));
    format!("{judged} judged: {high} high, {medium} medium, {low} low")
}
