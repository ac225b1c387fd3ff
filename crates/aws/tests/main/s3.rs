//! One bucket, one mock, one story: list, page, walk, fetch, refuse, check, keep a home.

use collect::source::{Requests, Source, SourceError};
use collect::walk::{Walk, Wanted};
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use trailkeep_aws::access::Access;
use trailkeep_aws::doctor::{Check, Verdict, check_source};
use trailkeep_aws::home::home_store;
use trailkeep_aws::s3::S3Source;

use crate::mock::Mock;
use crate::scripted::{Scripted, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_a_source() {
    let Some(mock) = Mock::start() else { return };
    let access = mock.access();
    make_bucket(&mock, "trail").await;
    lists_and_fetches(&access).await;
    pages(&access).await;
    names_that_cannot_be_addressed(&mock, &access).await;
    refuses(&access).await;
    checks(&access).await;
    let of_store = access.clone();
    tokio::task::spawn_blocking(move || crate::store::the_same_bucket(&of_store)).await.unwrap();
    keeps_a_home(&access).await;
}

/// The storage client makes no buckets; plain HTTP does.
async fn make_bucket(mock: &Mock, bucket: &str) {
    put(mock, &format!("/{bucket}"), "").await;
}

/// An unsigned `PUT`, with any name at all.
async fn put(mock: &Mock, path: &str, body: &str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let host = mock.endpoint.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let credential = "AWS4-HMAC-SHA256 Credential=AKIATEST/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credential}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}

async fn lists_and_fetches(access: &Access) {
    let writer = home_store("s3://trail", access).await.unwrap();
    let area = "AWSLogs/111111111111/CloudTrail/us-east-1";
    for day in ["2023/07/09", "2023/07/10"] {
        let path = Path::parse(format!("{area}/{day}/a b+c=%41.json.gz")).unwrap();
        writer.store.put(&path, PutPayload::from_static(b"delivery")).await.unwrap();
    }
    let digest = format!("{}/2023/07/10/d.json.gz", area.replace("CloudTrail", "CloudTrail-Digest"));
    let attributes = Attributes::from_iter([
        (Attribute::Metadata("signature".into()), "00ff"),
        (Attribute::Metadata("signature-algorithm".into()), "SHA256withRSA"),
        (Attribute::ContentEncoding, "gzip"),
    ]);
    let options = PutOptions { attributes, ..PutOptions::default() };
    let path = Path::parse(&digest).unwrap();
    writer.store.put_opts(&path, PutPayload::from_static(b"digest"), options).await.unwrap();

    let source = S3Source::open("s3://trail/AWSLogs", access).await.unwrap();
    assert_eq!((source.origin(), source.root()), ("s3://trail", "AWSLogs"));
    let walk = Walk::discover(&source, &Wanted::default()).await.unwrap();
    assert_eq!(walk.areas.len(), 2);
    let mut days = walk.days(&source, &Wanted::default());
    let newest = days.next().await.unwrap();
    assert_eq!(newest.day.unwrap().to_string(), "2023-07-10");
    let mut listing = newest.listing(&source);
    let mut objects = Vec::new();
    while let Some(page) = listing.next().await {
        objects.extend(page.unwrap());
    }
    objects.sort_by_key(|object| object.size_bytes);
    assert_eq!(objects[0].key, digest);
    let fetched = source.fetch(&digest, 6).await.unwrap();
    assert_eq!((fetched.body.as_ref(), fetched.etag.as_str()), (&b"digest"[..], objects[0].etag.as_str()));
    let told = [("signature", "00ff"), ("signature-algorithm", "SHA256withRSA")];
    assert_eq!(fetched.metadata, told.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(source.fetch(&objects[1].key, 99).await.unwrap().body.as_ref(), b"delivery");
    assert_eq!(days.next().await.unwrap().day.unwrap().to_string(), "2023-07-09");
    // the name, AWSLogs, account, 2 families; then 2 areas, 2 years, 2 months; 2 days
    assert_eq!(source.requests(), Requests { list: 5 + 6 + 2, read: 2 });
    let single = S3Source::open(&format!("s3://trail/{digest}"), access).await.unwrap();
    assert_eq!(Walk::discover(&single, &Wanted::default()).await.unwrap().single.unwrap().key, digest);
}

async fn pages(access: &Access) {
    let writer = home_store("s3://trail", access).await.unwrap();
    let puts = (0..1_005).map(|number| {
        let store = writer.store.clone();
        async move {
            // Every 100th name is a folder: pages end at folders, too.
            let name = if number % 100 == 99 { format!("{number:04}/x.json") } else { format!("{number:04}.json") };
            store.put(&Path::parse(format!("pages/{name}")).unwrap(), PutPayload::from_static(b"{}")).await.unwrap();
        }
    });
    futures::future::join_all(puts).await;
    let source = S3Source::open("s3://trail/pages/", access).await.unwrap();
    let first = source.list("pages/", None).await.unwrap();
    assert_eq!(first.objects.len() + first.folders.len(), 1_000);
    assert_eq!(first.next.as_deref(), Some("pages/0999/"));
    let second = source.list("pages/", first.next.as_deref()).await.unwrap();
    assert_eq!((second.objects.len(), second.folders.len(), second.next), (5, 0, None));
    // Another process knows no token: it goes on after the name, and after all that is in the folder.
    let other = S3Source::open("s3://trail/pages/", access).await.unwrap();
    let again = other.list("pages/", first.next.as_deref()).await.unwrap();
    assert_eq!((again.objects.len(), again.folders.len()), (5, 0));
}

async fn names_that_cannot_be_addressed(mock: &Mock, access: &Access) {
    for name in ["a.json", "b//x.json", "c.json", "e.json"] {
        put(mock, &format!("/trail/odd/{name}"), "{}").await;
    }
    let source = S3Source::open("s3://trail/odd/", access).await.unwrap();
    let mut after = None;
    let (mut objects, mut folders) = (Vec::new(), Vec::new());
    loop {
        let page = source.list("odd/", after.as_deref()).await.unwrap();
        objects.extend(page.objects.into_iter().map(|object| object.key));
        folders.extend(page.folders);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(objects, ["odd/a.json", "odd/c.json", "odd/e.json"]);
    assert_eq!(folders, ["odd/b/"]);
    let mut after = None;
    let mut below = Vec::new();
    loop {
        let page = source.list("odd/b/", after.as_deref()).await.unwrap();
        below.extend(page.folders);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(below, ["odd/b//"]);
    let error = source.list("odd/b//", None).await.unwrap_err().to_string();
    assert!(error.contains("copy it to a plain name"), "{error}");
}

async fn refuses(access: &Access) {
    let source = S3Source::open("s3://trail", access).await.unwrap();
    assert!(matches!(source.fetch("nothing.json", 9).await, Err(SourceError::NotFound(_))));
    assert!(matches!(source.fetch("pages/0001.json", 1).await, Err(SourceError::TooLarge { size_bytes: 2, .. })));
    assert!(matches!(source.fetch("../x", 1).await, Err(SourceError::Io { .. })));
    let missing = S3Source::open("s3://no-such-bucket-here", access).await.unwrap();
    assert!(matches!(missing.list("", None).await, Err(SourceError::NotFound(_))));
}

async fn checks(access: &Access) {
    let verdicts = |found: &[Check]| found.iter().map(|check| (check.name, check.verdict)).collect::<Vec<_>>();
    let cloudtrail = Scripted::start(vec![json(200, r#"{"PublicKeyList":[]}"#)]);
    let access = &Access { cloudtrail_endpoint: Some(cloudtrail.endpoint.clone()), ..access.clone() };
    let found = check_source("s3://trail/AWSLogs/", access).await;
    let told = ["credentials", "region", "list", "read", "decrypt", "keys"].map(|name| (name, Verdict::Ok));
    assert_eq!(verdicts(&found), told, "{found:?}");
    assert!(found[5].message.contains(&format!("custom endpoint {}: not AWS's", cloudtrail.endpoint)), "{found:?}");

    let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
    let cloudtrail = Scripted::start(vec![json(400, denied)]);
    let access = &Access { cloudtrail_endpoint: Some(cloudtrail.endpoint.clone()), ..access.clone() };
    let missing = check_source("s3://no-such-bucket-here/", access).await;
    let told = [Verdict::Ok, Verdict::Ok, Verdict::Failed, Verdict::Unknown, Verdict::Unknown, Verdict::Failed];
    assert_eq!(missing.iter().map(|check| check.verdict).collect::<Vec<_>>(), told, "{missing:?}");
    assert!(missing[5].policy.as_ref().unwrap().contains("cloudtrail:ListPublicKeys"));
}

async fn keeps_a_home(access: &Access) {
    let home = home_store("s3://trail/homes/one", access).await.unwrap();
    assert_eq!((home.bucket.as_str(), home.prefix.as_ref()), ("trail", "homes/one"));
    let path = home.prefix.clone().join("format.json");
    home.store.put(&path, PutPayload::from_static(b"1")).await.unwrap();
    let body = home.store.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(body.as_ref(), b"1");
    // Whether a second creation is refused depends on the mock; that it is asked for conditionally does not.
    let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    let again = home.store.put_opts(&path, PutPayload::from_static(b"2"), create).await;
    if let Err(error) = again {
        assert!(matches!(error, object_store::Error::AlreadyExists { .. }), "{error}");
    }
}
