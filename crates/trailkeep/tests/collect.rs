//! Real logs through the program: the published collections of CloudTrail events, in every wrapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use testbed::{Moto, Python, TestHome, corpora};

use crate::asked::{Asked, files};
use crate::organization::{Organization, small_plan};

#[test]
fn invictus_is_collected_once() {
    let Some(folder) = corpora("collect::invictus_is_collected_once") else { return };
    let (home, source) = (TestHome::folder(), name(&folder, "invictus"));
    let asked = Asked::of(&home);
    let first = asked.collect(&source, 0);
    assert_eq!(picked(&first, &["ingested", "known", "refused"]), [55, 0, 0], "{first}");
    assert_eq!(first["records"]["stored"], 2_900, "{first}");
    assert_balanced(&first);
    let again = asked.collect(&source, 0);
    assert_eq!(picked(&again, &["ingested", "known", "refused"]), [0, 55, 0], "{again}");
    assert_eq!(again["records"]["stored"], 0, "{again}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 2_900);
    assert_written_again(&asked, &folder.join("invictus"));
    asked.verb(&["compact", "--grace", "0s"]);
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 2_900);
    assert_written_again(&asked, &folder.join("invictus"));
}

#[test]
fn stratus_comes_as_arrays() {
    let Some(folder) = corpora("collect::stratus_comes_as_arrays") else { return };
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    let summary = collect_whatever(&asked, &name(&folder, "stratus"));
    assert_eq!(picked(&summary, &["ingested", "refused"]), [35, 0], "{summary}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 310);
    assert_written_again(&asked, &folder.join("stratus"));
}

#[test]
fn awsdocs_has_conflicts() {
    let Some(folder) = corpora("collect::awsdocs_has_conflicts") else { return };
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    let summary = collect_whatever(&asked, &name(&folder, "awsdocs"));
    assert_eq!(summary["records"]["stored"], 33, "{summary}");
    assert!(summary["records"]["conflicting"].as_u64().unwrap() > 0, "the same IDs with other content: {summary}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 33);
    assert_written_again(&asked, &folder.join("awsdocs"));
}

#[test]
fn every_wrapping_gives_the_same() {
    const TEST: &str = "collect::every_wrapping_gives_the_same";
    let Some(folder) = corpora(TEST) else { return };
    let Some(python) = Python::find(TEST, &["tarfile", "zipfile"]) else { return };
    let (source, wrapped) = (folder.join("invictus"), tempfile::tempdir().unwrap());
    python.json(WRAP, &[&source.display().to_string(), &wrapped.path().display().to_string()]);
    let plain = answers(|asked| asked.collect(&source.display().to_string(), 0));
    for file in ["logs.tar", "logs.tar.gz", "logs.zip"] {
        let path = wrapped.path().join(file);
        assert_eq!(answers(|asked| asked.collect(&path.display().to_string(), 0)), plain, "{file}");
    }
    for file in ["logs.tar", "logs.tar.gz"] {
        let path = wrapped.path().join(file);
        assert_eq!(answers(|asked| asked.collect_stdin(&path, 0)), plain, "{file} on standard input");
    }
    for path in [wrapped.path().join("one.json"), wrapped.path().join("one.json.gz")] {
        let file = answers(|asked| asked.collect(&path.display().to_string(), 0));
        let stdin = answers(|asked| asked.collect_stdin(&path, 0));
        assert_eq!((file.0 > 0, &file), (true, &stdin), "{} on standard input", path.display());
    }
}

#[test]
fn an_organization_in_a_bucket_is_the_one_on_disk() {
    let Some(moto) = Moto::start("collect::an_organization_in_a_bucket_is_the_one_on_disk", "logs") else { return };
    let organization = Organization::write(&small_plan(3, 900), 1);
    moto.put_folder("logs", "", Path::new(&organization.parts()[0]));
    moto.put("logs", "AWSLogs/readme.txt", b"not a log");
    let home = TestHome::folder();
    let asked = Asked::with_environment(&home, moto.environment());
    let summary = asked.collect("s3://logs", 0);
    assert_balanced(&summary);
    assert_eq!(picked(&summary, &["ingested", "refused"]), [organization.totals.deliveries, 0], "{summary}");
    asked.assert_holds(&organization);
    let again = asked.collect("s3://logs", 0);
    assert_eq!(picked(&again, &["ingested"]), [0], "{again}");
}

#[test]
fn accounts_and_regions_can_be_chosen() {
    let organization = Organization::write(&small_plan(3, 900), 1);
    let source = &organization.parts()[0];
    for (flag, column, expected) in [
        ("--account", "recipientAccountId", &organization.totals.by_account),
        ("--region", "awsRegion", &organization.totals.by_region),
    ] {
        let (chosen, events) = expected.iter().next().unwrap();
        let home = TestHome::folder();
        let asked = Asked::of(&home);
        asked.verb(&["collect", source, flag, chosen]);
        assert_eq!(asked.number("SELECT count(*) AS n FROM events"), *events, "{flag} {chosen}");
        assert_eq!(asked.number(&format!("SELECT count(*) AS n FROM events WHERE {column} <> '{chosen}'")), 0, "{flag} {chosen}");
    }
}

/// Packs a folder, and one of its files.
const WRAP: &str = r#"
import gzip, json, os, shutil, sys, tarfile, zipfile
source, out = sys.argv[1:]
names = sorted(os.listdir(source))
for name, mode in (("logs.tar", "w"), ("logs.tar.gz", "w:gz")):
    with tarfile.open(os.path.join(out, name), mode) as tar:
        for entry in names:
            tar.add(os.path.join(source, entry), "logs/" + entry)
with zipfile.ZipFile(os.path.join(out, "logs.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
    for entry in names:
        archive.write(os.path.join(source, entry), "logs/" + entry)
one = os.path.join(source, next(entry for entry in names if entry.endswith(".json")))
shutil.copy(one, os.path.join(out, "one.json"))
with open(one, "rb") as plain, gzip.open(os.path.join(out, "one.json.gz"), "wb") as packed:
    shutil.copyfileobj(plain, packed)
print(json.dumps(len(names)))
"#;

/// What a fresh home answers after a collection: events, events by name, and the contents that it can write again.
fn answers(collect: impl FnOnce(&Asked) -> Value) -> (u64, BTreeMap<String, u64>, BTreeSet<[u8; 32]>) {
    let home = TestHome::folder();
    let asked = Asked::of(&home);
    let summary = collect(&asked);
    assert_balanced(&summary);
    (asked.number("SELECT count(*) AS n FROM events"), asked.by_event_name(), asked.exported().into_values().collect())
}

/// Collects a source in which some records may be odd; then the exit code says so.
fn collect_whatever(asked: &Asked, source: &str) -> Value {
    let summary = asked.collect_with_any_code(source);
    assert_balanced(&summary);
    summary
}

#[track_caller]
pub fn assert_balanced(summary: &Value) {
    let objects = picked(summary, &["found", "ingested", "digests", "known", "ignored", "refused", "archived"]);
    assert_eq!(objects[0], objects[1..].iter().sum::<u64>(), "objects balance: {summary}");
    let sum = |names: &[&str]| names.iter().map(|name| summary["records"][*name].as_u64().unwrap()).sum::<u64>();
    let read = summary["records"]["read"].as_u64().unwrap();
    assert_eq!(read, sum(&["stored", "duplicate", "filtered", "expired"]), "records balance: {summary}");
}

/// Sums of objects by their names.
#[track_caller]
pub fn picked(summary: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| summary["objects"][*name].as_u64().unwrap_or_else(|| panic!("no {name} in {summary}"))).collect()
}

/// Every log file of a source comes out with the bytes that it went in with.
fn assert_written_again(asked: &Asked, source: &Path) {
    let logs: BTreeMap<String, PathBuf> = files(source).into_iter().filter(|(key, _)| key.ends_with("json")).collect();
    let exported = asked.exported();
    for (key, path) in &logs {
        let sha256: [u8; 32] = Sha256::digest(std::fs::read(path).unwrap()).into();
        assert_eq!(exported.get(key), Some(&sha256), "{key}");
    }
    assert_eq!(exported.len(), logs.len(), "files written again");
}

fn name(folder: &Path, part: &str) -> String {
    folder.join(part).display().to_string()
}
