//! What a home's ledger says of every delivery, laid out by account, Region and day.
//!
//! The ledger lies there day by day, and is judged cell by cell. So it is gone through once and sorted into a temporary file; what
//! stays in memory is where the pieces of each cell and day are, some 30 bytes each, however many deliveries there are.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use lake::ledger::{Entry, Metadata, Status};
use layout::Level;
use serde::{Deserialize, Serialize};

/// Bytes of rows that are gathered before they are written.
const GATHERED_BYTES_MAX: usize = 16 << 20;

/// What is left of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Left {
    /// Its content: rows gave it.
    Whole,
    /// Nothing whole, and nothing says why.
    Lost,
    /// Its records went with the retention.
    Retired,
    /// Its bytes, as evidence.
    Evidence,
    /// It was refused.
    Refused,
    /// The same content as before: only its metadata counts.
    Same,
}

/// A delivery, as far as a judgment wants to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its key.
    pub key: String,
    /// When it was ingested, in microseconds.
    pub ingested_us: i64,
    /// What is left of it.
    pub left: Left,
    /// Size as stored at the source.
    pub stored_bytes: u64,
    /// Size of the content.
    pub content_bytes: u64,
    /// SHA-256 of the stored bytes.
    pub stored_sha256: Option<[u8; 32]>,
    /// SHA-256 of the content.
    pub content_sha256: Option<[u8; 32]>,
    /// Where its bytes are kept.
    pub evidence: Option<String>,
    /// Metadata of its object.
    pub metadata: Metadata,
}

/// A cell of one origin, by number.
pub type CellNumber = u32;

/// Where some rows of a cell and day are in the file.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u64,
    bytes: u32,
}

type Pieces = BTreeMap<(CellNumber, NaiveDate), Vec<Piece>>;

/// An index that is being written.
pub struct Writer {
    file: File,
    end: u64,
    cells: HashMap<(String, String), CellNumber>,
    gathered: BTreeMap<(CellNumber, NaiveDate), Vec<u8>>,
    gathered_bytes: usize,
    pieces: Pieces,
    outside: u64,
}

/// A ledger, by cell and day.
pub struct Index {
    file: Mutex<File>,
    pieces: Pieces,
    /// By origin, each with its folders down to the Region.
    pub origins: BTreeMap<String, BTreeMap<String, CellNumber>>,
    /// Log files outside of CloudTrail's layout: no digest can vouch for them.
    pub outside: u64,
}

impl Item {
    /// What a row says.
    pub fn of(entry: Entry, left: Left) -> Item {
        Item {
            key: entry.key,
            ingested_us: entry.ingested_us,
            left,
            stored_bytes: entry.stored_bytes,
            content_bytes: entry.content_bytes,
            stored_sha256: entry.stored_sha256,
            content_sha256: entry.content_sha256,
            evidence: entry.evidence,
            metadata: entry.metadata,
        }
    }
}

/// What is left of a delivery that is not rebuilt from rows.
pub fn left_of(entry: &Entry) -> Left {
    match entry.status {
        Status::Evidence => Left::Evidence,
        Status::Same => Left::Same,
        Status::Ingested => Left::Whole,
        Status::Refused => Left::Refused,
    }
}

impl Writer {
    /// An empty one, in a file that goes when it is closed.
    pub fn new(temporary: &Path) -> io::Result<Writer> {
        Ok(Writer {
            file: tempfile::tempfile_in(temporary)?,
            end: 0,
            cells: HashMap::new(),
            gathered: BTreeMap::new(),
            gathered_bytes: 0,
            pieces: Pieces::new(),
            outside: 0,
        })
    }

    /// Adds a delivery.
    pub fn add(&mut self, origin: &str, item: &Item) -> io::Result<()> {
        if item.left == Left::Same && item.metadata.is_empty() {
            return Ok(());
        }
        let Some((cell, day)) = place(&item.key) else {
            self.outside += u64::from(item.left != Left::Same);
            return Ok(());
        };
        let next = CellNumber::try_from(self.cells.len()).map_err(io::Error::other)?;
        let number = *self.cells.entry((origin.to_owned(), cell.to_owned())).or_insert(next);
        let rows = self.gathered.entry((number, day)).or_default();
        let before = rows.len();
        serde_json::to_writer(&mut *rows, item)?;
        rows.push(b'\n');
        self.gathered_bytes += rows.len() - before;
        if self.gathered_bytes >= GATHERED_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gathered_bytes = 0;
        for (place, rows) in std::mem::take(&mut self.gathered) {
            self.file.write_all(&rows)?;
            let piece = Piece { from: self.end, bytes: u32::try_from(rows.len()).map_err(io::Error::other)? };
            self.end += u64::from(piece.bytes);
            self.pieces.entry(place).or_default().push(piece);
        }
        Ok(())
    }

