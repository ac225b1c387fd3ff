//! From stored bytes to content: gzip within limits, or the bytes as they are.
//!
//! libdeflate does one member in one go; only where its trailer does not close the file (several members, or bytes after the
//! last one) the slower streaming decoder looks again and says which of the two it is.

use std::io::Read;

use libdeflater::{DecompressionError, Decompressor};

/// Why stored bytes could not be turned into content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The stream ends early or is damaged.
    #[error("the gzip stream is damaged or cut short")]
    Damaged,
    /// Bytes follow the last gzip member.
    #[error("{0} bytes follow the end of the gzip stream")]
    Trailing(usize),
    /// The content is larger than the limit.
    #[error("the content is larger than the limit of {0} bytes (--max-object-size)")]
    TooLarge(u64),
}

/// Inflates deliveries one after the other, reusing its tables.
pub struct Inflater {
    decompressor: Decompressor,
}

impl Default for Inflater {
    fn default() -> Self {
        Inflater { decompressor: Decompressor::new() }
    }
}

/// Whether the bytes begin as gzip does.
pub fn is_gzip(stored: &[u8]) -> bool {
    stored.starts_with(&[0x1f, 0x8b])
}

impl Inflater {
    /// The content of stored bytes: inflated when they are gzip, else as they are; at most `limit_bytes`.
    pub fn content(&mut self, stored: &[u8], limit_bytes: u64) -> Result<Vec<u8>, InflateError> {
        if !is_gzip(stored) {
            let fits = stored.len() as u64 <= limit_bytes;
            return if fits { Ok(stored.to_vec()) } else { Err(InflateError::TooLarge(limit_bytes)) };
        }
        match self.one_member(stored, limit_bytes)? {
            Some(content) => Ok(content),
            None => all_members(stored, limit_bytes),
        }
    }

    /// The content when the file is one whole member and nothing else, `None` when it may be more than that.
    fn one_member(&mut self, stored: &[u8], limit_bytes: u64) -> Result<Option<Vec<u8>>, InflateError> {
        let Some((_, trailer)) = stored.split_last_chunk::<8>() else { return Err(InflateError::Damaged) };
        let [c0, c1, c2, c3, s0, s1, s2, s3] = *trailer;
        let (crc, size) = (u32::from_le_bytes([c0, c1, c2, c3]), u32::from_le_bytes([s0, s1, s2, s3]));
        // The size in the trailer is a claim: never allocate more for it than deflate can yield (1 : 1032) or the limit allows.
        let most = (stored.len() as u64).saturating_mul(1032).min(limit_bytes.saturating_add(1));
        let mut content = vec![0; u64::from(size).min(most) as usize];
        match self.decompressor.gzip_decompress(stored, &mut content) {
            Ok(written) if written as u64 > limit_bytes => Err(InflateError::TooLarge(limit_bytes)),
            Ok(written) if written == size as usize && libdeflater::crc32(&content) == crc => Ok(Some(content)),
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Ok(None),
            Err(_) => all_members(stored, limit_bytes).map(Some),
        }
    }
}

/// Streaming decoder for whatever is not a single clean member.
fn all_members(stored: &[u8], limit_bytes: u64) -> Result<Vec<u8>, InflateError> {
    let mut content = Vec::new();
    let mut rest = stored;
    while is_gzip(rest) {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        let room = limit_bytes.saturating_add(1).saturating_sub(content.len() as u64);
        (&mut member).take(room).read_to_end(&mut content).map_err(|_| InflateError::Damaged)?;
        if content.len() as u64 > limit_bytes {
            return Err(InflateError::TooLarge(limit_bytes));
        }
        rest = member.into_inner();
    }
    if rest.is_empty() { Ok(content) } else { Err(InflateError::Trailing(rest.len())) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn content_of_every_kind_of_file() {
        let hello = gzip(b"hello hello hello");
        let two = [gzip(b"one"), gzip(b"two")].concat();
        let zeros = gzip(&vec![0; 10_000_000]);
        type Case<'a> = (&'a [u8], u64, Result<&'a [u8], InflateError>);
        let cases: [Case; 9] = [
            (b"plain", 9, Ok(b"plain")),
            (b"plain", 4, Err(InflateError::TooLarge(4))),
            (&hello, 99, Ok(b"hello hello hello")),
            (&hello, 16, Err(InflateError::TooLarge(16))),
            (&two, 99, Ok(b"onetwo")),
            (&[hello.as_slice(), b"EXTRA"].concat(), 99, Err(InflateError::Trailing(5))),
            (&hello[..hello.len() - 3], 99, Err(InflateError::Damaged)),
            (&hello[..2], 99, Err(InflateError::Damaged)),
            (&zeros, 1_000_000, Err(InflateError::TooLarge(1_000_000))),
        ];
        let mut inflater = Inflater::default();
        for (stored, limit, expected) in cases {
            assert_eq!(inflater.content(stored, limit), expected.map(<[u8]>::to_vec));
        }
    }
}
