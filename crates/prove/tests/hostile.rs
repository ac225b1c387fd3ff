//! Digests that mean harm, even with AWS's own signature: each ends in a verdict, and nothing is read that was not given.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use seal::{Link, LogFile};
use trailkeep_prove::report::{Judgment, Kind, Report};
use trailkeep_prove::store::Folder;
use trailkeep_prove::strict::{Stores, verify};

use crate::world::*;

const HOURS: i64 = 6;

/// A link that says whatever it wants.
fn link(bucket: &str, object: &str) -> Link {
    Link { bucket: bucket.to_owned(), object: object.to_owned(), hash: "00".repeat(32), signature: "00".repeat(256) }
}

fn log_file(bucket: &str, object: &str) -> LogFile {
    LogFile::new(bucket, object, &seal::sha256(b"secret"), at(0), at(0))
}

/// A chain whose last digest names this before it and these log files.
fn ending_in(previous: Option<Link>, logs: Vec<LogFile>) -> Bucket {
    let mut bucket = Bucket::new("logs");
    let mut chain = Chain::new(TRAIL);
    chain.deliver(&mut bucket, 0..HOURS, 1);
    chain.previous = previous.or(chain.previous);
    chain.digest(&mut bucket, HOURS, logs);
    bucket
}

fn judged(bucket: &Bucket) -> Report {
    judge(bucket, &between(0, HOURS + 1))
}

#[test]
fn circles_end() {
    let own = TRAIL.digest_key(at(HOURS + 1), false);
    let newer = TRAIL.digest_key(at(HOURS + 9), false);
    let older = TRAIL.digest_key(at(1), false);
    for (previous, told) in [(own, Kind::DigestLink), (newer, Kind::DigestLink), (older, Kind::HoursSkipped)] {
        let report = judged(&ending_in(Some(link("logs", &previous)), Vec::new()));
        assert_ne!(report.judgment, Judgment::Proven);
        assert!(
            kinds(&report).contains(&told) || kinds(&report).contains(&Kind::DigestLink),
            "{previous}\n{}",
            self::told(&report)
        );
    }
}

fn told(report: &Report) -> String {
    crate::world::told(report)
}

#[test]
fn two_digests_that_name_each_other_end() {
    let mut bucket = Bucket::new("logs");
    let mut chain = Chain::new(TRAIL);
    for hour in 0..HOURS {
        // Each names the one after it, the last one the first.
        chain.previous = Some(link("logs", &TRAIL.digest_key(at((hour + 1) % HOURS + 1), false)));
        chain.digest(&mut bucket, hour, Vec::new());
    }
    assert_eq!(judged(&bucket).judgment, Judgment::Violated);
}

#[test]
fn nothing_outside_of_the_bucket_is_read() {
    let names = [
        "../secret",
        "AWSLogs/../../secret",
        "/etc/passwd",
        "//etc/passwd",
        "AWSLogs//secret",
        "./secret",
        "AWSLogs/./x",
        "",
        "..",
        "a\0b",
        &"x".repeat(5_000),
    ];
    for name in names {
        let bucket = ending_in(None, vec![log_file("logs", name)]);
        let stores = Stores { main: Arc::new(bucket), mapped: BTreeMap::new() };
        let keys = Keys { keys: vec![&KEY], is_complete: true };
        let report = verify(&stores, &keys, &between(0, HOURS + 1), at(HOURS + 1), &());
        assert_found(&report, Judgment::Violated, Kind::LogPlace);
    }
}

#[test]
fn foreign_buckets_are_told_and_not_asked() {
    let mut bucket = ending_in(None, vec![log_file("somebody-elses", "AWSLogs/secret.json.gz")]);
    let report = judged(&bucket);
    assert_found(&report, Judgment::Unproven, Kind::OtherBucket);
    assert!(bucket.reads.get_mut().unwrap().is_empty(), "the clone is read, not this one");
    let report = judged(&ending_in(Some(link("somebody-elses", &TRAIL.digest_key(at(HOURS), false))), Vec::new()));
    assert_eq!(report.judgment, Judgment::Unproven, "{}", told(&report));
    assert!(kinds(&report).contains(&Kind::OtherBucket), "{}", told(&report));
}

