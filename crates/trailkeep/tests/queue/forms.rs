//! Every form of a message, real ones of moto's services among them; and those that cannot be followed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testbed::{Moto, Python, TestHome};

use super::{BUCKET, asked, by_topic, envelope, event, events, gzip, key, log_file, notification, picked, record};
use crate::asked::Asked;

#[test]
fn every_form_is_collected_once() {
    let Some(moto) = Moto::start("queue::every_form_is_collected_once", BUCKET) else { return };
    for number in 1..=5 {
        moto.put(BUCKET, &key(number), &log_file(&[number * 10, number * 10 + 1]));
    }
    let queue = moto.queue("forms");
    let object = json!({ "bucket": { "name": BUCKET }, "object": { "key": key(4) } });
    let created = event("Object Created", &object).replace("aws.cloudtrail", "aws.s3");
    queue.send(&[
        notification(&key(1)),
        by_topic(&notification(&key(2))),
        by_topic(&json!({ "s3Bucket": BUCKET, "s3ObjectKey": [key(3), key(1)] }).to_string()),
        created,
        event("AWS API Call via CloudTrail", &record(70)),
        event("AWS Console Sign In via CloudTrail", &record(71)),
        by_topic(&event("AWS Service Event via CloudTrail", &record(72))),
        record(73).to_string(),
        STANDARD.encode(gzip(&envelope(&[80, 81]))),
        json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET }).to_string(),
        envelope(&[]).replace("DATA_MESSAGE", "CONTROL_MESSAGE"),
        // The same once more: the message, the object, the record.
        notification(&key(1)),
        event("AWS API Call via CloudTrail", &record(70)),
        event("AWS API Call via CloudTrail", &record(10)),
    ]);
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    let summary = asked.collect(&queue.source(), 0);
    assert_eq!(picked(&summary["messages"], &["received", "deleted", "left", "released"]), [14, 14, 0, 0], "{summary}");
    // Four objects; four events, a set of log events, and a record that an object brought as well.
    assert_eq!(picked(&summary["objects"], &["found", "ingested", "known", "ignored", "refused"]), [15, 10, 3, 2, 0], "{summary}");
    assert_eq!(picked(&summary["records"], &["stored", "duplicate", "conflicting"]), [14, 1, 0], "{summary}");
    assert_eq!((events(&asked), queue.left()), (14, (0, 0)));
    // What came by the queue is what a listing finds.
    let listed = asked.collect(&format!("s3://{BUCKET}"), 0);
    assert_eq!(picked(&listed["objects"], &["found", "ingested", "known"]), [5, 1, 4], "{listed}");
    assert_eq!(events(&asked), 16);
    let again = asked.collect(queue.url(), 0);
    assert_eq!(picked(&again["objects"], &["found"]), [0], "{again}");
    assert_eq!(asked.exported().len(), 11, "every delivery is written again");
}

#[test]
fn a_fifo_queue_is_emptied() {
    let Some(moto) = Moto::start("queue::a_fifo_queue_is_emptied", BUCKET) else { return };
    let queue = moto.queue("ordered.fifo");
    queue.send(&(0..25).map(|number| record(number).to_string()).collect::<Vec<_>>());
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    asked.collect(&queue.source(), 0);
    assert_eq!((events(&asked), queue.left()), (25, (0, 0)), "nothing of a group shows before what was taken of it is deleted");
}

#[test]
fn an_event_in_other_writing_is_no_conflict() {
    let Some(moto) = Moto::start("queue::an_event_in_other_writing_is_no_conflict", BUCKET) else { return };
    let queue = moto.queue("writing");
    let detail = serde_json::to_string_pretty(&record(1)).unwrap().replace('\u{e9}', "\\u00e9");
    let other = record(2);
    queue.send(&[
        event("AWS API Call via CloudTrail", &json!("DETAIL")).replace("\"DETAIL\"", &detail),
        event("AWS API Call via CloudTrail", &other).replace("StopLogging", "StartLogging"),
    ]);
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    asked.collect(&queue.source(), 0);
    // Minutes later the log file comes. One of its records is the event as AWS wrote it elsewhere; the other one says something else.
    moto.put(BUCKET, &key(1), &log_file(&[1, 2]));
    let summary = asked.collect(&format!("s3://{BUCKET}"), 0);
    assert_eq!(picked(&summary["records"], &["read", "stored", "duplicate", "conflicting"]), [2, 1, 1, 1], "{summary}");
    assert_eq!(events(&asked), 3);
    assert_eq!(asked.number("SELECT count(*) AS n FROM events WHERE eventID = '00000000-0000-0000-0000-000000000001'"), 1);
    assert_eq!(asked.exported().len(), 3, "the event and the file come back, each as it was written");
    asked.verb(&["compact", "--grace", "0s"]);
    assert_eq!((events(&asked), asked.exported().len()), (3, 3));
}

