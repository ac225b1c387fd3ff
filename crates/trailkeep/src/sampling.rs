//! Writes the sample organization as files in AWS's layout, with its digests if they are wanted.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use sample::{Plan, Stored, Totals};
use seal::RsaKey;
use serde_json::json;

use crate::exit::Failure;

/// Objects between two calls of the watcher.
const TELL_EVERY: u64 = 500;
/// Objects that wait to be written.
const WAITING_MAX: usize = 1_024;

/// Where things are, of logs that were written with digests.
#[derive(Clone, Debug)]
pub struct Places {
    /// The bucket's objects, in a folder of its name.
    pub bucket: PathBuf,
    /// The public key that signed, as `ListPublicKeys` answers.
    pub public_keys: PathBuf,
    /// The metadata of the digests, as JSON lines.
    pub metadata: PathBuf,
}

impl Places {
    /// The names under a folder.
    pub fn under(folder: &Path, plan: &Plan) -> Places {
        Places {
            bucket: folder.join(&plan.bucket),
            public_keys: folder.join("public-keys.json"),
            metadata: folder.join("metadata.jsonl"),
        }
    }
}

/// Makes a folder that is to be written into; one that is there must be empty.
pub fn new_folder(folder: &Path, flag: &str) -> Result<(), Failure> {
    let name = folder.display();
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Failure::usage(format!("`{name}` is no folder"), format!("name a new folder for {flag}"))
        }
        _ => Failure::writing(folder)(error),
    })?;
    match fs::read_dir(folder).map_err(Failure::reading(&name))?.next() {
        None => Ok(()),
        Some(_) => Err(Failure::usage(format!("`{name}` is not empty"), format!("name a new folder for {flag}"))),
    }
}

/// Writes all deliveries of a plan under a folder, made by one thread and written by another; tells the watcher how many
/// records are written.
pub fn write(plan: &Plan, folder: &Path, watch: impl FnMut(u64)) -> Result<Totals, Failure> {
    let make = |send: &mut dyn FnMut(Stored) -> bool| {
        let mut deliveries = plan.deliveries();
        for delivery in deliveries.by_ref() {
            // The writer has failed and says why.
            if !send(Stored::Log(delivery)) {
                break;
            }
        }
        Ok(deliveries.totals().clone())
    };
    write_all(make, Writer::new(folder), watch)
}

/// The same with digests, in a folder that is called like the bucket; public key and metadata beside it.
pub fn write_with_digests(plan: &Plan, key: &RsaKey, places: &Places, watch: impl FnMut(u64)) -> Result<Totals, Failure> {
    let keys = sample::public_keys_json(plan, key).map_err(unmade)?;
    let writing = |path: &Path| format!("writing `{}`", path.display());
    fs::create_dir_all(&places.bucket).map_err(Failure::io(format!("making the folder `{}`", places.bucket.display())))?;
    fs::write(&places.public_keys, keys).map_err(Failure::io(writing(&places.public_keys)))?;
    let metadata = File::create_new(&places.metadata).map_err(Failure::io(writing(&places.metadata)))?;
    let mut writer = Writer::new(&places.bucket);
    writer.metadata = Some((plan.bucket.clone(), BufWriter::new(metadata)));
    let make = |send: &mut dyn FnMut(Stored) -> bool| {
        let mut all = plan.with_digests(key);
        for stored in all.by_ref() {
            if !send(stored.map_err(unmade)?) {
                break;
            }
        }
        Ok(all.totals())
    };
    write_all(make, writer, watch)
}

fn unmade(error: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("the sample's digests could not be signed: {error}"), "")
}

/// What makes objects and hands them on; `false` when nobody wants more.
type Send<'a> = &'a mut dyn FnMut(Stored) -> bool;

fn write_all(
    make: impl FnOnce(Send<'_>) -> Result<Totals, Failure> + std::marker::Send,
    mut writer: Writer<'_>,
    mut watch: impl FnMut(u64),
) -> Result<Totals, Failure> {
    let (sender, receiver) = sync_channel::<Stored>(WAITING_MAX);
    std::thread::scope(|scope| {
        let making = scope.spawn(move || make(&mut |stored| sender.send(stored).is_ok()));
        let (mut files, mut records) = (0_u64, 0_u64);
        for stored in receiver {
            files += 1;
            records += writer.take(&stored)?;
            if files.is_multiple_of(TELL_EVERY) {
                watch(records);
            }
        }
        writer.finish()?;
        let made = making.join();
        made.map_err(|_| Failure::failed("the generator of the sample stopped", "report this, with the command you ran"))?
    })
}

/// Writes files, and the folders that they need.
struct Writer<'a> {
    folder: &'a Path,
    /// The folder that was made last.
    made: Option<PathBuf>,
    /// The bucket's name, and where the metadata of its objects goes.
    metadata: Option<(String, BufWriter<File>)>,
}

impl<'a> Writer<'a> {
    fn new(folder: &'a Path) -> Writer<'a> {
        Writer { folder, made: None, metadata: None }
    }

    /// Writes one object; how many records are in it.
    fn take(&mut self, stored: &Stored) -> Result<u64, Failure> {
        match stored {
            Stored::Log(delivery) => {
                self.write(&delivery.key, &delivery.body)?;
                Ok(u64::from(delivery.records))
            }
            Stored::Digest(digest) => {
                self.write(&digest.key, &digest.body)?;
                self.note(&digest.key, &digest.metadata)?;
                Ok(0)
            }
        }
    }

    fn write(&mut self, key: &str, body: &[u8]) -> Result<(), Failure> {
        let path = self.folder.join(key);
        let parent = path.parent().map(Path::to_path_buf);
        if let Some(parent) = parent.filter(|parent| self.made.as_ref() != Some(parent)) {
            fs::create_dir_all(&parent).map_err(Failure::io(format!("making the folder `{}`", parent.display())))?;
            self.made = Some(parent);
        }
        fs::write(&path, body).map_err(Failure::io(format!("writing `{}`", path.display())))
    }

    fn note(&mut self, key: &str, metadata: &[(&'static str, String)]) -> Result<(), Failure> {
        let Some((bucket, out)) = &mut self.metadata else { return Ok(()) };
        let metadata: std::collections::BTreeMap<_, _> = metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
        writeln!(out, "{}", json!([format!("{bucket}/{key}"), metadata])).map_err(Failure::io("writing the metadata of digests"))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let Some((_, out)) = &mut self.metadata else { return Ok(()) };
        out.flush().map_err(Failure::io("writing the metadata of digests"))
    }
}
