//! A strict JSON scanner that walks over values without building them, and without recursion.
//!
//! It finds where a value ends, and notices what two readers could see differently: duplicate keys and lone surrogates.

use crate::flaw::{Flaw, Flaws};
use crate::limits::DEPTH_MAX;

/// Walks over JSON values; keeps its stack of keys between calls so that nothing is allocated per value.
#[derive(Default)]
pub struct Scanner {
    keys: Vec<(u32, u32)>,
    frames: Vec<Open>,
}

/// A container that is not closed yet.
#[derive(Clone, Copy)]
struct Open {
    object: bool,
    keys_from: usize,
}

/// A string inside the input: the bytes between its quotes, and whether any of them is a backslash.
#[derive(Clone, Copy, Debug)]
pub struct Str {
    /// First byte after the opening quote.
    pub start: usize,
    /// The closing quote.
    pub end: usize,
    /// Whether it holds escapes.
    pub escaped: bool,
}

/// The byte at a position; 0 (which JSON never holds) past the end.
pub fn peek(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The first position at or after `at` that is not white space.
pub fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(peek(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// Reads the string whose opening quote is at `at`.
pub fn string(bytes: &[u8], at: usize, flaws: &mut Flaws) -> Result<Str, Flaw> {
    let start = at + 1;
    let mut end = start;
    let mut escaped = false;
    loop {
        end = plain_end(bytes, end);
        match peek(bytes, end) {
            b'"' => return Ok(Str { start, end, escaped }),
            b'\\' => {
                escaped = true;
                end = escape_end(bytes, end, flaws)?;
            }
            _ => return Err(Flaw::InvalidJson),
        }
    }
}

/// The first byte at or after `at` that ends plain text: a quote, a backslash, a control character or the end of input.
pub fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    // Eight bytes at a time; a hit (or a false alarm through a borrow) is looked at byte by byte.
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let zero_in = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
        let below = |x: u64, n: u64| x.wrapping_sub(ONES * n) & !x & HIGHS;
        let hit = zero_in(word ^ (ONES * u64::from(b'"'))) | zero_in(word ^ (ONES * u64::from(b'\\'))) | below(word, 0x20);
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')) {
        at += 1;
    }
    at
}

fn escape_end(bytes: &[u8], at: usize, flaws: &mut Flaws) -> Result<usize, Flaw> {
    match peek(bytes, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => {
            let code = code_unit(bytes, at)?;
            let pair = (0xd800..0xdc00).contains(&code)
                && peek(bytes, at + 6) == b'\\'
                && peek(bytes, at + 7) == b'u'
                && (0xdc00..0xe000).contains(&code_unit(bytes, at + 6)?);
            if pair {
                return Ok(at + 12);
            }
            if (0xd800..0xe000).contains(&code) {
                *flaws = flaws.with(Flaw::LoneSurrogate);
            }
            Ok(at + 6)
        }
        _ => Err(Flaw::InvalidJson),
    }
}

fn code_unit(bytes: &[u8], at: usize) -> Result<u32, Flaw> {
    let digits = bytes.get(at + 2..at + 6).ok_or(Flaw::InvalidJson)?;
    digits.iter().try_fold(0, |code, digit| {
        let value = char::from(*digit).to_digit(16).ok_or(Flaw::InvalidJson)?;
        Ok(code * 16 + value)
    })
}

/// The end of the number at `at`.
fn number(bytes: &[u8], at: usize) -> Result<usize, Flaw> {
    let digits = |mut at: usize| {
        let from = at;
        while peek(bytes, at).is_ascii_digit() {
            at += 1;
        }
        if at > from { Ok(at) } else { Err(Flaw::InvalidJson) }
    };
    let whole = at + usize::from(peek(bytes, at) == b'-');
    let mut end = digits(whole)?;
    if peek(bytes, whole) == b'0' && end > whole + 1 {
        return Err(Flaw::InvalidJson);
    }
    if peek(bytes, end) == b'.' {
        end = digits(end + 1)?;
    }
    if matches!(peek(bytes, end), b'e' | b'E') {
        end = digits(end + 1 + usize::from(matches!(peek(bytes, end + 1), b'+' | b'-')))?;
    }
    Ok(end)
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, Flaw> {
    if bytes.get(at..at + word.len()) == Some(word) { Ok(at + word.len()) } else { Err(Flaw::InvalidJson) }
}

/// The end of a value that is no container.
pub fn scalar(bytes: &[u8], at: usize, flaws: &mut Flaws) -> Result<usize, Flaw> {
    match peek(bytes, at) {
        b'"' => Ok(string(bytes, at, flaws)?.end + 1),
        b't' => literal(bytes, at, b"true"),
        b'f' => literal(bytes, at, b"false"),
        b'n' => literal(bytes, at, b"null"),
        _ => number(bytes, at),
    }
}

impl Scanner {
    /// The end of the value at `at`, which stands `depth` objects deep.
    pub fn value(&mut self, bytes: &[u8], at: usize, depth: usize, flaws: &mut Flaws) -> Result<usize, Flaw> {
        if !matches!(peek(bytes, at), b'{' | b'[') {
            return scalar(bytes, at, flaws);
        }
        self.keys.clear();
        self.frames.clear();
        self.container(bytes, at, depth, flaws)
    }

    fn container(&mut self, bytes: &[u8], mut at: usize, depth: usize, flaws: &mut Flaws) -> Result<usize, Flaw> {
        loop {
            // A value begins at `at`.
            at = match peek(bytes, at) {
                open @ (b'{' | b'[') => {
                    if depth + self.frames.len() >= DEPTH_MAX {
                        return Err(Flaw::TooDeep);
                    }
                    self.frames.push(Open { object: open == b'{', keys_from: self.keys.len() });
                    let first = skip_space(bytes, at + 1);
                    if peek(bytes, first) == open + 2 {
                        self.close(bytes, flaws);
                        first + 1
                    } else {
                        at = if open == b'{' { self.key(bytes, first, flaws)? } else { first };
                        continue;
                    }
                }
                _ => scalar(bytes, at, flaws)?,
            };
            // A value has ended at `at`: close what ends here, or go on to the next one.
            loop {
                let Some(open) = self.frames.last().copied() else { return Ok(at) };
                at = skip_space(bytes, at);
                match (peek(bytes, at), open.object) {
                    (b',', true) => {
                        at = self.key(bytes, skip_space(bytes, at + 1), flaws)?;
                        break;
                    }
                    (b',', false) => {
                        at = skip_space(bytes, at + 1);
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        self.close(bytes, flaws);
                        at += 1;
                    }
                    _ => return Err(Flaw::InvalidJson),
                }
            }
        }
    }

    /// Reads a key and its colon; returns where its value begins.
    fn key(&mut self, bytes: &[u8], at: usize, flaws: &mut Flaws) -> Result<usize, Flaw> {
        if peek(bytes, at) != b'"' {
            return Err(Flaw::InvalidJson);
        }
        let key = string(bytes, at, flaws)?;
        self.keys.push((key.start as u32, key.end as u32));
        let colon = skip_space(bytes, key.end + 1);
        if peek(bytes, colon) == b':' { Ok(skip_space(bytes, colon + 1)) } else { Err(Flaw::InvalidJson) }
    }

    fn close(&mut self, bytes: &[u8], flaws: &mut Flaws) {
        let Some(open) = self.frames.pop() else { return };
        if open.object {
            let keys = self.keys.get_mut(open.keys_from..).unwrap_or_default();
            if has_duplicates(bytes, keys) {
                *flaws = flaws.with(Flaw::DuplicateKey);
            }
            self.keys.truncate(open.keys_from);
        }
    }
}

/// Whether two keys have the same text; sorts longer lists so that a hostile object costs n log n.
pub fn has_duplicates(bytes: &[u8], keys: &mut [(u32, u32)]) -> bool {
    let text = |key: &(u32, u32)| bytes.get(key.0 as usize..key.1 as usize).unwrap_or_default();
    if keys.len() > 16 {
        keys.sort_unstable_by(|a, b| text(a).cmp(text(b)));
        return keys.windows(2).any(|pair| matches!(pair, [a, b] if text(a) == text(b)));
    }
    let mut rest: &[(u32, u32)] = keys;
    while let Some((first, others)) = rest.split_first() {
        let length = first.1 - first.0;
        if others.iter().any(|other| other.1 - other.0 == length && text(other) == text(first)) {
            return true;
        }
        rest = others;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<(usize, Flaws), Flaw> {
        let mut flaws = Flaws::NONE;
        Scanner::default().value(text.as_bytes(), 0, 0, &mut flaws).map(|end| (end, flaws))
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        let texts = [
            "{}",
            "[]",
            "[[]]",
            r#"{"a":{"b":[1,2,{"c":null}]}}"#,
            r#"{ "a" : 1 , "b" : [ true , false ] }"#,
            "0",
            "-0.5e+7",
            "01",
            "1.",
            "-",
            "1e",
            "tru",
            "true",
            "null",
            r#""a\u0041""#,
            r#""\x""#,
            "{\"a\":\"b\tc\"}",
            "[1,]",
            "{,}",
            r#"{"a"}"#,
            "[1 2]",
            r#"{"a":1,}"#,
            "]",
            "",
            "\"",
            r#""abcdefghijklmnop\"q""#,
            r#"["ééééééééééé","😀"]"#,
            "[1}",
            "{\"a\":1]",
        ];
        for text in texts {
            let ours = scan(text).is_ok_and(|(end, _)| end == text.len());
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn what_two_readers_see_differently() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(scan(&deep), Err(Flaw::TooDeep));
        let many = format!("{{{}\"k7\":0}}", (0..500).map(|n| format!("\"k{n}\":{n},")).collect::<String>());
        for (text, flaw) in [
            (r#"{"a":1,"a":2}"#, Flaw::DuplicateKey),
            (r#"{"x":[{"a":1,"b":{},"a":2}]}"#, Flaw::DuplicateKey),
            (many.as_str(), Flaw::DuplicateKey),
            (r#""\ud800""#, Flaw::LoneSurrogate),
            (r#""\udc00\ud800""#, Flaw::LoneSurrogate),
        ] {
            assert!(scan(text).unwrap().1.has(flaw), "{text}");
        }
        for text in [r#"{"a":1,"b":{"a":1}}"#, r#"[{"a":1},{"a":1}]"#, r#""\ud83d\ude00""#] {
            assert!(scan(text).unwrap().1.is_empty(), "{text}");
        }
    }
}
