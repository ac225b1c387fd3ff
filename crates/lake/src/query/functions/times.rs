//! Functions of times. All times are UTC unless `AT TIME ZONE` says otherwise.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ColumnarValue;

use super::{Call, Give, Outcome, Row, Run, Spec, Take, spec, time_type};

const TIME: &[Take] = &[Take::Time];
const DAY_US: i64 = 86_400_000_000;

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("year", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.year())))),
    spec("quarter", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.month0() / 3 + 1)))),
    spec("month", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.month())))),
    spec("week", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.iso_week().week())))),
    spec("year_of_week", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.iso_week().year())))),
    spec("day", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.day())))),
    spec("day_of_week", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.weekday().number_from_monday())))),
    spec("day_of_year", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.ordinal())))),
    spec("hour", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.hour())))),
    spec("minute", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.minute())))),
    spec("second", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.second())))),
    spec("millisecond", (1, 1), TIME, Give::Int, Run::Int(|row| local(row, |time| i64::from(time.nanosecond() / 1_000_000)))),
    spec("timezone_hour", (1, 1), TIME, Give::Int, Run::Int(|row| Ok(Some(i64::from(row.local(0)?.1 / 3600))))),
    spec("timezone_minute", (1, 1), TIME, Give::Int, Run::Int(|row| Ok(Some(i64::from(row.local(0)?.1 / 60 % 60))))),
    spec("date_add", (3, 3), &[Take::Text, Take::Int, Take::Any], Give::By(third), Run::Columns(date_add)),
    spec("date_diff", (3, 3), &[Take::Text, Take::Time, Take::Time], Give::Int, Run::Int(date_diff)),
    spec("date_trunc", (2, 2), &[Take::Text, Take::Any], Give::By(second), Run::Columns(date_trunc)),
    spec("last_day_of_month", (1, 1), TIME, Give::By(date), Run::Columns(last_day)),
    spec("lake_date", (1, 1), TIME, Give::By(date), Run::Columns(to_date)),
    spec("from_iso8601_date", (1, 1), TIME, Give::By(date), Run::Columns(to_date)),
    spec("from_iso8601_timestamp", (1, 1), &[Take::Text], Give::Time, Run::Time(|row| from_text(row.text(0)).map(Some))),
    spec("from_iso8601_timestamp_nanos", (1, 1), &[Take::Text], Give::Time, Run::Time(|row| from_text(row.text(0)).map(Some))),
    spec("to_iso8601", (1, 1), &[Take::Any], Give::Text, Run::Columns(to_iso8601)),
    spec("from_unixtime", (1, 2), &[Take::Double, Take::Any], Give::Time, Run::Time(from_unixtime)),
    spec("from_unixtime_nanos", (1, 1), &[Take::Int], Give::Time, Run::Time(|row| Ok(Some(row.int(0) / 1_000)))),
    spec("to_unixtime", (1, 1), TIME, Give::Double, Run::Double(|row| Ok(Some(row.time(0) as f64 / 1e6)))),
    spec("to_milliseconds", (1, 1), TIME, Give::Int, Run::Int(|row| Ok(Some(row.time(0) / 1_000)))),
    spec("lake_with_timezone", (2, 2), &[Take::Time, Take::Text], Give::Time, Run::Time(with_timezone)),
    spec("with_timezone", (2, 2), &[Take::Time, Take::Text], Give::Time, Run::Time(with_timezone)),
    spec("current_timezone", (0, 0), &[], Give::Text, Run::Text(|_| Ok(Some("UTC".to_owned())))),
    spec("human_readable_seconds", (1, 1), &[Take::Double], Give::Text, Run::Text(human_readable)),
];

