//! Standard input: a tar archive, packed or not, else one delivery.
//!
//! What it is is seen from its first bytes. A zip archive keeps its directory at the end, so it cannot be read as it comes.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::tarball::Tarball;
use super::{capacity, content_tag, tagged};
use crate::source::{Fetched, Listed, SourceError, Stream};

/// Origin of everything that comes on standard input.
pub const ORIGIN: &str = "stdin:";

/// Bytes that are read before the kind is decided.
const PEEK_BYTES: u64 = 64 << 10;

/// Reads standard input (or any reader) as what its first bytes say: a tar archive, or one delivery whose key is its
/// content's hash.
pub fn stdin(mut reader: Box<dyn Read + Send>) -> Result<Box<dyn Stream>, SourceError> {
    let mut head = Vec::new();
    reader.by_ref().take(PEEK_BYTES).read_to_end(&mut head).map_err(|error| trouble(&error))?;
    let kind = sniff(&head);
    let whole = Cursor::new(head).chain(reader);
    match kind {
        Kind::Tar => Ok(Box::new(Tarball::new(ORIGIN.to_owned(), whole))),
        Kind::TarGz => {
            let inflated = io::BufReader::new(MultiGzDecoder::new(whole));
            Ok(Box::new(Tarball::new(ORIGIN.to_owned(), inflated)))
        }
        Kind::Zip => Err(SourceError::Io {
            key: ORIGIN.to_owned(),
            reason: "a zip archive cannot be read from standard input; save it and pass its file name".to_owned(),
        }),
        Kind::Gzip => Ok(Box::new(Single { reader: Some(Box::new(whole)), extension: ".json.gz" })),
        Kind::Plain => Ok(Box::new(Single { reader: Some(Box::new(whole)), extension: ".json" })),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tar,
    TarGz,
    Zip,
    Gzip,
    Plain,
}

fn sniff(head: &[u8]) -> Kind {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Kind::Zip;
    }
    if is_tar(head) {
        return Kind::Tar;
    }
    if !head.starts_with(&[0x1f, 0x8b]) {
        return Kind::Plain;
    }
    let mut inner = Vec::new();
    // The head may end in the middle of the stream: what came out before that is enough.
    let _ = MultiGzDecoder::new(head).take(512).read_to_end(&mut inner);
    if is_tar(&inner) { Kind::TarGz } else { Kind::Gzip }
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// One delivery, as it came.
struct Single {
    reader: Option<Box<dyn Read + Send>>,
    extension: &'static str,
}

impl Stream for Single {
    fn origin(&self) -> &str {
        ORIGIN
    }

    fn next(&mut self, size_bytes_max: u64) -> Option<Result<(Listed, Fetched), SourceError>> {
        let reader = self.reader.take()?;
        Some(read(reader, size_bytes_max, self.extension))
    }
}

fn read(reader: Box<dyn Read + Send>, limit_bytes: u64, extension: &str) -> Result<(Listed, Fetched), SourceError> {
    let mut body = Vec::with_capacity(capacity(limit_bytes));
    reader.take(limit_bytes.saturating_add(1)).read_to_end(&mut body).map_err(|error| trouble(&error))?;
    let size_bytes = body.len() as u64;
    if size_bytes > limit_bytes {
        return Err(SourceError::TooLarge { key: ORIGIN.to_owned(), size_bytes, limit_bytes });
    }
    let tag = content_tag(&body);
    Ok(tagged(format!("stdin-{tag}{extension}"), tag, body))
}

fn trouble(error: &io::Error) -> SourceError {
    SourceError::Io { key: ORIGIN.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::tarball::tests::{packed, read as read_all};
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn keys(bytes: Vec<u8>, limit_bytes: u64) -> Vec<Result<String, String>> {
        let mut stream = stdin(Box::new(Cursor::new(bytes))).unwrap();
        assert_eq!(stream.origin(), "stdin:");
        read_all(stream.as_mut(), limit_bytes).into_iter().map(|entry| entry.map(|(key, _)| key)).collect()
    }

    #[test]
    fn by_its_first_bytes() {
        let tar = packed(&[("a.json", b"{}"), ("b.json", &[b' '; 200_000])]);
        assert_eq!(keys(tar.clone(), 1 << 20), [Ok("a.json".to_owned()), Ok("b.json".to_owned())]);
        assert_eq!(keys(gzip(&tar), 1 << 20).len(), 2);
        assert_eq!(keys(b"{}".to_vec(), 99), [Ok("stdin-44136fa355b3678a1146ad16f7e8649e.json".to_owned())]);
        let single = keys(gzip(b"{\"Records\":[]}"), 99);
        assert!(single[0].as_ref().unwrap().ends_with(".json.gz"), "{single:?}");
        assert!(keys(b"{}  ".to_vec(), 3)[0].as_ref().unwrap_err().contains("limit of 3"));
        assert_eq!(keys(Vec::new(), 3).len(), 1);
    }

    #[test]
    fn zip_is_refused() {
        let error = stdin(Box::new(Cursor::new(b"PK\x03\x04....".to_vec()))).err().unwrap();
        assert!(error.to_string().contains("pass its file name"), "{error}");
    }
}
