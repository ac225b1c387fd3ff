//! Digests, their keys and their verdicts: kept once, whatever comes in between.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;

use super::*;
use crate::digests::KeptDigest;
use crate::inspect::{LiveFile, TABLES, Table};
use crate::keys::KeysSource;
use crate::ledger::Status;
use crate::verdicts::Kind;
use crate::{Evidence, Judgement, Verdict};

const DAY: &str = "2026-11-20";

fn digest(key: &str, etag: &str, content: &str, metadata: &[(&str, &str)]) -> Incoming {
    let sha256: [u8; 32] = Sha256::digest(content).into();
    let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Incoming {
        etag: etag.to_owned(),
        family: Some("CloudTrail-Digest".to_owned()),
        stored_bytes: content.len() as u64,
        stored_sha256: Some(sha256),
        body: Body::Evidence(Evidence {
            stored: Bytes::from(content.to_owned()),
            content: Some((content.len() as u64, sha256)),
            metadata,
            reason: None,
        }),
        ..delivery(key, &[])
    }
}

async fn kept(lake: &Lake) -> Vec<KeptDigest> {
    let mut all = Vec::new();
    let each = |digest| {
        all.push(digest);
        Ok(())
    };
    lake.digests(DAY, each).await.unwrap();
    all
}

fn statuses(outcome: &crate::Outcome) -> Vec<Option<Status>> {
    outcome.deliveries.iter().map(|judged| judged.status).collect()
}

#[tokio::test]
async fn a_digest_is_kept_once_and_with_all_that_is_known_of_it() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    let batch = || vec![digest("d", "1", "{}", &[]), delivery("log", &[event(1, "A", 20)]), digest("d", "1", "{}", &[])];
    assert_eq!(statuses(&lake.append(&batch().into()).await.unwrap()), [Some(Status::Evidence), Some(Status::Ingested), None]);
    assert_eq!(statuses(&lake.append(&batch().into()).await.unwrap()), [None, None, None]);
    // The same under another tag, now with its signature; then other content.
    let signed = lake.append(&vec![digest("d", "1+m", "{}", &[("signature", "0a")])].into()).await.unwrap();
    assert_eq!(statuses(&signed), [Some(Status::Same)]);
    let other = lake.append(&vec![digest("d", "2", "{ }", &[("signature", "0b")])].into()).await.unwrap();
    assert_eq!((other.deliveries[0].status, other.deliveries[0].overwritten), (Some(Status::Evidence), true));
    // Both tags are known for ever, in whatever order their rows are read.
    for tag in ["1", "1+m"] {
        assert_eq!(
            statuses(&lake_on(&store).await.append(&vec![digest("d", tag, "{}", &[])].into()).await.unwrap()),
            [None],
            "{tag}"
        );
    }
    let kept = kept(&lake).await;
    let found: Vec<_> = kept.iter().map(|kept| (kept.stored.as_ref().unwrap().as_ref(), kept.metadata.concat())).collect();
    let signature = |value: &str| vec![("signature".to_owned(), value.to_owned())];
    assert!(
        found.contains(&(b"{}", signature("0a"))) && found.contains(&(b"{ }", signature("0b"))) && found.len() == 2,
        "{found:?}"
    );
    let contents = lake.contents(DAY).await.unwrap();
    assert_eq!(contents.find("s3://bucket", "d").len(), 3);
    assert_eq!(contents.find("s3://bucket", "log")[0].status, Status::Ingested);
    assert!(contents.find("s3://other", "d").is_empty());
}

#[tokio::test]
async fn altered_evidence_is_told() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    append(&lake, vec![digest("one", "1", "{}", &[]), digest("two", "2", "[]", &[])]).await;
    let path = |kept: &KeptDigest| Path::from(format!("home/{}", kept.entry.evidence.clone().unwrap()));
    let before = kept(&lake).await;
    store.put(&path(&before[0]), "{ }".into()).await.unwrap();
    store.delete(&path(&before[1])).await.unwrap();
    let told: Vec<String> = kept(&lake).await.into_iter().map(|kept| kept.stored.unwrap_err().to_string()).collect();
    assert!(told[0].contains("SHA-256 differs") && told[1].contains("missing"), "{told:?}");
}

#[tokio::test]
async fn answers_with_keys_are_kept_once() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    let file = KeysSource::File("keys.json".to_owned());
    assert!(lake.keep_keys(None, &file, "{\"PublicKeyList\": []}").await.unwrap());
    assert!(!lake.keep_keys(None, &file, "{\"PublicKeyList\": []}").await.unwrap());
    assert!(lake.keep_keys(Some("eu-west-1"), &KeysSource::Aws, "{}").await.unwrap());
    let kept = lake.kept_keys().await.unwrap();
    let found: Vec<_> = kept.iter().map(|kept| (kept.region.as_deref(), kept.source.to_string(), kept.answer.as_str())).collect();
    assert_eq!(
        found,
        [(None, "file keys.json".to_owned(), "{\"PublicKeyList\": []}"), (Some("eu-west-1"), "AWS".to_owned(), "{}")]
    );
    store.put(&Path::from(format!("home/{}", kept[0].path)), "{}".into()).await.unwrap();
    assert!(lake.kept_keys().await.unwrap_err().to_string().contains("damaged"));
}

