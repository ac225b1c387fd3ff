//! CloudTrail's times: `2023-07-10T11:47:39Z`, as microseconds since 1970 UTC.

use chrono::{DateTime, NaiveDateTime};

/// Earliest event time that is believed: CloudTrail began in November 2013.
pub const EVENT_TIME_MIN_US: i64 = 1_356_998_400_000_000; // 2013-01-01
/// Latest event time that is believed.
pub const EVENT_TIME_MAX_US: i64 = 4_102_444_800_000_000; // 2100-01-01

/// Length of AWS's own form.
pub const CANONICAL_LENGTH: usize = "2023-07-10T11:47:39Z".len();

/// Reads AWS's own form (seconds, `Z`); `None` for anything else. What is read is what [`write_canonical`] writes again.
pub fn parse_canonical(text: &[u8]) -> Option<i64> {
    Dates::default().parse_canonical(text)
}

/// Reads times in AWS's own form, and remembers the last date: most records have the date of the one before.
#[derive(Clone, Debug, Default)]
pub struct Dates {
    written: [u8; 10],
    days: i64,
}

impl Dates {
    /// Reads one; `None` for anything else.
    pub fn parse_canonical(&mut self, text: &[u8]) -> Option<i64> {
        let (date, time) = text.split_first_chunk::<10>()?;
        let [b'T', h0, h1, b':', i0, i1, b':', s0, s1, b'Z'] = *time else { return None };
        let (hour, minute, second) = (pair(h0, h1)?, pair(i0, i1)?, pair(s0, s1)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if *date != self.written {
            self.days = days_of(*date)?;
            self.written = *date;
        }
        Some((((self.days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
    }
}

/// Days since 1970 of `YYYY-MM-DD`.
fn days_of(date: [u8; 10]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date else { return None };
    let (year, month, day) = (pair(y0, y1)? * 100 + pair(y2, y3)?, pair(m0, m1)?, pair(d0, d1)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

/// Two digits as a number.
fn pair(a: u8, b: u8) -> Option<i64> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    (a < 10 && b < 10).then_some(i64::from(a) * 10 + i64::from(b))
}

/// Reads any ISO-8601 form that has been seen: offsets, fractions, a blank instead of `T`, no zone (UTC).
pub fn parse_lenient(text: &str) -> Option<i64> {
    if let Some(micros) = parse_canonical(text.as_bytes()) {
        return Some(micros);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc().timestamp_micros())
}

/// Writes AWS's own form into `out`; `false` when the time has a fraction or does not fit four digits of year.
pub fn write_canonical(micros: i64, out: &mut Vec<u8>) -> bool {
    let seconds = micros.div_euclid(1_000_000);
    if micros.rem_euclid(1_000_000) != 0 {
        return false;
    }
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    if !(0..=9999).contains(&year) {
        return false;
    }
    let two = |n: i64| [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
    out.extend(two(year / 100));
    for (n, before) in [(year % 100, None), (month, Some(b'-')), (day, Some(b'-')), (rest / 3600, Some(b'T'))] {
        out.extend(before);
        out.extend(two(n));
    }
    for n in [rest / 60 % 60, rest % 60] {
        out.push(b':');
        out.extend(two(n));
    }
    out.push(b'Z');
    true
}

/// Whether a time can be an event's.
pub fn is_believable(micros: i64) -> bool {
    (EVENT_TIME_MIN_US..EVENT_TIME_MAX_US).contains(&micros)
}

/// The day `YYYY-MM-DD` of a time, or `unknown` when it is absurd.
pub fn event_day(micros: Option<i64>) -> String {
    let Some(micros) = micros.filter(|us| is_believable(*us)) else {
        return "unknown".to_owned();
    };
    let (year, month, day) = civil_from_days(micros.div_euclid(86_400_000_000));
    format!("{year:04}-{month:02}-{day:02}")
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Hinnant's algorithm).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_times_round_trip_and_agree_with_chrono() {
        let mut dates = Dates::default();
        for seconds in (-62_135_596_800_i64..253_402_300_800).step_by(86_400 * 13 + 7_321) {
            let expected = DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let mut written = Vec::new();
            assert!(write_canonical(seconds * 1_000_000, &mut written));
            assert_eq!(String::from_utf8(written).unwrap(), expected);
            assert_eq!(parse_canonical(expected.as_bytes()), Some(seconds * 1_000_000));
            let evening = expected.get(..11).unwrap().to_owned() + "23:59:58Z";
            for text in [&expected, &evening, &expected] {
                assert_eq!(dates.parse_canonical(text.as_bytes()), parse_canonical(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn what_is_read_as_canonical_is_written_again() {
        let mut text = b"2024-02-28T23:59:59Z".to_vec();
        let mut dates = Dates::default();
        for at in 0..text.len() {
            let kept = text.get(at).copied().unwrap();
            for byte in 0..=u8::MAX {
                *text.get_mut(at).unwrap() = byte;
                assert_eq!(dates.parse_canonical(&text), parse_canonical(&text));
                let Some(micros) = dates.parse_canonical(&text) else { continue };
                let mut written = Vec::new();
                assert!(write_canonical(micros, &mut written) && written == text);
            }
            *text.get_mut(at).unwrap() = kept;
        }
    }

    #[test]
    fn odd_times() {
        let cases = [
            ("2023-02-29T00:00:00Z", None),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000_000)),
            ("2023-07-10T24:00:00Z", None),
            ("2023-07-10 11:47:39", Some(1_688_989_659_000_000)),
            ("2023-07-10T11:47:39.5Z", Some(1_688_989_659_500_000)),
            ("2023-07-10T13:47:39+02:00", Some(1_688_989_659_000_000)),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_lenient(text), expected, "{text}");
        }
        assert_eq!(event_day(Some(1_688_989_659_000_000)), "2023-07-10");
        assert_eq!(event_day(Some(0)), "unknown");
        assert_eq!(event_day(None), "unknown");
    }
}
