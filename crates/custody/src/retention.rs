//! What a home let go by its own rules: days whose records went with the retention, with the statements that say so.
//!
//! A tombstone is told as what it is, and not as a loss; but only if a rule of the home asked for it, and a statement by the home's
//! key tells it. Whoever can write into the home can also write a commit that removes a day.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::TryStreamExt;
use lake::ledger::Entry;
use lake::{Lake, LakeError};
use prove::report::{Finding, Kind, Level};

use crate::check::finding;

/// Begin of the paths of the documents that say how long events are kept: those of the event data stores.
const RULES: &str = "config/store-";
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A day that a statement, or a commit, says is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The day.
    pub day: String,
    /// Where it says so.
    pub path: String,
    /// When it was made.
    pub time: DateTime<Utc>,
}

/// What explains that records are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// A signed statement.
    Sealed,
    /// A commit or a row alone.
    Unsealed,
}

/// Days that are gone, and the rules.
#[derive(Debug, Default)]
pub struct Retention {
    sealed: BTreeMap<String, Told>,
    unsealed: BTreeMap<String, Told>,
    /// Days for which events are kept, by every rule that the home ever had.
    rules: Vec<u32>,
}

impl Retention {
    /// What statements tell, and the rules of the home.
    pub async fn read(lake: &Lake, told: Vec<Told>) -> Result<Retention, LakeError> {
        let sealed = told.into_iter().map(|told| (told.day.clone(), told)).collect();
        Ok(Retention { sealed, unsealed: BTreeMap::new(), rules: rules(lake).await? })
    }

    /// A day that a commit removed which no statement covers.
    pub fn gone_unsealed(&mut self, told: Told) {
        self.unsealed.insert(told.day.clone(), told);
    }

    /// How many days statements say are gone.
    pub fn days(&self) -> u64 {
        self.sealed.len() as u64
    }

    /// The last of them.
    pub fn last_day(&self) -> Option<&str> {
        self.sealed.keys().next_back().map(String::as_str)
    }

    /// Why records of a delivery are gone; `None` where nothing says it.
    pub fn explains(&self, entry: &Entry) -> Option<Because> {
        let days = entry.event_days();
        if days.iter().any(|day| self.sealed.contains_key(day)) || self.was_too_old(entry) {
            return Some(Because::Sealed);
        }
        let is_unsealed = entry.counts.expired > 0 || days.iter().any(|day| self.unsealed.contains_key(day));
        is_unsealed.then_some(Because::Unsealed)
    }

    /// Whether records of it were older than a rule allowed when it was collected. Rules and rows are sealed.
    fn was_too_old(&self, entry: &Entry) -> bool {
        let too_old = |days: &u32| entry.first_us.is_some_and(|first| first < entry.ingested_us - i64::from(*days) * DAY_US);
        entry.counts.expired > 0 && self.rules.iter().any(too_old)
    }

    /// Days that were removed though no rule asked for it.
    pub fn findings(&self) -> Vec<Finding> {
        let all = self.sealed.values().chain(self.unsealed.values());
        let wrong = all.filter(|told| !self.rules.iter().any(|days| is_past(told, *days)));
        let finding_of = |told: &Told| {
            let message =
                format!("says that the records of {} went with the retention, but no rule of this home asked for it", told.day);
            let hint = Some("restore them from a copy of the home, or collect the day again");
            finding(Level::Violation, Kind::HomeMissing, &told.path, &message, hint)
        };
        wrong.map(finding_of).collect()
    }
}

/// Whether a day was past a retention when its end was told.
fn is_past(told: &Told, days: u32) -> bool {
    let cutoff = told.time.date_naive().checked_sub_days(Days::new(u64::from(days)));
    let day = told.day.parse::<NaiveDate>();
    day.is_ok_and(|day| cutoff.is_some_and(|cutoff| day < cutoff))
}

/// All rules that there ever were. What is no document any longer is told by whoever compares it with its statement.
async fn rules(lake: &Lake) -> Result<Vec<u32>, LakeError> {
    let listed: Vec<_> = lake.objects_in("config").try_collect().await?;
    let mut rules = Vec::new();
    for object in listed.into_iter().filter(|object| object.path.starts_with(RULES)) {
        let body = lake.read_object(&object.path).await?.unwrap_or_default();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let days = document.get("retention_days").and_then(serde_json::Value::as_u64);
        rules.extend(days.and_then(|days| u32::try_from(days).ok()));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_must_be_older_than_a_rule() {
        let told =
            |day: &str| Told { day: day.to_owned(), path: "seal/3.json".to_owned(), time: "2026-11-28T10:00:00Z".parse().unwrap() };
        assert!(is_past(&told("2026-11-20"), 7));
        assert!(!is_past(&told("2026-11-21"), 7) && !is_past(&told("unknown"), 7) && !is_past(&told("2026-11-20"), u32::MAX));
        let mut retention = Retention { rules: vec![7], ..Retention::default() };
        for day in ["2026-11-20", "2026-11-25"] {
            retention.sealed.insert(day.to_owned(), told(day));
        }
        let found = retention.findings();
        assert_eq!((found.len(), retention.last_day()), (1, Some("2026-11-25")));
        assert!(found[0].message.contains("2026-11-25"), "{found:?}");
    }
}
