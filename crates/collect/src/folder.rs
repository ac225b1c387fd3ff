//! A directory of deliveries, or a single file, as a source.
//!
//! Evidence may come from an attacker's hands: symbolic links are followed only inside the folder, never round in
//! circles, and nothing but plain files is opened. Links that lead out are listed and refused by name, so that they show.

use std::cmp::Ordering;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use bytes::Bytes;

use crate::names::{key_of, name_of};
use crate::source::{Fetched, Listed, Page, Requests, Source, SourceError};

/// Entries of one page.
pub const PAGE_ENTRIES_MAX: usize = 10_000;

/// A local directory tree.
///
/// The origin is the directory itself, or what stands before `AWSLogs` in its path: so a key is the same however deep in
/// the layout the user pointed.
pub struct Folder {
    tree: Arc<Tree>,
    origin: String,
    root: String,
    lists: AtomicU64,
    reads: AtomicU64,
}

impl Folder {
    /// Opens a directory or a single file.
    pub fn open(path: &Path) -> Result<Folder, SourceError> {
        let name = path.display().to_string();
        let path = fs::canonicalize(path).map_err(|error| trouble(&name, &error))?;
        let is_dir = fs::metadata(&path).map_err(|error| trouble(&name, &error))?.is_dir();
        let base = anchor(&path, is_dir);
        let mut root = key_below(&base, &path);
        if is_dir && !root.is_empty() {
            root.push('/');
        }
        Ok(Folder {
            origin: file_url(&base),
            tree: Arc::new(Tree { base, kept: Mutex::new(None) }),
            root,
            lists: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        })
    }
}

#[async_trait]
impl Source for Folder {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn root(&self) -> &str {
        &self.root
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError> {
        self.lists.fetch_add(1, Relaxed);
        let (tree, owned, after) = (Arc::clone(&self.tree), prefix.to_owned(), after.map(str::to_owned));
        blocking(prefix, move || tree.list(&owned, after.as_deref())).await
    }

    async fn fetch(&self, key: &str, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        self.reads.fetch_add(1, Relaxed);
        let (tree, owned) = (Arc::clone(&self.tree), key.to_owned());
        blocking(key, move || tree.fetch(&owned, size_bytes_max)).await
    }

    fn requests(&self) -> Requests {
        Requests { list: self.lists.load(Relaxed), read: self.reads.load(Relaxed) }
    }
}

/// `file:///absolute/path`, with `%` and bytes that are no text escaped.
pub(crate) fn file_url(path: &Path) -> String {
    format!("file://{}", key_of(path.as_os_str().as_encoded_bytes()))
}

/// What the system said, in our words.
pub(crate) fn trouble(key: &str, error: &io::Error) -> SourceError {
    let key = key.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::NotFound(key),
        io::ErrorKind::PermissionDenied => SourceError::Denied { key, action: "the right to read this file or folder".to_owned() },
        _ => SourceError::Io { key, reason: error.to_string() },
    }
}

async fn blocking<T: Send + 'static>(
    key: &str,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(SourceError::Io { key: key.to_owned(), reason: error.to_string() }))
}

/// The folder that keys are relative to.
fn anchor(path: &Path, is_dir: bool) -> PathBuf {
    let above_logs = path.ancestors().find(|ancestor| ancestor.file_name().is_some_and(|name| name == "AWSLogs"));
    let base = match above_logs {
        Some(logs) => logs.parent(),
        None if is_dir => Some(path),
        None => path.parent(),
    };
    base.unwrap_or(path).to_path_buf()
}

fn key_below(base: &Path, path: &Path) -> String {
    let below = path.strip_prefix(base).unwrap_or(path);
    let names: Vec<String> = below.iter().map(|name| key_of(name.as_encoded_bytes())).collect();
    names.join("/")
}

struct Tree {
    base: PathBuf,
    /// The entries of the folder listed last, if they did not fit one page.
    kept: Mutex<Option<(String, Arc<Vec<Entry>>)>>,
}

/// One name in a folder, in the order of its key (folders count with their `/`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: String,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Folder,
    File,
    LinkOut,
    /// A symbolic link whose target is not there.
    LinkGone,
}

impl Tree {
    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError> {
        if !prefix.is_empty() && !prefix.ends_with('/') {
            return self.list_name(prefix);
        }
        let entries = self.entries(prefix, after)?;
        let start = after.map_or(0, |after| entries.partition_point(|entry| entry.key.as_str() <= after));
        let rest = entries.get(start..).unwrap_or_default();
        let shown = rest.get(..PAGE_ENTRIES_MAX.min(rest.len())).unwrap_or_default();
        let mut page = Page::default();
        for entry in shown {
            self.show(entry, &mut page);
        }
        page.next = (shown.len() < rest.len()).then(|| shown.last().map(|entry| entry.key.clone())).flatten();
        self.keep(prefix, &page, entries);
        Ok(page)
    }

