//! What the stages before the lake cost on one thread, each alone over a whole set, against the fastest that was measured when the
//! libraries were chosen.

use std::fs;
use std::hint::black_box;

use record::{Content, Inflater, Parsed, Parser};

use super::figures::{Spread, Table, number};
use super::set::{self, Set};
use crate::failure::Failure;
use crate::outside;

/// Larger than any generated file.
const CONTENT_BYTES_MAX: u64 = 1 << 30;

/// Limits in MB of content a second on one core (2 cores, Zen 4 class, SHA-NI): the fastest of the libraries that do this stage.
const GUNZIP_LIMIT: f64 = 1_350.0;
/// All bytes twice, once as content and once as records, one after the other at 1,781 each.
const SHA256_LIMIT: f64 = 890.0;
/// The same after a parser alone (2,001).
const READ_LIMIT: f64 = 616.0;
/// Columns built (1,451) and Parquet with zstd 1 written (638), one after the other; nothing checked, looked up or committed.
const KEEP_LIMIT: f64 = 443.0;
/// All of these together, one after the other.
const WHOLE_LIMIT: f64 = 278.0;

/// CPU seconds of the stages.
pub struct Stages {
    gunzip: Vec<f64>,
    parse: Vec<f64>,
    sha256: Vec<f64>,
}

impl Stages {
    /// Measures every stage over the set so many times. Holds the whole set in memory.
    pub fn measure(set: &Set, repetitions: usize) -> Result<Stages, Failure> {
        let mut stored = Vec::new();
        for path in set::files(&set.folder)? {
            stored.push(fs::read(&path).map_err(Failure::io(&path))?);
        }
        let contents = stored.iter().map(|bytes| inflated(bytes)).collect::<Result<Vec<_>, _>>()?;
        let contents: Vec<Content> = contents.into_iter().map(Content::from).collect();
        let mut stages = Stages { gunzip: Vec::new(), parse: Vec::new(), sha256: Vec::new() };
        let mut inflater = Inflater::default();
        for _ in 0..repetitions {
            stages.gunzip.push(over(&stored, |bytes| inflater.content(bytes, CONTENT_BYTES_MAX)));
            stages.parse.push(parse(&contents));
            stages.sha256.push(sha256(&contents)?);
        }
        Ok(stages)
    }

    /// Prints the stages, and what is left of the whole for the lake.
    pub fn print(&self, set: &Set, whole_cpu: Spread) {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).median;
        let (gunzip, parse) = (median(&self.gunzip), median(&self.parse));
        let keep = (whole_cpu.median - gunzip - parse).max(0.0);
        let mut table = Table::new(&["stage, 1 thread", "CPU s", "share", "MB/s", "events/s", "limit MB/s", "of the limit"]);
        let mut row = |name: &str, cpu_s: f64, limit: Option<f64>| {
            let rate = set.truth.content_bytes as f64 / 1e6 / cpu_s.max(1e-9);
            table.row(&[
                name.to_owned(),
                number(cpu_s, 2),
                format!("{} %", number(cpu_s / whole_cpu.median.max(1e-9) * 100.0, 0)),
                number(rate, 0),
                number(set.truth.records as f64 / cpu_s.max(1e-9), 0),
                limit.map_or("-".to_owned(), |limit| number(limit, 0)),
                limit.map_or("-".to_owned(), |limit| format!("{} %", number(rate / limit * 100.0, 0))),
            ]);
        };
        row("inflate", gunzip, Some(GUNZIP_LIMIT));
        row("find and take apart the records, hash content and records", parse, Some(READ_LIMIT));
        row("- of that: SHA-256 of the content and of each record", median(&self.sha256), Some(SHA256_LIMIT));
        row("the rest: list, read, look up, build, write, commit", keep, Some(KEEP_LIMIT));
        row("whole", whole_cpu.median, Some(WHOLE_LIMIT));
        table.print("Stages on large files");
    }
}

fn inflated(stored: &[u8]) -> Result<Vec<u8>, Failure> {
    Inflater::default().content(stored, CONTENT_BYTES_MAX).map_err(|error| Failure::Wrong(error.to_string()))
}

/// CPU seconds of some work on this thread.
pub(super) fn cpu_s(work: impl FnOnce()) -> f64 {
    let start = outside::now();
    let before = outside::thread_cpu_s(start);
    work();
    outside::thread_cpu_s(start) - before
}

/// CPU seconds of the same work on each of some things.
fn over<T, R>(all: &[T], mut work: impl FnMut(&T) -> R) -> f64 {
    cpu_s(|| {
        for one in all {
            black_box(work(one));
        }
    })
}

fn parse(contents: &[Content]) -> f64 {
    let mut parser = Parser::default();
    over(contents, |content| {
        let mut parsed = Parsed::default();
        parser.delivery_and_sha256(content, &mut parsed).map(|both| (both, parsed))
    })
}

fn sha256(contents: &[Content]) -> Result<f64, Failure> {
    let mut parser = Parser::default();
    let mut all = 0.0;
    for content in contents {
        let mut parsed = Parsed::default();
        parser.delivery(content, &mut parsed).map_err(|error| Failure::Wrong(error.to_string()))?;
        all += cpu_s(|| {
            black_box(record::hash_all(content.as_bytes(), &mut parsed.records));
        });
    }
    Ok(all)
}