    /// The index.
    pub fn finish(mut self) -> io::Result<Index> {
        self.flush()?;
        let mut origins: BTreeMap<String, BTreeMap<String, CellNumber>> = BTreeMap::new();
        for ((origin, cell), number) in self.cells {
            origins.entry(origin).or_default().insert(cell, number);
        }
        Ok(Index { file: Mutex::new(self.file), pieces: self.pieces, origins, outside: self.outside })
    }
}

impl Index {
    /// The days of a cell.
    pub fn days(&self, cell: CellNumber) -> impl Iterator<Item = NaiveDate> {
        self.pieces.range((cell, NaiveDate::MIN)..=(cell, NaiveDate::MAX)).map(|((_, day), _)| *day)
    }

    /// The deliveries of a cell and day.
    pub fn items(&self, cell: CellNumber, day: NaiveDate) -> io::Result<Vec<Item>> {
        let mut items = Vec::new();
        for piece in self.pieces.get(&(cell, day)).into_iter().flatten() {
            let mut rows = vec![0; piece.bytes as usize];
            {
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(piece.from))?;
                file.read_exact(&mut rows)?;
            }
            for row in rows.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()) {
                items.push(serde_json::from_slice(row)?);
            }
        }
        Ok(items)
    }
}

/// The folder of a key's cell, down to its Region, and the day of its folder.
pub fn place(key: &str) -> Option<(&str, NaiveDate)> {
    let folder = key.get(..=key.rfind('/')?)?;
    let day = layout::spot(folder).day?;
    // Year, month and day are the last three names of a delivery's folder.
    let cut = folder.trim_end_matches('/').rmatch_indices('/').nth(2)?.0;
    let cell = key.get(..=cut)?;
    (layout::spot(cell).level == Level::Region).then_some((cell, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, ingested_us: i64) -> Item {
        Item {
            key: key.to_owned(),
            ingested_us,
            left: Left::Whole,
            stored_bytes: 1,
            content_bytes: 2,
            stored_sha256: Some([3; 32]),
            content_sha256: None,
            evidence: None,
            metadata: vec![("signature".to_owned(), "0a".to_owned())],
        }
    }

    #[test]
    fn rows_come_back_by_cell_and_day_in_however_many_pieces() {
        let temporary = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(temporary.path()).unwrap();
        let key = |account: u32, day: u32, name: u32| {
            format!("p/AWSLogs/{account:012}/CloudTrail/us-east-1/2026/11/{day:02}/{name}.json.gz")
        };
        for name in 0..3 {
            for (account, day) in [(1, 2), (2, 2), (1, 3)] {
                writer.add("s3://b", &item(&key(account, day, name), name.into())).unwrap();
            }
            writer.flush().unwrap();
        }
        writer.add("s3://b", &item("elsewhere/x.json", 0)).unwrap();
        writer.add("s3://b", &Item { left: Left::Same, metadata: Vec::new(), ..item(&key(9, 9, 9), 0) }).unwrap();
        let index = writer.finish().unwrap();
        assert_eq!((index.outside, index.origins["s3://b"].len()), (1, 2));
        let cell = index.origins["s3://b"]["p/AWSLogs/000000000001/CloudTrail/us-east-1/"];
        let days: Vec<NaiveDate> = index.days(cell).collect();
        assert_eq!(days.iter().map(NaiveDate::to_string).collect::<Vec<_>>(), ["2026-11-02", "2026-11-03"]);
        let found = index.items(cell, days[1]).unwrap();
        assert_eq!(found, (0..3).map(|name| item(&key(1, 3, name), name.into())).collect::<Vec<_>>());
    }

    #[test]
    fn cells_and_days_of_keys() {
        let cell = "AWSLogs/o-abc/111122223333/CloudTrail/us-east-1/";
        assert_eq!(place(&format!("{cell}2026/11/02/x.json.gz")).map(|(cell, _)| cell), Some(cell));
        for key in
            ["", "x", "2026/11/02/x", "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/x", "AWSLogs/1/CloudTrail/2026/11/02/x"]
        {
            assert_eq!(place(key), None, "{key}");
        }
    }
}
