//! The sample's digests against its log files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::sync::LazyLock;

use chrono::NaiveDate;
use libdeflater::Decompressor;
use seal::{Digest, PublicKeys};
use serde_json::Value;

use super::*;

static KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::generate().unwrap());

fn plan() -> Plan {
    let end = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    let regions = ["us-east-1", "eu-west-1"].map(str::to_owned).to_vec();
    Plan { events: 3_000, days: 2, accounts: 3, regions, gzip_level: 1, ..Plan::demo(end) }
}

/// What the plan makes: signing is slow where nothing is optimized.
static MADE: LazyLock<(Vec<Stored>, Totals)> = LazyLock::new(|| make(&plan()));

/// A digest file, its content, and what that says.
type Made<'a> = (&'a DigestFile, Vec<u8>, Digest);

fn make(plan: &Plan) -> (Vec<Stored>, Totals) {
    let mut stored = plan.with_digests(&KEY);
    let all = stored.by_ref().map(Result::unwrap).collect();
    (all, stored.totals())
}

fn parts(stored: &[Stored]) -> (Vec<&Delivery>, Vec<Made<'_>>) {
    let (mut logs, mut digests) = (Vec::new(), Vec::new());
    for stored in stored {
        match stored {
            Stored::Log(log) => logs.push(log),
            Stored::Digest(file) => {
                let content = inflate(&file.body);
                let digest = Digest::parse(&content).unwrap();
                digests.push((file, content, digest));
            }
        }
    }
    (logs, digests)
}

fn inflate(body: &[u8]) -> Vec<u8> {
    let size = u32::from_le_bytes(*body.last_chunk::<4>().unwrap());
    let mut content = vec![0; size as usize];
    Decompressor::new().gzip_decompress(body, &mut content).unwrap();
    content
}

#[test]
fn the_same_plan_and_key_give_the_same_bytes_and_the_same_log_files_as_without_digests() {
    let (first, totals) = &*MADE;
    assert!(*MADE == make(&plan()));
    let mut alone = plan().deliveries();
    let deliveries: Vec<Delivery> = alone.by_ref().collect();
    assert_eq!(parts(first).0, deliveries.iter().collect::<Vec<_>>());
    let without = Totals { digests: 0, digests_empty: 0, deliveries_in_digests: 0, ..totals.clone() };
    assert_eq!(without, *alone.totals());
}

