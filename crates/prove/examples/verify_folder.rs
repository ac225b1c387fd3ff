//! Verifies a folder and tells what it took: wall and CPU time, bytes a second, the most memory.
//!
//! `verify_folder DIR [--public-keys FILE] [--metadata FILE] [--since T] [--until T] [--threads N] [--alone] [--json]`; `--alone` also
//! measures reading, inflating and hashing the same log files with nothing around it, in the same run.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use trailkeep_prove::report::Report;
use trailkeep_prove::store::{Folder, Metadata, Overlay, Store};
use trailkeep_prove::strict::{ListedKeys, Options, Stores, verify};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let time = |name: &str| value(name).map(|text| DateTime::parse_from_rfc3339(&text).unwrap().to_utc());
    let folder = Folder::open(Path::new(&arguments[0])).unwrap();
    let main: Arc<dyn Store> = match value("--metadata") {
        Some(file) => Arc::new(Overlay::new(Box::new(folder), Arc::new(Metadata::load(Path::new(&file)).unwrap())).unwrap()),
        None => Arc::new(folder),
    };
    let keys =
        value("--public-keys").map(|file| seal::PublicKeys::parse(&std::fs::read(file).unwrap()).unwrap()).unwrap_or_default();
    let keys = ListedKeys { origin: "file".to_owned(), keys };
    let threads = value("--threads").map_or(2, |text| text.parse().unwrap());
    let options = Options { since: time("--since"), until: time("--until"), threads, ..Options::default() };
    let stores = Stores { main, mapped: BTreeMap::new() };
    let (before, started) = (cpu_s(), Instant::now());
    let report = verify(&stores, &keys, &options, time("--now").unwrap_or_else(Utc::now), &());
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_s() - before);
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
    } else {
        tell(&report);
    }
    let bytes = report.counts.content_bytes as f64;
    eprintln!(
        "verify  {threads} threads: {wall:.3} s wall, {cpu:.3} s CPU, {:.2} GB/s; {} KB at most",
        bytes / wall / 1e9,
        peak_kb()
    );
    if arguments.iter().any(|argument| argument == "--alone") {
        alone(Path::new(&arguments[0]), threads);
    }
}

fn tell(report: &Report) {
    println!("{:?} {:?}", report.judgment, report.counts);
    for finding in report.findings.iter().take(40) {
        println!(
            "  {:?} {} x{} {:?}: {} {:?}",
            finding.level,
            finding.kind.name(),
            finding.count,
            finding.from,
            finding.message,
            finding.key
        );
    }
}

/// gunzip and SHA-256 of every file, and nothing else.
fn alone(folder: &Path, threads: usize) {
    let mut files = Vec::new();
    gather(folder, &mut files);
    let (before, started) = (cpu_s(), Instant::now());
    let next = std::sync::atomic::AtomicUsize::new(0);
    let bytes: u64 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| worker(&files, &next))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let (wall, cpu) = (started.elapsed().as_secs_f64(), cpu_s() - before);
    eprintln!("alone   {threads} threads: {wall:.3} s wall, {cpu:.3} s CPU, {:.2} GB/s", bytes as f64 / wall / 1e9);
}

fn worker(files: &[PathBuf], next: &std::sync::atomic::AtomicUsize) -> u64 {
    let (mut inflater, mut buffer, mut bytes) = (record::Inflater::default(), Vec::new(), 0);
    while let Some(file) = files.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
        let stored = std::fs::read(file).unwrap();
        let content = inflater.member(&stored, 1 << 30, &mut buffer).unwrap();
        std::hint::black_box(seal::sha256(content));
        bytes += content.len() as u64;
    }
    bytes
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() { gather(&path, files) } else { files.push(path) }
    }
}

/// User and system time of this process so far.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().unwrap())
        .collect();
    fields.iter().sum::<f64>() / 100.0
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().map_or(0, |number| number.parse().unwrap())
}
