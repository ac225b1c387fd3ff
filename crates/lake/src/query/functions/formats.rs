//! Patterns for times: Joda's (`yyyy-MM-dd'T'HH:mm:ss`) and MySQL's (`%Y-%m-%d %H:%i:%s`), to write times and to read them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::{Give, Outcome, Row, Run, Spec, Take, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("date_format", (2, 2), &[Take::Time, Take::Text], Give::Text, Run::Text(|row| write(row, &mysql(row.text(1))?))),
    spec("format_datetime", (2, 2), &[Take::Time, Take::Text], Give::Text, Run::Text(|row| write(row, &joda(row.text(1))?))),
    spec("date_parse", (2, 2), &[Take::Text, Take::Text], Give::Time, Run::Time(|row| read(row.text(0), &mysql(row.text(1))?))),
    spec("parse_datetime", (2, 2), &[Take::Text, Take::Text], Give::Time, Run::Time(|row| read(row.text(0), &joda(row.text(1))?))),
];

/// A part of a pattern: what, and in how many digits (or letters).
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Year,
    WeekYear,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Week,
    Weekday,
    WeekdayName,
    Hour,
    Hour12,
    HourFrom1,
    Minute,
    Second,
    Fraction,
    HalfDay,
    Offset,
    ZoneName,
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Part(What, usize),
    Text(String),
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Letters of a short name.
const SHORT: usize = 3;
/// Stands for a name in full.
const FULL: usize = 4;

fn mysql(pattern: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            push_text(&mut items, letter);
            continue;
        }
        let Some(code) = letters.next() else { return Err("the pattern ends with %".to_owned()) };
        let part = match code {
            'Y' => Item::Part(What::Year, 4),
            'y' => Item::Part(What::Year, 2),
            'x' => Item::Part(What::WeekYear, 4),
            'm' => Item::Part(What::Month, 2),
            'c' => Item::Part(What::Month, 1),
            'M' => Item::Part(What::MonthName, FULL),
            'b' => Item::Part(What::MonthName, SHORT),
            'd' => Item::Part(What::Day, 2),
            'e' => Item::Part(What::Day, 1),
            'j' => Item::Part(What::DayOfYear, 3),
            'v' => Item::Part(What::Week, 2),
            'W' => Item::Part(What::WeekdayName, FULL),
            'a' => Item::Part(What::WeekdayName, SHORT),
            'H' => Item::Part(What::Hour, 2),
            'k' => Item::Part(What::Hour, 1),
            'h' | 'I' => Item::Part(What::Hour12, 2),
            'l' => Item::Part(What::Hour12, 1),
            'i' => Item::Part(What::Minute, 2),
            's' | 'S' => Item::Part(What::Second, 2),
            'f' => Item::Part(What::Fraction, 6),
            'p' => Item::Part(What::HalfDay, 2),
            'T' | 'r' => {
                items.extend(mysql(if code == 'T' { "%H:%i:%s" } else { "%h:%i:%s %p" })?);
                continue;
            }
            'D' | 'U' | 'u' | 'V' | 'w' | 'X' => return Err(format!("%{code} is not supported, as in Trino")),
            other => {
                push_text(&mut items, other);
                continue;
            }
        };
        items.push(part);
    }
    Ok(items)
}

fn joda(pattern: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' {
            quoted(&mut letters, &mut items)?;
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            push_text(&mut items, letter);
            continue;
        }
        let mut count = 1;
        while letters.next_if_eq(&letter).is_some() {
            count += 1;
        }
        items.push(joda_part(letter, count)?);
    }
    Ok(items)
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, items: &mut Vec<Item>) -> Result<(), String> {
    if letters.next_if_eq(&'\'').is_some() {
        push_text(items, '\'');
        return Ok(());
    }
    loop {
        match letters.next() {
            Some('\'') if letters.next_if_eq(&'\'').is_none() => return Ok(()),
            Some(letter) => push_text(items, letter),
            None => return Err("a quote in the pattern is not closed".to_owned()),
        }
    }
}

fn joda_part(letter: char, count: usize) -> Result<Item, String> {
    let name = if count > SHORT { FULL } else { SHORT };
    Ok(match letter {
        'y' | 'Y' => Item::Part(What::Year, count),
        'x' => Item::Part(What::WeekYear, count),
        'M' if count >= SHORT => Item::Part(What::MonthName, name),
        'M' => Item::Part(What::Month, count),
        'd' => Item::Part(What::Day, count),
        'D' => Item::Part(What::DayOfYear, count),
        'w' => Item::Part(What::Week, count),
        'e' => Item::Part(What::Weekday, count),
        'E' => Item::Part(What::WeekdayName, name),
        'H' => Item::Part(What::Hour, count),
        'h' => Item::Part(What::Hour12, count),
        'k' => Item::Part(What::HourFrom1, count),
        'm' => Item::Part(What::Minute, count),
        's' => Item::Part(What::Second, count),
        'S' => Item::Part(What::Fraction, count.min(9)),
        'a' => Item::Part(What::HalfDay, 2),
        'Z' => Item::Part(What::Offset, count),
        'z' => Item::Part(What::ZoneName, count),
        other => return Err(format!("`{other}` in the pattern is not known")),
    })
}

