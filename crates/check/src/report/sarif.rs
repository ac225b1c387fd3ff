//! A report as SARIF 2.1.0, for code scanning.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::finding::{Finding, Severity};

/// Findings as SARIF.
pub fn sarif(reports: &[Report], version: &str) -> Value {
    let rules: BTreeMap<&str, &Finding> =
        reports.iter().flat_map(|report| &report.findings).map(|finding| (finding.id, finding)).collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(id, finding)| json!({ "id": id, "shortDescription": { "text": id }, "help": { "text": finding.source } }))
        .collect();
    let results: Vec<Value> =
        reports.iter().flat_map(|report| report.findings.iter().map(|finding| result(&report.file, finding))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "trailkeep check", "version": version, "rules": rules } },
            "results": results,
        }],
    })
}

fn result(file: &str, finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    };
    let shown: Vec<String> = finding.evidence.iter().map(|e| format!("{}: {}", e.label, e.outcome)).collect();
    let text = [finding.what.as_str(), finding.why.as_str(), &shown.join("; "), &finding.corrected];
    let text: Vec<&str> = text.into_iter().filter(|part| !part.is_empty()).collect();
    json!({
        "ruleId": finding.id,
        "level": level,
        "message": { "text": text.join("\n") },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": file },
            "region": { "startLine": finding.place.line.max(1) },
        } }],
        "properties": { "severity": finding.severity.name(), "evidence": finding.evidence, "corrected": finding.corrected },
    })
}
