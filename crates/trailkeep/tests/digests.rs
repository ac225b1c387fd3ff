//! Digests through the program: kept as they came, once, with the metadata that signs them, wherever they come from.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testbed::{DigestChain, Killer, Moto, Outcome, Python, Stage, TestHome};

use crate::asked::{Asked, files, number};
use crate::collect::{assert_balanced, picked};
use crate::readers::DELTA_EXTENSION;

/// Hours of the chains here; each has one digest.
const HOURS: u64 = 26;
/// Log files of an hour.
const LOGS: u64 = 2;
const CHAIN: [&str; 10] = ["--hours", "26", "--files", "2", "--events", "3", "--org", "o-abc123", "--end", "2026-11-22T08:00:00Z"];

/// Rows of digests in the ledger.
const DIGESTS: &str =
    "SELECT key, status, etag, metadata, evidence, encode(storedsha256, 'hex') AS stored, contentsha256 IS NULL AS unread,
    reason, account, region, records FROM deliveries WHERE family = 'CloudTrail-Digest'";

#[test]
fn a_folder_then_its_metadata_then_nothing_new() {
    let Some(chain) = DigestChain::make("digests::a_folder_then_its_metadata_then_nothing_new", &CHAIN) else { return };
    let (home, source) = (TestHome::folder(), chain.bucket().display().to_string());
    let asked = Asked::of(&home);
    let first = asked.collect(&source, 0);
    assert_balanced(&first);
    assert_eq!(picked(&first, &["ingested", "digests", "ignored"]), [HOURS * LOGS, HOURS, 0], "{first}");
    assert_eq!(first["records"]["stored"], HOURS * LOGS * 3);
    assert_kept(&asked, &home, &chain.bucket());
    assert!(asked.query(DIGESTS).iter().all(|row| row["metadata"].is_null() && row["status"] == "evidence"));
    assert_eq!(picked(&asked.collect(&source, 0), &["known", "digests"]), [HOURS * (LOGS + 1), 0]);
    // The metadata of a copy comes later, also for what was collected without. Then there is nothing left to do.
    let metadata = chain.metadata().display().to_string();
    for rows in [2 * HOURS, 2 * HOURS] {
        let again = asked.collect_with(&source, &["--metadata", &metadata], 0);
        assert_eq!(picked(&again, &["known", "digests"]), [HOURS * (LOGS + 1), 0], "{again}");
        assert_eq!(asked.query(DIGESTS).len() as u64, rows);
    }
    assert_eq!(signatures(&asked), expected_signatures(&chain));
    assert_eq!(picked(&asked.collect(&source, 0), &["known"]), [HOURS * (LOGS + 1)]);
    asked.verb(&["compact", "--grace", "0s"]);
    assert_kept(&asked, &home, &chain.bucket());
    let standing: Value = serde_json::from_str(&asked.verb(&["status", "-o", "json"])).unwrap();
    assert_eq!((number(&standing["totals"]["digests"]), number(&standing["totals"]["deliveries"])), (HOURS, HOURS * LOGS));
}

#[test]
fn a_bucket_with_its_metadata() {
    const TEST: &str = "digests::a_bucket_with_its_metadata";
    let Some(chain) = DigestChain::make(TEST, &CHAIN) else { return };
    let Some(moto) = Moto::start(TEST, "other") else { return };
    if !chain.push(TEST, &moto) {
        return;
    }
    let home = TestHome::folder();
    let asked = Asked::with_environment(&home, moto.environment());
    let source = format!("s3://{}", chain.text("bucket"));
    let planned: Value = serde_json::from_str(&asked.verb(&["collect", &source, "--plan", "-o", "json"])).unwrap();
    assert_eq!(number(&planned["objects"]), HOURS * (LOGS + 1), "{planned}");
    let first = asked.collect(&source, 0);
    assert_balanced(&first);
    assert_eq!(picked(&first, &["ingested", "digests"]), [HOURS * LOGS, HOURS], "{first}");
    assert_eq!(signatures(&asked), expected_signatures(&chain));
    assert_kept(&asked, &home, &chain.bucket());
    let again = asked.collect(&source, 0);
    assert_eq!((picked(&again, &["known", "digests"]), number(&again["requests"]["read"])), (vec![HOURS * (LOGS + 1), 0], 0));
}

