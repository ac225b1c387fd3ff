//! trailkeep as its users run it: a new home, one collection, then whatever is asked about the home.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::measure::{self, Used};
use super::set::{self, Set, Truth};
use super::{Tools, set::files};
use crate::failure::Failure;

/// A home that was filled.
pub struct Home {
    path: PathBuf,
}

/// Sizes of a home.
pub struct Sizes {
    /// The archive's data files.
    pub archive_bytes: u64,
    /// The ledger's data files.
    pub ledger_bytes: u64,
    /// Both logs.
    pub logs_bytes: u64,
}

/// Collects a set into a new home, and holds the sums against the truth.
pub fn collect(tools: &Tools, set: &Set, threads: usize) -> Result<(Used, Home), Failure> {
    let home = Home { path: tools.scratch.join("home") };
    set::clear(&home.path)?;
    let (source, threads) = (set.folder.clone().into_os_string(), threads.to_string());
    let words = ["--threads".into(), threads.into(), "--progress".into(), "none".into(), "-o".into(), "json".into()];
    let mut command = home.command(tools, "collect");
    command.push(source);
    command.extend(words);
    let (used, printed) = measure::run(tools, &command)?;
    check(&set.truth, &json(&printed)?)?;
    Ok((used, home))
}

fn json(printed: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(printed).map_err(|error| Failure::Wrong(format!("what trailkeep printed is no JSON: {error}")))
}

/// The sums of a collection must be the generator's.
fn check(truth: &Truth, summary: &Value) -> Result<(), Failure> {
    let wanted = [
        ("/objects/found", truth.files),
        ("/objects/ingested", truth.files),
        ("/records/read", truth.records),
        ("/records/stored", truth.distinct),
        ("/records/duplicate", truth.records - truth.distinct),
        ("/records/flawed", 0),
        ("/records/conflicting", 0),
        ("/content_bytes", truth.content_bytes),
        ("/stored_bytes", truth.stored_bytes),
    ];
    for (pointer, expected) in wanted {
        let found = summary.pointer(pointer).and_then(Value::as_u64);
        if found != Some(expected) {
            return Err(Failure::Wrong(format!("{pointer} is {found:?}, the generator says {expected}")));
        }
    }
    Ok(())
}

impl Home {
    fn command(&self, tools: &Tools, verb: &str) -> Vec<OsString> {
        [tools.binary.as_os_str(), verb.as_ref(), "--home".as_ref(), self.path.as_os_str()].map(OsString::from).to_vec()
    }

    /// Compacts and deletes what was replaced.
    pub fn compact(&self, tools: &Tools) -> Result<Used, Failure> {
        let mut command = self.command(tools, "compact");
        command.extend(["--grace", "0s", "--progress", "none", "-o", "json"].map(OsString::from));
        Ok(measure::run(tools, &command)?.0)
    }

    /// How many records are kept raw because their bytes could not be rebuilt from columns.
    pub fn raw(&self, tools: &Tools) -> Result<u64, Failure> {
        let mut command = self.command(tools, "query");
        command.extend(["SELECT count(*) AS n FROM events WHERE raw IS NOT NULL", "-o", "json"].map(OsString::from));
        let (_, printed) = measure::run(tools, &command)?;
        let count = json(&printed)?.pointer("/0/n").and_then(Value::as_u64);
        count.ok_or_else(|| Failure::Wrong("the number of raw records is no number".to_owned()))
    }

    /// How large it is.
    pub fn sizes(&self) -> Result<Sizes, Failure> {
        let (archive, ledger) = (self.path.join("archive"), self.path.join("ledger"));
        let logs_bytes = bytes(&archive, "json")? + bytes(&ledger, "json")?;
        Ok(Sizes { archive_bytes: bytes(&archive, "parquet")?, ledger_bytes: bytes(&ledger, "parquet")?, logs_bytes })
    }
}

/// Bytes in the files of one kind.
fn bytes(folder: &Path, extension: &str) -> Result<u64, Failure> {
    let mut sum = 0;
    for path in files(folder)? {
        let in_log = path.iter().any(|part| part == "_delta_log");
        if path.extension().is_some_and(|found| found == extension) && in_log == (extension == "json") {
            sum += path.metadata().map_err(Failure::io(&path))?.len();
        }
    }
    Ok(sum)
}
