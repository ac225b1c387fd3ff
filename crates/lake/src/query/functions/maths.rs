//! Functions of numbers that the engine has not.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;

use super::{Call, Give, Outcome, Row, Run, Spec, Take, failed, spec};

const INTS: &[Take] = &[Take::Int];
const DOUBLES: &[Take] = &[Take::Double];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("bitwise_and", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(row.int(0) & row.int(1))))),
    spec("bitwise_or", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(row.int(0) | row.int(1))))),
    spec("bitwise_xor", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(row.int(0) ^ row.int(1))))),
    spec("bitwise_not", (1, 1), INTS, Give::Int, Run::Int(|row| Ok(Some(!row.int(0))))),
    spec("bit_count", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(i64::from(row.int(0).count_ones()))))),
    spec("sign", (1, 1), DOUBLES, Give::Double, Run::Double(sign)),
    spec("lake_e", (0, 0), &[], Give::Double, Run::Double(|_| Ok(Some(std::f64::consts::E)))),
    spec("is_finite", (1, 1), DOUBLES, Give::Bool, Run::Bool(|row| Ok(Some(row.double(0).is_finite())))),
    spec("is_infinite", (1, 1), DOUBLES, Give::Bool, Run::Bool(|row| Ok(Some(row.double(0).is_infinite())))),
    spec("from_base", (2, 2), &[Take::Text, Take::Int], Give::Int, Run::Int(from_base)),
    spec("to_base", (2, 2), INTS, Give::Text, Run::Text(to_base)),
    spec("width_bucket", (2, 4), &[Take::Double, Take::Any, Take::Double, Take::Int], Give::Int, Run::Columns(bucket)),
    spec("bitwise_left_shift", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(shifted(row, |value, by| value.checked_shl(by)))))),
    spec(
        "bitwise_right_shift",
        (2, 2),
        INTS,
        Give::Int,
        Run::Int(|row| Ok(Some(shifted(row, |value, by| (value as u64).checked_shr(by).map(|value| value as i64))))),
    ),
    spec("bitwise_right_shift_arithmetic", (2, 2), INTS, Give::Int, Run::Int(|row| Ok(Some(arithmetic(row))))),
    spec("infinity", (0, 0), &[], Give::Double, Run::Double(|_| Ok(Some(f64::INFINITY)))),
    spec("nan", (0, 0), &[], Give::Double, Run::Double(|_| Ok(Some(f64::NAN)))),
    spec("fail", (1, 1), &[Take::Text], Give::Bool, Run::Bool(|row| Err(row.text(0).to_owned()))),
    spec(
        "lake_rounded_as",
        (2, 2),
        &[Take::Double, Take::Any],
        Give::By(|kinds, _| Ok(rounded_kind(kinds))),
        Run::Columns(rounded_as),
    ),
    spec("lake_skewness", (5, 5), DOUBLES, Give::Double, Run::Double(skewness)),
    spec("lake_kurtosis", (5, 5), DOUBLES, Give::Double, Run::Double(kurtosis)),
    spec("format_number", (1, 1), DOUBLES, Give::Text, Run::Text(format_number)),
    spec("parse_data_size", (1, 1), &[Take::Text], Give::Double, Run::Double(parse_data_size)),
];

fn sign(row: &Row<'_>) -> Outcome<f64> {
    let value = row.double(0);
    Ok(Some(if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        value
    }))
}

fn radix(value: i64) -> std::result::Result<u32, String> {
    u32::try_from(value).ok().filter(|radix| (2..=36).contains(radix)).ok_or_else(|| "the base must be from 2 to 36".to_owned())
}

fn from_base(row: &Row<'_>) -> Outcome<i64> {
    i64::from_str_radix(row.text(0), radix(row.int(1))?)
        .map(Some)
        .map_err(|_| format!("`{}` is no number of base {}", row.text(0), row.int(1)))
}

fn to_base(row: &Row<'_>) -> Outcome<String> {
    let radix = radix(row.int(1))?;
    let mut rest = row.int(0).unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit(u32::try_from(rest % u64::from(radix)).unwrap_or(0), radix));
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if row.int(0) < 0 {
        digits.push('-');
    }
    Ok(Some(digits.into_iter().rev().collect()))
}

fn shifted(row: &Row<'_>, shift: fn(i64, u32) -> Option<i64>) -> i64 {
    u32::try_from(row.int(1)).ok().and_then(|by| shift(row.int(0), by)).unwrap_or(0)
}

