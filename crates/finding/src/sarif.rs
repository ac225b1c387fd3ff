//! Findings as SARIF 2.1.0, which code hosts and many dashboards read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Finding, RuleInfo, Severity};

/// The findings as one SARIF log.
pub fn sarif(findings: &[Finding], version: &str) -> Value {
    let rules: BTreeMap<&str, (&RuleInfo, Severity)> =
        findings.iter().map(|finding| (finding.rule.id.as_str(), (&finding.rule, finding.severity))).collect();
    let rules: Vec<Value> = rules.values().map(|(rule, severity)| described(rule, *severity)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "trailkeep", "version": version, "rules": rules } },
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn described(rule: &RuleInfo, severity: Severity) -> Value {
    let help = rule.references.first().filter(|link| link.starts_with("https://"));
    let mut described = json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.description },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "tags": rule.attack.v19, "author": rule.author, "security-severity": score(severity) },
    });
    if let (Some(link), Some(members)) = (help, described.as_object_mut()) {
        members.insert("helpUri".to_owned(), json!(link));
    }
    described
}

fn result(finding: &Finding) -> Value {
    let locations = finding.events.iter().map(|event| {
        json!({
            "physicalLocation": { "artifactLocation": { "uri": uri(&event.delivery) }, "region": { "startLine": 1 } },
            "message": { "text": format!("{} {} at {}", event.event_source, event.event_name, event.event_time) },
        })
    });
    json!({
        "ruleId": finding.rule.id,
        "level": level(finding.severity),
        "message": { "text": format!("{}: {} events by {}", finding.rule.title, finding.count, finding.entity.value) },
        "locations": locations.collect::<Vec<_>>(),
        "partialFingerprints": { "findingId/v1": finding.id },
        "properties": { "entity": finding.entity, "clauses": finding.clauses, "count": finding.count },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational => "note",
    }
}

fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Informational => "0.0",
    }
}

/// A key as a relative URI.
fn uri(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
