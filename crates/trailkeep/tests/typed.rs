//! What people type: mistakes are refused in one style, before anything is changed.

use std::path::Path;

use serde_json::json;
use testbed::{Finished, Program};

use crate::asked::EXE;

/// A folder to work in, with a home and a few logs in it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(desk.folder.path().join("logs")).unwrap();
        let event = |id: u32, time: &str| {
            json!({
                "eventVersion": "1.11", "eventTime": time, "eventSource": "iam.amazonaws.com", "eventName": "GetUser",
                "awsRegion": "us-east-1", "eventID": format!("{id}"), "recipientAccountId": "111122223333", "eventCategory": "Management",
            })
        };
        let yesterday = (chrono::Utc::now() - chrono::TimeDelta::days(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let events = [event(1, "2020-01-01T10:00:00Z"), event(2, "2020-01-02T10:00:00Z"), event(3, &yesterday)];
        desk.write("logs/log.json", &json!({ "Records": events }).to_string());
        desk
    }

    fn with_home() -> Desk {
        let desk = Desk::new();
        desk.run(&["collect", &desk.at("logs")]).expect_code(0);
        desk
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self.at(name)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let (home, key) = (self.at("lake"), self.at("seal-key.pem"));
        Program::new(EXE).run(&[arguments, &["--home", &home, "--seal-key", &key]].concat())
    }

    /// What it says where it refuses.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], code: i32) -> String {
        self.run(arguments).expect_code(code).stderr
    }

    fn events(&self) -> u64 {
        let rows = self.run(&["query", "SELECT count(*) AS n FROM events"]).expect_code(0).rows();
        rows[0]["n"].as_u64().unwrap()
    }
}

#[test]
fn retention_has_one_set_of_bounds_and_removes_only_what_was_said_twice() {
    let desk = Desk::with_home();
    for verb in [&["compact"][..], &["stores", "update", "events"], &["stores", "create", "mine"]] {
        for days in ["3", "3654"] {
            let said = desk.refuses(&[verb, &["--retention-days", days]].concat(), 2);
            assert!(said.contains("is not possible") && said.contains("give 7 to 3653 days"), "{verb:?} {days}: {said}");
        }
    }
    let said = desk.refuses(&["compact", "--retention-days", "1000"], 2);
    assert!(said.contains("would remove 2 events of 2 days, from 2020-01-01 up to 2020-01-02") && said.contains("--yes"), "{said}");
    let dry = desk.run(&["compact", "--retention-days", "1000", "--dry-run", "-o", "json"]).expect_code(0).json();
    assert_eq!((&dry["events"], &dry["days"], &dry["last_day"]), (&json!(2), &json!(2), &json!("2020-01-02")));
    assert_eq!(desk.events(), 3, "nothing was changed");
    let said = desk.run(&["stores", "update", "events", "--retention-days", "3000"]).expect_code(0).stderr;
    assert!(!said.contains("removes"), "{said}");
    let done = desk.run(&["compact", "--retention-days", "1000", "--yes", "-o", "json"]).expect_code(0);
    assert!(done.stderr.contains("removing 2 events"), "{}", done.stderr);
    assert_eq!((&done.json()["days_expired"], desk.events()), (&json!(2), 1));
    desk.run(&["compact", "--retention-days", "1000"]).expect_code(0);
}

#[test]
fn a_shorter_retention_of_a_store_says_what_it_will_remove() {
    let desk = Desk::with_home();
    let said = desk.run(&["stores", "update", "events", "--retention-days", "1000"]).expect_code(0).stderr;
    assert!(said.contains("queries leave out 2 events of 2 days") && said.contains("trailkeep compact"), "{said}");
}

#[test]
fn what_is_for_named_queries_is_not_passed_over() {
    let desk = Desk::with_home();
    let file = desk.write("q.sql", "SELECT 1");
    for query in [&["query", "SELECT 1"][..], &["query", "--file", &file]] {
        for (flag, value, hint) in
            [("--since", "7d", "eventTime"), ("--until", "7d", "eventTime"), ("--param", "a=b", "--parameter")]
        {
            let said = desk.refuses(&[query, &[flag, value]].concat(), 2);
            assert!(said.contains(&format!("{flag} is for named queries")) && said.contains(hint), "{said}");
        }
    }
}

#[test]
fn what_is_no_event_has_no_closest_miss() {
    let desk = Desk::new();
    for text in ["hello", "", "{\"Records\":[]}", "[1, 2]", "{\"a\":"] {
        let file = desk.write("event.json", text);
        let said = desk.refuses(&["rules", "why", "cloudtrail-trail-stopped", "--event", &file], 2);
        assert!(said.contains("give a log file, a JSON event"), "{text}: {said}");
    }
    let file = desk.write("event.json", "{\n  \"eventName\": \"StopLogging\"\n}");
    desk.run(&["rules", "why", "cloudtrail-trail-stopped", "--event", &file]).expect_code(0);
}

