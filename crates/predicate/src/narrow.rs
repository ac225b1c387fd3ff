//! What a predicate says of records of which only a few texts are known: whether any of them can pass.

use crate::asked::Asked;
use crate::expr::Expr;
use crate::path::Path;
use crate::value::Value;

/// Whether the predicate can hold for a record in which `known` gives the text at a path (as a string, and the only value there). Where it
/// gives none, anything may be.
pub fn may_hold(expr: &Expr, known: &dyn Fn(&Path) -> Option<String>) -> bool {
    most(expr, known)
}

/// True unless it is certain that it does not hold. The depth of the tree is bounded where it is made.
fn most(expr: &Expr, known: &dyn Fn(&Path) -> Option<String>) -> bool {
    match expr {
        Expr::All(inner) => inner.iter().all(|inner| most(inner, known)),
        Expr::Any(inner) => inner.iter().any(|inner| most(inner, known)),
        Expr::Not(inner) => !least(inner, known),
        Expr::Test(path, check) => known(path).is_none_or(|text| passes(path, &Asked::new(check), &text).unwrap_or(true)),
        Expr::Element(..) => true,
    }
}

/// True only if it is certain that it holds.
fn least(expr: &Expr, known: &dyn Fn(&Path) -> Option<String>) -> bool {
    match expr {
        Expr::All(inner) => inner.iter().all(|inner| least(inner, known)),
        Expr::Any(inner) => inner.iter().any(|inner| least(inner, known)),
        Expr::Not(inner) => !most(inner, known),
        Expr::Test(path, check) => known(path).is_some_and(|text| passes(path, &Asked::new(check), &text).unwrap_or(false)),
        Expr::Element(..) => false,
    }
}

/// Whether a text passes; `None` if the check asks for more than the text.
fn passes(path: &Path, asked: &Asked, text: &str) -> Option<bool> {
    match asked {
        Asked::Same(..) | Asked::Inner(_) => None,
        _ => Some(asked.passes(Value::plain(text), path.reading)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, Check, Glob};

    #[test]
    fn what_is_known_decides_and_the_rest_may_be() {
        let test = |path: &str, value: &str| Expr::Test(Path::loose(path), Check::Text(Glob::exact(value), Case::Ignored));
        let known = |path: &Path| (path.dotted().as_deref() == Some("eventName")).then(|| "StopLogging".to_owned());
        for (expr, expected) in [
            (test("eventName", "stoplogging"), true),
            (test("eventName", "x"), false),
            (Expr::All(vec![test("eventName", "x"), test("errorCode", "y")]), false),
            (Expr::Any(vec![test("eventName", "x"), test("errorCode", "y")]), true),
            (Expr::not(test("eventName", "StopLogging")), false),
            (Expr::not(test("errorCode", "y")), true),
            (Expr::All(vec![test("eventName", "StopLogging"), Expr::not(test("eventName", "StopLogging"))]), false),
        ] {
            assert_eq!(may_hold(&expr, &known), expected, "{expr:?}");
        }
    }
}
