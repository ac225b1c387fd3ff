//! A home for one test: a temporary folder, or a prefix of a bucket in moto. Documents in it can be read and changed behind the
//! program's back.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::moto::Moto;
use crate::program::Program;

/// The bucket that homes lie in.
const BUCKET: &str = "homes";

/// Where a home is.
#[derive(Debug)]
pub enum TestHome<'a> {
    /// In a folder, which goes when the test ends.
    Folder(TempDir),
    /// Under a prefix in moto.
    Bucket(&'a Moto, String),
}

impl<'a> TestHome<'a> {
    /// A home in a temporary folder.
    pub fn folder() -> TestHome<'a> {
        TestHome::Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A server with the bucket for homes.
    pub fn server(test: &str) -> Option<Moto> {
        Moto::start(test, BUCKET)
    }

    /// A home under a prefix on that server.
    pub fn bucket(moto: &'a Moto, prefix: &str) -> TestHome<'a> {
        TestHome::Bucket(moto, prefix.to_owned())
    }

    /// What `--home` gets.
    pub fn name(&self) -> String {
        match self {
            TestHome::Folder(folder) => folder.path().join("home").display().to_string(),
            TestHome::Bucket(_, prefix) => format!("s3://{BUCKET}/{prefix}"),
        }
    }

    /// The folder, when there is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self {
            TestHome::Folder(folder) => Some(folder.path().join("home")),
            TestHome::Bucket(..) => None,
        }
    }

    /// The program with what it needs to reach this home.
    pub fn program(&self, exe: &str) -> Program {
        match self {
            TestHome::Folder(_) => Program::new(exe),
            TestHome::Bucket(moto, _) => Program::new(exe).with_all(moto.environment()),
        }
    }

    /// Whether a document is there.
    pub fn has(&self, path: &str) -> bool {
        match self {
            TestHome::Folder(folder) => folder.path().join("home").join(path).exists(),
            TestHome::Bucket(moto, prefix) => moto.get(BUCKET, &format!("{prefix}/{path}")).is_some(),
        }
    }

    /// A document's bytes.
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        match self {
            TestHome::Folder(folder) => std::fs::read(folder.path().join("home").join(path)).ok(),
            TestHome::Bucket(moto, prefix) => moto.get(BUCKET, &format!("{prefix}/{path}")),
        }
    }

    /// Names of the documents in a folder of the home, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = match self {
            TestHome::Folder(home) => {
                let entries = std::fs::read_dir(home.path().join("home").join(folder)).expect("the folder is read");
                entries.map(|entry| entry.expect("the folder is read").file_name().to_string_lossy().into_owned()).collect()
            }
            TestHome::Bucket(moto, prefix) => {
                let prefix = format!("{prefix}/{folder}/");
                moto.list(BUCKET, &prefix).iter().filter_map(|key| Some(key.strip_prefix(&prefix)?.to_owned())).collect()
            }
        };
        names.sort();
        names
    }

    /// Puts a document.
    pub fn put(&self, path: &str, body: &[u8]) {
        match self {
            TestHome::Folder(folder) => {
                let path = folder.path().join("home").join(path);
                std::fs::create_dir_all(path.parent().expect("a document lies in a folder")).expect("its folder is made");
                std::fs::write(path, body).expect("the document is written");
            }
            TestHome::Bucket(moto, prefix) => moto.put(BUCKET, &format!("{prefix}/{path}"), body),
        }
    }

    /// Deletes all documents in a folder of the home.
    pub fn clear(&self, path: &str) {
        match self {
            TestHome::Folder(folder) => match std::fs::remove_dir_all(folder.path().join("home").join(path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{error}"),
                _ => {}
            },
            TestHome::Bucket(moto, prefix) => {
                for key in moto.list(BUCKET, &format!("{prefix}/{path}/")) {
                    moto.delete(BUCKET, &key);
                }
            }
        }
    }

    /// A copy as a backup program makes it while others write: file after file, those that vanish meanwhile left out.
    pub fn copied_under_load(&self) -> Option<TestHome<'static>> {
        let copy = TestHome::folder();
        copy_folder(&self.path()?, &copy.path()?).expect("the home is copied");
        Some(copy)
    }
}

/// Copies in the order in which a naive tool does: by name, folders when they come.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut names: Vec<_> = std::fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    names.sort();
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        let copied = if from.is_dir() { copy_folder(&from, &to) } else { std::fs::copy(&from, &to).map(drop) };
        match copied {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}