/// Texts in the place of times, read in every spelling; other values stay as they are.
pub fn of_texts(name: &str, value: &ColumnarValue, tries: bool) -> Result<ColumnarValue> {
    if !super::is_text(&value.data_type()) {
        return Ok(value.clone());
    }
    let read = |text: Option<&str>| match text.map(from_text) {
        Some(Err(what)) if !tries => Err(super::failed(name, what)),
        Some(time) => Ok(time.ok()),
        None => Ok(None),
    };
    let texts = cast(&value.to_array(1)?, &DataType::Utf8)?;
    let times = texts.as_string::<i32>().iter().map(read).collect::<Result<TimestampMicrosecondArray>>()?.with_timezone("UTC");
    Ok(match value {
        ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_from_array(&times, 0)?),
        ColumnarValue::Array(_) => ColumnarValue::Array(Arc::new(times)),
    })
}

fn local(row: &Row<'_>, part: fn(NaiveDateTime) -> i64) -> Outcome<i64> {
    Ok(Some(part(row.local(0)?.0)))
}

fn kind_at(kinds: &[DataType], at: usize) -> DataType {
    match kinds.get(at) {
        Some(DataType::Date32 | DataType::Date64) => DataType::Date32,
        Some(DataType::Timestamp(_, Some(zone))) => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone))),
        _ => time_type(),
    }
}

fn third(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(kind_at(kinds, 2))
}

fn second(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(kind_at(kinds, 1))
}

fn date(_: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(DataType::Date32)
}

/// Times of a column in the type that the call is to give: days for a date.
fn times(call: &Call, each: impl Fn(&Row<'_>) -> Outcome<i64>) -> Result<ArrayRef> {
    let rows = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() { Ok(None) } else { call.judged(each(&row)) }
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    Ok(match &call.kind {
        DataType::Date32 => Arc::new(
            rows.into_iter().map(|us| us.and_then(|us| i32::try_from(us.div_euclid(DAY_US)).ok())).collect::<Date32Array>(),
        ),
        DataType::Timestamp(_, zone) => {
            Arc::new(rows.into_iter().collect::<TimestampMicrosecondArray>().with_timezone_opt(zone.clone()))
        }
        _ => Arc::new(rows.into_iter().collect::<TimestampMicrosecondArray>()),
    })
}

/// A time that may have come as text.
fn moment(row: &Row<'_>, at: usize) -> Result<i64, String> {
    row.text_or_null(at).map_or_else(|| Ok(row.time(at)), from_text)
}

fn to_date(call: &Call) -> Result<ArrayRef> {
    times(call, |row| Ok(Some(row.local(0)?.0.and_utc().timestamp_micros())))
}

fn last_day(call: &Call) -> Result<ArrayRef> {
    times(call, |row| {
        let day = row.local(0)?.0.date();
        let last = day.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))).and_then(|next| next.pred_opt());
        Ok(last.map(|last| last.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
    })
}

/// Microseconds of a unit that always has the same length.
fn fixed(unit: &str) -> Option<i64> {
    Some(match unit {
        "microsecond" => 1,
        "millisecond" => 1_000,
        "second" => 1_000_000,
        "minute" => 60_000_000,
        "hour" => 3_600_000_000,
        "day" => DAY_US,
        "week" => 7 * DAY_US,
        _ => return None,
    })
}

fn months_of(unit: &str) -> Result<i64, String> {
    match unit {
        "month" => Ok(1),
        "quarter" => Ok(3),
        "year" => Ok(12),
        _ => Err(format!(
            "`{unit}` is no unit of time; there are millisecond, second, minute, hour, day, week, month, quarter and year"
        )),
    }
}

fn date_add(call: &Call) -> Result<ArrayRef> {
    times(call, |row| {
        let (unit, count) = (row.text(0).to_lowercase(), row.int(1));
        let time = moment(row, 2)?;
        if let Some(length) = fixed(&unit) {
            return count.checked_mul(length).and_then(|add| time.checked_add(add)).map(Some).ok_or_else(out_of_range);
        }
        let months = count.checked_mul(months_of(&unit)?).ok_or_else(out_of_range)?;
        let added = add_months(row_local(row, 2, time)?, months).ok_or_else(out_of_range)?;
        row.instant(2, added).map(Some)
    })
}