#[test]
fn as_awss_services_send_them() {
    const TEST: &str = "queue::as_awss_services_send_them";
    let Some(moto) = Moto::start(TEST, BUCKET) else { return };
    let Some(python) = Python::find(TEST, &["boto3"]) else { return };
    let queue = moto.queue("services");
    python.json(SERVICES, &[&moto.endpoint(), BUCKET, queue.url()]);
    let tries = queue.left().0;
    assert!(tries >= 3, "moto's S3 tries its notifications out");
    moto.put(BUCKET, &key(1), &log_file(&[1, 2]));
    moto.put(BUCKET, &key(2), &log_file(&[3]));
    let sent = queue.left().0 - tries;
    assert!(sent >= 6, "S3 itself, by a topic, and by a topic without its wrapping: {sent}");
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    let summary = asked.collect(&queue.source(), 0);
    assert_eq!(picked(&summary["messages"], &["received", "deleted"]), [tries + sent, tries + sent], "{summary}");
    // moto tells EventBridge of access control lists as well.
    let others = picked(&summary["objects"], &["known", "ignored"]).iter().sum::<u64>();
    assert_eq!((picked(&summary["objects"], &["ingested", "refused"]), others), (vec![2, 0], tries + sent - 2), "{summary}");
    assert_eq!((events(&asked), queue.left()), (3, (0, 0)));
}

/// Notifications of a bucket by all ways; prints an empty answer.
const SERVICES: &str = r#"
import boto3, json, sys
endpoint, bucket, url = sys.argv[1:]
of = lambda name: boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
s3, sqs, sns, events = of("s3"), of("sqs"), of("sns"), of("events")
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
topics = []
for name, attributes in (("wrapped", {}), ("raw", {"RawMessageDelivery": "true"})):
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    topics.append(topic)
created = ["s3:ObjectCreated:*"]
s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
    "QueueConfigurations": [{"QueueArn": arn, "Events": created}],
    "TopicConfigurations": [{"TopicArn": topic, "Events": created} for topic in topics],
    "EventBridgeConfiguration": {},
})
events.put_rule(Name="objects", EventPattern=json.dumps({"source": ["aws.s3"]}))
events.put_targets(Rule="objects", Targets=[{"Id": "1", "Arn": arn}])
print("{}")
"#;

#[test]
fn what_cannot_be_followed_is_kept_as_evidence() {
    let Some(moto) = Moto::start("queue::what_cannot_be_followed_is_kept_as_evidence", BUCKET) else { return };
    moto.put(BUCKET, &key(1), &log_file(&[1]));
    moto.put(BUCKET, &key(2), b"{\"Records\":[{\"eventVersion\":");
    let queue = moto.queue("poison");
    let poison = [
        "no JSON at all".to_owned(),
        "\u{1b}[2J{".to_owned(),
        format!("{{\"a\":\"{}\"}}", "x".repeat(200_000)),
        "[".repeat(100_000),
        STANDARD.encode(gzip("no envelope")),
        notification("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/28/gone.json.gz"),
        json!({ "s3Bucket": "nobodys-bucket", "s3ObjectKey": [key(1)] }).to_string(),
        json!({ "s3Bucket": BUCKET, "s3ObjectKey": [key(1), "AWSLogs/gone.json.gz"] }).to_string(),
        event("EC2 Instance State-change Notification", &json!({ "state": "stopped" })),
        by_topic("hello"),
    ];
    queue.send(&poison);
    queue.send(&[notification(&key(2))]);
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    let summary = asked.collect(&queue.source(), 5);
    assert_eq!(picked(&summary["messages"], &["received", "deleted", "left"]), [11, 11, 0], "{summary}");
    assert_eq!(picked(&summary["objects"], &["found", "ingested", "refused"]), [12, 1, 11], "{summary}");
    assert_eq!((events(&asked), queue.left()), (1, (0, 0)), "deleted, so that nothing loops");
    assert_kept(&asked, &home, &poison);
    let status = asked.verb(&["status"]);
    assert!(status.contains("11 refused objects"), "{status}");
    // The same once more is told again, and kept once.
    queue.send(&poison[..1]);
    let again = asked.collect(&queue.source(), 5);
    assert_eq!(picked(&again["objects"], &["refused"]), [1], "{again}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM deliveries WHERE status = 'refused'"), 11);
}

