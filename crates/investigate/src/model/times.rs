//! First and last.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// First and last moment of something, in microseconds; serialized as `first` and `last`, RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// The first.
    #[serde(rename = "first", serialize_with = "iso_if_any")]
    pub first_us: Option<i64>,
    /// The last.
    #[serde(rename = "last", serialize_with = "iso_if_any")]
    pub last_us: Option<i64>,
}

impl Times {
    /// Takes a moment in; 0 is no moment.
    pub fn add(&mut self, time_us: i64) {
        if time_us != 0 {
            self.first_us = Some(self.first_us.map_or(time_us, |first| first.min(time_us)));
            self.last_us = Some(self.last_us.map_or(time_us, |last| last.max(time_us)));
        }
    }

    /// Takes other times in.
    pub fn join(&mut self, other: Times) {
        for time in [other.first_us, other.last_us].into_iter().flatten() {
            self.add(time);
        }
    }
}

/// A moment as RFC 3339.
pub fn iso<S: Serializer>(time_us: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&spelled(*time_us))
}

/// A moment that may be missing as RFC 3339.
pub fn iso_if_any<S: Serializer>(time_us: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match time_us {
        Some(time_us) => serializer.serialize_some(&spelled(*time_us)),
        None => serializer.serialize_none(),
    }
}

fn spelled(time_us: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(time_us)
        .map_or_else(|| time_us.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