    /// The object or folder of exactly this name.
    fn list_name(&self, key: &str) -> Result<Page, SourceError> {
        let path = self.path(key)?;
        let metadata = fs::metadata(&path).map_err(|error| trouble(key, &error))?;
        let mut page = Page::default();
        if metadata.is_dir() {
            page.folders.push(format!("{key}/"));
        } else {
            page.objects.push(listed(key, &metadata));
        }
        Ok(page)
    }

    fn entries(&self, prefix: &str, after: Option<&str>) -> Result<Arc<Vec<Entry>>, SourceError> {
        if let (Some(_), Some(entries)) = (after, self.kept_entries(prefix)) {
            return Ok(entries);
        }
        let folder = self.path(prefix)?;
        let mut entries = Vec::new();
        let name = if prefix.is_empty() { self.base.display().to_string() } else { prefix.to_owned() };
        for child in fs::read_dir(&folder).map_err(|error| trouble(&name, &error))? {
            let child = child.map_err(|error| trouble(&name, &error))?;
            let key = format!("{prefix}{}", key_of(child.file_name().as_encoded_bytes()));
            match self.what(&child, prefix) {
                Some(What::Folder) => entries.push(Entry { key: key + "/", what: What::Folder }),
                Some(what) => entries.push(Entry { key, what }),
                None => {}
            }
        }
        entries.sort();
        Ok(Arc::new(entries))
    }

    fn kept_entries(&self, prefix: &str) -> Option<Arc<Vec<Entry>>> {
        let kept = self.kept.lock().ok()?;
        kept.as_ref().filter(|(folder, _)| folder == prefix).map(|(_, entries)| Arc::clone(entries))
    }

    /// Keeps a long folder's entries for its next page, and no longer.
    fn keep(&self, prefix: &str, page: &Page, entries: Arc<Vec<Entry>>) {
        let Ok(mut kept) = self.kept.lock() else { return };
        if page.next.is_some() {
            *kept = Some((prefix.to_owned(), entries));
        } else if kept.as_ref().is_some_and(|(folder, _)| folder == prefix) {
            *kept = None;
        }
    }

    fn show(&self, entry: &Entry, page: &mut Page) {
        match entry.what {
            What::Folder => page.folders.push(entry.key.clone()),
            What::LinkOut | What::LinkGone => {
                page.objects.push(Listed { key: entry.key.clone(), size_bytes: 0, etag: "link".to_owned() });
            }
            // A file that went away since is not listed; one that may not be read is, and says so when it is fetched.
            What::File => match self.path(&entry.key).map(fs::metadata) {
                Ok(Ok(metadata)) => page.objects.push(listed(&entry.key, &metadata)),
                Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                _ => page.objects.push(Listed { key: entry.key.clone(), size_bytes: 0, etag: "unknown".to_owned() }),
            },
        }
    }

    /// What stands under a name; `None` for sockets, devices and links that lead round in a circle. A link that leads nowhere is
    /// listed: something was meant to be there, and its fetch says what is not.
    fn what(&self, child: &fs::DirEntry, prefix: &str) -> Option<What> {
        let kind = child.file_type().ok()?;
        if kind.is_dir() {
            return Some(What::Folder);
        }
        if kind.is_file() {
            return Some(What::File);
        }
        if !kind.is_symlink() {
            return None;
        }
        let Ok(target) = fs::canonicalize(child.path()) else { return Some(What::LinkGone) };
        if !target.starts_with(&self.base) {
            return Some(What::LinkOut);
        }
        match fs::metadata(&target).ok()? {
            target if target.is_file() => Some(What::File),
            other if other.is_dir() && !self.is_on_the_way(&target, prefix) => Some(What::Folder),
            _ => None,
        }
    }

    /// Whether a link's target is one of the folders through which `prefix` is reached: following it would never end.
    fn is_on_the_way(&self, target: &Path, prefix: &str) -> bool {
        let Ok(folder) = self.path(prefix) else { return true };
        let mut way = folder.ancestors().take_while(|ancestor| ancestor.starts_with(&self.base));
        way.any(|ancestor| fs::canonicalize(ancestor).map_or(true, |real| real == target))
    }

