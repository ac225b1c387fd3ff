//! What is wrong with a statement: in one sentence, with its place in the text and a hint.

mod places;
mod types;

use std::fmt;

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;

/// Names that are shown as similar.
const SIMILAR_MAX: usize = 3;

/// An error of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// What is wrong, with the user's own words in backticks.
    pub what: String,
    /// Line and column, counted from 1.
    pub at: Option<(u64, u64)>,
    /// What to do about it; may be empty.
    pub hint: String,
    /// The name that it is about, to find its place by.
    name: Option<String>,
    /// Other places that it may be about: each call of the function that failed.
    also: Vec<(u64, u64)>,
}

impl fmt::Display for SqlError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.sentence())?;
        if self.hint.is_empty() { Ok(()) } else { write!(to, "; {}", self.hint) }
    }
}

impl std::error::Error for SqlError {}

impl SqlError {
    /// An error without a place.
    pub fn new(what: impl Into<String>) -> SqlError {
        SqlError { what: what.into(), at: None, hint: String::new(), name: None, also: Vec::new() }
    }

    /// The sentence with its place.
    pub fn sentence(&self) -> String {
        let places: Vec<String> =
            self.at.iter().chain(&self.also).map(|(line, column)| format!("line {line}, column {column}")).collect();
        if places.is_empty() { self.what.clone() } else { format!("{} ({})", self.what, places.join(" or ")) }
    }

    /// With a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> SqlError {
        self.hint = hint.into();
        self
    }

    /// About a name, whose place is to be found.
    pub fn named(mut self, name: &str) -> SqlError {
        self.name = Some(name.to_owned());
        self
    }

    /// With the place of its name among the statement's tokens.
    pub fn placed(mut self, tokens: &[TokenWithSpan]) -> SqlError {
        if self.what.starts_with("there is no column") && !places::has_word("from", tokens) {
            self.hint = "the statement has no FROM: SELECT ... FROM events WHERE ...".to_owned();
        }
        if self.at.is_some() {
            return self;
        }
        self.at = self.name.as_deref().and_then(|name| places::of_name(name, tokens));
        if self.at.is_none() {
            let mut all = places::of_calls(&self.what, tokens).into_iter();
            (self.at, self.also) = (all.next(), all.take(SIMILAR_MAX - 1).collect());
        }
        self
    }

    /// What the parser said: `sql parser error: Expected: ..., found: X at Line: 1, Column: 8`.
    pub fn unreadable(text: &str) -> SqlError {
        let text = text.strip_prefix("sql parser error: ").unwrap_or(text);
        if text.contains("recursion limit") {
            return super::tokens::depth::too_deep();
        }
        let (what, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
        let (what, place) = if place.is_empty() { what.rsplit_once(" at line: ").unwrap_or((what, "")) } else { (what, place) };
        let at = place
            .to_lowercase()
            .split_once(", column: ")
            .and_then(|(line, column)| Some((line.trim().parse().ok()?, column.trim().parse().ok()?)));
        let what = what.replacen("Expected: ", "expected ", 1).replace("found: ", "found ");
        let hint = "a statement looks like: SELECT eventTime, eventName FROM events WHERE userIdentity.userName = 'alice'";
        SqlError { what: format!("this is not SQL: {what}"), at, hint: hint.to_owned(), name: None, also: Vec::new() }
    }

    /// What was said while it ran.
    pub fn failed(error: &DataFusionError) -> SqlError {
        plain(&error.strip_backtrace())
    }

    /// What the planner or a function said.
    pub fn planned(error: &DataFusionError, known: &Known<'_>) -> SqlError {
        let text = error.strip_backtrace();
        missing_column(&text, known)
            .or_else(|| missing_function(&text, known))
            .or_else(|| not_grouped(&text))
            .or_else(|| types::wrong(&text))
            .unwrap_or_else(|| plain(&text))
    }
}

/// Names that exist, to show similar ones.
pub struct Known<'a> {
    /// Columns and paths as AWS spells them.
    pub columns: &'a [&'a str],
    /// Functions.
    pub functions: &'a [String],
}

fn missing_column(text: &str, known: &Known<'_>) -> Option<SqlError> {
    let rest = text.split_once("No field named ")?.1;
    let end = rest.find(". ").or_else(|| rest.find(".\n")).unwrap_or(rest.len());
    let name = rest.get(..end)?.trim_end_matches('.').replace('"', "");
    Some(no_column(&name, known.columns))
}

