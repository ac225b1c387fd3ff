//! A sample organization on disk, cut into several sources, with the truth about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sample::{FileSizes, Plan, Totals};
use tempfile::TempDir;

/// Deliveries of one organization, dealt round into `parts` source folders: each part has every account, Region and day.
pub struct Organization {
    folder: TempDir,
    parts: usize,
    /// What any reader must find.
    pub totals: Totals,
    /// By key: SHA-256 of the content, and records.
    pub deliveries: BTreeMap<String, ([u8; 32], u64)>,
}

/// A small organization that ends today, so that a short retention expires its first days.
pub fn small_plan(days: u32, events: u64) -> Plan {
    let today = chrono::DateTime::from_timestamp(now_s(), 0).unwrap().date_naive();
    Plan {
        seed: 41,
        accounts: 3,
        regions: ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec(),
        days,
        end: today,
        events,
        events_per_file: FileSizes::Real,
        duplicates_percent: 15,
        gzip_level: 1,
        ..Plan::demo(today)
    }
}

impl Organization {
    /// Makes an organization on disk.
    pub fn write(plan: &Plan, parts: usize) -> Organization {
        let folder = tempfile::tempdir().unwrap();
        let mut deliveries = plan.deliveries();
        let mut written = BTreeMap::new();
        for (at, delivery) in deliveries.by_ref().enumerate() {
            let path = part_in(folder.path(), at % parts).join(&delivery.key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &delivery.body).unwrap();
            written.insert(delivery.key, (delivery.content_sha256, u64::from(delivery.records)));
        }
        let totals = deliveries.totals().clone();
        assert_eq!(written.len() as u64, totals.deliveries, "keys are unique");
        Organization { folder, parts, totals, deliveries: written }
    }

    /// All parts, in order.
    pub fn parts(&self) -> Vec<String> {
        (0..self.parts).map(|part| part_in(self.folder.path(), part).display().to_string()).collect()
    }
}

fn part_in(folder: &Path, part: usize) -> PathBuf {
    folder.join(format!("part-{part:02}"))
}

/// Seconds since 1970.
pub fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}
