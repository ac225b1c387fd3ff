//! Functions of text.

use super::{Give, Outcome, Row, Run, Spec, Take, spec};
use crate::limits::TEXT_BYTES_MAX;

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("chr", (1, 1), &[Take::Int], Give::Text, Run::Text(chr)),
    spec("codepoint", (1, 1), &[Take::Text], Give::Int, Run::Int(codepoint)),
    spec("concat_ws", (1, usize::MAX), &[Take::Text], Give::Text, Run::Columns(concat_ws)),
    spec("from_utf8", (1, 1), &[Take::Any], Give::Text, Run::Columns(super::units::from_utf8)),
    spec("hamming_distance", (2, 2), &[Take::Text], Give::Int, Run::Int(hamming)),
    spec("lake_length", (1, 1), &[Take::Text], Give::Int, Run::Int(length)),
    spec("replace", (2, 3), &[Take::Text], Give::Text, Run::Text(replace)),
    spec("split", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Texts, Run::Texts(split)),
    spec("split_part", (3, 3), &[Take::Text, Take::Text, Take::Int], Give::Text, Run::Text(split_part)),
    spec("strpos", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Int, Run::Int(strpos)),
    spec("substr", (2, 3), &[Take::Text, Take::Int, Take::Int], Give::Text, Run::Text(substr)),
    spec("lpad", (3, 3), &[Take::Text, Take::Int, Take::Text], Give::Text, Run::Text(lpad)),
    spec("rpad", (3, 3), &[Take::Text, Take::Int, Take::Text], Give::Text, Run::Text(rpad)),
];

fn chr(row: &Row<'_>) -> Outcome<String> {
    let code = u32::try_from(row.int(0)).ok().and_then(char::from_u32);
    code.map(|letter| Some(letter.to_string())).ok_or_else(|| format!("{} is no character", row.int(0)))
}

fn codepoint(row: &Row<'_>) -> Outcome<i64> {
    let mut letters = row.text(0).chars();
    match (letters.next(), letters.next()) {
        (Some(one), None) => Ok(Some(i64::from(u32::from(one)))),
        _ => Err("the text must be one character".to_owned()),
    }
}

/// The separator must be there; parts that are null are left out.
fn concat_ws(call: &super::Call) -> datafusion::common::Result<arrow::array::ArrayRef> {
    let joined = (0..call.rows).map(|at| {
        let row = call.row(at);
        let separator = row.text_or_null(0)?;
        let parts: Vec<&str> = (1..row.count()).filter_map(|part| row.text_or_null(part)).collect();
        Some(parts.join(separator))
    });
    Ok(std::sync::Arc::new(joined.collect::<arrow::array::StringArray>()))
}

fn hamming(row: &Row<'_>) -> Outcome<i64> {
    if row.text(0).chars().count() != row.text(1).chars().count() {
        return Err("both texts must have the same length".to_owned());
    }
    let differing = row.text(0).chars().zip(row.text(1).chars()).filter(|(left, right)| left != right).count();
    Ok(Some(differing as i64))
}

fn length(row: &Row<'_>) -> Outcome<i64> {
    Ok(Some(row.text(0).chars().count() as i64))
}

fn replace(row: &Row<'_>) -> Outcome<String> {
    let replaced = row.text(0).replace(row.text(1), row.text(2));
    if replaced.len() > TEXT_BYTES_MAX && replaced.len() > row.text(0).len() {
        return Err(too_long());
    }
    Ok(Some(replaced))
}

/// What is said of a text that would be longer than the limit.
pub fn too_long() -> String {
    format!("the text would be longer than the limit of {TEXT_BYTES_MAX} bytes (TEXT_BYTES_MAX)")
}

fn split(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let (text, at) = (row.text(0), row.text(1));
    if at.is_empty() {
        return Err("the delimiter is empty".to_owned());
    }
    let parts: Vec<&str> = match row.count() {
        3 if row.int(2) < 1 => return Err("the limit must be above 0".to_owned()),
        3 => text.splitn(usize::try_from(row.int(2)).unwrap_or(usize::MAX), at).collect(),
        _ => text.split(at).collect(),
    };
    Ok(Some(parts.into_iter().map(|part| Some(part.to_owned())).collect()))
}

/// A part that is not there is null.
fn split_part(row: &Row<'_>) -> Outcome<String> {
    let number = usize::try_from(row.int(2)).ok().filter(|number| *number > 0).ok_or("the index must be above 0")?;
    if row.text(1).is_empty() {
        return Ok(row.text(0).chars().nth(number - 1).map(String::from));
    }
    Ok(row.text(0).split(row.text(1)).nth(number - 1).map(str::to_owned))
}

/// The place of a text, counted from 1; 0 where it is not. A third argument asks for the n-th, from the end if it is negative.
fn strpos(row: &Row<'_>) -> Outcome<i64> {
    let (text, wanted) = (row.text(0), row.text(1));
    let number = if row.count() == 3 { row.int(2) } else { 1 };
    let nth = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX).saturating_sub(1);
    let found = match number {
        0 => return Err("the instance must not be 0".to_owned()),
        1 => text.find(wanted),
        2.. => text.match_indices(wanted).nth(nth).map(|(at, _)| at),
        _ => text.rmatch_indices(wanted).nth(nth).map(|(at, _)| at),
    };
    Ok(Some(found.and_then(|at| text.get(..at)).map_or(0, |before| before.chars().count() as i64 + 1)))
}

/// Counted from 1; a negative start counts from the end; 0 is nowhere.
fn substr(row: &Row<'_>) -> Outcome<String> {
    let text = row.text(0);
    let length = text.chars().count() as i64;
    let start = match row.int(1) {
        0 => return Ok(Some(String::new())),
        start @ 1.. => start - 1,
        start => length + start,
    };
    let count = if row.count() == 3 { row.int(2) } else { i64::MAX };
    if start < 0 || start >= length || count <= 0 {
        return Ok(Some(String::new()));
    }
    let (skip, take) = (start as usize, usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Some(text.chars().skip(skip).take(take).collect()))
}

fn lpad(row: &Row<'_>) -> Outcome<String> {
    padded(row, |text, padding| padding + text)
}

fn rpad(row: &Row<'_>) -> Outcome<String> {
    padded(row, |text, padding| format!("{text}{padding}"))
}

fn padded(row: &Row<'_>, put: fn(&str, String) -> String) -> Outcome<String> {
    let size = usize::try_from(row.int(1)).map_err(|_| "the size must not be negative")?;
    if size > TEXT_BYTES_MAX {
        return Err(too_long());
    }
    if row.text(2).is_empty() {
        return Err("the padding is empty".to_owned());
    }
    let length = row.text(0).chars().count();
    if length >= size {
        return Ok(Some(row.text(0).chars().take(size).collect()));
    }
    Ok(Some(put(row.text(0), row.text(2).chars().cycle().take(size - length).collect())))
}
