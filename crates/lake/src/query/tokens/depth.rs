//! How deep a statement nests, before anything walks down into it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::limits::{SQL_DEPTH_MAX, SQL_LAMBDA_DEPTH_MAX};
use crate::query::errors::SqlError;

/// What is open: a parenthesis, a bracket or a CASE.
#[derive(Default)]
struct Open {
    is_case: bool,
    has_lambda: bool,
}

/// Refuses what nests too deep.
pub fn check(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let mut open: Vec<Open> = Vec::new();
    let mut lambdas = 0;
    for token in tokens {
        match &token.token {
            Token::LParen | Token::LBracket => open.push(Open::default()),
            Token::Word(word) if word.keyword == Keyword::CASE && word.quote_style.is_none() => {
                open.push(Open { is_case: true, has_lambda: false });
            }
            Token::RParen | Token::RBracket => lambdas -= usize::from(open.pop().is_some_and(|closed| closed.has_lambda)),
            Token::Word(word) if word.keyword == Keyword::END && open.last().is_some_and(|last| last.is_case) => {
                lambdas -= usize::from(open.pop().is_some_and(|closed| closed.has_lambda));
            }
            Token::Arrow => {
                if let Some(last) = open.last_mut().filter(|last| !last.has_lambda) {
                    last.has_lambda = true;
                    lambdas += 1;
                }
            }
            _ => {}
        }
        if open.len() > SQL_DEPTH_MAX {
            return Err(too_deep());
        }
        if lambdas > SQL_LAMBDA_DEPTH_MAX {
            let what = format!("lambdas nest deeper than the limit of {SQL_LAMBDA_DEPTH_MAX} (SQL_LAMBDA_DEPTH_MAX)");
            return Err(SqlError::new(what).hint("take apart nested lists by UNNEST"));
        }
    }
    Ok(())
}

/// What is said of a statement that nests too deep.
pub fn too_deep() -> SqlError {
    let what = format!("the statement nests deeper than the limit of {SQL_DEPTH_MAX} (SQL_DEPTH_MAX)");
    SqlError::new(what).hint("take parentheses, CASE and subqueries out of each other")
}
