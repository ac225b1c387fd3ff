//! The values of one record, each into its column.

use super::{Member, Parser, Stop, Walk, depth_of};
use crate::columns::{Column, Kind};
use crate::flaw::Flaw;
use crate::parsed::Value;
use crate::path::{self, Step};
use crate::scan::{Str, has_duplicates, peek, skip_space, string};
use crate::{text, time};

impl Parser {
    pub(super) fn leaf(&mut self, walk: &mut Walk, at: usize, member: Member, column: Column) -> Result<usize, Stop> {
        if walk.bytes.get(at..at + 4) == Some(b"null") {
            self.hole(walk.bytes, member.token, Some('n'), at, at + 4);
            return Ok(at + 4);
        }
        let quoted = peek(walk.bytes, at) == b'"';
        match column.spec().kind {
            Kind::Text if quoted => self.text(walk, at, member, column),
            Kind::Bool => self.boolean(walk, at, member, column),
            Kind::Time if quoted => self.time(walk, at, member, column),
            Kind::Time => self.beside(walk, at, member),
            Kind::Text => {
                let end = self.scanner.value(walk.bytes, at, depth_of(member.node), &mut walk.flaws)?;
                self.as_it_stands(walk, at, end, member, column, Some('b'))
            }
            Kind::Doc | Kind::Hot => {
                let end = self.document(walk, at, column)?;
                self.as_it_stands(walk, at, end, member, column, None)
            }
        }
    }

    /// Keeps a value's JSON text in its column.
    fn as_it_stands(
        &mut self,
        walk: &mut Walk,
        at: usize,
        end: usize,
        member: Member,
        column: Column,
        mark: Option<char>,
    ) -> Result<usize, Stop> {
        walk.push(column, walk.source(at, end));
        self.hole(walk.bytes, member.token, mark, at, end);
        Ok(end)
    }

    fn text(&mut self, walk: &mut Walk, at: usize, member: Member, column: Column) -> Result<usize, Stop> {
        let found = string(walk.bytes, at, &mut walk.flaws)?;
        let end = found.end + 1;
        if !found.escaped {
            walk.push(column, walk.source(found.start, found.end));
            self.hole(walk.bytes, member.token, None, at, end);
            return Ok(end);
        }
        let exact = self.decoded(walk, found, column);
        if !exact {
            return self.beside(walk, at, member);
        }
        self.hole(walk.bytes, member.token, None, at, end);
        Ok(end)
    }

    /// Keeps an escaped string's text; whether it gives back the escapes.
    pub(super) fn decoded(&mut self, walk: &mut Walk, found: Str, column: Column) -> bool {
        match decode(walk, found) {
            Ok((from, to)) => {
                walk.push(column, Value::Decoded(from, to));
                self.rebuilt.clear();
                text::write_escaped(walk.out.text.get(from as usize..).unwrap_or_default(), &mut self.rebuilt);
                Some(self.rebuilt.as_slice()) == walk.bytes.get(found.start - 1..=found.end)
            }
            Err(flaw) => {
                walk.flaws = walk.flaws.with(flaw);
                false
            }
        }
    }

    fn boolean(&mut self, walk: &mut Walk, at: usize, member: Member, column: Column) -> Result<usize, Stop> {
        let rest = walk.bytes.get(at..).unwrap_or_default();
        let forms: [(&[u8], bool, Option<char>); 4] =
            [(b"true", true, None), (b"false", false, None), (b"\"true\"", true, Some('q')), (b"\"false\"", false, Some('q'))];
        for (form, value, mark) in forms {
            if rest.starts_with(form) {
                walk.push(column, Value::Bool(value));
                self.hole(walk.bytes, member.token, mark, at, at + form.len());
                return Ok(at + form.len());
            }
        }
        self.beside(walk, at, member)
    }

