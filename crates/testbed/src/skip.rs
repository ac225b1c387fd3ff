//! Skipping out loud: `./test` counts these lines and prints them at the end.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Says that a test could not run, and why.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    // Not `eprint!`: the test runner would capture that and show it for failing tests only.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(list) = std::env::var_os("TRAILKEEP_SKIPPED") {
        let mut list = std::fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
}

/// The folder with real CloudTrail events, which is no part of the repository: `TRAILKEEP_CORPORA`, else beside the clone.
pub fn corpora(test: &str) -> Option<PathBuf> {
    let folder = corpora_folder().join("events");
    if folder.is_dir() {
        return Some(folder);
    }
    skip(test, &format!("no corpora in `{}`", folder.display()));
    None
}

/// Something else that lies beside the corpora.
pub fn shared(test: &str, path: &str) -> Option<PathBuf> {
    let whole = corpora_folder().join("..").join(path);
    if whole.exists() {
        return Some(whole);
    }
    skip(test, &format!("no `{}`", whole.display()));
    None
}

fn corpora_folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    std::env::var_os("TRAILKEEP_CORPORA").map_or_else(beside, PathBuf::from)
}
