//! A bundle in a temporary folder, as its reader has it.

use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use seal::sha256;
use tempfile::TempDir;
use zip::ZipArchive;

pub struct Unpacked {
    folder: TempDir,
    names: Vec<String>,
}

pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Unpacked {
    pub fn new(zip: Vec<u8>) -> Unpacked {
        let folder = tempfile::tempdir().unwrap();
        let mut zip = ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut names = Vec::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let name = file.name().unwrap().into_owned();
            assert!(is_plain(&name), "{name:?}");
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            let path = folder.path().join(&name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(!path.exists(), "{name:?} is there twice");
            std::fs::write(path, content).unwrap();
            names.push(name);
        }
        Unpacked { folder, names }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn names_in(&self, folder: &str) -> Vec<String> {
        self.names.iter().filter(|name| name.starts_with(&format!("{folder}/"))).cloned().collect()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.path().join(name)).unwrap();
    }

    /// Makes the list of hashes anew, as somebody does who has changed a file and hides it.
    pub fn sum_again(&self) {
        let mut lines = String::new();
        let mut names: Vec<&String> = self.names.iter().filter(|name| *name != "SHA256SUMS").collect();
        names.sort();
        for name in names {
            if self.path().join(name).exists() {
                lines += &format!("{}  {name}\n", hex::encode(sha256(&self.read(name))));
            }
        }
        self.write("SHA256SUMS", lines.as_bytes());
    }

    pub fn verify(&self) -> Said {
        said(Command::new("sh").arg(self.path().join("verify.sh")))
    }

    pub fn sh(&self, command: &str) -> Said {
        said(Command::new("sh").args(["-c", command]).current_dir(self.path()))
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
        && !name.contains("..")
        && !name.starts_with('/')
}