/// The error for a column that is not there.
pub fn no_column(name: &str, columns: &[&str]) -> SqlError {
    let similar = nearest(name, columns.iter().copied());
    let hint = match similar.is_empty() {
        true => "columns have AWS's names, such as eventTime, userIdentity.arn, requestParameters.bucketName; \
                 `SELECT * FROM events LIMIT 1` shows them; text is quoted with '...'"
            .to_owned(),
        false => format!("did you mean {}? (text is quoted with '...', \"...\" is a name)", similar.join(" or ")),
    };
    SqlError::new(format!("there is no column `{name}`")).named(last_part(name)).hint(hint)
}

fn missing_function(text: &str, known: &Known<'_>) -> Option<SqlError> {
    let name = text.split_once("Invalid function '")?.1.split_once('\'')?.0;
    let similar = nearest(name, known.functions.iter().map(String::as_str));
    let hint = match (elsewhere(name), similar.is_empty()) {
        (Some(instead), _) => instead.to_owned(),
        (None, true) => "guide/10-lake-sql.md lists the functions".to_owned(),
        (None, false) => format!("did you mean {}?", similar.join(" or ")),
    };
    Some(SqlError::new(format!("there is no function `{name}`")).named(name).hint(hint))
}

/// What other systems call it, and words that stand where no function can.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "getdate" | "sysdate" | "utcnow" => "now() is the time of the query",
        "date_sub" | "timestamp_sub" | "datetime_sub" | "adddate" | "subdate" => {
            "write date_add('day', -7, now()), or now() - INTERVAL '7' DAY"
        }
        "timestamp" | "to_timestamp" | "datetime" => "write TIMESTAMP '2026-11-01 10:00:00', or from_iso8601_timestamp(text)",
        "group_concat" | "string_agg" | "wm_concat" => {
            "write listagg(x, ',') WITHIN GROUP (ORDER BY x), or array_join(array_agg(x), ',')"
        }
        "isnull" | "ifnull" | "nvl" => "write coalesce(x, other)",
        "charindex" | "instr" | "locate" => "write strpos(text, 'part')",
        "regexp_match" | "rlike" => "write regexp_like(text, 'pattern')",
        "where" | "and" | "or" | "select" | "from" | "having" | "by" => "does a word stand twice, or is a comma too many?",
        _ => return None,
    })
}

fn not_grouped(text: &str) -> Option<SqlError> {
    let (before, _) = text.split_once(" must appear in the GROUP BY clause")?;
    let column = before.rsplit("While expanding wildcard, column ").next().unwrap_or(before);
    let column = column.rsplit('"').nth(1).unwrap_or_else(|| column.rsplit(' ').next().unwrap_or(column));
    let column = last_part(column.split('_').next_back().unwrap_or(column)).to_owned();
    let what = format!("column `{column}` is neither in GROUP BY nor inside an aggregate function");
    Some(SqlError::new(what).named(&column).hint(format!("add it to GROUP BY, or take any of its values with arbitrary({column})")))
}

