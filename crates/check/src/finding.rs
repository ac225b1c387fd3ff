//! One thing worth telling, with its evidence.

use serde::Serialize;
use serde_json::Value;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Something is missed, or told too often.
    Medium,
    /// A trail, a filter or an alarm does not do its work.
    High,
}

/// Where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line at which the command or document begins, from 1.
    pub line: usize,
    /// What is there: `cloudtrail put-event-selectors org-trail`.
    pub what: String,
}

/// An event that shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// In words.
    pub label: String,
    /// What became of it.
    pub outcome: String,
    /// The event itself; null where the evidence is no event.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub event: Value,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which kind; stable.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is so, in one sentence.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// Events that show it.
    pub evidence: Vec<Evidence>,
    /// What to write instead; empty where nothing can be said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub corrected: String,
    /// Where it is written.
    pub source: &'static str,
}

impl Severity {
    /// In small letters.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

impl Evidence {
    /// What became of an event.
    pub fn event(label: impl Into<String>, outcome: impl Into<String>, event: &Value) -> Evidence {
        Evidence { label: label.into(), outcome: outcome.into(), event: event.clone() }
    }

    /// Something else that shows it.
    pub fn of(label: impl Into<String>, outcome: impl Into<String>) -> Evidence {
        Evidence { label: label.into(), outcome: outcome.into(), event: Value::Null }
    }
}

/// A string or a command that ends too early, and was read on as if it had been closed.
pub fn broken_text(place: &Place, what: &str) -> Finding {
    Finding {
        id: "text-broken",
        severity: Severity::Medium,
        place: place.clone(),
        what: what.to_owned(),
        why: "the shell or the AWS CLI stops here; everything below is judged as if it had been written right".to_owned(),
        evidence: Vec::new(),
        corrected: String::new(),
        source: "AWS CLI user guide, \"Specify parameter values\"",
    }
}
