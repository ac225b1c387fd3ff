//! The dates that people and digests write, as `dateutil` reads them.
//!
//! What it would complete with today's date (`2026`, `10:00`) is refused here: a proof should not depend on the day that it is asked for.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A time with or without an offset. Without, it cannot be compared with one that has it, as in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    local: NaiveDateTime,
    offset: Option<FixedOffset>,
}

/// What Python raises when only one of two times has an offset.
pub const NAIVE_AND_AWARE: &str = "can't compare offset-naive and offset-aware datetimes";

impl Stamp {
    /// A time in UTC.
    pub fn utc(time: DateTime<Utc>) -> Stamp {
        Stamp { local: time.naive_utc(), offset: FixedOffset::east_opt(0) }
    }

    /// The same clock, taken as UTC.
    pub fn taken_as_utc(self) -> DateTime<Utc> {
        self.local.and_utc()
    }

    /// The moment; without an offset, UTC.
    pub fn moment(self) -> DateTime<Utc> {
        match self.offset {
            Some(offset) => (self.local - TimeDelta::seconds(i64::from(offset.local_minus_utc()))).and_utc(),
            None => self.local.and_utc(),
        }
    }

    /// The same time, earlier or later.
    pub fn plus(self, by: TimeDelta) -> Stamp {
        Stamp { local: self.local.checked_add_signed(by).unwrap_or(self.local), ..self }
    }

    /// Compares moments.
    pub fn compare(self, other: Stamp) -> Result<Ordering, &'static str> {
        match (self.offset, other.offset) {
            (Some(_), Some(_)) | (None, None) => Ok(self.moment().cmp(&other.moment())),
            _ => Err(NAIVE_AND_AWARE),
        }
    }

    /// `%Y-%m-%dT%H:%M:%SZ` of its own clock, whatever the offset.
    pub fn text(self) -> String {
        self.local.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `%Y%m%dT%H%M%SZ`, as in the names of digests.
    pub fn compact(self) -> String {
        self.local.format("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `%Y/%m/%d`, as in their folders.
    pub fn folder(self) -> String {
        self.local.format("%Y/%m/%d").to_string()
    }
}

/// Reads a date; `None` where `dateutil` raises, or would need to know what day it is.
pub fn parse(text: &str) -> Option<Stamp> {
    let text = text.trim_ascii();
    if !text.is_ascii() {
        return None;
    }
    let (date, rest) = day(text)?;
    let rest = rest.strip_prefix(['T', 't']).map_or_else(|| rest.trim_ascii_start(), str::trim_ascii_start);
    let began = rest.len() < text.len() && !rest.is_empty();
    let (time, rest) = if began { clock(rest)? } else { (NaiveTime::MIN, rest) };
    let (date, rest) = match date {
        Day::Whole(date) => (date, rest),
        Day::YearLast(month, day) => year_last(month, day, rest)?,
    };
    let offset = if began { offset(rest)? } else { rest.is_empty().then_some(None)? };
    Some(Stamp { local: date.and_time(time), offset })
}

enum Day {
    Whole(NaiveDate),
    /// `Sun Nov 22 04:00:00 2026`: month and day.
    YearLast(u32, u32),
}

fn day(text: &str) -> Option<(Day, &str)> {
    let text = match word(text) {
        Some((name, rest)) if is_weekday(name) => rest.trim_start_matches([',', ' ']),
        _ => text,
    };
    if let Some((name, rest)) = word(text) {
        return month_first(month(name)?, rest.trim_start_matches(['.', ' ', '-']));
    }
    let (digits, rest) = number(text)?;
    let separator = rest.chars().next();
    match (digits.len(), separator) {
        (8 | 12 | 14, _) => compact(digits, rest),
        (4, Some(mark @ ('-' | '/' | '.'))) => year_first(digits, mark, rest),
        (1 | 2, Some(mark @ ('-' | '/' | '.'))) if number(rest.get(1..)?).is_some() => year_third(digits, mark, rest),
        (1 | 2, Some(' ' | '-')) => day_first(digits, rest),
        _ => None,
    }
}

/// `20261122`, and the same with hours, minutes and seconds right after it.
fn compact<'a>(digits: &'a str, rest: &'a str) -> Option<(Day, &'a str)> {
    let (date, time) = digits.split_at_checked(8)?;
    let date = Day::Whole(ymd(date.get(..4)?, date.get(4..6)?, date.get(6..)?)?);
    match time {
        "" => Some((date, rest)),
        // Only where nothing follows: what follows the digits is not part of them.
        _ if rest.is_empty() => Some((date, time)),
        _ => None,
    }
}

fn year_first<'a>(year: &str, mark: char, rest: &'a str) -> Option<(Day, &'a str)> {
    let (month, rest) = number(rest.strip_prefix(mark)?).filter(|(month, _)| month.len() <= 2)?;
    let (day, rest) = number(rest.strip_prefix(mark)?).filter(|(day, _)| day.len() <= 2)?;
    Some((Day::Whole(ymd(year, month, day)?), rest))
}

/// `11/22/2026`; where the first number is no month, it is the day.
fn year_third<'a>(first: &str, mark: char, rest: &'a str) -> Option<(Day, &'a str)> {
    let (second, rest) = number(rest.strip_prefix(mark)?).filter(|(second, _)| second.len() <= 2)?;
    let (year, rest) = number(rest.strip_prefix(mark)?).filter(|(year, _)| year.len() == 4)?;
    let (month, day) = if first.parse::<u32>().ok()? > 12 { (second, first) } else { (first, second) };
    Some((Day::Whole(ymd(year, month, day)?), rest))
}

