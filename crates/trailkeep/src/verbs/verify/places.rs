//! Where objects are read from: a folder, a zip, `s3://bucket/prefix`; and what an old bucket's name stands for now.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use aws::store::S3Store;
use prove::evidence::is_bundle;
use prove::store::zipped::Zipped;
use prove::store::{Folder, Metadata, Overlay, Store, anchored};

use crate::exit::Failure;
use crate::lakes;
use crate::settings::{Context, quoted};

/// `OLD=PLACE`: the objects of a bucket that digests name are at another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The bucket's name in digests.
    pub bucket: String,
    /// Folder, zip or `s3://bucket`.
    pub place: String,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Mapping, String> {
        match text.split_once('=') {
            Some((bucket, place)) if !bucket.is_empty() && !place.is_empty() => {
                let bucket = bucket.strip_prefix("s3://").unwrap_or(bucket).trim_end_matches('/');
                Ok(Mapping { bucket: bucket.to_owned(), place: place.to_owned() })
            }
            _ => Err(format!("`{text}` is no OLD=PLACE; write the bucket's name, = and where its objects are now")),
        }
    }
}

/// Begins of zip archives: with an entry, and without any.
const ZIP_MAGIC: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Whether a place is in S3.
pub fn is_s3(name: &str) -> bool {
    name.starts_with("s3://")
}

/// A place as it is called from everywhere.
pub fn absolute(name: &str) -> String {
    let whole = if name.contains("://") { None } else { fs::canonicalize(name).ok() };
    whole.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

/// Opens a place; its keys are counted from where its digests count them.
pub async fn open(name: &str, context: &Context, metadata: Option<&Arc<Metadata>>) -> Result<Box<dyn Store>, Failure> {
    let (name, metadata) = (name.to_owned(), metadata.map(Arc::clone));
    let store = if is_s3(&name) { Some(open_s3(&name, context).await?) } else { None };
    // Stores block.
    let opening = tokio::task::spawn_blocking(move || {
        let store = store.map_or_else(|| open_local(&name), Ok)?;
        let store = anchored(store).map_err(|error| told(&error))?.store;
        match metadata {
            None => Ok(store),
            Some(metadata) => {
                let overlay: Box<dyn Store> = Box::new(Overlay::new(store, metadata).map_err(|error| told(&error))?);
                Ok(overlay)
            }
        }
    });
    opening.await.map_err(|error| Failure::failed(format!("opening stopped: {error}"), ""))?
}

fn open_local(name: &str) -> Result<Box<dyn Store>, Failure> {
    if let Some((scheme, _)) = name.split_once("://") {
        let what = format!("`{scheme}://` is no place that trailkeep can read");
        return Err(Failure::usage(what, "name a folder, a zip archive or s3://bucket/prefix"));
    }
    let path = Path::new(name);
    let metadata = fs::metadata(path).map_err(Failure::reading(name))?;
    if metadata.is_dir() {
        let folder = Folder::open(path).map_err(|refusal| Failure::failed(format!("opening `{name}`: {refusal}"), ""))?;
        return no_bundle(name, Box::new(folder));
    }
    if is_zip(path)? {
        return no_bundle(name, Box::new(Zipped::open(path).map_err(|error| told(&error))?));
    }
    Err(Failure::usage(
        format!("`{name}` is neither a folder nor a zip archive"),
        "unpack it and name the folder, or name s3://bucket/prefix",
    ))
}

/// A bundle of evidence holds single log files of an hour, and brings its own check: nothing here could say more about it.
fn no_bundle(name: &str, store: Box<dyn Store>) -> Result<Box<dyn Store>, Failure> {
    if !is_bundle(store.as_ref()) {
        return Ok(store);
    }
    let hint = match Path::new(name).is_dir() {
        true => format!("run the check that it brings: sh {}", quoted(&Path::new(name).join("verify.sh").display().to_string())),
        false => {
            let folder = quoted(&Path::new(name).with_extension("").display().to_string());
            format!("run the check that it brings: unzip {} -d {folder} && sh {folder}/verify.sh", quoted(name))
        }
    };
    Err(Failure::usage(format!("`{name}` is a bundle of `trailkeep evidence`, not a copy of a bucket"), hint))
}

async fn open_s3(name: &str, context: &Context) -> Result<Box<dyn Store>, Failure> {
    Ok(Box::new(S3Store::open(name, &lakes::access(context)).await?))
}

/// A library's error; its hint stands after a semicolon.
fn told(error: &dyn std::error::Error) -> Failure {
    let text = error.to_string();
    match text.rsplit_once("; ") {
        Some((what, hint)) => Failure::failed(what, hint),
        None => Failure::failed(text, ""),
    }
}

fn is_zip(path: &Path) -> Result<bool, Failure> {
    let reading = || Failure::reading(path.display());
    let mut begin = Vec::new();
    let file = File::open(path).map_err(reading())?;
    file.take(4).read_to_end(&mut begin).map_err(reading())?;
    Ok(ZIP_MAGIC.iter().any(|magic| begin == **magic))
}
