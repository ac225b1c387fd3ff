//! A home on a local disk: like object_store's local store, but a write is on the disk when it returns, and a name that exists is
//! never written again unless that is asked for.
//!
//! A file is written under a temporary name, synced, given its name by a hard link (which fails where the name exists), and its
//! folder is synced. Reading and listing are object_store's own.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

/// Folder under the root for files that have no name yet.
pub(crate) const UNNAMED: &str = ".unnamed";

/// The store.
#[derive(Debug)]
pub struct SyncedStore {
    root: PathBuf,
    inner: LocalFileSystem,
    unique: fn() -> String,
}

impl SyncedStore {
    /// Opens (and makes) the folder.
    pub fn open(root: PathBuf, unique: fn() -> String) -> Result<Arc<SyncedStore>> {
        fs::create_dir_all(root.join(UNNAMED)).map_err(generic)?;
        let inner = LocalFileSystem::new_with_prefix(&root)?;
        Ok(Arc::new(SyncedStore { root, inner, unique }))
    }
}

impl fmt::Display for SyncedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncedStore({})", self.root.display())
    }
}

fn generic(source: std::io::Error) -> Error {
    Error::Generic { store: "home", source: Box::new(source) }
}

/// Makes a folder and all above it, each one synced into its parent.
fn make_folder(root: &FilePath, folder: &FilePath) -> std::io::Result<()> {
    if folder.is_dir() || folder == root {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folder(root, parent)?;
        match fs::create_dir(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => File::open(parent)?.sync_all()?,
        }
    }
    Ok(())
}

/// Writes the payload so that it survives a power cut, then gives it its name.
fn write_synced(root: &FilePath, unnamed: &FilePath, target: &FilePath, payload: &PutPayload, create: bool) -> std::io::Result<()> {
    let folder = target.parent().unwrap_or(root);
    make_folder(root, folder)?;
    let mut file = File::create_new(unnamed)?;
    for part in payload {
        file.write_all(part)?;
    }
    file.sync_all()?;
    let named = if create { fs::hard_link(unnamed, target) } else { fs::rename(unnamed, target) };
    if create || named.is_err() {
        fs::remove_file(unnamed)?;
    }
    named?;
    File::open(folder)?.sync_all()
}

#[async_trait]
impl ObjectStore for SyncedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return Err(Error::NotSupported { source: "a home's files are not updated".into() }),
        };
        let (root, target) = (self.root.clone(), self.root.join(location.as_ref()));
        let unnamed = self.root.join(UNNAMED).join((self.unique)());
        let path = location.to_string();
        tokio::task::spawn_blocking(move || write_synced(&root, &unnamed, &target, &payload, create))
            .await
            .map_err(|error| Error::Generic { store: "home", source: Box::new(error) })?
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: Box::new(source) },
                _ => generic(source),
            })?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotSupported { source: "a home's files are written whole".into() })
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotSupported { source: "a home's files are not copied".into() })
    }
}
