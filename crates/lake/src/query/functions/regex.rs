//! Functions of regular expressions: always linear in the text, and with a limit for the pattern.

use super::{Give, Outcome, Row, Run, Spec, Take, spec};
use crate::limits::{LIST_ELEMENTS_MAX, TEXT_BYTES_MAX};

const TEXTS: &[Take] = &[Take::Text];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("regexp_like", (2, 2), TEXTS, Give::Bool, Run::Bool(like)),
    spec("regexp_extract", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Text, Run::Text(extract)),
    spec("regexp_extract_all", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Texts, Run::Texts(extract_all)),
    spec("regexp_replace", (2, 3), TEXTS, Give::Text, Run::Text(replace)),
    spec("regexp_count", (2, 2), TEXTS, Give::Int, Run::Int(count)),
    spec("regexp_position", (2, 2), TEXTS, Give::Int, Run::Int(position)),
    spec("regexp_split", (2, 2), TEXTS, Give::Texts, Run::Texts(split)),
];

fn like(row: &Row<'_>) -> Outcome<bool> {
    Ok(Some(row.pattern(row.text(1))?.is_match(row.text(0))))
}

/// The group that is asked for, or the whole match.
fn group(row: &Row<'_>, groups: usize) -> Result<usize, String> {
    let wanted = if row.count() == 3 { row.int(2) } else { 0 };
    usize::try_from(wanted)
        .ok()
        .filter(|wanted| *wanted < groups)
        .ok_or_else(|| format!("the pattern has {} groups, no group {wanted}", groups - 1))
}

fn extract(row: &Row<'_>) -> Outcome<String> {
    let pattern = row.pattern(row.text(1))?;
    let group = group(row, pattern.captures_len())?;
    let found = pattern.captures(row.text(0)).and_then(|captures| captures.get(group));
    Ok(found.map(|found| found.as_str().to_owned()))
}

fn extract_all(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let pattern = row.pattern(row.text(1))?;
    let group = group(row, pattern.captures_len())?;
    let all = pattern.captures_iter(row.text(0)).take(LIST_ELEMENTS_MAX);
    Ok(Some(all.map(|captures| captures.get(group).map(|found| found.as_str().to_owned())).collect()))
}

/// `$1` and `${name}` stand for groups, `\$` for a dollar.
fn replace(row: &Row<'_>) -> Outcome<String> {
    let pattern = row.pattern(row.text(1))?;
    let with = java_replacement(row.text(2));
    let mut replaced = String::new();
    let mut from = 0;
    for captures in pattern.captures_iter(row.text(0)) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_str(row.text(0).get(from..whole.start()).unwrap_or_default());
        captures.expand(&with, &mut replaced);
        from = whole.end();
        if replaced.len() > TEXT_BYTES_MAX {
            return Err(super::text::too_long());
        }
    }
    replaced.push_str(row.text(0).get(from..).unwrap_or_default());
    Ok(Some(replaced))
}

/// Java's way to write a replacement in this library's: `$1a` is group 1 and an a, not a group named `1a`.
fn java_replacement(text: &str) -> String {
    let mut written = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('$') => written.push_str("$$"),
                Some(other) => written.push(other),
                None => {}
            },
            '$' if letters.peek().is_some_and(char::is_ascii_digit) => {
                written.push_str("${");
                while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                    written.push(digit);
                }
                written.push('}');
            }
            other => written.push(other),
        }
    }
    written
}

fn count(row: &Row<'_>) -> Outcome<i64> {
    Ok(Some(row.pattern(row.text(1))?.find_iter(row.text(0)).count() as i64))
}

fn position(row: &Row<'_>) -> Outcome<i64> {
    let text = row.text(0);
    let found = row.pattern(row.text(1))?.find(text).and_then(|found| text.get(..found.start()));
    Ok(Some(found.map_or(-1, |before| before.chars().count() as i64 + 1)))
}

fn split(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let pattern = row.pattern(row.text(1))?;
    let parts = pattern.split(row.text(0)).take(LIST_ELEMENTS_MAX);
    Ok(Some(parts.map(|part| Some(part.to_owned())).collect()))
}
