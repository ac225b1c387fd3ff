//! A home with generated events, filled as its users fill one: `sample`, `collect`, `compact`. It is kept and used again.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::{Tools, measure, set};
use crate::failure::Failure;

/// The day after the last event; always the same, so that homes can be used again.
pub const END: &str = "2026-11-01";
/// Records of a log file: so that a home of 20 million is not 3 million files first.
const EVENTS_PER_FILE: &str = "2500";

/// The home of so many events, made if it is not there.
pub fn prepare(tools: &Tools, events: u64) -> Result<PathBuf, Failure> {
    let folder = tools.scratch.join(format!("query-{events}"));
    let (home, logs, made) = (folder.join("home"), folder.join("logs"), folder.join("made"));
    let stamp = format!("sample --events {events} --end {END} --events-per-file {EVENTS_PER_FILE}, collected and compacted\n");
    if fs::read_to_string(&made).is_ok_and(|found| found == stamp) {
        return Ok(home);
    }
    eprintln!("making a home of {events} events in {}; this takes minutes", folder.display());
    set::clear(&folder)?;
    let events = events.to_string();
    let sample = ["sample", "--events", &events, "--end", END, "--events-per-file", EVENTS_PER_FILE, "--out"];
    run(tools, &sample, &logs, &[])?;
    run(tools, &["collect", "--progress", "none", "--home"], &home, &[logs.as_os_str().to_owned()])?;
    run(tools, &["compact", "--progress", "none", "--grace", "0s", "--home"], &home, &[])?;
    fs::remove_dir_all(&logs).map_err(Failure::io(&logs))?;
    fs::write(&made, stamp).map_err(Failure::io(&made))?;
    Ok(home)
}

fn run(tools: &Tools, words: &[&str], folder: &Path, more: &[OsString]) -> Result<(), Failure> {
    let mut command = vec![tools.binary.clone().into_os_string()];
    command.extend(words.iter().map(OsString::from));
    command.push(folder.as_os_str().to_owned());
    command.extend(more.iter().cloned());
    measure::run(tools, &command).map(drop)
}
