//! CloudTrail Lake's SQL through the built program: AWS's published samples, the user guide's, a real client's query, generated queries
//! against DuckDB, and statements that mean harm.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;
use testbed::{Finished, Program, Python, TestHome, corpora};

use crate::asked::{Asked, EXE};

const DIFFERENTIAL: &str = include_str!("lake_sql/differential.py");

/// A home with real events, and the folder of the samples.
fn home_of_invictus(test: &str) -> Option<(TestHome<'static>, PathBuf)> {
    let events = corpora(test)?;
    let samples = events.parent()?.join("lake");
    let home = TestHome::folder();
    Asked::of(&home).collect(&events.join("invictus").display().to_string(), 0);
    Some((home, samples))
}

fn ask(home: &TestHome<'_>, arguments: &[&str]) -> Finished {
    let program: Program = home.program(EXE);
    program.run(&[&["query", "--home", &home.name()], arguments].concat())
}

fn ask_file(home: &TestHome<'_>, file: &Path) -> Finished {
    ask(home, &["--file", &file.display().to_string(), "-o", "csv"])
}

/// What became of a sample.
#[derive(Debug, PartialEq)]
enum Outcome {
    Rows(Vec<Vec<String>>),
    NotSql,
    NeedsOtherTables,
    NeedsTimes,
}

fn outcome(finished: &Finished, file: &Path) -> Outcome {
    if finished.code == Some(0) {
        return Outcome::Rows(csv(&finished.stdout).split_off(1));
    }
    let says = |text: &str| finished.stderr.contains(text);
    match () {
        () if says("this is not SQL") && says("(line ") => Outcome::NotSql,
        () if says("there is no table `") || says("configuration items") || says("neither in GROUP BY") => {
            Outcome::NeedsOtherTables
        }
        () if says("${date_filter}` is no time") => Outcome::NeedsTimes,
        () => panic!("{}: {}", file.display(), finished.stderr),
    }
}

/// Rows of RFC 4180.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

/// A cell in the spelling of the expected rows, which are Python's.
fn cell(text: &str) -> String {
    let text = match text {
        "None" => "",
        "True" => "true",
        "False" => "false",
        other => other,
    };
    let is_time = text.len() == 23 && text.ends_with(".000");
    let text = if is_time { &text[..19] } else { text };
    text.chars().take(200).collect()
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort();
    rows
}

/// Equal but for maps and rows, which each side spells its own way.
fn assert_same(name: &str, ours: &[Vec<String>], expected: &Value) {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|value| cell(value.as_str().unwrap())).collect::<Vec<_>>();
    let expected = sorted(expected.as_array().unwrap().iter().map(row).collect());
    let ours = sorted(ours.iter().map(|row| row.iter().map(|text| cell(text)).collect()).collect());
    for (theirs, ours) in expected.iter().zip(&ours) {
        for (theirs, ours) in theirs.iter().zip(ours) {
            assert!(theirs == ours || theirs.starts_with("{'") || theirs.starts_with("[{'"), "{name}: {theirs} and {ours}");
        }
    }
}

#[test]
fn published_samples_answer_as_they_should() {
    let Some((home, samples)) = home_of_invictus("lake_sql::published_samples_answer_as_they_should") else { return };
    let expected: Value = serde_json::from_slice(&std::fs::read(samples.join("expected_on_invictus.json")).unwrap()).unwrap();
    let mut counts = [0; 3];
    for (name, expected) in expected.as_object().unwrap() {
        let file = samples.join("adapted").join(name);
        let found = outcome(&ask_file(&home, &file), &file);
        match &found {
            Outcome::Rows(rows) => {
                counts[0] += 1;
                assert_eq!(rows.len() as u64, expected["duckdb_rows"].as_u64().unwrap(), "{name}");
                let named = expected["rows"].is_array() && !expected["duckdb_sql"].as_str().unwrap().starts_with("SELECT *");
                if named {
                    assert_same(name, rows, &expected["rows"]);
                }
            }
            Outcome::NotSql => {
                counts[1] += 1;
                assert!(expected["trino_parse"].as_str().unwrap().starts_with("ERR"), "{name}");
            }
            _ => {
                counts[2] += 1;
                assert!(expected["duckdb_err"].is_string(), "{name}");
            }
        }
        // As published, with its placeholder for the store and its own times: it runs too, unless its times are placeholders.
        let file = samples.join("aws-samples").join(name);
        let published = outcome(&ask_file(&home, &file), &file);
        let same = std::mem::discriminant(&published) == std::mem::discriminant(&found);
        assert!(same || published == Outcome::NeedsTimes, "{name}: {published:?}");
    }
    assert_eq!(counts, [39, 6, 5]);
}

