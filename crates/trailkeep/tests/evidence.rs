//! Bundles of evidence, checked by a shell, sha256sum and openssl alone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{Finished, TestHome};

use crate::asked::EXE;

/// A generated organization of one account, with digests, on disk.
struct Made {
    folder: TempDir,
}

impl Made {
    fn new(days: u32) -> Made {
        let folder = tempfile::tempdir().unwrap();
        let (out, days) = (folder.path().display().to_string(), days.to_string());
        let line = ["sample", "--out", &out, "--digests", "--accounts", "1", "--events", "900", "--days", &days];
        TestHome::folder().program(EXE).run(&line).expect_code(0);
        Made { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn collect(&self, home: &TestHome<'_>, more: &[&str]) {
        let bucket = self.path("example-organization-logs").display().to_string();
        home.program(EXE).run(&[&["collect", &bucket, "--home", &home.name()], more].concat()).expect_code(0);
    }

    fn collect_with_proof(&self, home: &TestHome<'_>) {
        let (keys, metadata) = (self.path("public-keys.json"), self.path("metadata.jsonl"));
        self.collect(home, &["--public-keys", &keys.display().to_string(), "--metadata", &metadata.display().to_string()]);
    }
}

fn ids(home: &TestHome<'_>, sql: &str) -> Vec<String> {
    let rows = home.program(EXE).run(&["query", sql, "--home", &home.name(), "-o", "ndjson"]).expect_code(0).rows();
    rows.iter().map(|row| row["eventID"].as_str().unwrap().to_owned()).collect()
}

fn evidence(home: &TestHome<'_>, which: &[&str], out: &Path) -> Finished {
    let (name, out) = (home.name(), out.display().to_string());
    home.program(EXE).run(&[which, &["--out", &out, "--home", &name, "-o", "json"]].concat())
}

/// The verdict of a bundle's own script: its exit code, and its last line.
fn checked(bundle: &Path) -> (Option<i32>, String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    zip::ZipArchive::new(File::open(bundle).unwrap()).unwrap().extract(folder.path()).unwrap();
    let output = Command::new("sh").arg(folder.path().join("verify.sh")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), said.lines().last().unwrap_or_default().to_owned(), folder)
}

#[test]
fn ten_random_events_are_proven_by_the_binaries_alone() {
    let (made, home) = (Made::new(4), TestHome::folder());
    made.collect_with_proof(&home);
    // Random by the hash of the ID, the same in every run of the same sample.
    let ten = ids(&home, "SELECT eventID FROM events WHERE eventID IS NOT NULL ORDER BY md5(eventID) LIMIT 10");
    let bundle = made.path("bundle.zip");
    let proof = evidence(&home, &["evidence", "--event", &ten.join(",")], &bundle).expect_code(0).json();
    assert_eq!((&proof["records"], &proof["records_proven"], &proof["keys"]), (&json!(10), &json!(10), &json!(1)), "{proof}");
    let (code, verdict, folder) = checked(&bundle);
    assert_eq!((code, verdict.starts_with("PROVEN: all 10 records")), (Some(0), true), "{verdict}");
    // `verify` is for whole hours: it says how a bundle is checked, packed or not.
    for place in [bundle.as_path(), folder.path()] {
        let told = home.program(EXE).run(&["verify", &place.display().to_string()]).expect_code(2).stderr;
        assert!(told.contains("is a bundle of `trailkeep evidence`") && told.contains("verify.sh"), "{told}");
    }
    for id in &ten {
        let records = fs::read_dir(folder.path().join("records")).unwrap();
        assert!(records.flatten().any(|record| record.file_name().to_string_lossy().starts_with(id.as_str())), "{id}");
    }
    // One letter of one record, and of one log file.
    for part in ["records", "logs"] {
        let (_, _, folder) = checked(&bundle);
        let file = fs::read_dir(folder.path().join(part)).unwrap().flatten().next().unwrap().path();
        let text = fs::read_to_string(&file).unwrap().replacen("eventVersion", "eventversion", 1);
        fs::write(&file, text).unwrap();
        let output = Command::new("sh").arg(folder.path().join("verify.sh")).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{part}: {}", String::from_utf8_lossy(&output.stdout));
    }
    // After a compaction, by a statement, and without the source.
    fs::remove_dir_all(made.path("example-organization-logs")).unwrap();
    home.program(EXE).run(&["compact", "--home", &home.name(), "--grace", "0s"]).expect_code(0);
    let again = made.path("again.zip");
    let sql = "SELECT eventName, eventID FROM events WHERE eventName = 'StopLogging'";
    let proof = evidence(&home, &["evidence", "--sql", sql], &again).expect_code(0).json();
    assert!(proof["records"].as_u64() > Some(0), "{proof}");
    assert_eq!(checked(&again).0, Some(0));
}

#[test]
fn what_cannot_be_proven_says_why() {
    let (made, home) = (Made::new(2), TestHome::folder());
    let bundle = made.path("bundle.zip");
    // The newest digests have not come yet: nor have any keys.
    let mut all = Vec::new();
    digests(&made.path("example-organization-logs"), &mut all);
    let late: Vec<PathBuf> = all.into_iter().filter(|file| is_late(file)).collect();
    let aside: Vec<(PathBuf, Vec<u8>)> = late.into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect();
    aside.iter().for_each(|(file, _)| fs::remove_file(file).unwrap());
    made.collect(&home, &[]);
    let newest = ids(&home, "SELECT eventID FROM events WHERE eventID IS NOT NULL ORDER BY eventTime DESC LIMIT 1");
    let oldest = ids(&home, "SELECT eventID FROM events WHERE eventID IS NOT NULL ORDER BY eventTime LIMIT 1");
    let unproven = |id: &str, code: i32| -> Value {
        let _ = fs::remove_file(&bundle);
        let proof = evidence(&home, &["evidence", "--event", id], &bundle).expect_code(code).json();
        assert_eq!(checked(&bundle).0, Some(i32::from(code != 0)), "{proof}");
        proof["unproven"].clone()
    };
    let why = unproven(&newest[0], 5).to_string();
    assert!(why.contains("not in the lake yet") && why.contains("collect again"), "{why}");
    let why = unproven(&oldest[0], 5).to_string();
    assert!(why.contains("came without its metadata") || why.contains("public key"), "{why}");
    aside.iter().for_each(|(file, body)| fs::write(file, body).unwrap());
    made.collect_with_proof(&home);
    assert_eq!(unproven(&newest[0], 0), json!([]));
    // What is not there, and what is no question.
    let _ = fs::remove_file(&bundle);
    let some = evidence(&home, &["evidence", "--event", &format!("{},nothing", oldest[0])], &bundle).expect_code(5).json();
    assert!(some["unproven"].to_string().contains("there is no event `nothing`"), "{some}");
    let there = evidence(&home, &["evidence", "--event", &oldest[0]], &bundle).expect_code(2);
    assert!(there.stderr.contains("is there already"), "{}", there.stderr);
    for (which, code, said) in [
        (["evidence", "--event", "nothing"], 1, "there is no event `nothing`"),
        (["evidence", "--sql", "SELECT eventName FROM events"], 2, "no column eventID"),
        (["evidence", "--sql", "SELECT eventID FROM events WHERE false"], 1, "found no event"),
        (["evidence", "--sql", "DROP TABLE events"], 1, "only SELECT"),
    ] {
        let other = made.path("other.zip");
        let finished = evidence(&home, &which, &other).expect_code(code);
        assert!(finished.stderr.contains(said) && !other.exists(), "{which:?}: {}", finished.stderr);
    }
}

fn digests(folder: &Path, into: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => digests(&path, into),
            false if path.to_string_lossy().contains("CloudTrail-Digest") => into.push(path),
            false => {}
        }
    }
}

/// A digest that ended after yesterday's noon.
fn is_late(file: &Path) -> bool {
    let noon = chrono::Utc::now().date_naive().pred_opt().unwrap().format("%Y%m%dT120000Z").to_string();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    name.trim_end_matches(".json.gz").rsplit('_').next() > Some(noon.as_str())
}
