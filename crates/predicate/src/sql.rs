//! The back end for the lake: a predicate as a condition of SQL over the flat columns of `events`.
//!
//! Not everything can be said over flat columns, and a record may be odd: a key that stands twice, a list where a text belongs, a
//! record that is kept raw. Therefore a predicate becomes *two* conditions. [`at_most`] holds for every record that the predicate
//! holds for, and perhaps for more; [`at_least`] for none that it does not hold for, and perhaps for fewer. What lies between them
//! is decided by the [`Matcher`](crate::Matcher). Equality on a column stays plain equality, so that statistics and bloom filters prune.

use record::columns::Kind;

use crate::check::{Case, Check};
use crate::expr::Expr;
use crate::glob::{Glob, Piece};
use crate::path::{Path, Reading, Step};
use crate::place::Place;

/// A condition that no record fails for which the predicate holds.
pub fn at_most(expr: &Expr) -> String {
    condition(expr, Side::Most)
}

/// A condition that no record passes for which the predicate does not hold.
pub fn at_least(expr: &Expr) -> String {
    condition(expr, Side::Least)
}

/// On which side a condition may err.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Most,
    Least,
}

const TRUE: &str = "TRUE";
const FALSE: &str = "FALSE";

impl Side {
    /// What to say of a test that cannot be put in SQL.
    fn unknown(self) -> String {
        if self == Side::Most { TRUE.to_owned() } else { FALSE.to_owned() }
    }

    fn other(self) -> Side {
        if self == Side::Most { Side::Least } else { Side::Most }
    }
}

/// The depth of the tree is bounded where it is made.
fn condition(expr: &Expr, side: Side) -> String {
    match expr {
        Expr::All(inner) => joined(inner.iter().map(|inner| condition(inner, side)), " AND ", TRUE, FALSE),
        Expr::Any(inner) => joined(inner.iter().map(|inner| condition(inner, side)), " OR ", FALSE, TRUE),
        Expr::Not(inner) => match condition(inner, side.other()).as_str() {
            TRUE => FALSE.to_owned(),
            FALSE => TRUE.to_owned(),
            // SQL has a third answer, predicates have not: unknown is no.
            inner => format!("NOT coalesce({inner}, FALSE)"),
        },
        Expr::Test(path, check) => test(path, check, side),
        Expr::Element(..) => side.unknown(),
    }
}

/// Joins conditions; `neutral` ones say nothing, a `deciding` one says all.
fn joined(parts: impl Iterator<Item = String>, by: &str, neutral: &str, deciding: &str) -> String {
    let parts: Vec<String> = parts.filter(|part| part != neutral).collect();
    match parts.as_slice() {
        [] => neutral.to_owned(),
        parts if parts.iter().any(|part| part == deciding) => deciding.to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(by)),
    }
}

fn test(path: &Path, check: &Check, side: Side) -> String {
    let place = Place::new(path);
    let (Some(column), false) = (place.column, path.steps.is_empty()) else { return side.unknown() };
    let spec = column.spec();
    let is_at_end = place.taken == path.steps.len();
    match (spec.kind, is_at_end) {
        (Kind::Text, true) => match plain(spec.name, check) {
            Some(plain) => with_odd(&plain, &odd_text(spec.name, path), side),
            None => side.unknown(),
        },
        (Kind::Doc, false) if side == Side::Most => inside(spec.name, path, check),
        _ => side.unknown(),
    }
}

/// A test of a text column, for records in which the column holds the text.
fn plain(column: &str, check: &Check) -> Option<String> {
    match check {
        Check::Filled => Some(format!("{column} IS NOT NULL")),
        Check::Text(glob, case) => Some(text(column, glob, *case)),
        Check::Regex(regexp) => Some(format!("regexp_like({column}, {})", literal(regexp.text()))),
        Check::Number(order, number) => {
            let is_number = r"'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$'";
            let value = format!("CASE WHEN regexp_like({column}, {is_number}) THEN TRY_CAST({column} AS DOUBLE) END");
            Some(format!("{value} {} {:e}", order.sign(), number.value()))
        }
        Check::Exists | Check::Null | Check::Is(_) | Check::Network(_) | Check::Same(..) => None,
    }
}

fn text(column: &str, glob: &Glob, case: Case) -> String {
    let (column, fold): (String, fn(&str) -> String) = match case {
        Case::Exact => (column.to_owned(), str::to_owned),
        Case::Ignored => (format!("lower({column})"), str::to_lowercase),
    };
    if let Some(exact) = glob.as_exact() {
        return format!("{column} = {}", literal(&fold(exact)));
    }
    if glob.pieces() == [Piece::Many] {
        return format!("{column} IS NOT NULL");
    }
    let pattern: String = glob
        .pieces()
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => fold(text).replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"),
            Piece::One => "_".to_owned(),
            Piece::Many => "%".to_owned(),
        })
        .collect();
    like(&column, &pattern)
}