fn push_text(items: &mut Vec<Item>, letter: char) {
    match items.last_mut() {
        Some(Item::Text(text)) => text.push(letter),
        _ => items.push(Item::Text(letter.to_string())),
    }
}

fn write(row: &Row<'_>, items: &[Item]) -> Outcome<String> {
    let (time, offset) = row.local(0)?;
    let mut written = String::new();
    for item in items {
        match item {
            Item::Text(text) => written.push_str(text),
            Item::Part(what, width) => written.push_str(&part(*what, *width, &time, offset)),
        }
    }
    Ok(Some(written))
}

fn part(what: What, width: usize, time: &NaiveDateTime, offset: i32) -> String {
    let number = |value: i64| format!("{value:0width$}");
    match what {
        What::Year if width == 2 => format!("{:02}", time.year().rem_euclid(100)),
        What::Year => number(i64::from(time.year())),
        What::WeekYear if width == 2 => format!("{:02}", time.iso_week().year().rem_euclid(100)),
        What::WeekYear => number(i64::from(time.iso_week().year())),
        What::Month => number(i64::from(time.month())),
        What::MonthName => named(&MONTHS, time.month0() as usize, width),
        What::Day => number(i64::from(time.day())),
        What::DayOfYear => number(i64::from(time.ordinal())),
        What::Week => number(i64::from(time.iso_week().week())),
        What::Weekday => number(i64::from(time.weekday().number_from_monday())),
        What::WeekdayName => named(&WEEKDAYS, time.weekday().num_days_from_monday() as usize, width),
        What::Hour => number(i64::from(time.hour())),
        What::Hour12 => number(i64::from(time.hour12().1)),
        What::HourFrom1 => number(i64::from(if time.hour() == 0 { 24 } else { time.hour() })),
        What::Minute => number(i64::from(time.minute())),
        What::Second => number(i64::from(time.second())),
        What::Fraction => format!("{:09}", time.nanosecond()).chars().take(width).collect(),
        What::HalfDay => if time.hour12().0 { "PM" } else { "AM" }.to_owned(),
        What::Offset => written_offset(width, offset),
        What::ZoneName if offset == 0 => "UTC".to_owned(),
        What::ZoneName => written_offset(2, offset),
    }
}