    fn fetch(&self, key: &str, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        let path = self.path(key)?;
        let real = fs::canonicalize(&path).map_err(|error| trouble(key, &error))?;
        if !real.starts_with(&self.base) {
            let reason = "it is a symbolic link that leads out of the folder; collect its target by its own name";
            return Err(SourceError::Io { key: key.to_owned(), reason: reason.to_owned() });
        }
        // Asked before opening: opening a named pipe would wait for its writer for ever.
        if !fs::metadata(&real).map_err(|error| trouble(key, &error))?.is_file() {
            let reason = "it is no plain file".to_owned();
            return Err(SourceError::Io { key: key.to_owned(), reason });
        }
        read(key, &real, size_bytes_max).map_err(|error| error.unwrap_or_else(|error| trouble(key, &error)))
    }

    /// The path of a key. Keys never climb: `..` finds nothing.
    fn path(&self, key: &str) -> Result<PathBuf, SourceError> {
        let mut path = self.base.clone();
        let trimmed = key.strip_suffix('/').unwrap_or(key);
        if trimmed.is_empty() {
            return Ok(path);
        }
        for segment in trimmed.split('/') {
            let name = name_of(segment).and_then(os_name).filter(|_| !matches!(segment, "" | "." | ".."));
            path.push(name.ok_or_else(|| SourceError::NotFound(key.to_owned()))?);
        }
        Ok(path)
    }
}

/// Reads a file within the limit, and makes sure that it did not change meanwhile.
fn read(key: &str, path: &Path, limit_bytes: u64) -> Result<Fetched, Result<SourceError, io::Error>> {
    let mut file = File::open(path).map_err(Err)?;
    let before = file.metadata().map_err(Err)?;
    let size_bytes = before.len();
    if size_bytes > limit_bytes {
        return Err(Ok(SourceError::TooLarge { key: key.to_owned(), size_bytes, limit_bytes }));
    }
    let mut body = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default());
    let limit = size_bytes.saturating_add(1);
    Read::by_ref(&mut file).take(limit).read_to_end(&mut body).map_err(Err)?;
    let etag = etag(&before);
    let after = file.metadata().map_err(Err)?;
    if etag != self::etag(&after) || body.len() as u64 != size_bytes {
        let reason = "it changed while it was read; run the same command again".to_owned();
        return Err(Ok(SourceError::Io { key: key.to_owned(), reason }));
    }
    Ok(Fetched { body: Bytes::from(body), etag, metadata: Vec::new() })
}

fn listed(key: &str, metadata: &Metadata) -> Listed {
    Listed { key: key.to_owned(), size_bytes: metadata.len(), etag: etag(metadata) }
}

/// Size and modification time in nanoseconds.
fn etag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let modified_ns = modified.and_then(|time| match time.cmp(&UNIX_EPOCH) {
        Ordering::Less => UNIX_EPOCH.duration_since(time).ok().map(|before| format!("-{}", before.as_nanos())),
        _ => time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_nanos().to_string()),
    });
    format!("{}-{}", metadata.len(), modified_ns.unwrap_or_else(|| "unknown".to_owned()))
}

#[cfg(unix)]
fn os_name(name: Vec<u8>) -> Option<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt;
    (!name.contains(&0) && !name.contains(&b'/')).then(|| std::ffi::OsString::from_vec(name))
}

