//! Basic selectors, as the API writes them. Only trails have them.

use serde::{Deserialize, Serialize};

/// Selects management events, and data events of some resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EventSelector {
    /// Reads, writes, or both.
    #[serde(default)]
    pub read_write_type: ReadWrite,
    /// Whether management events are kept at all.
    #[serde(default = "yes")]
    pub include_management_events: bool,
    /// The resources whose data events are kept.
    #[serde(default)]
    pub data_resources: Vec<DataResource>,
    /// Services whose management events are left out.
    #[serde(default)]
    pub exclude_management_event_sources: Vec<String>,
}

/// Resources of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DataResource {
    /// `AWS::S3::Object`, `AWS::Lambda::Function` or `AWS::DynamoDB::Table`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// ARNs; of S3 they are prefixes.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Which calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ReadWrite {
    #[default]
    All,
    ReadOnly,
    WriteOnly,
}

fn yes() -> bool {
    true
}

impl Default for EventSelector {
    fn default() -> EventSelector {
        EventSelector {
            read_write_type: ReadWrite::All,
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }
    }
}

impl ReadWrite {
    /// The value of `readOnly` that is wanted; `None` for both.
    pub fn read_only(self) -> Option<bool> {
        match self {
            ReadWrite::All => None,
            ReadWrite::ReadOnly => Some(true),
            ReadWrite::WriteOnly => Some(false),
        }
    }
}

impl DataResource {
    /// The service of the type's ARNs, if basic selectors know the type.
    pub fn service(&self) -> Option<&'static str> {
        match self.kind.as_str() {
            "AWS::S3::Object" => Some("s3"),
            "AWS::Lambda::Function" => Some("lambda"),
            "AWS::DynamoDB::Table" => Some("dynamodb"),
            _ => None,
        }
    }

    /// Whether a value stands for all resources of the type: `arn:aws:s3`, `arn:aws:s3:::`, `arn:aws:lambda`, `arn:aws:dynamodb`.
    pub fn stands_for_all(&self, value: &str) -> bool {
        let mut parts = value.trim_end_matches(':').split(':');
        let is_arn = parts.next() == Some("arn") && parts.next().is_some_and(|partition| partition.starts_with("aws"));
        is_arn && parts.next().is_some() && parts.next().is_none() && value.split(':').nth(2) == self.service()
    }
}
