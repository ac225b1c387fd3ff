//! What is not delivered any more: found in a source and in a home, and told by a collection that comes by later.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use testbed::Program;

use crate::asked::EXE;
use crate::organization::now_s;

/// A sample organization whose last day is over since the last full hour, with digests or without.
struct Scene {
    folder: TempDir,
    logs: PathBuf,
}

impl Scene {
    fn new(days: &str, events: &str, more: &[&str]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("s");
        let name = out.display().to_string();
        let own = ["sample", "--out", &name, "--accounts", "2", "--days", days, "--events", events, "--seed", "3"];
        Program::new(EXE).run(&[&own[..], more].concat()).expect_code(0);
        let bucket = out.join("example-organization-logs");
        let logs = if bucket.is_dir() { bucket } else { out };
        Scene { folder, logs }
    }

    fn program(&self) -> Program {
        Program::new(EXE).with("XDG_CONFIG_HOME", self.folder.path().display().to_string())
    }

    /// Takes deliveries away: those of a time, whose names hold all of these texts.
    fn cut(&self, from: &str, to: &str, holding: &[&str]) -> usize {
        let mut cut = 0;
        let mut folders = vec![self.logs.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if is_between(&path, from, to) && holding.iter().all(|text| path.display().to_string().contains(text)) {
                    fs::remove_file(path).unwrap();
                    cut += 1;
                }
            }
        }
        cut
    }

    /// Silences that a run finds: `(rule, entity, last sign, noticed, id)`.
    fn silences(&self, arguments: &[&str]) -> Vec<[String; 5]> {
        let report = self.program().run(&[&["detect", "-o", "json"], arguments].concat()).expect_code(0).json();
        assert_eq!(report["rules"].as_array().unwrap().iter().filter(|rule| rule["kind"] == "silence").count(), 3);
        report["findings"].as_array().unwrap().iter().filter(|finding| is_silence(finding)).map(told).collect()
    }
}

fn is_silence(finding: &Value) -> bool {
    finding["rule"]["id"].as_str().unwrap().starts_with("trailkeep-")
}

fn told(finding: &Value) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rule = text(&finding["rule"]["id"]).replace("trailkeep-", "");
    [
        rule,
        text(&finding["entity"]["value"]),
        text(&finding["firstEventTime"]),
        text(&finding["lastEventTime"]),
        text(&finding["id"]),
    ]
}

/// Whether the time in a file's name (the last part but one that looks like one) is within a time.
fn is_between(path: &Path, from: &str, to: &str) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let time = name.split(['_', '.']).find(|part| part.len() >= 14 && part.starts_with("20") && part.contains('T'));
    time.is_some_and(|time| (from..to).contains(&time.trim_end_matches('Z')))
}

fn day(ago: i64) -> String {
    chrono::DateTime::from_timestamp(now_s() - ago * 86_400, 0).unwrap().format("%Y-%m-%d").to_string()
}

fn minutes(from: &str, to: &str) -> i64 {
    let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    (time(to) - time(from)).num_minutes()
}

#[test]
fn a_trail_that_is_cut_in_the_middle_is_told_once_and_within_two_hours() {
    let scene = Scene::new("3", "1500", &["--digests", "--end", "2026-11-29"]);
    let logs = scene.logs.display().to_string();
    assert_eq!(scene.silences(&[&logs]), Vec::<[String; 5]>::new(), "while digests come nobody is silent");
    assert!(scene.cut("20261127T102300", "20261127T150000", &[]) > 10);
    let found = scene.silences(&[&logs]);
    let [rule, entity, last, noticed, _] = &found[0];
    assert_eq!((found.len(), rule.as_str(), entity.as_str()), (1, "trail-silent", "organization-trail"));
    assert!(minutes("2026-11-27T10:23:00Z", noticed) <= 120, "{last} {noticed}");

    let home = scene.folder.path().join("home").display().to_string();
    scene.program().run(&["collect", &logs, "--home", &home, "--progress", "none"]).expect_code(0);
    assert_eq!(scene.silences(&["--home", &home]), found, "the same in a home");
    assert_eq!(scene.silences(&["--home", &home, "--since", "2026-11-28"]), Vec::<[String; 5]>::new());
    let report = scene.program().run(&["detect", "--home", &home, "-o", "json"]).expect_code(0).json();
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| is_silence(finding)).unwrap().clone();
    let key = finding["events"][0]["delivery"].as_str().unwrap();
    assert!(key.contains("/CloudTrail-Digest/") && key.contains("20261127T1"), "it points to the last digest: {key}");
}