#[test]
fn a_file_that_is_not_there_is_told_alike_everywhere() {
    let desk = Desk::with_home();
    let (gone, logs) = (desk.at("gone"), desk.at("logs"));
    let lines: [&[&str]; 16] = [
        &["collect", &gone],
        &["collect", &logs, "--public-keys", &gone],
        &["collect", &logs, "--metadata", &gone],
        &["collect", &logs, "--follow", "--tell-config", &gone],
        &["detect", &gone],
        &["detect", &logs, "--rules", &gone],
        &["detect", &logs, "--placeholders", &gone],
        &["check", &gone],
        &["query", "--file", &gone],
        &["verify", &logs, "--public-keys", &gone],
        &["selectors", "try", &gone],
        &["metrics", "replay", &gone],
        &["metrics", "replay", "--source", &gone],
        &["stores", "create", "mine", "--selectors", &gone],
        &["rules", "why", "cloudtrail-trail-stopped", "--event", &gone],
        &["status", "--config", &gone],
    ];
    for line in lines {
        let said = desk.refuses(line, 2);
        assert!(said.contains(&format!("error: `{gone}` was not found\nhint: ")), "{line:?}: {said}");
    }
    let out = format!("{gone}/x.zip");
    let said = desk.refuses(&["evidence", "--event", "3", "--out", &out], 2);
    assert!(said.contains(&format!("`{gone}` was not found\nhint: make that folder first")), "{said}");
}

#[test]
fn a_source_with_nothing_in_it_is_told_and_makes_no_home() {
    let desk = Desk::new();
    let empty = desk.at("empty");
    std::fs::create_dir(&empty).unwrap();
    let said = desk.run(&["collect", &empty, "-o", "json"]).expect_code(0);
    assert!(said.stderr.contains("nothing was found here: is the prefix right?"), "{}", said.stderr);
    assert_eq!(said.json()["objects"]["found"], 0);
    assert!(!Path::new(&desk.at("lake")).exists(), "no home is made for nothing");
    let said = desk.run(&["detect", &empty]).expect_code(0).stderr;
    assert!(said.contains("nothing was found here: is the prefix right?"), "{said}");
    let said = desk.run(&["collect", &desk.at("logs")]).expect_code(0).stderr;
    assert!(!said.contains("nothing was found"), "{said}");
    let said = desk.run(&["collect", &empty]).expect_code(0).stderr;
    assert!(said.contains("nothing was found here"), "{said}");
}

#[test]
fn a_sample_goes_into_a_new_folder() {
    let desk = Desk::with_home();
    for folder in ["logs", "lake"] {
        let said = desk.refuses(&["sample", "--out", &desk.at(folder), "--events", "100", "--days", "1"], 2);
        assert!(said.contains("is not empty") && said.contains("--out"), "{said}");
    }
    desk.run(&["sample", "--out", &desk.at("new"), "--events", "100", "--days", "1"]).expect_code(0);
}

#[test]
fn a_home_that_cannot_be_one_is_told_with_its_name() {
    let desk = Desk::new();
    let file = desk.write("lake", "text");
    for line in [&["status"][..], &["collect", &desk.at("logs")]] {
        let said = desk.refuses(line, 1);
        assert!(said.contains(&format!("`{file}` cannot be a home: it is a file\nhint: name a folder")), "{said}");
    }
    let doctor = desk.run(&["doctor", "-o", "json"]).expect_code(1).json();
    assert_eq!(doctor["checks"][0]["verdict"], "failed", "{doctor}");
}

#[test]
fn doctor_says_whether_a_home_can_be_written() {
    let desk = Desk::new();
    let home_of = |finished: Finished| finished.json()["checks"][0]["message"].as_str().unwrap().to_owned();
    let said = home_of(desk.run(&["doctor", "-o", "json"]));
    assert!(said.contains("it will be made by `trailkeep collect`"), "{said}");
    desk.run(&["collect", &desk.at("logs")]).expect_code(0);
    let listed = || std::fs::read_dir(desk.folder.path().join("lake/config/format")).unwrap().count();
    let before = listed();
    let said = home_of(desk.run(&["doctor", "-o", "json"]));
    assert!(said.contains("opens and can be written"), "{said}");
    assert_eq!(listed(), before, "it changes nothing");
}

#[test]
fn help_has_a_verb_and_published_controls_their_own_numbers() {
    let desk = Desk::new();
    assert!(Program::new(EXE).run(&["help", "collect"]).expect_code(0).stdout.contains("Collect CloudTrail logs"));
    let script = desk.run(&["metrics", "cis", "--published", "5.0"]).expect_code(0).stdout;
    let headings: Vec<&str> = script.lines().filter(|line| line.starts_with("# ")).collect();
    assert!(!headings.is_empty() && headings.iter().all(|line| line.starts_with("# CIS v5.0 ")), "{headings:?}");
    let said = desk.run(&["session", "nobody"]);
    assert!(!said.stdout.contains("--as"), "{}", said.stdout);
}