/// A pattern in which a backslash takes the meaning from what follows; CloudTrail Lake's SQL has no such sign unless it is named.
fn like(column: &str, pattern: &str) -> String {
    let escape = if pattern.contains('\\') { r" ESCAPE '\'" } else { "" };
    format!("{column} LIKE {}{escape}", literal(pattern))
}

/// Records with fields of their own under this key, or under one that cannot be told.
fn other_fields(key: &str) -> String {
    let key = key.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("raw IS NOT NULL OR {} OR {}", like("otherfields", &format!("%{key}%")), like("otherfields", r"%\\%"))
}

/// Records in which a text column does not tell all: kept raw, the key in `otherfields`, a list or object in the column.
fn odd_text(column: &str, path: &Path) -> String {
    format!("({} OR {column} LIKE '[%' OR {column} LIKE '{{%')", odd(path))
}

fn odd(path: &Path) -> String {
    let last = path.steps.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
    other_fields(last.unwrap_or_default())
}

fn with_odd(plain: &str, odd: &str, side: Side) -> String {
    match side {
        Side::Most => format!("({plain} OR {odd})"),
        Side::Least => format!("({plain} AND NOT coalesce({odd}, FALSE))"),
    }
}

/// A test inside a document: the text that is looked for must stand in the document's text, unless something in it is escaped.
fn inside(column: &str, path: &Path, check: &Check) -> String {
    let Check::Text(glob, case) = check else {
        return match check {
            Check::Filled | Check::Regex(_) | Check::Number(..) | Check::Network(_) => has_key(column, path),
            _ => TRUE.to_owned(),
        };
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_.:@=+,;()*?".contains(c);
    let longest = glob.pieces().iter().filter_map(|piece| match piece {
        Piece::Text(text) => text.split(|c| !is_plain(c)).max_by_key(|part| part.len()),
        Piece::One | Piece::Many => None,
    });
    match longest.max_by_key(|part| part.len()).filter(|part| part.len() > 2) {
        Some(part) => {
            let found = text(column, &Glob::contains(part), *case);
            format!("({found} OR {} OR {})", like(column, r"%\\u%"), odd_document(column, path))
        }
        None => has_key(column, path),
    }
}

/// The document's text has the path's last key in it.
fn has_key(column: &str, path: &Path) -> String {
    let last = path.steps.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
    match last {
        Some(key) if key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let found = text(column, &Glob::contains(key), Case::Exact);
            format!("({found} OR {} OR {})", like(column, r"%\\u%"), odd_document(column, path))
        }
        _ => TRUE.to_owned(),
    }
}

/// Records whose document is not in its column.
fn odd_document(column: &str, path: &Path) -> String {
    let top = match (path.steps.first(), path.reading) {
        (Some(Step::Key(key)), Reading::Loose | Reading::Strict) => key.as_str(),
        _ => column,
    };
    other_fields(top)
}

/// Text as an SQL literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(path: &str, check: Check) -> Expr {
        Expr::Test(Path::loose(path), check)
    }

    #[test]
    fn equality_stays_equality_and_negation_is_two_valued() {
        let name = |case| loose("eventName", Check::Text(Glob::exact("It's"), case));
        assert!(at_most(&name(Case::Exact)).starts_with("(eventname = 'It''s' OR "));
        assert!(at_most(&name(Case::Ignored)).starts_with("(lower(eventname) = 'it''s' OR "));
        assert!(at_least(&Expr::not(name(Case::Exact))).starts_with("NOT coalesce((eventname = 'It''s' OR "));
        assert!(at_most(&Expr::not(name(Case::Exact))).contains("AND NOT coalesce("));
    }

    #[test]
    fn what_cannot_be_said_errs_on_the_right_side() {
        let unsaid = loose("status", Check::Filled);
        assert_eq!((at_most(&unsaid).as_str(), at_least(&unsaid).as_str()), ("TRUE", "FALSE"));
        assert_eq!(
            (at_most(&Expr::not(unsaid.clone())).as_str(), at_least(&Expr::not(unsaid.clone())).as_str()),
            ("TRUE", "FALSE")
        );
        let name = loose("eventName", Check::Text(Glob::exact("x"), Case::Exact));
        assert_eq!(at_most(&Expr::All(vec![unsaid.clone(), name.clone()])), at_most(&name));
        assert_eq!(at_most(&Expr::Any(vec![unsaid, name])), "TRUE");
        assert_eq!((at_most(&Expr::always()).as_str(), at_most(&Expr::never()).as_str()), ("TRUE", "FALSE"));
    }
}
