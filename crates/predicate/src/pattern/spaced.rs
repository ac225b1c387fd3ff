//! `[ip, user, time, request, status = 4*, bytes]`: words of a line by their position. A word in `[ ]` or in `" "` is one word.

use std::collections::BTreeSet;

use super::cursor::Cursor;
use super::error::PatternError;
use super::expression::Comparison;
use super::value::{self, Value};
use crate::{Number, Order};

/// A pattern by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spaced {
    /// Words before `...`, or all of them.
    pub before: Vec<Word>,
    /// Words after `...`; none if the pattern has no `...`.
    pub after: Option<Vec<Word>>,
}

/// One word: its name and what must hold of it; one of the alternatives, all of the tests in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// `$name` in metric values and dimensions; empty if the pattern gives none.
    pub name: String,
    /// Joined by `||`, inside joined by `&&`. None at all means anything.
    pub tests: Vec<Vec<WordTest>>,
}

/// What must hold of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordTest {
    /// `=` or `!=`.
    Compare(Comparison, Value),
    /// `<`, `<=`, `>`, `>=`.
    Order(Order, Number),
}

/// Reads a pattern that begins with `[`.
pub fn parse(text: &str) -> Result<Spaced, PatternError> {
    let mut cursor = Cursor::new(text);
    let (mut regexes, mut names) = (0, BTreeSet::new());
    cursor.skip_spaces();
    cursor.next();
    let mut spaced = Spaced { before: Vec::new(), after: None };
    cursor.skip_spaces();
    if cursor.sees("]") {
        return Err(cursor.wrong("there is no word between [ and ]"));
    }
    loop {
        cursor.skip_spaces();
        if cursor.take("...") {
            if spaced.after.is_some() {
                return Err(cursor.wrong("`...` may stand once"));
            }
            spaced.after = Some(Vec::new());
        } else {
            let begin = cursor.at();
            let word = word(&mut cursor, &mut regexes)?;
            if !word.name.is_empty() && !names.insert(word.name.clone()) {
                return Err(PatternError::new(begin, format!("the name `{}` is there twice", word.name)));
            }
            spaced.after.as_mut().unwrap_or(&mut spaced.before).push(word);
        }
        cursor.skip_spaces();
        match cursor.next() {
            Some(',') => {}
            Some(']') => break,
            _ => return Err(cursor.wrong("a comma or ] is missing").with_hint("as in [ip, user, ..., status = 4*, bytes]")),
        }
    }
    cursor.skip_spaces();
    if cursor.peek().is_some() {
        return Err(cursor.wrong(format!("the pattern ends with ], but {} follows", cursor.seen())));
    }
    Ok(spaced)
}

fn word(cursor: &mut Cursor, regexes: &mut usize) -> Result<Word, PatternError> {
    let name = cursor.take_while(|next| next.is_alphanumeric() || next == '_' || next == '-' || next == '.');
    let mut tests = Vec::new();
    cursor.skip_spaces();
    if matches!(cursor.peek(), Some(',' | ']') | None) {
        return Ok(Word { name, tests });
    }
    loop {
        let mut all = vec![test(cursor, regexes)?];
        cursor.skip_spaces();
        while cursor.take("&&") {
            again(cursor, &name)?;
            all.push(test(cursor, regexes)?);
            cursor.skip_spaces();
        }
        tests.push(all);
        if !cursor.take("||") {
            return Ok(Word { name, tests });
        }
        again(cursor, &name)?;
    }
}

/// The word's name, which stands before every test of it. AWS's own example writes it in another case.
fn again(cursor: &mut Cursor, name: &str) -> Result<(), PatternError> {
    cursor.skip_spaces();
    let begin = cursor.at();
    let other = cursor.take_while(|next| next.is_alphanumeric() || next == '_' || next == '-' || next == '.');
    if other.eq_ignore_ascii_case(name) {
        return Ok(());
    }
    Err(PatternError::new(begin, format!("`{other}` is another word than `{name}`"))
        .with_hint("each word has tests of its own, after a comma"))
}

fn test(cursor: &mut Cursor, regexes: &mut usize) -> Result<WordTest, PatternError> {
    cursor.skip_spaces();
    if cursor.take("!=") {
        return read(cursor, regexes).map(|value| WordTest::Compare(Comparison::NotEqual, value));
    }
    for (sign, order) in [("<=", Order::LessOrEqual), (">=", Order::GreaterOrEqual), ("<", Order::Less), (">", Order::Greater)] {
        if cursor.take(sign) {
            let begin = cursor.at();
            return match read(cursor, regexes)? {
                Value::Number(number, _) => Ok(WordTest::Order(order, number)),
                _ => Err(PatternError::new(begin, format!("{sign} compares numbers"))),
            };
        }
    }
    if cursor.take("=") {
        return read(cursor, regexes).map(|value| WordTest::Compare(Comparison::Equal, value));
    }
    Err(cursor.wrong(format!("an operator is missing before {}", cursor.seen())).with_hint("as in status = 4*"))
}

fn read(cursor: &mut Cursor, regexes: &mut usize) -> Result<Value, PatternError> {
    cursor.skip_spaces();
    value::read(cursor, regexes, |cursor| {
        let next = cursor.peek();
        next.is_none_or(|next| next.is_whitespace() || matches!(next, ',' | ']')) || cursor.sees("&&") || cursor.sees("||")
    })
}
