//! Where in the statement an error is: the place of a name, or of the calls that may have failed.
//!
//! The engine does not say which call of a function failed while it ran. Where there is one, its place is told; where there are several,
//! all of them are.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

type Place = (u64, u64);

/// Where a name stands for the first time; where it is only given by AS is not where it is wrong.
pub fn of_name(name: &str, tokens: &[TokenWithSpan]) -> Option<Place> {
    let plain: Vec<&TokenWithSpan> = plain(tokens);
    let is_it = |token: &TokenWithSpan| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case(name));
    let after_as = |at: usize| at.checked_sub(1).and_then(|at| plain.get(at)).is_some_and(|token| is_keyword(token, Keyword::AS));
    let all: Vec<usize> = (0..plain.len()).filter(|at| plain.get(*at).is_some_and(|token| is_it(token))).collect();
    let first = all.iter().find(|at| !after_as(**at)).or(all.first())?;
    place(plain.get(*first)?)
}

/// Where the calls are that an error may be about: those of the function that it names, or the casts to the type that it names.
pub fn of_calls(what: &str, tokens: &[TokenWithSpan]) -> Vec<Place> {
    let plain = plain(tokens);
    if let Some((_, kind)) = what.split_once(" cannot be made ") {
        return casts_to(kind, &plain);
    }
    let names = what.split('`').skip(1).step_by(2);
    for name in names {
        let calls: Vec<Place> = plain
            .iter()
            .enumerate()
            .filter(|(at, token)| is_called(name, token, plain.get(at + 1).copied()))
            .filter_map(|(_, token)| place(token))
            .collect();
        if !calls.is_empty() {
            return calls;
        }
    }
    Vec::new()
}

/// Whether a word stands in the statement at all.
pub fn has_word(word: &str, tokens: &[TokenWithSpan]) -> bool {
    tokens.iter().any(|token| matches!(&token.token, Token::Word(one) if one.value.eq_ignore_ascii_case(word)))
}

fn plain(tokens: &[TokenWithSpan]) -> Vec<&TokenWithSpan> {
    tokens.iter().filter(|token| !is_blank(&token.token)).collect()
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab) | Token::Whitespace(_))
}

fn is_keyword(token: &TokenWithSpan, keyword: Keyword) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == keyword && word.quote_style.is_none())
}

fn place(token: &TokenWithSpan) -> Option<Place> {
    let start = token.span.start;
    (start.line > 0).then_some((start.line, start.column))
}

/// A function is a word with a parenthesis behind it, an operator is itself.
fn is_called(name: &str, token: &TokenWithSpan, following: Option<&TokenWithSpan>) -> bool {
    match &token.token {
        Token::Word(word) => {
            word.value.eq_ignore_ascii_case(name) && following.is_some_and(|token| matches!(token.token, Token::LParen))
        }
        other => other.to_string() == name && !name.chars().any(char::is_alphanumeric),
    }
}

/// The casts to a type; `integer` is also written `int`.
fn casts_to(kind: &str, plain: &[&TokenWithSpan]) -> Vec<Place> {
    let kind = kind.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    let is_kind = |word: &str| {
        let word = if word.eq_ignore_ascii_case("int") { "integer" } else { word };
        word.eq_ignore_ascii_case(kind)
    };
    let mut open: Vec<Option<Place>> = Vec::new();
    let mut found = Vec::new();
    for (at, token) in plain.iter().enumerate() {
        match &token.token {
            Token::LParen => {
                let before = at.checked_sub(1).and_then(|at| plain.get(at));
                open.push(before.filter(|token| is_keyword(token, Keyword::CAST)).and_then(|token| place(token)));
            }
            Token::RParen => {
                open.pop();
            }
            Token::Word(word) if is_kind(&word.value) => {
                let after_as = at.checked_sub(1).and_then(|at| plain.get(at)).is_some_and(|token| is_keyword(token, Keyword::AS));
                found.extend(open.last().copied().flatten().filter(|_| after_as));
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found
}
