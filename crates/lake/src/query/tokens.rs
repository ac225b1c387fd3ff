//! What is done to the statement's tokens before they are parsed: names of event data stores, and parameters.
//!
//! CloudTrail Lake takes a bare ID as a table (`FROM 8f1c8a6e-...`), which no SQL grammar does, and AWS's published samples stand for
//! one with `$EDS_ID`, `<event_data_store_id>` or `eds-ID`. Behind FROM and JOIN such words become one quoted name each; tokens keep
//! their places, so that errors point into the user's text.

pub mod depth;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::dialect::TrinoDialect;
use super::errors::SqlError;
use crate::limits::{SQL_OPERATORS_MAX, SQL_SELECTS_MAX};

/// Reads a statement into tokens, with its parameters put in.
pub fn read(sql: &str, parameters: &[String]) -> Result<Vec<TokenWithSpan>, SqlError> {
    let tokens =
        Tokenizer::new(&TrinoDialect, sql).tokenize_with_location().map_err(|error| SqlError::unreadable(&error.to_string()))?;
    depth::check(&tokens)?;
    check_size(&tokens)?;
    fill_in(values_in_rows(named(values_selected(tables_selected(tokens)))), parameters)
}

/// Refuses what would take the planner for ever.
fn check_size(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).count();
    if operators > SQL_OPERATORS_MAX {
        let what =
            format!("the statement has {operators} operators, more than the limit of {SQL_OPERATORS_MAX} (SQL_OPERATORS_MAX)");
        return Err(SqlError::new(what).hint("write long chains of OR as `column IN (...)`"));
    }
    let selects =
        tokens.iter().filter(|token| matches!(&token.token, Token::Word(word) if word.keyword == Keyword::SELECT)).count();
    if selects > SQL_SELECTS_MAX {
        let what = format!("the statement has {selects} SELECTs, more than the limit of {SQL_SELECTS_MAX} (SQL_SELECTS_MAX)");
        return Err(SqlError::new(what).hint("ask in several statements"));
    }
    Ok(())
}

/// `TABLE events` is `SELECT * FROM events`.
fn tables_selected(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut done: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut last: Option<Token> = None;
    for token in tokens {
        let begins = match &last {
            None | Some(Token::LParen) => true,
            Some(Token::Word(word)) => {
                matches!(word.keyword, Keyword::UNION | Keyword::ALL | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::DISTINCT)
            }
            _ => false,
        };
        match &token.token {
            Token::Word(word) if begins && word.keyword == Keyword::TABLE && word.quote_style.is_none() => {
                let blank = || Token::Whitespace(Whitespace::Space);
                let words = [Token::make_keyword("SELECT"), blank(), Token::Mul, blank(), Token::make_keyword("FROM")];
                done.extend(words.map(|token_made| TokenWithSpan { token: token_made, span: token.span }));
                last = Some(Token::make_keyword("FROM"));
                continue;
            }
            Token::Whitespace(_) => {}
            other => last = Some(other.clone()),
        }
        done.push(token);
    }
    done
}

/// `> ALL (VALUES 1, 2)` is `> ALL (SELECT * FROM (VALUES 1, 2))`.
fn values_selected(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let quantifies = |token: Option<&Token>| matches!(token, Some(Token::Word(word)) if matches!(word.keyword, Keyword::ALL | Keyword::ANY | Keyword::SOME) && word.quote_style.is_none());
    let mut done: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // The last two tokens that are no blanks, and whether each open parenthesis has to be closed twice.
    let (mut before, mut last): (Option<Token>, Option<Token>) = (None, None);
    let mut open: Vec<bool> = Vec::new();
    for token in tokens {
        let at = |kind: Token| TokenWithSpan { token: kind, span: token.span };
        match &token.token {
            Token::Whitespace(_) => {
                done.push(token);
                continue;
            }
            Token::LParen => open.push(false),
            Token::RParen if open.pop() == Some(true) => done.push(at(Token::RParen)),
            Token::Word(word) if word.keyword == Keyword::VALUES && last == Some(Token::LParen) && quantifies(before.as_ref()) => {
                let blank = || Token::Whitespace(Whitespace::Space);
                let words = [
                    Token::make_keyword("SELECT"),
                    blank(),
                    Token::Mul,
                    blank(),
                    Token::make_keyword("FROM"),
                    blank(),
                    Token::LParen,
                ];
                done.extend(words.map(at));
                open.iter_mut().next_back().into_iter().for_each(|twice| *twice = true);
            }
            _ => {}
        }
        before = last.replace(token.token.clone());
        done.push(token);
    }
    done
}