/// Any other error, without the planner's own names for its parts.
fn plain(text: &str) -> SqlError {
    let cause = text.rsplit_once("caused by\n").map_or(text, |(_, cause)| cause);
    let prefixes = [
        "Error during planning: ",
        "Schema error: ",
        "SQL error: ",
        "Arrow error: ",
        "Execution error: ",
        "Parser error: ",
        "Optimizer rule 'simplify_expressions' failed",
        "External error: ",
        "Cast error: ",
        "Compute error: ",
        "Invalid argument error: ",
        "This feature is not implemented: ",
    ];
    let mut bare = cause.trim();
    // What the engine says around our own words: `Function 'x' user-defined coercion failed with: ... No function matches the given ...`.
    bare = bare.rsplit_once("coercion failed with: ").map_or(bare, |(_, own)| own);
    bare = bare.split_once(" No function matches the given name").map_or(bare, |(own, _)| own);
    while let Some(shorter) = prefixes.iter().find_map(|prefix| bare.strip_prefix(prefix)) {
        bare = shorter.trim_start();
    }
    if let Some((value, kind)) = bare.strip_prefix("Cannot cast string '").and_then(|rest| rest.split_once("' to value of ")) {
        let kind = kind
            .trim_end_matches(" type")
            .to_lowercase()
            .replace("int64", "bigint")
            .replace("int32", "integer")
            .replace("float64", "double");
        return SqlError::new(format!("`{value}` cannot be made {kind}")).hint("try_cast makes null of what cannot be cast");
    }
    if bare.contains("does not support logical expression") {
        return SqlError::new("this subquery is tied to the row around it in a way that cannot be joined")
            .hint("join the tables in FROM and aggregate, or tie it by `=` alone");
    }
    if bare.starts_with("Too many columns!") {
        return SqlError::new("a subquery in this place must have one column").hint("name one column in its SELECT");
    }
    if bare == "TOP" {
        return SqlError::new("there is no `TOP` here").named("top").hint("write LIMIT 10 at the end");
    }
    if bare.starts_with("Divide by zero") {
        return SqlError::new("division by zero with `/` or `%`").hint("nullif(x, 0) makes null of 0, try(...) of the error");
    }
    let (what, hint) = match bare.split_once("\nDid you mean ") {
        Some((what, similar)) => (what, format!("did you mean {similar}")),
        None if bare.contains("parsing timestamp") => {
            (bare, "write times as '2026-11-01' or '2026-11-01 10:00:00' (UTC)".to_owned())
        }
        None => bare.split_once("; ").map_or((bare, String::new()), |(what, hint)| (what, hint.to_owned())),
    };
    let what = what.lines().next().unwrap_or(what).trim_end_matches('.');
    SqlError::new(internal_names_out(what)).hint(hint)
}

/// Our own functions by the names that users know.
fn internal_names_out(text: &str) -> String {
    text.replace("lake_try_cast", "try_cast")
        .replace("`to_ip`: ", "")
        .replace("lake_cast", "cast")
        .replace("lake_field", "field access")
        .replace("lake_", "")
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The names that are nearly this one, best first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = last_part(name).to_lowercase();
    let limit = if wanted.len() > 5 { 2 } else { 1 };
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (distance(&last_part(known).to_lowercase(), &wanted), known))
        .filter(|(steps, _)| *steps <= limit)
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().take(SIMILAR_MAX).map(|(_, name)| name.to_owned()).collect()
}

/// Letters to change, add or drop to get from one name to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().take(100).collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in (1..).zip(from.chars()) {
        let mut line = vec![row];
        for (other, pair) in to.iter().zip(above.windows(2)) {
            let (Some(diagonal), Some(up), Some(left)) = (pair.first(), pair.last(), line.last()) else { break };
            let changed = diagonal + usize::from(*other != letter);
            line.push(changed.min(up + 1).min(left + 1));
        }
        above = line;
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planner_errors_in_our_words() {
        let functions = ["strpos".to_owned(), "split".to_owned()];
        let known = Known { columns: &["eventName", "userIdentity.arn"], functions: &functions };
        let cases = [
            (
                "Schema error: No field named evntname.\nValid fields are events.a.",
                "there is no column `evntname`",
                "did you mean eventName?",
            ),
            (
                "Schema error: No field named zebra. Valid fields are events.a.",
                "there is no column `zebra`",
                "columns have AWS's names",
            ),
            (
                "Error during planning: Invalid function 'strops'.\nDid you mean 'x'?",
                "there is no function `strops`",
                "did you mean strpos?",
            ),
            (
                "Optimizer rule 'x' failed\ncaused by\nArrow error: Parser error: Error parsing timestamp from 'x': too short",
                "Error parsing timestamp from 'x': too short",
                "write times as",
            ),
        ];
        for (text, what, hint) in cases {
            let found = SqlError::planned(&DataFusionError::Plan(text.to_owned()), &known);
            assert_eq!(found.what, what);
            assert!(found.hint.starts_with(hint), "{found:?}");
        }
    }

    #[test]
    fn places() {
        let error = SqlError::unreadable("sql parser error: Expected: an SQL statement, found: SELEC at Line: 1, Column: 1");
        assert_eq!(error.sentence(), "this is not SQL: expected an SQL statement, found SELEC (line 1, column 1)");
        let tokens = crate::query::tokens::read("SELECT\n  evntName FROM events", &[]).unwrap();
        assert_eq!(SqlError::new("x").named("evntname").placed(&tokens).at, Some((2, 3)));
    }

    #[test]
    fn distances() {
        assert_eq!((distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")), (3, 0, 3));
    }
}
