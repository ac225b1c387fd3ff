//! Listens for what does not come: digests that are overdue, places and trails that fell silent.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use detect::blind::{HISTORY_US, Signs};
use finding::Finding;
use lake::Lake;

use crate::detecting::silences;
use crate::exit::Failure;

/// How often.
const LISTEN_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How long a run collects before it believes that what is not there did not come.
const LISTEN_AFTER: TimeDelta = TimeDelta::minutes(30);
/// How far before the last look deliveries are read again: they are not collected in the order of their times.
const OVERLAP: TimeDelta = TimeDelta::hours(6);

/// What was heard so far.
pub struct Listening {
    signs: Signs,
    heard_until: Option<DateTime<Utc>>,
    next_at: DateTime<Utc>,
    /// Whether the source goes on, so that silence at its end means something.
    goes_on: bool,
}

impl Listening {
    /// In a run that begins now.
    pub fn new(goes_on: bool, now: DateTime<Utc>) -> Listening {
        Listening { signs: Signs::default(), heard_until: None, next_at: now + LISTEN_AFTER, goes_on }
    }

    /// Silences that were noticed since a time, if it is time to look.
    pub async fn round(&mut self, lake: &Lake, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Finding>, Failure> {
        if !self.goes_on || now < self.next_at {
            return Ok(Vec::new());
        }
        self.next_at = now + LISTEN_EVERY;
        self.look(lake, since, now).await
    }

    /// Silences in what was read to its end.
    pub async fn look(&mut self, lake: &Lake, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Finding>, Failure> {
        let from = self.heard_until.map_or(silences::history(since), |until| until - OVERLAP);
        silences::note_lake(lake, &mut self.signs, from).await?;
        self.heard_until = Some(now);
        self.signs.forget_before(now.timestamp_micros() - 2 * HISTORY_US);
        let clock = if self.goes_on { now.timestamp_micros() } else { self.signs.newest().unwrap_or_default() };
        let noticed: Range<i64> = since.timestamp_micros()..clock.saturating_add(1);
        silences::of_lake(lake, &self.signs, &noticed, clock).await
    }

    /// When silence was listened to last, if it was.
    pub fn listened_at(&self) -> Option<DateTime<Utc>> {
        self.heard_until.filter(|_| self.goes_on)
    }
}
