//! The sample against its own promises, by parsing what it made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use libdeflater::Decompressor;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Delivery, FileSizes, Plan, Totals};

fn plan(events: u64, days: u32) -> Plan {
    let end = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    Plan { events, days, gzip_level: 1, ..Plan::demo(end) }
}

fn make(plan: &Plan) -> (Vec<Delivery>, Totals) {
    let mut deliveries = plan.deliveries();
    let files: Vec<Delivery> = deliveries.by_ref().collect();
    (files, deliveries.totals().clone())
}

fn content(delivery: &Delivery) -> Vec<u8> {
    let mut out = vec![0; delivery.content_bytes as usize];
    let size = Decompressor::new().gzip_decompress(&delivery.body, &mut out).unwrap();
    assert_eq!(size, out.len());
    out
}

fn records(delivery: &Delivery) -> Vec<Value> {
    let bytes = content(delivery);
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&bytes)), delivery.content_sha256);
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let records = file["Records"].as_array().unwrap().clone();
    assert_eq!(records.len(), delivery.records as usize);
    records
}

fn text<'a>(record: &'a Value, member: &str) -> &'a str {
    record[member].as_str().unwrap_or_default()
}

fn id(record: &Value) -> &str {
    record["eventID"].as_str().or(record["eventId"].as_str()).unwrap()
}

#[test]
fn equal_plans_give_equal_bytes() {
    let (first, totals) = make(&plan(5_000, 4));
    let (again, totals_again) = make(&plan(5_000, 4));
    assert_eq!(first, again);
    assert_eq!(totals, totals_again);
    let (other, _) = make(&Plan { seed: 1, ..plan(5_000, 4) });
    assert_ne!(first, other);
}

#[test]
fn duplicates_do_not_move_the_first_trail() {
    let keys = |percent| -> BTreeSet<String> {
        let plan = Plan { duplicates_percent: percent, ..plan(4_000, 3) };
        make(&plan).0.into_iter().map(|delivery| delivery.key).collect()
    };
    assert!(keys(0).is_subset(&keys(40)));
}

#[test]
fn totals_equal_a_recount() {
    let (files, totals) = make(&plan(20_000, 35));
    let mut recount = Totals { attack: totals.attack.clone(), ..Totals::default() };
    let mut seen: HashMap<String, String> = HashMap::new();
    for file in &files {
        recount.deliveries += 1;
        recount.content_bytes += file.content_bytes;
        recount.stored_bytes += file.body.len() as u64;
        for record in records(file) {
            recount.records += 1;
            if let Some(first) = seen.insert(id(&record).to_owned(), record.to_string()) {
                assert_eq!(first, record.to_string());
                recount.duplicates += 1;
            } else {
                count(&mut recount, file, &record);
            }
        }
    }
    assert_eq!(recount, totals);
    assert_eq!(totals.distinct, 20_000 + totals.attack.as_ref().unwrap().steps.len() as u64 + 1);
    assert_eq!(totals.records, totals.distinct + totals.duplicates);
    let share = totals.duplicates as f64 / totals.by_family["Management"] as f64;
    assert!((0.08..0.12).contains(&share), "{share}");
    let errors = totals.errors as f64 / totals.distinct as f64;
    assert!((0.02..0.05).contains(&errors), "{errors}");
}

fn count(totals: &mut Totals, file: &Delivery, record: &Value) {
    let mut add = |map: fn(&mut Totals) -> &mut BTreeMap<String, u64>, key: &str| {
        *map(totals).entry(key.to_owned()).or_default() += 1;
    };
    if let Some(name) = record["eventName"].as_str() {
        add(|totals| &mut totals.by_event_name, name);
    }
    add(|totals| &mut totals.by_family, text(record, "eventCategory"));
    add(|totals| &mut totals.by_account, file.key.split('/').nth(2).unwrap());
    add(|totals| &mut totals.by_region, text(record, "awsRegion"));
    let time = record["eventTime"].as_str().or(record["timeWindow"]["windowStart"].as_str()).unwrap();
    add(|totals| &mut totals.by_day, &time[..10]);
    totals.distinct += 1;
    totals.errors += u64::from(record.get("errorCode").is_some());
}

#[test]
fn duplicates_come_in_another_file_up_to_29_days_later() {
    let (files, _) = make(&Plan { duplicates_percent: 60, attack: false, ..plan(20_000, 40) });
    let mut first: HashMap<String, NaiveDate> = HashMap::new();
    let mut lateness = BTreeSet::new();
    for file in &files {
        let mut in_file = BTreeSet::new();
        let day = key_day(&file.key);
        for record in records(file) {
            assert!(in_file.insert(id(&record).to_owned()));
            let before = *first.entry(id(&record).to_owned()).or_insert(day);
            lateness.insert((day - before).num_days());
        }
    }
    assert!(lateness.contains(&0) && lateness.iter().any(|days| *days > 20));
    assert!(lateness.iter().all(|days| (-1..=30).contains(days)), "{lateness:?}");
}

