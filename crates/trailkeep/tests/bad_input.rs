//! Input that cannot be read, or only in part: each time a clear message, a row in the ledger, exit code 5, and all the rest
//! ingested. A new case is a new line.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use testbed::TestHome;

use crate::asked::{Asked, number};

/// What must become of a file.
enum Fate {
    /// Not ingested; the reason says this.
    Refused(&'static str),
    /// Ingested with a flaw; the ledger's reason names it, and the file can be written again as it was.
    Flawed(&'static str),
    /// Ingested.
    Good(u64),
}
use Fate::{Flawed, Good, Refused};

struct Case {
    file: &'static str,
    bytes: Vec<u8>,
    fate: Fate,
}

fn cases() -> Vec<Case> {
    let case = |file, bytes: Vec<u8>, fate| Case { file, bytes, fate };
    vec![
        case("good.json", envelope(&[&event(1, ""), &event(2, "")]), Good(2)),
        case("zipped.json.gz", gzip(&envelope(&[&event(3, "")])), Good(1)),
        case("truncated.json.gz", truncated(), Refused("cut short")),
        case("truncated.json", envelope(&[&event(4, "")])[..90].to_vec(), Refused("damaged")),
        case("bomb.json.gz", gzip_of(&[(b"{\"Records\":[", 1), (&[b' '; 1 << 20], 400)]), Refused("larger than the limit")),
        case("bomb-in-two-members.json.gz", two_member_bomb(), Refused("larger than the limit")),
        case("page.json.gz", b"<!DOCTYPE html><html><body>404 Not Found</body></html>".to_vec(), Refused("not JSON")),
        case("zipped-page.json.gz", gzip(b"<html><body>Please log in</body></html>"), Refused("not JSON")),
        case("empty.json", Vec::new(), Refused("empty")),
        case("empty.json.gz", Vec::new(), Refused("empty")),
        case("zipped-nothing.json.gz", gzip(b""), Refused("empty")),
        case("deep.json", envelope(&[&deep(10_000), &event(5, "")]), Flawed("nested too deeply")),
        case("invalid-utf8.json", invalid_utf8(), Flawed("invalid UTF-8")),
        case("duplicate-keys.json", envelope(&[&event(6, r#","eventName":"Other""#)]), Flawed("duplicate key")),
        case("lone-surrogate.json", envelope(&[&event(7, r#","x":"a\ud800b""#)]), Flawed("lone surrogate")),
        case("long-record.json", envelope(&[&event(8, &format!(r#","x":"{}""#, "a".repeat(17 << 20)))]), Flawed("too large")),
    ]
}

/// What is listed and cannot be read: links to nothing and out of the folder. (Whoever runs tests as root may read everything, so
/// permissions do not keep anybody out.)
const UNREADABLE: [(&str, &str); 2] = [("dangling.json.gz", "/nonexistent/log.json.gz"), ("outside.json.gz", "/dev/null")];

#[test]
fn each_is_named_and_the_rest_is_ingested() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let mut cases = cases();
    for case in &cases {
        std::fs::write(source.path().join(case.file), &case.bytes).unwrap();
    }
    huge(&source.path().join("huge.json"));
    cases.push(Case { file: "huge.json", bytes: Vec::new(), fate: Refused("more than the limit") });
    for (file, target) in UNREADABLE {
        if link(&source.path().join(file), target) {
            cases.push(Case { file, bytes: Vec::new(), fate: Refused("") });
        }
    }
    let asked = Asked::of(&home);
    let summary = asked.collect(&source.path().display().to_string(), 5);
    assert_summary(&summary, &cases);
    let ledger = asked.query("SELECT key, status, reason, stored, flawed FROM deliveries");
    for case in &cases {
        assert_row(ledger.iter().find(|row| row["key"] == case.file), case);
    }
    let exported = asked.exported();
    for case in cases.iter().filter(|case| matches!(case.fate, Flawed(_))) {
        let sha256: [u8; 32] = Sha256::digest(&case.bytes).into();
        assert_eq!(exported.get(case.file), Some(&sha256), "{} is written again as it was", case.file);
    }
    // A second run finds the same, ingests nothing, and still says that something is missing.
    let again = asked.collect(&source.path().display().to_string(), 5);
    assert_eq!(again["records"]["stored"], 0, "{again}");
}

#[test]
fn a_key_with_other_content_is_a_new_delivery() {
    let (source, home) = (tempfile::tempdir().unwrap(), TestHome::folder());
    let (file, name, asked) = (source.path().join("log.json"), source.path().display().to_string(), Asked::of(&home));
    std::fs::write(&file, envelope(&[&event(1, "")])).unwrap();
    asked.collect(&name, 0);
    std::fs::write(&file, envelope(&[&event(1, ""), &event(2, r#","x":"changed""#)])).unwrap();
    let summary = asked.collect(&name, 5);
    assert_eq!(summary["overwritten"], serde_json::json!(["log.json"]), "{summary}");
    assert_eq!(summary["records"]["stored"], 1, "{summary}");
    let rows = asked.query("SELECT status, reason FROM deliveries WHERE key = 'log.json'");
    assert_eq!(rows.len(), 2, "both deliveries are in the ledger: {rows:?}");
    assert!(rows.iter().any(|row| row["reason"].as_str().is_some_and(|reason| reason.contains("other content"))), "{rows:?}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 2);
}

fn assert_summary(summary: &Value, cases: &[Case]) {
    let objects = &summary["objects"];
    let refused: Vec<&Case> = cases.iter().filter(|case| matches!(case.fate, Refused(_))).collect();
    assert_eq!(objects["found"], cases.len(), "{summary}");
    assert_eq!(objects["refused"], refused.len(), "{summary}");
    assert_eq!(objects["ingested"], cases.len() - refused.len(), "{summary}");
    let listed = summary["refusals"].as_array().unwrap();
    for case in refused {
        let refusal =
            listed.iter().find(|refusal| refusal["key"] == case.file).unwrap_or_else(|| panic!("{} is not listed", case.file));
        assert_reason(&refusal["reason"], case);
    }
}

fn assert_row(row: Option<&Value>, case: &Case) {
    let row = row.unwrap_or_else(|| panic!("{} has no row in the ledger", case.file));
    match case.fate {
        Refused(_) => {
            assert_eq!(row["status"], "refused", "{row}");
            assert_reason(&row["reason"], case);
        }
        Flawed(_) => {
            assert_eq!((&row["status"], number(&row["flawed"])), (&Value::from("ingested"), 1), "{row}");
            assert_reason(&row["reason"], case);
        }
        Good(stored) => {
            assert_eq!(
                (&row["status"], number(&row["stored"]), number(&row["flawed"])),
                (&Value::from("ingested"), stored, 0),
                "{row}"
            );
        }
    }
}

/// A reason is one line of text for a person that says what the case wants said.
fn assert_reason(reason: &Value, case: &Case) {
    let (Refused(wanted) | Flawed(wanted)) = case.fate else { return };
    let reason = reason.as_str().unwrap_or_else(|| panic!("{} has no reason", case.file));
    assert!(!reason.is_empty() && reason.len() < 300 && !reason.contains(char::is_control), "{}: {reason:?}", case.file);
    assert!(reason.contains(wanted), "{}: `{reason}` does not say `{wanted}`", case.file);
}

/// A record with an ID of its own and more fields.
fn event(number: u32, more: &str) -> Vec<u8> {
    let text = format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","userName":"ana"}},"eventTime":"2026-11-01T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"GetUser","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli","requestParameters":null,"responseElements":null,"requestID":"r-{number}","eventID":"00000000-0000-4000-8000-{number:012}","eventType":"AwsApiCall","recipientAccountId":"111122223333"{more}}}"#
    );
    text.into_bytes()
}

fn envelope(records: &[&[u8]]) -> Vec<u8> {
    [b"{\"Records\":[".as_slice(), &records.join(&b','), b"]}"].concat()
}

fn deep(levels: usize) -> Vec<u8> {
    event(9, &format!(r#","x":{}{}"#, "[".repeat(levels), "]".repeat(levels)))
}

fn invalid_utf8() -> Vec<u8> {
    let mut bytes = envelope(&[&event(10, r#","x":"a?b""#)]);
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    bytes
}

fn gzip(content: &[u8]) -> Vec<u8> {
    gzip_of(&[(content, 1)])
}

/// A gzip member of repeated chunks, without ever holding its content.
fn gzip_of(chunks: &[(&[u8], usize)]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for (chunk, times) in chunks {
        (0..*times).for_each(|_| encoder.write_all(chunk).unwrap());
    }
    encoder.finish().unwrap()
}

/// A bomb whose last four bytes claim that it holds next to nothing.
fn two_member_bomb() -> Vec<u8> {
    [gzip_of(&[(b"{\"Records\":[", 1), (&[b' '; 1 << 20], 400)]), gzip(b"]}")].concat()
}

fn truncated() -> Vec<u8> {
    let whole = gzip(&envelope(&[&event(11, ""), &event(12, "")]));
    whole[..whole.len() * 2 / 3].to_vec()
}

/// One record of 300 MB.
fn huge(path: &Path) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(br#"{"Records":[{"eventVersion":"1.08","x":""#).unwrap();
    (0..300).for_each(|_| file.write_all(&[b'a'; 1_000_000]).unwrap());
    file.write_all(br#""}]}"#).unwrap();
}

fn link(path: &Path, target: &str) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, path).is_ok();
    #[cfg(not(unix))]
    return false;
}
