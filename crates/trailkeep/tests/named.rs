//! Named queries on a sample organization: every one of them runs, and those that the attack must show up in show it.

use std::collections::BTreeMap;
use std::path::Path;

use sample::Plan;
use serde_json::Value;
use testbed::TestHome;

use crate::asked::Asked;
use crate::organization::{Organization, small_plan};

fn rows(asked: &Asked, arguments: &[&str]) -> Vec<Value> {
    let text = asked.verb(&[&["query", "-o", "ndjson"], arguments].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_named_query_runs_and_the_hunt_finds_the_attack() {
    let plan = Plan { attack: true, ..small_plan(20, 8_000) };
    let (organization, home) = (Organization::write(&plan, 1), TestHome::folder());
    let attack = organization.totals.attack.clone().unwrap();
    let asked = Asked::of(&home);
    asked.collect(&organization.parts()[0], 0);
    let list: Value = serde_json::from_str(&asked.verb(&["query", "--list", "-o", "json"])).unwrap();
    let mut answers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for query in list.as_array().unwrap() {
        let name = query["name"].as_str().unwrap();
        let parameters = query["parameters"].as_array().unwrap();
        let given: Vec<String> =
            parameters.iter().map(|p| format!("{}={}", p["name"].as_str().unwrap(), attack.access_key_leaked)).collect();
        let mut arguments = vec!["--name", name];
        given.iter().for_each(|given| arguments.extend(["--param", given]));
        let found = rows(&asked, &arguments);
        if let Some(first) = found.first() {
            assert_eq!(first.as_object().unwrap().len(), query["columns"].as_array().unwrap().len(), "columns of {name}");
        }
        answers.insert(name.to_owned(), found);
    }
    let shows = |name: &str, text: &str| {
        let found = &answers[name];
        assert!(found.iter().any(|row| row.to_string().contains(text)), "`{text}` is not in {name}: {found:?}");
    };
    shows("new-regions", &attack.region_pivot);
    shows("new-addresses", &attack.source_ip);
    shows("new-principals", &attack.role_backdoor);
    shows("console-logins-without-mfa", &attack.source_ip);
    shows("console-logins-failed", &attack.source_ip);
    shows("cross-account-roles", &attack.foreign_account);
    shows("trail-tampering", "StopLogging");
    shows("access-keys-made", &attack.access_key_new);
    shows("admin-grants", &attack.role_backdoor);
    shows("trust-changes", &attack.foreign_account);
    shows("data-read", &attack.bucket);
    shows("instances-started", &attack.region_pivot);
    shows("credential-persistence", "CreateLoginProfile");
    shows("credential-origins", &attack.source_ip);
    assert!(answers["credential-activity"].len() > 3 && !answers["events-per-day"].is_empty());
}

#[test]
fn what_cannot_be_asked_by_name() {
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    assert!(asked.fails(&["query", "--name", "nothing"], 2).contains("there is no query `nothing`"));
    assert!(asked.fails(&["query", "--name", "credential-roles"], 2).contains("needs to know the id"));
    assert!(asked.fails(&["query", "--name", "new-apis", "--param", "a=b"], 2).contains("has no parameter `a`"));
    assert!(asked.fails(&["query", "--name", "new-apis", "--since", "1d", "--until", "2d"], 2).contains("ends before it begins"));
    assert!(asked.verb(&["query", "--list"]).contains("weekly hunt".to_uppercase().as_str()));
}

#[test]
fn benchmarks_ask_one_process_again_and_again() {
    let plan = Plan { attack: true, ..small_plan(4, 500) };
    let (organization, home) = (Organization::write(&plan, 1), TestHome::folder());
    let attack = organization.totals.attack.clone().unwrap();
    let asked = Asked::of(&home);
    asked.collect(&organization.parts()[0], 0);
    let folder = tempfile::tempdir().unwrap();
    let questions = folder.path().join("questions");
    let count = r#"{"sql":"SELECT eventID FROM events"}"#;
    let cells = r#"{"cells":"SELECT count(*), max(NULL) FROM events"}"#;
    let flat = r#"{"flat":"SELECT userIdentity.arn FROM events"}"#;
    let investigate = format!(r#"{{"investigate":"{}"}}"#, attack.access_key_leaked);
    let lines = [count, count, cells, flat, "\"files\"", &investigate, r#"{"session":"none"}"#, r#"{"who":"none"}"#];
    std::fs::write(&questions, lines.join("\n")).unwrap();
    let answers = asked.measured(&questions);
    let events = &answers[0]["rows"];
    assert!(events.as_u64().unwrap() > 100 && &answers[1]["rows"] == events);
    assert_eq!(answers[2]["cells"], serde_json::json!([[events.to_string(), null]]));
    assert!(answers[3]["flat"].as_str().unwrap().contains("useridentity_arn"));
    assert!(answers[4]["files"].as_array().unwrap().iter().all(|file| Path::new(file.as_str().unwrap()).is_file()));
    assert!(answers[5]["rows"].as_u64().unwrap() > 0 && answers[0]["wall_s"].as_f64().unwrap() > 0.0);
    assert_eq!((&answers[6]["rows"], &answers[7]["rows"]), (&Value::from(0), &Value::from(0)));
}
