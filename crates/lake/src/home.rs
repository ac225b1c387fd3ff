//! The home: one object-store prefix that holds everything, and the lake that is opened on it.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, PutMode, PutOptions, PutPayload};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::archive::{KnownDay, Tables};
use crate::config;
use crate::dedupe::KeyCache;
use crate::delta::Log;
use crate::error::LakeError;
use crate::local::SyncedStore;
use crate::outside::{Outside, Stage};
use crate::query::Kept;
use crate::stores::{self, KnownStores};
use crate::verdicts::{self, ReadDay};

/// The format that this trailkeep writes. 1: no store documents, logs without checkpoints. 2: `config/store-events`.
/// 3: the ledger's column `metadata`, and the table of verdicts. 4: event data stores; the default one has an id.
pub const FORMAT: u32 = 4;

/// Where a home is.
#[derive(Clone, Debug)]
pub struct Home {
    /// What the user calls it.
    pub name: String,
    /// Where its bytes are.
    pub store: Arc<dyn ObjectStore>,
    /// Prefix of the home inside the store.
    pub prefix: Path,
    /// The folder, when the home is on a local disk.
    pub folder: Option<PathBuf>,
}

/// The document that guards a home.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct FormatDocument {
    format: u32,
}

/// An open lake.
pub struct Lake {
    pub(crate) home: Home,
    pub(crate) outside: Outside,
    pub(crate) tables: Mutex<Tables>,
    pub(crate) keys: KeyCache,
    pub(crate) known_days: Mutex<Vec<KnownDay>>,
    pub(crate) verdicts: Mutex<Log>,
    pub(crate) judged_days: Mutex<Vec<ReadDay>>,
    pub(crate) known_stores: Mutex<KnownStores>,
    pub(crate) kept: Arc<Kept>,
}

impl Home {
    /// A home in a local folder, which is made if it is not there.
    pub fn local(folder: PathBuf, unique: fn() -> String) -> Result<Home, LakeError> {
        let name = folder.display().to_string();
        let wrong = |reason: String| LakeError::Folder { path: name.clone(), reason };
        if folder.exists() && !folder.is_dir() {
            return Err(wrong("it is a file".to_owned()));
        }
        let made = std::fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
        let folder = made.map_err(|error| wrong(error.to_string()))?;
        let store = SyncedStore::open(folder.clone(), unique)?;
        Ok(Home { name, store, prefix: Path::default(), folder: Some(folder) })
    }

    /// A home under a prefix of an object store that has conditional writes.
    pub fn remote(name: String, store: Arc<dyn ObjectStore>, prefix: Path) -> Home {
        Home { name, store, prefix, folder: None }
    }

    pub(crate) fn path(&self, parts: &[&str]) -> Path {
        parts.iter().fold(self.prefix.clone(), |path, part| path.join(*part))
    }

    /// What an object of the home is called in it; `None` if it is none of its objects.
    pub(crate) fn name_of(&self, path: &Path) -> Option<String> {
        let parts: Option<Vec<String>> =
            path.prefix_match(&self.prefix).map(|parts| parts.map(|part| part.as_ref().to_owned()).collect());
        parts.map(|parts| parts.join("/"))
    }

    /// Creates an object; `false` when there is one of that name already, which stays as it is.
    pub(crate) async fn create(&self, path: &Path, payload: PutPayload) -> Result<bool, LakeError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(path, payload, options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a home has been made here.
    pub async fn exists(&self) -> Result<bool, LakeError> {
        Ok(self.format().await?.is_some())
    }

    /// Tries to write without changing anything: a document that is there is created once more, and refused.
    pub async fn try_to_write(&self) -> Result<(), LakeError> {
        match config::latest::<FormatDocument>(self, "format").await? {
            Some((version, document)) => config::create(self, "format", version, &document).await.map(drop),
            None => Err(LakeError::NoHome(self.name.clone())),
        }
    }

    async fn format(&self) -> Result<Option<u32>, LakeError> {
        Ok(config::latest::<FormatDocument>(self, "format").await?.map(|(_, document)| document.format))
    }
}

impl Lake {
    /// Opens a home that exists.
    pub async fn open(home: Home, outside: Outside) -> Result<Lake, LakeError> {
        match home.format().await? {
            None => Err(LakeError::NoHome(home.name.clone())),
            Some(format) => Lake::open_format(home, outside, format).await,
        }
    }

    /// Opens a home, making it first if there is none.
    pub async fn open_or_create(home: Home, outside: Outside) -> Result<Lake, LakeError> {
        let format = match home.format().await? {
            Some(format) => format,
            None => create(&home, &outside).await?,
        };
        let lake = Lake::open_format(home, outside, format).await?;
        lake.reconcile().await?;
        Ok(lake)
    }

    async fn open_format(home: Home, outside: Outside, format: u32) -> Result<Lake, LakeError> {
        if format > FORMAT {
            return Err(LakeError::NewerFormat { home: home.name.clone(), found: format, known: FORMAT });
        }
        if format < FORMAT {
            outside.watched(Stage::Upgrade, upgrade(&home, &outside, format)).await?;
        }
        let mut tables = Tables::new(&home);
        tables.refresh().await?;
        tables.settle(&outside).await?;
        Ok(Lake {
            verdicts: Mutex::new(verdicts::log(&home)),
            judged_days: Mutex::default(),
            home,
            outside,
            tables: Mutex::new(tables),
            keys: KeyCache::default(),
            known_days: Mutex::default(),
            known_stores: Mutex::default(),
            kept: Arc::default(),
        })
    }

    /// Where the home is.
    pub fn home(&self) -> &Home {
        &self.home
    }
}

/// Makes a home. Every step is create-if-absent and the format document comes last, so that a crash or a race leaves nothing
/// that the next opener cannot finish.
async fn create(home: &Home, outside: &Outside) -> Result<u32, LakeError> {
    let mut tables = Tables::new(home);
    tables.create(outside).await?;
    verdicts::create(home, outside).await?;
    stores::create_events(home, outside).await?;
    config::create(home, "format", FORMAT, &FormatDocument { format: FORMAT }).await?;
    Ok(FORMAT)
}

/// Brings an older home up to date, one format at a time. Each step can be repeated.
async fn upgrade(home: &Home, outside: &Outside, from: u32) -> Result<(), LakeError> {
    for format in from..FORMAT {
        let mut tables = Tables::new(home);
        tables.refresh().await?;
        match format {
            1 => {
                tables.settle(outside).await?;
                tables.checkpoint().await?;
                stores::create_events(home, outside).await?;
            }
            2 => {
                tables.widen_ledger(outside).await?;
                verdicts::create(home, outside).await?;
            }
            _ => stores::identify_events(home, outside).await?,
        }
        config::create(home, "format", format + 1, &FormatDocument { format: format + 1 }).await?;
    }
    Ok(())
}
