//! The home as it lies there: what a proof has to see of it, byte for byte, without trusting what was derived from it.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, PutPayload};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::compact::sum_of_hashes;
use crate::delta::{Add, Log};
use crate::error::LakeError;
use crate::home::{Home, Lake};
use crate::local::UNNAMED;
use crate::schema::SHA256_TAG;
use crate::{parquets, verdicts};

/// A table of the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Records.
    Archive,
    /// Deliveries.
    Ledger,
    /// Verdicts.
    Verdicts,
}

/// All of them.
pub const TABLES: [Table; 3] = [Table::Archive, Table::Ledger, Table::Verdicts];

/// An object of the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeObject {
    /// Its path in the home.
    pub path: String,
    /// Its size in bytes.
    pub size_bytes: u64,
}

/// A commit of a table's log, as it is written.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The table's version.
    pub version: i64,
    /// Its path in the home.
    pub path: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A file that is part of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFile {
    /// Its path in the home.
    pub path: String,
    /// Value of the partition column.
    pub day: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Rows in it, as the log says.
    pub rows: Option<u64>,
    /// SHA-256 of its bytes in hexadecimal, as the log says; none in logs from before format 3.
    pub sha256: Option<String>,
}

/// The records of some files: how many, and the sum of their hashes, which does not depend on order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordsSum {
    /// How many.
    pub records: u64,
    /// The sum of the first 128 bits of their SHA-256, as 128-bit number that wraps around.
    pub sum: u128,
}

impl Table {
    /// Its folder in the home.
    pub fn name(self) -> &'static str {
        match self {
            Table::Archive => "archive",
            Table::Ledger => "ledger",
            Table::Verdicts => "verdicts",
        }
    }
}

