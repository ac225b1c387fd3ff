//! `cargo xtask bench verify-memory`

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use sample::{Plan, Stored};
use seal::RsaKey;
use serde_json::{Value, json};

use super::figures::{Table, number};
use super::{Places, Tools, measure, set};
use crate::failure::Failure;
use crate::outside;

/// Events for each log file, of real-sized files.
const EVENTS_PER_FILE: u64 = 7;

/// Verify many small objects and twice as many, and compare the memory
///
/// Log files of the sample organization over 30 days, as small as real ones, with the digests of every hour. They are kept for the next time.
#[derive(Args, Debug)]
pub struct VerifyMemory {
    #[command(flatten)]
    places: Places,

    /// Log files of the smaller set, about
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    objects: u64,

    /// Number of threads
    #[arg(long, value_name = "N", default_value_t = outside::cores())]
    threads: usize,
}

impl VerifyMemory {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let tools = self.places.find()?;
        let mut table = Table::new(&["log files", "digests", "wall s", "CPU s", "objects/s", "peak MB"]);
        let mut peaks = Vec::new();
        for objects in [self.objects, self.objects * 2] {
            let folder = prepare(&tools.scratch.join(format!("verify-memory-{objects}")), objects)?;
            let (used, report) = verify(&tools, &folder, self.threads)?;
            let count = |name: &str| report.pointer(&format!("/counts/{name}")).and_then(Value::as_u64).unwrap_or_default();
            let (logs, digests) = (count("logs_verified"), count("digests_valid"));
            table.row(&[
                number(logs as f64, 0),
                number(digests as f64, 0),
                number(used.wall_s, 1),
                number(used.cpu_s, 1),
                number((logs + digests) as f64 / used.wall_s, 0),
                number(used.rss_bytes as f64 / 1e6, 1),
            ]);
            peaks.push(used.rss_bytes as f64);
        }
        table.print(&format!("Memory of verifying, {} thread(s)", self.threads));
        if let [once, twice] = peaks.as_slice() {
            println!("\nTwice the objects take {} times the memory.", number(twice / once, 3));
        }
        Ok(())
    }
}

fn verify(tools: &Tools, folder: &Path, threads: usize) -> Result<(measure::Used, Value), Failure> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (bucket, keys, metadata, threads) = (path("logs"), path("public_keys.json"), path("meta.jsonl"), threads.to_string());
    let until = "2026-11-01";
    let words = ["verify", &bucket, "--public-keys", &keys, "--metadata", &metadata, "--until", until, "--threads", &threads];
    let words = words.into_iter().chain(["--progress", "none", "-o", "json"]).map(OsString::from);
    let command: Vec<OsString> = [tools.binary.clone().into_os_string()].into_iter().chain(words).collect();
    let (used, printed) = measure::run(tools, &command)?;
    let report: Value = serde_json::from_slice(&printed).map_err(|error| Failure::Wrong(error.to_string()))?;
    match report.pointer("/judgment").and_then(Value::as_str) {
        Some("proven") => Ok((used, report)),
        judgment => Err(Failure::Wrong(format!("trailkeep says {judgment:?}"))),
    }
}

/// The set in a folder: the one that is there, or a new one.
fn prepare(folder: &Path, objects: u64) -> Result<PathBuf, Failure> {
    let done = folder.join("public_keys.json");
    if done.is_file() {
        return Ok(folder.to_path_buf());
    }
    eprintln!("generating about {objects} log files into {}", folder.display());
    set::clear(folder)?;
    fs::create_dir_all(folder).map_err(Failure::io(folder))?;
    let key = RsaKey::generate().map_err(|error| Failure::Wrong(error.to_string()))?;
    let plan = set::real_files(objects * EVENTS_PER_FILE);
    write(&plan, &key, folder)?;
    let keys = sample::public_keys_json(&plan, &key).map_err(|error| Failure::Wrong(error.to_string()))?;
    fs::write(&done, keys).map_err(Failure::io(&done))?;
    Ok(folder.to_path_buf())
}

fn write(plan: &Plan, key: &RsaKey, folder: &Path) -> Result<(), Failure> {
    let path = folder.join("meta.jsonl");
    let mut metadata = std::io::BufWriter::new(fs::File::create(&path).map_err(Failure::io(&path))?);
    for stored in plan.with_digests(key) {
        match stored.map_err(|error| Failure::Wrong(error.to_string()))? {
            Stored::Log(log) => set::put(&folder.join("logs"), &log.key, &log.body)?,
            Stored::Digest(digest) => {
                let values: serde_json::Map<_, _> =
                    digest.metadata.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
                writeln!(metadata, "{}", json!([format!("{}/{}", plan.bucket, digest.key), values])).map_err(Failure::io(&path))?;
                set::put(&folder.join("logs"), &digest.key, &digest.body)?;
            }
        }
    }
    metadata.flush().map_err(Failure::io(&path))
}
