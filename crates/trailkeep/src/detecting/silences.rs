//! What is not delivered any more: when digests and log files came, from the ledger or from the keys of a source.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use detect::blind::{Cell, HISTORY_US, SLOT_US, Signs, Silence};
use finding::Finding;
use lake::Lake;
use layout::{DigestName, Family};

use crate::ask::{ask_small, literal, number, text};
use crate::exit::Failure;

/// How far back a backtest looks for silences. An organization of 40 accounts has half a million digests in that time.
pub const LOOKED_BACK_MAX: TimeDelta = TimeDelta::days(92);
/// Keys among which the last delivery is looked for.
const KEYS_MAX: usize = 200;

/// When things were delivered to a source that is not stored, by the keys of its objects.
#[derive(Default)]
pub struct Keys {
    /// When things came.
    pub signs: Signs,
    /// A key of each account and Region: all others of it are named alike.
    like: BTreeMap<Cell, String>,
}

impl Keys {
    /// Takes note of an object that is there.
    pub fn note(&mut self, origin: &str, key: &str) {
        if let Some(cell) = note_key(&mut self.signs, origin, key) {
            self.like.entry(cell).or_insert_with(|| key.to_owned());
        }
    }

    /// Silences that were noticed within a time, with the last delivery before them: a digest's key, the folder of log files.
    pub fn silences(&self, noticed: &Range<i64>, clock: i64) -> Vec<Finding> {
        let last = |silence: &Silence| {
            let like = self.like.get(silence.last_cell.as_ref()?)?;
            named_like(like, DateTime::from_timestamp_micros(silence.last)?)
        };
        self.signs.silences(noticed, clock).iter().map(|silence| silence.finding(&last(silence).unwrap_or_default())).collect()
    }
}

/// A digest with another end, or the folder of log files of another day.
fn named_like(key: &str, time: DateTime<Utc>) -> Option<String> {
    let place = layout::place(key)?;
    if let Some(name) = layout::digest_name(key) {
        return Some(DigestName { end: time, ..name }.key(&place.prefix, place.organization.as_deref()));
    }
    let (folder, _) = key.rsplit_once('/')?;
    // `.../CloudTrail/Region/2026/11/28`: three folders of the day.
    let region = folder.rsplitn(4, '/').nth(3)?;
    Some(format!("{region}/{}/", time.format("%Y/%m/%d")))
}

/// Takes note of an object that is there.
fn note_key(signs: &mut Signs, origin: &str, key: &str) -> Option<Cell> {
    if let Some(name) = layout::digest_name(key) {
        // One that was made later says nothing about its hour.
        if name.is_backfill {
            return None;
        }
        let cell = Cell { trail: name.trail, account: name.account, region: name.region };
        signs.digest(cell.clone(), name.end.timestamp_micros());
        return Some(cell);
    }
    let place = layout::place(key)?;
    let delivered = place.delivered.filter(|_| !matches!(place.family, Family::Digest | Family::LakeQuery))?;
    let cell = Cell { trail: origin.to_owned(), account: place.account, region: place.region };
    signs.file(cell.clone(), delivered.timestamp_micros());
    Some(cell)
}

/// Takes note of what was delivered to a lake from a time on.
pub async fn note_lake(lake: &Lake, signs: &mut Signs, since: DateTime<Utc>) -> Result<(), Failure> {
    let since = timestamp(since.timestamp_micros());
    let sql =
        format!("SELECT key FROM deliveries WHERE family = 'CloudTrail-Digest' AND status = 'evidence' AND deliveredat >= {since}");
    for row in ask_small(lake, &sql).await? {
        note_key(signs, "", text(&row, 0));
    }
    let sql = format!(
        "SELECT origin, account, region, CAST(deliveredat AS BIGINT) / {SLOT_US}, count(*) FROM deliveries
         WHERE status = 'ingested' AND account IS NOT NULL AND region IS NOT NULL AND deliveredat >= {since} GROUP BY 1, 2, 3, 4"
    );
    for row in ask_small(lake, &sql).await? {
        let cell = Cell { trail: text(&row, 0).to_owned(), account: text(&row, 1).to_owned(), region: text(&row, 2).to_owned() };
        signs.file(cell, number(&row, 3).saturating_mul(SLOT_US));
    }
    Ok(())
}

/// Silences in a lake that were noticed within a time, with the keys of the last deliveries before them.
pub async fn of_lake(lake: &Lake, signs: &Signs, noticed: &Range<i64>, clock: i64) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for silence in signs.silences(noticed, clock) {
        let key = last_key(lake, &silence).await?;
        findings.push(silence.finding(&key));
    }
    Ok(findings)
}

/// From when on deliveries are needed to judge from a time on.
pub fn history(since: DateTime<Utc>) -> DateTime<Utc> {
    since - TimeDelta::microseconds(HISTORY_US)
}

async fn last_key(lake: &Lake, silence: &Silence) -> Result<String, Failure> {
    let Some(cell) = &silence.last_cell else { return Ok(String::new()) };
    let (family, end) = match silence.is_digest {
        true => ("family = 'CloudTrail-Digest'".to_owned(), silence.last + 1),
        false => (format!("family <> 'CloudTrail-Digest' AND origin = {}", literal(&cell.trail)), silence.last + SLOT_US),
    };
    let sql = format!(
        "SELECT key FROM deliveries WHERE {family} AND deliveredat >= {} AND deliveredat < {} AND account = {} AND region = {}
         ORDER BY deliveredat DESC, key LIMIT {KEYS_MAX}",
        timestamp(silence.last),
        timestamp(end),
        literal(&cell.account),
        literal(&cell.region)
    );
    let is_of_trail = |key: &str| !silence.is_digest || layout::digest_name(key).is_some_and(|name| name.trail == cell.trail);
    let rows = ask_small(lake, &sql).await?;
    Ok(rows.iter().map(|row| text(row, 0)).find(|key| is_of_trail(key)).unwrap_or_default().to_owned())
}

fn timestamp(micros: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
    format!("TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/28/111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20261128T070000Z";
        let log = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/28/111122223333_CloudTrail_eu-west-1_20261128T0710Z_abcdefghijklmnop.json.gz";
        for (key, newest) in [
            (format!("{digest}.json.gz"), Some("2026-11-28T07:00:00+00:00")),
            (format!("{digest}_backfill.json.gz"), None),
            (log.to_owned(), Some("2026-11-28T07:00:00+00:00")),
            ("notes.txt".to_owned(), None),
        ] {
            let mut keys = Keys::default();
            keys.note("s3://b", &key);
            let found = keys.signs.newest().and_then(DateTime::from_timestamp_micros).map(|time| time.to_rfc3339());
            assert_eq!(found.as_deref(), newest, "{key}");
        }
        let time = DateTime::from_timestamp_micros(1_795_736_096_000_000).unwrap();
        let digest = format!("p/{digest}.json.gz");
        let named = named_like(&digest, time).unwrap();
        assert!(named.starts_with("p/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/11/26/"), "{named}");
        assert!(named.ends_with("_t_us-east-1_20261126T233456Z.json.gz"), "{named}");
        assert_eq!(named_like(log, time).as_deref(), Some("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/26/"));
        assert_eq!(named_like("loose.json.gz", time), None);
    }
}
