//! What the lake holds of a period: without it, "nothing was found" means nothing.

use serde::Serialize;

use super::times::Times;

/// What the lake holds of a period, and how far it is vouched for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Events of everybody in the period.
    pub events: u64,
    /// First and last of them.
    pub times: Times,
    /// Accounts with events.
    pub accounts: u64,
    /// Regions with events.
    pub regions: u64,
    /// By account and Region.
    pub areas: Vec<Area>,
    /// Data events in the period; 0 means that reading of objects could not be seen.
    pub data_events: u64,
    /// Network activity events in the period.
    pub network_events: u64,
    /// Runs of days without an event between an area's first and last in the period.
    pub gaps: Vec<Gap>,
    /// Log files by their verdict.
    pub vouched: Vec<Vouched>,
    /// Log files that were refused: their events are not in the lake.
    pub refused: u64,
    /// Log files that a digest names and that never came.
    pub missing: u64,
}

/// One account in one Region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Area {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Events.
    pub events: u64,
    /// Data events among them.
    pub data_events: u64,
    /// Days with events.
    pub days: u64,
    /// First and last event.
    #[serde(flatten)]
    pub times: Times,
}

/// Days without an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// First day without.
    pub from: String,
    /// Last day without.
    pub to: String,
}

/// Log files of one verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vouched {
    /// The verdict; `pending` where none was given yet.
    pub verdict: String,
    /// Log files.
    pub files: u64,
}
