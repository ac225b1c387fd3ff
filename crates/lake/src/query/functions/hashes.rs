//! Hashes, checksums and codings of bytes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use aws_lc_rs::{digest, hmac};
use datafusion::common::{Result, ScalarValue};
use sha2::{Digest, Sha256, Sha512};

use super::{Call, Give, Outcome, Run, Spec, Take, is_text, spec};

const ANY: &[Take] = &[Take::Any];
const BYTES: Give = Give::By(binary);

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("sha1", (1, 1), ANY, BYTES, Run::Columns(|call| hashed(call, sha1))),
    spec("sha256", (1, 1), ANY, BYTES, Run::Columns(|call| hashed(call, |bytes| Sha256::digest(bytes).to_vec()))),
    spec("sha512", (1, 1), ANY, BYTES, Run::Columns(|call| hashed(call, |bytes| Sha512::digest(bytes).to_vec()))),
    spec("xxhash64", (1, 1), ANY, BYTES, Run::Columns(|call| hashed(call, |bytes| xxhash64(bytes).to_be_bytes().to_vec()))),
    spec("hmac_sha1", (2, 2), ANY, BYTES, Run::Columns(|call| keyed(call, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY))),
    spec("hmac_sha256", (2, 2), ANY, BYTES, Run::Columns(|call| keyed(call, hmac::HMAC_SHA256))),
    spec("hmac_sha512", (2, 2), ANY, BYTES, Run::Columns(|call| keyed(call, hmac::HMAC_SHA512))),
    spec("crc32", (1, 1), ANY, Give::Int, Run::Columns(crc32)),
    spec("to_base32", (1, 1), ANY, Give::Text, Run::Columns(to_base32)),
    spec("from_base32", (1, 1), &[Take::Text], BYTES, Run::Columns(|call| decoded(call, from_base32))),
    spec("to_base64url", (1, 1), ANY, Give::Text, Run::Columns(to_base64url)),
    spec("from_base64url", (1, 1), &[Take::Text], BYTES, Run::Columns(|call| decoded(call, from_base64url))),
    spec("to_big_endian_64", (1, 1), &[Take::Int], BYTES, Run::Columns(to_big_endian)),
    spec("from_big_endian_64", (1, 1), ANY, Give::Int, Run::Columns(from_big_endian)),
    spec("lake_checksum_hash", (1, 1), ANY, Give::Int, Run::Columns(checksum_hash)),
    spec("lake_high_half", (1, 1), &[Take::Int], Give::Int, Run::Int(|row| Ok(Some((row.int(0) as u64 >> 32) as i64)))),
    spec("lake_low_half", (1, 1), &[Take::Int], Give::Int, Run::Int(|row| Ok(Some(row.int(0) & 0xffff_ffff)))),
    spec("lake_checksum", (2, 2), &[Take::Int], BYTES, Run::Columns(checksum)),
];

fn binary(_: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(DataType::Binary)
}

/// An argument's bytes; text is taken as UTF-8.
fn bytes(call: &Call, at: usize) -> Result<BinaryArray> {
    Ok(cast(&call.column(at)?, &DataType::Binary)?.as_binary::<i32>().clone())
}

