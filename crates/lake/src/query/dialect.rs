//! The grammar: what Trino's SELECT has and the parser's own dialects do not have together.
//!
//! Casts are parsed here, because Trino's types (`map(varchar, json)`, `array(row(a varchar))`, `ipaddress`) are its own: a cast becomes a
//! call of the function that casts, with the type as text.

mod calls;

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::build;

/// Name of the function behind `CAST`.
pub const CAST: &str = "lake_cast";
/// Name of the function behind `TRY_CAST`.
pub const TRY_CAST: &str = "lake_try_cast";

/// Name of the function behind `CAST(... AS ipaddress)`.
pub const TO_IP: &str = "lake_to_ip";

/// Trino as CloudTrail Lake speaks it.
#[derive(Debug)]
pub struct TrinoDialect;

impl Dialect for TrinoDialect {
    /// Questions that the parser asks by name are answered as for the generic dialect: UNNEST stands in FROM.
    fn dialect(&self) -> TypeId {
        GenericDialect {}.dialect()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || matches!(ch, '_' | '@' | '$')
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn identifier_quote_style(&self, _: &str) -> Option<char> {
        Some('"')
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_within_after_array_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_subquery_as_function_arg(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_boolean_literals(&self) -> bool {
        true
    }

    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        distinct(parser, expr, self.prec_value(Precedence::Is))
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        if word.quote_style.is_some() {
            return None;
        }
        let name = word.value.to_ascii_lowercase();
        let following = parser.peek_nth_token(1).token;
        match (name.as_str(), following) {
            ("cast", Token::LParen) => Some(cast(parser, CAST)),
            ("try_cast", Token::LParen) => Some(cast(parser, TRY_CAST)),
            ("json" | "ipaddress" | "ipprefix" | "uuid", Token::SingleQuotedString(text)) => {
                parser.advance_token();
                parser.advance_token();
                let function = match name.as_str() {
                    "json" => "json_parse",
                    "uuid" => "lower",
                    _ => TO_IP,
                };
                Some(Ok(build::call(function, vec![build::text(&text)])))
            }
            ("timestamp", Token::SingleQuotedString(text)) => {
                parser.advance_token();
                parser.advance_token();
                Some(Ok(build::call(CAST, vec![build::text(&text), build::text("timestamp")])))
            }
            (name, Token::LParen) => calls::parse(name, parser),
            _ => None,
        }
    }
}

/// `a IS [NOT] DISTINCT FROM b`, where `b` ends before AND and OR.
fn distinct(parser: &mut Parser, left: &Expr, right_precedence: u8) -> Option<Result<Expr, ParserError>> {
    let negated = parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]);
    if !negated && !parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
        return None;
    }
    let left = Box::new(left.clone());
    Some(parser.parse_subexpr(right_precedence).map(|right| match negated {
        true => Expr::IsNotDistinctFrom(left, Box::new(right)),
        false => Expr::IsDistinctFrom(left, Box::new(right)),
    }))
}

/// `CAST(expression AS type)`.
fn cast(parser: &mut Parser, function: &str) -> Result<Expr, ParserError> {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let value = parser.parse_expr()?;
    parser.expect_keyword_is(Keyword::AS)?;
    let kind = type_text(parser, 0)?;
    parser.expect_token(&Token::RParen)?;
    if kind == "ipaddress" || kind == "ipprefix" {
        let name = if function == TRY_CAST { format!("{}{TO_IP}", super::functions::TRYING) } else { TO_IP.to_owned() };
        return Ok(build::call(&name, vec![value]));
    }
    let cast = build::call(function, vec![value, build::text(&kind)]);
    // Text that is longer is cut off.
    match kind.strip_prefix("varchar(").and_then(|length| length.trim_end_matches(')').parse().ok()) {
        Some(length) => Ok(build::call("substr", vec![cast, build::number(1), build::number(length)])),
        None => Ok(cast),
    }
}

/// Deepest nesting of a type.
const TYPE_DEPTH_MAX: usize = 20;

/// A type in one spelling: lower case, no blanks but inside a row's fields.
fn type_text(parser: &mut Parser, depth: usize) -> Result<String, ParserError> {
    if depth > TYPE_DEPTH_MAX {
        return Err(ParserError::ParserError(format!("types nest deeper than {TYPE_DEPTH_MAX}")));
    }
    let name = word(parser)?;
    match name.as_str() {
        "array" | "map" | "row" => {
            let close = open(parser)?;
            let mut parts = Vec::new();
            loop {
                parts.push(if name == "row" { row_field(parser, depth)? } else { type_text(parser, depth + 1)? });
                if !parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            parser.expect_token(&close)?;
            Ok(format!("{name}({})", parts.join(",")))
        }
        "double" => {
            let _ = parser.parse_keyword(Keyword::PRECISION);
            Ok(name)
        }
        "timestamp" | "time" => {
            numbers(parser)?;
            let _ = parser.parse_keywords(&[Keyword::WITH, Keyword::TIME, Keyword::ZONE])
                || parser.parse_keywords(&[Keyword::WITHOUT, Keyword::TIME, Keyword::ZONE]);
            Ok(name)
        }
        "decimal" | "numeric" => Ok(format!("decimal{}", numbers(parser)?)),
        "varchar" | "char" | "string" => Ok(format!("varchar{}", numbers(parser)?)),
        _ => Ok(name),
    }
}

fn row_field(parser: &mut Parser, depth: usize) -> Result<String, ParserError> {
    let named = matches!(parser.peek_nth_token(1).token, Token::Word(_)) && !is_two_word_type(parser);
    if !named {
        return type_text(parser, depth + 1);
    }
    let name = parser.parse_identifier()?.value.to_lowercase();
    Ok(format!("{name} {}", type_text(parser, depth + 1)?))
}

/// `double precision`, `timestamp with time zone`: two words, and no name.
fn is_two_word_type(parser: &Parser) -> bool {
    let Token::Word(second) = parser.peek_nth_token(1).token else { return false };
    matches!(second.keyword, Keyword::PRECISION | Keyword::WITH | Keyword::WITHOUT)
}

fn word(parser: &mut Parser) -> Result<String, ParserError> {
    match parser.peek_token().token {
        Token::Word(word) => {
            parser.advance_token();
            Ok(word.value.to_ascii_lowercase())
        }
        _ => parser.expected("a type", parser.peek_token()),
    }
}

/// The bracket that opens a type's parameters; returns the one that closes them.
fn open(parser: &mut Parser) -> Result<Token, ParserError> {
    if parser.consume_token(&Token::Lt) {
        return Ok(Token::Gt);
    }
    parser.expect_token(&Token::LParen)?;
    Ok(Token::RParen)
}

/// `(10,2)`, or nothing.
fn numbers(parser: &mut Parser) -> Result<String, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(String::new());
    }
    let mut all = Vec::new();
    loop {
        match parser.parse_value()?.value {
            Value::Number(number, _) => all.push(number),
            other => return Err(ParserError::ParserError(format!("Expected: a number, found: {other}"))),
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(format!("({})", all.join(",")))
}
