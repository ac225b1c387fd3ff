//! A tar stream, read front to back without ever going back.
//!
//! The blocks are walked here, not by an unpacking library: names and extended headers have limits, an entry that is too
//! large is passed over without being held, and archives glued together are read to their end.

use std::io::{self, Read};

use tar::{EntryType, Header, PaxExtensions};

use super::{capacity, entry};
use crate::names::key_of_entry;
use crate::source::{Fetched, Listed, SourceError, Stream};

/// Longest name or extended header.
const HEADER_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of one entry that are passed over; beyond, the archive is given up as a bomb.
const SKIP_BYTES_MAX: u64 = 64 << 30;
/// Most zero blocks in a row, between archives that were glued together or after the last one.
const ZERO_BLOCKS_MAX: u32 = 1 << 16;

const BLOCK_BYTES: usize = 512;

pub(super) struct Tarball<R> {
    origin: String,
    reader: R,
    /// Bytes that stand between the reader and the next header.
    rest_bytes: u64,
    ended: bool,
}

/// What a long name or an extended header says about the entry that follows.
#[derive(Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    size_bytes: Option<u64>,
}

/// Why there is no entry: one is lost, or everything that follows.
enum Trouble {
    Entry(SourceError),
    Rest(SourceError),
}

impl<R: Read> Tarball<R> {
    pub(super) fn new(origin: String, reader: R) -> Tarball<R> {
        Tarball { origin, reader, rest_bytes: 0, ended: false }
    }