/// The ledger names a reason for each message, and its evidence is what it said.
fn assert_kept(asked: &Asked, home: &TestHome<'_>, bodies: &[String]) {
    let rows =
        asked.query("SELECT key, origin, reason, evidence FROM deliveries WHERE status = 'refused' AND origin LIKE 'sqs://%'");
    let mut kept: Vec<String> = Vec::new();
    for row in &rows {
        assert!(row["reason"].as_str().is_some_and(|reason| !reason.is_empty() && reason.len() < 400), "{row}");
        let evidence = home.get(row["evidence"].as_str().unwrap()).unwrap();
        kept.push(String::from_utf8_lossy(&evidence).into_owned());
    }
    for body in bodies.iter().filter(|body| !body.starts_with("H4s")) {
        assert!(kept.contains(body), "{} is kept", &body[..body.len().min(60)]);
    }
}

#[test]
fn other_buckets_can_be_refused() {
    let Some(moto) = Moto::start("queue::other_buckets_can_be_refused", BUCKET) else { return };
    moto.put(BUCKET, &key(1), &log_file(&[1]));
    let queue = moto.queue("buckets");
    queue.send(&[notification(&key(1))]);
    let home = TestHome::folder();
    let summary = asked(&moto, &home).collect_with(&queue.source(), &["--bucket", "another,one-more"], 5);
    assert_eq!(picked(&summary["objects"], &["ingested", "refused"]), [0, 1], "{summary}");
    let reason = summary["refusals"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("`trail-logs`") && reason.contains("--bucket"), "{reason}");
    queue.send(&[notification(&key(1))]);
    let summary = asked(&moto, &home).collect_with(&queue.source(), &["--bucket", BUCKET], 0);
    assert_eq!(picked(&summary["objects"], &["ingested", "refused"]), [1, 0], "{summary}");
}

#[test]
fn an_overwritten_object_is_read_as_it_was() {
    const TEST: &str = "queue::an_overwritten_object_is_read_as_it_was";
    let Some(moto) = Moto::start(TEST, BUCKET) else { return };
    let Some(python) = Python::find(TEST, &["boto3"]) else { return };
    let queue = moto.queue("versions");
    let put = python.json(VERSIONS, &[&moto.endpoint(), BUCKET, &key(1), &STANDARD.encode(log_file(&[1, 2])), &key(2)]);
    let message = |number: u32, at: usize| {
        let more = format!(r#","versionId":{},"eTag":{}}}"#, put[at]["VersionId"], put[at]["ETag"].as_str().unwrap());
        notification(&key(number)).replace("json.gz\"}", &format!("json.gz\"{more}"))
    };
    queue.send(&[message(1, 0), message(2, 1)]);
    let home = TestHome::folder();
    let asked = asked(&moto, &home);
    let summary = asked.collect(&queue.source(), 0);
    assert_eq!(picked(&summary["objects"], &["ingested", "refused"]), [2, 0], "{summary}");
    assert_eq!(events(&asked), 2);
    // A listing finds what was put there later, and says so.
    let listed = asked.collect(&format!("s3://{BUCKET}"), 5);
    assert_eq!(listed["overwritten"], json!([key(1)]), "{listed}");
}

/// Two versioned objects, of which one is then overwritten and the other one deleted; prints their first versions.
const VERSIONS: &str = r#"
import base64, boto3, json, sys
endpoint, bucket, key, body, gone = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
put = [s3.put_object(Bucket=bucket, Key=key, Body=base64.b64decode(body)), s3.put_object(Bucket=bucket, Key=gone, Body=b'{"Records":[]}')]
s3.put_object(Bucket=bucket, Key=key, Body=b'{"Records":[]}')
s3.delete_object(Bucket=bucket, Key=gone)
print(json.dumps([{name: answer[name] for name in ("VersionId", "ETag")} for answer in put]))
"#;

#[test]
fn what_may_be_mended_stays_in_the_queue() {
    let Some(moto) = Moto::start_hasty("queue::what_may_be_mended_stays_in_the_queue", BUCKET) else { return };
    moto.put(BUCKET, &key(1), &log_file(&[1]));
    let queue = moto.queue("denied");
    queue.send(&[notification(&key(1)), event("AWS API Call via CloudTrail", &record(2))]);
    let home = TestHome::folder();
    let mut variables = moto.environment();
    variables.push(("AWS_ENDPOINT_URL_S3", denying()));
    let summary = Asked::with_environment(&home, variables).collect(&queue.source(), 5);
    assert_eq!(picked(&summary["messages"], &["received", "deleted", "left"]), [2, 1, 1], "{summary}");
    let left = summary["left"][0]["reason"].as_str().unwrap();
    assert!(left.contains("grant s3:GetObject"), "{left}");
    let asked = asked(&moto, &home);
    assert_eq!((events(&asked), queue.left().0 + queue.left().1), (1, 1));
    // Mended; the message comes back when its time is up.
    for _ in 0..20 {
        asked.collect(&queue.source(), 0);
        if queue.left() == (0, 0) {
            break;
        }
    }
    assert_eq!((events(&asked), queue.left()), (2, (0, 0)));
}

/// An S3 that denies everything.
fn denying() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8_192]);
            let body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
            let head = format!("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    endpoint
}

