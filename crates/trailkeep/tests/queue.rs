//! A queue as a source: every way in which a message can say something, and nothing lost or stored twice on any of them.

mod crashes;
mod forms;
mod live;

use serde_json::{Value, json};
use testbed::{Moto, TestHome};

use crate::asked::Asked;

/// The bucket that messages speak of.
const BUCKET: &str = "trail-logs";

/// A key that has to be escaped in notifications.
fn key(number: u32) -> String {
    let name = format!("111122223333_CloudTrail_us-east-1_20261128T{:02}05Z_a b+{number}.json.gz", number % 24);
    format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/28/{name}")
}

/// A record as CloudTrail writes it, each with an ID of its own.
fn record(number: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333" },
        "eventTime": format!("2026-11-28T20:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2",
        "requestParameters": { "name": "trail <&> \u{e9}" },
        "responseElements": null,
        "requestID": format!("r{number}"),
        "eventID": format!("00000000-0000-0000-0000-{number:012}"),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// A log file of these records, packed.
fn log_file(numbers: &[u32]) -> Vec<u8> {
    let records: Vec<Value> = numbers.iter().map(|number| record(*number)).collect();
    gzip(&json!({ "Records": records }).to_string())
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// S3's notification of a new object.
fn notification(key: &str) -> String {
    let escaped: String = key
        .bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"/-._".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let s3 = json!({ "bucket": { "name": BUCKET, "arn": format!("arn:aws:s3:::{BUCKET}") }, "object": { "key": escaped } });
    json!({ "Records": [{ "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3 }] })
        .to_string()
}

/// What a topic makes of a text.
fn by_topic(text: &str) -> String {
    let topic = "arn:aws:sns:us-east-1:111122223333:trail";
    json!({ "Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": text, "Timestamp": "2026-11-28T20:00:00Z" })
        .to_string()
}

/// An event as EventBridge brings it.
fn event(kind: &str, detail: &Value) -> String {
    json!({
        "version": "0", "id": "1", "detail-type": kind, "source": "aws.cloudtrail", "account": "111122223333",
        "time": "2026-11-28T20:00:00Z", "region": "us-east-1", "resources": [], "detail": detail
    })
    .to_string()
}

/// Log events as CloudWatch Logs envelopes them.
fn envelope(numbers: &[u32]) -> String {
    let log_events: Vec<Value> = numbers
        .iter()
        .map(|number| json!({ "id": number.to_string(), "timestamp": 1, "message": record(*number).to_string() }))
        .collect();
    json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "trail", "logStream": "s",
        "subscriptionFilters": ["all"], "logEvents": log_events
    })
    .to_string()
}

/// A home that is asked beside a server.
fn asked<'a>(moto: &Moto, home: &'a TestHome<'a>) -> Asked {
    Asked::with_environment(home, moto.environment())
}

fn events(asked: &Asked) -> u64 {
    asked.number("SELECT count(*) AS n FROM events")
}

/// Figures of a summary by their names.
fn picked(figures: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| figures[*name].as_u64().unwrap_or_else(|| panic!("no {name} in {figures}"))).collect()
}
