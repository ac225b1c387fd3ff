//! JSON that is put together: `json_object`, `json_array`, and `json_query` with its wrappers.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use datafusion::common::Result;

use super::json::{compacted, text_of};
use super::json_path::Path;
use super::{Call, Give, Outcome, Row, Run, Spec, Take, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("json_query", (2, 3), &[Take::Text], Give::Text, Run::Text(query)),
    spec("lake_json_object", (1, usize::MAX), &[Take::Text], Give::Text, Run::Columns(object)),
    spec("lake_json_array", (1, usize::MAX), &[Take::Text], Give::Text, Run::Columns(array)),
];

/// What a path finds, as JSON: one value, or in an array where a wrapper is asked for.
fn query(row: &Row<'_>) -> Outcome<String> {
    let path = Path::read(row.text(1))?;
    let found: Vec<String> = path.find(row.text(0)).into_iter().map(|one| compacted(one).into_owned()).collect();
    let wrapper = if row.count() == 3 { row.text(2) } else { "" };
    Ok(match (found.as_slice(), wrapper) {
        ([], _) => None,
        ([one], "conditional" | "") => Some(one.clone()),
        ([one], "omit quotes") => Some(text_of(one).unwrap_or_else(|| one.clone())),
        (all, "conditional" | "unconditional") => Some(format!("[{}]", all.join(","))),
        _ => None,
    })
}

/// The first argument says whether members that are null are left out; then come keys and values in turns.
fn object(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let absent = row.text_or_null(0) == Some("absent");
        let mut members = Vec::new();
        for pair in 0..(row.count() - 1) / 2 {
            let Some(key) = row.text_or_null(1 + 2 * pair) else {
                return call.judged(Err::<Option<String>, _>("a key is null".to_owned()));
            };
            match row.text_or_null(2 + 2 * pair) {
                None | Some("null") if absent => {}
                value => members.push(format!("{}:{}", serde_json::Value::from(key), value.unwrap_or("null"))),
            }
        }
        Ok(Some(format!("{{{}}}", members.join(","))))
    });
    Ok(Arc::new(each.collect::<Result<StringArray>>()?))
}

fn array(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let absent = row.text_or_null(0) == Some("absent");
        let elements = (1..row.count()).filter_map(|place| match row.text_or_null(place) {
            None | Some("null") if absent => None,
            value => Some(value.unwrap_or("null").to_owned()),
        });
        Some(format!("[{}]", elements.collect::<Vec<_>>().join(",")))
    });
    Ok(Arc::new(each.collect::<StringArray>()))
}
