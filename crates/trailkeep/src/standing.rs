//! How a lake stands: per account and Region what is there, how late it is, what is missing.

pub mod log_files;

use std::collections::BTreeMap;

use lake::Lake;
use serde::Serialize;

use crate::ask::{ask_small, number, number_if_any, text};
use crate::exit::Failure;
use crate::figures;

/// A day.
const DAY_US: i64 = 86_400_000_000;
/// Gaps that are listed.
const GAPS_LISTED_MAX: usize = 1_000;

/// A whole lake.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Standing {
    /// Where it is.
    pub home: String,
    /// Sums over everything.
    pub totals: Totals,
    /// By account and Region.
    pub areas: Vec<Area>,
    /// Runs of days without an event between an area's first and last.
    pub gaps: Vec<Gap>,
}

/// Sums over a lake.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Log files in the lake.
    pub deliveries: u64,
    /// Digests in the lake.
    pub digests: u64,
    /// Objects that were refused; they are kept as evidence.
    pub refused: u64,
    /// Records in the log files, duplicates included.
    pub records: u64,
    /// Records in the lake, each once.
    pub events: u64,
    /// Records that came more than once.
    pub duplicate: u64,
    /// Records with the ID of another one and other content.
    pub conflicting: u64,
    /// Records with something wrong about them.
    pub flawed: u64,
    /// Records whose time is missing or absurd.
    pub without_time: u64,
    /// Uncompressed bytes of the log files.
    pub content_bytes: u64,
    /// Compressed bytes of the log files.
    pub stored_bytes: u64,
    /// Time of the first event.
    pub first_event: Option<String>,
    /// Time of the last event.
    pub last_event: Option<String>,
}

/// One account in one Region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Area {
    /// Account; empty where records name none.
    pub account: String,
    /// Region.
    pub region: String,
    /// Log files whose key names both; none where keys do not.
    pub deliveries: Option<u64>,
    /// Events.
    pub events: u64,
    /// Time of the first event.
    pub first_event: Option<String>,
    /// Time of the last event.
    pub last_event: Option<String>,
    /// Time from the last event until now.
    pub lag_s: Option<i64>,
    /// Days without an event between the first and the last.
    pub gap_days: i64,
    /// Time from the last event here to the last event of the whole lake.
    pub silence_s: Option<i64>,
}

/// Days without an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Last day before it.
    pub after: String,
    /// First day behind it.
    pub before: String,
}

const AREAS: &str =
    "SELECT account, region, CAST(sum(n) AS BIGINT), CAST(min(first_at) AS BIGINT), CAST(max(last_at) AS BIGINT), count(*)
  FROM (SELECT coalesce(recipientaccountid, '') AS account, coalesce(awsregion, '') AS region, eventday, count(*) AS n,
               min(eventtime) AS first_at, max(eventtime) AS last_at
        FROM events WHERE eventday <> 'unknown' GROUP BY 1, 2, 3) AS days
  GROUP BY account, region ORDER BY account, region";

const DELIVERIES: &str = "SELECT account, region, count(*) FROM deliveries WHERE status = 'ingested' AND account IS NOT NULL
  GROUP BY account, region";

const TOTALS: &str = "SELECT status, count(*), CAST(sum(records) AS BIGINT), CAST(sum(stored) AS BIGINT), CAST(sum(duplicate) AS BIGINT),
    CAST(sum(conflicting) AS BIGINT), CAST(sum(flawed) AS BIGINT), CAST(sum(contentbytes) AS BIGINT), CAST(sum(storedbytes) AS BIGINT)
  FROM deliveries GROUP BY status";

const EVENTS: &str = "SELECT count(*), CAST(sum(CASE WHEN eventday = 'unknown' THEN 1 ELSE 0 END) AS BIGINT) FROM events";

const GAPS: &str = "SELECT account, region, earlier, eventday
  FROM (SELECT account, region, eventday, lag(eventday) OVER (PARTITION BY account, region ORDER BY eventday) AS earlier
        FROM (SELECT DISTINCT coalesce(recipientaccountid, '') AS account, coalesce(awsregion, '') AS region, eventday
              FROM events WHERE eventday <> 'unknown') AS days) AS pairs
  WHERE earlier IS NOT NULL AND CAST(eventday AS DATE) - CAST(earlier AS DATE) > 1
  ORDER BY account, region, earlier";

