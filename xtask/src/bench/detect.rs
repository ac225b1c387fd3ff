//! `cargo xtask bench detect`

use std::ffi::OsString;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use detect::{Book, File, Watcher};
use predicate::sigma::Placeholders;
use record::{Content, EnvelopeError, Frame, Inflater, Parsed, Parser};

use super::figures::{Spread, Table, number};
use super::set::{self, Families, Set};
use super::stages::cpu_s;
use super::{Places, Tools, measure};
use crate::failure::Failure;

/// Larger than any generated file.
const CONTENT_BYTES_MAX: u64 = 1 << 30;

/// Put generated logs to 100 and to 800 rules, on parsed records and end to end
///
/// The rules are those of `rules/`, those of `--rules`, and generated ones up to the number. On parsed records one thread is measured,
/// against what it takes the same thread to take the records apart, with their hashes (as `collect` does) and without (as `detect` does).
/// End to end is `trailkeep detect` over .json.gz files. `--peer` puts the same events to the same rules in rsigma.
#[derive(Args, Debug)]
pub struct Detect {
    #[command(flatten)]
    places: Places,

    /// Events generated for files of 2,500
    #[arg(long, value_name = "N", default_value_t = 334_600)]
    events: u64,

    /// Folders of more rules
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// Numbers of rules
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "100,800")]
    counts: Vec<usize>,

    /// Runs
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    repetitions: u16,

    /// Also measure rsigma, which is built in a workspace of its own, in benches/rsigma
    #[arg(long)]
    peer: bool,
}

impl Detect {
    /// Measures and prints.
    pub fn run(mut self) -> Result<(), Failure> {
        let tools = std::mem::take(&mut self.places).find()?;
        let set = Set::prepare(tools.scratch.join("large"), &set::large_files(self.events), Families::Records)?;
        let contents = contents(&set)?;
        let mut given = rule_files(Path::new("rules"))?;
        for folder in &self.rules {
            given.extend(rule_files(folder)?);
        }
        let hashed = self.spread(|| parse(&contents, Parser::delivery));
        let unhashed = self.spread(|| parse(&contents, Parser::delivery_unhashed));
        let names =
            ["rules", "distinct tests", "matching, CPU s", "events/s", "of parsing", "end to end, CPU s", "wall s", "events/s"];
        let mut table = Table::new(&names);
        for count in &self.counts {
            let files = enough(&given, *count);
            let folder = tools.scratch.join(format!("rules-{count}"));
            write(&files, &folder)?;
            let book = Book::read(&files, &Placeholders::default(), "");
            let matching = self.spread(|| watch(&book, &contents));
            let (cpu, wall) = self.end_to_end(&tools, &set, &folder, book.rules.len())?;
            let events = set.truth.records as f64;
            table.row(&[
                book.rules.len().to_string(),
                book.distinct_tests().to_string(),
                matching.text(2),
                number(events / matching.median.max(1e-9), 0),
                format!("{} %", number(matching.median / hashed.median.max(1e-9) * 100.0, 0)),
                cpu.text(2),
                wall.text(2),
                number(events / wall.median.max(1e-9), 0),
            ]);
        }
        println!("taking apart alone, 1 thread: {} CPU s with hashes, {} without", hashed.text(2), unhashed.text(2));
        table.print(&format!("{} events in {} files, load {}", set.truth.records, set.truth.files, crate::outside::load()));
        if self.peer { self.peers(&tools, &set) } else { Ok(()) }
    }

    fn spread(&self, run: impl FnMut() -> f64) -> Spread {
        Spread::of(std::iter::repeat_with(run).take(usize::from(self.repetitions)))
    }

    /// CPU and wall seconds of `trailkeep detect`.
    fn end_to_end(&self, tools: &Tools, set: &Set, folder: &Path, rules: usize) -> Result<(Spread, Spread), Failure> {
        let words = ["detect".into(), set.folder.clone(), "--rules".into(), folder.to_owned(), "--only-given-rules".into()];
        let command = [tools.binary.clone()].into_iter().chain(words).chain(["-o".into(), "json".into()]);
        let command: Vec<OsString> = command.map(PathBuf::into_os_string).collect();
        let (mut cpus, mut walls) = (Vec::new(), Vec::new());
        for _ in 0..self.repetitions {
            let (used, out) = measure::run(tools, &command)?;
            check(&out, set, rules)?;
            cpus.push(used.cpu_s);
            walls.push(used.wall_s);
        }
        Ok((Spread::of(cpus), Spread::of(walls)))
    }

