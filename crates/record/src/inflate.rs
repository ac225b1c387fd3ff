//! From stored bytes to content: gzip within limits, or the bytes as they are.
//!
//! libdeflate does one member in one go, but does not say where it ended; only where its trailer does not close the file, or
//! stands in it twice (several members, or bytes after the last one), the slower streaming decoder looks again and says which of
//! the two it is.

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
        self.content_in(stored, limit_bytes, Vec::new())
    }

    /// The same, in a buffer that held other content before: its memory is used again, whatever is in it means nothing.
    pub fn content_in(&mut self, stored: &[u8], limit_bytes: u64, buffer: Vec<u8>) -> Result<Vec<u8>, InflateError> {
        if !is_gzip(stored) {
            let fits = stored.len() as u64 <= limit_bytes;
            return if fits { Ok(stored.to_vec()) } else { Err(InflateError::TooLarge(limit_bytes)) };
        }
        match self.one_member(stored, limit_bytes, buffer)? {
            Some(content) => Ok(content),
            None => all_members(stored, limit_bytes),
        }
    }

    /// The content of a file that is one gzip member and nothing else, inflated into a buffer that is used again and again: it only
    /// ever grows, to at most `limit_bytes`, and only the slice that is returned means anything. Bytes after the member are an error,
    /// be they another member or not.
    pub fn member<'b>(&mut self, stored: &[u8], limit_bytes: u64, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], InflateError> {
        let Some((before, size)) = stored.split_last_chunk::<4>() else { return Err(InflateError::Damaged) };
        let size = u64::from(u32::from_le_bytes(*size));
        if size > limit_bytes || size > (stored.len() as u64).saturating_mul(1032) {
            return only_member(stored, limit_bytes, buffer);
        }
        let length = size as usize;
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let written = match buffer.get_mut(..length) {
            Some(room) => self.decompressor.gzip_decompress(stored, room),
            None => return Err(InflateError::Damaged),
        };
        // libdeflate stops after the member and does not tell where that was. It has compared the member's last four bytes with the length
        // that it wrote; if the file ends in these four bytes, and they stand nowhere else in it, the member's end is the file's.
        if written != Ok(length) || ends_earlier(before, stored) {
            return only_member(stored, limit_bytes, buffer);
        }
        buffer.get(..length).ok_or(InflateError::Damaged)
    }

    /// The content when the file is one whole member and nothing else, `None` when it may be more than that.
    fn one_member(&mut self, stored: &[u8], limit_bytes: u64, buffer: Vec<u8>) -> Result<Option<Vec<u8>>, InflateError> {
        let Some((before, size)) = stored.split_last_chunk::<4>() else { return Err(InflateError::Damaged) };
        let size = u32::from_le_bytes(*size);
        // The size in the trailer is a claim: never allocate more for it than deflate can yield (1 : 1032) or the limit allows.
        let most = (stored.len() as u64).saturating_mul(1032).min(limit_bytes.saturating_add(1));
        let most = u64::from(size).min(most) as usize;
        // Memory that is new comes as zeros; only in memory that was used before zeros have to be written, and only past its end.
        let mut content = if buffer.capacity() < most { vec![0; most] } else { buffer };
        content.resize(most, 0);
        match self.decompressor.gzip_decompress(stored, &mut content) {
            Ok(written) if written as u64 > limit_bytes => Err(InflateError::TooLarge(limit_bytes)),
            // Whoever appends bytes may end them with a copy of the trailer.
            Ok(written) if written == size as usize && !ends_earlier(before, stored) => Ok(Some(content)),
            Ok(_) | Err(DecompressionError::InsufficientSpace) => Ok(None),
            Err(_) => all_members(stored, limit_bytes).map(Some),
        }
    }
}

/// Whether the four bytes that end a file (all of `before` but those) stand somewhere before its end as well.
fn ends_earlier(before: &[u8], stored: &[u8]) -> bool {
    let (Some(size), Some((_, all_but_last))) = (stored.get(before.len()..), stored.split_last()) else { return true };
    memchr::memmem::find(all_but_last, size).is_some()
}

/// One gzip member, inflated by and by: for what is too large to be held whole.
pub struct Member<'a> {
    decoder: flate2::bufread::GzDecoder<&'a [u8]>,
}

impl<'a> Member<'a> {
    /// Begins with stored bytes.
    pub fn new(stored: &'a [u8]) -> Member<'a> {
        Member { decoder: flate2::bufread::GzDecoder::new(stored) }
    }

    /// How many stored bytes follow the member; ask after the last byte was read.
    pub fn trailing(&self) -> usize {
        self.decoder.get_ref().len()
    }
}

impl Read for Member<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.decoder.read(to)
    }
}