/// `VALUES 1, 2` is `VALUES (1), (2)`.
fn values_in_rows(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut done = Vec::with_capacity(tokens.len());
    // Depth of the parentheses inside a VALUES without rows, for each that is open.
    let mut open: Option<i64> = None;
    let mut after_values = false;
    for token in tokens {
        let at = |kind: Token| TokenWithSpan { token: kind, span: token.span };
        match (&token.token, open) {
            (Token::Whitespace(_), _) => {}
            (Token::LParen, None) => after_values = false,
            (_, None) if after_values => {
                done.push(at(Token::LParen));
                (open, after_values) = (Some(depth_of(&token.token)), false);
            }
            (Token::Word(word), None) => after_values = word.keyword == Keyword::VALUES && word.quote_style.is_none(),
            (Token::Comma, Some(0)) => {
                done.extend([at(Token::RParen), token.clone(), at(Token::LParen)]);
                continue;
            }
            (Token::RParen | Token::SemiColon, Some(0)) => {
                done.push(at(Token::RParen));
                open = None;
            }
            (Token::Word(word), Some(0)) if ends_values(word.keyword) => {
                done.push(at(Token::RParen));
                open = None;
            }
            (kind, Some(depth)) => open = Some(depth + depth_of(kind)),
            _ => after_values = false,
        }
        done.push(token);
    }
    if open.is_some() {
        done.push(TokenWithSpan { token: Token::RParen, span: Span::empty() });
    }
    done
}

fn depth_of(token: &Token) -> i64 {
    match token {
        Token::LParen | Token::LBracket => 1,
        Token::RParen | Token::RBracket => -1,
        _ => 0,
    }
}

fn ends_values(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::ORDER | Keyword::LIMIT | Keyword::OFFSET | Keyword::FETCH | Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT
    )
}

/// What nests an expression deeper without a parenthesis.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::JOIN
        ),
        Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::Eq
        | Token::Period
        | Token::LBracket => true,
        _ => false,
    }
}

/// What an opened parenthesis belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// A function whose arguments have the word FROM: `extract(day FROM x)`.
    WordyCall,
    /// Anything else.
    Other,
}

/// Where we are in the statement.
struct Reader {
    inside: Vec<Inside>,
    /// Depths at which a FROM clause is being read.
    from_at: Vec<usize>,
    last: Option<Token>,
}

/// Joins the tokens of each store's name into one quoted word.
fn named(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut reader = Reader { inside: Vec::new(), from_at: Vec::new(), last: None };
    let mut done = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, following)) = rest.split_first() {
        if reader.expects_table()
            && !matches!(token.token, Token::Whitespace(_))
            && let Some((name, length)) = store_name(rest)
        {
            let (read, after) = rest.split_at(length);
            let span = read.first().zip(read.last()).map_or_else(Span::empty, |(first, last)| first.span.union(&last.span));
            reader.last = Some(Token::make_word("t", Some('"')));
            done.push(TokenWithSpan { token: Token::make_word(&name, Some('"')), span });
            rest = after;
            continue;
        }
        reader.step(&token.token);
        done.push(token.clone());
        rest = following;
    }
    done
}

