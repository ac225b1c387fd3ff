//! What a store refuses, and what AWS calls it.

use super::{STORE_BITS_MAX, STORES_MAX, Store};

/// Why a store cannot be made, changed or asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such store.
    #[error("there is no event data store `{wanted}`; there {known}")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// What there is, in words.
        known: String,
    },
    /// The name is taken.
    #[error("there is an event data store `{0}` already; choose another name, or change that one with `stores update`")]
    AlreadyExists(String),
    /// The name is none.
    #[error(
        "`{0}` cannot be the name of an event data store: 3 to 128 letters, digits, `.`, `_` and `-`, and none of `events`, `deliveries`, `verdicts`"
    )]
    Name(String),
    /// The quota.
    #[error("there are {STORES_MAX} event data stores already, those that wait for deletion counted; delete one first")]
    TooMany,
    /// No bit is left.
    #[error("this home has made {STORE_BITS_MAX} event data stores in its life, and cannot tell more apart; begin a new home")]
    NoBitLeft,
    /// The retention is out of bounds.
    #[error("a retention of {days} days is not possible; give {from} to {to} days")]
    Retention {
        /// What was asked for.
        days: u32,
        /// Shortest, in days.
        from: u32,
        /// Longest, in days.
        to: u32,
    },
    /// The selectors are refused.
    #[error("{0}")]
    Selectors(String),
    /// The default store is asked for what it cannot do.
    #[error("the default store `events` cannot {0}: it holds every record, and log files are proven from it")]
    Default(&'static str),
    /// Deletion is protected.
    #[error("`{0}` is protected from termination; run `trailkeep stores update {0} --no-termination-protection` first")]
    TerminationProtected(String),
    /// The store is in another state.
    #[error("`{name}` is {status}; it cannot {what} now")]
    Status {
        /// Which store.
        name: String,
        /// Its state, in AWS's words.
        status: String,
        /// What was asked for.
        what: &'static str,
    },
}

impl StoreError {
    /// AWS's name for it.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::NotFound { .. } => "EventDataStoreNotFoundException",
            StoreError::AlreadyExists(_) => "EventDataStoreAlreadyExistsException",
            StoreError::TooMany | StoreError::NoBitLeft => "EventDataStoreMaxLimitExceededException",
            StoreError::Name(_) | StoreError::Retention { .. } => "InvalidParameterException",
            StoreError::Selectors(_) => "InvalidEventSelectorsException",
            StoreError::TerminationProtected(_) => "EventDataStoreTerminationProtectedException",
            StoreError::Default(_) => "OperationNotPermittedException",
            StoreError::Status { .. } => "InvalidEventDataStoreStatusException",
        }
    }

    pub(super) fn not_found(wanted: &str, stores: &[Store]) -> StoreError {
        let names: Vec<String> = stores.iter().map(|store| format!("`{}`", store.name)).collect();
        let known = if names.len() == 1 { format!("is {}", names.join("")) } else { format!("are {}", names.join(", ")) };
        StoreError::NotFound { wanted: wanted.to_owned(), known }
    }

    pub(super) fn status(store: &Store, what: &'static str) -> StoreError {
        StoreError::Status { name: store.name.clone(), status: store.status.to_string(), what }
    }
}
