//! Terms: `ERROR ARGUMENTS` (both), `?ERROR ?WARN` (one of them), `ERROR -DEBUG` (without), `"exact phrase"`, `%regex%`.

use super::cursor::Cursor;
use super::error::PatternError;
use super::regexes;
use crate::Regexp;

/// What a line must contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// All of these.
    pub all: Vec<String>,
    /// One of these. AWS ignores them as soon as there is any other term.
    pub any: Vec<String>,
    /// None of these.
    pub none: Vec<String>,
    /// Matches of these; only the whole pattern can be one.
    pub regex: Option<Regexp>,
}

/// What stands before a term.
#[derive(Clone, Copy)]
enum Sign {
    All,
    Any,
    None,
}

/// Reads a pattern that begins with neither `{` nor `[`.
pub fn parse(text: &str) -> Result<Terms, PatternError> {
    let mut cursor = Cursor::new(text);
    cursor.skip_spaces();
    if cursor.peek() == Some('%') {
        return whole_regex(&mut cursor);
    }
    let mut terms = Terms::default();
    loop {
        cursor.skip_spaces();
        if cursor.peek().is_none() {
            return Ok(terms);
        }
        let (sign, term) = term(&mut cursor)?;
        match sign {
            Sign::All => terms.all.push(term),
            Sign::Any => terms.any.push(term),
            Sign::None => terms.none.push(term),
        }
    }
}

fn whole_regex(cursor: &mut Cursor) -> Result<Terms, PatternError> {
    let regex = regexes::read(cursor, &mut 0)?;
    cursor.skip_spaces();
    match cursor.peek() {
        None => Ok(Terms { regex: Some(regex), ..Terms::default() }),
        Some(_) => Err(cursor.wrong("a regular expression must be the whole pattern")),
    }
}

fn term(cursor: &mut Cursor) -> Result<(Sign, String), PatternError> {
    let sign = match cursor.peek() {
        Some('?') => Sign::Any,
        Some('-') => Sign::None,
        _ => Sign::All,
    };
    if !matches!(sign, Sign::All) {
        cursor.next();
    }
    let begin = cursor.at();
    let text = match cursor.peek() {
        Some('"') => cursor.quoted()?,
        _ => cursor.take_while(|next| !next.is_whitespace() && next != '"'),
    };
    if text.is_empty() {
        return Err(PatternError::new(begin, "a term is missing"));
    }
    let odd = |next: char| !next.is_alphanumeric() && next != '_';
    let was_quoted = cursor.at() - begin > text.chars().count();
    match text.chars().position(odd).filter(|_| !was_quoted) {
        Some(at) => Err(PatternError::new(begin + at, format!("`{text}` has other signs than letters, digits and _"))
            .with_hint(format!("write \"{text}\"; a pattern about fields begins with {{"))),
        None => Ok((sign, text)),
    }
}

impl Terms {
    /// Whether a line has what is wanted; upper and lower case are told apart.
    pub fn matches(&self, line: &str) -> bool {
        if let Some(regex) = &self.regex {
            return regex.finds(line);
        }
        let has = |term: &String| line.contains(term.as_str());
        let only_any = self.all.is_empty() && self.none.is_empty();
        self.all.iter().all(has) && !self.none.iter().any(has) && (!only_any || self.any.is_empty() || self.any.iter().any(has))
    }
}
