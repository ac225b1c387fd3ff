//! Findings as Markdown, for a ticket or a report.

use crate::{Event, Finding};

/// The findings as Markdown.
pub fn markdown(findings: &[Finding]) -> String {
    let mut text = format!("# {} finding{}\n", findings.len(), if findings.len() == 1 { "" } else { "s" });
    for finding in findings {
        text += &format!("\n## {}: {}\n\n", finding.severity.word(), cell(&finding.rule.title));
        let entity = &finding.entity;
        text += &format!("- {}: {} (account {})\n", entity.kind, cell(&entity.value), cell(&entity.account));
        text += &format!("- {} events, {} to {}\n", finding.count, cell(&finding.first_event_time), cell(&finding.last_event_time));
        text += &format!("- rule {} by {}, finding {}\n", cell(&finding.rule.id), cell(&finding.rule.author), finding.id);
        for clause in &finding.clauses {
            text += &format!("- {}\n", cell(clause));
        }
        text += "\n| time | event | Region | from | error | log file |\n|---|---|---|---|---|---|\n";
        for event in &finding.events {
            text += &row(event);
        }
    }
    text
}

fn row(event: &Event) -> String {
    let name = format!("{} {}", event.event_source, event.event_name);
    let place = format!("{}#{}", event.delivery, event.index);
    let cells = [&event.event_time, &name, &event.aws_region, &event.source_ip_address, &event.error_code, &place];
    format!("| {} |\n", cells.map(|text| cell(text)).join(" | "))
}

/// Text that stays text: nothing in it begins a link, a tag, a table cell or a line.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' => safe.extend(['\\', character]),
            '&' => safe.push_str("&amp;"),
            other if other.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(super::cell("a|b\n# c [x](y) <img>"), "a\\|b \\# c \\[x\\](y) \\<img\\>");
    }
}
