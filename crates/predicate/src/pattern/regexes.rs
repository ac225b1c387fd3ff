//! `%...%`: the small part of regular expressions that CloudWatch Logs takes: no groups, no flags, one byte a character.

use super::cursor::Cursor;
use super::error::PatternError;
use super::limits::REGEXES_MAX;
use crate::Regexp;

/// Signs that stand for themselves.
const SIGNS: &str = ":_#=@/;,- ";
/// Operators.
const OPERATORS: &str = "^$?[]{}|\\*+.";
/// What may follow a backslash, besides operators and signs.
const CLASSES: &str = "dDsSwWx";

/// Reads the expression that comes next and counts it.
pub fn read(cursor: &mut Cursor, count: &mut usize) -> Result<Regexp, PatternError> {
    let begin = cursor.at();
    *count += 1;
    if *count > REGEXES_MAX {
        return Err(PatternError::new(begin, format!("a pattern takes {REGEXES_MAX} regular expressions")));
    }
    cursor.next();
    let mut text = String::new();
    loop {
        match cursor.next() {
            None => return Err(PatternError::new(begin, "the regular expression is not closed").with_hint("end it with %")),
            Some('%') => break,
            Some('\\') => {
                text.push('\\');
                match cursor.next() {
                    Some(next) if CLASSES.contains(next) || !next.is_alphanumeric() && next.is_ascii() => text.push(next),
                    _ => return Err(PatternError::new(cursor.at().saturating_sub(1), "this cannot follow a backslash")),
                }
            }
            Some(next) if is_allowed(next) => text.push(next),
            Some(next) => return Err(refused(next, cursor.at() - 1)),
        }
    }
    if text.is_empty() {
        return Err(PatternError::new(begin, "the regular expression is empty"));
    }
    Regexp::new(&text).map_err(|error| PatternError::new(begin, error.to_string()))
}

fn is_allowed(next: char) -> bool {
    next.is_ascii_alphanumeric() || SIGNS.contains(next) || OPERATORS.contains(next)
}

fn refused(next: char, at: usize) -> PatternError {
    let what = format!("`{next}` is not allowed in a regular expression here");
    match next {
        '(' | ')' => PatternError::new(at, what).with_hint("there are no groups; write several conditions with ||"),
        _ if !next.is_ascii() => PatternError::new(at, what).with_hint("only ASCII is"),
        _ => PatternError::new(at, what).with_hint("letters, digits, : _ # = @ / ; , - and ^ $ ? [ ] { } | \\ * + . are"),
    }
}
