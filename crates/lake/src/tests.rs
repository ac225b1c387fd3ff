//! The lake from the outside: batches go in, rows, sums and bytes come out.

mod evidence;
mod stores;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use record::{Content, Envelope, Parsed, Parser};
use sha2::{Digest, Sha256};

use crate::compact::Expiring;
use crate::outside::Unwatched;
use crate::{Body, Counts, Home, Incoming, Lake, Outside};

/// 2026-11-22.
const NOW_US: i64 = 1_795_305_600_000_000;

fn outside() -> Outside {
    fn unique() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("name-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }
    Outside { now_us: || NOW_US, unique, observer: Arc::new(Unwatched), threads: 2 }
}

pub(crate) async fn lake_on(store: &Arc<InMemory>) -> Lake {
    let home = Home::remote("memory".to_owned(), Arc::clone(store) as Arc<dyn ObjectStore>, Path::from("home"));
    Lake::open_or_create(home, outside()).await.unwrap()
}

fn event(id: u32, name: &str, day: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/u{id}","sessionContext":{{"attributes":{{"mfaAuthenticated":"true"}}}}}},"eventTime":"2026-11-{day:02}T10:00:{:02}Z","eventSource":"iam.amazonaws.com","eventName":"{name}","requestParameters":{{"userName":"u{id}"}},"eventID":"{id:08}","recipientAccountId":"1","unknownKey":[{id}]}}"#,
        id % 60
    )
}

pub(crate) fn delivery(key: &str, events: &[String]) -> Incoming {
    let content = format!("{{\"Records\":[{}]}}", events.join(",")).into_bytes();
    let sha256: [u8; 32] = Sha256::digest(&content).into();
    let envelope = Envelope::split(&content).unwrap();
    let frame = envelope.frame(&content);
    let content = Content::from(content);
    let mut parsed = Parsed::default();
    for (from, to) in &envelope.records {
        Parser::default().record(&content, *from as usize, *to as usize, &mut parsed);
    }
    Incoming {
        origin: "s3://bucket".to_owned(),
        key: key.to_owned(),
        etag: hex::encode(sha256),
        day: "2026-11-20".to_owned(),
        family: None,
        account: None,
        region: None,
        delivered_us: None,
        stored_bytes: content.len() as u64,
        stored_sha256: Some(sha256),
        body: Body::Read { content, sha256, parsed, frame },
    }
}

async fn append(lake: &Lake, batch: Vec<Incoming>) -> Vec<Counts> {
    lake.append(&batch.into()).await.unwrap().deliveries.into_iter().map(|judged| judged.counts).collect()
}

async fn count(lake: &Lake, condition: &str) -> i64 {
    let answer = lake.query(&format!("SELECT count(*) FROM events WHERE {condition}")).await.unwrap().all().await.unwrap();
    answer[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// Every delivery's content, rebuilt from rows, by key.
async fn rebuilt(lake: &Lake) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for day in lake.delivery_days().await.unwrap() {
        let each = |rebuilt: crate::rebuild::Rebuilt| {
            all.insert(rebuilt.entry.key, rebuilt.content?);
            Ok(())
        };
        lake.rebuild_day(&day, each).await.unwrap();
    }
    all
}

#[tokio::test]
async fn other_writing_is_one_event_and_both_files_come_back() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    let record = event(1, "CreateUser", 20);
    let blanks = record.replace("\":", "\" : ");
    let moved =
        record.replace("\"eventVersion\":\"1.11\",", "").replace("\"unknownKey\"", "\"eventVersion\":\"1.11\",\"unknownKey\"");
    let forged = record.replace("CreateUser", "DeleteUser");
    let counts = append(&lake, vec![delivery("live", std::slice::from_ref(&blanks))]).await;
    assert_eq!(counts[0].stored, 1);
    let counts = append(
        &lake,
        vec![delivery("file", &[record.clone(), event(2, "GetUser", 20)]), delivery("other", std::slice::from_ref(&moved))],
    )
    .await;
    assert_eq!((counts[0].stored, counts[0].duplicate, counts[0].conflicting), (1, 1, 0));
    assert_eq!((counts[1].stored, counts[1].duplicate, counts[1].conflicting), (0, 1, 0));
    // Byte for byte what is there in other writing; and other values, which are told.
    let counts = append(&lake, vec![delivery("again", &[record.clone(), forged.clone()])]).await;
    assert_eq!((counts[0].stored, counts[0].duplicate, counts[0].conflicting), (1, 1, 1));
    for _ in 0..2 {
        assert_eq!((count(&lake, "true").await, count(&lake, "eventName = 'CreateUser'").await), (3, 1));
        let files = rebuilt(&lake).await;
        assert_eq!(files["live"], format!("{{\"Records\":[{blanks}]}}").into_bytes());
        assert_eq!(files["file"], format!("{{\"Records\":[{record},{}]}}", event(2, "GetUser", 20)).into_bytes());
        assert_eq!(files["other"], format!("{{\"Records\":[{moved}]}}").into_bytes());
        assert_eq!(files["again"], format!("{{\"Records\":[{record},{forged}]}}").into_bytes());
        lake.compact().await.unwrap();
    }
}

