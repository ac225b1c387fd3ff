//! Writes identifiers, times and numbers into a record the way AWS spells them.
//!
//! Bytes instead of `String` because a sample of ten million records is dominated by this file.

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::rng::Rng;

pub(crate) fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// `count` lower-case hexadecimal digits of `value`, at most 16.
pub(crate) fn hex(out: &mut Vec<u8>, value: u64, count: u32) {
    for place in (0..count).rev() {
        let digit = ((value >> (place * 4)) & 15) as u8;
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

/// A version 4 UUID.
pub(crate) fn uuid(out: &mut Vec<u8>, [high, low]: [u64; 2]) {
    hex(out, high >> 32, 8);
    out.push(b'-');
    hex(out, high >> 16, 4);
    out.push(b'-');
    hex(out, (high & 0x0fff) | 0x4000, 4);
    out.push(b'-');
    hex(out, ((low >> 48) & 0x3fff) | 0x8000, 4);
    out.push(b'-');
    hex(out, low, 12);
}

/// `count` characters of the alphabet of access keys and principal ids (`A-Z2-7`).
pub(crate) fn base32(out: &mut Vec<u8>, rng: &mut Rng, count: usize) {
    letters(out, rng, count, 5, |value| if value < 26 { b'A' + value } else { b'2' + value - 26 });
}

/// `count` characters of base64, without padding.
pub(crate) fn base64(out: &mut Vec<u8>, rng: &mut Rng, count: usize) {
    letters(out, rng, count, 6, |value| match value {
        62 => b'+',
        63 => b'/',
        _ => alphanumeric(value),
    });
}

/// `count` characters of `A-Za-z0-9`.
pub(crate) fn token(out: &mut Vec<u8>, rng: &mut Rng, count: usize) {
    letters(out, rng, count, 6, |value| alphanumeric(value % 62));
}

fn letters(out: &mut Vec<u8>, rng: &mut Rng, count: usize, bits: u32, letter: impl Fn(u8) -> u8) {
    let per_word = 60 / bits as usize;
    let mut left = count;
    while left > 0 {
        let mut word = rng.next();
        for _ in 0..left.min(per_word) {
            out.push(letter((word & ((1 << bits) - 1)) as u8));
            word >>= bits;
        }
        left = left.saturating_sub(per_word);
    }
}

fn alphanumeric(value: u8) -> u8 {
    match value {
        0..26 => b'A' + value,
        26..52 => b'a' + value - 26,
        _ => b'0' + value.saturating_sub(52) % 10,
    }
}

pub(crate) fn decimal(out: &mut Vec<u8>, value: u64) {
    if value >= 10 {
        decimal(out, value / 10);
    }
    out.push(b'0' + (value % 10) as u8);
}

fn two(out: &mut Vec<u8>, value: u32) {
    out.push(b'0' + (value / 10 % 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// Seconds since 1970 as a calendar time.
pub(crate) fn calendar(at_s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at_s, 0).unwrap_or_default()
}

/// `2026-11-20T09:15:02Z`.
pub(crate) fn time(out: &mut Vec<u8>, at_s: i64) {
    let at = calendar(at_s);
    day(out, at, b'-');
    out.push(b'T');
    two(out, at.hour());
    out.push(b':');
    two(out, at.minute());
    out.push(b':');
    two(out, at.second());
    out.push(b'Z');
}

/// `2026-11-20`, with the given separator.
pub(crate) fn day(out: &mut Vec<u8>, at: DateTime<Utc>, separator: u8) {
    decimal(out, u64::from(at.year().unsigned_abs()));
    out.push(separator);
    two(out, at.month());
    out.push(separator);
    two(out, at.day());
}

/// `20261120T0915Z`, as in the name of a log file.
pub(crate) fn minute(out: &mut Vec<u8>, at_s: i64) {
    let at = calendar(at_s);
    decimal(out, u64::from(at.year().unsigned_abs()));
    two(out, at.month());
    two(out, at.day());
    out.push(b'T');
    two(out, at.hour());
    two(out, at.minute());
    out.push(b'Z');
}

/// `Nov 20, 2026, 9:15:02 AM`, as IAM and STS print times in responses.
pub(crate) fn american(out: &mut Vec<u8>, at_s: i64) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = calendar(at_s);
    push(out, MONTHS.get(at.month0() as usize).copied().unwrap_or_default());
    out.push(b' ');
    decimal(out, u64::from(at.day()));
    push(out, ", ");
    decimal(out, u64::from(at.year().unsigned_abs()));
    push(out, ", ");
    let (afternoon, hour) = at.hour12();
    decimal(out, u64::from(hour));
    out.push(b':');
    two(out, at.minute());
    out.push(b':');
    two(out, at.second());
    push(out, if afternoon { " PM" } else { " AM" });
}

/// What a writer of bytes above has written, as text.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