/// Looks at a lake.
pub async fn look(lake: &Lake, now_us: i64) -> Result<Standing, Failure> {
    let deliveries: BTreeMap<(String, String), u64> = ask_small(lake, DELIVERIES)
        .await?
        .iter()
        .map(|row| ((text(row, 0).to_owned(), text(row, 1).to_owned()), number(row, 2).unsigned_abs()))
        .collect();
    let rows = ask_small(lake, AREAS).await?;
    let newest = rows.iter().filter_map(|row| number_if_any(row, 4)).max();
    let areas: Vec<Area> = rows.iter().map(|row| area(row, &deliveries, now_us, newest)).collect();
    let gaps = match areas.iter().any(|area| area.gap_days > 0) {
        true => gaps(lake).await?,
        false => Vec::new(),
    };
    let oldest = rows.iter().filter_map(|row| number_if_any(row, 3)).min();
    let mut totals = totals(lake).await?;
    totals.first_event = oldest.map(figures::iso);
    totals.last_event = newest.map(figures::iso);
    Ok(Standing { home: lake.home().name.clone(), totals, areas, gaps })
}

fn area(row: &[String], deliveries: &BTreeMap<(String, String), u64>, now_us: i64, newest: Option<i64>) -> Area {
    let (account, region) = (text(row, 0).to_owned(), text(row, 1).to_owned());
    let (first, last) = (number_if_any(row, 3), number_if_any(row, 4));
    let span_days = first.zip(last).map_or(0, |(first, last)| last.div_euclid(DAY_US) - first.div_euclid(DAY_US) + 1);
    Area {
        deliveries: deliveries.get(&(account.clone(), region.clone())).copied(),
        events: number(row, 2).unsigned_abs(),
        first_event: first.map(figures::iso),
        last_event: last.map(figures::iso),
        lag_s: last.map(|last| (now_us - last) / 1_000_000),
        gap_days: (span_days - number(row, 5)).max(0),
        silence_s: newest.zip(last).map(|(newest, last)| (newest - last) / 1_000_000),
        account,
        region,
    }
}

/// Sums over everything but the times.
pub async fn totals(lake: &Lake) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    for row in ask_small(lake, TOTALS).await? {
        let at = |at| number(&row, at).unsigned_abs();
        match text(&row, 0) {
            "ingested" => {
                totals.deliveries += at(1);
                totals.content_bytes += at(7);
                totals.stored_bytes += at(8);
            }
            "evidence" => totals.digests += at(1),
            "refused" => totals.refused += at(1),
            _ => {}
        }
        totals.records += at(2);
        totals.duplicate += at(4);
        totals.conflicting += at(5);
        totals.flawed += at(6);
    }
    if let Some(row) = ask_small(lake, EVENTS).await?.first() {
        totals.events = number(row, 0).unsigned_abs();
        totals.without_time = number(row, 1).unsigned_abs();
    }
    Ok(totals)
}

async fn gaps(lake: &Lake) -> Result<Vec<Gap>, Failure> {
    let rows = ask_small(lake, &format!("{GAPS} LIMIT {GAPS_LISTED_MAX}")).await?;
    let cell = |row: &[String], at| text(row, at).to_owned();
    Ok(rows
        .iter()
        .map(|row| Gap { account: cell(row, 0), region: cell(row, 1), after: cell(row, 2), before: cell(row, 3) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_gaps_and_silence() {
        let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
        let deliveries = [(("1".to_owned(), "r".to_owned()), 7)].into();
        let (first, last) = (0, 3 * DAY_US + 5_000_000);
        let cells = row(["1", "r", "12", &first.to_string(), &last.to_string(), "2"]);
        let found = area(&cells, &deliveries, last + 60_000_000, Some(last + 2 * DAY_US));
        assert_eq!((found.deliveries, found.events, found.lag_s), (Some(7), 12, Some(60)));
        assert_eq!((found.gap_days, found.silence_s), (2, Some(172_800)));
        assert_eq!(area(&row(["", "", "3", "", "", "1"]), &deliveries, 0, None).lag_s, None);
    }
}
