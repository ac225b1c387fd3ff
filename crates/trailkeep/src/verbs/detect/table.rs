//! Findings for people.

use detect::{Report, RuleCount};
use finding::Finding;

use crate::detecting::reading::Files;
use crate::figures;
use crate::output::{Align, Screen, Table};

/// Findings that are drawn; the JSON has all.
const FINDINGS_DRAWN_MAX: usize = 50;
/// Rules that are named for the work that they make.
const SLOWEST_DRAWN_MAX: usize = 5;

/// The report as text.
pub fn text(report: &Report, files: Option<&Files>, screen: Screen) -> String {
    let mut parts = vec![headline(report, files, screen)];
    let fired: Vec<&RuleCount> = report.rules.iter().filter(|rule| rule.matches > 0 || rule.suppressed > 0).collect();
    if !report.findings.is_empty() {
        parts.push(findings(report.findings.iter().map(|finding| (finding, None)), None, FINDINGS_DRAWN_MAX, screen));
    }
    if !fired.is_empty() {
        parts.push(rules(fired, screen));
    }
    parts.extend(slowest(&report.rules, screen));
    for suppression in &report.suppressions {
        let state = if suppression.expired { "ended" } else { "until" };
        parts.push(format!(
            "suppressed {} by `{}` ({} {}, {}): {}",
            figures::count(suppression.suppressed),
            crate::output::clean(&suppression.title),
            state,
            suppression.expires,
            crate::output::clean(&suppression.owner),
            crate::output::clean(&suppression.reason)
        ));
    }
    parts.join("\n\n")
}

fn headline(report: &Report, files: Option<&Files>, screen: Screen) -> String {
    let from = files.map(|files| format!(" in {}", figures::counted(files.read, "log file"))).unwrap_or_default();
    let silences = report.rules.iter().filter(|rule| rule.kind == "silence").count();
    let built_in = match silences {
        0 => String::new(),
        silences => format!(" and {} of silence", figures::counted(silences as u64, "built-in detector")),
    };
    let line = format!(
        "{}: {}{from}, {}{built_in}",
        figures::counted(report.findings.len() as u64, "finding"),
        figures::counted(report.events, "event"),
        figures::counted((report.rules.len() - silences) as u64, "rule"),
    );
    let mut lines = vec![screen.bold(&line)];
    if !report.refused.is_empty() {
        lines.push(screen.bad(&format!("{} could not be read", figures::counted(report.refused.len() as u64, "rule file"))));
    }
    if !report.skipped.is_empty() {
        lines.push(
            screen.dim(&format!("{} meant for other logs and left out", figures::counted(report.skipped.len() as u64, "rule"))),
        );
    }
    lines.join("\n")
}

/// Findings with the name of one more column and what each has in it, as many as are drawn.
pub fn findings<'a>(
    all: impl ExactSizeIterator<Item = (&'a Finding, Option<String>)>,
    more: Option<&str>,
    drawn_max: usize,
    screen: Screen,
) -> String {
    let columns = ["level", "first (UTC)", "events", "rule", "who", "account", "example"];
    let columns: Vec<String> = columns.into_iter().chain(more).map(str::to_owned).collect();
    let aligns = columns.iter().map(|name| if name == "events" { Align::Right } else { Align::Left }).collect();
    let mut table = Table::with(columns, aligns);
    let left = all.len().saturating_sub(drawn_max);
    for (finding, more) in all.take(drawn_max) {
        let cells = [
            finding.severity.word().to_owned(),
            figures::moment(&finding.first_event_time),
            figures::count(finding.count),
            finding.rule.title.clone(),
            finding.entity.value.clone(),
            finding.entity.account.clone(),
            finding.events.first().map(|event| event.event_name.clone()).unwrap_or_default(),
        ];
        table.row(cells.into_iter().chain(more));
    }
    let rest = if left > 0 { format!("\n... and {left} more: -o json has all") } else { String::new() };
    format!("{}{rest}", table.draw(screen, 0))
}

/// Rules that matched, the noisiest first.
fn rules(mut rules: Vec<&RuleCount>, screen: Screen) -> String {
    rules.sort_by(|a, b| (b.matches, &a.title).cmp(&(a.matches, &b.title)));
    let names = ["matches", "days", "most a day", "suppressed", "level", "rule", "file"];
    let align = |name: &str| if ["level", "rule", "file"].contains(&name) { Align::Left } else { Align::Right };
    let mut table = Table::with(names.map(str::to_owned).to_vec(), names.map(align).to_vec());
    for rule in rules {
        let most = rule.days.values().max().copied().unwrap_or(0);
        table.row([
            figures::count(rule.matches),
            figures::count(rule.days.len() as u64),
            figures::count(most),
            figures::count(rule.suppressed),
            rule.level.word().to_owned(),
            rule.title.clone(),
            rule.file.clone(),
        ]);
    }
    table.draw(screen, 0)
}

/// Rules that made most of the work, whether they matched or not.
fn slowest(rules: &[RuleCount], screen: Screen) -> Option<String> {
    let mut slowest: Vec<&RuleCount> = rules.iter().filter(|rule| rule.work_permille > 0).collect();
    slowest.sort_by(|a, b| (b.work_permille, &a.title).cmp(&(a.work_permille, &b.title)));
    slowest.truncate(SLOWEST_DRAWN_MAX);
    let names = ["of the work", "events looked at", "matches", "slowest rules"];
    let align = |name: &str| if name == "slowest rules" { Align::Left } else { Align::Right };
    let mut table = Table::with(names.map(str::to_owned).to_vec(), names.map(align).to_vec());
    for rule in &slowest {
        table.row([
            format!("{}.{} %", rule.work_permille / 10, rule.work_permille % 10),
            figures::count(rule.looked_at),
            figures::count(rule.matches),
            rule.title.clone(),
        ]);
    }
    (!slowest.is_empty()).then(|| table.draw(screen, 0))
}
