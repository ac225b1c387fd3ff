use super::*;
use crate::folder::Folder;
use crate::memory::Memory;
use chrono::TimeZone;

fn file(account: &str, family: &str, region: &str, day: &str) -> String {
    let compact = day.replace('/', "");
    format!("AWSLogs/{account}/{family}/{region}/{day}/{account}_{family}_{region}_{compact}T0000Z_x.json.gz")
}

fn world() -> Vec<String> {
    vec![
        file("111111111111", "CloudTrail", "us-east-1", "2022/12/31"),
        file("111111111111", "CloudTrail", "us-east-1", "2023/07/09"),
        file("111111111111", "CloudTrail", "us-east-1", "2023/07/10"),
        file("111111111111", "CloudTrail", "eu-west-1", "2023/07/10"),
        file("111111111111", "CloudTrail-Digest", "us-east-1", "2023/07/10"),
        file("222222222222", "CloudTrail", "us-east-1", "2023/08/01"),
        "AWSLogs/111111111111/Config/us-east-1/2023/7/1/ConfigHistory/c.json.gz".to_owned(),
        "AWSLogs/222222222222/vpcflowlogs/us-east-1/2023/07/10/v.log.gz".to_owned(),
        "AWSLogs/111111111111/CloudTrail/us-east-1/2023/odd/o.json".to_owned(),
        "AWSLogs/111111111111/CloudTrail/us-east-1/stray.json".to_owned(),
        "README.md".to_owned(),
        "case/2023/07/31/flat.json".to_owned(),
        "case/notes.json".to_owned(),
    ]
}

