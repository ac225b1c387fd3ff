//! Selectors, metric filters and alarms from the command line: what is found, how it is written, and what history makes of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testbed::{Finished, Program};

use crate::asked::EXE;

const DATA_ONLY: &str = r#"[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]"#;

/// Two filters and an alarm, as a guide that many follow has them.
const ALARMS: &str = "
aws logs put-metric-filter --log-group-name g --filter-name Changes \\
  --filter-pattern '{ ($.eventName = CreateTrail) || ($.eventName = StopLogging) }' \\
  --metric-transformations metricName=Changes,metricNamespace=Security,metricValue=1
aws logs put-metric-filter --log-group-name g --filter-name NoMfa \\
  --filter-pattern '{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") && ($.userIdentity.type = \"IAMUser\") }' \\
  --metric-transformations metricName=NoMfa,metricNamespace=Security,metricValue=1
aws cloudwatch put-metric-alarm --alarm-name ChangesAlarm --metric-name Changes --namespace Security --statistic Sum --period 300 \\
  --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --evaluation-periods 1 --alarm-actions arn:aws:sns:us-east-1:111122223333:alerts
";

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A log file with these events: minute, source, name, more.
fn log_file(folder: &Path, events: &[(u32, &str, &str, Value)]) -> String {
    let records: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(number, (minute, source, name, more))| {
            let mut record = json!({
                "eventVersion": "1.11", "eventID": format!("0d5c6a1e-0000-4000-8000-{number:012}"), "eventSource": source, "eventName": name,
                "eventTime": format!("2026-11-01T{:02}:{:02}:30Z", minute / 60, minute % 60), "awsRegion": "us-east-1",
                "userIdentity": {"type": "IAMUser"}, "eventType": "AwsApiCall", "eventCategory": "Management", "readOnly": false,
                "recipientAccountId": "111122223333"
            });
            record.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
            record
        })
        .collect();
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).unwrap();
    written(&logs, "log.json", &json!({ "Records": records }).to_string());
    logs.display().to_string()
}

fn run(arguments: &[&str]) -> Finished {
    Program::new(EXE).run(arguments)
}

#[test]
fn check_says_what_a_call_does_and_ends_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "selectors.json", DATA_ONLY);
    let shown = run(&["check", &file]).expect_code(0).stdout;
    for part in ["selectors-management-off", "kept before, dropped after", "write instead:", "1 high, 0 medium, 1 low"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    run(&["check", &file, "--fail-on", "high"]).expect_code(3);
    let good = written(folder.path(), "good.txt", "{ ($.eventSource = sts.amazonaws.com) && ($.eventName = AssumeRole) }");
    run(&["check", &good, "--fail-on", "low"]).expect_code(0);
    let unread = written(folder.path(), "unread.json", "{\"a\": 1}");
    run(&["check", &unread]).expect_code(1);
    run(&["check", &unread, &good]).expect_code(5);
}

#[test]
fn check_writes_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "selectors.json", DATA_ONLY);
    let reports = run(&["check", &file, "-o", "json"]).expect_code(0).json();
    let finding = &reports[0]["findings"][0];
    assert_eq!((&finding["id"], &finding["severity"]), (&json!("selectors-management-off"), &json!("high")));
    assert_eq!(finding["evidence"][0]["event"]["eventName"], "StopLogging");
    let sarif = run(&["check", &file, "-o", "sarif"]).expect_code(0).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "error");
    let markdown = run(&["check", &file, "-o", "md"]).expect_code(0).stdout;
    assert!(markdown.contains("### high · selectors-management-off · line 1"), "{markdown}");
}

