//! A report as Markdown.

use super::Report;

/// Findings as Markdown. Text from the file stands in code, so that it cannot become markup.
pub fn markdown(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        out.push_str(&format!("## {}\n\n", code(&report.file)));
        for (place, why) in &report.unread {
            out.push_str(&format!("- line {}: not read: {}\n", place.line, code(why)));
        }
        for deed in &report.does {
            out.push_str(&format!("- line {}: {}\n", deed.place.line, code(&deed.what)));
        }
        if report.findings.is_empty() {
            out.push_str("\nNothing is wrong with it.\n");
        }
        for finding in &report.findings {
            out.push_str(&format!("\n### {} · {} · line {}\n\n", finding.severity.name(), finding.id, finding.place.line));
            out.push_str(&format!("{}\n\n{}\n", code(&finding.what), code(&finding.why)));
            if !finding.evidence.is_empty() {
                out.push('\n');
            }
            for evidence in &finding.evidence {
                out.push_str(&format!("- {} → {}\n", code(&evidence.label), code(&evidence.outcome)));
            }
            if !finding.corrected.is_empty() {
                out.push_str(&format!("\n{}\n", block(&finding.corrected)));
            }
            out.push_str(&format!("\nSource: {}\n", finding.source));
        }
        out.push('\n');
    }
    out
}

/// Text on one line, without anything that Markdown acts upon.
fn code(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::new();
    for character in one_line.chars() {
        if r"\<>[]*_#|~!&".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A code block, fenced by more backticks than the text has in a row.
fn block(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}
