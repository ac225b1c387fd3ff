//! A home under seal: proven from its own rows, and every change of it found.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testbed::{DigestChain, TestHome};

use crate::asked::EXE;

/// Proves the home; the judgment's exit code and the report.
fn verify(home: &TestHome<'_>, chain: &DigestChain) -> (Option<i32>, Value) {
    let name = home.name();
    let line = ["verify", "--home", &name, "--since", chain.start(), "--until", chain.end(), "-o", "json"];
    let finished = home.program(EXE).run(&line);
    let report = serde_json::from_str(&finished.stdout).unwrap_or(Value::Null);
    (finished.code, report)
}

fn sealed(test: &str) -> Option<(TestHome<'static>, DigestChain)> {
    let chain = DigestChain::make(test, &["--hours", "4", "--files", "3", "--events", "5"])?;
    let home = TestHome::folder();
    let (name, source) = (home.name(), chain.bucket().display().to_string());
    let (keys, metadata) = (chain.public_keys().display().to_string(), chain.metadata().display().to_string());
    let line = ["collect", &source, "--home", &name, "--public-keys", &keys, "--metadata", &metadata, "-o", "json"];
    let summary = home.program(EXE).run(&line).expect_code(0).json();
    assert_eq!(summary["vouched"]["verified"], 12, "{summary}");
    assert!(summary["sealed"]["statement"].is_number(), "{summary}");
    Some((home, chain))
}

#[test]
fn a_home_is_proven_from_rows_before_and_after_compaction() {
    let Some((home, chain)) = sealed("custody::a_home_is_proven_from_rows_before_and_after_compaction") else { return };
    fs::remove_dir_all(chain.bucket()).expect("the source goes");
    for _ in 0..2 {
        let (code, report) = verify(&home, &chain);
        assert_eq!((code, report["judgment"].as_str()), (Some(0), Some("proven")), "{report}");
        assert_eq!((&report["counts"]["logs_verified"], &report["home"]["rebuilt"]), (&Value::from(12), &Value::from(12)));
        home.program(EXE).run(&["compact", "--home", &home.name(), "--grace", "0s"]).expect_code(0);
    }
}

/// What `collect` says about the vouching, for a source with more arguments.
fn vouched(home: &TestHome<'_>, source: &Path, more: &[&str]) -> Value {
    let (name, source) = (home.name(), source.display().to_string());
    let line = [&["collect", &source, "--home", &name, "-o", "json"], more].concat();
    home.program(EXE).run(&line).expect_code(0).json()["vouched"].clone()
}

/// Puts an answer of ListPublicKeys beside the evidence, as one that was asked of a Region.
fn keep_keys(home: &TestHome<'_>, region: &str, answer: &str) {
    let document = json!({ "region": region, "source": { "endpoint": "http://127.0.0.1:1" }, "answer": answer });
    let body = serde_json::to_vec_pretty(&document).expect("JSON");
    home.put(&format!("evidence/keys/{region}/{}.json", hex::encode(Sha256::digest(&body))), &body);
}

#[test]
fn whose_the_keys_are_and_what_was_not_checked_is_said_of_a_home_too() {
    let Some((home, chain)) = sealed("custody::whose_the_keys_are_and_what_was_not_checked_is_said_of_a_home_too") else { return };
    let (_, report) = verify(&home, &chain);
    assert_eq!((&report["keys_are_of_aws"], &report["keys"][0]["is_of_aws"]), (&json!(false), &json!(false)), "{report}");
    let name = home.name();
    let run = |more: &[&str], code| home.program(EXE).run(&[&["verify", "--home", &name], more].concat()).expect_code(code).stdout;
    let table = run(&["--since", chain.start(), "--until", chain.end()], 0);
    let from = format!("the home, which has them from file {}", chain.public_keys().display());
    let headline = table.lines().next().unwrap_or_default();
    assert!(headline.starts_with("PROVEN: 4 digests vouch for 12 log files") && headline.ends_with(&from), "{headline}");
    assert!(table.contains(&format!("public keys from {from}")) && table.contains("that the keys are AWS's"), "{table}");
    assert!(run(&["--until", chain.start()], 5).contains("nothing was checked"));
    run(&["--since", "2099-01-01"], 2);
}

