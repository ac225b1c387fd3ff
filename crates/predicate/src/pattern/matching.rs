//! Lines of text against terms and space-delimited patterns.

use super::Pattern;
use super::expression::Comparison;
use super::limits::WORDS_MAX;
use super::spaced::{Spaced, Word, WordTest};
use super::value::Value;
use crate::{Glob, Number};

impl Pattern {
    /// Whether a line matches that is no JSON event. A JSON pattern never does; [`Pattern::lower`] is for those.
    pub fn matches_line(&self, line: &str) -> bool {
        match self {
            Pattern::Everything => true,
            Pattern::Terms(terms) => terms.matches(line),
            Pattern::Spaced(spaced) => spaced.fields(line).is_some(),
            Pattern::Json(_) => false,
        }
    }
}

impl Spaced {
    /// The words of a line by name, if the line matches.
    pub fn fields<'l>(&self, line: &'l str) -> Option<Vec<(&str, &'l str)>> {
        let words = words(line)?;
        let (before, after) = (self.before.len(), self.after.as_ref().map_or(0, Vec::len));
        let fits = if self.after.is_some() { words.len() >= before + after } else { words.len() == before };
        if !fits {
            return None;
        }
        let front = self.before.iter().zip(words.iter().copied());
        let back = self.after.iter().flatten().zip(words.get(words.len() - after..)?.iter().copied());
        front.chain(back).map(|(word, text)| word.holds(text).then_some((word.name.as_str(), text))).collect()
    }
}

/// The words of a line; `None` if there are too many.
fn words(line: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if words.len() >= WORDS_MAX {
            return None;
        }
        let (word, after) = first_word(rest);
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
}

/// The first word and what follows; of a word in brackets or quotation marks, what is between them.
fn first_word(text: &str) -> (&str, &str) {
    for (open, close) in [('[', ']'), ('"', '"')] {
        if let Some((word, after)) = text.strip_prefix(open).and_then(|inner| inner.split_once(close)) {
            return (word, after);
        }
    }
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

impl Word {
    fn holds(&self, text: &str) -> bool {
        self.tests.is_empty() || self.tests.iter().any(|all| all.iter().all(|test| test.holds(text)))
    }
}

impl WordTest {
    fn holds(&self, text: &str) -> bool {
        match self {
            WordTest::Compare(Comparison::Equal, value) => equals(value, text),
            WordTest::Compare(Comparison::NotEqual, value) => !equals(value, text),
            WordTest::Order(order, bound) => Number::parse(text).is_some_and(|number| order.holds(number.value(), bound.value())),
        }
    }
}

fn equals(value: &Value, text: &str) -> bool {
    match value {
        Value::Number(number, _) => Number::parse(text) == Some(*number),
        Value::Text(wanted) | Value::Quoted(wanted) => fits(&Glob::with_stars(wanted), text),
        Value::Regex(regex) => regex.finds(text),
    }
}

/// Whether a text fits from end to end; case matters.
fn fits(glob: &Glob, text: &str) -> bool {
    crate::fit::Fit::new(glob, crate::Case::Exact).fits(text)
}
