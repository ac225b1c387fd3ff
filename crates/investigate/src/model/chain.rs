//! What `session` finds.

use serde::Serialize;

use super::coverage::Coverage;
use super::times::{Times, iso};

/// The chains that something belongs to.
#[derive(Clone, Debug, Serialize)]
pub struct Chains {
    /// What was asked about.
    pub asked: String,
    /// One tree for each session of that name, oldest first: from where it came at the root, to where it went at the leaves.
    pub chains: Vec<Session>,
    /// Chains that were left out.
    pub omitted: u64,
    /// What the lake holds.
    pub coverage: Coverage,
}

/// What a session is in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionRole {
    /// It led to what was asked about.
    Before,
    /// It is what was asked about.
    Asked,
    /// What was asked about led to it.
    After,
}

/// One session, key or caller in a chain.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// The access key; `None` for callers that have none (services, federated users, accounts that are not in the lake).
    pub key: Option<String>,
    /// Its place in the chain.
    pub place: SessionRole,
    /// `userIdentity.type`.
    pub identity_type: String,
    /// A name for people.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its account.
    pub account: Option<String>,
    /// How it began; `None` for long-term keys, and where the lake does not hold the event.
    pub issue: Option<Issue>,
    /// Events with this key.
    pub events: u64,
    /// Events that were refused.
    pub denied: u64,
    /// First and last event.
    #[serde(flatten)]
    pub times: Times,
    /// Sessions that began with its credentials, oldest first.
    pub children: Vec<Session>,
}

/// How a session began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// When.
    #[serde(rename = "time", serialize_with = "iso")]
    pub time_us: i64,
    /// `eventName`.
    pub event: String,
    /// `eventID` of the caller's side.
    pub event_id: String,
    /// `eventID` of the record that the other account received.
    pub other_event_id: Option<String>,
    /// `sharedEventID` that joins the two.
    pub shared_event_id: Option<String>,
    /// The role.
    pub role_arn: Option<String>,
    /// `roleSessionName`.
    pub session_name: Option<String>,
    /// `sourceIdentity` that was set with this session.
    pub source_identity: Option<String>,
    /// Whether another account was entered.
    pub crosses_accounts: bool,
    /// `sourceIPAddress`.
    pub address: String,
    /// `userAgent`.
    pub agent: String,
}
