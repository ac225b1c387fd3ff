//! Calls whose arguments are parted by words: TRIM, EXTRACT and the JSON functions of the SQL standard.

use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{CAST, TRY_CAST, type_text};
use crate::query::build;

type Parsed = Result<Expr, ParserError>;

/// Parses such a call; the parser stands at its name.
pub fn parse(name: &str, parser: &mut Parser) -> Option<Parsed> {
    let parse: fn(&mut Parser) -> Parsed = match name {
        "trim" => trim,
        "extract" => extract,
        "json_value" => json_value,
        "json_query" => json_query,
        "json_exists" => json_exists,
        "json_object" => json_object,
        "json_array" => json_array,
        _ => return None,
    };
    parser.advance_token();
    parser.advance_token();
    let parsed = parse(parser).and_then(|expr| parser.expect_token(&Token::RParen).map(|_| expr));
    Some(parsed)
}

/// Goes over a word, whether the parser knows it as one or not.
fn word(parser: &mut Parser, wanted: &str) -> bool {
    let is_it = matches!(&parser.peek_token_ref().token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted));
    if is_it {
        parser.advance_token();
    }
    is_it
}

fn words(parser: &mut Parser, wanted: &[&str]) -> bool {
    let is_it = wanted.iter().enumerate().all(|(at, wanted)| {
        matches!(parser.peek_nth_token(at).token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
    });
    if is_it {
        wanted.iter().for_each(|_| parser.advance_token());
    }
    is_it
}

/// `TRIM([LEADING | TRAILING | BOTH] [letters] FROM text)`, `trim(text, letters)`.
fn trim(parser: &mut Parser) -> Parsed {
    let side = ["leading", "trailing", "both"].into_iter().find(|side| word(parser, side));
    let mut args = vec![build::text(side.unwrap_or("both"))];
    if parser.parse_keyword(Keyword::FROM) {
        args.push(parser.parse_expr()?);
        return Ok(build::call("lake_trim", args));
    }
    let first = parser.parse_expr()?;
    if parser.parse_keyword(Keyword::FROM) {
        args.extend([parser.parse_expr()?, first]);
    } else {
        args.push(first);
        if parser.consume_token(&Token::Comma) {
            args.push(parser.parse_expr()?);
        }
    }
    Ok(build::call("lake_trim", args))
}

/// Fields of EXTRACT and the functions that they are.
const FIELDS: [(&str, &str); 18] = [
    ("year", "year"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("week", "week"),
    ("week_of_year", "week"),
    ("day", "day"),
    ("day_of_month", "day"),
    ("dow", "day_of_week"),
    ("day_of_week", "day_of_week"),
    ("doy", "day_of_year"),
    ("day_of_year", "day_of_year"),
    ("yow", "year_of_week"),
    ("year_of_week", "year_of_week"),
    ("hour", "hour"),
    ("minute", "minute"),
    ("second", "second"),
    ("timezone_hour", "timezone_hour"),
    ("timezone_minute", "timezone_minute"),
];

fn extract(parser: &mut Parser) -> Parsed {
    let found = FIELDS.iter().find(|(field, _)| word(parser, field));
    let Some((_, function)) = found else {
        return parser.expected("a field of a time such as YEAR, MONTH, DAY, HOUR or DAY_OF_WEEK", parser.peek_token());
    };
    parser.expect_keyword_is(Keyword::FROM)?;
    Ok(build::call(function, vec![parser.parse_expr()?]))
}

/// A document and a path, with the words that may stand behind them.
fn input(parser: &mut Parser) -> Result<(Expr, Expr), ParserError> {
    let document = parser.parse_expr()?;
    let _ = words(parser, &["format", "json"]);
    parser.expect_token(&Token::Comma)?;
    Ok((document, parser.parse_expr()?))
}

/// What is to be given where nothing is found (`ON EMPTY`) or something is wrong (`ON ERROR`).
#[derive(Default)]
struct Instead {
    empty: Option<Expr>,
    error: Option<Expr>,
    fails: bool,
}

fn instead(parser: &mut Parser) -> Result<Instead, ParserError> {
    let mut instead = Instead::default();
    loop {
        let fails = words(parser, &["error", "on"]);
        let value = if fails || words(parser, &["null", "on"]) || words(parser, &["unknown", "on"]) {
            None
        } else if words(parser, &["empty", "array", "on"]) {
            Some(build::text("[]"))
        } else if words(parser, &["empty", "object", "on"]) {
            Some(build::text("{}"))
        } else if words(parser, &["true", "on"]) {
            Some(Expr::value(Value::Boolean(true)))
        } else if words(parser, &["false", "on"]) {
            Some(Expr::value(Value::Boolean(false)))
        } else if word(parser, "default") {
            let value = parser.parse_expr()?;
            parser.expect_keyword_is(Keyword::ON)?;
            Some(value)
        } else {
            return Ok(instead);
        };
        if word(parser, "empty") {
            instead.empty = value;
        } else if word(parser, "error") {
            (instead.error, instead.fails) = (value, fails);
        } else {
            return parser.expected("EMPTY or ERROR", parser.peek_token());
        }
    }
}

/// `JSON_VALUE(document, path [RETURNING type] [... ON EMPTY] [... ON ERROR])`.
fn json_value(parser: &mut Parser) -> Parsed {
    let (document, path) = input(parser)?;
    let kind = if word(parser, "returning") { Some(type_text(parser, 0)?) } else { None };
    let instead = instead(parser)?;
    let mut value = build::call("json_value", vec![document, path]);
    if let Some(kind) = kind {
        let cast = if instead.fails { CAST } else { TRY_CAST };
        value = build::call(cast, vec![value, build::text(&kind)]);
    }
    Ok(or(value, instead))
}

/// The value, or what is given instead of it.
fn or(value: Expr, instead: Instead) -> Expr {
    match instead.empty.or(instead.error) {
        Some(other) => build::call("coalesce", vec![value, other]),
        None => value,
    }
}

/// `JSON_QUERY(document, path [WITH [CONDITIONAL | UNCONDITIONAL] [ARRAY] WRAPPER] [OMIT QUOTES] ...)`.
fn json_query(parser: &mut Parser) -> Parsed {
    let (document, path) = input(parser)?;
    if word(parser, "returning") {
        type_text(parser, 0)?;
    }
    let mut args = vec![document, path];
    if parser.parse_keyword(Keyword::WITH) {
        let conditional = word(parser, "conditional");
        let _ = word(parser, "unconditional");
        wrapper(parser)?;
        args.push(build::text(if conditional { "conditional" } else { "unconditional" }));
    } else if parser.parse_keyword(Keyword::WITHOUT) {
        wrapper(parser)?;
    }
    if words(parser, &["omit", "quotes"]) {
        args.truncate(2);
        args.push(build::text("omit quotes"));
    } else {
        let _ = words(parser, &["keep", "quotes"]);
    }
    let _ = words(parser, &["on", "scalar", "string"]);
    let instead = instead(parser)?;
    Ok(or(build::call("json_query", args), instead))
}

fn wrapper(parser: &mut Parser) -> Result<(), ParserError> {
    let _ = word(parser, "array");
    if word(parser, "wrapper") { Ok(()) } else { parser.expected("WRAPPER", parser.peek_token()) }
}

fn json_exists(parser: &mut Parser) -> Parsed {
    let (document, path) = input(parser)?;
    let _ = instead(parser)?;
    Ok(build::call("json_exists", vec![document, path]))
}

/// A value as JSON.
fn value(parser: &mut Parser) -> Parsed {
    let value = parser.parse_expr()?;
    if words(parser, &["format", "json"]) {
        return Ok(build::call("json_parse", vec![value]));
    }
    Ok(build::call(CAST, vec![value, build::text("json")]))
}

/// What is done with nulls; the words behind it mean nothing here.
fn of_nulls(parser: &mut Parser, default: &str) -> Result<Expr, ParserError> {
    let mut done = default.to_owned();
    for way in ["null", "absent"] {
        if words(parser, &[way, "on", "null"]) {
            way.clone_into(&mut done);
        }
    }
    let _ = words(parser, &["with", "unique", "keys"]) || words(parser, &["without", "unique", "keys"]);
    if word(parser, "returning") {
        type_text(parser, 0)?;
    }
    Ok(build::text(&done))
}

fn ends(parser: &Parser) -> bool {
    match &parser.peek_token_ref().token {
        Token::RParen => true,
        Token::Word(word) => ["absent", "returning", "without"].iter().any(|end| word.value.eq_ignore_ascii_case(end)),
        _ => false,
    }
}

/// `JSON_OBJECT(key : value, KEY key VALUE value, key VALUE value [ABSENT ON NULL])`.
fn json_object(parser: &mut Parser) -> Parsed {
    let mut members = Vec::new();
    while !ends(parser) {
        let named = !matches!(parser.peek_nth_token(1).token, Token::Colon | Token::Period) && word(parser, "key");
        members.push(parser.parse_expr()?);
        if !parser.consume_token(&Token::Colon) && !word(parser, "value") {
            let wanted = if named { "VALUE" } else { "`:` or VALUE" };
            return parser.expected(wanted, parser.peek_token());
        }
        members.push(value(parser)?);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    let nulls = of_nulls(parser, "null")?;
    Ok(build::call("lake_json_object", [nulls].into_iter().chain(members).collect()))
}

fn json_array(parser: &mut Parser) -> Parsed {
    let mut elements = Vec::new();
    while !ends(parser) {
        elements.push(value(parser)?);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    let nulls = of_nulls(parser, "absent")?;
    Ok(build::call("lake_json_array", [nulls].into_iter().chain(elements).collect()))
}
