//! The document of a store.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::EVENTS;

/// An event data store: which rows it holds, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// Its name; `events` is the default one.
    pub name: String,
    /// Its bit in the membership mask of a row.
    pub bit: u8,
    /// How long it keeps an event, counted from the event's time, in days; nothing expires where none is set.
    pub retention_days: Option<u32>,
    /// The id by which queries know it, a UUID.
    #[serde(default)]
    pub id: String,
    /// What it holds.
    #[serde(default)]
    pub kind: StoreKind,
    /// AWS's `AdvancedEventSelectors`; none: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advanced_event_selectors: Option<Value>,
    /// AWS's billing mode: it sets the bounds of the retention.
    #[serde(default)]
    pub billing_mode: BillingMode,
    /// Whether it must not be deleted.
    #[serde(default)]
    pub termination_protection: bool,
    /// Where it is in its life.
    #[serde(default)]
    pub status: StoreStatus,
    /// When it was made, in microseconds since 1970 UTC.
    #[serde(default)]
    pub created_us: i64,
    /// When it was changed last, in microseconds since 1970 UTC.
    #[serde(default)]
    pub updated_us: i64,
    /// When a store that waits for its deletion will be gone, in microseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_us: Option<i64>,
}

/// What a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreKind {
    /// Management, data and network activity events.
    #[default]
    CloudTrail,
    /// Insights events.
    Insight,
    /// Events from outside AWS.
    ActivityAuditLog,
}

/// How AWS bills a store; here it sets the bounds of its retention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillingMode {
    /// 7 to 3653 days.
    #[default]
    #[serde(rename = "EXTENDABLE_RETENTION_PRICING")]
    ExtendableRetention,
    /// 7 to 2557 days.
    #[serde(rename = "FIXED_RETENTION_PRICING")]
    FixedRetention,
}

/// Where a store is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoreStatus {
    /// It takes records in.
    #[default]
    Enabled,
    /// It takes nothing in, and can be asked.
    StoppedIngestion,
    /// It will be gone, and can only be restored.
    PendingDeletion,
}

impl BillingMode {
    /// The longest retention, in days.
    pub fn retention_days_max(self) -> u32 {
        match self {
            BillingMode::ExtendableRetention => 3653,
            BillingMode::FixedRetention => 2557,
        }
    }

    /// The retention where none is given, in days.
    pub fn retention_days_default(self) -> u32 {
        match self {
            BillingMode::ExtendableRetention => 366,
            BillingMode::FixedRetention => 2557,
        }
    }
}

impl std::fmt::Display for StoreStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StoreStatus::Enabled => "ENABLED",
            StoreStatus::StoppedIngestion => "STOPPED_INGESTION",
            StoreStatus::PendingDeletion => "PENDING_DELETION",
        })
    }
}

impl std::fmt::Display for StoreKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StoreKind::CloudTrail => "CloudTrail",
            StoreKind::Insight => "Insight",
            StoreKind::ActivityAuditLog => "ActivityAuditLog",
        })
    }
}

impl Store {
    /// The store that every home begins with.
    pub fn events() -> Store {
        Store {
            name: EVENTS.to_owned(),
            bit: 0,
            retention_days: None,
            id: String::new(),
            kind: StoreKind::CloudTrail,
            advanced_event_selectors: None,
            billing_mode: BillingMode::ExtendableRetention,
            termination_protection: true,
            status: StoreStatus::Enabled,
            created_us: 0,
            updated_us: 0,
            gone_us: None,
        }
    }

    /// Whether this is the default store.
    pub fn is_events(&self) -> bool {
        self.bit == 0
    }

    /// Its bit, as it stands in a row's `membership`.
    pub fn mask(&self) -> i64 {
        1 << self.bit
    }

    /// Whether a name, an id or an ARN means this store.
    pub fn is_called(&self, wanted: &str) -> bool {
        let wanted = wanted.rsplit_once("eventdatastore/").map_or(wanted, |(_, id)| id);
        self.name.eq_ignore_ascii_case(wanted) || (!self.id.is_empty() && self.id.eq_ignore_ascii_case(wanted))
    }

    /// Whether its waiting for deletion is over.
    pub fn is_gone(&self, now_us: i64) -> bool {
        self.status == StoreStatus::PendingDeletion && self.gone_us.is_some_and(|gone| gone <= now_us)
    }

    /// Whether it takes records in.
    pub fn is_ingesting(&self) -> bool {
        self.status == StoreStatus::Enabled
    }

    /// Events before this time are past its retention, in microseconds.
    pub fn cutoff_us(&self, now_us: i64) -> i64 {
        self.retention_days.map_or(i64::MIN, |days| now_us.saturating_sub(i64::from(days) * 86_400_000_000))
    }
}