#[test]
fn what_was_asked_for_need_not_be_in_every_source_of_a_home() {
    let test = "custody::what_was_asked_for_need_not_be_in_every_source_of_a_home";
    let Some((home, one)) = sealed(test) else { return };
    let size = ["--hours", "4", "--files", "1", "--events", "1", "--account", "999988887777", "--bucket", "other"];
    let Some(other) = DigestChain::make(test, &[&size[..], &["--end", one.end()]].concat()) else { return };
    let keys = other.public_keys().display().to_string();
    vouched(&home, &other.bucket(), &["--public-keys", &keys, "--metadata", &other.metadata().display().to_string()]);
    let name = home.name();
    let of = |account: &str, code| {
        let line = ["verify", "--home", &name, "--account", account, "--since", one.start(), "--until", one.end()];
        home.program(EXE).run(&line).expect_code(code).stdout
    };
    assert!(of("999988887777", 0).starts_with("PROVEN: 4 digests vouch for 4 log files"));
    assert!(of("123456789012", 0).starts_with("PROVEN: 4 digests vouch for 12 log files"));
    assert!(of("000000000000", 4).starts_with("VIOLATED: no digest and no log file of account 000000000000 from "));
}

#[test]
fn what_is_wrong_is_told_by_every_run_after_it() {
    let test = "custody::what_is_wrong_is_told_by_every_run_after_it";
    let Some(chain) = DigestChain::make(test, &["--hours", "3", "--files", "2", "--events", "2"]) else { return };
    let (home, keys, metadata) =
        (TestHome::folder(), chain.public_keys().display().to_string(), chain.metadata().display().to_string());
    let logs: Vec<PathBuf> =
        all_below(&chain.bucket()).into_iter().filter(|file| !file.to_string_lossy().contains("Digest")).collect();
    let [altered, missing, copied, ..] = logs.as_slice() else { panic!("{logs:?}") };
    let (whole, gone) = (fs::read(altered).expect("a log file"), fs::read(missing).expect("a log file"));
    fs::copy(copied, altered).expect("changing one");
    fs::remove_file(missing).expect("removing one");
    let forged = copied.with_file_name(copied.file_name().unwrap().to_string_lossy().replace(".json.gz", "x.json.gz"));
    fs::copy(copied, &forged).expect("adding one");
    let (name, source) = (home.name(), chain.bucket().display().to_string());
    let collect = |more: &[&str], code| {
        let line = ["collect", &source, "--home", &name, "--public-keys", &keys, "--metadata", &metadata];
        home.program(EXE).run(&[&line, more].concat()).expect_code(code)
    };
    let first = collect(&[], 4).stdout;
    assert!(
        first.contains("4 log files verified, 1 altered, 1 not here; 1 ingested one pending: no valid digest names it (yet)"),
        "{first}"
    );
    let again = collect(&[], 0).stdout;
    assert!(again.contains("log files in the whole home: 1 altered, 1 not here; `trailkeep status` says where"), "{again}");
    let in_home = collect(&["-o", "json"], 0).json()["vouched"]["in_home"].clone();
    assert_eq!(in_home, json!({ "altered": 1, "missing": 1 }));
    let status = |more: &[&str]| home.program(EXE).run(&[&["status", "--home", &name], more].concat()).expect_code(0);
    let told = status(&[]).stdout;
    assert!(told.contains("2 log files are not as CloudTrail delivered: 1 altered, 1 not here"), "{told}");
    let files = status(&["-o", "json"]).json()["log_files"].clone();
    let place =
        json!({ "account": chain.text("account"), "region": "us-east-1", "verified": 4, "altered": 1, "missing": 1, "pending": 1 });
    assert_eq!(files, json!([place]));
    // It is mended.
    fs::write(altered, whole).expect("putting it back");
    fs::write(missing, gone).expect("putting it back");
    assert!(collect(&[], 5).stdout.contains("both are kept"));
    let mended = status(&["-o", "json"]).json()["log_files"][0].clone();
    let counts = ["verified", "altered", "missing", "pending"].map(|name| mended[name].as_u64());
    assert_eq!(counts, [Some(6), Some(0), Some(0), Some(1)], "{mended}");
    assert!(!collect(&[], 0).stdout.contains("in the whole home"));
}

#[test]
fn a_key_vouches_in_the_region_alone_that_it_was_asked_of() {
    let test = "custody::a_key_vouches_in_the_region_alone_that_it_was_asked_of";
    let Some(chain) = DigestChain::make(test, &["--hours", "2", "--files", "2", "--events", "2"]) else { return };
    let (home, metadata) = (TestHome::folder(), chain.metadata().display().to_string());
    let answer = fs::read_to_string(chain.public_keys()).expect("the keys");
    for (region, verified, code) in [("eu-west-1", 0, Some(5)), ("us-east-1", 4, Some(0))] {
        keep_keys(&home, region, &answer);
        let vouched = vouched(&home, &chain.bucket(), &["--metadata", &metadata]);
        assert_eq!(vouched["verified"], verified, "a key of {region}: {vouched}");
        let (judged, report) = verify(&home, &chain);
        assert_eq!(judged, code, "a key of {region}: {report}");
    }
}

