//! The zip, made so that the same files give the same bytes, and the list of their hashes.

use std::io::{Seek, Write};

use chrono::{DateTime, Datelike, Timelike, Utc};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::EvidenceError;

/// Name of the list of hashes.
pub(super) const SHA256SUMS: &str = "SHA256SUMS";

/// Files from this size on need the larger headers of zip64.
const LARGE_FROM_BYTES: usize = 0x7fff_ffff;

/// A zip that is being written.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
    time: zip::DateTime,
    sums: Vec<(String, [u8; 32])>,
}

impl<W: Write + Seek> Archive<W> {
    /// An empty one, whose files all bear this time.
    pub(super) fn new(out: W, at: DateTime<Utc>) -> Archive<W> {
        Archive { zip: ZipWriter::new(out), time: zip_time(at), sums: Vec::new() }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), EvidenceError> {
        self.write(name, content, 0o644)?;
        self.sums.push((name.to_owned(), seal::sha256(content)));
        Ok(())
    }

    /// Adds a script that may be run.
    pub(super) fn add_script(&mut self, name: &str, content: &[u8]) -> Result<(), EvidenceError> {
        self.write(name, content, 0o755)?;
        self.sums.push((name.to_owned(), seal::sha256(content)));
        Ok(())
    }

    /// Adds the hashes of all files, as sha256sum writes them, and closes the zip.
    pub(super) fn finish(mut self) -> Result<W, EvidenceError> {
        let mut sums = std::mem::take(&mut self.sums);
        sums.sort();
        let list: String = sums.iter().map(|(name, hash)| format!("{}  {name}\n", hex::encode(hash))).collect();
        self.write(SHA256SUMS, list.as_bytes(), 0o644)?;
        Ok(self.zip.finish()?)
    }

    fn write(&mut self, name: &str, content: &[u8], mode: u32) -> Result<(), EvidenceError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(self.time)
            .unix_permissions(mode)
            .large_file(content.len() >= LARGE_FROM_BYTES);
        self.zip.start_file(name, options)?;
        self.zip.write_all(content)?;
        Ok(())
    }
}

/// The time as zip files hold it: from 1980 on, in steps of two seconds.
fn zip_time(at: DateTime<Utc>) -> zip::DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (month, day) = (small(at.month()), small(at.day()));
    let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
    zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}