#[cfg(not(unix))]
fn os_name(name: Vec<u8>) -> Option<std::ffi::OsString> {
    let name = String::from_utf8(name).ok()?;
    (!name.contains(['\0', '/', '\\', ':'])).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    fn keys(page: &Page) -> Vec<&str> {
        page.objects.iter().map(|object| object.key.as_str()).collect()
    }

    #[tokio::test]
    async fn lists_by_name_and_fetches() {
        let folder = tree(&["b.json", "a.json", "a/x.json", "a.d/y.json", "50%.json"]);
        let source = Folder::open(folder.path()).unwrap();
        let page = source.list("", None).await.unwrap();
        assert_eq!(page.folders, ["a.d/", "a/"]);
        assert_eq!(keys(&page), ["50%25.json", "a.json", "b.json"]);
        assert_eq!(page.next, None);
        let fetched = source.fetch("a/x.json", 100).await.unwrap();
        assert_eq!(fetched.body, "a/x.json");
        let inside = source.list("a/", None).await.unwrap();
        assert_eq!(inside.objects.first().unwrap().etag, fetched.etag);
        assert_eq!(source.fetch("50%25.json", 100).await.unwrap().body, "50%.json");
        assert_eq!(keys(&source.list("a.json", None).await.unwrap()), ["a.json"]);
        assert_eq!(source.list("a", None).await.unwrap().folders, ["a/"]);
        assert_eq!(source.requests(), Requests { list: 4, read: 2 });
    }

    #[tokio::test]
    async fn a_long_folder_has_pages() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..PAGE_ENTRIES_MAX + 5 {
            File::create(folder.path().join(format!("{number:06}.json"))).unwrap();
        }
        let source = Folder::open(folder.path()).unwrap();
        let first = source.list("", None).await.unwrap();
        assert_eq!(first.objects.len(), PAGE_ENTRIES_MAX);
        let second = source.list("", first.next.as_deref()).await.unwrap();
        assert_eq!(second.objects.len(), 5);
        assert_eq!(second.objects.first().unwrap().key, "010000.json");
        assert_eq!(second.next, None);
        let middle = source.list("", Some("010002.json")).await.unwrap();
        assert_eq!(middle.objects.len(), 2);
    }

    #[tokio::test]
    async fn keys_begin_before_awslogs() {
        let deep = "x/AWSLogs/1/CloudTrail/us-east-1/2023/07/10";
        let folder = tree(&[&format!("{deep}/f.json")]);
        let source = Folder::open(&folder.path().join(deep)).unwrap();
        assert_eq!(source.root(), "AWSLogs/1/CloudTrail/us-east-1/2023/07/10/");
        assert!(source.origin().starts_with("file:///") && source.origin().ends_with("/x"), "{}", source.origin());
        let file = Folder::open(&folder.path().join(deep).join("f.json")).unwrap();
        assert_eq!(file.root(), "AWSLogs/1/CloudTrail/us-east-1/2023/07/10/f.json");
        assert_eq!(file.origin(), source.origin());
        assert_eq!(keys(&file.list(file.root(), None).await.unwrap()), [file.root()]);
    }

    #[tokio::test]
    async fn limits_and_climbing() {
        let folder = tree(&["in/a.json", "secret.json"]);
        let source = Folder::open(&folder.path().join("in")).unwrap();
        let error = source.fetch("a.json", 3).await.unwrap_err();
        assert!(matches!(error, SourceError::TooLarge { size_bytes: 9, limit_bytes: 3, .. }), "{error}");
        for key in ["../secret.json", "./a.json", "a.json/../a.json", "%2e%2e/secret.json", "%2fetc/passwd", "nothing.json"] {
            assert!(matches!(source.fetch(key, 100).await, Err(SourceError::NotFound(_) | SourceError::Io { .. })), "{key}");
        }
        assert!(matches!(Folder::open(Path::new("/no/such/folder")), Err(SourceError::NotFound(_))));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_stay_inside_and_end() {
        use std::os::unix::fs::symlink;
        let folder = tree(&["in/a/x.json", "in/b/y.json", "out/z.json"]);
        let base = folder.path().join("in");
        symlink(base.join("b"), base.join("a/to_b")).unwrap();
        symlink(base.join("a"), base.join("b/to_a")).unwrap();
        symlink(&base, base.join("a/up")).unwrap();
        symlink(folder.path().join("out"), base.join("a/away")).unwrap();
        symlink(folder.path().join("out/z.json"), base.join("a/z.json")).unwrap();
        symlink(base.join("gone"), base.join("a/gone.json")).unwrap();
        let source = Folder::open(&base).unwrap();
        let mut pending = vec![String::new()];
        let mut seen = Vec::new();
        while let Some(prefix) = pending.pop() {
            let page = source.list(&prefix, None).await.unwrap();
            seen.extend(page.objects.into_iter().map(|object| object.key));
            pending.extend(page.folders);
        }
        seen.sort();
        let told = [
            "a/away",
            "a/gone.json",
            "a/to_b/y.json",
            "a/x.json",
            "a/z.json",
            "b/to_a/away",
            "b/to_a/gone.json",
            "b/to_a/x.json",
            "b/to_a/z.json",
            "b/y.json",
        ];
        assert_eq!(seen, told);
        assert_eq!(source.fetch("a/to_b/y.json", 99).await.unwrap().body, "in/b/y.json");
        let error = source.fetch("a/z.json", 99).await.unwrap_err().to_string();
        assert!(error.contains("leads out of the folder"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn names_that_are_no_text() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.json")), "x").unwrap();
        let source = Folder::open(folder.path()).unwrap();
        assert_eq!(keys(&source.list("", None).await.unwrap()), ["caf%E9.json"]);
        assert_eq!(source.fetch("caf%E9.json", 9).await.unwrap().body, "x");
    }

    #[test]
    fn denied_names_the_right() {
        let error = trouble("a.json", &io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(error.to_string(), "access to `a.json` was denied; grant the right to read this file or folder");
    }
}
