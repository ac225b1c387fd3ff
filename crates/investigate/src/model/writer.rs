//! What `who` finds.

use serde::Serialize;
use serde_json::Value;

use super::coverage::Coverage;
use super::times::iso;

/// Who wrote a resource.
#[derive(Clone, Debug, Serialize)]
pub struct Who {
    /// What was asked about.
    pub asked: String,
    /// The writes, newest first.
    pub writes: Vec<Write>,
    /// Writes of the resource that are older than those.
    pub writes_omitted: u64,
    /// Writes of other things whose requests or responses name the resource, newest first.
    pub mentions: Vec<Mention>,
    /// What the lake holds.
    pub coverage: Coverage,
}

/// One write.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Write {
    /// When.
    #[serde(rename = "time", serialize_with = "iso")]
    pub time_us: i64,
    /// `eventSource` without its domain.
    pub service: String,
    /// `eventName`.
    pub event: String,
    /// Who, for people.
    pub actor: String,
    /// `userIdentity.arn`.
    pub arn: Option<String>,
    /// `userIdentity.accessKeyId`.
    pub key: Option<String>,
    /// `userIdentity.invokedBy`.
    pub invoked_by: Option<String>,
    /// `sourceIPAddress`.
    pub address: String,
    /// `userAgent`.
    pub agent: String,
    /// `recipientAccountId`.
    pub account: String,
    /// `awsRegion`.
    pub region: String,
    /// `errorCode` if it failed: nothing was written.
    pub error: Option<String>,
    /// `eventID`.
    pub event_id: String,
    /// What differs from the preceding write of the same resource; `None` for the first one.
    pub difference: Option<Difference>,
}

/// What differs between two requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// `eventID` of the preceding write: the last one with the same API that worked, else the last one that worked.
    pub to_event_id: String,
    /// When that was.
    #[serde(rename = "to_time", serialize_with = "iso")]
    pub to_time_us: i64,
    /// Its `eventName`.
    pub to_event: String,
    /// What differs, by path.
    pub changes: Vec<Change>,
    /// Changes beyond the limit.
    pub changes_omitted: u64,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where: `bucketPolicy.Statement[0].Principal`.
    pub path: String,
    /// What was there; `None` if nothing.
    pub before: Option<Value>,
    /// What is there now; `None` if nothing.
    pub after: Option<Value>,
}

/// An event that names the resource without writing it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mention {
    /// When.
    #[serde(rename = "time", serialize_with = "iso")]
    pub time_us: i64,
    /// `eventSource` without its domain.
    pub service: String,
    /// `eventName`.
    pub event: String,
    /// Who.
    pub actor: String,
    /// `eventID`.
    pub event_id: String,
}
