//! How far the live rules have read, as a document of the home: `findings/cursor/<microseconds>.json`, the highest counts.
//!
//! It may be old: what comes after it is read once more, and what is found again is known by its id. It is therefore written now and
//! then, and those before it go.

use chrono::{DateTime, TimeDelta, Utc};
use detect::Memory;
use futures::TryStreamExt;
use lake::Lake;
use lake::inspect::Table;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

const FOLDER: &str = "findings/cursor";
/// Cursors that are kept.
const KEPT: usize = 3;

/// How old an event may be when it is collected and still be judged live; older ones are for backtests.
const JUDGED_BACK: TimeDelta = TimeDelta::hours(24);
/// How far before the last round of the run before.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
/// How long after a pause what came in it is still judged.
const CATCH_UP: TimeDelta = TimeDelta::hours(24);

/// How far the rules have read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// The last commit of the archive that was judged.
    pub version: i64,
    /// The first one that holds what correlations still wait for.
    pub replay_from: Option<i64>,
    /// Events from here on are judged.
    pub since: DateTime<Utc>,
    /// Until then that stays so.
    pub since_until: DateTime<Utc>,
    /// When the last round ended.
    pub round_at: DateTime<Utc>,
    /// Until when it was listened for what does not come.
    #[serde(default)]
    pub listened_at: Option<DateTime<Utc>>,
    /// What is known of correlations.
    pub memories: Vec<Memory>,
}

impl Cursor {
    /// The cursor of a home, moved to now; a new one where there is none. `since` is what the user asked for.
    pub async fn load(lake: &Lake, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Cursor, Failure> {
        let (cursor, is_new) = match latest(lake).await? {
            Some(cursor) => (cursor, false),
            None => (Cursor::new(since.unwrap_or(now - JUDGED_BACK), now), true),
        };
        let mut cursor = cursor.resumed(since, now);
        if is_new || since.is_some_and(|since| since < cursor.round_at - JUDGED_BACK) {
            // Events are older than the commit that brings them: what is younger can only be in commits since then.
            cursor.version = cursor.version.min(first_since(lake, cursor.since).await? - 1);
            cursor.replay_from = None;
            cursor.memories.clear();
        }
        Ok(cursor)
    }

    fn new(since: DateTime<Utc>, now: DateTime<Utc>) -> Cursor {
        Cursor {
            version: i64::MAX,
            replay_from: None,
            since,
            since_until: now,
            round_at: now,
            listened_at: None,
            memories: Vec::new(),
        }
    }

    /// The cursor in a run that begins now.
    fn resumed(mut self, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Cursor {
        let before = self.round_at - OVERLAP;
        if let Some(since) = since {
            (self.since, self.since_until) = (since, DateTime::<Utc>::MAX_UTC);
        } else if before < now - JUDGED_BACK {
            (self.since, self.since_until) = (before, now + CATCH_UP);
        } else if now >= self.since_until || self.since_until == DateTime::<Utc>::MAX_UTC {
            (self.since, self.since_until) = (now - JUDGED_BACK, now);
        }
        self
    }

    /// Moves on with the clock.
    pub fn tick(&mut self, now: DateTime<Utc>) {
        self.round_at = now;
        if now >= self.since_until {
            self.since = self.since.max(now - JUDGED_BACK);
        }
    }

    /// Writes it.
    pub async fn save(&self, lake: &Lake) -> Result<(), Failure> {
        let path = format!("{FOLDER}/{:020}.json", self.round_at.timestamp_micros());
        let body = serde_json::to_vec(self).map_err(|error| Failure::failed(error.to_string(), ""))?;
        lake.create_object(&path, body.into()).await?;
        Ok(lake.prune_cursor(FOLDER, KEPT).await?)
    }
}

/// Until when a home was listened to by a run whose source went on: what did not come until then did not come.
pub async fn listened_until(lake: &Lake) -> Result<Option<DateTime<Utc>>, Failure> {
    Ok(latest(lake).await?.and_then(|cursor| cursor.listened_at))
}

async fn latest(lake: &Lake) -> Result<Option<Cursor>, Failure> {
    let mut paths: Vec<String> = lake.objects_in(FOLDER).map_ok(|object| object.path).try_collect().await?;
    paths.sort();
    while let Some(path) = paths.pop() {
        // One that cannot be read is as good as none: what is read again is found again.
        if let Some(body) = lake.read_object(&path).await?
            && let Ok(cursor) = serde_json::from_slice(&body)
        {
            return Ok(Some(cursor));
        }
    }
    Ok(None)
}

/// The first commit that was made at a time or after it; the next one to come, if there is none.
async fn first_since(lake: &Lake, since: DateTime<Utc>) -> Result<i64, Failure> {
    let (mut low, mut high) = (0, lake.version(Table::Archive).await? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let at_ms = lake.changes(Table::Archive, middle).try_next().await?.and_then(|change| change.at_ms);
        if at_ms.is_none_or(|at_ms| at_ms < since.timestamp_millis()) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_after_a_pause() {
        let now = DateTime::from_timestamp(1_795_860_000, 0).unwrap();
        let hours = TimeDelta::hours;
        let cursor = |round: TimeDelta, since: TimeDelta, until: TimeDelta| Cursor {
            round_at: now - round,
            since: now - since,
            since_until: now - until,
            ..Cursor::new(now, now)
        };
        let resumed = |cursor: Cursor, since: Option<TimeDelta>| {
            let mut cursor = cursor.resumed(since.map(|since| now - since), now);
            cursor.tick(now);
            (now - cursor.since).num_hours()
        };
        assert_eq!(resumed(cursor(hours(0), hours(24), hours(0)), None), 24, "in the ordinary course");
        assert_eq!(resumed(cursor(hours(72), hours(96), hours(72)), None), 73, "after three days what came in them");
        assert_eq!(resumed(cursor(hours(1), hours(73), hours(-20)), None), 73, "killed while it catches up");
        assert_eq!(resumed(cursor(hours(1), hours(73), hours(1)), None), 24, "when it has caught up");
        assert_eq!(resumed(cursor(hours(1), hours(24), hours(0)), Some(hours(500))), 500, "as the user asks");
        let mut caught_up = cursor(hours(72), hours(96), hours(72)).resumed(None, now);
        caught_up.tick(now + hours(25));
        assert_eq!((now + hours(25) - caught_up.since).num_hours(), 24);
    }
}
