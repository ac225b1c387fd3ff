//! `{ ... }`: the grammar of JSON patterns, by descent with a named depth.

use super::cursor::Cursor;
use super::error::PatternError;
use super::expression::{Comparison, Condition, Expression, Selector, Test};
use super::limits::{DEPTH_MAX, SELECTOR_WILDCARDS_MAX, WILDCARD_SELECTORS_MAX};
use super::value::{self, Value};
use crate::{Number, Order, Path, Step};

/// What is counted over the whole pattern.
#[derive(Default)]
struct Counts {
    regexes: usize,
    wildcard_selectors: usize,
}

/// Reads a pattern that begins with `{`.
pub fn parse(text: &str) -> Result<Expression, PatternError> {
    let (mut cursor, mut counts) = (Cursor::new(text), Counts::default());
    cursor.skip_spaces();
    cursor.next();
    let expression = any(&mut cursor, &mut counts, 0)?;
    cursor.skip_spaces();
    if !cursor.take("}") {
        return Err(unexpected(&cursor));
    }
    cursor.skip_spaces();
    match cursor.peek() {
        None => Ok(expression),
        Some(_) => Err(cursor.wrong(format!("the pattern ends with }}, but {} follows", cursor.seen()))),
    }
}

fn unexpected(cursor: &Cursor) -> PatternError {
    let wrong = cursor.wrong(format!("&&, || or }} is missing before {}", cursor.seen()));
    if cursor.sees("AND") || cursor.sees("and") {
        wrong.with_hint("write && for `and`")
    } else if cursor.sees("OR") || cursor.sees("or") {
        wrong.with_hint("write || for `or`")
    } else {
        wrong
    }
}

fn any(cursor: &mut Cursor, counts: &mut Counts, depth: usize) -> Result<Expression, PatternError> {
    let mut parts = vec![all(cursor, counts, depth)?];
    loop {
        cursor.skip_spaces();
        if !cursor.take("||") {
            return Ok(joined(parts, Expression::Any));
        }
        parts.push(all(cursor, counts, depth)?);
    }
}

fn all(cursor: &mut Cursor, counts: &mut Counts, depth: usize) -> Result<Expression, PatternError> {
    let mut parts = vec![primary(cursor, counts, depth)?];
    loop {
        cursor.skip_spaces();
        if !cursor.take("&&") {
            return Ok(joined(parts, Expression::All));
        }
        parts.push(primary(cursor, counts, depth)?);
    }
}

fn joined(mut parts: Vec<Expression>, list: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 { parts.remove(0) } else { list(parts) }
}

fn primary(cursor: &mut Cursor, counts: &mut Counts, depth: usize) -> Result<Expression, PatternError> {
    cursor.skip_spaces();
    if !cursor.sees("(") {
        return condition(cursor, counts).map(Expression::Condition);
    }
    if depth >= DEPTH_MAX {
        return Err(cursor.wrong(format!("more than {DEPTH_MAX} parentheses inside each other")));
    }
    let begin = cursor.at();
    cursor.next();
    let inner = any(cursor, counts, depth + 1)?;
    cursor.skip_spaces();
    match cursor.peek() {
        Some(')') => {
            cursor.next();
            Ok(inner)
        }
        None | Some('}') => Err(PatternError::new(begin, "the parenthesis is not closed")),
        Some(_) => Err(unexpected(cursor)),
    }
}

fn condition(cursor: &mut Cursor, counts: &mut Counts) -> Result<Condition, PatternError> {
    let at = cursor.at();
    let selector = selector(cursor, counts)?;
    cursor.skip_spaces();
    let test = test(cursor, counts, &selector)?;
    Ok(Condition { selector, test, at })
}

fn selector(cursor: &mut Cursor, counts: &mut Counts) -> Result<Selector, PatternError> {
    let begin = cursor.at();
    if !cursor.take("$") {
        let wrong = cursor.wrong(format!("a selector is missing before {}", cursor.seen()));
        return Err(wrong.with_hint("write $. before the field's name, as in $.eventName"));
    }
    let (mut steps, mut text) = (Vec::new(), "$".to_owned());
    while let Some(step) = step(cursor, &mut text)? {
        steps.push(step);
    }
    if steps.is_empty() {
        return Err(cursor.wrong("a field's name is missing after $").with_hint("as in $.eventName"));
    }
    let wildcards = steps.iter().filter(|step| **step == Step::Each).count();
    counts.wildcard_selectors += usize::from(wildcards > 0);
    if wildcards > SELECTOR_WILDCARDS_MAX {
        return Err(PatternError::new(
            begin,
            format!("a selector takes {SELECTOR_WILDCARDS_MAX} wildcard, `{text}` has {wildcards}"),
        ));
    }
    if counts.wildcard_selectors > WILDCARD_SELECTORS_MAX {
        return Err(PatternError::new(begin, format!("a pattern takes {WILDCARD_SELECTORS_MAX} selectors with a wildcard")));
    }
    Ok(Selector { text, path: Path::of_steps(steps) })
}

