//! Errors of the SQL planner, which knows nothing of our tables' use, in words that help.

use record::columns::COLUMNS;

/// Names that are shown as similar.
const SIMILAR_MAX: usize = 3;

/// What is wrong and what to do, if this is an error that we know.
pub fn texts(text: &str) -> Option<(String, String)> {
    missing_column(text).or_else(|| missing_table(text)).or_else(|| unreadable(text)).or_else(|| plain(text))
}

/// Any other error, without the planner's own names for its parts.
fn plain(text: &str) -> Option<(String, String)> {
    let cause = text.rsplit_once("caused by\n").map_or(text, |(_, cause)| cause);
    let known =
        ["Error during planning: ", "Schema error: ", "SQL error: ", "Arrow error: ", "Execution error: ", "Parser error: "];
    let mut bare = cause.trim();
    while let Some(shorter) = known.iter().find_map(|prefix| bare.strip_prefix(prefix)) {
        bare = shorter;
    }
    let timestamp = bare.contains("parsing timestamp").then_some("write times as '2026-11-01' or '2026-11-01 10:00:00' (UTC)");
    let (what, own) = match bare.split_once("\nDid you mean ") {
        Some((what, similar)) => (what, format!("did you mean {similar}")),
        None => (bare, timestamp.unwrap_or_default().to_owned()),
    };
    (bare.len() < text.len() || !own.is_empty()).then(|| (what.trim_end_matches('.').to_owned(), own))
}

fn missing_column(text: &str) -> Option<(String, String)> {
    let name = text.split_once("No field named ")?.1;
    let end = name.find(". ").or_else(|| name.find(".\n")).unwrap_or(name.len());
    let name = name.get(..end)?.trim_end_matches('.').replace('"', "");
    let similar = similar_to(&name);
    let hint = match similar.is_empty() {
        true => "columns have AWS's names, such as eventTime, userIdentity.arn, requestParameters.bucketName; \
                 `SELECT * FROM events LIMIT 1` shows them; text is quoted with '...'"
            .to_owned(),
        false => format!("did you mean {}? (text is quoted with '...', \"...\" is a name)", similar.join(" or ")),
    };
    Some((format!("there is no column `{name}`"), hint))
}

fn missing_table(text: &str) -> Option<(String, String)> {
    let name = text.split_once("table '")?.1.split_once("' not found")?.0;
    let name = name.rsplit('.').next().unwrap_or(name);
    let hint = "the tables are `events` (one row a record) and `deliveries` (one row a log file)";
    Some((format!("there is no table `{name}`"), hint.to_owned()))
}

/// `SQL error: ParserError("Expected: ..., found: X at Line: 1, Column: 8")`.
fn unreadable(text: &str) -> Option<(String, String)> {
    let (_, rest) = text.split_once("ParserError(\"").or_else(|| text.split_once("TokenizerError(\""))?;
    let inner = rest.trim_end().trim_end_matches("\")").replace("\\\"", "\"");
    let (what, place) = inner.rsplit_once(" at Line: ").unwrap_or((&inner, ""));
    let place = place.replace(", Column: ", ", column ");
    let place = if place.is_empty() { String::new() } else { format!(" (line {place})") };
    let mut letters = what.chars();
    let what: String = letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default();
    let hint = "a statement looks like: SELECT eventTime, eventName FROM events WHERE userIdentity.userName = 'alice'";
    Some((
        format!("this is not SQL: {}{place}", what.replacen("expected: ", "expected ", 1).replace("found: ", "found ")),
        hint.to_owned(),
    ))
}

/// Columns whose names are nearly this one.
fn similar_to(name: &str) -> Vec<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_lowercase();
    let wanted = last(name);
    let limit = if wanted.len() > 5 { 2 } else { 1 };
    let mut near: Vec<(usize, &str)> =
        COLUMNS.iter().map(|spec| (distance(&last(spec.path), &wanted), spec.path)).filter(|(steps, _)| *steps <= limit).collect();
    near.sort();
    near.into_iter().take(SIMILAR_MAX).map(|(_, path)| path.to_owned()).collect()
}

/// Letters to change, add or drop to get from one name to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
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
        let cases = [
            (
                "Schema error: No field named evntname.\nValid fields are events.a, events.b.",
                "there is no column `evntname`",
                "did you mean eventName?",
            ),
            (
                "Schema error: No field named zebra. Valid fields are events.a.",
                "there is no column `zebra`",
                "columns have AWS's names",
            ),
            ("Error during planning: table 'datafusion.public.evnts' not found", "there is no table `evnts`", "the tables are"),
            (
                "SQL error: ParserError(\"Expected: an SQL statement, found: SELEC at Line: 1, Column: 1\")",
                "this is not SQL: expected an SQL statement, found SELEC (line 1, column 1)",
                "a statement looks like",
            ),
            (
                "Error during planning: Invalid function 'foo'.\nDid you mean 'pow'?",
                "Invalid function 'foo'",
                "did you mean 'pow'?",
            ),
            (
                "Optimizer rule 'x' failed\ncaused by\nArrow error: Parser error: Error parsing timestamp from 'x': too short",
                "Error parsing timestamp from 'x': too short",
                "write times as",
            ),
        ];
        for (text, what, hint) in cases {
            let found = texts(text).unwrap();
            assert_eq!(found.0, what);
            assert!(found.1.starts_with(hint), "{found:?}");
        }
        assert_eq!(texts("something else"), None);
    }

    #[test]
    fn distances() {
        assert_eq!((distance("", "abc"), distance("abc", "abc"), distance("kitten", "sitting")), (3, 0, 3));
    }
}