fn key_day(key: &str) -> NaiveDate {
    let parts: Vec<&str> = key.split('/').collect();
    NaiveDate::parse_from_str(&parts[5..8].join("-"), "%Y-%m-%d").unwrap()
}

#[test]
fn keys_follow_the_layout() {
    let (files, totals) = make(&plan(30_000, 6));
    let mut folders = BTreeSet::new();
    let mut days = Vec::new();
    for file in &files {
        let parts: Vec<&str> = file.key.split('/').collect();
        let [logs, organization, account, folder, region, year, month, day, name] = parts[..] else { panic!("{}", file.key) };
        assert_eq!((logs, organization), ("AWSLogs", "o-exampleorgid"));
        let stem = name.strip_suffix(".json.gz").unwrap();
        let names: Vec<&str> = stem.split('_').collect();
        let [name_account, name_folder, name_region, minute, unique] = names[..] else { panic!("{}", file.key) };
        assert_eq!((name_account, name_folder, name_region), (account, folder, region));
        assert_eq!(minute.len(), "20261120T0915Z".len());
        assert!(minute.starts_with(&format!("{year}{month}{day}T")) && minute.ends_with('Z'));
        assert!(unique.len() == 16 && unique.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(totals.by_account.contains_key(account));
        folders.insert(folder.to_owned());
        days.push(key_day(&file.key));
    }
    let expected = ["CloudTrail", "CloudTrail-Aggregated", "CloudTrail-Insight", "CloudTrail-NetworkActivity"];
    assert_eq!(folders, expected.map(str::to_owned).into());
    let keys: BTreeSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
    assert_eq!(keys.len(), files.len());
    assert!(days.windows(2).all(|pair| (pair[1] - pair[0]).num_days() >= -1), "oldest day first");
}

#[test]
fn files_come_minutes_after_their_records() {
    let (files, _) = make(&Plan { duplicates_percent: 0, ..plan(20_000, 3) });
    let (mut delays, mut unsorted) = (Vec::new(), 0);
    for file in files.iter().filter(|file| file.key.contains("/CloudTrail/")) {
        let minute = file.key.rsplit('_').nth(1).unwrap();
        let delivered = chrono::NaiveDateTime::parse_from_str(minute, "%Y%m%dT%H%MZ").unwrap();
        let records = records(file);
        let times: Vec<&str> = records.iter().map(|record| text(record, "eventTime")).collect();
        unsorted += u32::from(!times.is_sorted());
        for time in times {
            let time = chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%SZ").unwrap();
            delays.push((delivered - time).num_seconds() as f64 / 60.0);
        }
    }
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    assert!((3.0..4.0).contains(&mean), "mean {mean}");
    assert!(delays.iter().all(|delay| (0.0..=10.2).contains(delay)));
    let share = f64::from(unsorted) / files.len() as f64;
    assert!((0.2..0.34).contains(&share), "unsorted {share}");
}

#[test]
fn real_file_sizes_are_small() {
    let (files, _) = make(&plan(40_000, 10));
    let mut sizes: Vec<u32> = files.iter().filter(|file| file.key.contains("/CloudTrail/")).map(|file| file.records).collect();
    sizes.sort_unstable();
    let percentile = |part: f64| sizes[(sizes.len() as f64 * part) as usize];
    assert!((4..=7).contains(&percentile(0.5)), "p50 {}", percentile(0.5));
    assert!((12..=20).contains(&percentile(0.9)), "p90 {}", percentile(0.9));
    assert!((25..=48).contains(&percentile(0.99)), "p99 {}", percentile(0.99));
}

#[test]
fn fixed_file_sizes_hold() {
    let (files, _) = make(&Plan { events_per_file: FileSizes::Fixed(50), duplicates_percent: 0, ..plan(40_000, 2) });
    assert!(files.iter().all(|file| file.records <= 50));
    assert!(files.iter().filter(|file| file.records == 50).count() > files.len() / 2);
}

#[test]
fn every_family_identity_and_quirk_occurs() {
    let (files, totals) = make(&plan(60_000, 6));
    let families: Vec<&str> = totals.by_family.keys().map(String::as_str).collect();
    assert_eq!(families, ["ActivityAuditLog", "Aggregated", "Data", "Insight", "Management", "NetworkActivity"]);
    let (mut identities, mut calls, mut states) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::<String, u32>::new());
    let mut quirks = [0; 4];
    for file in &files {
        let text = String::from_utf8(content(file)).unwrap();
        assert_eq!(text.matches('$').count(), text.matches("$LATEST").count(), "an unfilled hole");
    }
    for record in files.iter().flat_map(records) {
        identities.insert(text(&record["userIdentity"], "type").to_owned());
        calls.insert((text(&record, "eventSource").to_owned(), text(&record, "eventName").to_owned()));
        *states.entry(text(&record["insightDetails"], "state").to_owned()).or_default() += 1;
        quirks[0] += u32::from(record["readOnly"].is_string());
        quirks[1] += u32::from(record["resources"].is_string());
        quirks[2] += u32::from(record.get("invocationTrace").is_some());
        quirks[3] += u32::from(record.get("addendum").is_some());
    }
    for kind in ["AWSAccount", "AWSService", "AssumedRole", "FederatedUser", "IAMUser", "IdentityCenterUser", "Root"] {
        assert!(identities.contains(kind), "{kind}");
    }
    assert!(calls.len() >= 200, "{} calls", calls.len());
    assert!(quirks.iter().all(|count| *count > 0), "{quirks:?}");
    assert_eq!(states["Start"], states["End"]);
}