#[test]
fn files_of_firehose_are_log_files() {
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    let folder = tempfile::tempdir().unwrap();
    let name = |number: u32| format!("trail-1-2026-11-28-22-0{number}-10-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f");
    let control = envelope(&[]).replace("DATA_MESSAGE", "CONTROL_MESSAGE");
    let packed = [gzip(&envelope(&[1, 2])), gzip(&control), gzip(&envelope(&[3]))].concat();
    std::fs::write(folder.path().join(name(1)), &packed).unwrap();
    std::fs::write(folder.path().join(name(2)), [envelope(&[4]), envelope(&[5])].concat()).unwrap();
    std::fs::write(folder.path().join("again.gz"), gzip_bytes(&packed)).unwrap();
    std::fs::write(folder.path().join("control.gz"), gzip(&control)).unwrap();
    let summary = asked.collect(&folder.path().display().to_string(), 0);
    assert_eq!(picked(&summary["objects"], &["found", "ingested", "ignored", "refused"]), [4, 3, 1, 0], "{summary}");
    assert_eq!(picked(&summary["records"], &["stored", "duplicate"]), [5, 3], "{summary}");
    let found = asked.json(
        &["detect", &folder.path().display().to_string(), "--only-given-rules", "--rules", &rule(folder.path()), "-o", "json"],
        0,
    );
    assert_eq!(found["rules"][0]["matches"], 5, "{found}");
    let damaged = [envelope(&[6]), "{\"messageType\":".to_owned()].concat();
    std::fs::write(folder.path().join("damaged.json"), damaged).unwrap();
    let summary = asked.collect(&folder.path().display().to_string(), 5);
    assert_eq!(picked(&summary["objects"], &["refused"]), [1], "{summary}");
    assert!(summary["refusals"][0]["reason"].as_str().unwrap().contains("envelope of CloudWatch Logs is damaged"), "{summary}");
}

/// A rule for the records of these tests, in a folder beside.
fn rule(beside: &Path) -> String {
    let folder = beside.with_extension("rules");
    std::fs::create_dir_all(&folder).unwrap();
    let rule = "title: Stopped\nid: 00000000-0000-0000-0000-000000000000\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  selection:\n    eventName: StopLogging\n  condition: selection\nlevel: low\n";
    std::fs::write(folder.join("stopped.yml"), rule).unwrap();
    folder.display().to_string()
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn flags_that_do_not_apply_say_so() {
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    let says = |arguments: &[&str], told: &str| {
        let said = asked.fails(&[&["collect"], arguments].concat(), 2);
        assert!(said.contains(told), "{arguments:?}: {said}");
    };
    says(&["sqs://q", "--plan"], "--plan does not apply");
    says(&["sqs://q", "--since", "1d"], "--since does not apply");
    says(&["sqs://q", "--account", "111122223333"], "--account does not apply");
    says(&["sqs://q", "--region", "us-east-1"], "--region does not apply");
    says(&["s3://b", "--bucket", "b"], "--bucket is for queues");
    let said = asked.fails(&["detect", "sqs://q"], 2);
    assert!(said.contains("only `collect` reads queues"), "{said}");
}

#[test]
fn doctor_tries_the_queues_rights() {
    let Some(moto) = Moto::start("queue::doctor_tries_the_queues_rights", BUCKET) else { return };
    moto.put(BUCKET, &key(1), &log_file(&[1]));
    let queue = moto.queue("checked");
    let home = TestHome::folder();
    let verdicts = |found: &Value| {
        let checks = found["checks"].as_array().unwrap();
        let verdict = |name: &str| checks.iter().find(|check| check["name"] == name).map(|check| check["verdict"].clone());
        ["queue", "receive", "extend", "delete", "read"].map(|name| verdict(name).unwrap_or_default())
    };
    let found = asked(&moto, &home).json(&["doctor", &queue.source(), "-o", "json"], 5);
    assert_eq!(verdicts(&found), ["ok", "ok", "ok", "ok", "unknown"], "{found}");
    let policy = found["checks"].as_array().unwrap().iter().find_map(|check| check["policy"].as_str()).unwrap();
    assert!(policy.contains("sqs:ReceiveMessage") && policy.contains(":sqs:us-east-1:123456789012:checked"), "{policy}");
    queue.send(&[notification(&key(1))]);
    let found = asked(&moto, &home).json(&["doctor", &queue.source(), "-o", "json"], 0);
    assert_eq!(verdicts(&found), ["ok"; 5], "{found}");
    assert_eq!(queue.left().0, 1, "it takes nothing");
    let missing = asked(&moto, &home).fails(&["doctor", "sqs://nobodys"], 1);
    assert!(missing.contains("at least one check failed"), "{missing}");
}