impl HomeObject {
    /// The folder of the home in which it lies: `archive`, `ledger`, `verdicts`, `evidence`, `config`, `seal`, or what else is there.
    pub fn part(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

impl std::ops::AddAssign for RecordsSum {
    fn add_assign(&mut self, other: RecordsSum) {
        self.records += other.records;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl Lake {
    /// Every object of the home, in no particular order, as the listing brings them.
    pub fn objects(&self) -> BoxStream<'_, Result<HomeObject, LakeError>> {
        let prefix = Some(&self.home.prefix).filter(|prefix| !prefix.as_ref().is_empty());
        let listed = self.home.store.list(prefix).map_err(LakeError::from);
        listed.try_filter_map(move |meta| async move { Ok(self.home.object(&meta)) }).boxed()
    }

    /// The objects of one folder of the home.
    pub fn objects_in(&self, folder: &str) -> BoxStream<'_, Result<HomeObject, LakeError>> {
        let parts: Vec<&str> = folder.split('/').collect();
        let listed = self.home.store.list(Some(&self.home.path(&parts))).map_err(LakeError::from);
        listed.try_filter_map(move |meta| async move { Ok(self.home.object(&meta)) }).boxed()
    }

    /// An object's bytes; `None` if it is not there.
    pub async fn read_object(&self, path: &str) -> Result<Option<Bytes>, LakeError> {
        match self.home.store.get(&self.home.at(path)?).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An object's size and the SHA-256 of its bytes, which are not held in memory; `None` if it is not there.
    pub async fn hash_object(&self, path: &str) -> Result<Option<(u64, [u8; 32])>, LakeError> {
        let mut body = match self.home.store.get(&self.home.at(path)?).await {
            Ok(found) => found.into_stream(),
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (mut size_bytes, mut hasher) = (0, Sha256::new());
        while let Some(part) = body.try_next().await? {
            size_bytes += part.len() as u64;
            hasher.update(&part);
        }
        Ok(Some((size_bytes, hasher.finalize().into())))
    }

    /// Creates an object; `false` if there is one of that name already, which stays as it is.
    pub async fn create_object(&self, path: &str, body: Bytes) -> Result<bool, LakeError> {
        self.home.create(&self.home.at(path)?, PutPayload::from(body)).await
    }

    /// The commits of a table's log from a version on, in their order.
    pub fn commits(&self, table: Table, from: i64) -> BoxStream<'_, Result<Commit, LakeError>> {
        let log = self.fresh_log(table);
        futures::stream::try_unfold((log, from), move |(log, version)| async move {
            let Some(bytes) = log.read_commit_bytes(version).await? else { return Ok(None) };
            let path = self.home.name_of(&log.commit_path(version)).unwrap_or_default();
            Ok(Some((Commit { version, path, bytes }, (log, version + 1))))
        })
        .boxed()
    }

    /// The files of a table as queries see them: from its last checkpoint and what was committed since. Ordered by path.
    pub async fn live(&self, table: Table) -> Result<Vec<LiveFile>, LakeError> {
        let mut log = self.fresh_log(table);
        log.refresh().await?;
        Ok(live_files(table, &log))
    }

    /// The files of a table from its commits alone. If they differ from [`Lake::live`], a checkpoint was altered.
    pub async fn replayed(&self, table: Table) -> Result<Vec<LiveFile>, LakeError> {
        let mut log = self.fresh_log(table);
        log.replay().await?;
        Ok(live_files(table, &log))
    }

    /// The last version of a table's log.
    pub async fn version(&self, table: Table) -> Result<i64, LakeError> {
        let mut log = self.fresh_log(table);
        log.refresh().await?;
        Ok(log.state.version)
    }

    /// The records of a day, summed as compaction sums them, file by file.
    pub async fn sum_of_day(&self, day: &str) -> Result<RecordsSum, LakeError> {
        let mut total = RecordsSum::default();
        for file in self.live(Table::Archive).await?.into_iter().filter(|file| file.day == day) {
            total += self.sum_of_file(&file.path).await?;
        }
        Ok(total)
    }

    /// The records of one file of the archive.
    pub async fn sum_of_file(&self, path: &str) -> Result<RecordsSum, LakeError> {
        let missing = || LakeError::Damaged { path: path.to_owned(), reason: "it is missing".to_owned() };
        let body = self.read_object(path).await?.ok_or_else(missing)?;
        let mut total = RecordsSum::default();
        for batch in parquets::decode_columns(body, &["recordhash"])? {
            total += RecordsSum { records: batch.num_rows() as u64, sum: sum_of_hashes(&batch) };
        }
        Ok(total)
    }

    fn fresh_log(&self, table: Table) -> Log {
        match table {
            Table::Verdicts => verdicts::log(&self.home),
            Table::Archive | Table::Ledger => Log::new(std::sync::Arc::clone(&self.home.store), self.home.path(&[table.name()])),
        }
    }
}

impl Home {
    /// Where an object of the home is in its store.
    fn at(&self, path: &str) -> Result<Path, LakeError> {
        let whole = if self.prefix.as_ref().is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        Ok(Path::parse(whole).map_err(object_store::Error::from)?)
    }

    /// A listed object; `None` for files that have no name yet.
    fn object(&self, meta: &ObjectMeta) -> Option<HomeObject> {
        let path = self.name_of(&meta.location)?;
        let object = HomeObject { path, size_bytes: meta.size };
        (object.part() != UNNAMED).then_some(object)
    }
}

fn live_files(table: Table, log: &Log) -> Vec<LiveFile> {
    let files: BTreeMap<_, _> = log.state.files.iter().collect();
    files.into_values().map(|add| live_file(table, add)).collect()
}

pub(crate) fn live_file(table: Table, add: &Add) -> LiveFile {
    let stats = add.stats.as_deref().and_then(|stats| serde_json::from_str::<Value>(stats).ok());
    LiveFile {
        path: format!("{}/{}", table.name(), add.path),
        day: add.day().to_owned(),
        size_bytes: add.size.unsigned_abs(),
        rows: stats.and_then(|stats| stats.get("numRecords")?.as_u64()),
        sha256: add.tag(SHA256_TAG).map(str::to_owned),
    }
}
