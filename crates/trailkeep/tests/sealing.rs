//! The seal's key and the copies of its head: replaced, lost, cut off, and kept in a bucket with Object Lock.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{DigestChain, Moto, Program, Python, TestHome};

use crate::asked::EXE;

/// A machine: its key, and what it remembers.
struct Machine {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Machine {
    fn new() -> Machine {
        Machine { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn key(&self) -> std::path::PathBuf {
        self.folder.path().join("seal-key.pem")
    }

    fn program(&self) -> Program {
        let key = self.key().display().to_string();
        Program::new(EXE).with_all(self.environment.clone()).with("TRAILKEEP_SEAL_KEY", key)
    }

    fn run(&self, home: &TestHome<'_>, arguments: &[&str], code: i32) -> testbed::Finished {
        self.program().run(&[arguments, &["--home", &home.name()]].concat()).expect_code(code)
    }

    fn verify(&self, home: &TestHome<'_>, chain: &DigestChain, more: &[&str]) -> (Option<i32>, Value) {
        let line = ["verify", "--since", chain.start(), "--until", chain.end(), "-o", "json", "--home", &home.name()];
        let finished = self.program().run(&[&line, more].concat());
        (finished.code, serde_json::from_str(&finished.stdout).unwrap_or(Value::Null))
    }

    fn collect(&self, home: &TestHome<'_>, chain: &DigestChain, more: &[&str]) -> testbed::Finished {
        let (source, keys) = (chain.bucket().display().to_string(), chain.public_keys().display().to_string());
        let metadata = chain.metadata().display().to_string();
        self.run(home, &[&["collect", &source, "--public-keys", &keys, "--metadata", &metadata], more].concat(), 0)
    }

    /// The fingerprint of the key whose turn it is, as `seal` prints it.
    fn signer(&self, home: &TestHome<'_>) -> String {
        let text = self.run(home, &["seal"], 0).stdout;
        let line = text.lines().find(|line| line.trim_start().starts_with("key  ")).unwrap_or_else(|| panic!("{text}"));
        line.split_whitespace().nth(1).unwrap().trim_end_matches([',', ';']).to_owned()
    }
}

fn chain(test: &str) -> Option<DigestChain> {
    DigestChain::make(test, &["--hours", "2", "--files", "2", "--events", "2"])
}

/// Removes the last statement of a home.
fn cut_off(home: &TestHome<'_>) {
    let last = home.names("seal").pop().unwrap();
    fs::remove_file(home.path().unwrap().join("seal").join(last)).unwrap();
}

#[test]
fn a_key_is_replaced_for_all_homes_and_a_lost_one_is_taken_over_from() {
    let Some(chain) = chain("sealing::a_key_is_replaced_for_all_homes_and_a_lost_one_is_taken_over_from") else { return };
    let (machine, one, other) = (Machine::new(), TestHome::folder(), TestHome::folder());
    machine.collect(&one, &chain, &[]);
    machine.collect(&other, &chain, &[]);
    let old = machine.signer(&one);
    machine.run(&one, &["seal", "rotate"], 0);
    let new = machine.signer(&one);
    assert_ne!(old, new);
    assert!(machine.run(&other, &["seal"], 0).stdout.contains(&format!("hands the home on to {new}")));
    machine.collect(&other, &chain, &[]);
    assert_eq!(machine.signer(&other), new, "the other home is handed on when it is sealed next");
    for home in [&one, &other] {
        assert_eq!(machine.verify(home, &chain, &[]).0, Some(0));
        assert_eq!(machine.verify(home, &chain, &["--trust-key", &old]).0, Some(0), "the old key signed for the new one");
        assert_eq!(machine.verify(home, &chain, &["--trust-key", "0000"]).0, Some(5));
    }
    // Key and copies are lost: with another key nothing is sealed, until it is let take over.
    let stranger = Machine::new();
    assert!(stranger.collect(&one, &chain, &[]).stderr.contains("trailkeep seal adopt"));
    assert!(machine.run(&one, &["seal", "adopt"], 1).stderr.contains("nothing is lost"));
    assert!(stranger.run(&one, &["seal", "adopt"], 0).stdout.contains("--trust-key"));
    let adopted = stranger.signer(&one);
    let (code, report) = stranger.verify(&one, &chain, &[]);
    let note = report["findings"].as_array().unwrap().iter().find(|finding| finding["kind"] == "home-seal").unwrap();
    assert_eq!((code, &note["level"]), (Some(0), &json!("note")), "{report}");
    let elsewhere = Machine::new();
    assert_eq!(elsewhere.verify(&one, &chain, &[]).0, Some(5), "nobody signed for that key");
    assert_eq!(elsewhere.verify(&one, &chain, &["--trust-key", &adopted]).0, Some(0));
}

#[test]
fn a_home_of_another_key_is_no_reason_to_replace_ours() {
    let Some(chain) = chain("sealing::a_home_of_another_key_is_no_reason_to_replace_ours") else { return };
    let (owner, stranger, home, own) = (Machine::new(), Machine::new(), TestHome::folder(), TestHome::folder());
    owner.collect(&home, &chain, &[]);
    assert!(stranger.run(&home, &["seal", "rotate"], 1).stderr.contains("there is no seal key to replace"));
    stranger.collect(&own, &chain, &[]);
    let files = || fs::read_dir(stranger.folder.path()).unwrap().flatten().map(|file| file.file_name()).collect::<Vec<_>>();
    let before = (fs::read(stranger.key()).unwrap(), files());
    assert!(stranger.run(&home, &["seal", "rotate"], 1).stderr.contains("trailkeep seal adopt"));
    assert_eq!((fs::read(stranger.key()).unwrap(), files()), before, "nothing is changed on an error");
}

#[test]
fn a_copy_that_was_sealed_is_told_as_what_may_be_ahead() {
    let Some(chain) = chain("sealing::a_copy_that_was_sealed_is_told_as_what_may_be_ahead") else { return };
    let (machine, home, copy) = (Machine::new(), TestHome::folder(), TestHome::folder());
    machine.collect(&home, &chain, &[]);
    let (from, to) = (home.path().unwrap(), copy.path().unwrap());
    fs::create_dir_all(&to).unwrap();
    assert!(Command::new("cp").arg("-R").arg(from.join(".")).arg(&to).status().unwrap().success());
    machine.run(&copy, &["compact", "--retention-days", "3000"], 0);
    let (code, report) = machine.verify(&home, &chain, &[]);
    assert_eq!(code, Some(4), "{report}");
    let hint = report["findings"][0]["hint"].as_str().unwrap_or_default().to_owned();
    assert!(hint.contains(&copy.path().unwrap().display().to_string()) && hint.contains("copy of this one"), "{hint}");
    // What it says to do, for who goes on with the old one.
    let remembered = hint.split(&['(', ' '][..]).find(|word| word.starts_with("heads/")).unwrap();
    fs::remove_file(machine.folder.path().join(remembered)).unwrap();
    machine.run(&home, &["compact"], 0);
    assert_eq!(machine.verify(&home, &chain, &[]).0, Some(0));
}

/// A bucket with Object Lock and a default retention, and one without.
const BUCKETS: &str = r#"
import boto3, json, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
s3.create_bucket(Bucket="open")
print(json.dumps(True))
"#;

/// Whoever may write there marks every copy as deleted.
const HIDE: &str = r#"
import boto3, json, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
for found in s3.list_objects_v2(Bucket="locked").get("Contents", []):
    s3.delete_object(Bucket="locked", Key=found["Key"])
print(json.dumps(s3.list_objects_v2(Bucket="locked").get("KeyCount", 0)))
"#;

#[test]
fn copies_in_a_locked_bucket_show_what_was_cut_off_and_cannot_be_hidden() {
    const TEST: &str = "sealing::copies_in_a_locked_bucket_show_what_was_cut_off_and_cannot_be_hidden";
    let (Some(chain), Some(python)) = (chain(TEST), Python::find(TEST, &["boto3"])) else { return };
    let Some(moto) = Moto::start(TEST, "homes") else { return };
    python.json(BUCKETS, &[&moto.endpoint()]);
    let (machine, home) = (Machine { environment: moto.environment(), ..Machine::new() }, TestHome::folder());
    let anchor = ["--seal-anchor", "s3://locked/seals"];
    let collected = machine.collect(&home, &chain, &anchor);
    assert!(!collected.stderr.contains("not locked"), "{}", collected.stderr);
    let (code, report) = machine.verify(&home, &chain, &anchor);
    let told = report["home"]["anchors"][0].as_str().unwrap_or_default();
    assert!(code == Some(0) && told.contains("locked until 20") && told.contains("GOVERNANCE"), "{report}");
    assert!(machine.run(&home, &[&["seal"][..], &anchor].concat(), 0).stdout.contains("locked until"));
    // A bucket that does not lock says so; one that knows nothing of the home proves nothing.
    machine.run(&home, &["compact", "--retention-days", "3000"], 0);
    let open = machine.run(&home, &["compact", "--retention-days", "3001", "--seal-anchor", "s3://open"], 0);
    assert!(open.stderr.contains("is not locked"), "{}", open.stderr);
    assert_eq!(machine.verify(&home, &chain, &["--seal-anchor", "s3://locked/elsewhere"]).0, Some(5));
    // The end is cut off, on a machine that remembers nothing.
    machine.run(&home, &[&["compact", "--retention-days", "3002"][..], &anchor].concat(), 0);
    cut_off(&home);
    let other = Machine { environment: moto.environment(), ..Machine::new() };
    assert_ne!(other.verify(&home, &chain, &[]).0, Some(4), "without a copy nothing shows it");
    for when in ["before", "after"] {
        let (code, report) = other.verify(&home, &chain, &anchor);
        assert_eq!(code, Some(4), "{when} the copies were hidden: {report}");
        assert!(report.to_string().contains("shorter now"), "{report}");
        assert_eq!(python.json(HIDE, &[&moto.endpoint()]), json!(0));
    }
    assert_eq!(machine.verify(&home, &chain, &["--seal-anchor", "/tmp"]).0, Some(2));
}

/// Answers every question with the same document, as CloudTrail answers ListPublicKeys; counts the questions.
fn cloudtrail(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut asked) = (stream.unwrap(), [0; 8192]);
            let _ = stream.read(&mut asked);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &answer].concat());
        }
    });
    address
}

