//! Where a delivery is written. Keys come from buckets and archives that an attacker may have filled: whatever they say, the
//! file stands inside the folder that the user named, and no file is replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::outside;

/// The folder that the user named.
pub struct Place {
    root: PathBuf,
    packing: Packing,
}

/// Whether files whose key ends in `.gz` are packed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// They are.
    AsDelivered,
    /// Everything is written as plain JSON, without `.gz` in its name.
    Unpacked,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    New,
    /// It was there already, with the same content.
    There,
}

impl Place {
    /// Makes the folder.
    pub fn make(folder: &Path, packing: Packing) -> io::Result<Place> {
        fs::create_dir_all(folder)?;
        Ok(Place { root: folder.canonicalize()?, packing })
    }

    /// Writes content under a key, perhaps in a sub-folder.
    pub fn write(&self, subfolder: Option<&str>, key: &str, content: &[u8]) -> Result<Written, String> {
        let is_gzip = key.ends_with(".gz");
        let key = if is_gzip && self.packing == Packing::Unpacked { key.trim_end_matches(".gz") } else { key };
        let below: PathBuf = subfolder.into_iter().chain(key.split('/')).map(safe).collect();
        let path = self.root.join(&below);
        let shown = below.display();
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(|error| format!("its folder could not be made: {error}"))?;
        // A link in the folder must not lead the file out of it.
        let real = parent.canonicalize().map_err(|error| format!("its folder could not be read: {error}"))?;
        if !real.starts_with(&self.root) {
            return Err(format!("`{shown}` would be written outside of the folder (a link leads out)"));
        }
        let is_packed = is_gzip && self.packing == Packing::AsDelivered;
        if fs::symlink_metadata(&path).is_ok() {
            return match holds(&path, content, is_packed) {
                Ok(true) => Ok(Written::There),
                Ok(false) => Err(format!("`{shown}` is there already with other content; it was not touched")),
                Err(error) => Err(format!("`{shown}` is there already and could not be compared: {error}")),
            };
        }
        create(&path, &real, content, is_packed).map_err(|error| format!("`{shown}` could not be written: {error}"))?;
        Ok(Written::New)
    }
}

/// One part of a path that can only be a name.
fn safe(part: &str) -> String {
    match part {
        "" => "%00".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        other => other.replace('\0', "%00").replace('\\', "%5C"),
    }
}

/// Whether a file holds this content.
fn holds(path: &Path, content: &[u8], is_packed: bool) -> io::Result<bool> {
    let file = File::open(path)?;
    let limit = content.len() as u64 + 1;
    let mut found = Vec::new();
    if is_packed {
        // What is no gzip is other content.
        return Ok(MultiGzDecoder::new(file).take(limit).read_to_end(&mut found).is_ok() && found == content);
    }
    file.take(limit).read_to_end(&mut found)?;
    Ok(found == content)
}

/// Writes beside the place first, so that a half-written file never has the name of a whole one.
fn create(path: &Path, parent: &Path, content: &[u8], is_packed: bool) -> io::Result<()> {
    let beside = parent.join(format!(".trailkeep-{}", outside::unique()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        if is_packed {
            let mut encoder = GzEncoder::new(&mut file, Compression::default());
            encoder.write_all(content)?;
            encoder.finish()?;
        } else {
            file.write_all(content)?;
        }
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(packing: Packing) -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::make(&folder.path().join("out"), packing).unwrap();
        (folder, place)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let (folder, place) = place(Packing::AsDelivered);
        for key in ["../up.json", "/etc/passwd", "a/../../b.json", "a//b", "z/..", "c\0d"] {
            assert_eq!(place.write(None, key, b"{}"), Ok(Written::New), "{key:?}");
        }
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(names(&folder.path().join("out")), ["%00", "%2E%2E", "a", "c%00d", "z"].map(str::to_owned));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let (folder, place) = place(Packing::AsDelivered);
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, folder.path().join("out/link")).unwrap();
        assert!(place.write(None, "link/a.json", b"{}").unwrap_err().contains("outside"));
        assert!(names(&outside).is_empty());
    }

    #[test]
    fn no_file_is_replaced() {
        let (folder, place) = place(Packing::AsDelivered);
        assert_eq!(place.write(Some("bucket"), "a/b.json", b"one"), Ok(Written::New));
        assert_eq!(place.write(Some("bucket"), "a/b.json", b"one"), Ok(Written::There));
        assert!(place.write(Some("bucket"), "a/b.json", b"two").unwrap_err().contains("other content"));
        assert_eq!(fs::read(folder.path().join("out/bucket/a/b.json")).unwrap(), b"one");
    }

    #[test]
    fn packed_again_or_not() {
        let (folder, place) = place(Packing::AsDelivered);
        assert_eq!(place.write(None, "a.json.gz", b"one"), Ok(Written::New));
        assert_eq!(place.write(None, "a.json.gz", b"one"), Ok(Written::There));
        assert!(place.write(None, "a.json.gz", b"two").is_err());
        let mut content = Vec::new();
        MultiGzDecoder::new(File::open(folder.path().join("out/a.json.gz")).unwrap()).read_to_end(&mut content).unwrap();
        assert_eq!(content, b"one");
        let plain = Place::make(&folder.path().join("plain"), Packing::Unpacked).unwrap();
        assert_eq!(plain.write(None, "a.json.gz", b"one"), Ok(Written::New));
        assert_eq!(names(&folder.path().join("plain")), ["a.json"]);
    }
}