/// `Z` is `+0000`, `ZZ` is `+00:00`, `ZZZ` a name.
fn written_offset(width: usize, offset: i32) -> String {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    match width {
        1 => format!("{sign}{:02}{:02}", minutes / 60, minutes % 60),
        3.. if offset == 0 => "UTC".to_owned(),
        _ => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

fn named(names: &[&str], at: usize, width: usize) -> String {
    let name = names.get(at).copied().unwrap_or_default();
    if width == SHORT { name.chars().take(SHORT).collect() } else { name.to_owned() }
}

/// What was read so far.
#[derive(Default)]
struct Fields {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    ordinal: Option<u32>,
    hour: u32,
    is_12: bool,
    is_pm: bool,
    minute: u32,
    second: u32,
    nano: u32,
    offset: i32,
}

fn read(text: &str, items: &[Item]) -> Outcome<i64> {
    let wrong = || format!("`{text}` does not have the form of the pattern");
    let mut fields = Fields::default();
    let mut rest = text;
    for (at, item) in items.iter().enumerate() {
        let next_is_number = matches!(items.get(at + 1), Some(Item::Part(what, _)) if is_number(*what));
        rest = match item {
            Item::Text(literal) => rest.strip_prefix(literal.as_str()).ok_or_else(wrong)?,
            Item::Part(what, width) => field(rest, *what, *width, next_is_number, &mut fields).ok_or_else(wrong)?,
        };
    }
    if !rest.is_empty() {
        return Err(wrong());
    }
    fields.time().map(Some).ok_or_else(wrong)
}

fn is_number(what: What) -> bool {
    !matches!(what, What::MonthName | What::WeekdayName | What::HalfDay | What::Offset | What::ZoneName)
}

impl Fields {
    fn time(&self) -> Option<i64> {
        let year = self.year.unwrap_or(1970);
        let date = match self.ordinal {
            Some(ordinal) => NaiveDate::from_yo_opt(year, ordinal)?,
            None => NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let hour = match (self.is_12, self.is_pm) {
            (true, false) => self.hour % 12,
            (true, true) => self.hour % 12 + 12,
            _ => self.hour,
        };
        let time = NaiveTime::from_hms_nano_opt(hour, self.minute, self.second, self.nano)?;
        Some(date.and_time(time).and_utc().timestamp_micros() - i64::from(self.offset) * 1_000_000)
    }
}

/// Reads one field; returns what stands behind it.
fn field<'a>(rest: &'a str, what: What, width: usize, next_is_number: bool, to: &mut Fields) -> Option<&'a str> {
    match what {
        What::MonthName => {
            let (at, after) = name(rest, &MONTHS)?;
            to.month = Some(at + 1);
            return Some(after);
        }
        What::WeekdayName => return Some(name(rest, &WEEKDAYS)?.1),
        What::HalfDay => {
            let half = rest.get(..2)?.to_ascii_uppercase();
            (to.is_12, to.is_pm) = (true, half == "PM");
            return matches!(half.as_str(), "AM" | "PM").then(|| rest.get(2..)).flatten();
        }
        What::Offset | What::ZoneName => return zone(rest, to),
        _ => {}
    }
    let most = match what {
        _ if next_is_number => width,
        What::Year | What::WeekYear if width != 2 => 9,
        What::Fraction => 9,
        What::DayOfYear => 3,
        _ => width.max(2),
    };
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(count)?;
    let value: u32 = digits.parse().ok()?;
    set(what, width, value, digits, to);
    Some(after)
}

fn set(what: What, width: usize, value: u32, digits: &str, to: &mut Fields) {
    match what {
        // Joda's and MySQL's pivot: 70 to 99 are of the last century.
        What::Year if width == 2 && digits.len() == 2 => {
            to.year = i32::try_from(if value < 70 { 2000 + value } else { 1900 + value }).ok()
        }
        What::Year | What::WeekYear => to.year = i32::try_from(value).ok(),
        What::Month => to.month = Some(value),
        What::Day => to.day = Some(value),
        What::DayOfYear => to.ordinal = Some(value),
        What::Hour | What::HourFrom1 => to.hour = value % 24 + if value > 24 { 24 } else { 0 },
        What::Hour12 => (to.hour, to.is_12) = (value, true),
        What::Minute => to.minute = value,
        What::Second => to.second = value,
        What::Fraction => to.nano = format!("{digits:0<9}").parse().unwrap_or(0),
        _ => {}
    }
}

fn name<'a>(rest: &'a str, names: &[&str]) -> Option<(u32, &'a str)> {
    let starts = |name: &str| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let found =
        |length: Option<usize>| names.iter().position(|name| starts(name.get(..length.unwrap_or(name.len())).unwrap_or(name)));
    let (at, length) = match found(None) {
        Some(at) => (at, names.get(at)?.len()),
        None => (found(Some(SHORT))?, SHORT),
    };
    Some((u32::try_from(at).ok()?, rest.get(length..)?))
}

fn zone<'a>(rest: &'a str, to: &mut Fields) -> Option<&'a str> {
    for name in ["UTC", "GMT", "Z"] {
        if let Some(after) = rest.strip_prefix(name) {
            return Some(after);
        }
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, after) = rest.get(1..)?.split_at_checked(2)?;
    let after = after.strip_prefix(':').unwrap_or(after);
    let (minutes, after) = after.split_at_checked(2)?;
    to.offset = sign * (hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60);
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_read_what_they_write() {
        let time = NaiveDate::from_ymd_opt(2023, 7, 9).unwrap().and_hms_milli_opt(15, 4, 5, 67).unwrap();
        let written = |items: &[Item]| -> String {
            items
                .iter()
                .map(|item| match item {
                    Item::Text(text) => text.clone(),
                    Item::Part(what, width) => part(*what, *width, &time, 0),
                })
                .collect()
        };
        let cases = [
            (joda("yyyy-MM-dd'T'HH:mm:ss.SSSZZ"), "2023-07-09T15:04:05.067+00:00"),
            (joda("EEE, d MMM yyyy h:mm:ss.SSS a"), "Sun, 9 Jul 2023 3:04:05.067 PM"),
            (joda("yyyyMMddHHmmssSSS"), "20230709150405067"),
            (joda("EEEE 'o''clock' MMMM dd yy HH:mm:ss,SSS"), "Sunday o'clock July 09 23 15:04:05,067"),
            (mysql("%Y-%m-%d %H:%i:%s.%f"), "2023-07-09 15:04:05.067000"),
            (mysql("%W %M %e %Y %r %f"), "Sunday July 9 2023 03:04:05 PM 067000"),
            (mysql("%y%m%d %T %f%%"), "230709 15:04:05 067000%"),
        ];
        for (items, expected) in cases {
            let items = items.unwrap();
            assert_eq!(written(&items), expected);
            assert_eq!(read(expected, &items).unwrap(), Some(time.and_utc().timestamp_micros()), "{expected}");
        }
        assert!(read("2023-13-01", &mysql("%Y-%m-%d").unwrap()).is_err());
        assert!(read("2023-01-01x", &mysql("%Y-%m-%d").unwrap()).is_err());
        assert!(joda("'open").is_err() && mysql("%").is_err() && joda("b").is_err());
    }
}