/// The content of one member that the quick way could not judge.
fn only_member<'b>(stored: &[u8], limit_bytes: u64, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], InflateError> {
    let mut member = Member::new(stored);
    buffer.clear();
    (&mut member).take(limit_bytes.saturating_add(1)).read_to_end(buffer).map_err(|_| InflateError::Damaged)?;
    if buffer.len() as u64 > limit_bytes {
        return Err(InflateError::TooLarge(limit_bytes));
    }
    if member.trailing() > 0 { Err(InflateError::Trailing(member.trailing())) } else { Ok(buffer) }
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
        let hidden = [hello.as_slice(), b"EXTRA", &hello[hello.len() - 8..]].concat();
        let nothing = gzip(b"");
        let zeros = gzip(&vec![0; 10_000_000]);
        type Case<'a> = (&'a [u8], u64, Result<&'a [u8], InflateError>);
        let cases: [Case; 13] = [
            (b"plain", 9, Ok(b"plain")),
            (b"plain", 4, Err(InflateError::TooLarge(4))),
            (&hello, 99, Ok(b"hello hello hello")),
            (&hello, 16, Err(InflateError::TooLarge(16))),
            (&two, 99, Ok(b"onetwo")),
            (&[hello.as_slice(), b"EXTRA"].concat(), 99, Err(InflateError::Trailing(5))),
            (&hidden, 99, Err(InflateError::Trailing(13))),
            (&[hello.as_slice(), &hello[hello.len() - 8..]].concat(), 99, Err(InflateError::Trailing(8))),
            (&nothing, 99, Ok(b"")),
            (&[nothing.as_slice(), b"\0"].concat(), 99, Err(InflateError::Trailing(1))),
            (&hello[..hello.len() - 3], 99, Err(InflateError::Damaged)),
            (&hello[..2], 99, Err(InflateError::Damaged)),
            (&zeros, 1_000_000, Err(InflateError::TooLarge(1_000_000))),
        ];
        let mut inflater = Inflater::default();
        for (stored, limit, expected) in cases {
            let used = inflater.content_in(stored, limit, b"something else that is long enough".to_vec());
            assert_eq!(used, expected.clone().map(<[u8]>::to_vec));
            assert_eq!(inflater.content(stored, limit), expected.map(<[u8]>::to_vec));
        }
    }

    #[test]
    fn one_member_and_nothing_else() {
        let hello = gzip(b"hello hello hello");
        let zeros = gzip(&vec![0; 10_000_000]);
        let end = &hello[hello.len() - 8..];
        let mut named = hello.clone();
        named[4..8].copy_from_slice(&[1, 2, 3, 4]);
        type Case<'a> = (Vec<u8>, u64, Result<&'a [u8], InflateError>);
        let cases: [Case; 13] = [
            (hello.clone(), 99, Ok(b"hello hello hello")),
            (named, 99, Ok(b"hello hello hello")),
            (hello.clone(), 17, Ok(b"hello hello hello")),
            (hello.clone(), 16, Err(InflateError::TooLarge(16))),
            (gzip(b""), 0, Ok(b"")),
            ([hello.clone(), gzip(b"")].concat(), 99, Err(InflateError::Trailing(20))),
            ([&hello, b"EXTRA".as_slice()].concat(), 99, Err(InflateError::Trailing(5))),
            ([&hello, end].concat(), 99, Err(InflateError::Trailing(8))),
            ([&hello, &end[4..]].concat(), 99, Err(InflateError::Trailing(4))),
            ([&hello, b"\0".as_slice()].concat(), 99, Err(InflateError::Trailing(1))),
            (hello[..hello.len() - 3].to_vec(), 99, Err(InflateError::Damaged)),
            (hello[..3].to_vec(), 99, Err(InflateError::Damaged)),
            (zeros, 1_000_000, Err(InflateError::TooLarge(1_000_000))),
        ];
        let (mut inflater, mut buffer) = (Inflater::default(), Vec::new());
        for (stored, limit, expected) in cases {
            assert_eq!(inflater.member(&stored, limit, &mut buffer), expected, "{stored:?}");
        }
    }

    #[test]
    fn a_member_inflated_by_and_by() {
        let stored = [gzip(b"hello hello hello").as_slice(), b"more"].concat();
        let (mut member, mut content) = (Member::new(&stored), Vec::new());
        member.read_to_end(&mut content).unwrap();
        assert_eq!((content.as_slice(), member.trailing()), (b"hello hello hello".as_slice(), 4));
    }
}
