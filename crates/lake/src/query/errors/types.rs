//! What the engine says of values that are of the wrong type, in the reader's words.

use super::SqlError;

/// The error, if it is about types.
pub fn wrong(text: &str) -> Option<SqlError> {
    [arguments, condition, calculation, pattern, comparison, member].iter().find_map(|read| read(text))
}

/// `Internal error: Function 'sum' failed to match any signature, errors: ...`.
fn arguments(text: &str) -> Option<SqlError> {
    let (before, _) = text.split_once("' failed to match any signature")?;
    let name = before.rsplit('\'').next()?;
    let what = format!("`{name}` does not take values of this type");
    Some(
        SqlError::new(what)
            .named(name)
            .hint("it takes numbers: try_cast(x AS double) makes one of a text, and null of what is none"),
    )
}

fn condition(text: &str) -> Option<SqlError> {
    text.contains("with non-boolean predicate").then(|| {
        SqlError::new("a condition is neither true nor false")
            .hint("compare it: x = 'y', strpos(x, 'y') > 0, regexp_like(x, 'y'), x IS NOT NULL")
    })
}

/// `Cannot coerce arithmetic expression Utf8View + Int64 to valid types`.
fn calculation(text: &str) -> Option<SqlError> {
    let rest = text.split_once("Cannot coerce arithmetic expression ")?.1;
    let parts = rest.split_once(" to valid types").map_or(rest, |(parts, _)| parts);
    let [left, sign, right] = parts.split(' ').collect::<Vec<_>>()[..] else { return None };
    let what = format!("there is no {} {sign} {}", kind(left), kind(right));
    Some(SqlError::new(what).hint("CAST(x AS bigint) makes a number of a text, || joins texts, INTERVAL '1' DAY is a span of time"))
}

/// `There isn't a common type to coerce Timestamp(µs, "UTC") and Utf8 in LIKE expression`.
fn pattern(text: &str) -> Option<SqlError> {
    let (before, _) = text.split_once(" in LIKE expression")?;
    let of = before.split_once("common type to coerce ")?.1.rsplit_once(" and ")?.0;
    let what = format!("LIKE takes text, and this is a {}", kind(of));
    let hint = match of.starts_with("Timestamp") {
        true => "compare times: eventTime >= '2026-11-25' AND eventTime < '2026-11-26', or date(eventTime) = date '2026-11-25'",
        false => "make it text with CAST(x AS varchar)",
    };
    Some(SqlError::new(what).hint(hint))
}

/// `Cannot infer common argument type for comparison operation Boolean = Int64`.
fn comparison(text: &str) -> Option<SqlError> {
    let rest = text.split_once("common argument type for comparison operation ")?.1;
    let parts: Vec<&str> = rest.lines().next()?.split(' ').collect();
    let ([left, ..], [.., right]) = (parts.as_slice(), parts.as_slice()) else { return None };
    let what = format!("a {} cannot be compared with a {}", kind(left), kind(right.trim_end_matches('.')));
    Some(SqlError::new(what).hint("make both the same with CAST(x AS varchar)"))
}

/// `Can not find compatible types to compare Boolean with [Utf8]`.
fn member(text: &str) -> Option<SqlError> {
    let (left, right) = text.split_once("compatible types to compare ")?.1.split_once(" with [")?;
    let right = right.split([',', ']']).next().unwrap_or_default();
    let what = format!("a {} is in no list of {}", kind(left), kind(right));
    Some(SqlError::new(what).hint("make both the same: readOnly = true, or CAST(x AS varchar) IN ('true')"))
}

/// A type of the engine by its name in SQL.
fn kind(engine: &str) -> &str {
    match engine {
        "Utf8" | "Utf8View" | "LargeUtf8" => "varchar",
        "Int64" | "UInt64" => "bigint",
        "Int32" | "Int16" | "Int8" => "integer",
        "Float64" | "Float32" => "double",
        "Boolean" => "boolean",
        "Date32" => "date",
        other if other.starts_with("Timestamp") => "timestamp",
        other if other.starts_with("Interval") => "interval",
        other if other.starts_with("Decimal") => "decimal",
        other if other.starts_with("List") => "array",
        other if other.starts_with("Map") => "map",
        other if other.starts_with("Struct") => "row",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_readers_words() {
        let cases = [
            (
                "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: x",
                "`sum` does not take values of this type",
            ),
            (
                "Error during planning: Cannot create filter with non-boolean predicate 'x' returning Utf8View",
                "a condition is neither true nor false",
            ),
            (
                "Error during planning: Cannot coerce arithmetic expression Utf8View + Int64 to valid types",
                "there is no varchar + bigint",
            ),
            (
                "There isn't a common type to coerce Timestamp(µs, \"UTC\") and Utf8 in LIKE expression",
                "LIKE takes text, and this is a timestamp",
            ),
            ("Can not find compatible types to compare Boolean with [Utf8]", "a boolean is in no list of varchar"),
            (
                "Cannot infer common argument type for comparison operation Boolean = Int64",
                "a boolean cannot be compared with a bigint",
            ),
        ];
        for (text, what) in cases {
            assert_eq!(wrong(text).unwrap().what, what);
        }
        assert_eq!(wrong("Divide by zero error"), None);
    }
}