fn arithmetic(row: &Row<'_>) -> i64 {
    row.int(0) >> u32::try_from(row.int(1)).unwrap_or(63).min(63)
}

fn rounded_kind(kinds: &[DataType]) -> DataType {
    match kinds.get(1) {
        Some(kind) if kind.is_integer() => kind.clone(),
        _ => DataType::Float64,
    }
}

/// A percentile in the type of what it was taken of.
fn rounded_as(call: &Call) -> Result<ArrayRef> {
    let numbers = call.column(0)?;
    if call.kind == DataType::Float64 {
        return Ok(numbers);
    }
    let whole = (0..call.rows).map(|at| {
        let row = call.row(at);
        numbers.is_valid(at).then(|| row.double(0).round() as i64)
    });
    Ok(cast(&whole.collect::<Int64Array>(), &call.kind)?)
}

/// Count and the sums of the first four powers.
fn moments(row: &Row<'_>) -> (f64, f64, [f64; 3]) {
    let (count, [s1, s2, s3, s4]) = (row.double(0), [1, 2, 3, 4].map(|at| row.double(at)));
    let mean = s1 / count;
    let m2 = s2 - count * mean * mean;
    let m3 = s3 - 3.0 * mean * s2 + 2.0 * count * mean.powi(3);
    let m4 = s4 - 4.0 * mean * s3 + 6.0 * mean * mean * s2 - 3.0 * count * mean.powi(4);
    (count, mean, [m2, m3, m4])
}

fn skewness(row: &Row<'_>) -> Outcome<f64> {
    let (count, _, [m2, m3, _]) = moments(row);
    Ok((count >= 3.0).then(|| count.sqrt() * m3 / m2.powf(1.5)))
}

/// Unbiased excess kurtosis.
fn kurtosis(row: &Row<'_>) -> Outcome<f64> {
    let (n, _, [m2, _, m4]) = moments(row);
    let value =
        || n * (n + 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0)) * m4 / (m2 * m2) - 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0));
    Ok((n >= 4.0).then(value))
}

/// `123456` as `123K`.
fn format_number(row: &Row<'_>) -> Outcome<String> {
    let (mut rest, mut unit) = (row.double(0), "");
    for next in ["K", "M", "B", "T", "Q"] {
        if rest.abs() < 1_000.0 {
            break;
        }
        (rest, unit) = (rest / 1_000.0, next);
    }
    let digits = match rest.abs() {
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{rest:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text.as_str() };
    Ok(Some(format!("{text}{unit}")))
}

/// `2.3MB` in bytes.
fn parse_data_size(row: &Row<'_>) -> Outcome<f64> {
    let text = row.text(0).trim();
    let at = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let power = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"].iter().position(|known| *known == unit);
    match (number.trim().parse::<f64>(), power.and_then(|power| i32::try_from(power).ok())) {
        (Ok(number), Some(power)) => Ok(Some((number * 1024_f64.powi(power)).trunc())),
        _ => Err(format!("`{text}` is no size such as 2.3MB")),
    }
}

/// The bucket of a value: between bounds, or among the lower bounds of a list.
fn bucket(call: &Call) -> Result<ArrayRef> {
    let bounds = call.column(1)?;
    let lists = bounds.as_list_opt::<i32>();
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() {
            return Ok(None);
        }
        match (lists, call.count()) {
            (Some(list), 2) => {
                let bounds = cast(&list.value(at), &DataType::Float64)?;
                let below = bounds.as_primitive::<Float64Type>().iter().flatten().filter(|bound| *bound <= row.double(0)).count();
                Ok(Some(below as i64))
            }
            (None, 4) => call.judged(width_bucket(&row)),
            _ => Err(failed("width_bucket", "it takes a value and a list of bounds, or a value, two bounds and a count")),
        }
    });
    Ok(Arc::new(each.collect::<Result<Int64Array>>()?))
}

fn width_bucket(row: &Row<'_>) -> Outcome<i64> {
    let (value, low, high, count) = (row.double(0), row.double(1), row.double(2), row.int(3));
    if count < 1 || low == high {
        return Err("there must be a bucket, and bounds that differ".to_owned());
    }
    let place = (value - low) / (high - low) * count as f64;
    Ok(Some(if place < 0.0 {
        0
    } else if place >= count as f64 {
        count + 1
    } else {
        place as i64 + 1
    }))
}