#[test]
fn what_was_not_proven_is_judged_again_when_more_is_known() {
    let test = "custody::what_was_not_proven_is_judged_again_when_more_is_known";
    let Some(chain) = DigestChain::make(test, &["--hours", "3", "--files", "2", "--events", "2"]) else { return };
    let (home, keys, metadata) =
        (TestHome::folder(), chain.public_keys().display().to_string(), chain.metadata().display().to_string());
    let verdicts = || {
        let sql = "SELECT verdict, count(*) AS n FROM deliveries WHERE status <> 'same' GROUP BY verdict ORDER BY verdict";
        let rows = home.program(EXE).run(&["query", sql, "--home", &home.name(), "-o", "ndjson"]).expect_code(0).rows();
        rows.iter().map(|row| format!("{} {}", row["verdict"].as_str().unwrap(), row["n"])).collect::<Vec<_>>()
    };
    // A log file that comes later than the digest that names it.
    let logs: Vec<PathBuf> =
        all_below(&chain.bucket()).into_iter().filter(|file| !file.to_string_lossy().contains("Digest")).collect();
    let late = fs::read(&logs[0]).expect("a log file");
    fs::remove_file(&logs[0]).expect("it is not there yet");
    vouched(&home, &chain.bucket(), &["--public-keys", &keys]);
    assert_eq!(verdicts(), ["pending 5", "unproven 3"]);
    let first = vouched(&home, &chain.bucket(), &["--metadata", &metadata]);
    assert_eq!((&first["verified"], &first["missing"]), (&json!(5), &json!(1)), "{first}");
    assert_eq!(verdicts(), ["verified 8"]);
    assert_eq!(vouched(&home, &chain.bucket(), &["--metadata", &metadata])["digests"], 0, "nothing is new");
    fs::write(&logs[0], late).expect("it comes");
    assert_eq!(vouched(&home, &chain.bucket(), &["--metadata", &metadata])["digests"], 1);
    assert_eq!(verdicts(), ["verified 9"]);
    // Metadata that came after the digests counts for the proof as well.
    let (code, report) = verify(&home, &chain);
    assert_eq!((code, &report["counts"]["logs_verified"]), (Some(0), &json!(6)), "{report}");
}

/// Checkpoints are derived: whether they are there or not changes nothing.
fn is_derived(file: &Path) -> bool {
    file.to_string_lossy().contains("checkpoint")
}

#[test]
fn every_changed_or_deleted_file_is_found_and_named() {
    let Some((home, chain)) = sealed("custody::every_changed_or_deleted_file_is_found_and_named") else { return };
    every_file_counts(&home, |home| verify(home, &chain), usize::MAX);
}

/// Changes and deletes files of a home, one at a time: each is found, and its place is named. `of_a_folder`: so many in each folder.
fn every_file_counts(home: &TestHome<'_>, judge: impl Fn(&TestHome<'_>) -> (Option<i32>, Value), of_a_folder: usize) {
    let home_folder = home.path().expect("a folder");
    let mut seen: std::collections::BTreeMap<PathBuf, usize> = std::collections::BTreeMap::new();
    let files = all_below(&home_folder).into_iter().filter(|file| !is_derived(file));
    let chosen = files.filter(|file| {
        let is_name = |name: &std::path::Component<'_>| !name.as_os_str().to_string_lossy().contains('=');
        let below = file.strip_prefix(&home_folder).expect("a file of the home").parent().expect("a folder");
        let count = seen.entry(below.components().take(2).filter(is_name).collect()).or_default();
        *count += 1;
        *count <= of_a_folder
    });
    for file in chosen.collect::<Vec<_>>() {
        let whole = fs::read(&file).expect("a file of the home");
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&file, &changed).expect("changing it");
        let after_change = judge(home);
        fs::remove_file(&file).expect("deleting it");
        let after_removal = judge(home);
        fs::write(&file, &whole).expect("putting it back");
        for (how, (code, report)) in [("changed", after_change), ("deleted", after_removal)] {
            assert_eq!(code, Some(4), "{} was {how}: {report}", file.display());
            let violation = |finding: &&Value| finding["level"] == "violation" && finding["key"].is_string();
            assert!(report["findings"].as_array().is_some_and(|all| all.iter().any(|one| violation(&one))), "{report}");
        }
    }
    assert_eq!(judge(home).0, Some(0), "everything is back");
}

