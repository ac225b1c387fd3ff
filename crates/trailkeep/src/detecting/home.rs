//! Puts the records of the lake to the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::{DateTime, Utc};
use detect::{Book, NameAndSource, Narrowed, Report, Tally, Watcher};
use lake::Lake;
use record::{Content, Parsed, Parser};

use crate::ask;
use crate::exit::Failure;
use crate::progress::Reporter;

/// Deliveries whose keys are asked for at once.
const KEYS_AT_ONCE: usize = 400;
/// Longest statement that narrows a search, in bytes; beyond, everything is read.
const STATEMENT_BYTES_MAX: usize = 60_000;
/// Before a delivery's number, until its key is known.
const NUMBER: &str = "delivery ";

/// Puts the records of a time to the rules. Names and sources of events are asked for first, and only what a rule can match is read;
/// the rules themselves decide.
pub async fn watch(
    lake: &Lake,
    book: &Book,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    reporter: &Reporter,
) -> Result<Tally, Failure> {
    let times = times(since, until);
    let (pairs, counts) = names_and_sources(lake, &times).await?;
    let narrowed = book.narrow(&pairs);
    let (mut done, expected) = (0, expected(&narrowed, &counts));
    let mut tally = Tally::default();
    let mut watcher = Watcher::new(book);
    let mut parser = Parser::default();
    let mut rows = ask::ask(lake, &statement(&times, &pairs, &narrowed)).await?.rows;
    while let Some(batch) = rows.next().await? {
        let number = |at: usize| cast(batch.column(at), &DataType::Int64).map_err(lake::LakeError::from);
        let (deliveries, indexes) = (number(1)?, number(2)?);
        let (deliveries, indexes) = (deliveries.as_primitive::<Int64Type>(), indexes.as_primitive::<Int64Type>());
        let texts = cast(batch.column(0), &DataType::Utf8).map_err(lake::LakeError::from)?;
        let texts = texts.as_string::<i32>();
        let mut seen = Vec::new();
        for at in 0..batch.num_rows() {
            if texts.is_null(at) {
                continue;
            }
            let content = Content::from(texts.value(at).as_bytes().to_vec());
            let mut parsed = Parsed::default();
            parser.unhashed_record(&content, 0, content.len(), &mut parsed);
            let index = u64::try_from(indexes.value(at)).unwrap_or_default();
            for view in parsed.views(&content) {
                watcher.see(view, &format!("{NUMBER}{}", deliveries.value(at)), index, &mut seen);
            }
        }
        tally.add(0, seen);
        done += batch.num_rows() as u64;
        reporter.counted("events", done, Some(expected));
    }
    tally.add(counts.iter().sum(), Vec::new());
    tally.add_work(&watcher);
    Ok(tally)
}

/// How many records will be read, about: what conditions choose is not known before.
fn expected(narrowed: &Narrowed, counts: &[u64]) -> u64 {
    match narrowed {
        Narrowed::All => counts.iter().sum(),
        Narrowed::Some { pairs, .. } => pairs.iter().filter_map(|at| counts.get(*at)).sum(),
    }
}

/// Every name and source of events in a time, and the number of records of each.
async fn names_and_sources(lake: &Lake, times: &[String]) -> Result<(Vec<NameAndSource>, Vec<u64>), Failure> {
    let sql = format!("SELECT eventname, eventsource, count(*) FROM events{} GROUP BY 1, 2", clause(times));
    let rows = ask::ask_small(lake, &sql).await?;
    let counts = rows.iter().map(|row| u64::try_from(ask::number(row, 2)).unwrap_or_default()).collect();
    // A list or object in place of a text is no text; what is empty may be missing.
    let plain = |text: &str| (!text.is_empty() && !text.starts_with(['[', '{'])).then(|| text.to_owned());
    Ok((rows.iter().map(|row| (plain(ask::text(row, 0)), plain(ask::text(row, 1)))).collect(), counts))
}

fn times(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Vec<String> {
    let time = |sign: &str, time: DateTime<Utc>| format!("eventTime {sign} TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f"));
    since.map(|since| time(">=", since)).into_iter().chain(until.map(|until| time("<", until))).collect()
}

fn clause(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

/// The statement that reads what the rules can match, or everything where that would be too long to say.
fn statement(times: &[String], pairs: &[NameAndSource], narrowed: &Narrowed) -> String {
    const READ: &str = "SELECT eventJson, delivery, recordindex FROM events";
    let whole = format!("{READ}{}", clause(times));
    let Narrowed::Some { pairs: wanted, conditions } = narrowed else { return whole };
    let mut by_source: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for pair in wanted.iter().filter_map(|at| pairs.get(*at)) {
        if let (Some(name), Some(source)) = pair {
            by_source.entry(source).or_default().push(ask::literal(name));
        }
    }
    let odd = |column: &str| format!("{column} IS NULL OR {column} = '' OR {column} LIKE '[%' OR {column} LIKE '{{%'");
    let mut any = vec![odd("eventname"), odd("eventsource")];
    let of_source = |(source, names): (&&str, &Vec<String>)| {
        format!("(eventsource = {} AND eventname IN ({}))", ask::literal(source), names.join(", "))
    };
    any.extend(by_source.iter().map(of_source));
    any.extend(conditions.iter().cloned());
    let narrow = [times, &[format!("({})", any.join(" OR "))]].concat();
    let narrow = format!("{READ}{}", clause(&narrow));
    if narrow.len() > STATEMENT_BYTES_MAX { whole } else { narrow }
}

/// Writes the keys of the log files into the findings.
pub async fn name_deliveries(lake: &Lake, report: &mut Report) -> Result<(), Failure> {
    let events = report.findings.iter().flat_map(|finding| &finding.events);
    let numbers: BTreeSet<String> = events.filter_map(|event| event.delivery.strip_prefix(NUMBER).map(str::to_owned)).collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let mut keys: HashMap<String, String> = HashMap::new();
    for some in numbers.chunks(KEYS_AT_ONCE) {
        let sql = format!("SELECT delivery, key FROM deliveries WHERE delivery IN ({})", some.join(", "));
        for row in ask::ask_small(lake, &sql).await? {
            keys.insert(ask::text(&row, 0).to_owned(), ask::text(&row, 1).to_owned());
        }
    }
    for event in report.findings.iter_mut().flat_map(|finding| &mut finding.events) {
        if let Some(key) = event.delivery.strip_prefix(NUMBER).and_then(|number| keys.get(number)) {
            event.delivery.clone_from(key);
        }
    }
    Ok(())
}