/// The clock's time of an argument that may have come as text.
fn row_local(row: &Row<'_>, at: usize, time: i64) -> Result<NaiveDateTime, String> {
    match row.text_or_null(at) {
        Some(_) => DateTime::from_timestamp_micros(time).map(|time| time.naive_utc()).ok_or_else(out_of_range),
        None => Ok(row.local(at)?.0),
    }
}

fn out_of_range() -> String {
    "the time is out of range".to_owned()
}

fn add_months(time: NaiveDateTime, months: i64) -> Option<NaiveDateTime> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { time.checked_sub_months(count) } else { time.checked_add_months(count) }
}

/// Whole units between two times.
fn date_diff(row: &Row<'_>) -> Outcome<i64> {
    let unit = row.text(0).to_lowercase();
    if let Some(length) = fixed(&unit) {
        return Ok(Some((row.time(2) - row.time(1)) / length));
    }
    let each = months_of(&unit)?;
    let (from, to) = (row.local(1)?.0, row.local(2)?.0);
    let mut months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    let reached = add_months(from, months).ok_or_else(out_of_range)?;
    if months > 0 && reached > to {
        months -= 1;
    } else if months < 0 && reached < to {
        months += 1;
    }
    Ok(Some(months / each))
}

fn date_trunc(call: &Call) -> Result<ArrayRef> {
    times(call, |row| {
        let unit = row.text(0);
        let time = row_local(row, 1, moment(row, 1)?)?;
        row.instant(1, truncated(unit, time)?).map(Some)
    })
}

fn truncated(unit: &str, time: NaiveDateTime) -> Result<NaiveDateTime, String> {
    let unit = unit.to_lowercase();
    let day = time.date();
    let start = match unit.as_str() {
        "week" => day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday())),
        "month" => day.with_day(1).unwrap_or(day),
        "quarter" => NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1).unwrap_or(day),
        "year" => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        _ => match fixed(&unit) {
            Some(length) => {
                let us = time.and_utc().timestamp_micros();
                return DateTime::from_timestamp_micros(us - us.rem_euclid(length))
                    .map(|time| time.naive_utc())
                    .ok_or_else(out_of_range);
            }
            None => return Err(months_of(&unit).err().unwrap_or_default()),
        },
    };
    Ok(start.and_time(NaiveTime::MIN))
}

fn from_unixtime(row: &Row<'_>) -> Outcome<i64> {
    let us = row.double(0) * 1e6;
    if us.is_finite() && us.abs() < 9e18 { Ok(Some(us.round() as i64)) } else { Err(out_of_range()) }
}

/// The same clock's time in another zone.
fn with_timezone(row: &Row<'_>) -> Outcome<i64> {
    let zone: arrow::array::timezone::Tz = row.text(1).parse().map_err(|_| format!("`{}` is no time zone", row.text(1)))?;
    let there = chrono::TimeZone::from_local_datetime(&zone, &row.local(0)?.0).earliest();
    there.map(|there| Some(there.timestamp_micros())).ok_or_else(|| "there is no such time in that zone".to_owned())
}

fn to_iso8601(call: &Call) -> Result<ArrayRef> {
    let is_date = matches!(call.column(0)?.data_type(), DataType::Date32 | DataType::Date64);
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() {
            return Ok(None);
        }
        call.judged(moment(&row, 0).and_then(|time| iso8601(&row, time, is_date)).map(Some))
    });
    Ok(Arc::new(each.collect::<Result<arrow::array::StringArray>>()?))
}

fn iso8601(row: &Row<'_>, time: i64, is_date: bool) -> Result<String, String> {
    let utc = DateTime::from_timestamp_micros(time).ok_or_else(out_of_range)?.naive_utc();
    let (local, offset) = if row.text_or_null(0).is_some() { (utc, 0) } else { row.local(0)? };
    if is_date {
        return Ok(local.format("%Y-%m-%d").to_string());
    }
    let zone = match offset {
        0 => "Z".to_owned(),
        offset => format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 3600, offset.abs() / 60 % 60),
    };
    Ok(format!("{}{zone}", local.format("%Y-%m-%dT%H:%M:%S%.3f")))
}