    fn entry(&mut self, limit_bytes: u64) -> Result<Option<(Listed, Fetched)>, Trouble> {
        let mut ahead = Ahead::default();
        while let Some(header) = self.header()? {
            let own_bytes = header.entry_size().map_err(|error| self.rest(&error))?;
            match header.entry_type() {
                EntryType::GNULongName => ahead.name = Some(self.long_name(own_bytes)?),
                EntryType::XHeader => self.extended(own_bytes, &mut ahead)?,
                EntryType::GNULongLink | EntryType::XGlobalHeader => self.pass(own_bytes)?,
                kind => {
                    let ahead = std::mem::take(&mut ahead);
                    let size_bytes = ahead.size_bytes.unwrap_or(own_bytes);
                    let name = ahead.name.unwrap_or_else(|| header.path_bytes().into_owned());
                    if let Some(found) = self.content(kind, &name, size_bytes, limit_bytes)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Reads an entry's bytes; `None` for folders and links, which have none.
    fn content(
        &mut self,
        kind: EntryType,
        name: &[u8],
        size_bytes: u64,
        limit_bytes: u64,
    ) -> Result<Option<(Listed, Fetched)>, Trouble> {
        let key = key_of_entry(name);
        if has_no_content(kind) || name.ends_with(b"/") {
            self.pass(size_bytes)?;
            return Ok(None);
        }
        if kind == EntryType::GNUSparse {
            self.pass(size_bytes)?;
            let reason = "it is a sparse file; pack the archive again without --sparse".to_owned();
            return Err(Trouble::Entry(SourceError::Io { key, reason }));
        }
        if size_bytes > limit_bytes {
            self.pass(size_bytes)?;
            return Err(Trouble::Entry(SourceError::TooLarge { key, size_bytes, limit_bytes }));
        }
        let body = self.take(size_bytes)?;
        Ok(Some(entry(key, body)))
    }

    /// The next header block; `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, Trouble> {
        self.skip_rest()?;
        for _ in 0..ZERO_BLOCKS_MAX {
            let mut block = [0; BLOCK_BYTES];
            if !self.block(&mut block)? {
                return Ok(None);
            }
            if block.iter().any(|byte| *byte != 0) {
                let header = Header::from_byte_slice(&block).clone();
                return if sum(&block) == header.cksum().ok() { Ok(Some(header)) } else { Err(self.no_header()) };
            }
        }
        Ok(None)
    }

    /// Fills one block; `false` if the stream ended before it.
    fn block(&mut self, block: &mut [u8; BLOCK_BYTES]) -> Result<bool, Trouble> {
        let mut body = Vec::with_capacity(BLOCK_BYTES);
        let size_bytes = BLOCK_BYTES as u64;
        self.reader.by_ref().take(size_bytes).read_to_end(&mut body).map_err(|error| self.rest(&error))?;
        match body.len() {
            0 => Ok(false),
            BLOCK_BYTES => {
                block.copy_from_slice(&body);
                Ok(true)
            }
            _ => Err(self.rest(&cut_short())),
        }
    }

    /// Reads `size_bytes` of content. The declared size is believed only as the bytes arrive.
    fn take(&mut self, size_bytes: u64) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::with_capacity(capacity(size_bytes));
        self.reader.by_ref().take(size_bytes).read_to_end(&mut body).map_err(|error| self.rest(&error))?;
        if body.len() as u64 != size_bytes {
            return Err(self.rest(&cut_short()));
        }
        self.rest_bytes = padding(size_bytes);
        Ok(body)
    }

    /// Leaves content unread; it is passed over before the next header, so that an error can be told first.
    fn pass(&mut self, size_bytes: u64) -> Result<(), Trouble> {
        if size_bytes > SKIP_BYTES_MAX {
            return Err(self.rest(&io::Error::other(format!("an entry claims {size_bytes} bytes"))));
        }
        self.rest_bytes = size_bytes.saturating_add(padding(size_bytes));
        Ok(())
    }

    fn skip_rest(&mut self) -> Result<(), Trouble> {
        let wanted = std::mem::take(&mut self.rest_bytes);
        let passed = io::copy(&mut self.reader.by_ref().take(wanted), &mut io::sink());
        match passed.map_err(|error| self.rest(&error))? {
            passed if passed < wanted => Err(self.rest(&cut_short())),
            _ => Ok(()),
        }
    }

    fn long_name(&mut self, size_bytes: u64) -> Result<Vec<u8>, Trouble> {
        let mut name = self.small(size_bytes)?;
        while name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    fn extended(&mut self, size_bytes: u64, ahead: &mut Ahead) -> Result<(), Trouble> {
        let text = self.small(size_bytes)?;
        for extension in PaxExtensions::new(&text).flatten() {
            match extension.key_bytes() {
                b"path" => ahead.name = Some(extension.value_bytes().to_vec()),
                b"size" => ahead.size_bytes = extension.value().ok().and_then(|value| value.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }

    fn small(&mut self, size_bytes: u64) -> Result<Vec<u8>, Trouble> {
        if size_bytes > HEADER_BYTES_MAX {
            return Err(self.rest(&io::Error::other(format!("a name or header claims {size_bytes} bytes"))));
        }
        self.take(size_bytes)
    }

    fn no_header(&self) -> Trouble {
        self.rest(&io::Error::other("an entry's header is damaged, or this is no tar archive"))
    }

    fn rest(&self, error: &io::Error) -> Trouble {
        let reason = format!("{error}; the rest of the archive was not read");
        Trouble::Rest(SourceError::Io { key: self.origin.clone(), reason })
    }
}

impl<R: Read + Send> Stream for Tarball<R> {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn next(&mut self, size_bytes_max: u64) -> Option<Result<(Listed, Fetched), SourceError>> {
        if self.ended {
            return None;
        }
        match self.entry(size_bytes_max) {
            Ok(Some(found)) => Some(Ok(found)),
            Err(Trouble::Entry(error)) => Some(Err(error)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(Trouble::Rest(error)) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

fn cut_short() -> io::Error {
    io::Error::other("the archive is cut short")
}

fn has_no_content(kind: EntryType) -> bool {
    use EntryType::{Block, Char, Directory, Fifo, Link, Symlink};
    matches!(kind, Directory | Link | Symlink | Char | Block | Fifo)
}

/// Content is filled up to whole blocks.
fn padding(size_bytes: u64) -> u64 {
    let block_bytes = BLOCK_BYTES as u64;
    size_bytes.next_multiple_of(block_bytes) - size_bytes
}

/// A header's checksum: the sum of its bytes, its own field counted as spaces.
fn sum(block: &[u8; BLOCK_BYTES]) -> Option<u32> {
    let field = 148..156;
    let bytes = block.iter().enumerate();
    Some(bytes.map(|(at, byte)| if field.contains(&at) { 32 } else { u32::from(*byte) }).sum())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::archive) fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, body) in files {
            let mut header = Header::new_gnu();
            header.set_size(body.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, name, *body).unwrap();
        }
        builder.into_inner().unwrap()
    }

    pub(in crate::archive) fn read(stream: &mut dyn Stream, limit_bytes: u64) -> Vec<Result<(String, Vec<u8>), String>> {
        let mut found = Vec::new();
        while let Some(entry) = stream.next(limit_bytes) {
            found.push(entry.map(|(listed, fetched)| (listed.key, fetched.body.to_vec())).map_err(|error| error.to_string()));
        }
        found
    }

    fn tarball(bytes: Vec<u8>) -> Tarball<io::Cursor<Vec<u8>>> {
        Tarball::new("file:///x.tar".to_owned(), io::Cursor::new(bytes))
    }

    #[test]
    fn a_round_trip_with_long_names() {
        let long = format!("AWSLogs/{}/x.json", "deep/".repeat(60));
        let files: [(&str, &[u8]); 4] = [("a.json", b"{}"), (&long, b"[1]"), ("./b.json", &[7; 1024]), ("empty.json", b"")];
        let found = read(&mut tarball(packed(&files)), 5000);
        let told: Vec<_> = files.iter().map(|(name, body)| Ok((name.trim_start_matches("./").to_owned(), body.to_vec()))).collect();
        assert_eq!(found, told);
    }

    #[test]
    fn glued_archives_are_read_to_the_end() {
        let mut bytes = packed(&[("a.json", b"1")]);
        bytes.extend(packed(&[("b.json", b"2")]));
        assert_eq!(read(&mut tarball(bytes), 9).len(), 2);
    }

    #[test]
    fn too_large_is_passed_over() {
        let found = read(&mut tarball(packed(&[("big.json", &[1; 2000]), ("a.json", b"1")])), 1999);
        assert!(found[0].as_ref().unwrap_err().contains("holds 2000 bytes"), "{found:?}");
        assert_eq!(found[1], Ok(("a.json".to_owned(), b"1".to_vec())));
    }

    #[test]
    fn a_gzip_bomb_is_never_held() {
        let mut header = Header::new_gnu();
        header.set_path("bomb.json").unwrap();
        header.set_size(1 << 30);
        header.set_cksum();
        let whole = io::Cursor::new(header.as_bytes().to_vec()).chain(io::repeat(0).take(1 << 30));
        let whole = whole.chain(io::Cursor::new(packed(&[("a.json", b"1")])));
        let found = read(&mut Tarball::new("x".to_owned(), whole), 1 << 20);
        assert!(found[0].as_ref().unwrap_err().contains("more than the limit"), "{found:?}");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_size_beyond_reason_ends_the_archive() {
        let mut header = Header::new_gnu();
        header.set_path("bomb.json").unwrap();
        header.set_size(1 << 50);
        header.set_cksum();
        let found = read(&mut tarball(header.as_bytes().to_vec()), 1 << 20);
        assert_eq!(found.len(), 1);
        assert!(found[0].as_ref().unwrap_err().contains("rest of the archive was not read"), "{found:?}");
    }

    #[test]
    fn damage_is_told_once() {
        let whole = packed(&[("a.json", &[1; 600]), ("b.json", b"2")]);
        for length in [100, 512, 700, 1536, 1600] {
            let cut = whole.get(..length).unwrap().to_vec();
            let found = read(&mut tarball(cut), 5000);
            assert!(found.iter().filter(|entry| entry.is_err()).count() <= 1, "{length}: {found:?}");
            assert_eq!(found.iter().any(Result::is_err), length != 1536, "{length}: {found:?}");
        }
        let found = read(&mut tarball(b"this is no tar".repeat(100)), 5000);
        assert!(found[0].as_ref().unwrap_err().contains("no tar archive"), "{found:?}");
    }

    #[test]
    fn folders_and_links_are_no_entries_and_names_stay_text() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link.json", "/etc/passwd").unwrap();
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..12].copy_from_slice(b"../../x.json");
        header.set_size(1);
        header.set_cksum();
        builder.append(&header, &b"1"[..]).unwrap();
        let found = read(&mut tarball(builder.into_inner().unwrap()), 9);
        assert_eq!(found, [Ok(("../../x.json".to_owned(), b"1".to_vec()))]);
    }
}
