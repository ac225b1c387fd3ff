//! What is asked of the values at a path.

use std::fmt;
use std::hash::{Hash, Hasher};

use regex::{Regex, RegexBuilder};

use crate::glob::Glob;
use crate::limits::{REGEX_CACHE_BYTES_MAX, REGEX_COMPILED_BYTES_MAX, REGEX_TEXT_BYTES_MAX};
use crate::network::Network;
use crate::path::Path;

/// A question to the values that a path reaches. It is answered with yes if *one* value passes; with no values the answer is no.
///
/// *Text*: a string's text is its characters; a number's or boolean's is its JSON text; null has none; what an object has is said
/// by the path's reading. *Number*: that of a JSON number, or of a string that is one from end to end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// There is a value, be it null.
    Exists,
    /// There is a value other than null. Its negation is Sigma's `null`: null or missing.
    Filled,
    /// The value is there and is null.
    Null,
    /// The value is this boolean (the strings "true" and "false" are not).
    Is(bool),
    /// The text fits a pattern with wildcards, from end to end. Exact text, prefix, suffix and "contains" are such patterns.
    Text(Glob, Case),
    /// The text holds a match of a regular expression, anywhere unless it is anchored.
    Regex(Regexp),
    /// The number compares so: `Number(Less, n)` is `value < n`.
    Number(Order, Number),
    /// The text is an IP address in this network.
    Network(Network),
    /// The text is that of another field: one pair of their values is enough. The other path begins where this one does.
    Same(Path, Same, Case),
}

/// Whether upper and lower case are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// They are: CloudWatch, event selectors, Sigma's `cased`.
    Exact,
    /// They are not: Sigma's default. Texts are compared in lower case, all scripts.
    Ignored,
}

/// How a number compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

/// How a text relates to another field's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Same {
    /// Equal.
    Equal,
    /// Begins with it.
    StartsWith,
    /// Ends with it.
    EndsWith,
    /// Holds it somewhere.
    Contains,
}

/// A finite number.
#[derive(Clone, Copy, Debug)]
pub struct Number(f64);

impl Number {
    /// The number, if it is finite.
    pub fn new(value: f64) -> Option<Number> {
        // -0 and 0 are one number.
        value.is_finite().then_some(Number(value + 0.0))
    }

    /// The number that a text is from end to end: sign, digits, fraction, exponent; nothing else.
    pub fn parse(text: &str) -> Option<Number> {
        let bytes = text.as_bytes();
        let odd = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        if bytes.is_empty() || bytes.len() > 64 || bytes.iter().any(odd) || !bytes.iter().any(u8::is_ascii_digit) {
            return None;
        }
        Number::new(text.parse().ok()?)
    }

    /// Its value.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Order {
    /// Whether `value` compares so to `bound`.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Order::Less => value < bound,
            Order::LessOrEqual => value <= bound,
            Order::Equal => value == bound,
            Order::GreaterOrEqual => value >= bound,
            Order::Greater => value > bound,
        }
    }

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Equal => "=",
            Order::GreaterOrEqual => ">=",
            Order::Greater => ">",
        }
    }
}

/// A regular expression that takes time in proportion to the text, whatever is in either; compiled once, where it is made.
#[derive(Clone)]
pub struct Regexp {
    text: String,
    compiled: Regex,
}

/// Why a regular expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegexpError {
    /// Too long as text.
    #[error("the regular expression is longer than {REGEX_TEXT_BYTES_MAX} bytes; split it into several values")]
    TooLong,
    /// Too large when compiled.
    #[error("the regular expression grows past {REGEX_COMPILED_BYTES_MAX} bytes; make its repetitions smaller")]
    TooLarge,
    /// Look-around or a back-reference.
    #[error("look-around and back-references are not supported, for they can take exponential time; use a second test with `not`")]
    Backtracking,
    /// Anything else.
    #[error("{0}")]
    Wrong(String),
}

impl Regexp {
    /// Compiles an expression; flags are written into it as `(?i)`, `(?m)`, `(?s)`.
    pub fn new(text: &str) -> Result<Regexp, RegexpError> {
        if text.len() > REGEX_TEXT_BYTES_MAX {
            return Err(RegexpError::TooLong);
        }
        let built = RegexBuilder::new(text).size_limit(REGEX_COMPILED_BYTES_MAX).dfa_size_limit(REGEX_CACHE_BYTES_MAX).build();
        let compiled = built.map_err(|error| refused(&error))?;
        Ok(Regexp { text: text.to_owned(), compiled })
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text holds a match.
    pub fn finds(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

fn refused(error: &regex::Error) -> RegexpError {
    let text = error.to_string();
    match error {
        regex::Error::CompiledTooBig(_) => RegexpError::TooLarge,
        _ if text.contains("look-around") || text.contains("backreferences") => RegexpError::Backtracking,
        // The last line says what is wrong, those before it draw where.
        _ => RegexpError::Wrong(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()),
    }
}

impl fmt::Debug for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text)
    }
}

impl PartialEq for Regexp {
    fn eq(&self, other: &Regexp) -> bool {
        self.text == other.text
    }
}

impl Eq for Regexp {}

impl Hash for Regexp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_number() {
        for (text, value) in [("1", 1.0), ("-0.5e+3", -500.0), ("+7", 7.0), ("-0", 0.0), ("1.", 1.0)] {
            assert_eq!(Number::parse(text), Number::new(value), "{text}");
        }
        for text in ["", "-", "e", "1e999", "inf", "NaN", "0x10", " 1", "1 ", "1_000", "1.2.3"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn regexes_are_bounded() {
        assert_eq!(Regexp::new(&"a".repeat(REGEX_TEXT_BYTES_MAX + 1)).unwrap_err(), RegexpError::TooLong);
        assert_eq!(Regexp::new("((a{1000}){1000}){1000}").unwrap_err(), RegexpError::TooLarge);
        assert_eq!(Regexp::new(r"(?!x)a").unwrap_err(), RegexpError::Backtracking);
        assert_eq!(Regexp::new(r"(a)\1").unwrap_err(), RegexpError::Backtracking);
        assert_eq!(Regexp::new("(a").unwrap_err(), RegexpError::Wrong("unclosed group".to_owned()));
        assert!(!Regexp::new("(a+)+$").unwrap().finds(&("a".repeat(100_000) + "b")));
    }
}
