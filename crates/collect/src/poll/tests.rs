use super::*;
use crate::memory::Memory;
use crate::source::{Listed, Source};
use chrono::TimeZone;
use std::collections::BTreeSet;

fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, hour, minute, 0).unwrap()
}

fn organization(accounts: u64, regions: u32, families: &[&str]) -> Walk {
    let mut walk = Walk::default();
    for account in 0..accounts {
        for family in families {
            for region in 0..regions {
                let prefix = format!("AWSLogs/o-1/{account:012}/{family}/xx-place-{region}/");
                walk.areas.extend(area(&prefix, layout::spot(&prefix)));
            }
        }
    }
    walk
}

/// Runs until `end`; `answer` makes the pages. Returns the requests made.
fn run(poll: &mut Poll, end: DateTime<Utc>, mut answer: impl FnMut(DateTime<Utc>, &Ask) -> Page) -> u64 {
    let mut requests = 0;
    let mut now = DateTime::<Utc>::MIN_UTC;
    while let Some(due) = poll.next_due().filter(|due| *due < end) {
        now = now.max(due);
        for ask in poll.due(now) {
            requests += 1;
            let page = answer(now, &ask);
            poll.report(now, &ask, &page);
        }
    }
    requests
}

#[test]
fn an_idle_organization_stays_within_the_budget() {
    let families = ["CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"];
    let walk = organization(500, 17, &families);
    for begin in [at(0, 0), at(15, 7)] {
        let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), begin, begin);
        let requests = run(&mut poll, begin + TimeDelta::days(1), |_, _| Page::default());
        println!("{} areas idle for 24 h: {requests} list requests; {:?}, {:?}", walk.areas.len(), poll.counts(), poll.pace());
        assert!(requests <= LIST_REQUESTS_PER_DAY_MAX);
        assert!(requests >= LIST_REQUESTS_PER_DAY_MAX / 2, "the budget is there to be used: {requests}");
    }
}

#[test]
fn a_busy_organization_stays_within_the_budget_and_busy_areas_come_first() {
    let walk = organization(500, 17, &["CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"]);
    let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), at(3, 0), at(3, 0));
    let mut looks = 0;
    let requests = run(&mut poll, at(3, 0) + TimeDelta::days(1), |now, ask| {
        let is_busy = ask.prefix.contains("/CloudTrail/xx-place-0/") && ask.day == Some(now.date_naive());
        looks += u64::from(is_busy);
        if is_busy { page_of(&ask.prefix, now) } else { Page::default() }
    });
    println!("500 of 25,500 areas busy for 24 h: {requests} list requests; a busy area every {} s", 500 * 86_400 / looks);
    assert!(requests <= LIST_REQUESTS_PER_DAY_MAX);
    assert!(looks / 500 > 86_400 / 900, "{looks}");
}

/// One delivery of five minutes ago.
fn page_of(prefix: &str, now: DateTime<Utc>) -> Page {
    let mut names = prefix.split('/').skip(2);
    let (account, family, region) = (names.next().unwrap(), names.next().unwrap(), names.next().unwrap());
    let key = format!("{prefix}{account}_{family}_{region}_{}_x.json.gz", now.format("%Y%m%dT%H%MZ"));
    Page { objects: vec![Listed { key, size_bytes: 1, etag: "1".to_owned() }], ..Page::default() }
}

#[test]
fn yesterday_is_looked_at_until_an_hour_after_midnight() {
    let walk = organization(1, 1, &["CloudTrail"]);
    let begin = at(23, 0);
    let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), begin, begin);
    let mut looks = Vec::new();
    run(&mut poll, begin + TimeDelta::hours(4), |now, ask| {
        if ask.day == Some(begin.date_naive()) {
            looks.push(now);
        }
        Page::default()
    });
    let midnight = begin + TimeDelta::hours(1);
    let after_one: Vec<_> = looks.iter().filter(|look| **look >= midnight + TimeDelta::hours(1)).collect();
    assert_eq!(after_one.len(), 1, "{looks:?}");
    assert!(looks.iter().any(|look| *look >= midnight && *look < midnight + TimeDelta::hours(1)));
}