#[test]
fn every_wrapping_keeps_the_same() {
    const TEST: &str = "digests::every_wrapping_keeps_the_same";
    let Some(chain) = DigestChain::make(TEST, &CHAIN) else { return };
    let Some(python) = Python::find(TEST, &["tarfile", "zipfile"]) else { return };
    let wrapped = tempfile::tempdir().unwrap();
    python.json(WRAP, &[&chain.bucket().display().to_string(), &wrapped.path().display().to_string()]);
    let metadata = chain.metadata().display().to_string();
    let expected = expected_signatures(&chain);
    for (file, is_stdin) in [("logs.tar", false), ("logs.tar.gz", false), ("logs.zip", false), ("logs.tar.gz", true)] {
        let (home, path) = (TestHome::folder(), wrapped.path().join(file));
        let asked = Asked::of(&home);
        let collect = || match is_stdin {
            true => asked.collect_stdin_with(&path, &["--metadata", &metadata], 0),
            false => asked.collect_with(&path.display().to_string(), &["--metadata", &metadata], 0),
        };
        let (first, again) = (collect(), collect());
        assert_eq!(picked(&first, &["ingested", "digests"]), [HOURS * LOGS, HOURS], "{file}: {first}");
        assert_eq!(picked(&again, &["known", "digests"]), [HOURS * (LOGS + 1), 0], "{file}: {again}");
        assert_eq!(signatures(&asked), expected, "{file}");
    }
}

#[test]
fn one_digest_is_known_by_what_it_says() {
    let Some(chain) = DigestChain::make("digests::one_digest_is_known_by_what_it_says", &CHAIN) else { return };
    let (home, renamed) = (TestHome::folder(), tempfile::tempdir().unwrap());
    let asked = Asked::of(&home);
    let (_, digest) = digest_files(&chain.bucket()).pop_first().unwrap();
    assert_eq!(picked(&asked.collect_stdin(&digest, 0), &["found", "digests"]), [1, 1]);
    std::fs::copy(&digest, renamed.path().join("evidence-17.json.gz")).unwrap();
    std::fs::write(renamed.path().join("package.json"), b"{\"name\": \"no digest\"}").unwrap();
    let summary = asked.collect(&renamed.path().display().to_string(), 0);
    assert_eq!(picked(&summary, &["digests", "ignored"]), [1, 1], "{summary}");
    let rows = asked.query(DIGESTS);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["account"] == chain.text("account") && row["region"] == chain.text("region")), "{rows:?}");
}

#[test]
fn damaged_and_altered_digests_are_kept_and_told() {
    let Some(chain) = DigestChain::make("digests::damaged_and_altered_digests_are_kept_and_told", &CHAIN) else { return };
    let (home, source) = (TestHome::folder(), chain.bucket().display().to_string());
    let asked = Asked::of(&home);
    let mut digests: Vec<_> = digest_files(&chain.bucket()).into_iter().collect();
    let (cut_key, cut) = digests.pop().unwrap();
    let bytes = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let first = asked.collect(&source, 5);
    assert_balanced(&first);
    assert_eq!(picked(&first, &["digests", "refused"]), [HOURS, 0], "{first}");
    assert_eq!((&first["flawed"][0]["key"], first["flawed"].as_array().unwrap().len()), (&json!(cut_key), 1), "{first}");
    let row = asked.query(&format!("{DIGESTS} AND key = '{cut_key}'")).remove(0);
    assert!(row["unread"] == true && row["reason"].as_str().unwrap().contains("damaged"), "{row}");
    assert_kept(&asked, &home, &chain.bucket());
    // Somebody writes another digest over one that was collected: both are kept, and it is told.
    let (key, path) = digests.pop().unwrap();
    std::fs::copy(&digests[0].1, &path).unwrap();
    let second = asked.collect(&source, 5);
    assert_eq!((picked(&second, &["digests"]), &second["overwritten"]), (vec![1], &json!([key])), "{second}");
    assert_eq!(asked.query(&format!("{DIGESTS} AND key = '{key}' AND status = 'evidence'")).len(), 2);
    assert_eq!(picked(&asked.collect(&source, 0), &["digests", "known"]), [0, HOURS * (LOGS + 1)]);
}

#[test]
fn digests_can_be_chosen_like_logs() {
    let Some(chain) = DigestChain::make("digests::digests_can_be_chosen_like_logs", &CHAIN) else { return };
    let source = chain.bucket().display().to_string();
    for (arguments, digests) in [
        (["--since", "2026-11-23T00:00:00Z"], 9), // folders of the day before may hold it: those that end on the 22nd
        (["--account", "999999999999"], 0),
        (["--region", chain.text("region")], HOURS),
    ] {
        let home = TestHome::folder();
        let summary = Asked::of(&home).collect_with(&source, &arguments, 0);
        assert_eq!(picked(&summary, &["digests"]), [digests], "{arguments:?} {summary}");
    }
}

