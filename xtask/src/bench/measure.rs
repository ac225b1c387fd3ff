//! Runs a program and says what it used.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::Tools;
use crate::failure::Failure;

const MEASURE_PY: &str = include_str!("measure.py");

/// What a program used.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Used {
    /// From start to end.
    pub wall_s: f64,
    /// User and system time of all its threads.
    pub cpu_s: f64,
    /// The most memory it held at once.
    pub rss_bytes: u64,
    exit: i64,
}

impl Used {
    /// Of work that was done in this process.
    pub fn of(wall_s: f64, cpu_s: f64) -> Used {
        Used { wall_s, cpu_s, rss_bytes: 0, exit: 0 }
    }
}

/// Runs a program to its end; what it used, and what it printed.
pub fn run(tools: &Tools, command: &[OsString]) -> Result<(Used, Vec<u8>), Failure> {
    run_with(tools, command, &[])
}

/// The same with more in the program's environment.
pub fn run_with(tools: &Tools, command: &[OsString], environment: &[(&str, String)]) -> Result<(Used, Vec<u8>), Failure> {
    let out = tools.scratch.join("used.json");
    let name = || command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let measured = Command::new(&tools.python)
        .args(["-c", MEASURE_PY])
        .arg(&out)
        .args(command)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::io(&tools.python))?;
    let told = fs::read(&out).map_err(Failure::io(&out))?;
    fs::remove_file(&out).map_err(Failure::io(&out))?;
    match serde_json::from_slice::<Used>(&told) {
        Ok(used) if used.exit == 0 => Ok((used, measured.stdout)),
        Ok(used) => Err(Failure::Program { command: name(), code: used.exit }),
        Err(error) => Err(Failure::Wrong(format!("measuring `{}`: {error}", name()))),
    }
}
