//! Filter patterns by themselves: whether they are read at all, and whether each of their alternatives can ever match an event of CloudTrail.

pub mod alternatives;
mod known;

use predicate::pattern::{Condition, Pattern};

use crate::finding::{Evidence, Severity};
use crate::report::{Found, Report};

const SYNTAX: &str = "CloudWatch Logs user guide, \"Filter pattern syntax\"";
const RECORD: &str = "CloudTrail user guide, \"CloudTrail record contents\"";

/// Reads and judges a pattern.
pub fn judge(text: &str, report: &mut Report) -> Option<Pattern> {
    let pattern = match Pattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            let hint = if error.hint.is_empty() { String::new() } else { format!("; {}", error.hint) };
            let what = format!("CloudWatch Logs refuses the pattern: InvalidParameterException, character {}", error.at + 1);
            let shown = Evidence::of(around(text, error.at), format!("{}{hint}", error.what));
            report.find(Found::new("filter-refused", Severity::High, what, "there is no filter").by([shown]).source(SYNTAX));
            return None;
        }
    };
    for condition in pattern.conditions() {
        if let Some(found) = unknown(condition) {
            report.find(found);
        }
    }
    let dead = alternatives::that_never_match(&pattern);
    if !dead.is_empty() {
        let evidence = dead
            .into_iter()
            .map(|(shown, event)| Evidence::event(shown, "no event can satisfy it; the nearest does not match", &event));
        let what = "a part of the pattern can never match: its conditions exclude each other";
        let why = "&& binds tighter than ||, and a field has one value at a time";
        report.find(Found::new("filter-never", Severity::High, what, why).by(evidence).source(SYNTAX));
    }
    Some(pattern)
}

/// The pattern's text around a place, with a mark at it.
fn around(text: &str, at: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = at.saturating_sub(30);
    let before: String = chars.get(from..at.min(chars.len())).unwrap_or_default().iter().collect();
    let after: String = chars.get(at.min(chars.len())..chars.len().min(at + 20)).unwrap_or_default().iter().collect();
    format!("{before} >>> {after}")
}

/// A field that records do not have, or a value that it never has.
fn unknown(condition: &Condition) -> Option<Found> {
    let selector = &condition.selector.text;
    if let Some(meant) = known::misspelt(condition) {
        let what = format!("no event has the field `{selector}`; it is `$.{meant}`");
        let why = "upper and lower case count: the condition never holds, or, with NOT EXISTS, always";
        return Some(Found::new("filter-unknown-field", Severity::High, what, why).write(format!("$.{meant}")).source(RECORD));
    }
    let (value, right) = known::impossible(condition)?;
    let what = format!("`{selector}` is never `{value}`");
    let why = format!("CloudTrail writes {right}");
    Some(Found::new("filter-unknown-value", Severity::High, what, why).source(RECORD))
}