#[test]
fn keys_are_asked_of_cloudtrail_when_digests_come_from_s3() {
    const TEST: &str = "sealing::keys_are_asked_of_cloudtrail_when_digests_come_from_s3";
    let Some(chain) = chain(TEST) else { return };
    let Some(moto) = Moto::start(TEST, "homes") else { return };
    if !chain.push(TEST, &moto) {
        return;
    }
    let endpoint = cloudtrail(fs::read(chain.public_keys()).unwrap());
    let mut environment = moto.environment();
    environment.push(("AWS_ENDPOINT_URL_CLOUDTRAIL", endpoint.clone()));
    let (machine, home) = (Machine { environment, ..Machine::new() }, TestHome::folder());
    let source = format!("s3://{}", chain.text("bucket"));
    let summary = machine.run(&home, &["collect", &source, "-o", "json"], 0).json();
    assert_eq!(summary["vouched"]["verified"], 4, "{summary}");
    let kept = keys_below(&home.path().unwrap().join("evidence/keys"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((&kept[0]["region"], &kept[0]["source"]["endpoint"]), (&json!("us-east-1"), &json!(endpoint)), "{kept:?}");
    let (code, report) = machine.verify(&home, &chain, &[]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report["keys"][0]["origin"].as_str().is_some_and(|origin| origin.contains(&endpoint)), "{report}");
    // Nothing is asked again, and a folder asks nobody.
    let again = machine.run(&home, &["collect", &source, "-o", "json"], 0).json();
    assert_eq!((&again["vouched"]["digests"], keys_below(&home.path().unwrap().join("evidence/keys")).len()), (&json!(0), 1));
}

fn keys_below(folder: &Path) -> Vec<Value> {
    let regions = fs::read_dir(folder).unwrap().flatten();
    let files = regions.flat_map(|region| fs::read_dir(region.path()).unwrap().flatten());
    files.map(|file| serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap()).collect()
}

#[test]
fn a_damaged_checkpoint_keeps_no_home_from_opening() {
    let Some(chain) = chain("sealing::a_damaged_checkpoint_keeps_no_home_from_opening") else { return };
    let (machine, home) = (Machine::new(), TestHome::folder());
    machine.collect(&home, &chain, &[]);
    machine.run(&home, &["compact", "--grace", "0s"], 0);
    let count = |home: &TestHome<'_>| machine.run(home, &["query", "SELECT count(*) AS n FROM events", "-o", "json"], 0).stdout;
    let before = count(&home);
    let mut damaged = 0;
    for table in ["archive", "ledger"] {
        let log = format!("{table}/_delta_log");
        for name in home.names(&log).into_iter().filter(|name| name.contains("checkpoint")) {
            let path = format!("{log}/{name}");
            let whole = home.get(&path).unwrap();
            for at in [4, whole.len() / 3, whole.len() / 2, whole.len() - 9] {
                let mut changed = whole.clone();
                changed[at] ^= 0x21;
                home.put(&path, &changed);
                assert_eq!(count(&home), before, "{path} at {at}");
                let (code, report) = machine.verify(&home, &chain, &[]);
                let is_named = report.to_string().contains("checkpoint");
                assert!(code == Some(0) || (code == Some(4) && is_named), "{path} at {at}: {report}");
                damaged += 1;
            }
            home.put(&path, &whole);
        }
    }
    assert!(damaged >= 8, "there were checkpoints");
}
