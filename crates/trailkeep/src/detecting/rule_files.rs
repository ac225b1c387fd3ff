//! Rules in files and folders of the user's.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use detect::File;
use predicate::limits::YAML_SIZE_BYTES_MAX;

use crate::exit::Failure;

/// Most files of one folder.
const FILES_MAX: usize = 50_000;
/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 16;

/// Reads a file, or every `.yml` and `.yaml` below a folder, by name. Links are not followed.
pub fn read(path: &Path) -> Result<Vec<File>, Failure> {
    let kind = fs::metadata(path).map_err(Failure::reading(path.display()))?;
    if !kind.is_dir() {
        return Ok(vec![File { name: path.display().to_string(), text: text(path)? }]);
    }
    let mut found = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let reading = || Failure::reading(folder.display());
        for entry in fs::read_dir(&folder).map_err(reading())? {
            let entry = entry.map_err(reading())?;
            let kind = entry.file_type().map_err(reading())?;
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && is_yaml(&entry.path()) {
                found.push(entry.path());
            }
        }
        if found.len() > FILES_MAX {
            let what = format!("there are more than {FILES_MAX} files of rules in `{}`", path.display());
            return Err(Failure::usage(what, "name the folders that you mean"));
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(
            format!("there is no .yml or .yaml file in `{}`", path.display()),
            "name a folder of Sigma rules",
        ));
    }
    found.sort();
    found.iter().map(|file| Ok(File { name: name(path, file), text: text(file)? })).collect()
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml"))
}

/// A file's name below the folder that was named.
fn name(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).map_or_else(|_| file.to_owned(), PathBuf::from);
    below.to_string_lossy().into_owned()
}

/// A file's text; what is not UTF-8 is replaced. One byte past the limit is read, so that its parser refuses it.
pub fn text(file: &Path) -> Result<String, Failure> {
    let reading = || Failure::reading(file.display());
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).map_err(reading())?;
    opened.take(YAML_SIZE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(reading())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
