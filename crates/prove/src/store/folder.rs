//! A folder on disk as a store: a copy of a bucket.
//!
//! Links may lead from one place of the copy to another, never out of it: what they would have us read there was not given to us.
//! A copy has no object metadata.

use std::collections::HashMap;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::{Body, Listed, Object, Page, Refusal, Store};

/// Most names on one page of a listing. A folder is read once for each page: names on disk have no order.
pub const NAMES_PER_PAGE_MAX: usize = 1 << 15;
/// Most folders whose place is remembered; a further one begins anew.
const FOLDERS_KNOWN_MAX: usize = 4096;
/// Longest key that S3 allows.
const KEY_BYTES_MAX: usize = 1024;

/// A folder that was copied from a bucket.
#[derive(Debug)]
pub struct Folder {
    name: String,
    bucket: Option<String>,
    root: String,
    /// Where keys begin, without links.
    base: PathBuf,
    /// Folders of keys, and whether they lie within the base.
    known: RwLock<HashMap<String, bool>>,
    names_per_page: usize,
}

impl Folder {
    /// Opens a folder: the copy of a whole bucket, or one inside of it (`copy/AWSLogs/...`: keys begin with `AWSLogs/` then).
    /// `path` is absolute or relative to the working folder.
    pub fn open(path: &Path) -> Result<Folder, Refusal> {
        let whole = fs::canonicalize(path).map_err(|error| refusal(&error, path))?;
        if !whole.is_dir() {
            return Err(Refusal::Unreadable(format!("`{}` is no folder", path.display())));
        }
        let (base, root) = split(&whole);
        let bucket = base.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        Ok(Folder {
            name: path.display().to_string(),
            bucket,
            root,
            base,
            known: RwLock::default(),
            names_per_page: NAMES_PER_PAGE_MAX,
        })
    }

    /// Where a key's file lies; only for keys that are plain paths downwards.
    fn path(&self, key: &str) -> Result<PathBuf, Refusal> {
        let plain =
            key.split('/').all(|name| !matches!(name, "" | "." | "..")) && !key.contains('\0') && key.len() <= KEY_BYTES_MAX;
        let is_down = Path::new(key).components().all(|part| matches!(part, Component::Normal(_)));
        if plain && is_down { Ok(self.base.join(key)) } else { Err(Refusal::NotFound) }
    }

    /// A folder by its prefix.
    fn folder(&self, prefix: &str) -> Result<PathBuf, Refusal> {
        match prefix.strip_suffix('/') {
            None => Ok(self.base.clone()),
            Some(key) => self.path(key),
        }
    }

    /// Whether the folder of a key lies within the base, links resolved.
    fn is_within(&self, key: &str, path: &Path) -> Result<bool, Refusal> {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return Ok(*known);
        }
        let is_within = match path.parent() {
            Some(parent) => self.leads_within(parent)?,
            None => false,
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= FOLDERS_KNOWN_MAX {
            known.clear();
        }
        known.insert(folder.to_owned(), is_within);
        Ok(is_within)
    }

    fn leads_within(&self, path: &Path) -> Result<bool, Refusal> {
        let place = fs::canonicalize(path).map_err(|error| refusal(&error, path))?;
        Ok(place.starts_with(&self.base))
    }

    /// A regular file of at most this size, opened.
    fn file(&self, key: &str, size_bytes_max: u64) -> Result<(File, u64), Refusal> {
        let path = self.path(key)?;
        if !self.is_within(key, &path)? {
            return Err(self.outside());
        }
        let mut about = fs::symlink_metadata(&path).map_err(|error| refusal(&error, &path))?;
        if about.file_type().is_symlink() {
            if !self.leads_within(&path)? {
                return Err(self.outside());
            }
            about = fs::metadata(&path).map_err(|error| refusal(&error, &path))?;
        }
        let size_bytes = size(&about, &path, size_bytes_max)?;
        Ok((File::open(&path).map_err(|error| refusal(&error, &path))?, size_bytes))
    }

