//! What one question leaves for the next: footers and bloom filters of files that have been read. A file never changes under its name, so that
//! nothing here can be out of date; both are held within limits, the longest unused goes first.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::cache::{Cache, CacheKey, CacheValue};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::files::TableFile;
use crate::limits::{BLOOM_CACHE_BYTES_MAX, FOOTER_CACHE_BYTES_MAX};

/// What is kept.
pub struct Kept {
    /// Footers, as the engine itself looks for them.
    pub footers: Arc<FileMetadataCache>,
    blooms: DefaultCache<BloomKey, Bloom>,
    listed: Mutex<Option<(i64, Files)>>,
}

/// The files of a table.
type Files = Arc<Vec<Arc<TableFile>>>;

/// A bloom filter's place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BloomKey {
    file: Path,
    row_group: usize,
    column: usize,
}

/// A bloom filter.
#[derive(Clone)]
struct Bloom(Arc<Sbbf>);

impl CacheKey for BloomKey {
    fn size(&self) -> usize {
        size_of::<BloomKey>() + self.file.as_ref().len()
    }

    fn table_ref(&self) -> Option<&TableReference> {
        None
    }
}

impl CacheValue for Bloom {
    fn size(&self) -> usize {
        self.0.num_blocks() * 32
    }
}

impl Default for Kept {
    fn default() -> Kept {
        Kept {
            footers: Arc::new(DefaultCache::new(FOOTER_CACHE_BYTES_MAX)),
            blooms: DefaultCache::new(BLOOM_CACHE_BYTES_MAX),
            listed: Mutex::new(None),
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} footers, {} bloom filters", self.footers.len(), self.blooms.len())
    }
}

impl Kept {
    /// The archive's files as of a version of its log.
    pub fn files(&self, version: i64, list: impl FnOnce() -> Vec<Arc<TableFile>>) -> Files {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, files)) = listed.as_ref()
            && *known == version
        {
            return Arc::clone(files);
        }
        let files = Arc::new(list());
        *listed = Some((version, Arc::clone(&files)));
        files
    }

    /// The footer of a file.
    pub async fn footer(&self, store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> Result<Arc<ParquetMetaData>> {
        self.read(store, file, PageIndexPolicy::Skip).await
    }

    /// Puts the places of a file's pages beside its footer: whoever reads few rows then reads only their pages.
    pub async fn keep_pages(&self, store: &Arc<dyn ObjectStore>, file: &ObjectMeta) -> Result<()> {
        self.read(store, file, PageIndexPolicy::Optional).await.map(drop)
    }

    async fn read(&self, store: &Arc<dyn ObjectStore>, file: &ObjectMeta, pages: PageIndexPolicy) -> Result<Arc<ParquetMetaData>> {
        let reader = DFParquetMetadata::new(store, file).with_file_metadata_cache(Some(Arc::clone(&self.footers)));
        reader.with_page_index_policy(Some(pages)).fetch_metadata().await
    }

    /// The bloom filter of a column in a row group, if it has one.
    pub async fn bloom(
        &self,
        store: &Arc<dyn ObjectStore>,
        file: &Path,
        footer: &ParquetMetaData,
        row_group: usize,
        column: usize,
    ) -> Result<Option<Arc<Sbbf>>> {
        let Some(chunk) = footer.row_groups().get(row_group).and_then(|group| group.columns().get(column)) else { return Ok(None) };
        // Without a length it would take two reads; every file of ours has one.
        let place = chunk.bloom_filter_offset().zip(chunk.bloom_filter_length());
        let Some((offset, length)) =
            place.and_then(|(offset, length)| Some((u64::try_from(offset).ok()?, u64::try_from(length).ok()?)))
        else {
            return Ok(None);
        };
        let key = BloomKey { file: file.clone(), row_group, column };
        if let Some(Bloom(found)) = self.blooms.get(&key) {
            return Ok(Some(found));
        }
        let bytes: Bytes = store.get_range(file, offset..offset.saturating_add(length)).await?;
        let bloom = Arc::new(Sbbf::from_bytes(&bytes).map_err(DataFusionError::from)?);
        self.blooms.put(&key, Bloom(Arc::clone(&bloom)));
        Ok(Some(bloom))
    }
}
