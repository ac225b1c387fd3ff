//! CloudTrail, asked for public keys.

use chrono::DateTime;
use collect::source::SourceError;
use prove::strict::KeySource;
use seal::{PublicKeys, RsaKey};
use serde_json::json;
use tokio::runtime::Runtime;
use trailkeep_aws::public_keys::{CloudTrailKeys, Origin};

use crate::mock::access;
use crate::scripted::{Scripted, json as answered};

fn list(server: &Scripted, region: &str) -> Result<PublicKeys, SourceError> {
    let runtime = Runtime::new().unwrap();
    let keys = runtime.block_on(CloudTrailKeys::open(&access(&server.endpoint)));
    assert_eq!(keys.origin(region), Origin::Custom(server.endpoint.clone()));
    let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    keys.list(region, time(3_600), time(7_200))
}

fn key(fingerprint: &str) -> serde_json::Value {
    use base64::Engine;
    let value = base64::engine::general_purpose::STANDARD.encode(RsaKey::generate().unwrap().public_pkcs1());
    json!({ "Value": value, "Fingerprint": fingerprint, "ValidityStartTime": 1.0, "ValidityEndTime": 9_000.5 })
}

#[test]
fn keys_of_a_region_page_by_page() {
    let first = json!({ "PublicKeyList": [key("one")], "NextToken": "more" });
    let second = json!({ "PublicKeyList": [key("two")] });
    let server = Scripted::start(vec![answered(200, &first.to_string()), answered(200, &second.to_string())]);
    let keys = list(&server, "eu-west-1").unwrap();
    for fingerprint in ["one", "two"] {
        assert!(keys.find(fingerprint, "eu-west-1").next().unwrap().key.is_ok());
        assert!(keys.find(fingerprint, "us-east-1").next().is_none());
    }
    let asked = server.asked();
    assert!(asked[0].starts_with("POST / HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].contains("Credential=AKIATEST/19700101/eu-west-1/cloudtrail/aws4_request,"), "{asked:?}");
    assert!(asked[0].contains("CloudTrail_20131101.ListPublicKeys\r\n"), "{asked:?}");
    assert!(asked[0].ends_with(r#"{"EndTime":7200,"StartTime":3600}"#), "{asked:?}");
    assert!(asked[1].ends_with(r#"{"EndTime":7200,"NextToken":"more","StartTime":3600}"#), "{asked:?}");
}

#[test]
fn a_month_is_asked_for_once_whatever_came_of_it() {
    let one = json!({ "PublicKeyList": [key("one")] });
    let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
    let server = Scripted::start(vec![answered(200, &one.to_string()), answered(400, denied), answered(200, "{}")]);
    let runtime = Runtime::new().unwrap();
    let keys = runtime.block_on(CloudTrailKeys::open(&access(&server.endpoint)));
    let found = |day: &str| {
        let time: DateTime<chrono::Utc> = format!("2026-{day}T12:00:00Z").parse().unwrap();
        keys.keys("eu-west-1", time, time)
    };
    for day in ["10-31", "10-01", "10-15"] {
        let found = found(day).unwrap();
        assert_eq!(found.keys.iter().count(), 1);
        assert_eq!((found.origin, found.is_complete), (format!("custom endpoint {}: not AWS's", server.endpoint), false));
    }
    for day in ["11-01", "11-30"] {
        assert!(found(day).unwrap_err().contains("grant cloudtrail:ListPublicKeys"));
    }
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn refusals_say_what_to_do() {
    let cases = [
        (400, r#"{"__type":"AccessDeniedException","Message":"no"}"#, "grant cloudtrail:ListPublicKeys"),
        (400, r#"{"__type":"UnrecognizedClientException","message":"invalid token"}"#, "not enabled for this account"),
        (400, r#"{"__type":"InvalidTimeRangeException"}"#, "InvalidTimeRangeException"),
        (404, "<html>", "404 Not Found and no JSON"),
        (200, "{}", "no answer of ListPublicKeys"),
    ];
    for (status, body, told) in cases {
        let server = Scripted::start(vec![answered(status, body)]);
        let said = list(&server, "eu-west-1").unwrap_err().to_string();
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn a_regions_name_is_looked_at_before_anyone_is_asked() {
    let server = Scripted::start(vec![answered(200, "{}")]);
    assert!(list(&server, "us-east-1.evil.com").unwrap_err().to_string().contains("no name of a Region"));
    assert!(server.asked().is_empty());
}