#[test]
fn a_folder_is_not_left() {
    let outside = tempfile::tempdir().unwrap();
    let root = outside.path().join("logs");
    fs::write(outside.path().join("secret"), gzip(b"secret")).unwrap();
    let secret = outside.path().join("secret").display().to_string();
    let names = ["../secret".to_owned(), secret.clone(), format!("AWSLogs/../../{secret}"), "AWSLogs/link".to_owned()];
    let bucket = ending_in(None, names.iter().map(|name| log_file("logs", name)).collect());
    for (key, stored) in &bucket.objects {
        let file = root.join(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &stored.bytes).unwrap();
    }
    std::os::unix::fs::symlink(outside.path().join("secret"), root.join("AWSLogs/link")).unwrap();
    let stores = Stores { main: Arc::new(Folder::open(&root).unwrap()), mapped: BTreeMap::new() };
    let keys = Keys { keys: vec![&KEY], is_complete: true };
    let report = verify(&stores, &keys, &between(0, HOURS + 1), at(HOURS + 1), &());
    assert_ne!(report.judgment, Judgment::Proven);
    // The content has the hash that the digest names: whoever had read it would have called it verified.
    assert_eq!(report.counts.logs_verified, HOURS as u64, "{}", told(&report));
}

#[test]
fn huge_lists_are_read_to_their_end() {
    const FILES: usize = 60_000;
    let key = |number: usize| TRAIL.log_key("CloudTrail", at(HOURS), &format!("{number:016}"));
    let bucket = ending_in(None, (0..FILES).map(|number| log_file("logs", &key(number))).collect());
    let report = judged(&bucket);
    assert_found(&report, Judgment::Violated, Kind::LogMissing);
    assert_eq!((report.counts.logs_missing, report.totals.by_kind[&Kind::LogMissing]), (FILES as u64, FILES as u64));
    assert!(report.findings.len() < 1_000, "all are counted, some are kept");
}

#[test]
fn one_file_named_many_times_is_counted_and_not_excused() {
    let mut bucket = Bucket::new("logs");
    let mut chain = Chain::new(TRAIL);
    let file = chain.log(&mut bucket, "CloudTrail", 0, 0);
    let added = bucket.put_log(&TRAIL, at(0), "ffffffffffffffff", &content("f"));
    chain.digest(&mut bucket, 0, vec![file.clone(), file]);
    let report = judge(&bucket, &up_to(1));
    assert_found(&report, Judgment::Violated, Kind::LogUnvouched);
    assert!(report.findings.iter().any(|finding| finding.key.as_ref() == Some(&added)), "{}", told(&report));
}

#[test]
fn windows_that_cannot_be_are_told() {
    let mut bucket = bucket_of(HOURS, 1);
    let key = TRAIL.digest_key(at(HOURS), false);
    for (from, to) in [
        ("digestStartTime\":\"2026", "digestStartTime\":\"1926"),
        ("digestStartTime\":\"2026", "digestStartTime\":\"9926"),
        ("digestEndTime\":\"2026", "digestEndTime\":\"2027"),
        ("digestStartTime\":\"2026", "digestStartTime\":\"+26"),
    ] {
        let stored = bucket.objects[&key].clone();
        let text = String::from_utf8(gunzip(&stored.bytes)).unwrap();
        assert!(text.contains(from), "{text}");
        bucket.objects.get_mut(&key).unwrap().bytes = gzip(text.replace(from, to).as_bytes());
        assert_found(&judge(&bucket, &between(0, HOURS)), Judgment::Violated, Kind::DigestTime);
        bucket.objects.insert(key.clone(), stored);
    }
}

#[test]
fn bombs_are_told() {
    for stored in [gzip(&vec![b' '; 80 << 20]), gzip(&vec![b'['; 8 << 20]), Vec::new(), b"\x1f\x8b".to_vec(), b"{}".to_vec()] {
        for kind in [is_digest as fn(&str) -> bool, is_log] {
            let mut bucket = bucket_of(HOURS, 1);
            let key = bucket.keys(kind)[2].clone();
            bucket.objects.get_mut(&key).unwrap().bytes = stored.clone();
            assert_eq!(judge(&bucket, &between(0, HOURS)).judgment, Judgment::Violated, "{key}");
        }
    }
}
