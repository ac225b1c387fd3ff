//! A zip archive as a store: any entry can be read at any time, from many threads, and nothing is ever unpacked to disk.
//!
//! An archive is evidence from anybody's hands. Its entries' names are text, not paths. An archive that can be read in two ways
//! (two entries of one name, entries that overlap) is refused as a whole, and an entry that is larger than its directory says is
//! refused when it is read.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::positioned::Positioned;
use super::tree::{Entry, Sorted};
use super::{Body, Object, Page, Refusal, Store};

/// Most entries of one archive: its directory is kept in memory.
pub const ENTRIES_MAX: usize = 2_000_000;

/// Room that is set aside before an entry's declared size has proved true.
const TRUSTED_BYTES_MAX: u64 = 1 << 20;

/// A zip archive.
pub struct Zipped {
    name: String,
    archive: ZipArchive<Positioned>,
    entries: Sorted<usize>,
}

/// Why an archive cannot be a store.
#[derive(Debug, thiserror::Error)]
pub enum ZipRefusal {
    /// It cannot be opened or its directory not be read.
    #[error("`{name}` cannot be read as a zip archive: {reason}")]
    Unreadable {
        /// The archive.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// More than [`ENTRIES_MAX`].
    #[error("`{0}` has more than {ENTRIES_MAX} entries; unpack it and verify the folder")]
    TooMany(String),
    /// Bytes belong to two entries.
    #[error("the entries of `{0}` overlap, as in a zip bomb; pack it again if you trust it")]
    Overlapping(String),
    /// Two entries of one name: what is verified would not be what others unpack.
    #[error(
        "`{0}` has two entries of the same name, and programs differ in which one they unpack; unpack it and verify the folder"
    )]
    Ambiguous(String),
}

impl Zipped {
    /// Opens an archive and reads its directory.
    pub fn open(path: &Path) -> Result<Zipped, ZipRefusal> {
        let name = path.display().to_string();
        let unreadable = |reason: String| ZipRefusal::Unreadable { name: name.clone(), reason };
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let positioned = Positioned::new(file).map_err(|error| unreadable(error.to_string()))?;
        let mut archive = ZipArchive::new(positioned).map_err(|error| unreadable(error.to_string()))?;
        if archive.len() > ENTRIES_MAX {
            return Err(ZipRefusal::TooMany(name));
        }
        if archive.has_overlapping_entries().map_err(|error| unreadable(error.to_string()))? {
            return Err(ZipRefusal::Overlapping(name));
        }
        match keyed(&archive).map_err(|error| unreadable(error.to_string()))? {
            Some(entries) => Ok(Zipped { name, archive, entries }),
            None => Err(ZipRefusal::Ambiguous(name)),
        }
    }
}

impl Store for Zipped {
    fn name(&self) -> &str {
        &self.name
    }

    fn bucket(&self) -> Option<&str> {
        None
    }

    fn root(&self) -> &str {
        ""
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        Ok(self.entries.page(prefix, after))
    }

    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal> {
        let entry = self.entries.find(key).ok_or(Refusal::NotFound)?;
        if entry.size_bytes > size_bytes_max {
            return Err(Refusal::TooLarge(size_bytes_max));
        }
        // A clone shares the directory and the file; what it has of its own is where it reads.
        let mut archive = self.archive.clone();
        let file = archive.by_index(entry.of).map_err(|error| refusal(&error))?;
        if file.is_symlink() {
            return Err(Refusal::Unreadable("it is a symbolic link; pack what it points to".to_owned()));
        }
        let stored = content(file, entry.size_bytes)?;
        Ok(Object { body: Body::Stored(stored), metadata: Vec::new() })
    }
}

/// The entries that are no folders, by key; `None` if two have the same.
fn keyed(archive: &ZipArchive<Positioned>) -> Result<Option<Sorted<usize>>, ZipError> {
    if archive.has_duplicate_names() {
        return Ok(None);
    }
    let backslashed = has_backslashes_only(archive);
    let mut entries = Vec::with_capacity(archive.len());
    for of in 0..archive.len() {
        let entry = archive.by_index_data(of)?;
        let key = key(entry.name_raw(), backslashed);
        if !key.is_empty() && !key.ends_with('/') {
            entries.push(Entry { key: key.into_boxed_str(), size_bytes: entry.size(), of });
        }
    }
    let distinct = entries.iter().map(|entry| &entry.key).collect::<HashSet<_>>().len();
    Ok((distinct == entries.len()).then(|| Sorted::new(entries)))
}

/// Old Windows programs separate folders by `\`, against the format.
fn has_backslashes_only(archive: &ZipArchive<Positioned>) -> bool {
    let has = |byte: u8| archive.file_names_raw().any(|name| name.contains(&byte));
    !has(b'/') && has(b'\\')
}

/// An entry's name as a key: without the leading `./` and `/` that keys never have. `../` stays, it is only text here.
fn key(name: &[u8], backslashed: bool) -> String {
    let text = String::from_utf8_lossy(name);
    let text = if backslashed { text.replace('\\', "/") } else { text.into_owned() };
    let mut rest = text.as_str();
    while let Some(shorter) = rest.strip_prefix("./").or_else(|| rest.strip_prefix('/')) {
        rest = shorter;
    }
    rest.to_owned()
}

