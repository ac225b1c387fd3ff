//! Puts the records of the lake to the rules.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::{DateTime, Utc};
use detect::{Book, Report, Tally, Watcher};
use lake::Lake;
use record::{Content, Parsed, Parser};

use crate::ask;
use crate::exit::Failure;

/// Deliveries whose keys are asked for at once.
const KEYS_AT_ONCE: usize = 400;
/// Before a delivery's number, until its key is known.
const NUMBER: &str = "delivery ";

/// Puts the records of a time to the rules. Columns that rules ask for narrow what is read; the rules themselves decide.
pub async fn watch(lake: &Lake, book: &Book, since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut watcher = Watcher::new(book);
    let mut parser = Parser::default();
    let mut rows = ask::ask(lake, &statement(since, until)).await?.rows;
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
            parser.record(&content, 0, content.len(), &mut parsed);
            let index = u64::try_from(indexes.value(at)).unwrap_or_default();
            for view in parsed.views(&content) {
                watcher.see(view, &format!("{NUMBER}{}", deliveries.value(at)), index, &mut seen);
            }
        }
        tally.add(batch.num_rows() as u64, seen);
    }
    Ok(tally)
}

fn statement(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> String {
    let time = |sign: &str, time: DateTime<Utc>| format!("eventTime {sign} TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f"));
    let conditions: Vec<String> =
        since.map(|since| time(">=", since)).into_iter().chain(until.map(|until| time("<", until))).collect();
    let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT eventJson, delivery, recordindex FROM events{condition}")
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
