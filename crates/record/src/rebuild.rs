//! From a row back to the record's exact bytes. The inverse of `parse`: shape in, punctuation and values out.

use crate::columns::{Column, Kind};
use crate::path::{NODE_PREFIX, Step, TOP, path_of};
use crate::scan::{Scanner, peek, skip_space, string};
use crate::{flaw::Flaws, text, time};

/// What a row must be able to say of itself.
pub trait Row {
    /// The shape; empty for a record that is kept raw.
    fn shape(&self) -> &str;
    /// The `otherfields` document; empty when there is none.
    fn other(&self) -> &str;
    /// A text, document or hot column.
    fn text(&self, column: Column) -> Option<&str>;
    /// A boolean column.
    fn boolean(&self, column: Column) -> Option<bool>;
    /// A time column, in microseconds.
    fn time(&self, column: Column) -> Option<i64>;
}

/// A row whose parts do not fit together: it was changed after it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the row's shape and values do not fit together")]
pub struct RebuildError;

/// Appends the record's bytes to `out`. A row that is kept raw (empty shape) is an error: its bytes are in the raw column.
pub fn rebuild(row: &impl Row, out: &mut Vec<u8>) -> Result<(), RebuildError> {
    let shape = row.shape();
    let mut other = Others { bytes: row.other().as_bytes(), at: 1, scanner: Scanner::default() };
    match shape.strip_prefix('~') {
        Some(literal) => rebuild_literal(row, literal, &mut other, out)?,
        None if shape.is_empty() => return Err(RebuildError),
        None => rebuild_canonical(row, shape, &mut other, out)?,
    }
    if other.done() { Ok(()) } else { Err(RebuildError) }
}

fn rebuild_canonical(row: &impl Row, shape: &str, other: &mut Others, out: &mut Vec<u8>) -> Result<(), RebuildError> {
    let mut nodes = vec![TOP];
    out.push(b'{');
    let mut tokens = shape.chars().peekable();
    while let Some(token) = tokens.next() {
        if token == '}' {
            out.push(b'}');
            nodes.pop();
            continue;
        }
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.push(b'"');
        if token == '?' {
            let prefix = nodes.last().and_then(|node| NODE_PREFIX.get(usize::from(*node))).ok_or(RebuildError)?;
            let (key, value) = other.next().ok_or(RebuildError)?;
            out.extend_from_slice(key.strip_prefix(prefix.as_bytes()).ok_or(RebuildError)?);
            out.extend_from_slice(b"\":");
            out.extend_from_slice(value);
            continue;
        }
        let path = path_of(token).ok_or(RebuildError)?;
        out.extend_from_slice(path.key.as_bytes());
        out.extend_from_slice(b"\":");
        let mark = tokens.next_if(char::is_ascii_lowercase);
        match path.step {
            Step::Object(node) if mark.is_none() => {
                out.push(b'{');
                nodes.push(node);
            }
            Step::Object(_) => out.extend_from_slice(other.next().ok_or(RebuildError)?.1),
            Step::Leaf(column) => write_value(row, column, mark, other, out)?,
        }
    }
    out.push(b'}');
    if nodes == [TOP] { Ok(()) } else { Err(RebuildError) }
}

fn rebuild_literal(row: &impl Row, shape: &str, other: &mut Others, out: &mut Vec<u8>) -> Result<(), RebuildError> {
    let mut parts = shape.split('\u{1}');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let mut chars = part.chars();
        let token = chars.next().ok_or(RebuildError)?;
        let mark = chars.next().ok_or(RebuildError)?;
        match (token, path_of(token).map(|path| path.step)) {
            ('?', _) | (_, Some(Step::Object(_))) => out.extend_from_slice(other.next().ok_or(RebuildError)?.1),
            (_, Some(Step::Leaf(column))) => write_value(row, column, Some(mark).filter(|m| *m != '='), other, out)?,
            (_, None) => return Err(RebuildError),
        }
        out.extend_from_slice(chars.as_str().as_bytes());
    }
    Ok(())
}

fn write_value(
    row: &impl Row,
    column: Column,
    mark: Option<char>,
    other: &mut Others,
    out: &mut Vec<u8>,
) -> Result<(), RebuildError> {
    match (mark, column.spec().kind) {
        (Some('n'), _) => out.extend_from_slice(b"null"),
        (Some('o'), _) => out.extend_from_slice(other.next().ok_or(RebuildError)?.1),
        (None, Kind::Text) => text::write_escaped(row.text(column).ok_or(RebuildError)?, out),
        (None, Kind::Doc) | (Some('b'), Kind::Text) => out.extend_from_slice(row.text(column).ok_or(RebuildError)?.as_bytes()),
        (mark @ (None | Some('q')), Kind::Bool) => {
            let quote: &[u8] = if mark.is_some() { b"\"" } else { b"" };
            let word: &[u8] = if row.boolean(column).ok_or(RebuildError)? { b"true" } else { b"false" };
            out.extend([quote, word, quote].concat());
        }
        (None, Kind::Time) => {
            out.push(b'"');
            if !time::write_canonical(row.time(column).ok_or(RebuildError)?, out) {
                return Err(RebuildError);
            }
            out.push(b'"');
        }
        _ => return Err(RebuildError),
    }
    Ok(())
}

/// Reads `otherfields` member by member.
struct Others<'a> {
    bytes: &'a [u8],
    at: usize,
    scanner: Scanner,
}

impl<'a> Others<'a> {
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let mut flaws = Flaws::NONE;
        let key_at = skip_space(self.bytes, self.at + usize::from(peek(self.bytes, self.at) == b','));
        if peek(self.bytes, key_at) != b'"' {
            return None;
        }
        let key = string(self.bytes, key_at, &mut flaws).ok()?;
        let end = self.scanner.value(self.bytes, key.end + 2, 1, &mut flaws).ok()?;
        self.at = end;
        Some((self.bytes.get(key.start..key.end)?, self.bytes.get(key.end + 2..end)?))
    }

    fn done(&self) -> bool {
        self.bytes.is_empty() || (self.at + 1 == self.bytes.len() && peek(self.bytes, self.at) == b'}')
    }
}
