//! Functions of JSON. Documents stay text; what is inside is found by walking over it, without recursion.

use super::json_path::Path;
use super::{Give, Outcome, Row, Run, Spec, Take, spec};
use crate::limits::JSON_DEPTH_MAX;

const TEXTS: &[Take] = &[Take::Text];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("json_extract", (2, 2), TEXTS, Give::Json, Run::Text(extract)),
    spec("json_extract_scalar", (2, 2), TEXTS, Give::Text, Run::Text(extract_scalar)),
    spec("json_value", (2, 2), TEXTS, Give::Text, Run::Text(extract_scalar)),
    spec("json_exists", (2, 2), TEXTS, Give::Bool, Run::Bool(exists)),
    spec("json_parse", (1, 1), TEXTS, Give::Json, Run::Text(|row| parsed(row.text(0)).map(Some))),
    spec("json_format", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(Some(row.text(0).to_owned())))),
    spec("json_array_length", (1, 1), TEXTS, Give::Int, Run::Int(|row| Ok(elements(row.text(0)).map(|all| all.len() as i64)))),
    spec("json_array_contains", (2, 2), &[Take::Text, Take::Any], Give::Bool, Run::Columns(array_contains)),
    spec("json_array_get", (2, 2), &[Take::Text, Take::Int], Give::Json, Run::Text(array_get)),
    spec("json_size", (2, 2), TEXTS, Give::Int, Run::Int(size)),
    spec("is_json_scalar", (1, 1), TEXTS, Give::Bool, Run::Bool(|row| Ok(Some(!is_container(row.text(0)))))),
];

fn first<'a>(row: &Row<'a>) -> Result<Option<&'a str>, String> {
    let path = Path::read(row.text(1))?;
    Ok(path.find(row.text(0)).into_iter().next())
}

fn extract(row: &Row<'_>) -> Outcome<String> {
    let path = Path::read(row.text(1))?;
    let found = path.find(row.text(0));
    if path.is_definite() {
        return Ok(found.first().map(|found| compacted(found).into_owned()));
    }
    Ok((!found.is_empty()).then(|| compacted(&format!("[{}]", found.join(","))).into_owned()))
}

/// JSON without the blanks between its parts.
pub fn compacted(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains([' ', '\n', '\r', '\t']) {
        return text.into();
    }
    let (mut written, mut inside, mut escaped) = (String::with_capacity(text.len()), false, false);
    for letter in text.chars() {
        if inside || !matches!(letter, ' ' | '\n' | '\r' | '\t') {
            written.push(letter);
        }
        inside ^= letter == '"' && !escaped;
        escaped = inside && letter == '\\' && !escaped;
    }
    written.into()
}

fn extract_scalar(row: &Row<'_>) -> Outcome<String> {
    Ok(first(row)?.filter(|found| !is_container(found)).and_then(text_of))
}

fn exists(row: &Row<'_>) -> Outcome<bool> {
    Ok(Some(first(row)?.is_some()))
}

/// Checks a document and takes the blanks out of it.
pub fn parsed(text: &str) -> Result<String, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
    Ok(value.to_string())
}

fn array_contains(call: &super::Call) -> datafusion::common::Result<arrow::array::ArrayRef> {
    let wanted = arrow::compute::cast(&call.column(1)?, &arrow::datatypes::DataType::Utf8)?;
    let wanted: Vec<Option<String>> =
        arrow::array::AsArray::as_string::<i32>(&wanted).iter().map(|text| text.map(str::to_owned)).collect();
    let is_text = super::is_text(call.column(1)?.data_type());
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let (false, Some(wanted)) = (row.has_null(), wanted.get(at).and_then(Option::as_deref)) else { return None };
        let all = elements(row.text(0))?;
        Some(all.into_iter().any(|element| is_string(element) == is_text && text_of(element).as_deref() == Some(wanted)))
    });
    Ok(std::sync::Arc::new(each.collect::<arrow::array::BooleanArray>()))
}

/// Whether a JSON array holds a text.
pub fn array_has_text(array: &str, wanted: &str) -> Outcome<bool> {
    Ok(elements(array).map(|all| all.into_iter().any(|element| text_of(element).as_deref() == Some(wanted))))
}

fn array_get(row: &Row<'_>) -> Outcome<String> {
    let Some(all) = elements(row.text(0)) else { return Ok(None) };
    Ok(at_index(&all, row.int(1)).map(|found| (*found).to_owned()))
}

/// Counted from 0, or from the end.
fn at_index<T>(all: &[T], index: i64) -> Option<&T> {
    let index = if index < 0 { index + all.len() as i64 } else { index };
    all.get(usize::try_from(index).ok()?)
}

fn size(row: &Row<'_>) -> Outcome<i64> {
    let Some(found) = first(row)? else { return Ok(None) };
    let count = members(found).map(|all| all.len()).or_else(|| elements(found).map(|all| all.len()));
    Ok(Some(count.unwrap_or(0) as i64))
}

