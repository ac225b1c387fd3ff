//! Numbers as people read them.

use chrono::{DateTime, SecondsFormat, Utc};

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,234.5`.
pub fn tenths(number: f64) -> String {
    decimals(number, 1)
}

/// `1,234.56`.
pub fn cents(number: f64) -> String {
    decimals(number, 2)
}

fn decimals(number: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", number.max(0.0));
    let (whole, rest) = text.split_once('.').unwrap_or((&text, "0"));
    format!("{}.{rest}", whole.parse().map_or_else(|_| whole.to_owned(), count))
}

/// `1 file`, `2 files`.
pub fn counted(number: u64, one: &str) -> String {
    counted_as(number, one, &format!("{one}s"))
}

/// `1 delivery`, `2 deliveries`.
pub fn counted_as(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `412 MB`: decimal units, as disks and S3 bills count.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in units {
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `0.4 s`, `12 s`, `3 min 20 s`, `5 h 10 min`, `12 days`.
pub fn span(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..600 if !whole.is_multiple_of(60) => format!("{} min {} s", whole / 60, whole % 60),
        60..3_600 => format!("{} min", whole / 60),
        3_600..86_400 => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
        86_400..172_800 => format!("1 day {} h", whole % 86_400 / 3_600),
        _ => format!("{} days", count(whole / 86_400)),
    }
}

/// `6 min`, `3 h`, `12 days`: how long ago, coarsely.
pub fn ago(seconds: i64) -> String {
    match seconds {
        i64::MIN..60 => "now".to_owned(),
        60..5_400 => format!("{} min", seconds / 60),
        5_400..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", count((seconds / 86_400).unsigned_abs())),
    }
}

/// `2023-01-22T16:53:53Z`.
pub fn iso(us: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(us).map_or_else(|| us.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// `2023-01-22 16:53:53`, of a time as `iso` writes it; it is UTC, as the heading says.
pub fn moment(iso: &str) -> String {
    iso.get(..19).filter(|_| iso.ends_with('Z')).map_or_else(|| iso.to_owned(), |time| time.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([count(0), count(999), count(1_000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([tenths(1_234.56), tenths(0.0), cents(999_999.999)], ["1,234.6", "0.0", "1,000,000.00"]);
        assert_eq!([counted(1, "file"), counted(2_000, "file")], ["1 file", "2,000 files"]);
        assert_eq!([size(0), size(999), size(1_000), size(412_000_000)], ["0 B", "999 B", "1.0 kB", "412 MB"]);
        assert_eq!(size(999_950), "1.0 MB");
        assert_eq!(size(u64::MAX), "18447 PB");
    }

    #[test]
    fn times() {
        assert_eq!([span(0.44), span(12.4), span(200.0), span(120.0)], ["0.4 s", "12 s", "3 min 20 s", "2 min"]);
        assert_eq!([span(18_600.0), span(86_400.0), span(1e7)], ["5 h 10 min", "1 day 0 h", "115 days"]);
        assert_eq!([ago(-5), ago(400), ago(10_800), ago(864_000)], ["now", "6 min", "3 h", "10 days"]);
        assert_eq!(iso(1_674_406_433_000_000), "2023-01-22T16:53:53Z");
        assert_eq!([moment("2023-01-22T16:53:53Z"), moment("unknown")], ["2023-01-22 16:53:53", "unknown"]);
    }
}