#[test]
fn an_alarm_acts_once_for_each_change_of_state() {
    let folder = tempfile::tempdir().unwrap();
    let script = written(folder.path(), "alarms.sh", ALARMS);
    let login = json!({"additionalEventData": {"MFAUsed": "No"}, "eventType": "AwsConsoleSignIn"});
    let none = json!({});
    let (trail, iam, sign) = ("cloudtrail.amazonaws.com", "iam.amazonaws.com", "signin.amazonaws.com");
    let events = [
        (10, iam, "ListUsers", none.clone()),
        // Three within five minutes are one alarm.
        (60, trail, "StopLogging", none.clone()),
        (61, trail, "StopLogging", none.clone()),
        (63, trail, "CreateTrail", none.clone()),
        (90, sign, "ConsoleLogin", login),
        (300, trail, "StopLogging", none.clone()),
        (400, iam, "ListUsers", none),
    ];
    let logs = log_file(folder.path(), &events);
    let answer = run(&["metrics", "replay", &script, "--source", &logs, "-o", "json"]).expect_code(0).json();
    assert_eq!(answer["events"], 7);
    let matched: Vec<u64> =
        answer["filters"].as_array().unwrap().iter().map(|filter| filter["matched"].as_u64().unwrap()).collect();
    assert_eq!(matched, [4, 1]);
    let alarm = &answer["alarms"][0];
    let changes: Vec<(&str, &str)> = alarm["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["at"].as_str().unwrap(), change["to"].as_str().unwrap()))
        .collect();
    assert_eq!(
        changes,
        [
            ("2026-11-01T01:01:00Z", "ALARM"),
            ("2026-11-01T01:19:00Z", "INSUFFICIENT_DATA"),
            ("2026-11-01T05:01:00Z", "ALARM"),
            ("2026-11-01T05:16:00Z", "INSUFFICIENT_DATA"),
        ]
    );
    assert_eq!((&alarm["raised"], &alarm["actions"]), (&json!(2), &json!(2)));
    // The lake gives the same answer.
    let home = folder.path().join("lake").display().to_string();
    let key = folder.path().join("key.pem").display().to_string();
    run(&["collect", &logs, "--home", &home, "--seal-key", &key]).expect_code(0);
    let of_lake = run(&["metrics", "replay", &script, "--home", &home, "-o", "json"]).expect_code(0).json();
    assert_eq!(of_lake, answer);
    let cis = run(&["metrics", "replay", "--home", &home]).expect_code(0).stdout;
    assert!(cis.contains("CloudTrailConfigChanges") && cis.contains("raised 2 times"), "{cis}");
}

#[test]
fn selectors_are_tried_on_history() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "selectors.json", DATA_ONLY);
    let read =
        json!({"eventCategory": "Data", "readOnly": true, "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}]});
    let own = json!({
        "eventCategory": "Data", "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs/AWSLogs/x"}]
    });
    let events = [
        (1, "s3.amazonaws.com", "GetObject", read),
        (2, "s3.amazonaws.com", "PutObject", own),
        (3, "iam.amazonaws.com", "CreateUser", json!({})),
    ];
    let logs = log_file(folder.path(), &events);
    let answer = run(&["selectors", "try", &file, "--source", &logs, "-o", "json"]).expect_code(0).json();
    assert_eq!((&answer["kept"], &answer["dropped"], &answer["own_deliveries"]), (&json!(2), &json!(1), &json!(1)));
    assert!(answer["blind"].as_array().unwrap().len() >= 14, "{answer:#}");
    assert!((answer["month_usd"].as_f64().unwrap() - 2.0 * 30.0 / 100_000.0 * 0.10).abs() < 1e-9);
    let shown = run(&["selectors", "try", &file, "--source", &logs]).expect_code(0).stdout;
    assert!(shown.contains("feedback loop") && shown.contains("would see less"), "{shown}");
}

#[test]
fn the_set_that_is_printed_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let script = run(&["metrics", "cis"]).expect_code(0).stdout;
    let file = written(folder.path(), "cis.sh", &script);
    let shown = run(&["check", &file, "--fail-on", "low"]).expect_code(0).stdout;
    assert!(shown.contains("30 things judged, nothing is wrong"), "{shown}");
    let published = run(&["metrics", "cis", "--published", "1.2"]).expect_code(0).stdout;
    assert_eq!(published.matches("put-metric-filter").count(), 14);
    run(&["metrics", "cis", "--published", "9"]).expect_code(2);
}