fn memory(root: &str) -> Memory {
    let keys = world();
    Memory::new(root, &keys.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Every day with its keys, in the order given.
async fn days(source: &dyn Source, wanted: &Wanted) -> (Walk, Vec<(String, Vec<String>)>) {
    let walk = Walk::discover(source, wanted).await.unwrap();
    let mut found = Vec::new();
    let mut days = walk.days(source, wanted);
    while let Some(work) = days.next().await {
        let mut keys = Vec::new();
        let mut listing = work.listing(source);
        while let Some(page) = listing.next().await {
            keys.extend(page.unwrap().into_iter().map(|object| object.key));
        }
        found.push((work.day.map(|day| day.to_string()).unwrap_or_default(), keys));
    }
    assert!(days.take_problems().is_empty());
    drop(days);
    (walk, found)
}

fn names(found: &[(String, Vec<String>)]) -> Vec<&str> {
    found.iter().map(|(day, _)| day.as_str()).collect()
}

#[tokio::test]
async fn newest_day_first_and_nothing_lost() {
    let source = memory("");
    let (walk, found) = days(&source, &Wanted::default()).await;
    assert_eq!(names(&found), ["2023-08-01", "2023-07-31", "2023-07-10", "2023-07-09", "2022-12-31", ""]);
    assert_eq!(walk.areas.len(), 4);
    assert_eq!(walk.skipped.services, BTreeMap::from([("Config".to_owned(), 1), ("vpcflowlogs".to_owned(), 1)]));
    let mut keys: Vec<String> = found.into_iter().flat_map(|(_, keys)| keys).collect();
    keys.sort();
    let mut told: Vec<String> = world().into_iter().filter(|key| !key.contains("Config") && !key.contains("vpcflow")).collect();
    told.sort();
    assert_eq!(keys, told);
}

#[tokio::test]
async fn requests_are_few() {
    let source = memory("");
    let walk = Walk::discover(&source, &Wanted::default()).await.unwrap();
    // root, AWSLogs, 2 accounts, 3 families; case, 2023, 07, 31
    assert_eq!(source.requests().list, 11);
    let mut days = walk.days(&source, &Wanted::default());
    days.next().await.unwrap();
    // 4 areas, 3 + 1 years of 2023, month 08 of one area; no other month, no 2022
    assert_eq!(source.requests().list, 11 + 4 + 4 + 1);
}

#[tokio::test]
async fn the_wanted_time_prunes_years_and_months() {
    let source = memory("AWSLogs/");
    let wanted = Wanted {
        since: Some(Utc.with_ymd_and_hms(2023, 7, 10, 9, 0, 0).unwrap()),
        until: Some(Utc.with_ymd_and_hms(2023, 7, 11, 0, 0, 0).unwrap()),
        ..Wanted::default()
    };
    let (_, found) = days(&source, &wanted).await;
    assert_eq!(names(&found), ["2023-07-10", "2023-07-09", ""]);
    let wanted = Wanted { accounts: vec!["222222222222".to_owned()], ..Wanted::default() };
    let (walk, found) = days(&source, &wanted).await;
    assert_eq!((walk.areas.len(), walk.skipped.unwanted, found.len()), (1, 1, 1));
    let wanted = Wanted { regions: vec!["eu-west-1".to_owned()], ..Wanted::default() };
    let (walk, _) = days(&source, &wanted).await;
    assert_eq!((walk.areas.len(), walk.skipped.unwanted), (1, 3));
}

#[tokio::test]
async fn a_root_anywhere() {
    let area = "AWSLogs/111111111111/CloudTrail/us-east-1/";
    let cases = [
        ("AWSLogs", vec!["2023-08-01", "2023-07-10", "2023-07-09", "2022-12-31", ""]),
        ("AWSLogs/111111111111/", vec!["2023-07-10", "2023-07-09", "2022-12-31", ""]),
        (area, vec!["2023-07-10", "2023-07-09", "2022-12-31", ""]),
        (&format!("{area}2023/"), vec!["2023-07-10", "2023-07-09", ""]),
        (&format!("{area}2023/07"), vec!["2023-07-10", "2023-07-09"]),
        (&format!("{area}2023/07/10/"), vec!["2023-07-10"]),
        (&format!("{area}2023/odd/"), vec![""]),
        (&file("222222222222", "CloudTrail", "us-east-1", "2023/08/01"), vec![""]),
        ("case/", vec!["2023-07-31", ""]),
    ];
    for (root, told) in cases {
        let (_, found) = days(&memory(root), &Wanted::default()).await;
        assert_eq!(names(&found), told, "{root}");
    }
    let nothing = Walk::discover(&memory("AWSLogs/33"), &Wanted::default()).await;
    assert!(matches!(nothing, Err(SourceError::NotFound(_))));
}

#[tokio::test]
async fn small_pages_change_nothing() {
    let (_, whole) = days(&memory(""), &Wanted::default()).await;
    let (_, paged) = days(&memory("").with_pages_of(1), &Wanted::default()).await;
    let keys = |found: Vec<(String, Vec<String>)>| {
        let mut keys: Vec<String> = found.into_iter().flat_map(|(_, keys)| keys).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    // A long folder of plain files is listed as a tree, also where the layout would have been skipped.
    let (whole, paged) = (keys(whole), keys(paged));
    assert!(whole.iter().all(|key| paged.contains(key)), "{whole:?} {paged:?}");
}

#[tokio::test]
async fn what_is_denied_is_a_problem_not_an_end() {
    let denied = "AWSLogs/111111111111/";
    let source = memory("").denying(denied);
    let walk = Walk::discover(&source, &Wanted::default()).await.unwrap();
    assert_eq!(walk.areas.len(), 1);
    assert_eq!(walk.problems.iter().map(|problem| problem.prefix.as_str()).collect::<Vec<_>>(), [denied]);
    let error = Walk::discover(&memory(denied).denying(denied), &Wanted::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::Denied { .. }));
    let area = "AWSLogs/222222222222/CloudTrail/us-east-1/2023/";
    let source = memory("AWSLogs/222222222222/").denying(area);
    let walk = Walk::discover(&source, &Wanted::default()).await.unwrap();
    let mut days = walk.days(&source, &Wanted::default());
    assert!(days.next().await.is_none());
    assert_eq!(days.take_problems().len(), 1);
}

#[tokio::test]
async fn over_a_real_folder() {
    let folder = tempfile::tempdir().unwrap();
    for key in world() {
        let path = folder.path().join(&key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &key).unwrap();
    }
    let source = Folder::open(folder.path()).unwrap();
    let (_, found) = days(&source, &Wanted::default()).await;
    let (_, told) = days(&memory(""), &Wanted::default()).await;
    assert_eq!(found, told);
    assert_eq!(source.requests().read, 0);
}

#[tokio::test]
async fn the_futures_can_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let source = memory("");
    let wanted = Wanted::default();
    let walk = is_send(Walk::discover(&source, &wanted)).await.unwrap();
    let mut days = walk.days(&source, &wanted);
    let work = is_send(days.next()).await.unwrap();
    is_send(work.listing(&source).next()).await.unwrap().unwrap();
}
