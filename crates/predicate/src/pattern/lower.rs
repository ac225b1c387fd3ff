//! JSON patterns in the common form.

use super::Pattern;
use super::expression::{Comparison, Condition, Expression, Test};
use super::value::Value;
use crate::{Case, Check, Expr, Glob, Missing, Order, Path, Step};

/// What AWS's documentation does not say. The defaults are what the published CIS patterns need in order to mean what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// `$.a != x` where the event has no `a`. CIS 4.3 asks `NOT EXISTS` beside it, so that `!=` alone cannot cover it: it fails.
    pub not_equal_of_missing: Missing,
    /// `$.a != x` where `a` is null: null is a value, and not `x`.
    pub not_equal_of_null: Missing,
    /// `$.a = 400`, the number standing bare.
    pub bare_number: BareNumber,
}

/// How a bare number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareNumber {
    /// By its value, with numbers and with texts that are one: 400 is 400.0, 4e2 and "400".
    ByValue,
    /// By its text: 400 is "400" and 400, not 400.0.
    ByText,
}

impl Default for Semantics {
    fn default() -> Semantics {
        Semantics { not_equal_of_missing: Missing::Fails, not_equal_of_null: Missing::Passes, bare_number: BareNumber::ByValue }
    }
}

impl Pattern {
    /// The pattern in the common form; `None` for terms and space-delimited patterns, which ask a line of text.
    pub fn lower(&self, semantics: Semantics) -> Option<Expr> {
        match self {
            Pattern::Everything => Some(Expr::always()),
            Pattern::Json(expression) => Some(lowered(expression, semantics)),
            Pattern::Terms(_) | Pattern::Spaced(_) => None,
        }
    }
}

/// As deep as the parser went, which has a limit.
fn lowered(expression: &Expression, semantics: Semantics) -> Expr {
    match expression {
        Expression::All(inner) => Expr::All(inner.iter().map(|inner| lowered(inner, semantics)).collect()),
        Expression::Any(inner) => Expr::Any(inner.iter().map(|inner| lowered(inner, semantics)).collect()),
        Expression::Condition(condition) => one(condition, semantics),
    }
}

fn one(condition: &Condition, semantics: Semantics) -> Expr {
    let path = condition.selector.path.clone();
    match &condition.test {
        Test::Compare(Comparison::Equal, value) => equal(path, value, semantics),
        Test::Compare(Comparison::NotEqual, value) => not_equal(path, value, semantics),
        Test::Order(order, number) => Expr::Test(path, Check::Number(*order, *number)),
        Test::IsNull => Expr::Test(path, Check::Null),
        Test::Is(wanted) => Expr::Test(path, Check::Is(*wanted)),
        Test::NotExists => Expr::not(Expr::Test(path, Check::Exists)),
    }
}

fn equal(path: Path, value: &Value, semantics: Semantics) -> Expr {
    Expr::Test(path, check(value, semantics))
}

/// Some value that is there differs. Of a path with a wildcard one element is enough.
fn not_equal(path: Path, value: &Value, semantics: Semantics) -> Expr {
    match at_wildcard(&path) {
        Some((list, rest)) if rest.steps.is_empty() => Expr::Element(list, Box::new(element_differs(value, semantics))),
        Some((list, rest)) => Expr::Element(list, Box::new(not_equal(rest, value, semantics))),
        None => differs(path, value, semantics),
    }
}

fn differs(path: Path, value: &Value, semantics: Semantics) -> Expr {
    let equal = equal(path.clone(), value, semantics);
    let is_leaf = Expr::Test(path.clone(), Check::Text(Glob::any(), Case::Exact));
    let mut there = vec![is_leaf];
    if semantics.not_equal_of_null == Missing::Passes {
        there.push(Expr::Test(path.clone(), Check::Null));
    }
    if semantics.not_equal_of_missing == Missing::Passes {
        there.push(Expr::not(Expr::Test(path, Check::Exists)));
    }
    Expr::All(vec![Expr::Any(there), Expr::not(equal)])
}

/// The element itself is asked as JSON text, in which a string has its quotes.
fn element_differs(value: &Value, semantics: Semantics) -> Expr {
    let mut equals = vec![Expr::Test(Path::record(), check(value, semantics))];
    if let Some(text) = value.text() {
        let quoted = serde_json::to_string(text).unwrap_or_default();
        equals.push(Expr::Test(Path::record(), Check::Text(Glob::with_stars(&quoted), Case::Exact)));
    }
    Expr::not(Expr::Any(equals))
}

fn check(value: &Value, semantics: Semantics) -> Check {
    match value {
        Value::Number(number, text) => match semantics.bare_number {
            BareNumber::ByValue => Check::Number(Order::Equal, *number),
            BareNumber::ByText => Check::Text(Glob::exact(text), Case::Exact),
        },
        Value::Text(text) | Value::Quoted(text) => Check::Text(Glob::with_stars(text), Case::Exact),
        Value::Regex(regex) => Check::Regex(regex.clone()),
    }
}

/// A path cut at its wildcard: to the list, and what follows in its elements.
fn at_wildcard(path: &Path) -> Option<(Path, Path)> {
    let at = path.steps.iter().position(|step| *step == Step::Each)?;
    let (list, rest) = path.steps.split_at_checked(at)?;
    Some((Path::of_steps(list.to_vec()), Path::of_steps(rest.get(1..)?.to_vec())))
}
