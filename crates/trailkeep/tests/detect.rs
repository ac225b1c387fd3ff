//! Detection through the program: other people's rules on real events, and the rules that come along.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testbed::{Finished, Program, TestHome, corpora, shared};

use crate::asked::{Asked, EXE};

fn detect(arguments: &[&str]) -> Finished {
    Program::new(EXE).run(&[&["detect"], arguments].concat())
}

/// Matches by the file of the rule.
fn matches(report: &Value) -> BTreeMap<String, u64> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules.map(|rule| (rule["file"].as_str().unwrap().to_owned(), rule["matches"].as_u64().unwrap())).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn sigmas_rules_match_as_often_as_in_another_engine() {
    let Some(events) = corpora("detect::sigmas_rules_match_as_often_as_in_another_engine") else { return };
    let sigma = events.join("../sigma");
    let expected: Value = serde_json::from_str(&fs::read_to_string(sigma.join("expected_matches.json")).unwrap()).unwrap();
    for set in ["invictus", "stratus"] {
        let (source, rules) = (text(&events.join(set)), text(&sigma.join("sigmahq/rules")));
        let report = detect(&[&source, "--rules", &rules, "--only-given-rules", "-o", "json"]).expect_code(0).json();
        let of_set = expected.as_object().unwrap().iter().map(|(rule, counts)| (rule.clone(), counts[set].as_u64().unwrap()));
        assert_eq!(matches(&report), of_set.collect::<BTreeMap<_, _>>(), "{set}");
        assert_eq!(report["rules"].as_array().unwrap().len(), 57);
        let home = TestHome::folder();
        Asked::of(&home).collect_with_any_code(&source);
        let of_home =
            home.program(EXE).run(&["detect", "--home", &home.name(), "--rules", &rules, "--only-given-rules", "-o", "json"]);
        let of_home = of_home.expect_code(0).json();
        assert_eq!(matches(&of_home), matches(&report), "{set} from the lake");
        assert_eq!(ids(&of_home), ids(&report), "{set}: the same findings from the lake");
    }
}

fn ids(report: &Value) -> Vec<(String, u64)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (finding["id"].as_str().unwrap().to_owned(), finding["count"].as_u64().unwrap())).collect()
}

#[test]
fn old_aggregations_are_refused_with_the_modern_form() {
    const TEST: &str = "detect::old_aggregations_are_refused_with_the_modern_form";
    let Some(old) = shared(TEST, "corpora/sigma/sigmahq") else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = events(folder.path(), &[json!({"eventTime": "2026-11-01T10:00:00Z", "eventVersion": "1.11", "eventName": "x"})]);
    let done = detect(&[&source, "--rules", &text(&old), "--only-given-rules", "-o", "json"]).expect_code(5);
    let refused: Vec<String> = done.json()["refused"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let of_old = refused.iter().filter(|line| line.contains("old aggregation") && line.contains("correlation:"));
    assert_eq!((of_old.count(), refused.len()), (8, 9), "{refused:?}");
    assert!(done.stderr.contains("--placeholders FILE"), "{}", done.stderr);
}

/// Writes events as a log file.
fn events(folder: &Path, events: &[Value]) -> String {
    let file = folder.join("events.json");
    fs::write(&file, json!({ "Records": events }).to_string()).unwrap();
    text(&file)
}

fn stop(minute: u32, user: &str, name: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventID": format!("{minute}-{user}"), "eventTime": format!("2026-11-01T10:{minute:02}:00Z"),
        "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{user}"), "userName": user},
    })
}