#[test]
fn public_keys_are_kept_or_refused() {
    let Some(chain) = DigestChain::make("digests::public_keys_are_kept_or_refused", &CHAIN) else { return };
    let (home, source, folder) = (TestHome::folder(), chain.bucket().display().to_string(), tempfile::tempdir().unwrap());
    let asked = Asked::of(&home);
    let keys = chain.public_keys().display().to_string();
    for _ in 0..2 {
        asked.collect_with(&source, &["--public-keys", &keys], 0);
    }
    let kept = home.names("evidence/keys/any");
    assert_eq!(kept.len(), 1);
    let document: Value = serde_json::from_slice(&home.get(&format!("evidence/keys/any/{}", kept[0])).unwrap()).unwrap();
    assert_eq!(document["answer"], std::fs::read_to_string(&keys).unwrap());
    assert_eq!(document["source"], json!({ "file": keys }));
    for (name, text, wanted) in [
        ("no.json", "{}", "no answer of ListPublicKeys"),
        ("empty.json", r#"{"PublicKeyList": []}"#, "holds no public key"),
        ("meta.jsonl", "[\"bucket\"]", "line 1"),
    ] {
        let file = folder.path().join(name).display().to_string();
        std::fs::write(&file, text).unwrap();
        let flag = if name == "meta.jsonl" { "--metadata" } else { "--public-keys" };
        let told = asked.fails(&["collect", &source, flag, &file], 2);
        assert!(told.contains(wanted) && told.contains(name), "{told}");
    }
    assert_eq!(home.names("evidence/keys/any").len(), 1);
}

#[test]
fn killed_while_digests_come() {
    let Some(chain) = DigestChain::make("digests::killed_while_digests_come", &CHAIN) else { return };
    let (mut killer, source) = (Killer::new(3), chain.bucket().display().to_string());
    let metadata = chain.metadata().display().to_string();
    for round in 0..4 {
        let home = TestHome::folder();
        let asked = Asked::of(&home);
        for stage in [Stage::Fetch, Stage::Ledger, Stage::Commit, Stage::LedgerCommit] {
            let arguments = ["collect", &source, "--metadata", &metadata];
            let commands = (0..1 + round % 2).map(|_| asked.command(&arguments)).collect();
            let outcomes = killer.strike("digests", commands, stage, 1);
            assert!(!outcomes.iter().any(|outcome| matches!(outcome, Outcome::Finished(code) if *code != 0)), "{outcomes:?}");
        }
        asked.collect_with(&source, &["--metadata", &metadata], 0);
        assert_eq!(asked.query(DIGESTS).len() as u64, HOURS, "each digest is in the ledger once");
        assert_eq!(asked.number("SELECT count(*) AS n FROM deliveries"), HOURS * (LOGS + 1));
        assert_eq!(asked.number("SELECT count(*) AS n FROM events"), HOURS * LOGS * 3);
        assert_eq!(signatures(&asked), expected_signatures(&chain));
        assert_kept(&asked, &home, &chain.bucket());
    }
    assert!(killer.inside(Stage::Ledger) > 0, "a collector was killed while it wrote evidence and ledger");
}

#[test]
fn a_home_of_format_2_is_upgraded_and_others_read_it() {
    const TEST: &str = "digests::a_home_of_format_2_is_upgraded_and_others_read_it";
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/homes/format-2");
    let home = TestHome::folder();
    copy(&old.join("home"), &home.path().unwrap());
    let asked = Asked::of(&home);
    // Any verb upgrades; nothing is known of metadata then, and nobody has judged anything.
    let before = asked.query("SELECT status, metadata, verdict, count(*) AS n FROM deliveries GROUP BY 1, 2, 3 ORDER BY 1");
    let row = |status: &str, n: u64| json!({ "status": status, "metadata": null, "verdict": "pending", "n": n });
    assert_eq!(before, [row("ingested", 4), row("refused", 1)]);
    assert!(home.has("config/format/4.json") && home.has("verdicts/_delta_log/00000000000000000000.json"));
    let metadata = old.join("metadata.jsonl").display().to_string();
    let deliveries = old.join("deliveries.tar.gz");
    let summary = asked.collect_stdin_with(&deliveries, &["--metadata", &metadata], 5);
    assert_balanced(&summary);
    assert_eq!(picked(&summary, &["ingested", "digests", "known", "refused"]), [1, 2, 4, 1], "{summary}");
    assert_eq!(asked.number("SELECT count(*) AS n FROM events"), 5);
    assert_eq!(asked.number("SELECT count(metadata) AS n FROM deliveries"), 1);
    asked.verb(&["compact", "--grace", "0s"]);
    assert_eq!(asked.exported().len(), 5, "log files that are written again");
    let Some(python) = Python::find(TEST, &["duckdb", "duckdb_extension_delta", "deltalake", "pyarrow", "chdb"]) else { return };
    let path = home.path().unwrap().display().to_string();
    for (engine, script) in [("duckdb", DUCKDB), ("deltalake", DELTALAKE), ("chdb", CHDB)] {
        let read = python.json(&[DELTA_EXTENSION, script].concat(), &[&path]);
        let expected = json!({ "archive": 5, "ledger": 8, "metadata": 1, "evidence": 2, "verdicts": 0 });
        assert_eq!(read, expected, "{engine}");
    }
}

/// All digests of a bucket's copy by their key.
fn digest_files(bucket: &Path) -> BTreeMap<String, std::path::PathBuf> {
    files(bucket).into_iter().filter(|(key, _)| key.contains("/CloudTrail-Digest/")).collect()
}

/// The home has each digest of a source as evidence, byte for byte.
#[track_caller]
fn assert_kept(asked: &Asked, home: &TestHome<'_>, bucket: &Path) {
    let rows = asked.query(&format!("{DIGESTS} AND status = 'evidence'"));
    let digests = digest_files(bucket);
    assert_eq!(rows.len(), digests.len());
    for row in rows {
        let stored = std::fs::read(&digests[row["key"].as_str().unwrap()]).unwrap();
        let sha256 = Sha256::digest(&stored).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!((row["stored"].as_str(), number(&row["records"])), (Some(sha256.as_str()), 0), "{row}");
        let evidence = row["evidence"].as_str().unwrap();
        assert!(evidence.starts_with("evidence/digests/2026-11-2") && evidence.ends_with(&sha256), "{row}");
        assert_eq!(home.get(evidence).as_deref(), Some(stored.as_slice()), "{row}");
    }
}

/// Signatures in the ledger by key.
fn signatures(asked: &Asked) -> BTreeMap<String, Value> {
    let signed = asked.query(&format!("{DIGESTS} AND metadata IS NOT NULL"));
    let metadata = |row: &Value| serde_json::from_str(row["metadata"].as_str().unwrap()).unwrap();
    signed.iter().map(|row| (key_in_bucket(row["key"].as_str().unwrap()), metadata(row))).collect()
}

fn expected_signatures(chain: &DigestChain) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(chain.metadata()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<(String, Value)>(line).unwrap());
    lines.map(|(place, metadata)| (key_in_bucket(&place), metadata)).collect()
}

