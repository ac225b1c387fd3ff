//! `cargo xtask bench detect`

use std::ffi::OsString;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use clap::Args;
use detect::{Book, File, Watcher};
use predicate::sigma::Placeholders;
use record::{Content, Inflater, Parsed, Parser};

use super::figures::{Spread, Table, number};
use super::set::{self, Families, Set};
use super::stages::cpu_s;
use super::{Places, measure};
use crate::failure::Failure;

/// Larger than any generated file.
const CONTENT_BYTES_MAX: u64 = 1 << 30;

/// Put generated logs to 100 and to 800 rules, on parsed records and end to end
///
/// The rules are those of `rules/`, those of `--rules`, and generated ones up to the number. On parsed records one thread is measured,
/// against what it takes the same thread to take the records apart. End to end is `trailkeep detect` over .json.gz files.
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
}

impl Detect {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let tools = self.places.find()?;
        let set = Set::prepare(tools.scratch.join("large"), &set::large_files(self.events), Families::Records)?;
        let contents = contents(&set)?;
        let mut given = rule_files(Path::new("rules"))?;
        for folder in &self.rules {
            given.extend(rule_files(folder)?);
        }
        let repetitions = usize::from(self.repetitions);
        let parsing = Spread::of((0..repetitions).map(|_| parse(&contents)));
        let mut table =
            Table::new(&["rules", "distinct tests", "1 thread", "CPU s", "events/s", "of parsing", "end to end s", "events/s"]);
        for count in &self.counts {
            let files = enough(&given, *count);
            let book = Book::read(&files, &Placeholders::default(), "");
            let matching = Spread::of((0..repetitions).map(|_| watch(&book, &contents)));
            let folder = tools.scratch.join(format!("rules-{count}"));
            write(&files, &folder)?;
            let mut walls = Vec::new();
            for _ in 0..repetitions {
                let words = ["detect".into(), set.folder.clone(), "--rules".into(), folder.clone(), "--only-given-rules".into()];
                let command: Vec<OsString> = [tools.binary.clone()].into_iter().chain(words).map(PathBuf::into_os_string).collect();
                let command = [command, ["-o", "json"].map(OsString::from).to_vec()].concat();
                let (used, out) = measure::run(&tools, &command)?;
                check(&out, &set, book.rules.len())?;
                walls.push(used.wall_s);
            }
            let (wall, events) = (Spread::of(walls), set.truth.records as f64);
            table.row(&[
                book.rules.len().to_string(),
                book.distinct_tests().to_string(),
                "matching alone".to_owned(),
                matching.text(2),
                number(events / matching.median.max(1e-9), 0),
                format!("{} %", number(matching.median / parsing.median.max(1e-9) * 100.0, 0)),
                wall.text(2),
                number(events / wall.median.max(1e-9), 0),
            ]);
        }
        println!(
            "parsing alone, 1 thread: {} CPU s, {} events/s",
            parsing.text(2),
            number(set.truth.records as f64 / parsing.median, 0)
        );
        table.print(&format!("{} events in {} files, load {}", set.truth.records, set.truth.files, crate::outside::load()));
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

fn parse(contents: &[Content]) -> f64 {
    let mut parser = Parser::default();
    cpu_s(|| {
        for content in contents {
            let mut parsed = Parsed::default();
            black_box(parser.delivery(content, &mut parsed).is_ok());
        }
    })
}

/// CPU seconds of the rules alone: a file is taken apart before its time is taken.
fn watch(book: &Book, contents: &[Content]) -> f64 {
    let (mut parser, mut watcher) = (Parser::default(), Watcher::new(book));
    let mut total = 0.0;
    for content in contents {
        let mut parsed = Parsed::default();
        if parser.delivery(content, &mut parsed).is_ok() {
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