fn rules(folder: &Path, name: &str, text: &str) -> String {
    let file: PathBuf = folder.join(name);
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// What comes first in a file does not decide on the rest, and what others write around records is taken off.
#[test]
fn odd_and_wrapped_records_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rule = rules(folder.path(), "stop.yml", STOP);
    let of_minute = |minute| stop(minute, "alice", "StopLogging");
    let files = [
        json!({"Records": [{"note": "odd"}, of_minute(1)]}),
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": of_minute(2)}),
        json!({"Events": [{"EventId": "x", "CloudTrailEvent": of_minute(3).to_string()}]}),
        json!([{"_index": "trail", "_source": of_minute(4)}]),
    ];
    for (number, content) in files.into_iter().enumerate() {
        let file = folder.path().join(format!("{number}.json"));
        fs::write(&file, serde_json::to_string_pretty(&content).unwrap()).unwrap();
        let report = detect(&[&text(&file), "--rules", &rule, "--only-given-rules", "-o", "json"]).expect_code(0).json();
        assert_eq!(report["rules"][0]["matches"], 1, "{content}");
        assert_eq!((&report["files"]["read"], &report["files"]["ignored"]), (&json!(1), &json!(0)), "{content}");
    }
}

const STOP: &str = "title: Trail stopped\nid: stop\nlevel: high\ntags: [attack.t1562.008]\nlogsource: {product: aws, service: cloudtrail}\n\
    detection:\n  sel: {eventName: [StopLogging, DeleteTrail]}\n  condition: sel\n";

#[test]
fn findings_are_grouped_and_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let twice = stop(3, "alice", "StopLogging");
    let all =
        [stop(1, "alice", "StopLogging"), twice.clone(), twice, stop(2, "bob", "DeleteTrail"), stop(4, "eve\u{1b}[2J", "Other")];
    let (source, rule) = (events(folder.path(), &all), rules(folder.path(), "stop.yml", STOP));
    let arguments = [source.as_str(), "--rules", &rule, "--only-given-rules"];
    let run = |more: &[&str], code| detect(&[&arguments, more].concat()).expect_code(code);
    let report = run(&["-o", "json"], 0).json();
    let findings = report["findings"].as_array().unwrap();
    let counts: Vec<_> =
        findings.iter().map(|f| (f["entity"]["value"].as_str().unwrap().rsplit('/').next().unwrap(), &f["count"])).collect();
    assert_eq!(counts, [("alice", &json!(2)), ("bob", &json!(1))], "a record that came twice counts once");
    assert_eq!(findings[0]["rule"]["attack"], json!({"tactics": [], "v18": ["T1562.008"], "v19": ["T1685.002"]}));
    assert_eq!(findings[0]["clauses"], json!(["sel: eventName = StopLogging | DeleteTrail"]));
    assert_eq!(ids(&run(&["-o", "json"], 0).json()), ids(&report));
    run(&["--fail-on", "high"], 3);
    run(&["--fail-on", "critical"], 0);
    let sarif = run(&["-o", "sarif"], 0).json();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
    assert!(run(&["-o", "junit"], 0).stdout.contains("failures=\"1\""));
    assert_eq!(run(&["-o", "ndjson"], 0).rows().len(), 2);
    assert!(run(&["-o", "md"], 0).stdout.contains("# 2 findings"));
    assert_eq!(run(&["--since", "2026-11-01T10:03Z", "-o", "json"], 0).json()["rules"][0]["matches"], 1);
}

#[test]
fn suppressions_are_counted_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let source = events(folder.path(), &[stop(1, "alice", "StopLogging"), stop(2, "bob", "StopLogging")]);
    let suppression = |expires: &str| {
        format!(
            "title: bob may\nreason: he moves trails\nowner: security\nexpires: {expires}\nlogsource: {{product: aws}}\nfilter:\n  \
             rules: [stop]\n  bob: {{userIdentity.userName: bob}}\n  condition: not bob\n"
        )
    };
    let run = |text: &str| {
        let rule = rules(folder.path(), "rules.yml", text);
        detect(&[&source, "--rules", &rule, "--only-given-rules", "-o", "json"])
    };
    for (expires, counts) in [("2999-12-31", (1, 1, false)), ("2020-01-01", (2, 0, true))] {
        let report = run(&format!("{STOP}---\n{}", suppression(expires))).expect_code(0).json();
        let (rule, told) = (&report["rules"][0], &report["suppressions"][0]);
        assert_eq!(
            (&rule["matches"], &rule["suppressed"], &told["expired"]),
            (&json!(counts.0), &json!(counts.1), &json!(counts.2))
        );
    }
    let unowned = format!("{STOP}---\n{}", suppression("2999-12-31").replace("owner: security\n", ""));
    assert!(run(&unowned).expect_code(5).stderr.contains("`reason`, `owner` and `expires`"));
    let plain = format!("{STOP}---\n{}", suppression("x").replace("reason: he moves trails\nowner: security\nexpires: x\n", ""));
    let report = run(&plain).expect_code(0).json();
    assert_eq!(
        (&report["rules"][0]["matches"], &report["suppressions"]),
        (&json!(1), &json!([])),
        "a plain filter is part of the rule"
    );
}