/// A generated organization of two accounts with digests, collected; its source is gone.
fn organization(days: u32) -> TestHome<'static> {
    let (home, made) = (TestHome::folder(), tempfile::tempdir().expect("a temporary folder"));
    let (name, out) = (home.name(), made.path().display().to_string());
    let size = ["--digests", "--accounts", "2", "--events", "600", "--days", &days.to_string()];
    home.program(EXE).run(&[&["sample", "--out", &out][..], &size].concat()).expect_code(0);
    let (keys, metadata) = (format!("{out}/public-keys.json"), format!("{out}/metadata.jsonl"));
    let bucket = format!("{out}/example-organization-logs");
    let line = ["collect", &bucket, "--home", &name, "--public-keys", &keys, "--metadata", &metadata];
    home.program(EXE).run(&line).expect_code(0);
    home
}

/// Proves a home of whole days up to midnight.
fn verify_days(home: &TestHome<'_>) -> (Option<i32>, Value) {
    let midnight = chrono::Utc::now().date_naive().to_string();
    let finished = home.program(EXE).run(&["verify", "--home", &home.name(), "--until", &midnight, "-o", "json"]);
    (finished.code, serde_json::from_str(&finished.stdout).unwrap_or(Value::Null))
}

fn of_kind<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    report["findings"].as_array().into_iter().flatten().filter(|finding| finding["kind"] == kind).collect()
}

#[test]
fn an_organization_is_proven_after_compaction_and_what_retention_removed_is_told_as_such() {
    let home = organization(12);
    let (code, report) = verify_days(&home);
    let logs = report["counts"]["logs_verified"].as_u64().expect("a number");
    assert_eq!((code, &report["home"]["rebuilt"]), (Some(0), &json!(logs)), "{report}");
    home.program(EXE).run(&["compact", "--home", &home.name(), "--grace", "0s"]).expect_code(0);
    assert_eq!(verify_days(&home).0, Some(0), "after a compaction");
    let expire = ["compact", "--home", &home.name(), "--retention-days", "7", "--grace", "0s", "-o", "json", "--yes"];
    let figures = home.program(EXE).run(&expire).expect_code(0).json();
    let (code, report) = verify_days(&home);
    assert_eq!((code, &report["home"]["retired_days"]), (Some(0), &figures["days_expired"]), "{report}");
    assert!(figures["days_expired"].as_u64() > Some(2), "{figures}");
    let expired = of_kind(&report, "expired");
    let gone = report["home"]["retired"].as_u64().expect("a number");
    assert_eq!((expired.len(), &expired[0]["level"], &expired[0]["count"]), (1, &json!("note"), &json!(gone)), "{report}");
    assert_eq!(report["counts"]["logs_verified"], logs - gone);
    assert_eq!((&report["counts"]["logs_missing"], &report["counts"]["logs_unreadable"]), (&json!(0), &json!(gone)));
    every_file_counts(&home, verify_days, 1);
}

#[test]
fn a_day_that_somebody_removes_is_a_loss_whatever_the_log_calls_it() {
    let home = organization(3);
    let log = "archive/_delta_log";
    let commits = home.names(log).into_iter().filter(|name| name.len() == 25);
    let last = commits.max().expect("a commit");
    let adds: Vec<Value> = home
        .names(log)
        .iter()
        .flat_map(|name| home.get(&format!("{log}/{name}")))
        .flat_map(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.lines().filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?.get("add")?.clone())).collect::<Vec<_>>()
        })
        .collect();
    let day = adds[0]["partitionValues"]["eventday"].as_str().expect("a day");
    let of_day = adds.iter().filter(|add| add["partitionValues"]["eventday"] == day);
    let mut commit: String = of_day.map(|add| {
        json!({ "remove": { "path": add["path"], "dataChange": true, "deletionTimestamp": 0, "partitionValues": add["partitionValues"], "tags": add["tags"] } }).to_string() + "\n"
    }).collect();
    commit +=
        &json!({ "commitInfo": { "timestamp": 1_900_000_000_000_u64, "operation": "DELETE", "trailkeep": { "expired": day } } })
            .to_string();
    let next = last[..20].parse::<u64>().expect("a version") + 1;
    home.put(&format!("{log}/{next:020}.json"), commit.as_bytes());
    for when in ["before", "after"] {
        let (code, report) = verify_days(&home);
        assert_eq!((code, of_kind(&report, "home-missing").len()), (Some(4), 1), "{when} a seal covers it: {report}");
        // The next collection seals whatever it finds.
        let empty = tempfile::tempdir().expect("a folder");
        home.program(EXE).run(&["collect", &empty.path().display().to_string(), "--home", &home.name()]);
    }
}

fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    all_files(folder, &mut files);
    files.sort();
    files
}

fn all_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the home").flatten() {
        if entry.path().is_dir() { all_files(&entry.path(), into) } else { into.push(entry.path()) }
    }
}
