//! `INTERVAL '1 02:03:04' DAY TO SECOND` and `INTERVAL '2-3' YEAR TO MONTH`: intervals with two fields, in units that the engine reads.

use datafusion::sql::sqlparser::ast::{DateTimeField, Expr, Interval};

use crate::query::build;
use crate::query::errors::SqlError;

/// Rewrites one interval; those with one field stay.
pub fn rewrite(interval: &mut Interval) -> Result<(), SqlError> {
    let (Some(first), Some(last)) = (&interval.leading_field, &interval.last_field) else { return Ok(()) };
    let text = build::text_of(&interval.value).unwrap_or_default().trim();
    let found = units(first, last).and_then(|units| spelled(text, &units));
    let Some(found) = found else {
        let what = format!("`{text}` is no interval {first} TO {last}");
        return Err(SqlError::new(what)
            .named("interval")
            .hint("write INTERVAL '1 02:03:04' DAY TO SECOND or INTERVAL '2-3' YEAR TO MONTH"));
    };
    (interval.value, interval.leading_field, interval.last_field) = (Box::new(build::text(&found)), None, None);
    Ok(())
}

/// The units from the first to the last.
fn units(first: &DateTimeField, last: &DateTimeField) -> Option<Vec<&'static str>> {
    let all = ["year", "month", "day", "hour", "minute", "second"];
    let place = |field: &DateTimeField| all.iter().position(|unit| field.to_string().eq_ignore_ascii_case(unit));
    let (first, last) = (place(first)?, place(last)?);
    let same_kind = (first < 2) == (last < 2);
    if first < last && same_kind { all.get(first..=last).map(<[&str]>::to_vec) } else { None }
}

fn spelled(text: &str, units: &[&str]) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let numbers: Vec<&str> = text.split([' ', ':', '-']).collect();
    if numbers.len() != units.len() || !numbers.iter().all(|number| number.parse::<f64>().is_ok()) {
        return None;
    }
    Some(numbers.iter().zip(units).map(|(number, unit)| format!("{sign}{number} {unit}")).collect::<Vec<_>>().join(" "))
}

/// Rewrites an expression that is one.
pub fn rewrite_expr(expr: &mut Expr) -> Result<(), SqlError> {
    if let Expr::Interval(interval) = expr { rewrite(interval) } else { Ok(()) }
}