/// Whether a value is an object or an array.
pub fn is_container(value: &str) -> bool {
    value.trim_start().starts_with(['{', '['])
}

fn is_string(value: &str) -> bool {
    value.trim_start().starts_with('"')
}

/// A value as text: a string without its quotes, null as nothing, anything else as it is written.
pub fn text_of(value: &str) -> Option<String> {
    let value = value.trim();
    match value {
        "null" | "" => None,
        string if string.starts_with('"') => match string.get(1..string.len().saturating_sub(1)) {
            Some(plain) if !plain.contains('\\') => Some(plain.to_owned()),
            _ => Some(serde_json::from_str::<String>(string).unwrap_or_else(|_| string.to_owned())),
        },
        other => Some(other.to_owned()),
    }
}

/// A member of an object by its key; without regard to case where no key is spelled so.
pub fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let found = find_member(object, |name| name == key);
    found.or_else(|| find_member(object, |name| name.eq_ignore_ascii_case(key)))
}

/// A member of an object by its exact key.
pub fn exact_member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    find_member(object, |name| name == key)
}

fn find_member(object: &str, is_it: impl Fn(&str) -> bool) -> Option<&str> {
    Members::of(object)?
        .find(|(key, _)| match key.contains('\\') {
            true => unescaped(key).is_some_and(|key| is_it(&key)),
            false => is_it(key),
        })
        .map(|(_, value)| value)
}

/// The text between a string's quotes, without its escapes.
fn unescaped(inner: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{inner}\"")).ok()
}

/// The members of an object: keys and values.
pub fn members(object: &str) -> Option<Vec<(String, &str)>> {
    let all = Members::of(object)?;
    Some(
        all.map(|(key, value)| {
            (if key.contains('\\') { unescaped(key).unwrap_or_else(|| key.to_owned()) } else { key.to_owned() }, value)
        })
        .collect(),
    )
}

/// The elements of an array.
pub fn elements(array: &str) -> Option<Vec<&str>> {
    let inner = array.trim_start().strip_prefix('[')?;
    let mut all = Vec::new();
    let mut rest = inner.trim_start();
    while !rest.is_empty() && !rest.starts_with(']') {
        let (value, after) = split_value(rest)?;
        all.push(value);
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(all)
}

struct Members<'a> {
    rest: &'a str,
}

impl<'a> Members<'a> {
    fn of(object: &'a str) -> Option<Members<'a>> {
        object.trim_start().strip_prefix('{').map(|rest| Members { rest })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let rest = self.rest.trim_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        let end = string_end(rest)?;
        let key = rest.get(1..end - 1)?;
        let value = rest.get(end..)?.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = split_value(value)?;
        self.rest = after;
        Some((key, value))
    }
}

/// A value, and what stands behind it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let end = match text.as_bytes().first()? {
        b'"' => string_end(text)?,
        b'{' | b'[' => container_end(text)?,
        _ => text.find([',', '}', ']']).unwrap_or(text.len()),
    };
    Some((text.get(..end)?.trim_end(), text.get(end..)?))
}

/// The end of the string that begins here.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        let found = at + memchr(bytes.get(at..)?)?;
        match bytes.get(found)? {
            b'"' => return Some(found + 1),
            _ => at = found + 2,
        }
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'))
}

/// The end of the object or array that begins here.
fn container_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => at += string_end(text.get(at..)?)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Everything inside a value, itself first; as deep as the limit.
pub fn descendants(value: &str) -> Vec<&str> {
    let mut all = vec![value];
    let mut level = vec![value];
    for _ in 0..JSON_DEPTH_MAX {
        level = level.into_iter().flat_map(children).collect();
        if level.is_empty() {
            break;
        }
        all.extend(&level);
    }
    all
}

/// The values directly inside a value.
pub fn children(value: &str) -> Vec<&str> {
    match Members::of(value) {
        Some(members) => members.map(|(_, value)| value).collect(),
        None => elements(value).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks() {
        let object = r#" { "a" : 1 , "b\"c": "x\\\"y", "d": {"e":[1,{"f":"]"}]}, "n": null } "#;
        let all: Vec<(String, &str)> = members(object).unwrap();
        assert_eq!(
            all,
            [
                ("a".to_owned(), "1"),
                ("b\"c".to_owned(), r#""x\\\"y""#),
                ("d".to_owned(), r#"{"e":[1,{"f":"]"}]}"#),
                ("n".to_owned(), "null")
            ]
        );
        assert_eq!(text_of(all[1].1).unwrap(), "x\\\"y");
        assert_eq!(member(object, "A"), Some("1"));
        assert_eq!(exact_member(object, "A"), None);
        assert_eq!(elements("[1, \"a,b\" ,[2,3] ]").unwrap(), ["1", "\"a,b\"", "[2,3]"]);
        for broken in ["{", "[", "{\"a", "{\"a\":", "{\"a\":[", "", "[\"", "{\"a\" 1}", "[1,"] {
            let _ = (members(broken), elements(broken), member(broken, "a"), descendants(broken));
        }
    }
}