#[test]
fn every_log_file_is_listed_once_in_the_hour_of_its_delivery() {
    let (stored, totals) = &*MADE;
    let (logs, digests) = parts(stored);
    let mut listed: BTreeMap<&str, (&LogFile, &Digest)> = BTreeMap::new();
    for (_, _, digest) in &digests {
        for entry in &digest.log_files {
            assert!(listed.insert(&entry.s3_object, (entry, digest)).is_none(), "{} is listed twice", entry.s3_object);
        }
    }
    assert_eq!(listed.len(), logs.len());
    for log in logs {
        let (entry, digest) = listed[log.key.as_str()];
        let place = layout::place(&log.key).unwrap();
        let hour = place.delivered.unwrap().format("%Y-%m-%dT%H:00:00Z").to_string();
        assert_eq!(digest.digest_start_time, hour, "{}", log.key);
        assert_eq!(digest.aws_account_id.as_ref(), Some(&place.account));
        assert_eq!(layout::digest_name(&digest.digest_s3_object).unwrap().region, place.region);
        assert_eq!((entry.hash_value.clone(), entry.s3_bucket.as_str()), (hex(&log.content_sha256), plan().bucket.as_str()));
        let (oldest, newest) = times(log);
        assert_eq!((entry.oldest_event_time.clone(), entry.newest_event_time.clone()), (Some(oldest), Some(newest)), "{}", log.key);
    }
    assert_eq!((totals.deliveries_in_digests, totals.digests), (totals.deliveries, digests.len() as u64));
    assert_eq!(totals.digests_empty, digests.iter().filter(|(_, _, digest)| digest.log_files.is_empty()).count() as u64);
    assert!(totals.digests_empty > 0 && totals.digests_empty < totals.digests);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Oldest and newest time of a log file's records; of aggregated records, the begin of their window.
fn times(log: &Delivery) -> (String, String) {
    let content: Value = serde_json::from_slice(&inflate(&log.body)).unwrap();
    let time = |record: &Value| {
        let time = record["eventTime"].as_str().or(record["timeWindow"]["windowStart"].as_str());
        time.unwrap().to_owned()
    };
    let times: Vec<String> = content["Records"].as_array().unwrap().iter().map(time).collect();
    (times.iter().min().unwrap().clone(), times.iter().max().unwrap().clone())
}

#[test]
fn every_chain_is_whole_and_signed() {
    let (stored, totals) = &*MADE;
    let (_, digests) = parts(stored);
    let public = KEY.public().unwrap();
    let mut chains: BTreeMap<(String, String), Option<Link>> = BTreeMap::new();
    let mut ends: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (file, content, digest) in &digests {
        let name = layout::digest_name(&file.key).unwrap();
        assert_eq!(layout::kind(&file.key), layout::Kind::Digest);
        assert_eq!(layout::place(&file.key).unwrap().organization.as_deref(), Some("o-exampleorgid"));
        assert_eq!((&digest.digest_s3_object, name.end.format("%FT%TZ").to_string()), (&file.key, digest.digest_end_time.clone()));
        let signature = file.metadata[0].1.clone();
        let to_sign = digest.string_to_sign(&seal::sha256(content));
        let bytes: Vec<u8> =
            (0..signature.len()).step_by(2).map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap()).collect();
        assert!(public.verify(to_sign.as_bytes(), &bytes), "{}", file.key);

        let place = (name.account, name.region);
        let previous = chains.entry(place.clone()).or_default();
        assert_eq!(digest.previous(), previous.as_ref().map(Link::as_previous), "{}", file.key);
        assert_eq!(digest.is_start(), previous.is_none());
        *previous = Some(Link::to(&plan().bucket, &file.key, content, &signature));
        let end_s = name.end.timestamp();
        assert_eq!(ends.insert(place, end_s).unwrap_or(plan().start_s()), end_s - HOUR_S, "no hour is left out: {}", file.key);
    }
    assert!(ends.values().all(|end_s| *end_s == plan().end_s()));
    // Three accounts in two Regions, and the Region that the attack turns to.
    assert_eq!(chains.len(), 7);
    assert_eq!(totals.digests, 7 * 2 * 24);
}

#[test]
fn digests_come_after_the_log_files_that_they_list_and_before_those_of_the_day_after_next() {
    let mut closed_s = i64::MIN;
    for stored in &MADE.0 {
        match stored {
            Stored::Digest(file) => closed_s = closed_s.max(layout::digest_name(&file.key).unwrap().end.timestamp()),
            Stored::Log(log) => {
                assert!((closed_s..closed_s.saturating_add(2 * DAY_S)).contains(&log.delivered_s) || closed_s == i64::MIN)
            }
        }
    }
}

#[test]
fn odd_plans_have_digests_too() {
    for (accounts, regions, days, events) in [(0, 1, 1, 10), (1, 0, 1, 10), (1, 1, 1, 100), (2, 1, 0, 100), (3, 2, 1, 0)] {
        let mut odd = Plan { accounts, events, days, ..plan() };
        odd.regions.truncate(regions);
        let (_, totals) = make(&odd);
        assert_eq!(totals.deliveries_in_digests, totals.deliveries);
    }
}

#[test]
fn the_public_key_is_listed_for_the_plan() {
    let keys = PublicKeys::parse(public_keys_json(&plan(), &KEY).unwrap().as_bytes()).unwrap();
    let key = keys.find(&KEY.fingerprint(), "eu-west-1").next().unwrap();
    assert!(key.valid_from.unwrap().timestamp() < plan().start_s() && key.valid_to.unwrap().timestamp() > plan().end_s());
    assert_eq!(key.key.as_ref().unwrap().pkcs1(), KEY.public_pkcs1());
}
