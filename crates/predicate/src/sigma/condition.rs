//! Conditions: `selection and not 1 of filter_*`.

use std::fmt;

use super::detection::{Search, one_or_all, one_or_any};
use super::error::SigmaError;
use crate::expr::Expr;
use crate::limits::{CONDITION_DEPTH_MAX, CONDITION_SIZE_BYTES_MAX};

/// A condition over searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of them.
    All(Vec<Condition>),
    /// One of them.
    Any(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// The search of this name.
    Search(String),
    /// `1 of ...` and `all of ...`.
    Of(Count, Which),
}

/// How many of the searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// `1 of` or `any of`.
    One,
    /// `all of`.
    All,
}

/// Which searches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// `them`: all whose name does not begin with an underscore.
    Them,
    /// Those whose name fits, `*` standing for anything.
    Pattern(String),
}

impl Condition {
    /// The predicate over these searches.
    pub fn expr(&self, searches: &[Search]) -> Expr {
        match self {
            Condition::All(inner) => one_or_all(inner.iter().map(|inner| inner.expr(searches)).collect()),
            Condition::Any(inner) => one_or_any(inner.iter().map(|inner| inner.expr(searches)).collect()),
            Condition::Not(inner) => Expr::not(inner.expr(searches)),
            Condition::Search(name) => searches.iter().find(|search| search.name == *name).map_or(Expr::never(), Search::expr),
            Condition::Of(count, which) => {
                let of = searches.iter().filter(|search| which.fits(&search.name)).map(Search::expr).collect();
                match count {
                    Count::One => one_or_any(of),
                    Count::All => one_or_all(of),
                }
            }
        }
    }

    /// Whether it asks for a search by its full name, not by a pattern.
    pub fn names_search(&self, name: &str) -> bool {
        match self {
            Condition::All(inner) | Condition::Any(inner) => inner.iter().any(|inner| inner.names_search(name)),
            Condition::Not(inner) => inner.names_search(name),
            Condition::Search(search) => search == name,
            Condition::Of(..) => false,
        }
    }

    /// The names and patterns that it asks for, with the number of searches that each stands for.
    pub(crate) fn names(&self, searches: &[&str]) -> Vec<(String, usize)> {
        match self {
            Condition::All(inner) | Condition::Any(inner) => inner.iter().flat_map(|inner| inner.names(searches)).collect(),
            Condition::Not(inner) => inner.names(searches),
            Condition::Search(name) => vec![(name.clone(), searches.iter().filter(|search| *search == name).count())],
            Condition::Of(_, which) => {
                let written = match which {
                    Which::Them => "them".to_owned(),
                    Which::Pattern(pattern) => pattern.clone(),
                };
                vec![(written, searches.iter().filter(|search| which.fits(search)).count())]
            }
        }
    }
}

impl fmt::Display for Condition {
    /// As a condition that reads as itself, with a parenthesis around every `and` and `or`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut joined = |inner: &[Condition], word: &str| {
            let parts: Vec<String> = inner.iter().map(Condition::to_string).collect();
            write!(f, "({})", parts.join(word))
        };
        match self {
            Condition::All(inner) => joined(inner, " and "),
            Condition::Any(inner) => joined(inner, " or "),
            Condition::Not(inner) => write!(f, "not {inner}"),
            Condition::Search(name) => f.write_str(name),
            Condition::Of(count, which) => {
                let count = if *count == Count::One { "1" } else { "all" };
                let which = if let Which::Pattern(pattern) = which { pattern.as_str() } else { "them" };
                write!(f, "{count} of {which}")
            }
        }
    }
}

impl Which {
    /// Whether a search is meant.
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Which::Them => !name.starts_with('_'),
            Which::Pattern(pattern) => {
                let glob = crate::glob::Glob::with_stars(pattern);
                crate::fit::Fit::new(&glob, crate::check::Case::Exact).fits(name)
            }
        }
    }
}

/// Reads a condition.
pub(crate) fn parse(text: &str, line: usize) -> Result<Condition, SigmaError> {
    if text.len() > CONDITION_SIZE_BYTES_MAX {
        let what = format!("the condition is longer than {CONDITION_SIZE_BYTES_MAX} bytes");
        return Err(SigmaError::new(line, what, "use `1 of selection_*` instead of naming each"));
    }
    let mut parser = Parser { tokens: tokens(text), at: 0, depth: 0, line };
    let condition = parser.any()?;
    match parser.peek() {
        None => Ok(condition),
        Some(")") => Err(parser.error("a parenthesis is closed that was not opened", "take it away")),
        Some(other) => Err(parser.error(format!("`{other}` stands where `and` or `or` should"), "put one of them before it")),
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')']) {
            let (before, after) = rest.split_at(at);
            let (parenthesis, after) = after.split_at(1);
            tokens.extend([before, parenthesis].into_iter().filter(|token| !token.is_empty()));
            rest = after;
        }
        if !rest.is_empty() {
            tokens.push(rest);
        }
    }
    tokens
}

struct Parser<'t> {
    tokens: Vec<&'t str>,
    at: usize,
    depth: usize,
    line: usize,
}

impl<'t> Parser<'t> {
    fn error(&self, what: impl Into<String>, hint: &str) -> SigmaError {
        SigmaError::new(self.line, format!("the condition: {}", what.into()), hint)
    }

    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.at).copied()
    }

    /// Takes the next token if it is this word.
    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Condition, SigmaError> {
        let mut all = vec![self.all()?];
        while self.take("or") {
            all.push(self.all()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::Any(all) })
    }

    fn all(&mut self) -> Result<Condition, SigmaError> {
        let mut all = vec![self.not()?];
        while self.take("and") {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    fn not(&mut self) -> Result<Condition, SigmaError> {
        let mut negations = 0_usize;
        while self.take("not") {
            negations += 1;
        }
        let inner = self.one()?;
        Ok(if negations % 2 == 1 { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn one(&mut self) -> Result<Condition, SigmaError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > CONDITION_DEPTH_MAX {
                return Err(self.error(format!("parentheses are nested deeper than {CONDITION_DEPTH_MAX}"), "split the rule"));
            }
            let inner = self.any()?;
            self.depth -= 1;
            return if self.take(")") { Ok(inner) } else { Err(self.error("a parenthesis is not closed", "close it")) };
        }
        let Some(word) = self.peek() else {
            return Err(self.error("it ends where a selection should follow", "name one, or take the last word away"));
        };
        if matches!(word.to_ascii_lowercase().as_str(), "and" | "or" | ")" | "of") {
            return Err(self.error(format!("`{word}` stands where a selection should"), "name a selection before it"));
        }
        self.at += 1;
        if !self.take("of") {
            return Ok(Condition::Search(word.to_owned()));
        }
        self.of(word)
    }

    fn of(&mut self, count: &str) -> Result<Condition, SigmaError> {
        let count = match count.to_ascii_lowercase().as_str() {
            "1" | "any" => Count::One,
            "all" => Count::All,
            _ => return Err(self.error(format!("`{count} of` is not understood"), "write `1 of`, `any of` or `all of`")),
        };
        let Some(which) = self.peek() else {
            return Err(self.error("it ends after `of`", "name a pattern as `selection_*`, or write `them`"));
        };
        self.at += 1;
        let which = if which.eq_ignore_ascii_case("them") { Which::Them } else { Which::Pattern(which.to_owned()) };
        Ok(Condition::Of(count, which))
    }
}