fn hashed(call: &Call, hash: fn(&[u8]) -> Vec<u8>) -> Result<ArrayRef> {
    let all: Vec<Option<Vec<u8>>> = bytes(call, 0)?.iter().map(|bytes| bytes.map(hash)).collect();
    Ok(Arc::new(all.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// A keyed hash (HMAC) of the first argument, with the second as its key.
fn keyed(call: &Call, algorithm: hmac::Algorithm) -> Result<ArrayRef> {
    let (texts, keys) = (bytes(call, 0)?, bytes(call, 1)?);
    let one = |text: Option<&[u8]>, key: Option<&[u8]>| Some(hmac::sign(&hmac::Key::new(algorithm, key?), text?));
    let all: Vec<Option<hmac::Tag>> = texts.iter().zip(keys.iter()).map(|(text, key)| one(text, key)).collect();
    Ok(Arc::new(all.iter().map(|tag| tag.as_ref().map(AsRef::as_ref)).collect::<BinaryArray>()))
}

fn crc32(call: &Call) -> Result<ArrayRef> {
    let sum = |bytes: &[u8]| i64::from(crc32fast::hash(bytes));
    Ok(Arc::new(bytes(call, 0)?.iter().map(|bytes| bytes.map(sum)).collect::<Int64Array>()))
}

const PRIMES: [u64; 5] =
    [0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x85eb_ca77_c2b2_ae63, 0x27d4_eb2f_1656_67c5];

/// xxHash of 64 bits with seed 0.
pub fn xxhash64(bytes: &[u8]) -> u64 {
    let [p1, p2, p3, p4, p5] = PRIMES;
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    let round = |sum: u64, word: u64| sum.wrapping_add(word.wrapping_mul(p2)).rotate_left(31).wrapping_mul(p1);
    let mut stripes = bytes.chunks_exact(32);
    let mut hash = p5;
    if bytes.len() >= 32 {
        let mut lanes = [p1.wrapping_add(p2), p2, 0, 0_u64.wrapping_sub(p1)];
        for stripe in &mut stripes {
            for (lane, eight) in lanes.iter_mut().zip(stripe.chunks_exact(8)) {
                *lane = round(*lane, word(eight));
            }
        }
        hash = lanes.iter().zip([1, 7, 12, 18]).fold(0_u64, |hash, (lane, turn)| hash.wrapping_add(lane.rotate_left(turn)));
        hash = lanes.iter().fold(hash, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(p1).wrapping_add(p4));
    } else {
        stripes = bytes.chunks_exact(32);
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    let mut eights = stripes.remainder().chunks_exact(8);
    for eight in &mut eights {
        hash = (hash ^ round(0, word(eight))).rotate_left(27).wrapping_mul(p1).wrapping_add(p4);
    }
    let mut fours = eights.remainder().chunks_exact(4);
    for four in &mut fours {
        hash = (hash ^ word(four).wrapping_mul(p1)).rotate_left(23).wrapping_mul(p2).wrapping_add(p3);
    }
    for byte in fours.remainder() {
        hash = (hash ^ u64::from(*byte).wrapping_mul(p5)).rotate_left(11).wrapping_mul(p1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(p2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(p3);
    hash ^ (hash >> 32)
}

/// What a value adds to `checksum`: as in Trino, its hash, or a prime for null.
fn checksum_hash(call: &Call) -> Result<ArrayRef> {
    let column = call.column(0)?;
    let [prime, ..] = PRIMES;
    let of_bytes = |bytes: Option<&[u8]>| Some(bytes.map_or(prime, |bytes| xxhash64(bytes).wrapping_mul(prime)) as i64);
    let each: Int64Array = match column.data_type() {
        DataType::Float64 | DataType::Float32 => {
            let numbers: Float64Array = cast(&column, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
            numbers
                .iter()
                .map(|number| of_bytes(number.map(|number| number.to_bits().to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice)))
                .collect()
        }
        kind if is_text(kind) || matches!(kind, DataType::Binary | DataType::BinaryView) => {
            bytes(call, 0)?.iter().map(of_bytes).collect()
        }
        DataType::Null => (0..call.rows).map(|_| of_bytes(None)).collect(),
        kind if kind.is_integer() || kind.is_temporal() || kind == &DataType::Boolean => {
            let numbers: Int64Array = numbers(&column)?;
            numbers.iter().map(|number| of_bytes(number.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice))).collect()
        }
        _ => {
            let shown = arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &Default::default())?;
            (0..call.rows)
                .map(|at| column.is_valid(at).then(|| shown.value(at).to_string()))
                .map(|text| of_bytes(text.as_deref().map(str::as_bytes)))
                .collect()
        }
    };
    Ok(Arc::new(each))
}

fn numbers(column: &ArrayRef) -> Result<Int64Array> {
    let numbers = match column.data_type() {
        DataType::Date32 => cast(&cast(column, &DataType::Int32)?, &DataType::Int64)?,
        _ => cast(column, &DataType::Int64)?,
    };
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

/// Sums of the halves, put together and written as Trino does: eight bytes, the lowest first.
fn checksum(call: &Call) -> Result<ArrayRef> {
    let all: Vec<Option<[u8; 8]>> = (0..call.rows)
        .map(|at| {
            let row = call.row(at);
            (!row.has_null()).then(|| ((row.int(0) as u64) << 32).wrapping_add(row.int(1) as u64).to_le_bytes())
        })
        .collect();
    Ok(Arc::new(all.iter().map(|bytes| bytes.as_ref().map(<[u8; 8]>::as_slice)).collect::<BinaryArray>()))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes in digits of so many bits, filled up to whole groups.
fn digits(bytes: &[u8], alphabet: &[u8], bits: usize, group: usize) -> String {
    let mut written = String::new();
    let (mut rest, mut count) = (0_u32, 0);
    let mut digit = |value: u32| written.push(alphabet.get(value as usize).copied().map_or('=', char::from));
    let mask = (1_u32 << bits) - 1;
    for byte in bytes {
        rest = (rest << 8) | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            digit((rest >> count) & mask);
        }
    }
    if count > 0 {
        digit((rest << (bits - count)) & mask);
    }
    while !written.len().is_multiple_of(group) {
        written.push('=');
    }
    written
}

fn undigits(text: &str, alphabet: &[u8], bits: usize) -> Option<Vec<u8>> {
    let (mut rest, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let value = alphabet.iter().position(|digit| *digit == letter)?;
        rest = ((rest << bits) | u32::try_from(value).ok()?) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((rest >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn to_base32(call: &Call) -> Result<ArrayRef> {
    Ok(Arc::new(bytes(call, 0)?.iter().map(|bytes| bytes.map(|bytes| digits(bytes, BASE32, 5, 8))).collect::<StringArray>()))
}

fn to_base64url(call: &Call) -> Result<ArrayRef> {
    Ok(Arc::new(bytes(call, 0)?.iter().map(|bytes| bytes.map(|bytes| digits(bytes, BASE64URL, 6, 4))).collect::<StringArray>()))
}

fn from_base32(text: &str) -> Outcome<Vec<u8>> {
    undigits(text, BASE32, 5).map(Some).ok_or_else(|| format!("`{text}` is not base32"))
}

fn from_base64url(text: &str) -> Outcome<Vec<u8>> {
    undigits(text, BASE64URL, 6).map(Some).ok_or_else(|| format!("`{text}` is not base64url"))
}

fn decoded(call: &Call, decode: fn(&str) -> Outcome<Vec<u8>>) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| match call.row(at).text_or_null(0) {
        Some(text) => call.judged(decode(text)),
        None => Ok(None),
    });
    let all = each.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(all.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

fn to_big_endian(call: &Call) -> Result<ArrayRef> {
    let all: Vec<Option<[u8; 8]>> = (0..call.rows)
        .map(|at| {
            let row = call.row(at);
            (!row.has_null()).then(|| row.int(0).to_be_bytes())
        })
        .collect();
    Ok(Arc::new(all.iter().map(|bytes| bytes.as_ref().map(<[u8; 8]>::as_slice)).collect::<BinaryArray>()))
}

fn from_big_endian(call: &Call) -> Result<ArrayRef> {
    let bytes = bytes(call, 0)?;
    let each = bytes.iter().map(|bytes| match bytes {
        Some(bytes) => call.judged(
            <[u8; 8]>::try_from(bytes)
                .map(|bytes| Some(i64::from_be_bytes(bytes)))
                .map_err(|_| "the value must have 8 bytes".to_owned()),
        ),
        None => Ok(None),
    });
    Ok(Arc::new(each.collect::<Result<Int64Array>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation.
    #[test]
    fn xxhash_is_the_reference() {
        for (text, hash) in [
            ("", 0xef46_db37_51d8_e999),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Call me Ishmael. Some years ago--never mind how long precisely-", 0x02a2_e854_70d6_fd96),
        ] {
            assert_eq!(xxhash64(text.as_bytes()), hash, "{text}");
        }
    }
}