/// `22 Nov 2026`, `22-Nov-2026`.
fn day_first<'a>(day: &str, rest: &'a str) -> Option<(Day, &'a str)> {
    let (name, rest) = word(rest.trim_start_matches([' ', '-']))?;
    let (year, rest) = number(rest.trim_start_matches(['.', ',', ' ', '-'])).filter(|(year, _)| year.len() == 4)?;
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month(name)?, day.parse().ok()?)?;
    Some((Day::Whole(date), rest))
}

/// `Nov 22, 2026`, or the year after the time.
fn month_first(month: u32, rest: &str) -> Option<(Day, &str)> {
    let (day, rest) = number(rest).filter(|(day, _)| day.len() <= 2)?;
    let (day, after) = (day.parse().ok()?, rest.trim_start_matches([',', ' ', '-']));
    match number(after) {
        Some((year, rest)) if year.len() == 4 && !rest.starts_with(':') => {
            Some((Day::Whole(NaiveDate::from_ymd_opt(year.parse().ok()?, month, day)?), rest))
        }
        _ => Some((Day::YearLast(month, day), rest)),
    }
}

/// The year that ends `Sun Nov 22 04:00:00 UTC 2026`, and what stands before it.
fn year_last(month: u32, day: u32, rest: &str) -> Option<(NaiveDate, &str)> {
    let (zone, year) = rest.rsplit_once(' ')?;
    let year = Some(year).filter(|year| year.len() == 4)?.parse().ok()?;
    Some((NaiveDate::from_ymd_opt(year, month, day)?, zone))
}

/// `04`, `04:00`, `04:00:00.123`, `0400`, `040000`, `4pm`, `4:00 AM`.
fn clock(text: &str) -> Option<(NaiveTime, &str)> {
    let (first, rest) = number(text)?;
    let (hour, minute, second, rest) = match first.len() {
        1 | 2 => colons(first, rest)?,
        4 => (first.get(..2)?, first.get(2..)?, "0", rest),
        6 => (first.get(..2)?, first.get(2..4)?, first.get(4..)?, rest),
        _ => return None,
    };
    let (microsecond, rest) = fraction(rest)?;
    let (hour, rest) = noon(hour.parse().ok()?, rest)?;
    let time = NaiveTime::from_hms_micro_opt(hour, minute.parse().ok()?, second.parse().ok()?, microsecond)?;
    Some((time, rest))
}

fn colons<'a>(hour: &'a str, rest: &'a str) -> Option<(&'a str, &'a str, &'a str, &'a str)> {
    let Some(rest) = rest.strip_prefix(':') else { return Some((hour, "0", "0", rest)) };
    let (minute, rest) = number(rest).filter(|(minute, _)| minute.len() <= 2)?;
    let Some(rest) = rest.strip_prefix(':') else { return Some((hour, minute, "0", rest)) };
    let (second, rest) = number(rest).filter(|(second, _)| second.len() <= 2)?;
    Some((hour, minute, second, rest))
}

fn fraction(rest: &str) -> Option<(u32, &str)> {
    let Some(rest) = rest.strip_prefix(['.', ',']) else { return Some((0, rest)) };
    let (digits, rest) = number(rest)?;
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    Some((six.parse().ok()?, rest))
}

fn noon(hour: u32, rest: &str) -> Option<(u32, &str)> {
    let after = rest.trim_ascii_start();
    let half = after.get(..2).unwrap_or_default().to_ascii_lowercase();
    if half != "am" && half != "pm" {
        return Some((hour, rest));
    }
    let hour = Some(hour).filter(|hour| *hour <= 12)? % 12;
    Some((if half == "pm" { hour + 12 } else { hour }, after.get(2..)?))
}

/// `Z`, `UTC`, `+02:00`, `-0230`, `+02`; the outer `None` is an error, the inner one says that there is no offset.
fn offset(rest: &str) -> Option<Option<FixedOffset>> {
    let rest = rest.trim_ascii();
    match rest {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "GMT" => return Some(FixedOffset::east_opt(0)),
        _ => {}
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let digits = rest.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':').filter(|(hours, _)| hours.len() == 2)?,
        _ => return None,
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i32>().ok()).flatten();
    FixedOffset::east_opt(sign * (plain(hours)? * 3600 + plain(minutes)? * 60)).map(Some)
}

fn ymd(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let year = year.parse().ok().filter(|year| *year > 0)?;
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)
}

/// Digits at the begin, and the rest.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

/// Letters at the begin, and the rest.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(letters, _)| !letters.is_empty())
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn month(name: &str) -> Option<u32> {
    let name = if name.eq_ignore_ascii_case("sept") { "sep" } else { name };
    MONTHS.iter().position(|month| is_name(name, month)).and_then(|place| u32::try_from(place + 1).ok())
}

fn is_weekday(name: &str) -> bool {
    WEEKDAYS.iter().any(|weekday| is_name(name, weekday))
}

/// Written out, or its first three letters.
fn is_name(name: &str, whole: &str) -> bool {
    name.eq_ignore_ascii_case(whole) || whole.get(..3).is_some_and(|short| name.eq_ignore_ascii_case(short))
}

#[cfg(test)]
mod tests;