    /// rsigma beside us, in a process that holds both.
    fn peers(&self, tools: &Tools, set: &Set) -> Result<(), Failure> {
        for count in &self.counts {
            let status = Command::new("cargo")
                .args(["run", "--release", "--locked", "--quiet", "--manifest-path", "benches/rsigma/Cargo.toml", "--"])
                .arg(&set.folder)
                .arg(tools.scratch.join(format!("rules-{count}")))
                .arg(self.repetitions.to_string())
                .status()
                .map_err(Failure::io(Path::new("cargo")))?;
            if !status.success() {
                return Err(Failure::Wrong("rsigma could not be measured".to_owned()));
            }
        }
        Ok(())
    }
}

fn contents(set: &Set) -> Result<Vec<Content>, Failure> {
    let mut inflater = Inflater::default();
    let mut contents = Vec::new();
    for path in set::files(&set.folder)? {
        let stored = fs::read(&path).map_err(Failure::io(&path))?;
        let content = inflater.content(&stored, CONTENT_BYTES_MAX).map_err(|error| Failure::Wrong(error.to_string()))?;
        contents.push(Content::from(content));
    }
    Ok(contents)
}

/// One of the parser's ways to take a delivery apart.
type TakeApart = fn(&mut Parser, &Content, &mut Parsed) -> Result<Frame, EnvelopeError>;

fn parse(contents: &[Content], take_apart: TakeApart) -> f64 {
    let (mut parser, mut parsed) = (Parser::default(), Parsed::default());
    cpu_s(|| {
        for content in contents {
            parsed.clear();
            black_box(take_apart(&mut parser, content, &mut parsed).is_ok());
        }
    })
}

/// CPU seconds of the rules alone: a file is taken apart before its time is taken.
fn watch(book: &Book, contents: &[Content]) -> f64 {
    let (mut parser, mut parsed, mut watcher) = (Parser::default(), Parsed::default(), Watcher::new(book));
    let mut total = 0.0;
    for content in contents {
        parsed.clear();
        if parser.delivery_unhashed(content, &mut parsed).is_ok() {
            total += cpu_s(|| {
                let mut seen = Vec::new();
                parsed.views(content).for_each(|view| watcher.see(view, "file", 0, &mut seen));
                black_box(seen.len());
            });
        }
    }
    total
}

/// All rules of a folder.
fn rule_files(folder: &Path) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    for path in set::files(folder)?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yml")) {
        let text = fs::read_to_string(&path).map_err(Failure::io(&path))?;
        files.push(File { name: path.display().to_string(), text });
    }
    Ok(files)
}

/// Exactly so many files: of those given, and generated ones.
fn enough(given: &[File], count: usize) -> Vec<File> {
    let generated = (given.len()..count).map(variant);
    given.iter().take(count).cloned().chain(generated).collect()
}

/// A rule of the usual form, over events that are frequent: a name or two, a parameter, a filter.
fn variant(number: usize) -> File {
    const EVENTS: [(&str, &str, &str); 8] = [
        ("s3.amazonaws.com", "GetObject", "bucketName"),
        ("s3.amazonaws.com", "PutObject", "key"),
        ("ec2.amazonaws.com", "DescribeInstances", "instancesSet"),
        ("sts.amazonaws.com", "AssumeRole", "roleArn"),
        ("kms.amazonaws.com", "Decrypt", "keyId"),
        ("iam.amazonaws.com", "CreateAccessKey", "userName"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "functionName"),
        ("dynamodb.amazonaws.com", "GetItem", "tableName"),
    ];
    let (source, name, key) = EVENTS.get(number % EVENTS.len()).copied().unwrap_or_default();
    let text = format!(
        "title: Variant {number}\nid: variant-{number}\nlevel: low\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  selection:\n    \
         eventSource: {source}\n    eventName:\n      - {name}\n      - Other{number}\n    requestParameters.{key}|contains: 'x{number}y'\n  \
         filter_main_tool:\n    userAgent|contains: tool-{number}\n  condition: selection and not 1 of filter_main_*\n"
    );
    File { name: format!("variant-{number}.yml"), text }
}

fn write(files: &[File], folder: &Path) -> Result<(), Failure> {
    set::clear(folder)?;
    for (number, file) in files.iter().enumerate() {
        let path = folder.join(format!("{number}.yml"));
        fs::write(&path, &file.text).map_err(Failure::io(&path))?;
    }
    Ok(())
}

/// No speed counts if not every event was put to every rule.
fn check(out: &[u8], set: &Set, rules: usize) -> Result<(), Failure> {
    let report: serde_json::Value = serde_json::from_slice(out).map_err(|error| Failure::Wrong(error.to_string()))?;
    let events = report.get("events").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let ran = report.get("rules").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    if events == set.truth.records && ran == rules {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{events} events and {ran} rules, not {} and {rules}", set.truth.records)))
}