    fn time(&mut self, walk: &mut Walk, at: usize, member: Member, column: Column) -> Result<usize, Stop> {
        let found = string(walk.bytes, at, &mut walk.flaws)?;
        let inner = walk.bytes.get(found.start..found.end).unwrap_or_default();
        if let Some(micros) = time::parse_canonical(inner) {
            walk.push(column, Value::Time(micros));
            self.hole(walk.bytes, member.token, None, at, found.end + 1);
            return Ok(found.end + 1);
        }
        if let Some(micros) = std::str::from_utf8(inner).ok().and_then(time::parse_lenient) {
            walk.push(column, Value::Time(micros));
        }
        self.beside(walk, at, member)
    }

    /// Walks over a nested document, picking up its hot keys; returns its end.
    pub(super) fn document(&mut self, walk: &mut Walk, at: usize, column: Column) -> Result<usize, Stop> {
        if peek(walk.bytes, at) != b'{' || !path::has_hot_keys(column) {
            return Ok(self.scanner.value(walk.bytes, at, 1, &mut walk.flaws)?);
        }
        let bytes = walk.bytes;
        let mut keys: Vec<(u32, u32)> = Vec::new();
        let mut at = skip_space(bytes, at + 1);
        if peek(bytes, at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            if peek(bytes, at) != b'"' {
                return Err(Flaw::InvalidJson.into());
            }
            let key = string(bytes, at, &mut walk.flaws)?;
            keys.push((key.start as u32, key.end as u32));
            at = skip_space(bytes, key.end + 1);
            if peek(bytes, at) != b':' {
                return Err(Flaw::InvalidJson.into());
            }
            at = skip_space(bytes, at + 1);
            let end = self.scanner.value(bytes, at, 2, &mut walk.flaws)?;
            self.pick_hot(walk, column, key, at, end)?;
            at = skip_space(bytes, end);
            match peek(bytes, at) {
                b',' => at = skip_space(bytes, at + 1),
                b'}' => break,
                _ => return Err(Flaw::InvalidJson.into()),
            }
        }
        if has_duplicates(bytes, &mut keys) {
            walk.flaws = walk.flaws.with(Flaw::DuplicateKey);
        }
        Ok(at + 1)
    }

    /// Copies out a hot key's value.
    fn pick_hot(&mut self, walk: &mut Walk, doc: Column, key: Str, at: usize, end: usize) -> Result<(), Stop> {
        let name = walk.bytes.get(key.start..key.end).unwrap_or_default();
        if let Some(column) = path::hot(doc, name) {
            self.hot_value(walk, column, at, end);
        } else if let Some(column) = path::hot_inner(doc, name)
            && peek(walk.bytes, at) == b'{'
            && let Some((inner, inner_end)) = self.inner_value(walk.bytes, at)?
        {
            self.hot_value(walk, column, inner, inner_end);
        }
        Ok(())
    }

    /// Keeps a hot value as text; the first of two wins.
    fn hot_value(&mut self, walk: &mut Walk, column: Column, at: usize, end: usize) {
        if walk.bytes.get(at..end) == Some(b"null") || !self.first_time(Step::Leaf(column)) {
            return;
        }
        if peek(walk.bytes, at) != b'"' {
            return walk.push(column, walk.source(at, end));
        }
        let found = Str { start: at + 1, end: end - 1, escaped: true };
        if memchr::memchr(b'\\', walk.bytes.get(found.start..found.end).unwrap_or_default()).is_none() {
            walk.push(column, walk.source(found.start, found.end));
        } else if let Ok((from, to)) = decode(walk, found) {
            walk.push(column, Value::Decoded(from, to));
        }
    }
}

/// Decodes an escaped string to the end of the parsed text; returns its range.
fn decode(walk: &mut Walk, found: Str) -> Result<(u32, u32), Flaw> {
    let inner = walk.bytes.get(found.start..found.end).unwrap_or_default();
    let inner = std::str::from_utf8(inner).map_err(|_| Flaw::InvalidUtf8)?;
    let from = walk.out.text.len();
    if let Err(flaw) = text::unescape(inner, &mut walk.out.text) {
        walk.out.text.truncate(from);
        return Err(flaw);
    }
    Ok((from as u32, walk.out.text.len() as u32))
}
