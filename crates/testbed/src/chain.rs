//! Signed digest chains in AWS's layout, whole or tampered with, made by `digest_chain.py` (which is no part of the repository).

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::moto::Moto;
use crate::python::Python;
use crate::skip::shared;

/// The script, as seen from the folder that is shared.
const SCRIPT: &str = "tools/digest_chain.py";

/// Runs the script once for each list of arguments on standard input; what it cannot make is null.
const RUN_ALL: &str = r#"
import contextlib, io, json, runpy, sys
made = []
for sys.argv in json.load(sys.stdin):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(sys.argv[0], run_name="__main__")
        made.append(json.loads(printed.getvalue()))
    except Exception:
        made.append(None)
print(json.dumps(made))
"#;

/// Runs a script by its path.
const RUN: &str = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";

/// A chain in a temporary folder: the bucket's objects in a folder of its name, and what is known of them beside it.
#[derive(Debug)]
pub struct DigestChain {
    folder: TempDir,
    python: Python,
    script: PathBuf,
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
        let out = folder.path().display().to_string();
        let whole = [&[script.to_str().expect("a path that is text"), "make", "--out", &out], arguments].concat();
        let manifest = python.json(RUN, &whole);
        Some(DigestChain { folder, python, script, manifest })
    }

    /// Makes many chains in one Python; `None` stands for one that the script cannot make (it deletes what it would change next).
    #[track_caller]
    pub fn make_all(test: &str, all: &[Vec<&str>]) -> Option<Vec<Option<DigestChain>>> {
        let script = shared(test, SCRIPT)?;
        let python = Python::find(test, &["cryptography"])?;
        let folders: Vec<TempDir> = all.iter().map(|_| tempfile::tempdir().expect("a temporary folder")).collect();
        let line = |(arguments, folder): (&Vec<&str>, &TempDir)| {
            let out = folder.path().display().to_string();
            let begin = [script.display().to_string(), "make".to_owned(), "--out".to_owned(), out];
            Value::from_iter(begin.into_iter().chain(arguments.iter().map(|argument| (*argument).to_owned())))
        };
        let asked = Value::from_iter(all.iter().zip(&folders).map(line)).to_string();
        let Value::Array(made) = python.json_of(RUN_ALL, &asked) else { panic!("no list of chains") };
        let chain = |(folder, manifest): (TempDir, Value)| {
            let (python, script) = (python.clone(), script.clone());
            manifest.is_object().then_some(DigestChain { folder, python, script, manifest })
        };
        Some(folders.into_iter().zip(made).map(chain).collect())
    }

    /// Takes another chain's objects, metadata and keys in: one bucket, several accounts, Regions or trails.
    pub fn join(&self, other: &DigestChain) {
        copy(&other.bucket(), &self.bucket());
        let read = |file: &Path| std::fs::read_to_string(file).expect("a file of a chain");
        std::fs::write(self.metadata(), read(&self.metadata()) + &read(&other.metadata())).expect("writing metadata");
        let keys = |chain: &DigestChain| serde_json::from_str::<Value>(&read(&chain.public_keys())).expect("public keys");
        let (mut own, others) = (keys(self), keys(other));
        let list = own["PublicKeyList"].as_array_mut().expect("a list of keys");
        list.extend(others["PublicKeyList"].as_array().expect("a list of keys").iter().cloned());
        std::fs::write(self.public_keys(), own.to_string()).expect("writing public keys");
    }

    /// Puts the objects into a server's bucket of the same name, with their metadata. `false` if the test is to be skipped.
    #[track_caller]
    pub fn push(&self, test: &str, moto: &Moto) -> bool {
        if Python::find(test, &["boto3"]).is_none() {
            return false;
        }
        let mut push = self.python.command(RUN);
        push.arg(&self.script).arg("push").arg("--out").arg(self.folder()).args(["--s3", &moto.endpoint()]);
        let output = push.output().expect("python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        true
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

/// Copies a folder into another.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of a chain").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copying an object");
        }
    }
}
