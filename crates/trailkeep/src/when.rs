//! Times and spans as people write them: `24h`, `7d`, `2026-11-01`, `2026-11-01T10:00Z`.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A point in time, absolute or counted back from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long ago.
    Ago(Span),
    /// Then.
    At(DateTime<Utc>),
}

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Seconds.
    pub s: u64,
}

/// Longest span that makes sense: a hundred years.
const SPAN_S_MAX: u64 = 100 * 366 * 86_400;

impl When {
    /// The point in time, seen from now.
    pub fn resolve(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            When::At(at) => at,
            When::Ago(span) => now - TimeDelta::seconds(i64::try_from(span.s).unwrap_or_default()),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<When, String> {
        if let Ok(span) = text.parse::<Span>() {
            return Ok(When::Ago(span));
        }
        moment(text)
            .map(When::At)
            .ok_or_else(|| format!("`{text}` is no time; write 24h, 7d (ago), 2026-11-01 or 2026-11-01T10:00Z (times are UTC)"))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{text}` is no length of time; write a number and s, m, h, d or w, such as 24h");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
        let unit_s = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit_s).filter(|s| *s <= SPAN_S_MAX).map(|s| Span { s }).ok_or_else(wrong)
    }
}

/// A day (its first moment) or a time with or without seconds; UTC unless an offset is written.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z") {
        return Some(at.to_utc());
    }
    let bare = text.strip_suffix('Z').unwrap_or(text).replacen(' ', "T", 1);
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(&bare, format).ok()).map(|at| at.and_utc())
}

/// A size in bytes: `1048576`, `300MB`, `1GiB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write bytes, or a number with KB, MB, GB, KiB, MiB or GiB");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    digits.trim_end().parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|size| *size > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        let now = DateTime::parse_from_rfc3339("2026-11-22T12:00:00Z").unwrap().to_utc();
        text.parse::<When>().map_or_else(|error| error, |when| when.resolve(now).to_rfc3339())
    }

    #[test]
    fn times() {
        assert_eq!(at("24h"), "2026-11-21T12:00:00+00:00");
        assert_eq!(at("7d"), "2026-11-15T12:00:00+00:00");
        assert_eq!(at("90m"), "2026-11-22T10:30:00+00:00");
        assert_eq!(at("2026-11-01"), "2026-11-01T00:00:00+00:00");
        assert_eq!(at("2026-11-01T10:00Z"), "2026-11-01T10:00:00+00:00");
        assert_eq!(at("2026-11-01T10:00:30Z"), "2026-11-01T10:00:30+00:00");
        assert_eq!(at("2026-11-01T10:00+02:00"), "2026-11-01T08:00:00+00:00");
        assert_eq!(at("2026-11-01 10:00"), "2026-11-01T10:00:00+00:00");
    }

    #[test]
    fn what_is_no_time() {
        for text in ["", "d", "yesterday", "2026-13-01", "-3d", "7y", "99999999999999999999d", "1000000000w", "2026-11-01T25:00Z"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
        assert!(at("soon").contains("write 24h"));
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("1000"), Ok(1000));
        assert_eq!(bytes("300MB"), Ok(300_000_000));
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        for text in ["", "0", "MB", "1.5GB", "9999999999999GiB", "1XB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
