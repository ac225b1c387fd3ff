//! What can go wrong in the lake, in words that say what to do.

use datafusion::error::DataFusionError;

use crate::query::SqlError;

/// The lake's error.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// An event data store refuses.
    #[error(transparent)]
    EventDataStore(#[from] crate::stores::StoreError),
    /// There is no home there.
    #[error("there is no trailkeep home at `{0}`; make one with `trailkeep collect SOURCE --home {0}` or `trailkeep demo`")]
    NoHome(String),
    /// The home was written by a newer trailkeep.
    #[error("the home at `{home}` has format {found}, this trailkeep knows formats up to {known}; install a newer trailkeep")]
    NewerFormat {
        /// Where.
        home: String,
        /// Its format.
        found: u32,
        /// The newest known format.
        known: u32,
    },
    /// A home cannot stand there.
    #[error("`{path}` cannot be a home: {reason}; name a folder in which this user may write (--home)")]
    Folder {
        /// The folder.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The store below failed.
    #[error("the home's storage failed: {0}")]
    Store(#[from] object_store::Error),
    /// A file of the home is not what it should be.
    #[error("`{path}` in the home is damaged: {reason}; run `trailkeep verify --home` and restore it from a copy")]
    Damaged {
        /// Path inside the home.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Other collectors won every time.
    #[error("other collectors kept committing first ({0} attempts); run the same command again")]
    Contended(usize),
    /// Parquet or Arrow failed.
    #[error("columns could not be written or read: {0}")]
    Columns(String),
    /// The statement is wrong.
    #[error("{0}")]
    Sql(#[from] SqlError),
    /// The query ran into a limit.
    #[error("the query is stopped by its limit: {0}")]
    QueryLimit(String),
    /// A delivery cannot be rebuilt from the lake.
    #[error("`{key}` cannot be rebuilt: {reason}")]
    Rebuild {
        /// The delivery's key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A worker thread died.
    #[error("a worker of the lake stopped: {0}")]
    Worker(String),
}

impl From<arrow::error::ArrowError> for LakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        LakeError::Columns(error.to_string())
    }
}

impl From<parquet::errors::ParquetError> for LakeError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        LakeError::Columns(error.to_string())
    }
}

impl From<tokio::task::JoinError> for LakeError {
    fn from(error: tokio::task::JoinError) -> Self {
        LakeError::Worker(error.to_string())
    }
}

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(reason) => LakeError::QueryLimit(crate::query::in_words(reason)),
            other if other.to_string().contains("used disk space during the spilling") => {
                LakeError::QueryLimit(crate::query::in_words("disk space"))
            }
            DataFusionError::External(placed) if let Some(known) = placed.downcast_ref::<SqlError>() => {
                LakeError::Sql(known.clone())
            }
            _ => LakeError::Sql(SqlError::failed(&error)),
        }
    }
}
