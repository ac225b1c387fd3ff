//! Questions to a home through the program's own command line, and their answers as plain values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use testbed::{Program, TestHome};

use crate::organization::Organization;

/// The built program.
pub const EXE: &str = env!("CARGO_BIN_EXE_trailkeep");

/// A home and the program to ask it.
pub struct Asked {
    program: Program,
    home: String,
}

impl Asked {
    /// The program with what it needs for a home.
    pub fn of(home: &TestHome<'_>) -> Asked {
        Asked { program: home.program(EXE), home: home.name() }
    }

    /// The same with more in the program's environment.
    pub fn with_environment(home: &TestHome<'_>, variables: Vec<(&'static str, String)>) -> Asked {
        Asked { program: home.program(EXE).with_all(variables), home: home.name() }
    }

    /// Collects a source and returns the summary.
    #[track_caller]
    pub fn collect(&self, source: &str, code: i32) -> Value {
        self.program.run(&["collect", source, "--home", &self.home, "-o", "json"]).expect_code(code).json()
    }

    /// Collects a source that may have flaws, and returns the summary.
    #[track_caller]
    pub fn collect_with_any_code(&self, source: &str) -> Value {
        let finished = self.program.run(&["collect", source, "--home", &self.home, "-o", "json"]);
        let partial = finished.code == Some(5);
        finished.expect_code(if partial { 5 } else { 0 }).json()
    }

    /// Collects standard input and returns the summary.
    #[track_caller]
    pub fn collect_stdin(&self, file: &Path, code: i32) -> Value {
        self.collect_stdin_with(file, &[], code)
    }

    /// Collects standard input with more arguments and returns the summary.
    #[track_caller]
    pub fn collect_stdin_with(&self, file: &Path, arguments: &[&str], code: i32) -> Value {
        let arguments = [&["collect", "-", "--home", &self.home, "-o", "json"], arguments].concat();
        self.program.run_with_stdin(&arguments, file).expect_code(code).json()
    }

    /// What `measured` answers to the questions in a file, line by line.
    #[track_caller]
    pub fn measured(&self, questions: &Path) -> Vec<Value> {
        let finished = self.program.run_with_stdin(&["measured", "--home", &self.home], questions).expect_code(0);
        finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Collects a source with more arguments and returns the summary.
    #[track_caller]
    pub fn collect_with(&self, source: &str, arguments: &[&str], code: i32) -> Value {
        let arguments = [&["collect", source, "--home", &self.home, "-o", "json"], arguments].concat();
        self.program.run(&arguments).expect_code(code).json()
    }

    /// Runs something on the home that must fail with this code; returns what it said.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str], code: i32) -> String {
        let arguments = [arguments, &["--home", &self.home]].concat();
        self.program.run(&arguments).expect_code(code).stderr
    }

    /// Runs something on the home that ends with this code and answers in JSON.
    #[track_caller]
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        let arguments = [arguments, &["--home", &self.home]].concat();
        self.program.run(&arguments).expect_code(code).json()
    }

    /// Runs a verb on the home, which must succeed.
    #[track_caller]
    pub fn verb(&self, arguments: &[&str]) -> String {
        let arguments = [arguments, &["--home", &self.home]].concat();
        self.program.run(&arguments).expect_code(0).stdout
    }

    /// A command on the home, with progress as JSON, that is to be started by somebody else.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        self.program.command(&[arguments, &["--home", &self.home, "--progress", "json"]].concat())
    }

    /// Rows of a query.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Value> {
        self.program.run(&["query", sql, "--home", &self.home, "-o", "ndjson"]).expect_code(0).rows()
    }

    /// The one number that a query answers, named `n`.
    #[track_caller]
    pub fn number(&self, sql: &str) -> u64 {
        let rows = self.query(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        number(&rows[0]["n"])
    }

    /// Events by their name.
    #[track_caller]
    pub fn by_event_name(&self) -> BTreeMap<String, u64> {
        let rows = self.query("SELECT eventName AS name, count(*) AS n FROM events WHERE eventName IS NOT NULL GROUP BY eventName");
        rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), number(&row["n"]))).collect()
    }

    /// SHA-256 of the content of every delivery that is written again, by its key without `.gz` (and without the folder for its
    /// origin, where there are several).
    #[track_caller]
    pub fn exported(&self) -> BTreeMap<String, [u8; 32]> {
        let folder = tempfile::tempdir().unwrap();
        self.verb(&["export", "files", "--uncompressed", "--out", &folder.path().display().to_string()]);
        let key = |path: String| path.find("AWSLogs/").map_or(path.clone(), |at| path[at..].to_owned());
        files(folder.path())
            .into_iter()
            .map(|(path, file)| (key(path), Sha256::digest(std::fs::read(file).unwrap()).into()))
            .collect()
    }

    /// Checks that the home holds an organization: every event once, every delivery, every byte.
    #[track_caller]
    pub fn assert_holds(&self, organization: &Organization) {
        let totals = &organization.totals;
        assert_eq!(self.number("SELECT count(*) AS n FROM events"), totals.distinct, "distinct events");
        assert_eq!(self.by_event_name(), totals.by_event_name, "events by name");
        self.assert_deliveries(organization);
        let unzipped = |key: &str| key.strip_suffix(".gz").unwrap_or(key).to_owned();
        let expected: BTreeMap<String, [u8; 32]> =
            organization.deliveries.iter().map(|(key, (sha256, _))| (unzipped(key), *sha256)).collect();
        let exported = self.exported();
        let differing: Vec<_> =
            expected.iter().filter(|(key, sha256)| exported.get(*key) != Some(sha256)).map(|(key, _)| key).collect();
        assert!(
            differing.is_empty(),
            "{} deliveries are not written again as they came, among them {}",
            differing.len(),
            differing[0]
        );
        assert_eq!(exported.len(), expected.len(), "deliveries written again");
    }

    /// Every delivery has one row in the ledger, and its sums balance.
    #[track_caller]
    pub fn assert_deliveries(&self, organization: &Organization) {
        let rows = self.query("SELECT key, status, records, stored, duplicate, conflicting, filtered, expired FROM deliveries");
        assert_eq!(rows.len(), organization.deliveries.len(), "rows of the ledger");
        let mut stored = 0;
        for row in &rows {
            let key = row["key"].as_str().unwrap();
            let (_, records) = organization.deliveries.get(key).unwrap_or_else(|| panic!("`{key}` was never delivered"));
            let sum: u64 = ["stored", "duplicate", "filtered", "expired"].iter().map(|name| number(&row[*name])).sum();
            assert_eq!((row["status"].as_str(), number(&row["records"]), sum), (Some("ingested"), *records, *records), "{row}");
            stored += number(&row["stored"]);
        }
        assert_eq!(stored, organization.totals.distinct, "records stored by all deliveries together");
    }
}

/// A whole number, whether the answer writes it as a number or as text.
#[track_caller]
pub fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("`{value}` is no number"))
}

/// All files below a folder by their `/`-separated relative path.
pub fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = waiting.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                waiting.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(key, path);
            }
        }
    }
    found
}
