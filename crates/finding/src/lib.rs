//! A finding: one thing worth telling a person, always with the events that show it; and its formats.
//!
//! Its id is a hash of rule, rule version, entity and window, so that the same finding told twice - after a crash, a replay, a
//! second run over the same logs - is known to be the same. Texts come from events and are hostile: every format escapes them.

mod attack;
mod junit;
mod markdown;
mod sarif;
pub mod xml;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use attack::{Attack, attack};
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, no more.
    Informational,
    /// Rarely an attack.
    Low,
    /// Should be looked at.
    Medium,
    /// Must be looked at soon.
    High,
    /// Must be looked at now.
    Critical,
}

/// The rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// Its id.
    pub id: String,
    /// In one line.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Who wrote it: rules may ask that this is told.
    pub author: String,
    /// Changes with what the rule says.
    pub version: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// What else looks like this.
    #[serde(rename = "falsePositives")]
    pub false_positives: Vec<String>,
    /// ATT&CK, in both numberings.
    pub attack: Attack,
    /// Controls, as the rule names them.
    pub controls: Vec<String>,
    /// What to do.
    pub response: String,
}

/// Whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// `principal`, `service`, `address`, `account`, `group` (of a correlation), `unknown`, or the field that the rule names.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its ARN, name, address, ...
    pub value: String,
    /// The account in which it acted.
    pub account: String,
}

/// An event that shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When, as the record says.
    pub event_time: String,
    /// Its id.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// What was called.
    pub event_name: String,
    /// Of which service.
    pub event_source: String,
    /// Where.
    pub aws_region: String,
    /// In which account.
    pub recipient_account_id: String,
    /// From where.
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: String,
    /// By whom.
    pub user_identity_arn: String,
    /// How it failed; empty if it did not.
    pub error_code: String,
    /// The log file that it stands in.
    pub delivery: String,
    /// Its place there, from 0.
    pub index: u64,
}

/// One thing worth telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Hash of rule, version, entity and window.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// The rule.
    pub rule: RuleInfo,
    /// Whom it is about.
    pub entity: Entity,
    /// First and last event.
    pub first_event_time: String,
    /// First and last event.
    pub last_event_time: String,
    /// Number of events.
    pub count: u64,
    /// The clauses of the rule that the first event meets.
    pub clauses: Vec<String>,
    /// The first events.
    pub events: Vec<Event>,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// The id of a finding. `window` is where its window begins, in microseconds since 1970 UTC.
pub fn id(rule: &str, version: &str, entity: &Entity, window: i64) -> String {
    let mut hash = Sha256::new();
    for part in [rule, version, &entity.kind, &entity.value, &entity.account, &window.to_string()] {
        // Lengths before parts, so that no two lists of parts give the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_every_part() {
        let entity = |value: &str, account: &str| Entity {
            kind: "principal".to_owned(),
            value: value.to_owned(),
            account: account.to_owned(),
        };
        let ids = [
            id("r", "1", &entity("a", "b"), 0),
            id("s", "1", &entity("a", "b"), 0),
            id("r", "2", &entity("a", "b"), 0),
            id("r", "1", &entity("c", "b"), 0),
            id("r", "1", &entity("ab", ""), 0),
            id("r", "1", &entity("a", "b"), 1),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!((distinct.len(), ids[0].len()), (ids.len(), 32));
        assert_eq!(ids[0], id("r", "1", &entity("a", "b"), 0));
    }
}
