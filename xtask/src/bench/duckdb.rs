//! DuckDB on the same files, as fast as it can.

use std::ffi::OsString;
use std::fs;

use super::Tools;
use super::measure::{self, Used};
use super::set::Set;
use crate::failure::Failure;

const DUCKDB_PY: &str = include_str!("duckdb.py");

/// How DuckDB learns what is in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From a schema made for CloudTrail, nested documents as text.
    Given,
    /// By looking at the files, nested documents as structs.
    Detected,
}

impl Mode {
    /// The word for it in tables.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Given => "DuckDB, schema given",
            Mode::Detected => "DuckDB, schema detected",
        }
    }
}

/// Turns a set into one Parquet file, and counts its rows.
pub fn ingest(tools: &Tools, set: &Set, threads: usize, mode: Mode) -> Result<Used, Failure> {
    let (script, out) = (tools.scratch.join("duckdb_ingest.py"), tools.scratch.join("duckdb.parquet"));
    fs::write(&script, DUCKDB_PY).map_err(Failure::io(&script))?;
    let word = match mode {
        Mode::Given => "given",
        Mode::Detected => "detected",
    };
    let threads = OsString::from(threads.to_string());
    let command = [tools.python.as_os_str(), script.as_os_str(), set.folder.as_os_str(), &threads, word.as_ref(), out.as_os_str()];
    let (used, printed) = measure::run(tools, &command.map(OsString::from))?;
    let rows = String::from_utf8_lossy(&printed).trim().parse::<u64>().ok();
    if rows != Some(set.truth.records) {
        return Err(Failure::Wrong(format!("DuckDB wrote {rows:?} rows, the generator says {}", set.truth.records)));
    }
    Ok(used)
}

/// Bytes of the file that was written last.
pub fn size_bytes(tools: &Tools) -> Result<u64, Failure> {
    let out = tools.scratch.join("duckdb.parquet");
    Ok(fs::metadata(&out).map_err(Failure::io(&out))?.len())
}