#[test]
fn the_user_guides_queries_run() {
    let Some((home, samples)) = home_of_invictus("lake_sql::the_user_guides_queries_run") else { return };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(samples.join("user-guide-2023")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    // `< =` with a blank, a grammar in square brackets, and a column `map`.
    let wrong =
        [("sql_00", "write <= and >= without a blank"), ("sql_07", "this is not SQL"), ("sql_09", "there is no column `edsA.map`")];
    for file in files {
        let finished = ask_file(&home, &file);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        match wrong.iter().find(|(start, _)| name.starts_with(start)) {
            Some((_, says)) => assert!(finished.code == Some(1) && finished.stderr.contains(says), "{name}: {}", finished.stderr),
            None => assert_eq!(finished.code, Some(0), "{name}: {}", finished.stderr),
        }
    }
}

/// What AWS's identity-center TEAM sends, with its unquoted ID.
#[test]
fn a_clients_query_names_the_store_by_its_bare_id() {
    let Some((home, _)) = home_of_invictus("lake_sql::a_clients_query_names_the_store_by_its_bare_id") else { return };
    let asked = Asked::of(&home);
    let store = &asked.verb(&["stores", "-o", "json"]);
    let id = serde_json::from_str::<Value>(store)
        .ok()
        .and_then(|stores| id_in(&stores))
        .unwrap_or_else(|| "8f1c8a6e-9fce-46ef-8142-3e36a94e6691".to_owned());
    let rows = asked.query(&format!(
        "SELECT eventID, eventName, eventSource, eventTime FROM {id} WHERE eventTime > '2023-07-10 12:00:00' AND eventTime < '2023-07-10 12:10:00' \
         AND lower(useridentity.principalId) LIKE '%:i-%' AND useridentity.sessionContext.sessionIssuer.arn LIKE '%role%' AND recipientAccountId='123837392027'"
    ));
    let plain = asked.number(
        "SELECT count(*) AS n FROM events WHERE eventTime > '2023-07-10 12:00:00' AND eventTime < '2023-07-10 12:10:00' AND eventJson LIKE '%:i-%' \
         AND userIdentity.type = 'AssumedRole' AND strpos(lower(userIdentity.principalId), ':i-') > 0",
    );
    assert!(!rows.is_empty() && rows.len() as u64 == plain, "{} and {plain}", rows.len());
    assert!(rows[0]["eventID"].is_string() && rows[0]["eventTime"].as_str().unwrap().starts_with("2023-07-10T12:0"));
}

fn id_in(stores: &Value) -> Option<String> {
    let store = stores.as_array().and_then(|all| all.first()).unwrap_or(stores);
    ["id", "Id", "ID"].iter().find_map(|key| store[*key].as_str()).filter(|id| id.len() == 36).map(str::to_owned)
}

const INSIGHT: &str = r#"{"eventVersion":"1.07","eventTime":"2026-11-15T21:13:00Z","awsRegion":"us-east-1","eventID":"e1",
"eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","insightDetails":{"state":"Start","eventSource":"iam.amazonaws.com",
"eventName":"ListUsers","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":0.0017},
"insight":{"average":10},"insightDuration":5,"baselineDuration":11336}}},"eventCategory":"Insight"}"#;

