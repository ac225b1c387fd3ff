//! Generated log files on disk, and the truth about them.
//!
//! A set is used again when it was made whole from the same plan: the last thing written is a file that says so.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use sample::{FileSizes, Plan};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Which folders of the layout a set has.
#[derive(Clone, Copy, Debug)]
pub enum Families {
    /// All that the generator makes.
    All,
    /// Management and data events. DuckDB cannot detect one schema over all families: aggregated events have an `eventId`, the
    /// others an `eventID`, and its names know no case.
    Records,
}

/// Log files in a folder.
#[derive(Debug)]
pub struct Set {
    /// Where they are.
    pub folder: PathBuf,
    /// What is in them.
    pub truth: Truth,
}

/// What any reader of the files must find.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Truth {
    plan: String,
    /// Log files.
    pub files: u64,
    /// Records, duplicates included.
    pub records: u64,
    /// Records counted once.
    pub distinct: u64,
    /// Bytes after inflating.
    pub content_bytes: u64,
    /// Bytes of the files.
    pub stored_bytes: u64,
}

/// Many records a file, as the busiest accounts have them: 2,500 a file, nothing twice.
pub fn large_files(events: u64) -> Plan {
    let regions = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
    let sizes = FileSizes::Fixed(2_500);
    Plan {
        accounts: 2,
        regions,
        days: 7,
        events,
        events_per_file: sizes,
        duplicates_percent: 0,
        attack: false,
        ..Plan::demo(end())
    }
}

/// Files as they are in a real bucket: half of them hold five records or fewer, a second trail repeats a tenth.
pub fn real_files(events: u64) -> Plan {
    Plan { events, attack: false, ..Plan::demo(end()) }
}

/// The day after the last one; always the same, so that sets are too.
fn end() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default()
}

impl Set {
    /// The set of a plan under `folder`: the one that is there, or a new one.
    pub fn prepare(folder: PathBuf, plan: &Plan, families: Families) -> Result<Set, Failure> {
        let stamp = folder.join("truth.json");
        let name = format!("{families:?} {plan:?}");
        let known = fs::read(&stamp).ok().and_then(|bytes| serde_json::from_slice::<Truth>(&bytes).ok());
        if let Some(truth) = known.filter(|truth| truth.plan == name) {
            return Ok(Set { folder: folder.join("logs"), truth });
        }
        eprintln!("generating {} events into {}", plan.events, folder.display());
        clear(&folder)?;
        let truth = Truth { plan: name, ..write(plan, families, &folder.join("logs"))? };
        fs::write(&stamp, serde_json::to_vec(&truth).unwrap_or_default()).map_err(Failure::io(&stamp))?;
        Ok(Set { folder: folder.join("logs"), truth })
    }
}

/// Makes a folder empty.
pub fn clear(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::io(folder))?;
    }
    fs::create_dir_all(folder).map_err(Failure::io(folder))
}

fn write(plan: &Plan, families: Families, folder: &Path) -> Result<Truth, Failure> {
    let mut truth = Truth::default();
    let mut left_out = 0;
    let mut deliveries = plan.deliveries();
    for delivery in deliveries.by_ref() {
        if matches!(families, Families::Records) && !delivery.key.contains("/CloudTrail/") {
            left_out += u64::from(delivery.records);
            continue;
        }
        put(folder, &delivery.key, &delivery.body)?;
        truth.files += 1;
        truth.records += u64::from(delivery.records);
        truth.content_bytes += delivery.content_bytes;
        truth.stored_bytes += delivery.body.len() as u64;
    }
    // What is left out is delivered once: a second trail takes management events only.
    truth.distinct = deliveries.totals().distinct - left_out;
    Ok(truth)
}

/// Puts an object into a folder.
pub fn put(folder: &Path, key: &str, body: &[u8]) -> Result<(), Failure> {
    let path = folder.join(key);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Failure::io(parent))?;
    }
    fs::write(&path, body).map_err(Failure::io(&path))
}

/// All files under a folder, in the order of their names.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Failure::io(&folder))? {
            let entry = entry.map_err(Failure::io(&folder))?;
            let kind = entry.file_type().map_err(Failure::io(&folder))?;
            if kind.is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_large_and_real_files_are_small() {
        let per_file = |plan: Plan| {
            let mut deliveries = plan.deliveries();
            deliveries.by_ref().for_each(drop);
            deliveries.totals().records / deliveries.totals().deliveries
        };
        assert!(per_file(large_files(40_000)) > 500);
        assert!((4..12).contains(&per_file(real_files(10_000))));
    }
}
