use std::io;
use std::path::Path;

use finding::Severity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::outbox::tests::{kept, outbox};
use crate::target::{Kind, Url};

/// What a receiver answers to the how manieth request about an id.
type Answer = fn(u32, &str) -> (u16, &'static str);

/// A receiver on loopback; it remembers ids and keys in the order in which they came.
async fn receiver(answer: Answer) -> (Url, Arc<Mutex<Vec<(String, u16)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::read(&format!("http://{}/hook", listener.local_addr().unwrap()), "it").unwrap();
    let seen: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let key = request.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap().to_owned();
            let body: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
            assert_eq!(body["id"], key);
            let count = lock_all(&log).iter().filter(|(id, _)| *id == key).count();
            let (status, headers) = answer(u32::try_from(count).unwrap() + 1, &key);
            lock_all(&log).push((key, status));
            let answer = format!("HTTP/1.1 {status} x\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, seen)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let wanted = text.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|n| n.parse::<usize>().ok());
        let body = text.split("\r\n\r\n").nth(1).map(str::len);
        if length == 0 || body.zip(wanted).is_some_and(|(body, wanted)| body >= wanted) {
            return text;
        }
    }
}

fn lock_all<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap()
}

fn webhook(name: &str, url: Url) -> Target {
    Target { name: name.to_owned(), kind: Kind::Webhook { url, secret: None }, level: Severity::Low }
}

fn file(name: &str, path: &Path) -> Target {
    Target { name: name.to_owned(), kind: Kind::File(path.to_owned()), level: Severity::Low }
}

/// An outbox with a real clock: couriers wait by it.
fn timed() -> Outbox {
    fn now_us() -> i64 {
        #[expect(clippy::disallowed_methods, reason = "couriers wait for real")]
        chrono::Utc::now().timestamp_micros()
    }
    Outbox::new(Arc::new(crate::outbox::tests::Memory::default()), now_us)
}

fn nowhere() -> Print {
    Arc::new(|_: &str| Err(io::Error::other("closed")))
}

async fn tell(outbox: &Outbox, targets: Vec<Target>, ids: &[&str]) -> BTreeMap<String, Standing> {
    let couriers = Couriers::start(targets, outbox, &nowhere()).await.unwrap();
    for id in ids {
        let place = outbox.keep(kept(id, "2026-11-28T10:00:00Z").finding).await.unwrap().unwrap();
        couriers.hand_over(&place);
    }
    couriers.finish().await
}

#[tokio::test]
async fn one_that_is_down_holds_up_no_other_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let (outbox, closed) = (timed(), Url::read("http://127.0.0.1:1/", "it").unwrap());
    let slack = Target { name: "slack".to_owned(), kind: Kind::Slack(closed), level: Severity::Low };
    let stdout = Target { name: "out".to_owned(), kind: Kind::Stdout, level: Severity::Low };
    let ids = ["1", "2", "3"];
    let standing = tell(&outbox, vec![slack, stdout, file("file", &path)], &ids).await;
    assert_eq!((standing["file"].told, standing["file"].waiting), (3, 0));
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    for down in ["slack", "out"] {
        assert_eq!((standing[down].told, standing[down].waiting), (0, 3), "{down}");
        assert!(standing[down].trouble.is_some());
        assert_eq!(outbox.waiting(down).await.unwrap().len(), 3);
        assert!(outbox.last_trouble(down).await.unwrap().is_some());
    }
    // Up again: what waited is told without being found again.
    let (url, seen) = receiver(|_, _| (200, "")).await;
    let standing = tell(&outbox, vec![webhook("slack", url)], &[]).await;
    assert_eq!(standing["slack"].told, 3);
    assert_eq!(lock_all(&seen).len(), 3);
}

#[tokio::test]
async fn what_fails_is_told_again_with_its_own_id() {
    let outbox = timed();
    let (url, seen) = receiver(|nth, _| if nth < 3 { (503, "retry-after: 0\r\n") } else { (204, "") }).await;
    let standing = tell(&outbox, vec![webhook("hook", url)], &["1"]).await;
    assert_eq!((standing["hook"].told, standing["hook"].waiting, standing["hook"].trouble.clone()), (1, 0, None));
    let seen: Vec<(String, u16)> = lock_all(&seen).clone();
    assert_eq!(seen, [("1".to_owned(), 503), ("1".to_owned(), 503), ("1".to_owned(), 204)]);
}

#[tokio::test]
async fn one_that_is_refused_holds_up_no_other() {
    let outbox = timed();
    let (url, _) = receiver(|_, id| if id == "1" { (400, "retry-after: 3600\r\n") } else { (200, "") }).await;
    let standing = tell(&outbox, vec![webhook("hook", url)], &["1", "2", "3"]).await;
    assert_eq!((standing["hook"].told, standing["hook"].waiting), (2, 1));
    assert!(standing["hook"].trouble.as_ref().is_none_or(|trouble| trouble.contains("400")));
    let waiting: Vec<String> = outbox.waiting("hook").await.unwrap().into_iter().map(|place| place.id).collect();
    assert_eq!(waiting, ["1"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_long_wait_is_kept() {
    let outbox = timed();
    for (answer, name) in [
        ((|_, _| (302, "location: /elsewhere\r\nretry-after: 60\r\n")) as Answer, "redirect"),
        ((|_, _| (429, "retry-after: 60\r\n")) as Answer, "busy"),
    ] {
        let (url, seen) = receiver(answer).await;
        let standing = tell(&outbox, vec![webhook(name, url)], &[name]).await;
        assert_eq!((standing[name].told, standing[name].waiting), (0, 1), "{name}");
        assert_eq!(lock_all(&seen).len(), 1);
    }
}

#[tokio::test]
async fn more_than_the_queue_holds_is_told_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (outbox, path) = (timed(), folder.path().join("f"));
    outbox.add_target("file", "file f").await.unwrap();
    let count = QUEUE_MAX * 2 + 3;
    for id in 0..count {
        outbox.keep(kept(&id.to_string(), "2026-11-28T10:00:00Z").finding).await.unwrap();
    }
    // /dev/null takes lines without waiting for a disk.
    let standing = tell(&outbox, vec![file("file", Path::new("/dev/null"))], &[]).await;
    assert_eq!(standing["file"].told, count as u64);
    assert!(outbox.waiting("file").await.unwrap().is_empty());
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_below_the_level_is_left_out_for_good() {
    let outbox = outbox();
    let target = Target { name: "t".to_owned(), kind: Kind::File("/dev/null".into()), level: Severity::Critical };
    let standing = tell(&outbox, vec![target], &["1"]).await;
    assert_eq!((standing["t"].told, standing["t"].waiting), (0, 0));
    assert!(outbox.waiting("t").await.unwrap().is_empty() && outbox.told("t").await.unwrap().is_empty());
}