#[test]
fn an_insights_store_has_the_columns_of_lakes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("insight.json"), INSIGHT).unwrap();
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    asked.collect(&folder.path().display().to_string(), 0);
    let rows = asked.query(
        "SELECT insightState, insightEventSource, insightEventName, insightErrorCode, insightType, insightContext.insightAverage * 2 AS twice,
         insightContext.baselineDuration, eventJsonChecksum FROM events WHERE insightContext.insightAverage > 9.5",
    );
    let expected = serde_json::json!([{"insightState": "Start", "insightEventSource": "iam.amazonaws.com", "insightEventName": "ListUsers",
        "insightErrorCode": null, "insightType": "ApiCallRateInsight", "twice": 20.0, "baselineDuration": 11336.0, "eventJsonChecksum": null}]);
    assert_eq!(Value::Array(rows), expected);
}

#[test]
fn generated_queries_answer_as_in_duckdb() {
    const TEST: &str = "lake_sql::generated_queries_answer_as_in_duckdb";
    let Some(python) = Python::find(TEST, &["duckdb", "sqlglot"]) else { return };
    let Some((home, _)) = home_of_invictus(TEST) else { return };
    let answer = python.json(DIFFERENTIAL, &[EXE, &home.name(), "2026", "300"]);
    assert_eq!(answer["other"], Value::Array(Vec::new()), "{answer:#}");
    assert!(answer["equal"].as_u64().unwrap() > 250, "{answer}");
}

#[test]
fn statements_that_mean_harm_are_stopped_by_a_limit() {
    let Some((home, _)) = home_of_invictus("lake_sql::statements_that_mean_harm_are_stopped_by_a_limit") else { return };
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long.sql");
    std::fs::write(&long, format!("SELECT '{}'", "x".repeat(10 << 20))).unwrap();
    let deep = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let chain = format!("SELECT 1{}", " + 1".repeat(20_000));
    let subqueries = format!("SELECT * FROM {}events{}", "(SELECT * FROM ".repeat(2_000), ")".repeat(2_000));
    let links: String = (1..2_000).map(|link| format!(", c{link} AS (SELECT a FROM c{})", link - 1)).collect();
    let linked = format!("WITH c0 AS (SELECT 1 AS a){links} SELECT a FROM c1999");
    let cross =
        "SELECT count(*) FROM events a, events b, events c, events d WHERE a.eventName < b.eventName OR c.userAgent > d.userAgent";
    let cases: [(&[&str], &str); 11] = [
        (&[&deep], "SQL_DEPTH_MAX"),
        (&["--file", &long.display().to_string()], "100000 bytes"),
        (&[&chain], "SQL_OPERATORS_MAX"),
        (&[&subqueries], "SQL_DEPTH_MAX"),
        (&[&linked], "SQL_SELECTS_MAX"),
        (&[cross, "--timeout", "2s"], "the query is stopped by its limit"),
        (&["SELECT a.eventID FROM events a, events b, events c", "--max-rows", "1000"], "--max-rows"),
        (&["SELECT regexp_like(eventName, '((((a{200}){200}){200}){200})') FROM events"], "REGEX_SIZE_BYTES_MAX"),
        (
            &[
                "SELECT array_agg(a.eventJson || b.eventID ORDER BY b.eventID) FROM events a, events b",
                "--max-memory",
                "50MB",
                "--timeout",
                "60s",
            ],
            "limit",
        ),
        (&["SELECT lpad('x', 2000000000, 'y')"], "TEXT_BYTES_MAX"),
        (&["DROP TABLE events"], "only SELECT is allowed, this is `DROP`"),
    ];
    for (arguments, says) in cases {
        let began = Instant::now();
        let finished = ask(&home, &[arguments, &["-o", "ndjson"]].concat());
        assert!(
            matches!(finished.code, Some(1 | 2)) && finished.stderr.contains(says),
            "{says}: {:?} {}",
            finished.code,
            finished.stderr
        );
        assert!(began.elapsed().as_secs() < 100, "{says}");
    }
    // A regular expression that would take other engines for ever.
    let begun = ask(&home, &["SELECT count(*) AS n FROM events WHERE regexp_like(userAgent, '(a+)+$')", "-o", "ndjson"]);
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
}