fn human_readable(row: &Row<'_>) -> Outcome<String> {
    let mut seconds = row.double(0).round() as i64;
    let mut parts = Vec::new();
    for (name, length) in [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)] {
        let count = seconds / length;
        seconds %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    Ok(Some(if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") }))
}

/// A time as people, AWS and ISO 8601 write it: a date, or a date and a time with `T` or a blank, with a zone or UTC.
pub fn from_text(text: &str) -> Result<i64, String> {
    read(text.trim()).ok_or_else(|| format!("`{text}` is no time; write it as '2026-11-01' or '2026-11-01 10:00:00' (UTC)"))
}

fn read(text: &str) -> Option<i64> {
    let date_end = text.find(['T', ' ']).unwrap_or(text.len());
    let (date, rest) = text.split_at(date_end);
    let date = read_date(date)?;
    let rest = rest.get(1..).unwrap_or_default().trim_start();
    if rest.is_empty() {
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
    }
    let zone_at = rest.find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, ':' | '.' | ','))).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let local = date.and_time(read_time(time)?);
    match zone.trim() {
        "" | "Z" | "z" | "UTC" | "GMT" => Some(local.and_utc().timestamp_micros()),
        zone => {
            let zone: arrow::array::timezone::Tz = zone.parse().ok()?;
            Some(chrono::TimeZone::from_local_datetime(&zone, &local).earliest()?.timestamp_micros())
        }
    }
}

/// `2023-07-10`, `2023-07`, `2023`, and ISO 8601's weeks `2023-W28-1` and days of the year `2023-191`.
fn read_date(text: &str) -> Option<NaiveDate> {
    if let Some((year, week)) = text.split_once("-W") {
        let (week, day) = week.split_once('-').unwrap_or((week, "1"));
        let day = chrono::Weekday::try_from(day.parse::<u8>().ok()?.checked_sub(1)?).ok()?;
        return NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, day);
    }
    if let Some((year, day)) = text.split_once('-').filter(|(year, day)| year.len() == 4 && day.len() == 3) {
        return NaiveDate::from_yo_opt(year.parse().ok()?, day.parse().ok()?);
    }
    let mut parts = text.splitn(3, '-');
    let mut number =
        |least: u32| parts.next().map_or(Some(least), |part| part.parse().ok().filter(|_| part.len() <= 4 && !part.is_empty()));
    let (year, month, day) = (number(0)?, number(1)?, number(1)?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok().filter(|year| *year > 0)?, month, day)
}

fn read_time(text: &str) -> Option<NaiveTime> {
    let text = text.replace(',', ".");
    let (clock, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut parts = clock.splitn(3, ':');
    let mut number = || parts.next().map_or(Some(0), |part| part.parse::<u32>().ok().filter(|_| part.len() <= 2));
    let (hour, minute, second) = (number()?, number()?, number()?);
    let nano = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").get(..9)?.parse().ok()? };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nano)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_times() {
        let noon = 1_688_904_000_000_000;
        for text in [
            "2023-07-09T12:00:00Z",
            "2023-07-09 12:00:00.000",
            "2023-07-09 12:00",
            "2023-07-09T14:00:00+02:00",
            "2023-07-09 12:00:00 UTC",
            "2023-07-09T08:00:00.0-0400",
        ] {
            assert_eq!(from_text(text), Ok(noon), "{text}");
        }
        assert_eq!(from_text("2023-07-09"), Ok(noon - 12 * 3_600_000_000));
        assert_eq!(from_text("2023-07"), Ok(1_688_169_600_000_000));
        for text in ["", "2023-11-01T%", "yesterday", "2023-02-30", "2023-07-09 25:00", "2023-07-09 12:00:00 nowhere"] {
            assert!(from_text(text).is_err(), "{text}");
        }
    }
}