/// Reads one entry; never more than the directory declares.
fn content(file: ZipFile<'_, Positioned>, size_bytes: u64) -> Result<Vec<u8>, Refusal> {
    let mut stored = Vec::with_capacity(usize::try_from(size_bytes.min(TRUSTED_BYTES_MAX)).unwrap_or_default());
    let damaged = |error: std::io::Error| Refusal::Unreadable(format!("the archive is damaged here: {error}"));
    file.take(size_bytes.saturating_add(1)).read_to_end(&mut stored).map_err(damaged)?;
    if stored.len() as u64 == size_bytes {
        return Ok(stored);
    }
    let reason = format!("it holds {} bytes or more where the archive's directory says {size_bytes}", stored.len());
    Err(Refusal::Unreadable(reason))
}

fn refusal(error: &ZipError) -> Refusal {
    Refusal::Unreadable(format!("the archive cannot give it: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, body) in files {
            match name.strip_suffix('/') {
                Some(folder) => writer.add_directory(folder, SimpleFileOptions::default()).unwrap(),
                None => {
                    writer.start_file(*name, SimpleFileOptions::default()).unwrap();
                    writer.write_all(body).unwrap();
                }
            }
        }
        writer.finish().unwrap().into_inner()
    }

    fn open(bytes: &[u8]) -> Result<Zipped, ZipRefusal> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Zipped::open(file.path())
    }

    fn stored(store: &Zipped, key: &str, max: u64) -> Result<Vec<u8>, Refusal> {
        match store.read(key, max)?.body {
            Body::Stored(bytes) => Ok(bytes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn entries_are_objects_and_names_are_text() {
        let zip =
            open(&packed(&[("AWSLogs/", b""), ("./AWSLogs/1/b", b"two"), ("/AWSLogs/1/a", b"one"), ("../up", b"u")])).unwrap();
        let page = zip.list("AWSLogs/1/", None).unwrap();
        assert_eq!(page.objects.iter().map(|listed| listed.key.as_str()).collect::<Vec<_>>(), ["AWSLogs/1/a", "AWSLogs/1/b"]);
        assert_eq!(stored(&zip, "AWSLogs/1/b", 3), Ok(b"two".to_vec()));
        assert_eq!(stored(&zip, "AWSLogs/1/b", 2), Err(Refusal::TooLarge(2)));
        assert_eq!(stored(&zip, "../up", 9), Ok(b"u".to_vec()));
        for key in ["AWSLogs/1/c", "AWSLogs/", "/AWSLogs/1/a", "AWSLogs/1/../1/a"] {
            assert_eq!(stored(&zip, key, 9), Err(Refusal::NotFound), "{key}");
        }
    }

    #[test]
    fn many_threads_read_at_once() {
        let bodies: Vec<(String, Vec<u8>)> = (0..64u32).map(|n| (format!("f/{n:03}"), n.to_le_bytes().repeat(5_000))).collect();
        let files: Vec<(&str, &[u8])> = bodies.iter().map(|(name, body)| (name.as_str(), body.as_slice())).collect();
        let zip = open(&packed(&files)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| bodies.iter().for_each(|(key, body)| assert_eq!(stored(&zip, key, 1 << 20).as_ref(), Ok(body))));
            }
        });
    }

    #[test]
    fn two_names_of_one_key_are_refused() {
        let twice = packed(&[("a", b"good"), ("./a", b"evil")]);
        assert!(matches!(open(&twice), Err(ZipRefusal::Ambiguous(_))));
        let mut same = packed(&[("a-1", b"good"), ("a-2", b"evil")]);
        let places: Vec<usize> = (0..same.len() - 3).filter(|at| &same[*at..*at + 3] == b"a-2").collect();
        places.into_iter().for_each(|at| same[at + 2] = b'1');
        assert!(matches!(open(&same), Err(ZipRefusal::Ambiguous(_))));
    }

    #[test]
    fn names_with_backslashes_alone_are_paths() {
        let zip = open(&packed(&[("AWSLogs\\1\\a", b"x")])).unwrap();
        assert_eq!(stored(&zip, "AWSLogs/1/a", 9), Ok(b"x".to_vec()));
        let mixed = open(&packed(&[("a/b\\c", b"x")])).unwrap();
        assert_eq!(stored(&mixed, "a/b\\c", 9), Ok(b"x".to_vec()));
    }

    #[test]
    fn a_directory_that_lies_about_sizes() {
        let mut bytes = packed(&[("bomb", &vec![0; 5 << 20])]);
        let size = (5u32 << 20).to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == size).collect();
        places.into_iter().for_each(|at| bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes()));
        // Whether opening or reading refuses it: it is never inflated whole.
        if let Ok(zip) = open(&bytes) {
            assert!(matches!(stored(&zip, "bomb", 1 << 20), Err(Refusal::Unreadable(_))));
        }
    }

    #[test]
    fn a_changed_byte_is_found() {
        let mut bytes = packed(&[("a.json", b"{\"Records\":[]}")]);
        let at = bytes.windows(6).position(|window| window == b"a.json").unwrap() + 8;
        bytes[at] ^= 0x55;
        assert!(matches!(stored(&open(&bytes).unwrap(), "a.json", 99), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn what_is_no_zip() {
        for bytes in [b"no zip at all".as_slice(), b"", b"PK\x03\x04", b"PK\x05\x06"] {
            let refused = open(bytes).err().unwrap_or_else(|| panic!("{bytes:?} was opened"));
            assert!(matches!(refused, ZipRefusal::Unreadable { .. }), "{refused}");
        }
        assert!(matches!(Zipped::open(Path::new("/nonexistent.zip")), Err(ZipRefusal::Unreadable { .. })));
    }
}