/// A key without what a copy put before it.
fn key_in_bucket(key: &str) -> String {
    key.find("AWSLogs/").and_then(|at| key.get(at..)).unwrap_or(key).to_owned()
}

fn copy(from: &Path, to: &Path) {
    for (key, path) in files(from) {
        let target = to.join(key);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(path, target).unwrap();
    }
}

/// Packs a folder under its own name.
const WRAP: &str = r#"
import json, os, sys, tarfile, zipfile
source, out = sys.argv[1:]
for name, mode in (("logs.tar", "w"), ("logs.tar.gz", "w:gz")):
    with tarfile.open(os.path.join(out, name), mode) as tar:
        tar.add(source, os.path.basename(source))
with zipfile.ZipFile(os.path.join(out, "logs.zip"), "w") as archive:
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, os.path.dirname(source)))
print(json.dumps(None))
"#;

const DUCKDB: &str = r#"
home, = sys.argv[1:]
connection = duckdb_with_delta()
one = lambda sql: connection.execute(sql).fetchone()[0]
table = lambda name: f"delta_scan('{home}/{name}')"
print(json.dumps({
    "archive": one(f"SELECT count(*) FROM {table('archive')}"),
    "ledger": one(f"SELECT count(*) FROM {table('ledger')}"),
    "metadata": one(f"SELECT count(metadata) FROM {table('ledger')}"),
    "evidence": one(f"SELECT count(*) FROM {table('ledger')} WHERE status = 'evidence' AND deliveryday = '2026-11-20'"),
    "verdicts": one(f"SELECT count(verdict) FROM {table('verdicts')}"),
}))
"#;

const DELTALAKE: &str = r#"
from deltalake import DeltaTable
home, = sys.argv[1:]
table = lambda name: DeltaTable(f"{home}/{name}").to_pyarrow_table()
archive, ledger, verdicts = table("archive"), table("ledger"), table("verdicts")
status = ledger["status"].to_pylist()
print(json.dumps({
    "archive": archive.num_rows, "ledger": ledger.num_rows,
    "metadata": ledger.num_rows - ledger["metadata"].null_count,
    "evidence": status.count("evidence"), "verdicts": verdicts.num_rows,
}))
"#;

const CHDB: &str = r#"
home, = sys.argv[1:]
os.chdir(home)  # it reads nothing outside of the working folder
import chdb
def one(sql, name):
    return int(json.loads(str(chdb.query(f"SELECT {sql} AS n FROM deltaLakeLocal('{home}/{name}')", "JSON")))["data"][0]["n"])
print(json.dumps({
    "archive": one("count()", "archive"), "ledger": one("count()", "ledger"), "metadata": one("count(metadata)", "ledger"),
    "evidence": one("countIf(status = 'evidence')", "ledger"), "verdicts": one("count()", "verdicts"),
}))
"#;
