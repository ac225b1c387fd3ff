//! Functions of regular expressions, with limits for the pattern, its steps and what it makes.

use super::patterns::{Groups, Pattern};
use super::{Give, Outcome, Row, Run, Spec, Take, spec};
use crate::limits::{LIST_ELEMENTS_MAX, TEXT_BYTES_MAX};

const TEXTS: &[Take] = &[Take::Text];
const NUMBERED: &[Take] = &[Take::Text, Take::Text, Take::Int];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("regexp_like", (2, 2), TEXTS, Give::Bool, Run::Bool(|row| row.pattern(row.text(1))?.is_match(row.text(0)).map(Some))),
    spec("regexp_extract", (2, 3), NUMBERED, Give::Text, Run::Text(extract)),
    spec("regexp_extract_all", (2, 3), NUMBERED, Give::Texts, Run::Texts(extract_all)),
    spec("regexp_replace", (2, 3), TEXTS, Give::Text, Run::Text(replace)),
    spec("regexp_count", (2, 2), TEXTS, Give::Int, Run::Int(count)),
    spec("regexp_position", (2, 4), NUMBERED, Give::Int, Run::Int(position)),
    spec("regexp_split", (2, 2), TEXTS, Give::Texts, Run::Texts(split)),
    spec("lake_regexp_groups", (2, 2), TEXTS, Give::By(groups_kind), Run::Columns(groups)),
];

/// The group that is asked for, or the whole match.
fn group(row: &Row<'_>, groups: usize) -> Result<usize, String> {
    let wanted = if row.count() == 3 { row.int(2) } else { 0 };
    usize::try_from(wanted)
        .ok()
        .filter(|wanted| *wanted < groups)
        .ok_or_else(|| format!("the pattern has {} groups, no group {wanted}", groups.saturating_sub(1)))
}

/// The text of a group.
fn part<'a>(text: &'a str, groups: &Groups, group: usize) -> Option<&'a str> {
    text.get(groups.get(group)?.clone()?)
}

fn extract(row: &Row<'_>) -> Outcome<String> {
    let pattern = row.pattern(row.text(1))?;
    let group = group(row, pattern.group_count())?;
    let found = pattern.first(row.text(0))?;
    Ok(found.and_then(|groups| part(row.text(0), &groups, group).map(str::to_owned)))
}

fn extract_all(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let pattern = row.pattern(row.text(1))?;
    let group = group(row, pattern.group_count())?;
    let mut all = Vec::new();
    pattern.each(row.text(0), |groups| {
        all.push(part(row.text(0), &groups, group).map(str::to_owned));
        Ok(all.len() < LIST_ELEMENTS_MAX)
    })?;
    Ok(Some(all))
}

/// A piece of a replacement.
enum Piece {
    Text(String),
    Group(usize),
}

/// Java's way to write a replacement: `$1` and `${name}` stand for groups, `\$` for a dollar.
fn pieces(text: &str, pattern: &Pattern) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.extend(letters.next()),
            '$' => {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Group(referred(&mut letters, pattern)?));
            }
            other => plain.push(other),
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// The group behind a dollar. As in Java, a digit counts only while there is such a group: with one group `$12` is `$1` and a 2.
fn referred(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, pattern: &Pattern) -> Result<usize, String> {
    if letters.next_if_eq(&'{').is_some() {
        let name: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
        return pattern.group_named(&name).ok_or_else(|| format!("the pattern has no group `{name}`"));
    }
    let digit = |letter: &char| letter.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    let Some(mut group) = letters.peek().and_then(digit) else {
        return Err("a `$` in the replacement needs a group's number or name behind it; write \\$ for a dollar".to_owned());
    };
    letters.next();
    if group >= pattern.group_count() {
        return Err(format!("the pattern has {} groups, no group {group}", pattern.group_count().saturating_sub(1)));
    }
    while let Some(longer) = letters.peek().and_then(digit).map(|digit| group * 10 + digit) {
        if longer >= pattern.group_count() {
            break;
        }
        group = longer;
        letters.next();
    }
    Ok(group)
}

fn replace(row: &Row<'_>) -> Outcome<String> {
    let (text, pattern) = (row.text(0), row.pattern(row.text(1))?);
    let pieces = pieces(row.text(2), &pattern)?;
    let mut replaced = String::new();
    let mut from = 0;
    pattern.each(text, |groups| {
        let Some(whole) = groups.first().cloned().flatten() else { return Ok(true) };
        replaced.push_str(text.get(from..whole.start).unwrap_or_default());
        for piece in &pieces {
            match piece {
                Piece::Text(plain) => replaced.push_str(plain),
                Piece::Group(group) => replaced.push_str(part(text, &groups, *group).unwrap_or_default()),
            }
        }
        from = whole.end;
        if replaced.len() > TEXT_BYTES_MAX { Err(super::text::too_long()) } else { Ok(true) }
    })?;
    replaced.push_str(text.get(from..).unwrap_or_default());
    Ok(Some(replaced))
}

