//! The tree of a JSON pattern.

use std::fmt;

use super::value::Value;
use crate::{Number, Order, Path};

/// Conditions put together. `&&` binds tighter than `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// All hold.
    All(Vec<Expression>),
    /// One holds.
    Any(Vec<Expression>),
    /// One field.
    Condition(Condition),
}

/// What is asked of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which.
    pub selector: Selector,
    /// What.
    pub test: Test,
    /// Where it stands in the pattern, in characters from 0.
    pub at: usize,
}

/// A path into the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As it is written, with `$`.
    pub text: String,
    /// Where it leads.
    pub path: Path,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `=` or `!=`.
    Compare(Comparison, Value),
    /// `<`, `<=`, `>`, `>=`.
    Order(Order, Number),
    /// `IS NULL`.
    IsNull,
    /// `IS TRUE`, `IS FALSE`.
    Is(bool),
    /// `NOT EXISTS`.
    NotExists,
}

/// `=` or `!=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
}

impl Expression {
    /// Every condition, in the pattern's order.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Expression::Condition(condition) => found.push(condition),
                Expression::All(inner) | Expression::Any(inner) => open.extend(inner.iter().rev()),
            }
        }
        found
    }
}

impl Selector {
    /// The path as dots between keys, `userIdentity.type`, if it has only keys.
    pub fn dotted(&self) -> Option<String> {
        self.path.dotted()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Comparison::Equal { "=" } else { "!=" })
    }
}
