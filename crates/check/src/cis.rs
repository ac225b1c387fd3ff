//! The CIS monitoring set: for every control the published patterns of each version, one that is complete, and events that must and must not
//! raise it. Data, in `watch/cis/`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::finding::Severity;
use crate::witness::{self, Witness};

/// A control.
#[derive(Clone, Debug, Deserialize)]
pub struct Control {
    /// A short name.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Its number in each version of the benchmark.
    pub numbers: BTreeMap<String, String>,
    /// Security Hub's control, if there is one.
    pub security_hub: Option<String>,
    /// Prowler's check.
    pub prowler: String,
    /// A name for its metric.
    pub metric: String,
    severity: String,
    /// The patterns that the benchmark prints.
    pub published: Vec<Published>,
    /// One that catches all that it should, and nothing else.
    pub complete: String,
    /// What the published ones lack.
    pub why: String,
    fires: Vec<Spec>,
    quiet: Vec<Spec>,
    #[serde(default)]
    blind: Vec<Spec>,
}

/// A pattern that some versions of the benchmark print.
#[derive(Clone, Debug, Deserialize)]
pub struct Published {
    /// Which.
    pub versions: Vec<String>,
    /// The pattern.
    pub pattern: String,
}

/// Witness events that differ only in their name.
#[derive(Clone, Debug, Deserialize)]
struct Spec {
    #[serde(default)]
    label: String,
    source: String,
    names: Vec<String>,
    #[serde(default)]
    with: Value,
    identity: Option<Value>,
}

const FILES: [&str; 15] = [
    include_str!("../../../watch/cis/01-unauthorized-calls.json"),
    include_str!("../../../watch/cis/02-sign-in-without-mfa.json"),
    include_str!("../../../watch/cis/03-root-usage.json"),
    include_str!("../../../watch/cis/04-iam-policy-changes.json"),
    include_str!("../../../watch/cis/05-cloudtrail-changes.json"),
    include_str!("../../../watch/cis/06-console-sign-in-failures.json"),
    include_str!("../../../watch/cis/07-kms-key-loss.json"),
    include_str!("../../../watch/cis/08-s3-bucket-changes.json"),
    include_str!("../../../watch/cis/09-config-changes.json"),
    include_str!("../../../watch/cis/10-security-group-changes.json"),
    include_str!("../../../watch/cis/11-network-acl-changes.json"),
    include_str!("../../../watch/cis/12-gateway-changes.json"),
    include_str!("../../../watch/cis/13-route-table-changes.json"),
    include_str!("../../../watch/cis/14-vpc-changes.json"),
    include_str!("../../../watch/cis/15-organizations-changes.json"),
];

/// All controls, in the benchmark's order.
pub fn controls() -> &'static [Control] {
    static CONTROLS: OnceLock<Vec<Control>> = OnceLock::new();
    // Files that do not read are caught by a test; a program would have them missing.
    CONTROLS.get_or_init(|| FILES.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

impl Control {
    /// How bad it is if its events are missed.
    pub fn severity(&self) -> Severity {
        match self.severity.as_str() {
            "high" => Severity::High,
            "medium" => Severity::Medium,
            _ => Severity::Low,
        }
    }

    /// Events that must raise it.
    pub fn fires(&self) -> Vec<Witness> {
        self.fires.iter().flat_map(Spec::witnesses).collect()
    }

    /// Events that must not.
    pub fn quiet(&self) -> Vec<Witness> {
        self.quiet.iter().flat_map(Spec::witnesses).collect()
    }

    /// Events of which no filter can tell whether they should raise it.
    pub fn blind(&self) -> Vec<Witness> {
        self.blind.iter().flat_map(Spec::witnesses).collect()
    }

    /// The newest version's pattern.
    pub fn newest(&self) -> &str {
        self.published.last().map(|published| published.pattern.as_str()).unwrap_or_default()
    }

    /// Where it stands in the newest version that has it, and in Security Hub.
    pub fn named(&self) -> String {
        self.numbers.keys().next_back().map(|version| self.named_in(version)).unwrap_or_default()
    }

    /// Where it stands in a version, and in Security Hub.
    pub fn named_in(&self, version: &str) -> String {
        let number = self.numbers.get(version).map(|number| format!("CIS v{version} {number}")).unwrap_or_default();
        match &self.security_hub {
            Some(hub) => format!("{number}, Security Hub {hub}"),
            None => number,
        }
    }
}

impl Spec {
    fn witnesses(&self) -> impl Iterator<Item = Witness> {
        self.names.iter().map(|name| {
            let mut event = witness::call(&self.source, name);
            if let (Some(identity), Some(object)) = (&self.identity, event.as_object_mut()) {
                object.insert("userIdentity".to_owned(), identity.clone());
            }
            let event = if self.with.is_object() { witness::with(event, &self.with) } else { event };
            let label =
                if self.label.is_empty() { format!("{name} ({})", self.source) } else { format!("{} ({name})", self.label) };
            Witness { label, event }
        })
    }
}
