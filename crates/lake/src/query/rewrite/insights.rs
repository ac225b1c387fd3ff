//! The columns of CloudTrail Lake's Insights stores, over `insightDetails` as the event itself has it, and columns that only Lake can fill.

use datafusion::sql::sqlparser::ast::{Expr, Ident, Value};

use super::paths;
use crate::query::build;
use crate::query::dialect::{CAST, TRY_CAST};
use crate::query::errors::SqlError;

/// Columns of Lake, and where they are in an event.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("insightState", &["state"]),
    ("insightEventSource", &["eventSource"]),
    ("insightEventName", &["eventName"]),
    ("insightErrorCode", &["errorCode"]),
    ("insightType", &["insightType"]),
    ("insightContext", &["insightContext"]),
];

/// Numbers of `insightContext`, which Lake has flat.
const NUMBERS: [(&str, &[&str]); 4] = [
    ("baselineAverage", &["statistics", "baseline", "average"]),
    ("insightAverage", &["statistics", "insight", "average"]),
    ("baselineDuration", &["statistics", "baselineDuration"]),
    ("insightDuration", &["statistics", "insightDuration"]),
];

/// Columns of which no event has anything: Lake's own checksum, and the store that an Insight came from.
const NEVER: [&str; 2] = ["eventJsonChecksum", "insightSource"];

/// All of their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    COLUMNS.into_iter().map(|(name, _)| name).chain(NEVER)
}

/// What one of them stands for; `None` for other paths.
pub fn expression(relation: Option<&str>, parts: &[Ident]) -> Result<Option<Expr>, SqlError> {
    let Some((first, rest)) = parts.split_first() else { return Ok(None) };
    if NEVER.iter().any(|name| name.eq_ignore_ascii_case(&first.value)) {
        let nothing = Expr::value(Value::Null);
        return Ok(Some(build::call(CAST, vec![nothing, build::text("varchar")])));
    }
    let Some((name, path)) = COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&first.value)) else { return Ok(None) };
    let number = match rest {
        [field] if *name == "insightContext" => NUMBERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.value)),
        _ => None,
    };
    let rest = number.map_or_else(|| rest.to_vec(), |(_, path)| path.iter().map(|part| Ident::new(*part)).collect());
    let details = ["insightDetails"].iter().chain(*path).map(|part| Ident::new(*part)).chain(rest).collect::<Vec<_>>();
    let found = paths::expression(relation, &details)?;
    Ok(match number {
        Some(_) => found.map(|found| build::call(TRY_CAST, vec![found, build::text("double")])),
        None => found,
    })
}
