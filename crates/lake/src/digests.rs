//! What is needed to judge: the digests of a day as they came, and which content the ledger has for a key.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ParquetRecordBatchReaderBuilder, RowFilter};
use sha2::{Digest, Sha256};

use crate::archive::PartsOf;
use crate::error::LakeError;
use crate::home::Lake;
use crate::ledger::{self, Entry, Metadata, Status, key_hash};
use crate::limits::EVIDENCE_AT_ONCE_MAX;
use crate::parquets;
use crate::verdicts::Latest;

/// The family of digests, as the ledger writes it.
pub const DIGEST_FAMILY: &str = "CloudTrail-Digest";

/// A digest that is kept.
#[derive(Debug)]
pub struct KeptDigest {
    /// Its row in the ledger.
    pub entry: Entry,
    /// Its object's metadata, once for each way in which it came with some (a copy has none; `--metadata FILE` adds it later).
    pub metadata: Vec<Metadata>,
    /// The stored bytes, whose SHA-256 is the ledger's.
    pub stored: Result<Bytes, LakeError>,
    /// The latest verdict on it.
    pub judged: Option<Latest>,
}

/// What the ledger holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The delivery.
    pub delivery: i64,
    /// What became of it.
    pub status: Status,
    /// SHA-256 of its content, where it could be read.
    pub content_sha256: Option<[u8; 32]>,
}

/// The deliveries of a day by key: some 80 bytes each.
#[derive(Debug, Default)]
pub struct Contents {
    by_key: HashMap<i64, Vec<Found>>,
}

impl Contents {
    /// All deliveries under a key; several if it was overwritten or touched.
    pub fn find(&self, origin: &str, key: &str) -> &[Found] {
        self.by_key.get(&key_hash(origin, key)).map_or(&[], Vec::as_slice)
    }

    fn take(&mut self, batch: &RecordBatch) {
        let long = |name: &str| batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<Int64Type>());
        let status = batch.column_by_name("status").and_then(|array| array.as_string_opt::<i32>());
        let content = batch.column_by_name("contentsha256").and_then(|array| array.as_binary_opt::<i32>());
        let (Some(delivery), Some(keyhash), Some(status), Some(content)) = (long("delivery"), long("keyhash"), status, content)
        else {
            return;
        };
        for at in 0..batch.num_rows() {
            let found = Found {
                delivery: delivery.value(at),
                status: Status::named(status.value(at)),
                content_sha256: (!content.is_null(at)).then(|| content.value(at).try_into().ok()).flatten(),
            };
            self.by_key.entry(keyhash.value(at)).or_default().push(found);
        }
    }
}

impl Lake {
    /// What the ledger holds of a day (as keys say it), to look keys up in.
    pub async fn contents(&self, day: &str) -> Result<Contents, LakeError> {
        let mut contents = Contents::default();
        for file in self.ledger_of(Some(day)).await? {
            for batch in parquets::decode_columns(self.ledger_file(&file.path).await?, &CONTENTS)? {
                contents.take(&batch);
            }
        }
        Ok(contents)
    }

    /// Hands over the digests of a day in the order of their keys, read several at a time. Their rows are held in memory
    /// (about 1 KB each), their bytes are not.
    pub async fn digests(&self, day: &str, each: impl FnMut(KeptDigest) -> Result<(), LakeError>) -> Result<(), LakeError> {
        self.digests_where(day, |_, _, _| true, each).await
    }

    /// The same, for those digests alone that are wanted, by their ledger row, metadata and verdict; the others are not read.
    pub async fn digests_where(
        &self,
        day: &str,
        wanted: impl Fn(&Entry, &[Metadata], Option<&Latest>) -> bool,
        mut each: impl FnMut(KeptDigest) -> Result<(), LakeError>,
    ) -> Result<(), LakeError> {
        let judged = self.judged(day).await?;
        let mut digests = self.digests_of(day).await?;
        digests.retain(|(entry, metadata)| wanted(entry, metadata, judged.delivery(entry.delivery)));
        let judged = &judged;
        let reads = digests.into_iter().map(|(entry, metadata)| async move {
            let stored = self.read_evidence(&entry).await;
            KeptDigest { judged: judged.delivery(entry.delivery).cloned(), metadata, stored, entry }
        });
        let mut reads = futures::stream::iter(reads).buffered(EVIDENCE_AT_ONCE_MAX);
        while let Some(digest) = reads.next().await {
            each(digest)?;
        }
        Ok(())
    }

