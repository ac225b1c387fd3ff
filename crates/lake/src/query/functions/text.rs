//! Functions of text.

use super::{Give, Outcome, Row, Run, Spec, Take, spec};
use crate::limits::TEXT_BYTES_MAX;

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("chr", (1, 1), &[Take::Int], Give::Text, Run::Text(chr)),
    spec("codepoint", (1, 1), &[Take::Text], Give::Int, Run::Int(codepoint)),
    spec("concat_ws", (1, usize::MAX), &[Take::Text, Take::TextOrList], Give::Text, Run::Columns(concat_ws)),
    spec("from_utf8", (1, 1), &[Take::Any], Give::Text, Run::Columns(super::units::from_utf8)),
    spec("hamming_distance", (2, 2), &[Take::Text], Give::Int, Run::Int(hamming)),
    spec("lake_length", (1, 1), &[Take::TextOrBytes], Give::Int, Run::Columns(length)),
    spec("replace", (2, 3), &[Take::Text], Give::Text, Run::Text(replace)),
    spec("split", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Texts, Run::Texts(split)),
    spec("split_part", (3, 3), &[Take::Text, Take::Text, Take::Int], Give::Text, Run::Text(split_part)),
    spec("strpos", (2, 3), &[Take::Text, Take::Text, Take::Int], Give::Int, Run::Int(strpos)),
    spec("substr", (2, 3), &[Take::Text, Take::Int, Take::Int], Give::Text, Run::Text(substr)),
    spec("lpad", (3, 3), &[Take::Text, Take::Int, Take::Text], Give::Text, Run::Text(lpad)),
    spec("lake_trim", (2, 3), &[Take::Text], Give::Text, Run::Text(trim)),
    spec("luhn_check", (1, 1), &[Take::Text], Give::Bool, Run::Bool(luhn)),
    spec("soundex", (1, 1), &[Take::Text], Give::Text, Run::Text(soundex)),
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

/// `trim` of one side (`leading`, `trailing`) or `both`: of blanks, or of the letters of a text.
fn trim(row: &Row<'_>) -> Outcome<String> {
    let (side, text) = (row.text(0), row.text(1));
    let goes = |letter: char| if row.count() == 3 { row.text(2).contains(letter) } else { letter.is_whitespace() };
    let text = if side == "trailing" { text } else { text.trim_start_matches(goes) };
    Ok(Some(if side == "leading" { text } else { text.trim_end_matches(goes) }.to_owned()))
}

/// Whether digits end in their check digit (Luhn).
fn luhn(row: &Row<'_>) -> Outcome<bool> {
    let digits: Option<Vec<u32>> = row.text(0).chars().map(|letter| letter.to_digit(10)).collect();
    let digits = digits.ok_or("the text must have nothing but digits")?;
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 }).sum();
    Ok(Some(!digits.is_empty() && sum.is_multiple_of(10)))
}

/// The sound of an English name: a letter and three digits.
fn soundex(row: &Row<'_>) -> Outcome<String> {
    let code = |letter: char| match letter.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        'H' | 'W' => '-',
        _ => '0',
    };
    let mut letters = row.text(0).chars().filter(char::is_ascii_alphabetic);
    let Some(first) = letters.next() else { return Ok(Some(String::new())) };
    let (mut sound, mut last) = (first.to_ascii_uppercase().to_string(), code(first));
    for digit in letters.map(code).filter(|digit| *digit != '-') {
        if digit != last && digit != '0' {
            sound.push(digit);
        }
        last = digit;
    }
    Ok(Some(format!("{sound:0<4}").chars().take(4).collect()))
}

/// The separator must be there; parts that are null are left out. Instead of parts there may be one list of them.
fn concat_ws(call: &super::Call) -> datafusion::common::Result<arrow::array::ArrayRef> {
    if call.count() == 2 && call.column(1)?.data_type().is_nested() {
        return super::lists::joined(call, 1, 0);
    }
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

/// Characters of a text, bytes of what is no text.
fn length(call: &super::Call) -> datafusion::common::Result<arrow::array::ArrayRef> {
    use arrow::array::AsArray;
    let column = call.column(0)?;
    let lengths: arrow::array::Int64Array = match column.as_binary_opt::<i32>() {
        Some(bytes) => bytes.iter().map(|bytes| bytes.map(|bytes| bytes.len() as i64)).collect(),
        None => (0..call.rows).map(|at| call.row(at).text_or_null(0).map(|text| text.chars().count() as i64)).collect(),
    };
    Ok(std::sync::Arc::new(lengths))
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