#[tokio::test]
async fn each_record_is_one_row_and_each_file_comes_back() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    let (a, b, c) = (event(1, "CreateUser", 20), event(2, "DeleteUser", 19), event(3, "GetUser", 20));
    let forged = event(1, "GetUser", 20);
    let counts = append(&lake, vec![delivery("one", &[a.clone(), b.clone()]), delivery("two", &[b.clone(), c.clone()])]).await;
    assert_eq!((counts[0].stored, counts[1].stored, counts[1].duplicate), (2, 1, 1));
    let counts = append(&lake, vec![delivery("three", &[c.clone(), a.clone(), forged.clone(), a.clone()])]).await;
    assert_eq!((counts[0].stored, counts[0].duplicate, counts[0].conflicting), (1, 3, 1));
    let again = lake.append(&vec![delivery("one", &[a.clone(), b.clone()])].into()).await.unwrap();
    assert!(again.deliveries[0].status.is_none(), "known");
    let other = lake.append(&vec![delivery("one", std::slice::from_ref(&c))].into()).await.unwrap();
    assert!(other.deliveries[0].overwritten);
    assert_eq!(count(&lake, "true").await, 4);
    assert_eq!(count(&lake, "flaws <> 0").await, 1);
    assert_eq!(count(&lake, "userIdentity.sessionContext.attributes.mfaAuthenticated = 'true' AND eventName = 'GetUser'").await, 2);
    for _ in 0..2 {
        let files = rebuilt(&lake).await;
        assert_eq!(files["two"], format!("{{\"Records\":[{b},{c}]}}").into_bytes());
        assert_eq!(files["three"], format!("{{\"Records\":[{c},{a},{forged},{a}]}}").into_bytes());
        lake.compact().await.unwrap();
        lake.delete_replaced(0).await.unwrap();
    }
    assert_eq!(count(&lake_on(&store).await, "true").await, 4);
}

#[tokio::test]
async fn two_collectors_lose_nothing_and_store_nothing_twice() {
    let store = Arc::new(InMemory::new());
    let (left, right) = (lake_on(&store).await, lake_on(&store).await);
    let batch = |file: u32| {
        vec![delivery(&format!("file-{file}"), &[event(file, "A", 20), event(file + 1, "A", 20), event(file + 1000, "B", 21)])]
    };
    let all = |lake: Lake| async move {
        for file in 0..25 {
            append(&lake, batch(file)).await;
        }
        lake
    };
    let (left, _) = tokio::join!(all(left), all(right));
    assert_eq!(count(&left, "true").await, 26 + 25);
    assert_eq!(rebuilt(&left).await.len(), 25);
    let answer = left.query("SELECT sum(stored), count(*) FROM deliveries").await.unwrap().all().await.unwrap();
    let sums: Vec<i64> = answer[0].columns().iter().map(|column| column.as_primitive::<Int64Type>().value(0)).collect();
    assert_eq!(sums, [51, 25]);
}

#[tokio::test]
async fn expired_days_go_and_expired_records_are_counted() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    append(&lake, vec![delivery("old", &[event(1, "A", 2)]), delivery("new", &[event(2, "A", 21)])]).await;
    let refused = lake.set_retention(6).await.unwrap_err().to_string();
    assert_eq!(refused, "a retention of 6 days is not possible; give 7 to 3653 days");
    let expiring = lake.expiring(Some(7)).await.unwrap();
    assert_eq!((expiring.days, expiring.events, expiring.last_day.as_deref()), (1, 1, Some("2026-11-02")), "{expiring:?}");
    assert_eq!(lake.expiring(None).await.unwrap(), Expiring::default(), "everything is kept");
    assert!(lake.expiring(Some(3654)).await.is_err());
    lake.set_retention(7).await.unwrap();
    assert_eq!(lake.expire().await.unwrap().days_expired, 1);
    assert_eq!(count(&lake, "true").await, 1);
    let counts = append(&lake, vec![delivery("late", &[event(3, "A", 3), event(4, "A", 20)])]).await;
    assert_eq!((counts[0].expired, counts[0].stored, counts[0].records), (1, 1, 2));
    assert_eq!(lake_on(&store).await.events_store().await.unwrap().retention_days, Some(7));
}

#[tokio::test]
async fn what_is_not_a_question_is_refused() {
    let lake = lake_on(&Arc::new(InMemory::new())).await;
    let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let long = format!("SELECT '{}'", "x".repeat(200_000));
    for sql in ["DELETE FROM events", "SELECT 1; SELECT 2", "CREATE TABLE x (a int)", "", "SELEC 1", &deep, &long] {
        assert!(lake.query(sql).await.is_err(), "{}", &sql[..sql.len().min(40)]);
    }
}

#[tokio::test]
async fn a_newer_home_is_refused_and_a_missing_one_is_told() {
    let store = Arc::new(InMemory::new());
    let home = || Home::remote("memory".to_owned(), Arc::clone(&store) as Arc<dyn ObjectStore>, Path::from("home"));
    assert!(Lake::open(home(), outside()).await.err().unwrap().to_string().contains("no trailkeep home"));
    lake_on(&store).await;
    store
        .put_opts(&Path::from("home/config/format/99.json"), "{\"format\":99}".into(), object_store::PutOptions::default())
        .await
        .unwrap();
    assert!(Lake::open(home(), outside()).await.err().unwrap().to_string().contains("newer trailkeep"));
}