impl Reader {
    /// Whether a table's name comes next.
    fn expects_table(&self) -> bool {
        if self.inside.last() == Some(&Inside::WordyCall) {
            return false;
        }
        match &self.last {
            Some(Token::Word(word)) if word.quote_style.is_none() => matches!(word.keyword, Keyword::FROM | Keyword::JOIN),
            Some(Token::Comma) => self.from_at.last() == Some(&self.inside.len()),
            _ => false,
        }
    }

    fn step(&mut self, token: &Token) {
        match token {
            Token::Whitespace(_) => return,
            Token::LParen => self.inside.push(self.opened()),
            Token::RParen => {
                self.inside.pop();
                let depth = self.inside.len();
                self.from_at.retain(|at| *at <= depth);
            }
            Token::Word(word) if word.quote_style.is_none() => self.word(word.keyword),
            _ => {}
        }
        // `IS DISTINCT FROM` names no table.
        let distinct = matches!(&self.last, Some(Token::Word(word)) if word.keyword == Keyword::DISTINCT);
        self.last = Some(if distinct && is_from(token) { Token::SemiColon } else { token.clone() });
    }

    fn opened(&self) -> Inside {
        let wordy = ["extract", "trim", "substring", "overlay", "position"];
        match &self.last {
            Some(Token::Word(word)) if wordy.iter().any(|name| word.value.eq_ignore_ascii_case(name)) => Inside::WordyCall,
            _ => Inside::Other,
        }
    }

    fn word(&mut self, keyword: Keyword) {
        let depth = self.inside.len();
        match keyword {
            Keyword::FROM => self.from_at.push(depth),
            Keyword::WHERE
            | Keyword::GROUP
            | Keyword::ORDER
            | Keyword::HAVING
            | Keyword::LIMIT
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
            | Keyword::SELECT
            | Keyword::ON => self.from_at.retain(|at| *at != depth),
            _ => {}
        }
    }
}

fn is_from(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.keyword == Keyword::FROM && word.quote_style.is_none())
}

/// A name that begins here and that SQL could not read, and its number of tokens.
fn store_name(tokens: &[TokenWithSpan]) -> Option<(String, usize)> {
    if matches!(tokens.first()?.token, Token::Lt | Token::Neq) {
        return placeholder(tokens);
    }
    let mut name = String::new();
    let mut length = 0;
    for token in tokens {
        if !is_part(&token.token) {
            break;
        }
        name.push_str(&token.token.to_string());
        length += 1;
    }
    let odd = name.contains(['-', '$', ':', '/']) || name.starts_with(|first: char| first.is_ascii_digit());
    (odd && !name.is_empty()).then_some((name, length))
}

/// `<event data store ID>`, on one line.
fn placeholder(tokens: &[TokenWithSpan]) -> Option<(String, usize)> {
    let end = tokens.iter().position(|token| matches!(token.token, Token::Gt))?;
    let inside = tokens.get(..=end)?;
    let plain = |token: &TokenWithSpan| {
        matches!(
            token.token,
            Token::Word(_) | Token::Minus | Token::Whitespace(Whitespace::Space) | Token::Lt | Token::Gt | Token::Number(..)
        )
    };
    inside.iter().all(plain).then(|| (inside.iter().map(|token| token.token.to_string()).collect(), end + 1))
}

fn is_part(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_none(),
        Token::Number(..) | Token::Minus | Token::Colon | Token::Div | Token::Placeholder(_) | Token::DoubleColon => true,
        _ => false,
    }
}

