//! trailkeep's rules engine against rsigma's, in one process: the same rules, the same events, turn by turn.
//!
//!     cargo run --release --locked -- LOGS RULES [RUNS]
//!
//! LOGS is a folder of CloudTrail's .json.gz files, RULES a folder of Sigma files. Each is measured as its users run it on one thread:
//! trailkeep takes a file apart and puts the records to a `Watcher`; rsigma gets the records as `serde_json` values, as its own benchmarks do, and
//! what was matched as results. Inflating is left out on both sides; parsing and matching are timed apart. Both load only what both can read,
//! and what they match is compared rule by rule: no speed counts if that differs in more than is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::{env, fs};

use detect::{Book, File, Tally, Watcher};
use predicate::sigma::Placeholders;
use record::{Content, Inflater, Parsed, Parser};
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::SigmaCollection;

const CONTENT_BYTES_MAX: u64 = 1 << 30;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Seconds of one run.
#[derive(Clone, Copy, Default)]
struct Taken {
    parsing: f64,
    matching: f64,
}

/// Processor time of this thread so far, in seconds: other work on the machine does not count.
fn cpu_s() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).map_or(f64::NAN, |nanos| nanos / 1e9)
}

fn main() -> Outcome<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [logs, rules, rest @ ..] = words.as_slice() else { return Err("LOGS RULES [RUNS]".into()) };
    let runs: usize = rest.first().map_or(Ok(3), |runs| runs.parse())?;
    let contents = contents(Path::new(logs))?;
    let (book, engine) = load(Path::new(rules))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut events = 0;
    for _ in 0..runs {
        ours.push(run_ours(&book, &contents));
        let (taken, seen) = run_theirs(&engine, &contents)?;
        theirs.push(taken);
        events = seen;
    }
    compare(&count_ours(&book, &contents), &count_theirs(&engine, &contents)?);
    println!("{events} events, {} rules, {} distinct tests, {runs} runs; medians of CPU time, 1 thread", book.rules.len(), book.distinct_tests());
    show("trailkeep", events, &ours);
    show("rsigma 0.23.0", events, &theirs);
    let ratio = |of: fn(&Taken) -> f64| median(ours.iter().zip(&theirs).map(|(ours, theirs)| of(theirs) / of(ours)));
    println!("rsigma / trailkeep, pair by pair: matching {:.2}, with parsing {:.2}", ratio(|t| t.matching), ratio(|t| t.parsing + t.matching));
    Ok(())
}

fn show(name: &str, events: usize, taken: &[Taken]) {
    let (parsing, matching) = (median(taken.iter().map(|t| t.parsing)), median(taken.iter().map(|t| t.matching)));
    let rate = |seconds: f64| events as f64 / seconds;
    println!(
        "{name:>14}: parsing {parsing:.2} s ({:.0}/s), matching {matching:.2} s ({:.0}/s), both {:.0}/s",
        rate(parsing),
        rate(matching),
        rate(parsing + matching)
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn contents(folder: &Path) -> Outcome<Vec<Content>> {
    let mut inflater = Inflater::default();
    let mut contents = Vec::new();
    for path in files(folder, ".json.gz")? {
        contents.push(Content::from(inflater.content(&fs::read(path)?, CONTENT_BYTES_MAX)?));
    }
    Ok(contents)
}

/// Single rules that both can read; correlations are left out, for the peer keeps their state elsewhere.
fn load(folder: &Path) -> Outcome<(Book, Engine)> {
    let (mut mine, mut others) = (Vec::new(), SigmaCollection::new());
    for path in files(folder, ".yml")? {
        let text = fs::read_to_string(&path)?;
        let file = File { name: path.display().to_string(), text };
        let book = Book::read(std::slice::from_ref(&file), &Placeholders::default(), "");
        let collection = rsigma_parser::parse_sigma_yaml(&file.text);
        match collection {
            Ok(collection) if book.refused.is_empty() && collection.errors.is_empty() && collection.correlations.is_empty() => {
                others.rules.extend(collection.rules);
                mine.push(file);
            }
            _ => {}
        }
    }
    let mut engine = Engine::new();
    engine.add_collection(&others)?;
    Ok((Book::read(&mine, &Placeholders::default(), ""), engine))
}

fn run_ours(book: &Book, contents: &[Content]) -> Taken {
    let (mut parser, mut parsed, mut watcher) = (Parser::default(), Parsed::default(), Watcher::new(book));
    let mut taken = Taken::default();
    for content in contents {
        let begin = cpu_s();
        parsed.clear();
        let is_whole = parser.delivery_unhashed(content, &mut parsed).is_ok();
        taken.parsing += cpu_s() - begin;
        let begin = cpu_s();
        let mut seen = Vec::new();
        if is_whole {
            parsed.views(content).for_each(|view| watcher.see(view, "file", 0, &mut seen));
        }
        black_box(seen.len());
        taken.matching += cpu_s() - begin;
    }
    taken
}

fn run_theirs(engine: &Engine, contents: &[Content]) -> Outcome<(Taken, usize)> {
    let (mut taken, mut events) = (Taken::default(), 0);
    for content in contents {
        let begin = cpu_s();
        let records = records(content)?;
        taken.parsing += cpu_s() - begin;
        let begin = cpu_s();
        let results: usize = records.iter().map(|record| engine.evaluate(&JsonEvent::borrow(record)).len()).sum();
        black_box(results);
        taken.matching += cpu_s() - begin;
        events += records.len();
    }
    Ok((taken, events))
}

fn records(content: &Content) -> Outcome<Vec<serde_json::Value>> {
    let mut file: serde_json::Value = serde_json::from_slice(content.as_bytes())?;
    match file.get_mut("Records").map(serde_json::Value::take) {
        Some(serde_json::Value::Array(records)) => Ok(records),
        _ => Err("a file without records".into()),
    }
}

fn count_ours(book: &Book, contents: &[Content]) -> BTreeMap<String, u64> {
    let (mut parser, mut watcher, mut tally) = (Parser::default(), Watcher::new(book), Tally::default());
    for content in contents {
        let (mut parsed, mut seen) = (Parsed::default(), Vec::new());
        if parser.delivery(content, &mut parsed).is_ok() {
            parsed.views(content).for_each(|view| watcher.see(view, "file", 0, &mut seen));
        }
        tally.add(0, seen);
    }
    let rules = tally.report(book).rules;
    rules.into_iter().filter(|rule| rule.matches > 0).map(|rule| (rule.title, rule.matches)).collect()
}

fn count_theirs(engine: &Engine, contents: &[Content]) -> Outcome<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for content in contents {
        for record in records(content)? {
            for result in engine.evaluate(&JsonEvent::borrow(&record)) {
                *counts.entry(result.header.rule_title).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

fn compare(ours: &BTreeMap<String, u64>, theirs: &BTreeMap<String, u64>) {
    let titles: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differ: Vec<&String> = titles.iter().copied().filter(|title| ours.get(*title) != theirs.get(*title)).collect();
    println!("rules that matched: {} (trailkeep) and {} (rsigma); counts differ in {}", ours.len(), theirs.len(), differ.len());
    for title in differ {
        let count = |of: &BTreeMap<String, u64>| of.get(title).copied().unwrap_or_default();
        println!("  {title}: {} and {}", count(ours), count(theirs));
    }
}

fn files(folder: &Path, ending: &str) -> Outcome<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => open.push(path),
                false if path.to_string_lossy().ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    Ok(found)
}