    fn fill(&self, key: &str, size_bytes_max: u64, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
        let (mut file, size_bytes) = self.file(key, size_bytes_max)?;
        buffer.resize(usize::try_from(size_bytes).map_err(|_| Refusal::TooLarge(size_bytes_max))?, 0);
        match file.read_exact(buffer) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(Refusal::Unreadable("it was cut short while it was read".to_owned()))
            }
            Err(error) => Err(refusal(&error, Path::new(key))),
        }
    }

    fn outside(&self) -> Refusal {
        Refusal::Unreadable(format!("a link that leads out of `{}`; it is not followed", self.name))
    }

    /// Whether an entry is a folder. A link that leads out, and what is neither file nor folder, counts as an object: reading it says why.
    fn is_folder(&self, kind: FileType, path: impl Fn() -> PathBuf) -> bool {
        kind.is_dir() || (kind.is_symlink() && path().is_dir() && self.leads_within(&path()) == Ok(true))
    }

    fn page(&self, names: Smallest) -> Page {
        let (keys, is_last) = names.sorted();
        let next = if is_last { None } else { keys.last().cloned() };
        let (folders, objects): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.ends_with('/'));
        let objects = objects.into_iter().map(|key| Listed { size_bytes: self.size(&key), key, is_archived: false }).collect();
        Page { folders, objects, next }
    }

    fn size(&self, key: &str) -> u64 {
        fs::symlink_metadata(self.base.join(key)).map_or(0, |about| about.len())
    }
}

/// The smallest keys after one, as many as a page holds: memory does not grow with the folder.
struct Smallest<'a> {
    after: Option<&'a str>,
    most: usize,
    kept: Vec<String>,
    /// Nothing from here on is wanted.
    last: Option<String>,
}

impl Smallest<'_> {
    fn add(&mut self, key: String) {
        let is_wanted = self.after.is_none_or(|after| key.as_str() > after) && self.last.as_ref().is_none_or(|last| key < *last);
        if !is_wanted {
            return;
        }
        self.kept.push(key);
        // Cut seldom: each cut is linear.
        if self.kept.len() > 2 * self.most {
            self.cut();
        }
    }

    /// Leaves as many as a page holds, and one more to show that there are more.
    fn cut(&mut self) {
        if self.kept.len() > self.most + 1 {
            self.kept.select_nth_unstable(self.most);
            self.kept.truncate(self.most + 1);
            self.last = self.kept.last().cloned();
        }
    }

    /// The page's keys in their order, and whether there are no more.
    fn sorted(mut self) -> (Vec<String>, bool) {
        self.cut();
        self.kept.sort_unstable();
        let is_last = self.kept.len() <= self.most;
        self.kept.truncate(self.most);
        (self.kept, is_last)
    }
}

impl Store for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn root(&self) -> &str {
        &self.root
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        let folder = self.folder(prefix)?;
        if !self.leads_within(&folder)? {
            return Err(self.outside());
        }
        let mut names = Smallest { after, most: self.names_per_page, kept: Vec::new(), last: None };
        for entry in fs::read_dir(&folder).map_err(|error| refusal(&error, &folder))? {
            let entry = entry.map_err(|error| refusal(&error, &folder))?;
            let kind = entry.file_type().map_err(|error| refusal(&error, &folder))?;
            let mut key = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if self.is_folder(kind, || entry.path()) {
                key.push('/');
            }
            names.add(key);
        }
        Ok(self.page(names))
    }

    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal> {
        let mut stored = Vec::new();
        self.fill(key, size_bytes_max, &mut stored)?;
        Ok(Object { body: Body::Stored(stored), metadata: Vec::new() })
    }

    fn read_into(&self, key: &str, size_bytes_max: u64, buffer: &mut Vec<u8>) -> Result<Option<super::Rebuilt>, Refusal> {
        self.fill(key, size_bytes_max, buffer).map(|()| None)
    }
}

/// Cuts a path where keys begin: before its last `AWSLogs`, else after it.
fn split(whole: &Path) -> (PathBuf, String) {
    let names: Vec<_> = whole.components().collect();
    let Some(logs) = names.iter().rposition(|name| name.as_os_str() == "AWSLogs") else { return (whole.to_owned(), String::new()) };
    let (base, below) = names.split_at(logs);
    let root = below.iter().map(|name| format!("{}/", name.as_os_str().to_string_lossy())).collect();
    (base.iter().collect(), root)
}

fn size(about: &Metadata, path: &Path, size_bytes_max: u64) -> Result<u64, Refusal> {
    if !about.is_file() {
        return Err(Refusal::Unreadable(format!("`{}` is no regular file", path.display())));
    }
    if about.len() > size_bytes_max { Err(Refusal::TooLarge(size_bytes_max)) } else { Ok(about.len()) }
}

