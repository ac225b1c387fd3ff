//! Functions of numbers that the engine has not.

use super::{Give, Outcome, Row, Run, Spec, Take, spec};

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
    spec("width_bucket", (4, 4), &[Take::Double, Take::Double, Take::Double, Take::Int], Give::Int, Run::Int(width_bucket)),
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

fn radix(value: i64) -> Result<u32, String> {
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