#[test]
fn a_day_whose_last_look_failed_stays_open() {
    let walk = organization(1, 1, &["CloudTrail"]);
    let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), at(9, 0), at(9, 0));
    let woken = at(10, 0) + TimeDelta::days(1);
    for ask in poll.due(woken) {
        poll.failed(&ask);
    }
    let mut days = BTreeSet::new();
    run(&mut poll, woken + TimeDelta::hours(1), |_, ask| {
        days.extend(ask.day);
        Page::default()
    });
    assert_eq!(days.len(), 2);
}

#[test]
fn nothing_outside_the_root_is_asked_for() {
    let root = "AWSLogs/1/CloudTrail/us-east-1/2026/11/22/";
    let walk = Walk { areas: area(root, layout::spot(root)).into_iter().collect(), ..Walk::default() };
    let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), at(0, 10), at(0, 10));
    let mut asked = BTreeSet::new();
    run(&mut poll, at(9, 0) + TimeDelta::days(1), |_, ask| {
        asked.insert(ask.prefix.clone());
        Page::default()
    });
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), [root]);
}

#[test]
fn a_machine_that_slept_catches_up() {
    let walk = organization(1, 1, &["CloudTrail"]);
    let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), at(9, 0), at(9, 0));
    run(&mut poll, at(10, 0), |_, _| Page::default());
    let woken = at(10, 0) + TimeDelta::days(3);
    let days: BTreeSet<_> = poll.due(woken).into_iter().filter_map(|ask| ask.day).collect();
    assert_eq!(days.len(), 4);
}

#[test]
fn listing_begins_an_hour_before_the_newest_name() {
    let name = |time| format!("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/1_CloudTrail_us-east-1_{time}");
    let newest = name("20230710T1145Z_7xgocspSowgK0Gto.json.gz");
    assert_eq!(rewind(&newest), Some(name("20230710T1045")));
    assert_eq!(rewind("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/odd.json"), None);
    let digest =
        "AWSLogs/1/CloudTrail-Digest/us-east-1/2023/07/10/1_CloudTrail-Digest_us-east-1_t_us-east-1_20230710T110203Z.json.gz";
    assert_eq!(rewind(digest), None);
}

#[tokio::test]
async fn nothing_is_missed_and_new_accounts_are_found() {
    let source = Memory::new("", &["AWSLogs/1/CloudTrail/us-east-1/2026/11/22/1_CloudTrail_us-east-1_20261122T0000Z_a.json.gz"])
        .with_pages_of(3);
    let wanted = Wanted::default();
    let begin = at(0, 5);
    let walk = Walk::discover(&source, &wanted).await.unwrap();
    let mut poll = Poll::new(&walk, &wanted, TimeDelta::seconds(60), begin, begin);
    let mut seen = BTreeSet::new();
    let mut put = BTreeSet::new();
    let end = begin + TimeDelta::hours(40);
    let mut next_put = begin;
    while let Some(now) = poll.next_due().filter(|due| *due < end) {
        while next_put <= now && next_put < begin + TimeDelta::hours(30) {
            put.extend(deliver(&source, next_put));
            next_put += TimeDelta::minutes(7);
        }
        for ask in poll.due(now.max(begin)) {
            let page = source.list(&ask.prefix, ask.after.as_deref()).await.unwrap();
            seen.extend(page.objects.iter().map(|object| object.key.clone()));
            poll.report(now.max(begin), &ask, &page);
        }
    }
    let missed: Vec<_> = put.difference(&seen).collect();
    assert!(missed.is_empty(), "{} of {}: {missed:?}", missed.len(), put.len());
}

/// Deliveries of one moment: some late, some with names out of order, a second account and Region from noon on.
fn deliver(source: &Memory, now: DateTime<Utc>) -> Vec<String> {
    let late = now - TimeDelta::minutes(i64::from(now.timestamp() as u8 % 40));
    let mut places = vec![("1", "us-east-1")];
    if now > at(12, 0) {
        places.extend([("2", "us-east-1"), ("1", "eu-west-1")]);
    }
    let mut keys = Vec::new();
    for (account, region) in places {
        let suffix = now.timestamp().wrapping_mul(7919) % 1000;
        let name = format!("{account}_CloudTrail_{region}_{}_{suffix}.json.gz", late.format("%Y%m%dT%H%MZ"));
        let key = format!("AWSLogs/{account}/CloudTrail/{region}/{}/{name}", late.format("%Y/%m/%d"));
        source.put(&key);
        keys.push(key);
    }
    keys
}
