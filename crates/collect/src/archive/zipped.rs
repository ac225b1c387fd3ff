//! A zip archive, newest delivery first.
//!
//! What its directory says is checked against what comes out: entries that overlap (the way to pack a bomb) or hide one
//! behind another of the same name are refused, sizes are limits, checksums are compared by the reader below.

use std::cmp::Reverse;
use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::{capacity, tagged};
use crate::names::key_of_entry;
use crate::source::{Fetched, Listed, SourceError, Stream};

pub(super) struct Zipped<R> {
    origin: String,
    zip: ZipArchive<R>,
    order: std::vec::IntoIter<usize>,
    /// What is wrong with the archive as a whole, told before its entries.
    hidden: Option<SourceError>,
}

impl<R: Read + Seek> Zipped<R> {
    pub(super) fn new(origin: String, reader: R) -> Result<Zipped<R>, SourceError> {
        let damaged = |reason: String| SourceError::Io { key: origin.clone(), reason };
        let mut zip = ZipArchive::new(reader).map_err(|error| damaged(error.to_string()))?;
        if zip.has_overlapping_entries().map_err(|error| damaged(error.to_string()))? {
            return Err(damaged("its entries overlap, as in a zip bomb; pack it again if you trust it".to_owned()));
        }
        let hidden = zip
            .has_duplicate_names()
            .then(|| damaged("two entries have the same name and only one can be read; unpack and collect the folder".to_owned()));
        let order = newest_first(&zip).into_iter();
        Ok(Zipped { origin, zip, order, hidden })
    }

    fn entry(&mut self, index: usize, limit_bytes: u64) -> Result<Option<(Listed, Fetched)>, SourceError> {
        let key = key(&self.zip, index);
        let damaged = |reason: String| SourceError::Io { key: key.clone(), reason };
        let file = self.zip.by_index(index).map_err(|error| damaged(error.to_string()))?;
        if file.is_dir() || file.is_symlink() {
            return Ok(None);
        }
        let (size_bytes, checksum) = (file.size(), file.crc32());
        if size_bytes > limit_bytes {
            return Err(SourceError::TooLarge { key, size_bytes, limit_bytes });
        }
        let body = content(file, size_bytes).map_err(damaged)?;
        Ok(Some(tagged(key, format!("{checksum:08x}-{size_bytes}"), body)))
    }
}

impl<R: Read + Seek + Send> Stream for Zipped<R> {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn next(&mut self, size_bytes_max: u64) -> Option<Result<(Listed, Fetched), SourceError>> {
        if let Some(hidden) = self.hidden.take() {
            return Some(Err(hidden));
        }
        while let Some(index) = self.order.next() {
            if let Some(found) = self.entry(index, size_bytes_max).transpose() {
                return Some(found);
            }
        }
        None
    }
}

/// Reads one entry; never more than its directory declares.
fn content<R: Read>(file: ZipFile<'_, R>, size_bytes: u64) -> Result<Vec<u8>, String> {
    let mut body = Vec::with_capacity(capacity(size_bytes));
    let limit = size_bytes.saturating_add(1);
    file.take(limit).read_to_end(&mut body).map_err(|error| error.to_string())?;
    match body.len() as u64 {
        length if length == size_bytes => Ok(body),
        length => Err(format!("it holds {length} bytes or more where the archive's directory says {size_bytes}")),
    }
}

fn newest_first<R>(zip: &ZipArchive<R>) -> Vec<usize>
where
    R: Read + Seek,
{
    let mut order: Vec<usize> = (0..zip.len()).collect();
    order.sort_by_cached_key(|index| Reverse(layout::place(&key(zip, *index)).and_then(|place| place.day)));
    order
}

fn key<R: Read + Seek>(zip: &ZipArchive<R>, index: usize) -> String {
    zip.by_index_data(index).map(|entry| key_of_entry(entry.name_raw())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tarball::tests::read;
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_directory("AWSLogs/", SimpleFileOptions::default()).unwrap();
        for (name, body) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(body).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn zipped(bytes: Vec<u8>) -> Result<Zipped<Cursor<Vec<u8>>>, SourceError> {
        Zipped::new("file:///x.zip".to_owned(), Cursor::new(bytes))
    }

    #[test]
    fn newest_day_first() {
        let name = |day| format!("1_CloudTrail_us-east-1_202307{day}T1145Z_x.json");
        let (old, new) = (name("09"), name("11"));
        let bytes = packed(&[("notes.json", b"n"), (&old, b"old"), (&new, b"new"), ("../up.json", b"u")]);
        let mut stream = zipped(bytes).unwrap();
        let found: Vec<String> = read(&mut stream, 99).into_iter().map(|entry| entry.unwrap().0).collect();
        assert_eq!(found, [new, old, "notes.json".to_owned(), "../up.json".to_owned()]);
    }

    #[test]
    fn a_bomb_is_refused_by_its_declared_size() {
        let found = read(&mut zipped(packed(&[("bomb.json", &vec![0; 5 << 20]), ("a.json", b"1")])).unwrap(), 1 << 20);
        assert!(found[0].as_ref().unwrap_err().contains("more than the limit"), "{found:?}");
        assert_eq!(found[1], Ok(("a.json".to_owned(), b"1".to_vec())));
    }

    #[test]
    fn a_directory_that_lies_about_sizes() {
        let mut bytes = packed(&[("bomb.json", &vec![0; 5 << 20])]);
        let size = (5u32 << 20).to_le_bytes();
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == size).collect();
        for at in places {
            bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
        }
        let found = read(&mut zipped(bytes).unwrap(), 1 << 20);
        assert_eq!(found.len(), 1);
        assert!(found[0].is_err(), "{found:?}");
    }

    #[test]
    fn no_zip() {
        assert!(matches!(zipped(b"no zip at all".to_vec()), Err(SourceError::Io { .. })));
    }

    #[test]
    fn a_changed_byte_is_found() {
        let mut bytes = packed(&[("a.json", b"{\"Records\":[]}")]);
        let at = bytes.windows(4).position(|window| window == b"a.js").unwrap() + 7;
        bytes[at] ^= 0x55;
        assert!(read(&mut zipped(bytes).unwrap(), 99)[0].is_err());
    }
}
