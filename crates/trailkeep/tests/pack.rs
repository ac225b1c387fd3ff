//! The rules that come along, held to what other people call an attack, and to ordinary days.
//!
//! Which of our rules stands for which of theirs is written down in `pack/labelled.json` and `pack/techniques.json`; what the
//! events are called plays no part in detection.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testbed::{Program, shared};

use crate::asked::EXE;

fn pack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

fn data(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pack").join(name);
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Folders of the pack with their `rule.yml`.
fn rules() -> BTreeMap<String, String> {
    let folders = fs::read_dir(pack()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let of = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(folder.join("rule.yml")).unwrap())
    };
    folders.map(of).collect()
}

fn detect(source: &Path) -> Value {
    let (source, rules) = (source.display().to_string(), pack().display().to_string());
    Program::new(EXE).run(&["detect", &source, "--rules", &rules, "--only-given-rules", "-o", "json"]).expect_code(0).json()
}

/// The rules of a report that stand for themselves, by folder: of a correlation's file, the correlation.
fn by_folder(report: &Value) -> BTreeMap<String, Value> {
    let rules = report["rules"].as_array().unwrap();
    let folder = |rule: &Value| rule["file"].as_str().unwrap().split('/').next().unwrap().to_owned();
    let correlated: BTreeSet<_> = rules.iter().filter(|rule| rule["kind"] == "correlation").map(folder).collect();
    let counts = |rule: &&Value| rule["kind"] == "correlation" || !correlated.contains(&folder(rule));
    rules.iter().filter(counts).map(|rule| (folder(rule), rule.clone())).collect()
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Says something in a test's output, whether it passes or not.
fn say(line: &str) {
    // Not `eprintln!`: the test runner would show that for failing tests only.
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[test]
fn coverage_has_every_rule_under_each_of_its_techniques() {
    let (rules, coverage) = (rules(), fs::read_to_string(pack().join("COVERAGE.md")).unwrap());
    assert!(rules.len() >= 100);
    for named in coverage.split("](").skip(1).filter_map(|rest| rest.split("/rule.yml)").next()).filter(|name| !name.contains('\n'))
    {
        assert!(named.starts_with("https:") || rules.contains_key(named), "COVERAGE.md names `{named}`, which is no rule");
    }
    let row = |technique: &str| coverage.lines().find(|line| line.starts_with(&format!("| [{technique}](")));
    for (name, text) in &rules {
        let tags = text.lines().filter_map(|line| line.strip_prefix("  - attack.t"));
        let techniques: BTreeSet<String> = tags.map(|tag| format!("T{tag}")).collect();
        assert!(!techniques.is_empty(), "`{name}` names no technique");
        for technique in techniques {
            let row = row(&technique).unwrap_or_else(|| panic!("COVERAGE.md has no row for {technique}, of `{name}`"));
            assert!(row.contains(&format!("[{name}](")), "COVERAGE.md lacks `{name}` under {technique}");
        }
    }
}

#[test]
fn every_rule_says_why_and_what_to_do_and_has_an_id_of_its_own() {
    let mut ids = BTreeSet::new();
    for (name, text) in rules() {
        for key in ["title: ", "description: >-", "references:", "tags:", "falsepositives:", "level: ", "response: >-"] {
            assert!(text.lines().any(|line| line.starts_with(key)), "`{name}` has no `{}`", key.trim());
        }
        assert!(text.lines().any(|line| line == format!("name: {name}")), "`{name}` has another name than its folder");
        for id in text.lines().filter_map(|line| line.strip_prefix("id: ")) {
            assert!(id.len() == 36 && ids.insert(id.to_owned()), "`{name}`: the id `{id}` is no UUID, or another rule's");
        }
    }
}

#[test]
fn a_folder_with_a_correlation_is_explained_by_it() {
    let explain = |rule: &str| Program::new(EXE).run(&["rules", "explain", rule]).expect_code(0).stdout;
    assert!(explain("secrets-many-read").contains("a number of different `requestParameters.secretId` >= 10"));
    assert!(explain("secrets_many_read_event").contains("selection: eventName = GetSecretValue"));
}

/// Cases that others have labelled: each gets a day of its own, and the report says which rules matched on which day.
#[test]
fn labelled_cases_get_the_expected_verdict() {
    const TEST: &str = "pack::labelled_cases_get_the_expected_verdict";
    let Some(file) = shared(TEST, "corpora/panther/rules_cloudtrail.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let day = |at: usize| format!("20{:02}-{:02}-{:02}", 10 + at / 300, 1 + at % 300 / 25, 1 + at % 25);
    let event = |(at, case): (usize, &Value)| {
        let mut event = case["event"].clone();
        event["eventTime"] = json!(format!("{}T12:00:00Z", day(at)));
        event["eventID"] = json!(format!("case-{at}"));
        event
    };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("cases.json");
    let records: Vec<Value> = cases.iter().enumerate().map(event).collect();
    fs::write(&source, json!({ "Records": records }).to_string()).unwrap();
    let (report, labels) = (by_folder(&detect(&source)), data("labelled.json"));
    let (mut right, mut unexplained) = (0, Vec::new());
    for (at, case) in cases.iter().enumerate() {
        let rule = case["rule"].as_str().unwrap();
        let fired = words(&labels["rules"][rule]).iter().any(|name| report[*name]["days"][day(at)].as_u64() > Some(0));
        if json!(fired) == case["expected"] {
            right += 1;
            continue;
        }
        let why = labels["why"][rule].as_str();
        say(&format!("labelled otherwise: {rule}, {}: {}", case["test"], why.unwrap_or("?")));
        unexplained.extend(why.is_none().then_some(rule));
    }
    say(&format!("labelled cases: {right} of {} as expected", cases.len()));
    assert!(right * 100 >= cases.len() * 85, "{right} of {}", cases.len());
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

/// Recorded attacks, one technique to a file.
#[test]
fn every_technique_raises_its_rule() {
    let Some(folder) = shared("pack::every_technique_raises_its_rule", "corpora/events/stratus") else { return };
    let techniques = data("techniques.json");
    let mut missed = Vec::new();
    for (technique, rule) in techniques.as_object().unwrap() {
        let report = by_folder(&detect(&folder.join(format!("aws.{technique}.json"))));
        let rule = rule.as_str().unwrap();
        if report[rule]["matches"].as_u64() == Some(0) || report[rule]["level"] == "informational" {
            missed.push(technique);
        }
    }
    assert!(
        missed.is_empty(),
        "of {} techniques these raise no finding of their rule: {missed:?}",
        techniques.as_object().unwrap().len()
    );
}

/// Days without an attack: people at work, pipelines, autoscaling, scanners.
#[test]
fn ordinary_days_are_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let plan = ["sample", "--out", &out, "--accounts", "40", "--days", "7", "--end", "2026-11-01", "--events", "400000"];
    Program::new(EXE).run(&[&plan[..], &["--events-per-file", "400", "--without-attack"]].concat()).expect_code(0);
    let report = detect(folder.path());
    let mut days: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let day = days.entry(finding["firstEventTime"].as_str().unwrap().get(..10).unwrap().to_owned()).or_default();
        day.0 += 1;
        day.1 += usize::from(["high", "critical"].contains(&finding["severity"].as_str().unwrap()));
    }
    for (day, (all, high)) in days {
        assert!(all <= 30 && high <= 5, "{day}: {all} findings, {high} of them high");
    }
}
