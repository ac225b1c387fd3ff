//! What a field or word is compared with.

use super::cursor::Cursor;
use super::error::PatternError;
use super::regexes;
use crate::{Glob, Number, Regexp};

/// A value in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number that stands bare, and as it is written.
    Number(Number, String),
    /// Text, in which `*` stands for any run of characters.
    Text(String),
    /// Text in quotation marks; the same, but never a number.
    Quoted(String),
    /// `%...%`: a regular expression, found anywhere.
    Regex(Regexp),
}

impl Value {
    /// The text that it stands for, wildcards and all; none for a regular expression.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Number(_, text) | Value::Text(text) | Value::Quoted(text) => Some(text),
            Value::Regex(_) => None,
        }
    }

    /// The text as a pattern with wildcards.
    pub fn glob(&self) -> Option<Glob> {
        self.text().map(Glob::with_stars)
    }
}

/// Reads a value that ends where `ends` says, if it stands bare.
pub fn read(cursor: &mut Cursor, regexes: &mut usize, ends: impl Fn(&Cursor) -> bool) -> Result<Value, PatternError> {
    match cursor.peek() {
        Some('"') => cursor.quoted().map(Value::Quoted),
        Some('%') => regexes::read(cursor, regexes).map(Value::Regex),
        _ => bare(cursor, ends),
    }
}

fn bare(cursor: &mut Cursor, ends: impl Fn(&Cursor) -> bool) -> Result<Value, PatternError> {
    let mut text = String::new();
    while !ends(cursor) {
        match cursor.peek() {
            Some('"') => {
                let wrong = cursor.wrong("a quotation mark stands inside a word");
                return Err(wrong.with_hint("put the whole value into quotation marks"));
            }
            Some(next) => text.push(next),
            None => break,
        }
        cursor.next();
    }
    if text.is_empty() {
        return Err(cursor.wrong(format!("a value is missing before {}", cursor.seen())));
    }
    Ok(match Number::parse(&text) {
        Some(number) => Value::Number(number, text),
        None => Value::Text(text),
    })
}
