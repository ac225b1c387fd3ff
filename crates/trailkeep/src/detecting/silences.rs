//! What is not delivered any more: when digests and log files came, from the ledger or from the keys of a source.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use detect::blind::{Cell, HISTORY_US, SLOT_US, Signs, Silence};
use finding::Finding;
use lake::Lake;
use layout::Family;

use crate::ask::{ask_small, literal, number, text};
use crate::exit::Failure;

/// How far back a backtest looks for silences. An organization of 40 accounts has half a million digests in that time.
pub const LOOKED_BACK_MAX: TimeDelta = TimeDelta::days(92);
/// Keys among which the last delivery is looked for.
const KEYS_MAX: usize = 200;

/// Takes note of an object that is there.
pub fn note_key(signs: &mut Signs, origin: &str, key: &str) {
    if let Some(name) = layout::digest_name(key) {
        // One that was made later says nothing about its hour.
        if !name.is_backfill {
            let cell = Cell { trail: name.trail, account: name.account, region: name.region };
            signs.digest(cell, name.end.timestamp_micros());
        }
        return;
    }
    let Some(place) = layout::place(key) else { return };
    if let (Some(delivered), false) = (place.delivered, matches!(place.family, Family::Digest | Family::LakeQuery)) {
        let cell = Cell { trail: origin.to_owned(), account: place.account, region: place.region };
        signs.file(cell, delivered.timestamp_micros());
    }
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
    let place = &silence.place;
    let (family, end) = match silence.is_digest {
        true => ("family = 'CloudTrail-Digest'".to_owned(), silence.last + 1),
        false => (format!("family <> 'CloudTrail-Digest' AND origin = {}", literal(&place.trail)), silence.last + SLOT_US),
    };
    let mut sql = format!(
        "SELECT key FROM deliveries WHERE {family} AND deliveredat >= {} AND deliveredat < {}",
        timestamp(silence.last),
        timestamp(end)
    );
    for (column, value) in [("account", &place.account), ("region", &place.region)] {
        if !value.is_empty() {
            sql += &format!(" AND {column} = {}", literal(value));
        }
    }
    let rows = ask_small(lake, &format!("{sql} ORDER BY deliveredat DESC, key LIMIT {KEYS_MAX}")).await?;
    let is_of_trail = |key: &str| !silence.is_digest || layout::digest_name(key).is_some_and(|name| name.trail == place.trail);
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
            let mut signs = Signs::default();
            note_key(&mut signs, "s3://b", &key);
            let found = signs.newest().and_then(DateTime::from_timestamp_micros).map(|time| time.to_rfc3339());
            assert_eq!(found.as_deref(), newest, "{key}");
        }
    }
}