fn verdict(kind: Kind, key: &str, delivery: Option<i64>, word: &str) -> Verdict {
    Verdict {
        day: DAY.to_owned(),
        kind,
        origin: "s3://bucket".to_owned(),
        key: key.to_owned(),
        delivery,
        verdict: word.to_owned(),
        digest_key: Some("d".to_owned()),
        digest_sha256: Some([7; 32]),
        reason: None,
    }
}

/// A digest with one log that is there and one that is not.
async fn judgement(lake: &Lake, word: &str, after_us: Option<i64>) -> Judgement {
    let contents = lake.contents(DAY).await.unwrap();
    let delivery = |key: &str| contents.find("s3://bucket", key).first().map(|found| found.delivery);
    Judgement {
        about: verdict(Kind::Digest, "d", delivery("d"), word),
        with: vec![verdict(Kind::Log, "log", delivery("log"), word), verdict(Kind::Log, "gone", None, "missing")],
        after_us,
    }
}

async fn rows(lake: &Lake, sql: &str) -> Vec<String> {
    let batches = lake.query(sql).await.unwrap().all().await.unwrap();
    let text = |batch: &arrow::array::RecordBatch, at: usize| {
        let cells = batch.columns().iter().map(|array| arrow::util::display::array_value_to_string(array, at).unwrap());
        cells.collect::<Vec<_>>().join(" ")
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|at| text(batch, at)).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn a_judgement_is_appended_once_and_the_latest_counts() {
    let store = Arc::new(InMemory::new());
    let (left, right) = (lake_on(&store).await, lake_on(&store).await);
    append(&left, vec![digest("d", "1", "{}", &[]), delivery("log", &[event(1, "A", 20)]), delivery("other", &[])]).await;
    assert_eq!(left.days_to_judge().await.unwrap(), BTreeMap::from([(DAY.to_owned(), 1)]));
    assert_eq!(rows(&left, "SELECT DISTINCT verdict FROM deliveries").await, ["pending"]);
    // Two collectors at once, and one of them once more.
    let judged = [judgement(&left, "unproven", None).await];
    let (one, two) = tokio::join!(left.append_verdicts(&judged), right.append_verdicts(&judged));
    assert!(one.unwrap()[0] ^ two.unwrap()[0]);
    assert_eq!(right.append_verdicts(&judged).await.unwrap(), [false]);
    assert_eq!(rows(&right, "SELECT count(*), count(delivery) FROM verdicts").await, ["3 2"]);
    assert_eq!(right.days_to_judge().await.unwrap().len(), 1, "it is unproven, and may be proven later");
    // Judged again: whoever looked at an older verdict is too late.
    let latest = kept(&right).await[0].judged.clone().unwrap();
    assert_eq!(&*latest.verdict, "unproven");
    let again = [judgement(&right, "verified", Some(latest.judged_us)).await];
    assert_eq!(right.append_verdicts(&[again[0].clone(), again[0].clone()]).await.unwrap(), [true, false]);
    assert_eq!(left.append_verdicts(&again).await.unwrap(), [false]);
    assert!(left.days_to_judge().await.unwrap().is_empty(), "now it is proven");
    let judged = left.judged(DAY).await.unwrap();
    assert_eq!(&*judged.missing("s3://bucket", "gone").unwrap().verdict, "missing");
    assert_eq!(
        rows(&left, "SELECT key, verdict FROM deliveries ORDER BY key").await,
        ["d verified", "log verified", "other pending"]
    );
    assert_eq!(rows(&left, "SELECT count(*) FROM (SELECT * FROM deliveries) WHERE deliveryday = '2026-11-20'").await, ["3"]);
    assert_eq!(rows(&left, "SELECT kind, deliveryday FROM verdicts WHERE key = 'gone' LIMIT 1").await, ["log 2026-11-20"]);
}

#[tokio::test]
async fn verdicts_that_a_copy_lacks_are_taken_back() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    append(&lake, vec![digest("d", "1", "{}", &[])]).await;
    let judged = [judgement(&lake, "verified", None).await];
    lake.append_verdicts(&judged).await.unwrap();
    let file = lake.live(Table::Verdicts).await.unwrap().remove(0);
    store.delete(&Path::from(format!("home/{}", file.path))).await.unwrap();
    let copy = lake_on(&store).await;
    assert_eq!(copy.days_to_judge().await.unwrap().len(), 1);
    assert_eq!(copy.append_verdicts(&judged).await.unwrap(), [true]);
    assert_eq!(rows(&copy, "SELECT verdict FROM deliveries").await, ["verified"]);
}

