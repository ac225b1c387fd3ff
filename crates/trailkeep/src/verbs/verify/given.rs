//! Files that the user gives beside the logs: public keys, and metadata that a copy lost.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prove::store::Metadata;
use prove::strict::{KeySource, ListedKeys};
use seal::PublicKeys;
use sha2::{Digest, Sha256};

use crate::exit::Failure;

/// Largest file of public keys, in bytes; an answer of `ListPublicKeys` has 500 bytes a key.
const KEYS_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What was given.
pub struct Given {
    /// Public keys, and the files that they are from.
    keys: Option<ListedKeys>,
    /// Metadata of digests.
    pub metadata: Option<Arc<Metadata>>,
    /// SHA-256 of every file, in their order.
    hashes: Vec<[u8; 32]>,
}

impl Given {
    /// Reads all files.
    pub fn read(key_files: &[PathBuf], metadata_file: Option<&Path>) -> Result<Given, Failure> {
        let (mut keys, mut hashes) = (PublicKeys::default(), Vec::new());
        for file in key_files {
            let json = limited(file)?;
            hashes.push(Sha256::digest(&json).into());
            keys.extend(keys_of(file, &json)?);
        }
        let metadata = metadata_file.map(metadata).transpose()?;
        if let Some(file) = metadata_file {
            hashes.push(hash(file)?);
        }
        let keys = (!key_files.is_empty()).then(|| ListedKeys { origin: origin(key_files), keys });
        Ok(Given { keys, metadata, hashes })
    }

    /// The public keys that were given; `None` if none were.
    pub fn key_source(&self) -> Option<Box<dyn KeySource>> {
        self.keys.clone().map(|keys| Box::new(keys) as Box<dyn KeySource>)
    }

    /// The public keys, with the words for where they are from.
    pub fn listed(&self) -> Vec<(String, PublicKeys)> {
        self.keys.iter().map(|listed| (listed.origin.clone(), listed.keys.clone())).collect()
    }

    /// Names a verification of `asked` with these files.
    pub fn fingerprint(&self, asked: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(asked.as_bytes());
        self.hashes.iter().for_each(|file| hash.update(file));
        hex::encode(hash.finalize())
    }
}

/// `file a.json`, `files a.json, b.json`.
fn origin(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    format!("{} {}", if names.len() == 1 { "file" } else { "files" }, names.join(", "))
}

fn keys_of(file: &Path, json: &[u8]) -> Result<PublicKeys, Failure> {
    let name = file.display();
    let keys = PublicKeys::parse(json).map_err(|error| {
        let hint = "aws cloudtrail list-public-keys --start-time T --end-time T > FILE writes such a file";
        Failure::failed(format!("`{name}` holds no public keys: {error}"), hint)
    })?;
    if keys.iter().next().is_none() {
        let hint = "ask for the time of the digests: aws cloudtrail list-public-keys --start-time T --end-time T";
        return Err(Failure::failed(format!("the list of public keys in `{name}` is empty"), hint));
    }
    Ok(keys)
}

fn metadata(file: &Path) -> Result<Arc<Metadata>, Failure> {
    let metadata = Metadata::load(file).map_err(|error| Failure::failed(error.to_string(), ""))?;
    if metadata.digests() == 0 {
        let what = format!("`{}` has the metadata of no digest", file.display());
        return Err(Failure::failed(what, "a line for each digest: [\"bucket/key\", {\"signature\": \"...\"}]"));
    }
    Ok(Arc::new(metadata))
}

fn limited(file: &Path) -> Result<Vec<u8>, Failure> {
    let reading = || Failure::reading(file.display());
    let mut bytes = Vec::new();
    let open = File::open(file).map_err(reading())?;
    open.take(KEYS_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(reading())?;
    if bytes.len() as u64 > KEYS_FILE_BYTES_MAX {
        let what = format!("`{}` is larger than {KEYS_FILE_BYTES_MAX} bytes, too large for a list of public keys", file.display());
        return Err(Failure::failed(what, "name the answer of `aws cloudtrail list-public-keys`"));
    }
    Ok(bytes)
}

fn hash(file: &Path) -> Result<[u8; 32], Failure> {
    let reading = || Failure::reading(file.display());
    let mut open = File::open(file).map_err(reading())?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = open.read(&mut buffer).map_err(reading())?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}
