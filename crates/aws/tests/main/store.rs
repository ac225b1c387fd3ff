//! A bucket as a store.

use prove::store::{Body, Object, Refusal, Store};
use tokio::runtime::Runtime;
use trailkeep_aws::access::{Access, Identity};
use trailkeep_aws::store::S3Store;

use crate::mock::access;
use crate::scripted::{Reply, Scripted, answer, refusal};

/// A store over a server that follows a script; the runtime keeps its credentials.
fn scripted(replies: Vec<Reply>) -> (Scripted, S3Store, Runtime) {
    let server = Scripted::start(replies);
    let (store, runtime) = opened("s3://trail/AWSLogs", &access(&server.endpoint));
    (server, store, runtime)
}

fn opened(uri: &str, access: &Access) -> (S3Store, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    (runtime.block_on(S3Store::open(uri, access)).unwrap(), runtime)
}

fn ok(body: &str) -> Reply {
    Reply::Keep(answer(200, "", body))
}

fn body(object: Object) -> Vec<u8> {
    match object.body {
        Body::Stored(bytes) => bytes,
        Body::Rebuilt { .. } => panic!("S3 rebuilds nothing"),
    }
}

/// What the mock holds after the source's story: the same through the other client.
pub(crate) fn the_same_bucket(access: &Access) {
    let (store, _runtime) = opened("s3://trail/AWSLogs", access);
    assert_eq!((store.name(), store.bucket(), store.root()), ("s3://trail", Some("trail"), "AWSLogs/"));
    let area = "AWSLogs/111111111111/CloudTrail/us-east-1/2023/07/10/";
    let page = store.list(area, None).unwrap();
    assert_eq!(page.objects[0].key, format!("{area}a b+c=%41.json.gz"));
    assert_eq!(body(store.read(&page.objects[0].key, 8).unwrap()), b"delivery");
    let digest = store.read(&format!("{}d.json.gz", area.replace("CloudTrail", "CloudTrail-Digest")), 6).unwrap();
    assert_eq!((digest.meta("signature"), digest.meta("signature-algorithm")), (Some("00ff"), Some("SHA256withRSA")));

    let first = store.list("pages/", None).unwrap();
    assert_eq!((first.objects.len() + first.folders.len(), first.next.as_deref()), (1_000, Some("pages/0999/")));
    let rest = store.list("pages/", first.next.as_deref()).unwrap();
    assert_eq!((rest.objects.len(), rest.folders.len(), rest.next), (5, 0, None));
    let again = store.list("pages/", first.next.as_deref()).unwrap();
    assert_eq!((again.objects.len(), again.folders.len()), (5, 0));

    assert_eq!(store.list("odd/", None).unwrap().folders, ["odd/b/"]);
    assert_eq!(store.list("odd/b/", None).unwrap().folders, ["odd/b//"]);
    assert_eq!(store.list("odd/b//", None).unwrap().objects[0].key, "odd/b//x.json");
    assert_eq!(body(store.read("odd/b//x.json", 9).unwrap()), b"{}");

    assert_eq!(store.read("nothing.json", 9).unwrap_err(), Refusal::NotFound);
    assert_eq!(store.read("pages/0001.json", 1).unwrap_err(), Refusal::TooLarge(1));
    let (missing, _runtime) = opened("s3://no-such-bucket-here", access);
    assert!(missing.list("", None).unwrap_err().to_string().contains("does not exist"));
}

#[test]
fn what_fails_for_a_moment_is_asked_again() {
    let cut_off = b"HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nhalf".to_vec();
    let (server, store, _runtime) =
        scripted(vec![refusal(503, "SlowDown"), refusal(500, "InternalError"), Reply::Close(cut_off), ok("whole"), ok("next")]);
    assert_eq!(body(store.read("a", 9).unwrap()), b"whole");
    let mut buffer = b"what stood there before".to_vec();
    assert_eq!(store.read_into("b", 9, &mut buffer).unwrap(), None);
    assert_eq!(buffer, b"next");
    assert_eq!(server.asked().len(), 5);
    assert_eq!(store.requests().read, 2);
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_nothing() {
    let (server, store, _runtime) = scripted(vec![Reply::Close(answer(200, "", "one")), ok("two"), ok("three")]);
    for told in ["one", "two", "three"] {
        assert_eq!(body(store.read("a", 9).unwrap()), told.as_bytes());
    }
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn refusals_are_not_asked_again() {
    let cases = [
        (403, "InvalidObjectState", Refusal::Archived),
        (404, "NoSuchKey", Refusal::NotFound),
        (403, "AccessDenied", Refusal::Denied("kms:Decrypt".to_owned())),
        (400, "ExpiredToken", Refusal::Unreadable(String::new())),
    ];
    for (status, code, told) in cases {
        let (server, store, _runtime) = scripted(vec![refusal(status, code), ok("never")]);
        match (store.read("a", 9).unwrap_err(), told) {
            (Refusal::Unreadable(said), Refusal::Unreadable(_)) => assert!(said.contains("aws sso login"), "{said}"),
            (said, told) => assert_eq!(said, told),
        }
        assert_eq!(server.asked().len(), 1, "{code}");
    }
}

#[test]
fn bodies_are_read_up_to_the_limit_however_they_come() {
    let chunked =
        |body: &str| Reply::Keep(format!("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n").into_bytes());
    let (_server, store, _runtime) =
        scripted(vec![chunked("3\r\nabc\r\n2\r\nde\r\n"), Reply::Close(answer(200, "", "abcdef")), ok("")]);
    assert_eq!(body(store.read("a", 5).unwrap()), b"abcde");
    assert_eq!(store.read("a", 5).unwrap_err(), Refusal::TooLarge(5));
    assert_eq!(body(store.read("a", 5).unwrap()), b"");
}

#[test]
fn requests_are_signed_unless_nobody_is_there_to_sign() {
    let page = "<ListBucketResult></ListBucketResult>";
    let (server, store, _runtime) = scripted(vec![ok(page)]);
    store.list("AWSLogs/", None).unwrap();
    let asked = server.asked().remove(0);
    assert!(asked.starts_with("GET /trail?delimiter=%2F&encoding-type=url&list-type=2&prefix=AWSLogs%2F HTTP/1.1\r\n"), "{asked}");
    let scope = "authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/19700101/us-east-1/s3/aws4_request, SignedHeaders=";
    let names = "host;x-amz-content-sha256;x-amz-date;x-amz-optional-object-attributes;x-amz-security-token";
    assert!(asked.contains(&format!("{scope}{names}, Signature=")), "{asked}");
    assert!(asked.contains("x-amz-security-token: token\r\n") && asked.contains("x-amz-date: 19700101T000000Z\r\n"), "{asked}");

    let server = Scripted::start(vec![ok(page)]);
    let anonymous = Access { identity: Identity::Anonymous, ..access(&server.endpoint) };
    let (store, _runtime) = opened("s3://trail", &anonymous);
    store.list("", None).unwrap();
    assert!(!server.asked().remove(0).contains("uthorization"));
}

#[test]
fn a_store_may_be_closed_where_others_wait() {
    let (_server, store, runtime) = scripted(vec![ok("one")]);
    store.read("a", 9).unwrap();
    runtime.block_on(async move { drop(store) });
}
