//! A report for programs: as one document, or a line for each finding.

use prove::report::Report;
use serde::Serialize;
use serde_json::{Value, json};

use crate::exit::Failure;

/// The whole report.
pub fn json(report: &Report) -> Result<String, Failure> {
    serde_json::to_string_pretty(report).map_err(unserializable)
}

/// A line for each finding (`"type": "finding"`), then one with the sums (`"type": "summary"`).
pub fn ndjson(report: &Report) -> Result<String, Failure> {
    let mut lines = Vec::with_capacity(report.findings.len() + 1);
    for finding in &report.findings {
        lines.push(typed("finding", finding)?);
    }
    let mut summary = serde_json::to_value(report).map_err(unserializable)?;
    if let Some(map) = summary.as_object_mut() {
        map.remove("findings");
        map.remove("cells");
        map.insert("cells".to_owned(), json!(report.cells.len()));
    }
    lines.push(typed("summary", &summary)?);
    Ok(lines.join("\n"))
}

fn typed(kind: &str, value: &impl Serialize) -> Result<String, Failure> {
    let mut value = serde_json::to_value(value).map_err(unserializable)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("type".to_owned(), Value::from(kind));
    }
    Ok(value.to_string())
}

fn unserializable(error: serde_json::Error) -> Failure {
    Failure::failed(format!("the report could not be written as JSON: {error}"), "")
}
