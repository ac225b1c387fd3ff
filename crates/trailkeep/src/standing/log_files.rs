//! What AWS's digests say of the log files in a lake: the latest verdict on each, counted by account and Region.
//!
//! Verdicts are written when something is collected and stand until they are judged anew; so what was found once is told every time,
//! and not only by the run that found it.

use std::collections::BTreeMap;

use lake::Lake;
use serde::Serialize;

use crate::ask::{ask_small, literal, number, text};
use crate::exit::Failure;
use crate::figures::count;

/// Log files of one account and Region, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogFiles {
    /// Account, as the key of the log file names it; empty where it names none.
    pub account: String,
    /// Region.
    pub region: String,
    /// What was delivered, by a digest.
    pub verified: u64,
    /// Not what a digest says was delivered, and not collected anew since.
    pub altered: u64,
    /// Named by a digest, and not in the lake.
    pub missing: u64,
    /// In the lake, and no digest has named them yet.
    pub pending: u64,
}

const IN_THE_LAKE: &str = "SELECT coalesce(account, ''), coalesce(region, ''), verdict, count(*) FROM deliveries
  WHERE status = 'ingested' GROUP BY 1, 2, 3";

/// The latest verdict on each log file of which one was ever bad, counted. Keys end in `account_family_region_...`. Few have a bad one, so
/// that this is cheap.
const WRONG: &str = "SELECT split_part(name, '_', 1), split_part(name, '_', 3),
         CAST(sum(CASE WHEN altered_at = judged_at THEN 1 ELSE 0 END) AS BIGINT),
         CAST(sum(CASE WHEN missed_at = judged_at THEN 1 ELSE 0 END) AS BIGINT)
  FROM (SELECT regexp_replace(key, '^.*/', '') AS name, max(judgedat) AS judged_at,
               max(CASE WHEN verdict = 'altered' THEN judgedat END) AS altered_at,
               max(CASE WHEN verdict = 'missing' THEN judgedat END) AS missed_at
        FROM verdicts
        WHERE kind = 'log' AND key IN (SELECT key FROM verdicts WHERE kind = 'log' AND verdict <> 'verified')
        GROUP BY origin, key) AS latest
  GROUP BY 1, 2";

/// A statement for people: which log files are not as they were delivered, and why.
pub const SQL_OF_WRONG: &str = "SELECT key, verdict, reason FROM verdicts WHERE kind = 'log' AND verdict <> 'verified'";

/// Days of keys in one statement.
const DAYS_AT_ONCE: usize = 400;

/// Counts them, by account and Region.
pub async fn log_files(lake: &Lake) -> Result<Vec<LogFiles>, Failure> {
    let mut places = Places::default();
    for row in ask_small(lake, IN_THE_LAKE).await? {
        let (files, number) = (places.at(&row), number(&row, 3).unsigned_abs());
        match text(&row, 2) {
            "verified" => files.verified += number,
            // Counted below by its key: one that came again whole is no longer wrong.
            "altered" => {}
            _ => files.pending += number,
        }
    }
    for row in ask_small(lake, WRONG).await? {
        let files = places.at(&row);
        files.altered += number(&row, 2).unsigned_abs();
        files.missing += number(&row, 3).unsigned_abs();
    }
    places.0.retain(|_, files| {
        *files != LogFiles { account: files.account.clone(), region: files.region.clone(), ..LogFiles::default() }
    });
    Ok(places.0.into_values().collect())
}

/// Altered and missing ones of a whole lake, whoever found them.
pub async fn wrong(lake: &Lake) -> Result<LogFiles, Failure> {
    let mut sum = LogFiles::default();
    for row in ask_small(lake, WRONG).await? {
        sum.altered += number(&row, 2).unsigned_abs();
        sum.missing += number(&row, 3).unsigned_abs();
    }
    Ok(sum)
}

/// Log files ingested from a time on, in microseconds, that no digest has named yet. Only the days that they are of are looked at.
pub async fn pending_since(lake: &Lake, since_us: i64) -> Result<u64, Failure> {
    let is_new = format!("status = 'ingested' AND CAST(ingestedat AS BIGINT) >= {since_us}");
    let days = ask_small(lake, &format!("SELECT DISTINCT deliveryday FROM deliveries WHERE {is_new}")).await?;
    let days: Vec<String> = days.iter().map(|row| literal(text(row, 0))).collect();
    let mut pending = 0;
    for days in days.chunks(DAYS_AT_ONCE) {
        let days = format!("deliveryday IN ({})", days.join(", "));
        let sql = format!(
            "SELECT count(*) FROM (SELECT delivery FROM deliveries WHERE {is_new} AND {days}) AS new
             LEFT JOIN (SELECT DISTINCT delivery AS judged FROM verdicts WHERE kind = 'log' AND delivery IS NOT NULL AND {days}) AS old
             ON new.delivery = old.judged WHERE old.judged IS NULL"
        );
        pending += ask_small(lake, &sql).await?.first().map_or(0, |row| number(row, 0).unsigned_abs());
    }
    Ok(pending)
}

#[derive(Default)]
struct Places(BTreeMap<(String, String), LogFiles>);

impl Places {
    /// The log files of a row that begins with account and Region.
    fn at(&mut self, row: &[String]) -> &mut LogFiles {
        let (account, region) = (text(row, 0).to_owned(), text(row, 1).to_owned());
        let place = (account.clone(), region.clone());
        self.0.entry(place).or_insert(LogFiles { account, region, ..LogFiles::default() })
    }
}

impl LogFiles {
    /// Sums over all places.
    pub fn sum(all: &[LogFiles]) -> LogFiles {
        let mut sum = LogFiles::default();
        for files in all {
            sum.verified += files.verified;
            sum.altered += files.altered;
            sum.missing += files.missing;
            sum.pending += files.pending;
        }
        sum
    }

    /// `1 altered, 2 not here`; empty if nothing is wrong.
    pub fn wrongs(&self) -> String {
        let wrong = [(self.altered, "altered"), (self.missing, "not here")];
        let told = wrong.into_iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{} {word}", count(number)));
        told.collect::<Vec<_>>().join(", ")
    }
}