fn count(row: &Row<'_>) -> Outcome<i64> {
    Ok(Some(row.pattern(row.text(1))?.places(row.text(0), usize::MAX)?.len() as i64))
}

/// The place of the n-th match that begins at or after a place, counted in characters from 1; -1 where there is none.
fn position(row: &Row<'_>) -> Outcome<i64> {
    let text = row.text(0);
    let number =
        |at: usize| if row.count() > at { usize::try_from(row.int(at)).ok().filter(|number| *number > 0) } else { Some(1) };
    let (start, nth) = number(2).zip(number(3)).ok_or("the start and the occurrence are counted from 1")?;
    let Some((skip, _)) = text.char_indices().nth(start - 1) else { return Ok(Some(-1)) };
    let places = row.pattern(row.text(1))?.places(text, LIST_ELEMENTS_MAX)?;
    let found = places.into_iter().filter(|place| place.start >= skip).nth(nth - 1);
    Ok(Some(found.and_then(|found| text.get(..found.start)).map_or(-1, |before| before.chars().count() as i64 + 1)))
}

fn split(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let text = row.text(0);
    let (mut parts, mut from) = (Vec::new(), 0);
    for place in row.pattern(row.text(1))?.places(text, LIST_ELEMENTS_MAX)? {
        parts.push(text.get(from..place.start).map(str::to_owned));
        from = place.end;
    }
    parts.push(text.get(from..).map(str::to_owned));
    Ok(Some(parts))
}

fn groups_kind(
    _: &[arrow::datatypes::DataType],
    _: &[Option<&datafusion::common::ScalarValue>],
) -> datafusion::common::Result<arrow::datatypes::DataType> {
    let texts = super::list_of(arrow::datatypes::DataType::Utf8);
    let part = |name: &str, kind| arrow::datatypes::Field::new(name, kind, true);
    Ok(super::list_of(arrow::datatypes::DataType::Struct(
        vec![part("before", arrow::datatypes::DataType::Utf8), part("groups", texts)].into(),
    )))
}

/// The pieces of a text for `regexp_replace` with a lambda: what stands before each match, with its groups; the rest with none.
fn groups(call: &super::Call) -> datafusion::common::Result<arrow::array::ArrayRef> {
    use arrow::array::{StringArray, StructArray};
    let (mut before, mut found, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..call.rows {
        let row = call.row(at);
        let pieces = if row.has_null() { None } else { call.judged(cut(&row))? };
        valid.push(pieces.is_some());
        let pieces = pieces.unwrap_or_default();
        lengths.push(pieces.len());
        for (text, groups) in pieces {
            before.push(Some(text));
            found.push(groups);
        }
    }
    let columns: Vec<arrow::array::ArrayRef> =
        vec![std::sync::Arc::new(before.into_iter().collect::<StringArray>()), std::sync::Arc::new(super::texts(found))];
    let arrow::datatypes::DataType::List(field) = &call.kind else { return datafusion::common::plan_err!("a list is made") };
    let arrow::datatypes::DataType::Struct(fields) = field.data_type() else {
        return datafusion::common::plan_err!("rows are made");
    };
    super::lists::list_array(lengths, std::sync::Arc::new(StructArray::try_new(fields.clone(), columns, None)?), valid)
}

/// A text before a match, and the match's groups, if there is one.
type Cut = (String, Option<Vec<Option<String>>>);

fn cut(row: &Row<'_>) -> Outcome<Vec<Cut>> {
    let text = row.text(0);
    let pattern = row.pattern(row.text(1))?;
    let (mut pieces, mut from) = (Vec::new(), 0);
    pattern.each(text, |groups| {
        let Some(whole) = groups.first().cloned().flatten() else { return Ok(true) };
        let own = (1..groups.len()).map(|group| part(text, &groups, group).map(str::to_owned)).collect();
        pieces.push((text.get(from..whole.start).unwrap_or_default().to_owned(), Some(own)));
        from = whole.end;
        Ok(pieces.len() < LIST_ELEMENTS_MAX)
    })?;
    pieces.push((text.get(from..).unwrap_or_default().to_owned(), None));
    Ok(Some(pieces))
}
