//! One value of a record, wherever it was found.

use std::borrow::Cow;

use crate::path::Reading;
use crate::tape::Kind;

/// A value that a path reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'v> {
    pub(crate) kind: Kind,
    /// A string's characters if `is_plain`, else the value's JSON text.
    text: &'v str,
    is_plain: bool,
}

impl<'v> Value<'v> {
    /// A string of which the characters are at hand.
    pub(crate) fn plain(text: &'v str) -> Value<'v> {
        Value { kind: Kind::Text, text, is_plain: true }
    }

    /// A value as JSON text.
    pub(crate) fn json(kind: Kind, text: &'v str) -> Value<'v> {
        Value { kind, text, is_plain: false }
    }

    /// Its text, if it has one.
    pub(crate) fn text(&self, reading: Reading) -> Option<Cow<'v, str>> {
        match self.kind {
            Kind::Null | Kind::List => None,
            Kind::Object => (reading == Reading::Loose).then(|| compact(self.text)),
            Kind::True | Kind::False | Kind::Number => Some(Cow::Borrowed(self.text)),
            Kind::Text if self.is_plain => Some(Cow::Borrowed(self.text)),
            Kind::Text => Some(characters(self.text)),
        }
    }

    /// The whole JSON text, whatever it is.
    pub(crate) fn whole(&self) -> &'v str {
        self.text
    }
}

/// JSON text as CloudTrail writes it, without blanks between its parts.
fn compact(json: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let (mut is_string, mut is_escaped) = (false, false);
    let mut is_kept = |letter: char| {
        let is_blank = !is_string && matches!(letter, ' ' | '\n' | '\r' | '\t');
        is_string ^= letter == '"' && !is_escaped;
        is_escaped = is_string && letter == '\\' && !is_escaped;
        !is_blank
    };
    match json.find(|letter| !is_kept(letter)) {
        None => return Cow::Borrowed(json),
        Some(first) => {
            let (before, after) = json.split_at(first);
            kept.push_str(before);
            kept.extend(after.chars().skip(1).filter(|letter| is_kept(*letter)));
        }
    }
    Cow::Owned(kept)
}

/// The characters of a JSON string with its quotes. One that cannot be decoded stays as it is written.
pub(crate) fn characters(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
    unescaped(inner)
}

/// What is between the quotes of a JSON string, decoded.
pub(crate) fn unescaped(inner: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut decoded = String::with_capacity(inner.len());
    match record::text::unescape(inner, &mut decoded) {
        Ok(()) => Cow::Owned(decoded),
        Err(_) => Cow::Borrowed(inner),
    }
}

/// A document's text with the escaped quotes of documents in strings read as quotes, if there are any.
pub(crate) fn without_escaped_quotes(json: &str) -> Option<String> {
    memchr::memmem::find(json.as_bytes(), br#"\""#).map(|_| json.replace(r#"\""#, "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_between_parts_are_no_text() {
        for (json, expected) in [
            (r#"{"a":[1,"b c"]}"#, r#"{"a":[1,"b c"]}"#),
            ("{ \"a\" : [ 1,\n\t\"b c\" ]\r\n}", r#"{"a":[1,"b c"]}"#),
            (r#"{"a\" b": "\\" , "c": " \\\" "}"#, r#"{"a\" b":"\\","c":" \\\" "}"#),
            ("{\"\u{e4} x\": \"brok en", "{\"\u{e4} x\":\"brok en"),
        ] {
            assert_eq!(compact(json), expected);
            assert!(matches!(compact(expected), Cow::Borrowed(_)));
        }
    }
}
