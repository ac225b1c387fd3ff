//! The cases in `cases/*.slt`, each a statement and its answer (or a part of its error), over the events of `cases/events.ndjson`.
//!
//! ```text
//! query
//! SELECT eventName FROM events
//! ----
//! PutObject
//!
//! error
//! SELECT nothing FROM events
//! ----
//! there is no column `nothing` (line 1, column 8)
//! ```
//! Cells are parted by ` | `, null is `NULL`; rows may come in any order where the statement asks for none. With `TRAILKEEP_WRITE_CASES=1` the answers are written into the files, to be read before they
//! are committed.

mod mutations;
mod speed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use object_store::memory::InMemory;

use super::{Question, functions};
use crate::Lake;
use crate::tests::{delivery, lake_on};

const EVENTS: &str = include_str!("cases/events.ndjson");

async fn lake() -> Lake {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    let events: Vec<String> = EVENTS.lines().map(str::to_owned).collect();
    lake.append(&vec![delivery("one", &events)].into()).await.unwrap();
    lake
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/query/cases")
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    files
}

fn cells(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::new()
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.3f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| (column, ArrayFormatter::try_new(column.as_ref(), &options).unwrap())).collect();
        for row in 0..batch.num_rows() {
            let cell = |(column, shown): &(&Arc<dyn Array>, ArrayFormatter<'_>)| {
                if column.is_null(row) { "NULL".to_owned() } else { shown.value(row).to_string() }
            };
            rows.push(columns.iter().map(cell).collect::<Vec<_>>().join(" | "));
        }
    }
    rows
}

async fn answered(lake: &Lake, sql: &str, parameters: &[String]) -> Result<Vec<String>, String> {
    let question = Question { sql, parameters, ..Question::default() };
    let answer = lake.ask(&question).await.map_err(|error| error.to_string())?;
    let headers = answer.headers.clone();
    let batches = answer.all().await.map_err(|error| error.to_string())?;
    let mut lines = cells(&batches);
    if sql.contains("-- with headers") {
        lines.insert(0, headers.join(" | "));
    }
    Ok(lines)
}

/// Whether rows are those that were expected: in that order only where the statement asks for one.
fn are_same(sql: &str, lines: &[String], expected: &[&str]) -> bool {
    let (mut lines, mut expected): (Vec<&str>, Vec<&str>) = (lines.iter().map(String::as_str).collect(), expected.to_vec());
    if !sql.to_ascii_uppercase().contains("ORDER BY") {
        lines.sort_unstable();
        expected.sort_unstable();
    }
    lines == expected
}

/// Runs one file; returns what is wrong, and the file as it should be.
async fn run(lake: &Lake, text: &str) -> (Vec<String>, String) {
    let (mut wrong, mut written) = (Vec::new(), Vec::new());
    for block in text.trim_end().split("\n\n") {
        let Some((head, expected)) = block.split_once("\n----") else {
            written.push(block.to_owned());
            continue;
        };
        let (kind, sql) = head.split_once('\n').unwrap();
        let expected: Vec<&str> = expected.trim_start_matches('\n').lines().collect();
        let (kind, parameters) =
            kind.split_once(' ').map_or((kind, Vec::new()), |(kind, rest)| (kind, rest.split(',').map(str::to_owned).collect()));
        let found = answered(lake, sql, &parameters).await;
        let lines = match (&found, kind) {
            (Ok(lines), "query") => lines.clone(),
            (Err(text), "error") => vec![text.clone()],
            (Ok(lines), _) => vec![format!("no error, but {} rows", lines.len())],
            (Err(text), _) => vec![format!("error: {text}")],
        };
        let is_right = match kind {
            "error" => {
                found.as_ref().err().is_some_and(|text| !expected.is_empty() && expected.iter().all(|part| text.contains(part)))
            }
            _ => found.is_ok() && are_same(sql, &lines, &expected),
        };
        if !is_right {
            wrong.push(format!("{sql}\n  expected {expected:?}\n  found    {lines:?}"));
        }
        let kept = if is_right { expected.join("\n") } else { lines.join("\n") };
        written.push(format!("{head}\n----\n{kept}").trim_end().to_owned());
    }
    (wrong, written.join("\n\n") + "\n")
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a switch for whoever writes cases, not for the program")]
async fn cases() {
    let lake = lake().await;
    let mut wrong = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let (found, written) = run(&lake, &text).await;
        if std::env::var_os("TRAILKEEP_WRITE_CASES").is_some() && written != text {
            std::fs::write(&file, written).unwrap();
        }
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", file.file_name().unwrap().to_string_lossy())));
    }
    assert!(wrong.is_empty(), "{} cases are wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Every function of ours stands in a case.
#[test]
fn every_function_has_a_case() {
    let all: String = files().iter().map(|file| std::fs::read_to_string(file).unwrap().to_lowercase()).collect();
    let missing: Vec<&str> = functions::names().into_iter().filter(|name| !all.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
}

/// The guide's table of functions is true: what it says is there can be called, and what it says is not cannot.
#[tokio::test]
async fn the_guides_table_is_true() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guide/10-lake-sql.md")).unwrap();
    let table = guide.split("| chapter | there | not there |").nth(1).unwrap().split("\n## ").next().unwrap();
    let lake = lake().await;
    let names = |cell: &str| cell.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>();
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let is_window = cells[0].trim() == "window";
        for name in names(cells[1]) {
            // Wrong arguments are no matter: what counts is that the name is known.
            let sql = match (name.as_str(), is_window) {
                ("cast" | "try_cast", _) => format!("SELECT {name}('1' AS bigint)"),
                ("extract", _) => "SELECT extract(year FROM now())".to_owned(),
                ("approx_percentile" | "listagg" | "max_by" | "min_by" | "mod", _) => format!("SELECT {name}(5, 3) FROM events"),
                ("all_match", _) => "SELECT all_match(ARRAY[1], x -> x > 0)".to_owned(),
                ("at_timezone", _) => "SELECT at_timezone(now(), 'UTC')".to_owned(),
                ("position", _) => "SELECT position('a' IN 'b')".to_owned(),
                (_, true) => format!("SELECT {name}(1) OVER (ORDER BY eventID) FROM events"),
                _ => format!("SELECT {name}()"),
            };
            let answer = answered(&lake, &sql, &[]).await;
            if answer.is_err_and(|text| text.contains("there is no function")) {
                wrong.push(format!("{name} is not there"));
            }
        }
        for name in names(cells[2]) {
            let answer = answered(&lake, &format!("SELECT {name}()"), &[]).await;
            if !answer.is_err_and(|text| text.contains("there is no function")) {
                wrong.push(format!("{name} is there"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let missing: Vec<&str> =
        functions::names().into_iter().filter(|name| !table.contains(name) && !["is_ip_address"].contains(name)).collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
}
