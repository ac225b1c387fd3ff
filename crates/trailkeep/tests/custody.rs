//! A home under seal: proven from its own rows, and every change of it found.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
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

/// Checkpoints are derived: whether they are there or not changes nothing.
fn is_derived(file: &Path) -> bool {
    file.to_string_lossy().contains("checkpoint")
}

#[test]
fn every_changed_or_deleted_file_is_found_and_named() {
    let Some((home, chain)) = sealed("custody::every_changed_or_deleted_file_is_found_and_named") else { return };
    let folder = home.path().expect("a folder");
    let mut files = Vec::new();
    all_files(&folder, &mut files);
    for file in files.iter().filter(|file| !is_derived(file)) {
        let whole = fs::read(file).expect("a file of the home");
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(file, &changed).expect("changing it");
        let after_change = verify(&home, &chain);
        fs::remove_file(file).expect("deleting it");
        let after_removal = verify(&home, &chain);
        fs::write(file, &whole).expect("putting it back");
        for (how, (code, report)) in [("changed", after_change), ("deleted", after_removal)] {
            assert_eq!(code, Some(4), "{} was {how}: {report}", file.display());
            let violation = |finding: &&Value| finding["level"] == "violation" && finding["key"].is_string();
            assert!(report["findings"].as_array().is_some_and(|all| all.iter().any(|one| violation(&one))), "{report}");
        }
    }
    assert_eq!(verify(&home, &chain).0, Some(0), "everything is back");
}

fn all_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the home").flatten() {
        if entry.path().is_dir() { all_files(&entry.path(), into) } else { into.push(entry.path()) }
    }
}
