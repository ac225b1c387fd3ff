//! A finding as it is told.

use finding::Severity;
use serde_json::{Value, json};

use crate::limits::{SLACK_CLAUSES_MAX, SLACK_EVENTS_MAX, SLACK_FIELD_CHARACTERS_MAX, SLACK_HEADLINE_CHARACTERS_MAX};
use crate::outbox::Kept;

/// One line of JSON. What a terminal or an editor would obey is written as `\u....`: the text is the same for a parser.
pub fn line(kept: &Kept) -> String {
    let text = serde_json::to_string(kept).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A Slack message. All that comes from events is Slack's `plain_text`, in which nothing is a link, a mention or bold; the line that
/// notifications show says no more than level, rule and id.
pub fn slack(kept: &Kept) -> Value {
    let finding = &kept.finding;
    let headline = format!("{} {}: {}", mark(finding.severity), finding.severity.word(), finding.rule.title);
    let mut fields = vec![
        field("who", &format!("{} {}", finding.entity.kind, finding.entity.value)),
        field("account", &finding.entity.account),
        field("first", &finding.first_event_time),
        field("events", &finding.count.to_string()),
    ];
    if !finding.rule.attack.v19.is_empty() {
        fields.push(field("ATT&CK", &finding.rule.attack.v19.join(", ")));
    }
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&headline, SLACK_HEADLINE_CHARACTERS_MAX) }),
        json!({ "type": "section", "fields": fields }),
    ];
    let clauses: Vec<&str> = finding.clauses.iter().take(SLACK_CLAUSES_MAX).map(String::as_str).collect();
    if !clauses.is_empty() {
        blocks.push(section(&clauses.join("\n")));
    }
    for event in finding.events.iter().take(SLACK_EVENTS_MAX) {
        let from = if event.source_ip_address.is_empty() { "" } else { " from " };
        let failed = if event.error_code.is_empty() { String::new() } else { format!(" ({})", event.error_code) };
        blocks.push(section(&format!(
            "{} {} {}{failed} in {} {}{from}{}\n{}#{}",
            event.event_time,
            event.event_source,
            event.event_name,
            event.recipient_account_id,
            event.aws_region,
            event.source_ip_address,
            event.delivery,
            event.index
        )));
    }
    if !finding.rule.response.is_empty() {
        blocks.push(section(&finding.rule.response));
    }
    blocks.push(
        json!({ "type": "context", "elements": [plain(&format!("finding {} of rule {}", finding.id, finding.rule.id), 300)] }),
    );
    json!({ "text": escaped(&shortened(&headline, SLACK_HEADLINE_CHARACTERS_MAX)), "mrkdwn": false, "blocks": blocks })
}

fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "\u{1f534}",
        Severity::Medium => "\u{1f7e0}",
        Severity::Low | Severity::Informational => "\u{1f535}",
    }
}

fn field(name: &str, value: &str) -> Value {
    let value = if value.is_empty() { "-" } else { value };
    plain(&format!("{name}: {value}"), SLACK_FIELD_CHARACTERS_MAX)
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": plain(text, SLACK_FIELD_CHARACTERS_MAX * 2) })
}

fn plain(text: &str, characters_max: usize) -> Value {
    json!({ "type": "plain_text", "text": shortened(text, characters_max), "emoji": false })
}

/// Text without control characters, of a length.
fn shortened(text: &str, characters_max: usize) -> String {
    let mut safe: String =
        text.chars().take(characters_max).map(|c| if is_obeyed(c) && c != '\n' { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(characters_max).is_some() {
        safe.push('…');
    }
    safe
}

/// The three characters by which Slack's markup begins.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', " ")
}

/// Control characters, and those that change the direction of what follows.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::tests::kept;

    const HOSTILE: &str = "<!channel> <https://evil.example|click> *b* `c` @here \u{202e}drow\u{1b}[31m\n& :bomb:";

    #[test]
    fn slack_reads_no_markup_in_event_text() {
        let mut kept = kept("1", "2026-11-28T10:00:00Z");
        kept.finding.rule.title = HOSTILE.to_owned();
        kept.finding.entity.value = HOSTILE.repeat(200);
        kept.finding.clauses = vec![HOSTILE.to_owned()];
        kept.finding.events[0].event_name = HOSTILE.to_owned();
        kept.finding.rule.response = HOSTILE.to_owned();
        let message = slack(&kept);
        let text = message["text"].as_str().unwrap();
        assert!(!text.contains(['<', '>', '\n', '\u{202e}', '\u{1b}']), "{text}");
        assert!(text.contains("&lt;!channel&gt;"));
        let mut texts = Vec::new();
        let blocks = message["blocks"].as_array().unwrap();
        for block in blocks {
            texts.extend(block.get("text").cloned());
            texts.extend(block.get("fields").and_then(Value::as_array).into_iter().flatten().cloned());
            texts.extend(block.get("elements").and_then(Value::as_array).into_iter().flatten().cloned());
        }
        assert!(texts.len() > 8);
        for text in texts {
            assert_eq!((text["type"].as_str(), text["emoji"].as_bool()), (Some("plain_text"), Some(false)), "{text}");
            let text = text["text"].as_str().unwrap();
            assert!(!text.contains(['\u{202e}', '\u{1b}']) && !text.is_empty() && text.chars().count() <= 1_001, "{text}");
        }
        assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
        assert!(blocks.len() <= 50);
    }

    #[test]
    fn a_line_is_one_line_and_says_the_same() {
        let mut hostile = kept("1", "2026-11-28T10:00:00Z");
        hostile.finding.entity.value = HOSTILE.to_owned();
        let line = line(&hostile);
        assert!(!line.contains(['\n', '\u{202e}', '\u{1b}']), "{line}");
        assert_eq!(serde_json::from_str::<Kept>(&line).unwrap(), hostile);
    }
}