/// Puts the parameters where the question marks are, in their order.
fn fill_in(mut tokens: Vec<TokenWithSpan>, parameters: &[String]) -> Result<Vec<TokenWithSpan>, SqlError> {
    let mut given = parameters.iter();
    let mut count: usize = 0;
    let mut counts_rows = false;
    for token in &mut tokens {
        match &token.token {
            Token::Whitespace(_) => {}
            Token::Placeholder(mark) if mark == "?" => {
                count += 1;
                if let Some(value) = given.next() {
                    let number = counts_rows && value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty();
                    token.token =
                        if number { Token::Number(value.clone(), false) } else { Token::SingleQuotedString(value.clone()) };
                }
            }
            Token::Word(word) => {
                counts_rows = matches!(word.keyword, Keyword::LIMIT | Keyword::OFFSET | Keyword::FIRST | Keyword::NEXT)
            }
            _ => counts_rows = false,
        }
    }
    if count == parameters.len() {
        return Ok(tokens);
    }
    let what = format!("the statement has {count} `?`, and there are {} parameters", parameters.len());
    Err(SqlError::new(what).hint("give one `--parameter VALUE` for each `?`, in their order"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str) -> String {
        read(sql, &[]).unwrap().into_iter().map(|token| token.token.to_string()).collect()
    }

    #[test]
    fn names_of_stores() {
        let cases = [
            ("SELECT 1 FROM 5e2676f8-9fce-46ef-8142-3e36a94e6691 WHERE a-b > 1", "5e2676f8-9fce-46ef-8142-3e36a94e6691"),
            ("SELECT 1 from abcd1234-5678-90ab-cdef-EXAMPLE11111", "abcd1234-5678-90ab-cdef-EXAMPLE11111"),
            ("SELECT 1 FROM a, 0e2676f8-9fce-46ef-8142-3e36a94e6691 AS b", "0e2676f8-9fce-46ef-8142-3e36a94e6691"),
            ("SELECT 1 FROM $EDS_ID", "$EDS_ID"),
            ("SELECT 1 FROM <EDS ID> WHERE x < 1 AND y > 2", "<EDS ID>"),
            ("SELECT 1 FROM\n <event-data-store-ID>", "<event-data-store-ID>"),
            ("SELECT 1 FROM eds-ID -- a-b\nWHERE 1=1", "eds-ID"),
            (
                "SELECT 1 FROM arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/5e2676f8-9fce-46ef-8142-3e36a94e6691",
                "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/5e2676f8-9fce-46ef-8142-3e36a94e6691",
            ),
        ];
        for (sql, name) in cases {
            assert_eq!(text(sql), sql.replacen(name, &format!("\"{name}\""), 1), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_left_alone() {
        for sql in [
            "SELECT a-b, c FROM events WHERE x IS DISTINCT FROM a-b",
            "SELECT extract(day FROM a-b) FROM events",
            "SELECT 'FROM a-b' FROM events ORDER BY a, b-c",
            "SELECT 1 FROM (SELECT a-b FROM c) WHERE d IN (e-f, g-h)",
            "SELECT 1 FROM a, b WHERE c-d > 1",
        ] {
            assert_eq!(text(sql), sql);
        }
    }

    #[test]
    fn rows_of_values() {
        let cases = [
            (
                "SELECT 1 FROM (VALUES 1, f(2, 3), ARRAY[4, 5]) AS t(x)",
                "SELECT 1 FROM (VALUES (1),( f(2, 3)),( ARRAY[4, 5])) AS t(x)",
            ),
            ("VALUES 1 ORDER BY 1", "VALUES (1 )ORDER BY 1"),
            ("VALUES (1, 2), (3, 4)", "VALUES (1, 2), (3, 4)"),
        ];
        for (sql, expected) in cases {
            assert_eq!(text(sql), expected);
        }
    }

    #[test]
    fn parameters() {
        let read = |sql: &str, given: &[&str]| {
            let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
            read(sql, &given).map(|tokens| tokens.into_iter().map(|token| token.token.to_string()).collect::<String>())
        };
        assert_eq!(read("a = ? LIMIT ?", &["it's", "5"]).unwrap(), "a = 'it's' LIMIT 5");
        assert_eq!(read("a = '?' AND b = ?", &["5"]).unwrap(), "a = '?' AND b = '5'");
        assert!(read("a = ?", &[]).is_err() && read("a = 1", &["x"]).is_err());
    }
}