    /// Each digest of a day once, with all metadata that its content ever came with under its key.
    async fn digests_of(&self, day: &str) -> Result<Vec<(Entry, Vec<Metadata>)>, LakeError> {
        let mut entries: Vec<Entry> = Vec::new();
        for file in self.ledger_of(Some(day)).await? {
            entries.extend(digest_rows(self.ledger_file(&file.path).await?)?.iter().flat_map(ledger::from_batch));
        }
        entries.sort_by_key(|entry| entry.ingested_us);
        let mut metadata: HashMap<(i64, Option<[u8; 32]>), Vec<Metadata>> = HashMap::new();
        for entry in entries.iter().filter(|entry| !entry.metadata.is_empty()) {
            let known = metadata.entry((entry.keyhash, entry.content_sha256)).or_default();
            if !known.contains(&entry.metadata) {
                known.push(entry.metadata.clone());
            }
        }
        let kept = entries.into_iter().filter(|entry| entry.status == Status::Evidence);
        let mut by_key: BTreeMap<(String, String, i64), (Entry, Vec<Metadata>)> = BTreeMap::new();
        for entry in kept {
            let metadata = metadata.get(&(entry.keyhash, entry.content_sha256)).cloned().unwrap_or_default();
            by_key.insert((entry.origin.clone(), entry.key.clone(), entry.delivery), (entry, metadata));
        }
        Ok(by_key.into_values().collect())
    }

    /// The bytes of a delivery that is kept as evidence.
    pub async fn read_evidence(&self, entry: &Entry) -> Result<Bytes, LakeError> {
        let Some(path) = &entry.evidence else {
            return Err(LakeError::Rebuild { key: entry.key.clone(), reason: "its bytes are not kept as evidence".to_owned() });
        };
        self.evidence_at(path, entry.stored_sha256).await
    }

    /// The bytes of evidence at a path, if they have the SHA-256 that the ledger noted.
    pub async fn evidence_at(&self, path: &str, stored_sha256: Option<[u8; 32]>) -> Result<Bytes, LakeError> {
        let body = match self.home.store.get(&self.home.path(&[]).parts_of(path)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Err(damaged(path, "it is missing")),
            Err(error) => return Err(error.into()),
        };
        let sha256: [u8; 32] = Sha256::digest(&body).into();
        if stored_sha256 == Some(sha256) { Ok(body) } else { Err(damaged(path, "its SHA-256 differs from the ledger's")) }
    }

    async fn ledger_file(&self, path: &str) -> Result<Bytes, LakeError> {
        Ok(self.home.store.get(&self.home.path(&["ledger"]).parts_of(path)).await?.bytes().await?)
    }
}

const CONTENTS: [&str; 4] = ["delivery", "keyhash", "status", "contentsha256"];

fn damaged(path: &str, reason: &str) -> LakeError {
    LakeError::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}

/// The rows of a ledger file that are about digests.
fn digest_rows(body: Bytes) -> Result<Vec<RecordBatch>, LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?.with_batch_size(4096);
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["family"]);
    let is_digest = ArrowPredicateFn::new(mask, |batch: RecordBatch| {
        let family = batch.column(0).as_string::<i32>();
        Ok(family.iter().map(|family| Some(family == Some(DIGEST_FAMILY))).collect::<BooleanArray>())
    });
    let reader = builder.with_row_filter(RowFilter::new(vec![Box::new(is_digest)])).build()?;
    Ok(reader.collect::<Result<Vec<_>, _>>()?)
}