#[test]
fn an_account_and_a_region_that_fall_silent_while_others_go_on() {
    for (holding, rule, entity) in
        [("eu-west-1", "digest-overdue", " eu-west-1 of "), ("CloudTrail", "trail-silent", "organization-trail")]
    {
        let scene = Scene::new("2", "600", &["--digests", "--end", "2026-11-29"]);
        let (logs, name) = (scene.logs.display().to_string(), scene.logs.clone());
        let account = first_account(&name);
        let holding: &[&str] = if holding == "eu-west-1" { &["/eu-west-1/", &account] } else { &[holding] };
        scene.cut("20261128T052900", "20261130T000000", holding);
        let until = scene.silences(&[&logs, "--until", "2026-11-28T20:00Z"]);
        assert_eq!((until.len(), until[0][0].as_str()), (1, rule), "{until:?}");
        assert!(until[0][1].contains(entity), "{until:?}");
        let at_the_end = scene.silences(&[&logs]);
        assert_eq!(
            at_the_end.len(),
            usize::from(rule == "digest-overdue"),
            "where everything ends nothing is silent: {at_the_end:?}"
        );
    }
}

fn first_account(logs: &Path) -> String {
    let organization = fs::read_dir(logs.join("AWSLogs")).unwrap().next().unwrap().unwrap().path();
    let mut accounts: Vec<String> =
        fs::read_dir(organization).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    accounts.sort();
    accounts.remove(0)
}

#[test]
fn a_collection_tells_of_silence_and_not_of_an_old_one() {
    let scene = Scene::new("3", "1500", &["--digests", "--end", &day(0)]);
    let (logs, home) = (scene.logs.display().to_string(), scene.folder.path().join("home").display().to_string());
    let stamp = |ago: i64, hour: &str| format!("{}T{hour}", day(ago).replace('-', ""));
    // One gap is two to three days old, the other, if it is noticed within the last day, is told.
    scene.cut(&stamp(3, "050000"), &stamp(3, "090000"), &[]);
    scene.cut(&stamp(1, "190000"), &stamp(1, "220000"), &[]);
    let tell = format!("file={}", scene.folder.path().join("told").display());
    let collect = ["collect", &logs, "--home", &home, "--progress", "none", "--tell", &tell];
    scene.program().run(&[&collect[..], &["--detect-since", &format!("{}T00:00Z", day(2))]].concat()).expect_code(0);
    let lines = fs::read_to_string(scene.folder.path().join("told")).unwrap();
    let findings: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let silences: Vec<[String; 5]> = findings.iter().filter(|finding| is_silence(finding)).map(told).collect();
    assert_eq!(silences.len(), 1, "{silences:?}");
    assert!(silences[0][2].starts_with(&day(1)), "{silences:?}");
    let all: BTreeSet<String> = scene.silences(&["--home", &home]).into_iter().map(|silence| silence[4].clone()).collect();
    assert!(all.len() == 2 && all.contains(&silences[0][4]), "the same id as in a backtest: {all:?}");
}

#[test]
fn a_heartbeat_where_there_are_no_digests() {
    let scene = Scene::new("8", "40000", &["--end", "2026-11-29"]);
    let logs = scene.logs.display().to_string();
    assert_eq!(scene.silences(&[&logs]), Vec::<[String; 5]>::new(), "nights and quiet places are usual");
    scene.cut("20261127T102300", "20261127T160000", &[]);
    let found = scene.silences(&[&logs]);
    assert_eq!((found.len(), found[0][0].as_str()), (1, "trail-silent"), "{found:?}");
    assert!(minutes("2026-11-27T10:23:00Z", &found[0][3]) <= 120, "{found:?}");
}
