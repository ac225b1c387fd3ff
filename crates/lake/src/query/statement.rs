//! From text to one SELECT's syntax tree; nothing else comes through.

use datafusion::sql::sqlparser::ast::{Query, Statement};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::TrinoDialect;
use super::errors::SqlError;
use super::tokens;
use crate::limits::{SQL_DEPTH_MAX, SQL_SIZE_BYTES_MAX};

/// A statement that was read.
pub struct Read {
    /// Its syntax tree.
    pub query: Box<Query>,
    /// Its tokens, to find places.
    pub tokens: Vec<TokenWithSpan>,
}

/// Reads one SELECT.
pub fn read(sql: &str, parameters: &[String]) -> Result<Read, SqlError> {
    if sql.len() > SQL_SIZE_BYTES_MAX {
        let what =
            format!("the statement has {} bytes, more than the limit of {SQL_SIZE_BYTES_MAX} (SQL_SIZE_BYTES_MAX)", sql.len());
        return Err(SqlError::new(what).hint("shorten it"));
    }
    let tokens = tokens::read(sql, parameters)?;
    refuse_changes(&tokens)?;
    let mut parser = Parser::new(&TrinoDialect).with_recursion_limit(SQL_DEPTH_MAX).with_tokens_with_locations(tokens.clone());
    let mut statements = parser.parse_statements().map_err(|error| hinted(SqlError::unreadable(&error.to_string()), &tokens))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Ok(Read { query, tokens }),
        (Some(other), true) => Err(only_select(&first_word(&other.to_string()))),
        _ => Err(SqlError::new("there is more than one statement, or none").hint("give one SELECT; nothing else is run")),
    }
}

/// Says why a statement that changes something is refused, whether the parser knows it or not.
fn refuse_changes(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let first = tokens.iter().map(|token| &token.token).find(|token| !matches!(token, Token::Whitespace(_) | Token::LParen));
    let Some(Token::Word(word)) = first else { return Ok(()) };
    let known = [
        "insert",
        "update",
        "delete",
        "merge",
        "create",
        "drop",
        "alter",
        "truncate",
        "grant",
        "revoke",
        "set",
        "reset",
        "use",
        "call",
        "explain",
        "describe",
        "show",
        "analyze",
        "execute",
        "prepare",
        "deallocate",
        "copy",
        "begin",
        "start",
        "commit",
        "rollback",
        "vacuum",
        "refresh",
        "comment",
        "load",
        "install",
        "attach",
        "detach",
        "pragma",
        "export",
        "import",
        "unload",
        "optimize",
    ];
    let verb = word.value.to_lowercase();
    if known.contains(&verb.as_str()) { Err(only_select(&word.value)) } else { Ok(()) }
}

fn only_select(verb: &str) -> SqlError {
    let hint = match verb.to_lowercase().as_str() {
        "explain" | "describe" | "show" | "analyze" => {
            "`SELECT * FROM events LIMIT 1` shows the columns, `trailkeep stores list` the stores"
        }
        _ => "the lake is changed by `collect` and `compact` alone",
    };
    SqlError::new(format!("only SELECT is allowed, this is `{verb}`")).hint(hint)
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

/// A better hint where the mistake is a well-known one.
fn hinted(error: SqlError, tokens: &[TokenWithSpan]) -> SqlError {
    let Some((line, column)) = error.at else { return error };
    let at = tokens.iter().position(|token| token.span.start.line == line && token.span.start.column == column);
    let before: Vec<&Token> = tokens
        .iter()
        .take(at.unwrap_or(0))
        .map(|token| &token.token)
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let found = at.and_then(|at| tokens.get(at)).map(|token| &token.token);
    match (before.last(), found) {
        (Some(Token::Lt | Token::Gt), Some(Token::Eq)) => error.hint("write <= and >= without a blank"),
        (Some(Token::Word(word)), Some(Token::Word(by))) if by.value.eq_ignore_ascii_case("by") && word.value.len() > 5 => {
            error.hint("a blank is missing in front of ORDER BY or GROUP BY")
        }
        (_, Some(Token::Word(word))) if word.value.eq_ignore_ascii_case("match_recognize") => {
            error.hint("MATCH_RECOGNIZE is not there; lag(), lead() and row_number() OVER (PARTITION BY ... ORDER BY eventTime) find sequences of events")
        }
        (Some(Token::Word(word)), Some(Token::Word(_))) if word.keyword == Keyword::FOR => {
            error.hint("tables have no versions here; bound the time with WHERE eventTime < ...")
        }
        (_, Some(Token::Word(word))) if word.value.eq_ignore_ascii_case("qualify") => {
            error.hint("put the window function into a subquery and ask for it in the WHERE around that")
        }
        (_, Some(Token::Word(word))) if word.value.eq_ignore_ascii_case("select") => {
            error.hint("give one SELECT, or put UNION ALL between two")
        }
        _ => error,
    }
}
