//! Archives as sources: `.tar`, `.tar.gz`, `.tgz`, `.zip`, and whatever comes on standard input.
//!
//! Nothing is ever unpacked to disk: entries are read into memory one by one, within the caller's limit, and their names
//! are text, not paths. An archive that lies about its sizes is refused entry by entry.

mod stdin;
mod tarball;
mod zipped;

pub use stdin::stdin;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::folder::{Folder, file_url, trouble};
use crate::source::{Fetched, Listed, Source, SourceError, Stream};

use tarball::Tarball;
use zipped::Zipped;

/// A local path, opened.
pub enum Opened {
    /// A directory or a single file.
    Tree(Box<dyn Source>),
    /// An archive.
    Stream(Box<dyn Stream>),
}

/// How an archive is packed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// `.tar`
    Tar,
    /// `.tar.gz`, `.tgz`
    TarGz,
    /// `.zip`
    Zip,
}

/// Opens a local path: an archive by its name, anything else as a folder or single file.
pub fn open(path: &Path) -> Result<Opened, SourceError> {
    match packing(&path.to_string_lossy()) {
        Some(packing) if !path.is_dir() => Ok(Opened::Stream(open_archive(path, packing)?)),
        _ => Ok(Opened::Tree(Box::new(Folder::open(path)?))),
    }
}

/// How a file of this name is packed; `None` if it is no archive.
pub fn packing(name: &str) -> Option<Packing> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        name if name.ends_with(".tar") => Some(Packing::Tar),
        name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Some(Packing::TarGz),
        name if name.ends_with(".zip") => Some(Packing::Zip),
        _ => None,
    }
}

/// Opens an archive.
pub fn open_archive(path: &Path, packing: Packing) -> Result<Box<dyn Stream>, SourceError> {
    let name = path.display().to_string();
    let path = fs::canonicalize(path).map_err(|error| trouble(&name, &error))?;
    let origin = file_url(&path);
    let file = File::open(&path).map_err(|error| trouble(&name, &error))?;
    Ok(match packing {
        Packing::Tar => Box::new(Tarball::new(origin, BufReader::with_capacity(BUFFER_BYTES, file))),
        Packing::TarGz => {
            let inflated = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, file));
            Box::new(Tarball::new(origin, BufReader::with_capacity(BUFFER_BYTES, inflated)))
        }
        Packing::Zip => Box::new(Zipped::new(origin, BufReader::new(file))?),
    })
}

const BUFFER_BYTES: usize = 256 << 10;

/// Room that is set aside before an entry's declared size has proved true.
const TRUSTED_BYTES_MAX: u64 = 1 << 20;

/// An entry whose tag is its content.
fn entry(key: String, body: Vec<u8>) -> (Listed, Fetched) {
    let etag = content_tag(&body);
    tagged(key, etag, body)
}

fn tagged(key: String, etag: String, body: Vec<u8>) -> (Listed, Fetched) {
    let listed = Listed { key, size_bytes: body.len() as u64, etag: etag.clone() };
    (listed, Fetched { body: Bytes::from(body), etag, metadata: Vec::new() })
}

/// The first 16 bytes of the SHA-256, in hex.
fn content_tag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hex::encode(hash.iter().take(16).copied().collect::<Vec<u8>>())
}

fn capacity(size_bytes: u64) -> usize {
    usize::try_from(size_bytes.min(TRUSTED_BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packings() {
        assert_eq!(packing("a.TAR"), Some(Packing::Tar));
        assert_eq!(packing("a.b.tar.gz"), Some(Packing::TarGz));
        assert_eq!(packing("a.tgz"), Some(Packing::TarGz));
        assert_eq!(packing("a.zip"), Some(Packing::Zip));
        assert_eq!(packing("a.json.gz"), None);
    }

    #[test]
    fn a_path_opens_as_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("a.json");
        fs::write(&plain, "{}").unwrap();
        fs::create_dir(folder.path().join("odd.zip")).unwrap();
        assert!(matches!(open(folder.path()), Ok(Opened::Tree(_))));
        assert!(matches!(open(&plain), Ok(Opened::Tree(_))));
        assert!(matches!(open(&folder.path().join("odd.zip")), Ok(Opened::Tree(_))));
        assert!(matches!(open(&folder.path().join("none.tgz")), Err(SourceError::NotFound(_))));
        fs::write(folder.path().join("x.tar"), [0; 1024]).unwrap();
        assert!(matches!(open(&folder.path().join("x.tar")), Ok(Opened::Stream(_))));
    }
}
