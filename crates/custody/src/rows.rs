//! Rebuilds every log file from the rows of the lake and hashes it: what the ledger vouches for, the rows must give.
//!
//! One pass through the ledger does it all: evidence is hashed, log files are rebuilt, and what was found is laid out for the judgment.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use lake::ledger::Entry;
use lake::rebuild::{Passed, Rebuilt};
use lake::{Lake, LakeError};
use prove::report::{FINDINGS_PER_KIND_MAX, Finding, Kind, Level};

use crate::check::{Objects, finding};
use crate::index::{Index, Item, Left, Writer, left_of};
use crate::retention::{Because, Retention};

/// What the rows of a home gave.
struct Pass<'a> {
    retention: &'a Retention,
    index: Writer,
    rebuilt: u64,
    rebuilt_bytes: u64,
    lost: Vec<Finding>,
    lost_count: u64,
    retired: Gone,
    unsealed: Gone,
    /// Evidence of the day at hand: its path, and its SHA-256 by the ledger.
    told: BTreeMap<String, [u8; 32]>,
}

/// Log files of which records went with the retention.
#[derive(Default)]
struct Gone {
    count: u64,
    between_us: Option<(i64, i64)>,
    example: Option<String>,
}

/// Goes through the ledger, day by day.
pub async fn pass(lake: &Lake, objects: &mut Objects<'_>, temporary: &Path) -> Result<Index, LakeError> {
    let retention = std::mem::take(&mut objects.retention);
    let mut pass = Pass {
        retention: &retention,
        index: Writer::new(temporary).map_err(aside)?,
        rebuilt: 0,
        rebuilt_bytes: 0,
        lost: Vec::new(),
        lost_count: 0,
        retired: Gone::default(),
        unsealed: Gone::default(),
        told: BTreeMap::new(),
    };
    for day in lake.delivery_days().await? {
        if let Err(error) = lake.pass_day(&day, |passed| pass.take(passed)).await {
            let message = format!("the deliveries of {day} cannot be read or rebuilt: {error}");
            let path = format!("ledger/deliveryday={day}/");
            objects.findings.push(finding(Level::Violation, Kind::HomeAltered, &path, &message, crate::check::RESTORE));
        }
        objects.compare(std::mem::take(&mut pass.told).into_iter().collect(), "ledger").await?;
    }
    objects.checked.rebuilt = pass.rebuilt;
    objects.checked.rebuilt_bytes = pass.rebuilt_bytes;
    objects.checked.retired_days = retention.days();
    objects.checked.retired = pass.retired.count;
    let findings = pass.findings();
    let index = pass.index.finish().map_err(aside)?;
    objects.findings.extend(findings);
    objects.findings.extend(outside(&index));
    objects.findings.extend(retention.findings());
    Ok(index)
}

impl Pass<'_> {
    fn take(&mut self, passed: Passed) -> Result<(), LakeError> {
        let (entry, left) = match passed {
            Passed::Row(entry) => {
                let left = left_of(&entry);
                (entry, left)
            }
            Passed::Rebuilt(rebuilt) => self.rebuilt(rebuilt),
        };
        self.told.extend(entry.evidence.clone().zip(entry.stored_sha256));
        let origin = entry.origin.clone();
        self.index.add(&origin, &Item::of(entry, left)).map_err(aside)
    }

    fn rebuilt(&mut self, rebuilt: Rebuilt) -> (Entry, Left) {
        let Rebuilt { entry, content, .. } = rebuilt;
        let error = match content {
            Ok(content) => {
                self.rebuilt += 1;
                self.rebuilt_bytes += content.len() as u64;
                return (entry, Left::Whole);
            }
            Err(error) => error,
        };
        let left = match self.retention.explains(&entry) {
            Some(Because::Sealed) => {
                self.retired.add(&entry);
                Left::Retired
            }
            Some(Because::Unsealed) => {
                self.unsealed.add(&entry);
                Left::Retired
            }
            None => {
                self.lost_count += 1;
                if self.lost.len() < FINDINGS_PER_KIND_MAX {
                    self.lost.push(lost(&entry, &error));
                }
                Left::Lost
            }
        };
        (entry, left)
    }

    fn findings(&mut self) -> Vec<Finding> {
        let mut findings = std::mem::take(&mut self.lost);
        let more = self.lost_count - findings.len() as u64;
        if more > 0 {
            let message = format!("{more} more log files cannot be rebuilt from the rows");
            let found = finding(Level::Violation, Kind::HomeAltered, "archive/", &message, crate::check::RESTORE);
            findings.push(Finding { count: more, ..found });
        }
        let until = self.retention.last_day().map(|day| format!(" (up to {day})")).unwrap_or_default();
        findings.extend(self.retired.finding(
            Level::Note,
            &format!("of days that this home's retention removed{until}, as signed statements say: what is left of them, the seal vouches for"),
        ));
        findings.extend(
            self.unsealed
                .finding(Level::Unproven, "of days that were removed by retention, as the log says; no statement covers that yet"),
        );
        findings
    }
}

impl Gone {
    fn add(&mut self, entry: &Entry) {
        self.count += 1;
        let (first, last) = (entry.first_us.unwrap_or(i64::MAX), entry.last_us.unwrap_or(i64::MIN));
        self.between_us = Some(self.between_us.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        self.example.get_or_insert_with(|| entry.key.clone());
    }

    fn finding(&self, level: Level, what: &str) -> Option<Finding> {
        let key = self.example.as_deref()?;
        let time = |us: i64| DateTime::<Utc>::from_timestamp_micros(us);
        let (from, to) = self.between_us.map_or((None, None), |(from, to)| (time(from), time(to)));
        let files = if self.count == 1 { "log file" } else { "log files" };
        let found = finding(level, Kind::Expired, key, &format!("{} {files} {what}", self.count), None);
        Some(Finding { count: self.count, from, to, ..found })
    }
}

/// What no digest can vouch for.
fn outside(index: &Index) -> Option<Finding> {
    let message =
        format!("{} collected from outside of CloudTrail's layout: no digest can vouch for them, the seal does", index.outside);
    let found = finding(Level::Unproven, Kind::OutsideLayout, "ledger/", &message, None);
    (index.outside > 0).then_some(Finding { count: index.outside, ..found })
}

/// A temporary file failed.
fn aside(error: io::Error) -> LakeError {
    LakeError::Worker(format!("a temporary file could not be written: {error}"))
}

fn lost(entry: &Entry, error: &LakeError) -> Finding {
    Finding {
        account: entry.account.clone().unwrap_or_default(),
        region: entry.region.clone().unwrap_or_default(),
        ..finding(Level::Violation, Kind::HomeAltered, &entry.key, &error.to_string(), None)
    }
}