#[tokio::test]
async fn every_file_has_its_hash_and_every_commit_says_what_it_did() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    for file in 0..3 {
        append(&lake, vec![delivery(&format!("{file}"), &[event(file, "A", 20), event(file + 10, "B", 2)])]).await;
    }
    append(&lake, vec![digest("d", "1", "{}", &[])]).await;
    lake.append_verdicts(&[judgement(&lake, "verified", None).await]).await.unwrap();
    let before = lake.sum_of_day(DAY).await.unwrap();
    lake.compact().await.unwrap();
    assert_eq!((lake.sum_of_day(DAY).await.unwrap(), before.records), (before, 3));
    lake.set_retention(7).await.unwrap();
    lake.expire().await.unwrap();
    for table in TABLES {
        let live = lake.live(table).await.unwrap();
        assert!(!live.is_empty());
        assert_eq!(lake.replayed(table).await.unwrap(), live, "{table:?}");
        for file in &live {
            let (size_bytes, sha256) = lake.hash_object(&file.path).await.unwrap().unwrap();
            assert_eq!((file.size_bytes, file.sha256.clone()), (size_bytes, Some(hex::encode(sha256))), "{file:?}");
        }
        let changes: Vec<_> = lake.changes(table, 0).try_collect().await.unwrap();
        let mut files: BTreeMap<String, LiveFile> = BTreeMap::new();
        for change in changes {
            for gone in &change.removed {
                let was = files.remove(&gone.path).unwrap();
                assert_eq!((&was.sha256, &was.day, was.size_bytes), (&gone.sha256, &gone.day, gone.size_bytes));
            }
            files.extend(change.added.into_iter().map(|file| (file.path.clone(), file)));
        }
        assert_eq!(files.into_values().collect::<Vec<_>>(), live, "{table:?}");
    }
}

#[tokio::test]
async fn changes_say_what_compaction_and_retention_did() {
    use crate::changes::What;
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    for file in 0..2 {
        append(&lake, vec![delivery(&format!("{file}"), &[event(file, "A", 2)])]).await;
    }
    let sum = lake.sum_of_day("2026-11-02").await.unwrap();
    lake.compact().await.unwrap();
    lake.set_retention(7).await.unwrap();
    lake.expire().await.unwrap();
    let changes: Vec<_> = lake.changes(Table::Archive, 0).try_collect().await.unwrap();
    let told: Vec<What> = changes.iter().map(|change| change.what.clone()).collect();
    let expired = What::Expired { day: "2026-11-02".to_owned() };
    assert_eq!(told, [What::Created, What::Appended, What::Appended, What::Compacted(sum), expired]);
    assert_eq!((changes[1].ledger.len(), changes[3].removed.len(), changes[3].added.len()), (1, 2, 1));
    assert!(changes[4].removed[0].sha256.is_some() && changes[4].added.is_empty());
    let later: Vec<_> = lake.changes(Table::Archive, 4).try_collect().await.unwrap();
    assert_eq!(later, changes[4..]);
    let version = lake.version(Table::Archive).await.unwrap();
    assert_eq!(version, 4);
    let commits: Vec<_> = lake.commits(Table::Archive, 4).try_collect().await.unwrap();
    let read = lake.read_object(&commits[0].path).await.unwrap().unwrap();
    assert_eq!((read, commits.len()), (commits[0].bytes.clone(), 1));
}

#[tokio::test]
async fn every_object_is_listed_and_can_be_read_and_made_once() {
    let store = Arc::new(InMemory::new());
    let lake = lake_on(&store).await;
    append(&lake, vec![digest("d", "1", "{}", &[]), delivery("log", &[event(1, "A", 20)])]).await;
    assert!(lake.create_object("seal/1.json", Bytes::from_static(b"{}")).await.unwrap());
    assert!(!lake.create_object("seal/1.json", Bytes::from_static(b"[]")).await.unwrap());
    assert_eq!(lake.read_object("seal/1.json").await.unwrap().unwrap(), "{}");
    assert!(lake.read_object("../elsewhere").await.is_err());
    assert_eq!(lake.read_object("seal/2.json").await.unwrap(), None);
    let objects: Vec<_> = lake.objects().try_collect().await.unwrap();
    let mut parts: Vec<&str> = objects.iter().map(|object| object.part()).collect();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts, ["archive", "config", "evidence", "ledger", "seal", "verdicts"]);
    for object in &objects {
        assert_eq!(lake.hash_object(&object.path).await.unwrap().unwrap().0, object.size_bytes, "{object:?}");
    }
}
