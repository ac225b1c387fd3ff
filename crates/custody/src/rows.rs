//! Rebuilds every log file from the rows of the lake and hashes it: what the ledger vouches for, the rows must give.

use std::collections::HashSet;

use lake::ledger::Entry;
use lake::{Lake, LakeError};

use crate::check::{HomeChecked, finding};
use prove::report::{Finding, Kind, Level};

/// What the rows of a home gave.
#[derive(Debug, Default)]
pub struct Rows {
    /// Deliveries whose content cannot be rebuilt.
    pub lost: HashSet<i64>,
    /// Why.
    pub findings: Vec<Finding>,
}

/// Rebuilds all deliveries, day by day.
pub async fn rebuild(lake: &Lake, checked: &mut HomeChecked) -> Result<Rows, LakeError> {
    let mut rows = Rows::default();
    for day in lake.delivery_days().await? {
        let read = lake.rebuild_day(&day, |rebuilt| {
            match rebuilt.content {
                Ok(content) => {
                    checked.rebuilt += 1;
                    checked.rebuilt_bytes += content.len() as u64;
                }
                Err(error) => {
                    rows.lost.insert(rebuilt.entry.delivery);
                    rows.findings.push(lost(&rebuilt.entry, &error));
                }
            }
            Ok(())
        });
        if let Err(error) = read.await {
            let message = format!("the log files of {day} cannot be rebuilt: {error}");
            rows.findings.push(finding(
                Level::Violation,
                Kind::HomeAltered,
                &format!("archive (deliveries of {day})"),
                &message,
                None,
            ));
        }
    }
    Ok(rows)
}

fn lost(entry: &Entry, error: &LakeError) -> Finding {
    let is_expired = entry.counts.expired > 0;
    let level = if is_expired { Level::Unproven } else { Level::Violation };
    let kind = if is_expired { Kind::Expired } else { Kind::HomeAltered };
    Finding {
        account: entry.account.clone().unwrap_or_default(),
        region: entry.region.clone().unwrap_or_default(),
        ..finding(level, kind, &entry.key, &error.to_string(), None)
    }
}
