//! Gzip as the AWS CLI reads it, which is not as gzip should be read.
//!
//! A log file whose end is missing is accepted if what is there has the right hash: nobody asks whether the stream had ended. Bytes after
//! the end are found in a log file and passed over in a digest.

use std::io::Write;

use flate2::{Decompress, FlushDecompress, Status};
use record::{InflateError, Inflater};
use sha2::{Digest, Sha256};

/// Bits of a deflate window, as gzip has it.
const WINDOW_BITS: u8 = 15;
/// What is inflated at a time where a file is read in the slow way, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// The flag of a header that has a checksum of its own, which only the slow way looks at.
const HEADER_CHECKSUM: u8 = 2;

/// How the first gzip member of a file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the file.
    Whole,
    /// Before the file.
    Trailing,
    /// Not within the file.
    Missing,
}

/// Why a file could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GunzipError {
    /// It is no gzip, or damaged.
    Damaged,
    /// It holds more than this, in bytes.
    TooLarge(u64),
}

/// The first member of a digest.
pub fn digest(stored: &[u8], content_bytes_max: u64) -> Result<Vec<u8>, GunzipError> {
    let mut content = Vec::new();
    match first_member(stored, content_bytes_max, &mut content)? {
        End::Missing => Err(GunzipError::Damaged),
        End::Whole | End::Trailing => Ok(content),
    }
}

/// Hashes log files, one after the other.
#[derive(Default)]
pub struct LogHasher {
    inflater: Inflater,
    content: Vec<u8>,
}

impl LogHasher {
    /// The SHA-256 of what can be inflated of a log file, and how it ended.
    pub fn hash(&mut self, stored: &[u8], content_bytes_max: u64) -> Result<([u8; 32], End), GunzipError> {
        let has_checksum = stored.get(3).is_none_or(|flags| flags & HEADER_CHECKSUM != 0);
        if !has_checksum {
            match self.inflater.member(stored, content_bytes_max, &mut self.content) {
                Ok(content) => return Ok((Sha256::digest(content).into(), End::Whole)),
                Err(InflateError::TooLarge(limit)) => return Err(GunzipError::TooLarge(limit)),
                Err(InflateError::Damaged | InflateError::Trailing(_)) => {}
            }
        }
        let mut hashing = Hashing(Sha256::new());
        let end = first_member(stored, content_bytes_max, &mut hashing)?;
        Ok((hashing.0.finalize().into(), end))
    }
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Inflates the first member, as far as it goes.
fn first_member(stored: &[u8], content_bytes_max: u64, content: &mut impl Write) -> Result<End, GunzipError> {
    let mut decompress = Decompress::new_gzip(WINDOW_BITS);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let (read, written) = (decompress.total_in(), decompress.total_out());
        let rest = usize::try_from(read).ok().and_then(|read| stored.get(read..)).unwrap_or_default();
        let status = decompress.decompress(rest, &mut chunk, FlushDecompress::None).map_err(|_| GunzipError::Damaged)?;
        let new = usize::try_from(decompress.total_out() - written).unwrap_or(0);
        content.write_all(chunk.get(..new).unwrap_or_default()).map_err(|_| GunzipError::Damaged)?;
        if decompress.total_out() > content_bytes_max {
            return Err(GunzipError::TooLarge(content_bytes_max));
        }
        match status {
            Status::StreamEnd if decompress.total_in() < stored.len() as u64 => return Ok(End::Trailing),
            Status::StreamEnd => return Ok(End::Whole),
            Status::Ok | Status::BufError if new == 0 && decompress.total_in() == read => return Ok(End::Missing),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn edited(edit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut stored = gzip(b"hello hello hello");
        edit(&mut stored);
        stored
    }

    #[test]
    fn as_the_cli_reads_log_files() {
        let hello: [u8; 32] = Sha256::digest(b"hello hello hello").into();
        let nothing: [u8; 32] = Sha256::digest(b"").into();
        let length = gzip(b"hello hello hello").len();
        let cases = [
            ("whole", edited(|_| {}), Ok((hello, End::Whole))),
            ("no end of the trailer", edited(|stored| stored.truncate(length - 3)), Ok((hello, End::Missing))),
            ("no trailer", edited(|stored| stored.truncate(length - 8)), Ok((hello, End::Missing))),
            ("only a header", edited(|stored| stored.truncate(10)), Ok((nothing, End::Missing))),
            ("a byte", edited(|stored| stored.truncate(1)), Ok((nothing, End::Missing))),
            ("nothing", Vec::new(), Ok((nothing, End::Missing))),
            ("trailing bytes", edited(|stored| stored.push(b'X')), Ok((hello, End::Trailing))),
            ("two members", [gzip(b"hello hello hello"), gzip(b"")].concat(), Ok((hello, End::Trailing))),
            ("another time", edited(|stored| stored[4] = 9), Ok((hello, End::Whole))),
            ("wrong checksum", edited(|stored| stored[length - 8] ^= 1), Err(GunzipError::Damaged)),
            ("wrong length", edited(|stored| stored[length - 1] ^= 1), Err(GunzipError::Damaged)),
            ("no gzip", b"{\"Records\":[]}".to_vec(), Err(GunzipError::Damaged)),
            ("reserved flag", edited(|stored| stored[3] = 0x80), Err(GunzipError::Damaged)),
            (
                "wrong checksum of the header",
                edited(|stored| {
                    stored[3] = HEADER_CHECKSUM;
                    stored.splice(10..10, *b"xx");
                }),
                Err(GunzipError::Damaged),
            ),
        ];
        let mut hasher = LogHasher::default();
        for (name, stored, expected) in cases {
            assert_eq!(hasher.hash(&stored, 1000), expected, "{name}");
        }
        assert_eq!(hasher.hash(&gzip(&[7; 1001]), 1000), Err(GunzipError::TooLarge(1000)));
        assert!(hasher.hash(&gzip(&[7; 1_000_000]), 1_000_000).is_ok());
    }

    #[test]
    fn as_the_cli_reads_digests() {
        let hello = || b"hello hello hello".to_vec();
        assert_eq!(digest(&edited(|_| {}), 1000), Ok(hello()));
        assert_eq!(digest(&edited(|stored| stored.push(b'X')), 1000), Ok(hello()));
        assert_eq!(digest(&edited(|stored| stored.truncate(stored.len() - 1)), 1000), Err(GunzipError::Damaged));
        assert_eq!(digest(b"", 1000), Err(GunzipError::Damaged));
        assert_eq!(digest(&gzip(&[7; 200_000]), 100_000), Err(GunzipError::TooLarge(100_000)));
    }
}