#[test]
fn correlations_tell_what_single_events_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let burst: Vec<Value> =
        (0..6).map(|minute| stop(minute, "alice", "StopLogging")).chain([stop(30, "bob", "StopLogging")]).collect();
    let source = events(folder.path(), &burst);
    let correlation = "---\ntitle: Many\nid: many\nlevel: critical\ncorrelation:\n  type: event_count\n  rules: [stop]\n  \
        group-by: [userIdentity.userName]\n  timespan: 5m\n  condition: {gte: 3}\n";
    let rule = rules(folder.path(), "rules.yml", &format!("{STOP}{correlation}"));
    let report = detect(&[&source, "--rules", &rule, "--only-given-rules", "-o", "json"]).expect_code(0).json();
    assert_eq!(report["rules"][0]["matches"], 7);
    assert_eq!((&report["rules"][1]["id"], &report["rules"][1]["matches"]), (&json!("many"), &json!(1)));
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(
        (findings.len(), &findings[0]["entity"]["value"], &findings[0]["count"]),
        (1, &json!("userIdentity.userName=alice"), &json!(6))
    );
}

#[test]
fn the_rules_that_come_along_are_all_in_the_program_and_pass_their_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let count =
        |folder: &Path| fs::read_dir(folder).unwrap().filter(|e| e.as_ref().unwrap().path().join("rule.yml").is_file()).count();
    if !folder.is_dir() {
        return;
    }
    let program = Program::new(EXE);
    let listed = program.run(&["rules", "list", "-o", "json"]).expect_code(0).json();
    let stems: std::collections::BTreeSet<&str> =
        listed["rules"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(stems.len(), count(&folder), "every folder of rules/ is in the program");
    let tested = program.run(&["rules", "test", "-o", "json"]);
    let tested = tested.expect_code(0).json();
    assert_eq!(tested["rules"].as_array().unwrap().len(), count(&folder));
}

#[test]
fn hostile_rules_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let source = events(folder.path(), &[stop(1, "alice", "StopLogging")]);
    let of = |value: &str| STOP.replace("[StopLogging, DeleteTrail]", value);
    let bomb = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} [*a{m}, *a{m}]\n", m = n - 1));
    for (name, text, words) in [
        ("regex", of("x").replace("eventName:", "eventName|re:").replace(": x}", ": '((a{1000}){1000}){1000}'}"), "grows past"),
        ("long", of(&"x".repeat(256 << 10)), "longer than"),
        ("anchors", format!("{bomb}{STOP}"), "aliases counted each time"),
        ("deep", format!("title: {}x{}", "[".repeat(5_000), "]".repeat(5_000)), "line"),
        ("binary", "\u{0}\u{1}\u{fffd}".to_owned(), "line"),
        ("twice", format!("{STOP}---\n{STOP}"), "the id `stop` is that of"),
    ] {
        let rule = rules(folder.path(), &format!("{name}.yml"), &text);
        let done = detect(&[&source, "--rules", &rule, "--only-given-rules"]);
        assert!(done.stderr.contains(words) && matches!(done.code, Some(2 | 5)), "{name}: {}", done.stderr);
    }
    let many: String = (0..10_000).map(|n| format!("  s{n}: {{eventName: x{n}}}\n")).collect();
    let text = STOP.replace("  condition: sel", &format!("{many}  condition: sel or 1 of s*"));
    let rule = rules(folder.path(), "many.yml", &text);
    let report = detect(&[&source, "--rules", &rule, "--only-given-rules", "-o", "json"]).expect_code(0).json();
    assert_eq!(report["rules"][0]["matches"], 1);
}