#[test]
fn the_attack_is_complete() {
    let (files, totals) = make(&plan(20_000, 5));
    let attack = totals.attack.unwrap();
    let found: HashMap<String, Value> = files.iter().flat_map(records).map(|record| (id(&record).to_owned(), record)).collect();
    for step in &attack.steps {
        let record = &found[&step.event_id];
        assert_eq!((text(record, "eventTime"), text(record, "eventName")), (step.time.as_str(), step.event_name.as_str()));
        assert_eq!(text(record, "sourceIPAddress"), attack.source_ip);
    }
    let others = found.values().filter(|record| text(record, "sourceIPAddress") == attack.source_ip).count();
    assert_eq!(others, attack.steps.len());
    assert_eq!((attack.secrets_read, attack.objects_read), (12, 1100));
    assert!(attack.steps.is_sorted_by_key(|step| step.time.clone()));
    for name in [
        "ConsoleLogin",
        "CreateAccessKey",
        "CreateRole",
        "AttachRolePolicy",
        "UpdateAssumeRolePolicy",
        "AssumeRole",
        "ListSecrets",
        "RunInstances",
        "CreateKeyPair",
        "StopLogging",
        "DeleteTrail",
    ] {
        assert!(attack.steps.iter().any(|step| step.event_name == name), "{name}");
    }
    assert!(attack.steps.iter().filter(|step| step.error_code == "AccessDenied").count() >= 5);
    keys_are_handed_out_before_they_are_used(&attack, &found);
    assert!(attack.logging_stopped < attack.logging_restarted);
}

fn keys_are_handed_out_before_they_are_used(attack: &crate::Attack, found: &HashMap<String, Value>) {
    let mut handed_out: BTreeSet<String> = [attack.access_key_leaked.clone()].into();
    for step in &attack.steps {
        let record = &found[&step.event_id];
        let key = text(&record["userIdentity"], "accessKeyId");
        let console = record.get("sessionCredentialFromConsole").is_some();
        assert!(key.is_empty() || console || handed_out.contains(key), "{record}");
        for made in ["/responseElements/accessKey/accessKeyId", "/responseElements/credentials/accessKeyId"] {
            handed_out.extend(record.pointer(made).and_then(Value::as_str).map(str::to_owned));
        }
    }
    assert!(handed_out.contains(&attack.access_key_new));
    assert!(attack.access_keys_temporary.iter().all(|key| handed_out.contains(key)));
}

#[test]
fn nobody_uses_the_pivot_region_but_the_attacker() {
    let (files, totals) = make(&plan(20_000, 5));
    let attack = totals.attack.unwrap();
    let there: Vec<Value> =
        files.iter().flat_map(records).filter(|record| text(record, "awsRegion") == attack.region_pivot).collect();
    assert!(there.len() >= 5);
    assert!(there.iter().all(|record| text(record, "sourceIPAddress") == attack.source_ip));
    let (_, calm) = make(&Plan { attack: false, ..plan(20_000, 5) });
    assert!(!calm.by_region.contains_key(&attack.region_pivot));
}

#[test]
fn odd_plans_are_made_without_complaint() {
    for (accounts, regions, days, events) in
        [(0, 1, 1, 10), (1, 0, 1, 10), (1, 1, 1, 100), (2, 1, 0, 100), (3, 2, 1, 0), (1, 1, 2, 7)]
    {
        let mut odd = Plan { accounts, events, days, ..plan(0, 0) };
        odd.regions.truncate(regions);
        let (files, totals) = make(&odd);
        assert_eq!(files.len() as u64, totals.deliveries);
        assert_eq!(files.iter().map(|file| u64::from(file.records)).sum::<u64>(), totals.records);
    }
}

#[test]
fn totals_are_json() {
    let (_, totals) = make(&plan(2_000, 2));
    let json: Value = serde_json::from_str(&totals.to_json()).unwrap();
    assert_eq!(json["distinct"].as_u64().unwrap(), totals.distinct);
    assert_eq!(json["attack"]["region_pivot"], "ap-southeast-3");
}