/// One step, and its text after `text`.
fn step(cursor: &mut Cursor, text: &mut String) -> Result<Option<Step>, PatternError> {
    if cursor.take(".") {
        text.push('.');
        if cursor.take("*") {
            text.push('*');
            return Ok(Some(Step::Each));
        }
        if !cursor.sees("[") {
            let key = cursor.take_while(|next| next.is_alphanumeric() || next == '-' || next == '_');
            if key.is_empty() {
                return Err(cursor
                    .wrong(format!("a field's name is missing before {}", cursor.seen()))
                    .with_hint("write $.['a b'] for odd names"));
            }
            text.push_str(&key);
            return Ok(Some(Step::Key(key)));
        }
    }
    if !cursor.sees("[") {
        return Ok(None);
    }
    bracket(cursor, text).map(Some)
}

fn bracket(cursor: &mut Cursor, text: &mut String) -> Result<Step, PatternError> {
    let begin = cursor.at();
    cursor.next();
    let step = match cursor.peek() {
        Some('*') => {
            cursor.next();
            text.push_str("[*]");
            Step::Each
        }
        Some(quote @ ('\'' | '"')) => {
            cursor.next();
            let key = cursor.take_while(|next| next != quote);
            if key.is_empty() || !cursor.take(&quote.to_string()) {
                return Err(PatternError::new(begin, "the field's name is empty or not closed").with_hint("write $.['a.b']"));
            }
            text.push_str(&format!("['{key}']"));
            Step::Key(key)
        }
        _ => {
            let digits = cursor.take_while(|next| next.is_ascii_digit());
            let index = digits.parse().map_err(|_| {
                PatternError::new(begin, "an index is a number from 0, or *").with_hint("names stand in quotes: $.['a.b']")
            })?;
            text.push_str(&format!("[{digits}]"));
            Step::Index(index)
        }
    };
    if cursor.take("]") { Ok(step) } else { Err(PatternError::new(begin, "the bracket is not closed")) }
}

fn test(cursor: &mut Cursor, counts: &mut Counts, selector: &Selector) -> Result<Test, PatternError> {
    if cursor.take("!=") {
        return Ok(Test::Compare(Comparison::NotEqual, compared(cursor, counts)?));
    }
    for (sign, order) in [("<=", Order::LessOrEqual), (">=", Order::GreaterOrEqual), ("<", Order::Less), (">", Order::Greater)] {
        if cursor.take(sign) {
            return number(cursor, counts, sign).map(|number| Test::Order(order, number));
        }
    }
    if cursor.take("=") {
        if cursor.sees("=") {
            return Err(cursor.wrong("== is no operator").with_hint("write ="));
        }
        return Ok(Test::Compare(Comparison::Equal, compared(cursor, counts)?));
    }
    keywords(cursor, selector)
}

fn keywords(cursor: &mut Cursor, selector: &Selector) -> Result<Test, PatternError> {
    let name = &selector.text;
    let there = format!("for a field that is there, write {name} = *");
    if cursor.take_word("IS") {
        cursor.skip_spaces();
        for (word, test) in [("NULL", Test::IsNull), ("TRUE", Test::Is(true)), ("FALSE", Test::Is(false))] {
            if cursor.take_word(word) {
                return Ok(test);
            }
        }
        let wrong = cursor.wrong(format!("NULL, TRUE or FALSE is missing before {}", cursor.seen()));
        return Err(if cursor.sees("NOT") {
            PatternError { what: "`IS NOT` is not supported".to_owned(), ..wrong }.with_hint(there)
        } else {
            wrong
        });
    }
    if cursor.take_word("NOT") {
        cursor.skip_spaces();
        return if cursor.take_word("EXISTS") { Ok(Test::NotExists) } else { Err(cursor.wrong("EXISTS is missing after NOT")) };
    }
    let wrong = cursor.wrong(format!("an operator is missing before {}", cursor.seen()));
    if cursor.sees("EXISTS") {
        return Err(PatternError { what: "`EXISTS` alone is not supported".to_owned(), ..wrong }.with_hint(there));
    }
    if cursor.sees("IN") {
        return Err(PatternError { what: "`IN` is not supported".to_owned(), ..wrong }
            .with_hint(format!("write ({name} = a) || ({name} = b)")));
    }
    Err(wrong.with_hint("=, !=, <, <=, >, >=, IS NULL, IS TRUE, IS FALSE and NOT EXISTS are known"))
}

fn compared(cursor: &mut Cursor, counts: &mut Counts) -> Result<Value, PatternError> {
    cursor.skip_spaces();
    value::read(cursor, &mut counts.regexes, ends)
}

fn number(cursor: &mut Cursor, counts: &mut Counts, sign: &str) -> Result<Number, PatternError> {
    let begin = cursor.at();
    match compared(cursor, counts)? {
        Value::Number(number, _) => Ok(number),
        _ => Err(PatternError::new(begin, format!("{sign} compares numbers"))),
    }
}

/// Where a bare value ends.
fn ends(cursor: &Cursor) -> bool {
    let next = cursor.peek();
    next.is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')' | '}')) || cursor.sees("&&") || cursor.sees("||")
}
