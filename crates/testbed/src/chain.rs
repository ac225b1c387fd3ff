//! Signed digest chains in AWS's layout, whole or tampered with, made by `digest_chain.py` (which is no part of the repository).

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::python::Python;
use crate::skip::shared;

/// The script, as seen from the folder that is shared.
const SCRIPT: &str = "tools/digest_chain.py";

/// A chain in a temporary folder: the bucket's objects in a folder of its name, and what is known of them beside it.
#[derive(Debug)]
pub struct DigestChain {
    folder: TempDir,
    /// What the script says that it made.
    pub manifest: Value,
}

impl DigestChain {
    /// Makes a chain with the script's own arguments (`--hours 3 --tamper modify`); else says that the test is skipped.
    #[track_caller]
    pub fn make(test: &str, arguments: &[&str]) -> Option<DigestChain> {
        let script = shared(test, SCRIPT)?;
        let python = Python::find(test, &["cryptography"])?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
        let out = folder.path().display().to_string();
        let whole = [&[script.to_str().expect("a path that is text"), "make", "--out", &out], arguments].concat();
        let manifest = python.json(run, &whole);
        Some(DigestChain { folder, manifest })
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The objects, in a folder that is called like the bucket.
    pub fn bucket(&self) -> PathBuf {
        self.folder().join(self.text("bucket"))
    }

    /// The public key, as `ListPublicKeys` answers.
    pub fn public_keys(&self) -> PathBuf {
        self.folder().join("public_keys.json")
    }

    /// The metadata of the digests, as JSON lines.
    pub fn metadata(&self) -> PathBuf {
        self.folder().join("meta.jsonl")
    }

    /// Begin of the first hour.
    pub fn start(&self) -> &str {
        self.text("start")
    }

    /// End of the last hour.
    pub fn end(&self) -> &str {
        self.text("end")
    }

    /// A text of the manifest.
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        self.manifest[name].as_str().unwrap_or_else(|| panic!("the manifest has no {name}"))
    }
}
