//! A JSON text laid out flat: every value once, in the order of the text, with the place where the next one beside it begins.
//!
//! A document is laid out when the first test looks into it, and then walked as often as tests want. What is damaged is laid out
//! as far as it goes: a record must not escape the rules by being broken at its end.

use record::scan::{peek, skip_space};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    Object,
    List,
}

/// One value; positions are bytes in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// The key between its quotes, if the value is a member of an object.
    key: (u32, u32),
    /// The value's JSON text.
    value: (u32, u32),
    /// The item after this one and all that is in it.
    pub(crate) next: u32,
}

/// The layout of one text; its memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    items: Vec<Item>,
    open: Vec<u32>,
}

impl Tape {
    /// Lays out a text.
    pub(crate) fn lay(&mut self, text: &str) {
        self.items.clear();
        self.open.clear();
        let end = self.walk(text.as_bytes()).unwrap_or(text.len());
        while let Some(open) = self.open.pop() {
            self.close(open, end);
        }
    }

    pub(crate) fn item(&self, at: u32) -> Option<&Item> {
        self.items.get(at as usize)
    }

    /// The items directly in an object or list.
    pub(crate) fn inside(&self, at: u32) -> Inside<'_> {
        let container = self.item(at).filter(|item| matches!(item.kind, Kind::Object | Kind::List));
        Inside { tape: self, at: at + 1, end: container.map_or(0, |item| item.next) }
    }

    /// Walks to the end of the first value; `None` if the text breaks off.
    fn walk(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = skip_space(bytes, 0);
        loop {
            let key = match self.open.last().and_then(|open| self.item(*open)) {
                Some(open) if open.kind == Kind::Object => {
                    let end = (peek(bytes, at) == b'"').then(|| quoted_end(bytes, at)).flatten()?;
                    let key = (at as u32 + 1, end as u32 - 1);
                    at = skip_space(bytes, end);
                    at = (peek(bytes, at) == b':').then(|| skip_space(bytes, at + 1))?;
                    key
                }
                _ => (0, 0),
            };
            at = self.value(bytes, at, key)?;
            at = match self.after(bytes, at)? {
                Some(next) => next,
                None => return Some(bytes.len()),
            };
        }
    }

    /// Takes the value at `at`; of a container, its opening bracket.
    fn value(&mut self, bytes: &[u8], at: usize, key: (u32, u32)) -> Option<usize> {
        let (kind, end) = match peek(bytes, at) {
            b'{' => (Kind::Object, at + 1),
            b'[' => (Kind::List, at + 1),
            b'"' => (Kind::Text, quoted_end(bytes, at)?),
            b'n' => (Kind::Null, at + 4),
            b't' => (Kind::True, at + 4),
            b'f' => (Kind::False, at + 5),
            b'-' | b'0'..=b'9' => (Kind::Number, at + number_length(bytes.get(at..)?)),
            _ => return None,
        };
        let number = self.items.len() as u32;
        self.items.push(Item { kind, key, value: (at as u32, end.min(bytes.len()) as u32), next: number + 1 });
        if matches!(kind, Kind::Object | Kind::List) {
            self.open.push(number);
        }
        Some(end)
    }

    /// From behind a value or an opening bracket to the next value or key: `Some(None)` at the end of all.
    fn after(&mut self, bytes: &[u8], at: usize) -> Option<Option<usize>> {
        let mut at = skip_space(bytes, at);
        loop {
            let Some(open) = self.open.last().copied() else { return Some(None) };
            let is_empty = open as usize + 1 == self.items.len();
            match peek(bytes, at) {
                b'}' | b']' => {
                    self.open.pop();
                    self.close(open, at + 1);
                    at = skip_space(bytes, at + 1);
                }
                b',' => return Some(Some(skip_space(bytes, at + 1))),
                _ if is_empty => return Some(Some(at)),
                _ => return None,
            }
        }
    }

    fn close(&mut self, open: u32, end: usize) {
        let next = self.items.len() as u32;
        if let Some(item) = self.items.get_mut(open as usize) {
            item.value.1 = end as u32;
            item.next = next;
        }
    }
}

impl Item {
    /// The value's JSON text.
    pub(crate) fn json<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.value.0 as usize..self.value.1 as usize).unwrap_or_default()
    }

    /// The key as it is written.
    pub(crate) fn key<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.key.0 as usize..self.key.1 as usize).unwrap_or_default()
    }
}

/// Walks over the items directly in a container, by number.
pub(crate) struct Inside<'t> {
    tape: &'t Tape,
    at: u32,
    end: u32,
}

impl Iterator for Inside<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let this = self.at;
        if this >= self.end {
            return None;
        }
        self.at = self.tape.item(this)?.next;
        Some(this)
    }
}

/// The position after the string whose opening quote is at `at`.
fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if peek(bytes, at) == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn number_length(bytes: &[u8]) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str) -> Vec<(String, String)> {
        let mut tape = Tape::default();
        tape.lay(text);
        tape.items.iter().map(|item| (item.key(text).to_owned(), item.json(text).to_owned())).collect()
    }

    #[test]
    fn every_value_once() {
        let text = r#" {"a": [1, {"b":"x\"y"}, []], "c\n":null,"d":{} ,"e":true}"#;
        let expected = [
            ("", text.trim()),
            ("a", r#"[1, {"b":"x\"y"}, []]"#),
            ("", "1"),
            ("", r#"{"b":"x\"y"}"#),
            ("b", r#""x\"y""#),
            ("", "[]"),
            ("c\\n", "null"),
            ("d", "{}"),
            ("e", "true"),
        ];
        let expected: Vec<(String, String)> = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(laid(text), expected);
    }

    #[test]
    fn what_is_damaged_is_laid_out_as_far_as_it_goes() {
        for (text, values) in [
            (r#"{"a":1,"b":"brok"#, 2),
            (r#"{"a":1,"b"}"#, 2),
            ("[1,2", 3),
            ("[1 2]", 2),
            ("", 0),
            ("{", 1),
            ("{]", 1),
            ("nul", 1),
            ("\"a", 0),
            ("\"a\\", 0),
        ] {
            assert_eq!(laid(text).len(), values, "{text}");
        }
        let deep = "[".repeat(100_000);
        let mut tape = Tape::default();
        tape.lay(&deep);
        assert_eq!(tape.items.len(), 100_000);
    }
}