fn refusal(error: &io::Error, path: &Path) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::NotFound,
        io::ErrorKind::PermissionDenied => Refusal::Denied(format!("read access to `{}`", path.display())),
        _ => Refusal::Unreadable(format!("`{}`: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let bucket = place.path().join("my-bucket");
        for (key, text) in [("AWSLogs/1/a.json", "a"), ("AWSLogs/1/b/c.json", "cc"), ("AWSLogs/1/b.json", "b"), ("x", "x")] {
            fs::create_dir_all(bucket.join(key).parent().unwrap()).unwrap();
            fs::write(bucket.join(key), text).unwrap();
        }
        fs::write(place.path().join("secret"), "secret").unwrap();
        let folder = Folder::open(&bucket).unwrap();
        (place, folder)
    }

    fn text(folder: &Folder, key: &str) -> Result<String, Refusal> {
        let mut buffer = vec![7; 99];
        folder.read_into(key, 10, &mut buffer)?;
        Ok(String::from_utf8(buffer).unwrap())
    }

    #[test]
    fn lists_and_reads() {
        let (_place, folder) = copy();
        assert_eq!((folder.bucket(), folder.root()), (Some("my-bucket"), ""));
        let page = folder.list("AWSLogs/1/", None).unwrap();
        let keys: Vec<&str> = page.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(
            (page.folders, keys, page.next),
            (vec!["AWSLogs/1/b/".to_owned()], vec!["AWSLogs/1/a.json", "AWSLogs/1/b.json"], None)
        );
        assert_eq!(text(&folder, "AWSLogs/1/b/c.json").as_deref(), Ok("cc"));
        assert_eq!(folder.read("AWSLogs/1/b/c.json", 1).unwrap_err(), Refusal::TooLarge(1));
        for key in ["AWSLogs/1/none.json", "AWSLogs/1/a.json/b", "", "/x", "x/", "AWSLogs//1/a.json", "./x", "../secret", "x\0"] {
            assert_eq!(text(&folder, key), Err(Refusal::NotFound), "{key:?}");
        }
        assert!(matches!(text(&folder, "AWSLogs/1"), Err(Refusal::Unreadable(_))));
        assert_eq!(folder.list("AWSLogs/2/", None).unwrap_err(), Refusal::NotFound);
    }

    #[test]
    fn begins_below_the_bucket() {
        let (place, _) = copy();
        let folder = Folder::open(&place.path().join("my-bucket/AWSLogs/1")).unwrap();
        assert_eq!((folder.bucket(), folder.root()), (Some("my-bucket"), "AWSLogs/1/"));
        assert_eq!(text(&folder, "AWSLogs/1/a.json").as_deref(), Ok("a"));
    }

    #[test]
    fn pages_hold_every_name_once_in_order() {
        let place = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..100).map(|n| format!("{n:03}")).collect();
        names.iter().rev().for_each(|name| fs::write(place.path().join(name), "").unwrap());
        for names_per_page in [1, 2, 7, 33, 50, 99, 100, 101] {
            let folder = Folder { names_per_page, ..Folder::open(place.path()).unwrap() };
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = folder.list("", after.as_deref()).unwrap();
                assert!(page.objects.len() <= names_per_page);
                seen.extend(page.objects.into_iter().map(|object| object.key));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, names, "{names_per_page}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        use std::os::unix::fs::symlink;
        let (place, folder) = copy();
        let bucket = place.path().join("my-bucket");
        symlink(place.path().join("secret"), bucket.join("AWSLogs/1/out.json")).unwrap();
        symlink(place.path(), bucket.join("AWSLogs/1/up")).unwrap();
        symlink("b.json", bucket.join("AWSLogs/1/in.json")).unwrap();
        symlink("b", bucket.join("AWSLogs/1/within")).unwrap();
        assert_eq!(text(&folder, "AWSLogs/1/in.json").as_deref(), Ok("b"));
        assert_eq!(text(&folder, "AWSLogs/1/within/c.json").as_deref(), Ok("cc"));
        for key in ["AWSLogs/1/out.json", "AWSLogs/1/up/secret", "AWSLogs/1/up/my-bucket/../secret"] {
            assert!(matches!(text(&folder, key), Err(Refusal::Unreadable(_) | Refusal::NotFound)), "{key}");
        }
        let page = folder.list("AWSLogs/1/", None).unwrap();
        assert_eq!(page.folders, ["AWSLogs/1/b/", "AWSLogs/1/within/"]);
        assert_eq!(page.objects.len(), 5, "a link out is told, as an object");
        assert!(folder.list("AWSLogs/1/up/", None).is_err());
    }
}
