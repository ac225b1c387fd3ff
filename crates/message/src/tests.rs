use super::*;
use proptest::prelude::*;

const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/28/1 a+b.json.gz";
const ESCAPED: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/28/1+a%2Bb.json.gz";
const RECORD: &str = r#"{"eventVersion":"1.11","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging", "eventID":"1"}"#;

fn s3(event: &str, more: &str) -> String {
    format!(
        r#"{{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"{event}","s3":{{"bucket":{{"name":"trail-logs"}},"object":{{"key":"{ESCAPED}","size":9,"eTag":"abc"{more}}}}}}}]}}"#
    )
}

fn eventbridge(source: &str, kind: &str, detail: &str) -> String {
    format!(r#"{{"version":"0","id":"1","detail-type":"{kind}","source":"{source}","account":"1","detail":{detail}}}"#)
}

fn topic(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:1:t","Message":{text}}}"#)
}

fn object() -> Object {
    let text = |text: &str| Some(text.to_owned());
    Object { bucket: "trail-logs".to_owned(), key: KEY.to_owned(), version: None, etag: text("abc"), size_bytes: Some(9) }
}

fn objects(body: &str) -> Vec<Object> {
    match read(body) {
        Ok(Message::Objects(objects)) => objects,
        other => panic!("{other:?} of {body}"),
    }
}

#[test]
fn notifications_of_objects() {
    assert_eq!(objects(&s3("ObjectCreated:Put", "")), [object()]);
    assert_eq!(objects(&s3("s3:ObjectCreated:CompleteMultipartUpload", "")), [object()]);
    let versioned = Object { version: Some("v.1".to_owned()), ..object() };
    assert_eq!(objects(&s3("ObjectCreated:Copy", r#","versionId":"v.1""#)), [versioned]);
    assert_eq!(objects(&s3("ObjectRestore:Completed", r#","versionId":"null""#)), [object()]);
    let detail = format!(r#"{{"bucket":{{"name":"trail-logs"}},"object":{{"key":"{KEY}","size":9,"etag":"abc"}}}}"#);
    assert_eq!(objects(&eventbridge("aws.s3", "Object Created", &detail)), [object()]);
    let cloudtrail = format!(r#"{{"s3Bucket":"trail-logs","s3ObjectKey":["{KEY}","{KEY}"]}}"#);
    let bare = Object { etag: None, size_bytes: None, ..object() };
    assert_eq!(objects(&cloudtrail), [bare.clone(), bare]);
}

#[test]
fn wrapped_by_a_topic_they_are_the_same() {
    for body in [s3("ObjectCreated:Put", ""), topic(&s3("ObjectCreated:Put", "")), topic(&topic(&s3("ObjectCreated:Put", "")))] {
        assert_eq!(objects(&body), [object()], "{body}");
    }
    let deep = (0..6).fold(s3("ObjectCreated:Put", ""), |body, _| topic(&body));
    assert_eq!(read(&deep), Err(MessageError::TooDeep));
}

#[test]
fn events_come_as_they_are_written() {
    let records = || Ok(Message::Records(RECORD.as_bytes().to_vec()));
    assert_eq!(read(&eventbridge("aws.cloudtrail", "AWS API Call via CloudTrail", RECORD)), records());
    assert_eq!(read(&eventbridge("aws.s3", "AWS API Call via CloudTrail", RECORD)), records());
    assert_eq!(read(&eventbridge("aws.signin", "AWS Console Sign In via CloudTrail", RECORD)), records());
    assert_eq!(read(&topic(&eventbridge("aws.s3", "AWS API Call via CloudTrail", RECORD))), records());
    assert_eq!(read(RECORD), records());
    let file = format!(r#"{{"Records":[{RECORD}]}}"#);
    assert_eq!(read(&file), Ok(Message::Records(file.as_bytes().to_vec())));
    let list = format!("[{RECORD}]");
    assert_eq!(read(&list), Ok(Message::Records(list.as_bytes().to_vec())));
}

#[test]
fn log_events_stay_packed() {
    let gzip = [0x1f, 0x8b, 8, 0];
    let packed = STANDARD.encode(gzip);
    assert_eq!(read(&packed), Ok(Message::Records(gzip.to_vec())));
    assert_eq!(read(&format!(r#"{{"awslogs":{{"data":"{packed}"}}}}"#)), Ok(Message::Records(gzip.to_vec())));
    let plain = r#"{"messageType":"DATA_MESSAGE","logEvents":[]}"#;
    assert_eq!(read(plain), Ok(Message::Records(plain.as_bytes().to_vec())));
}

#[test]
fn nothing_to_collect() {
    let cases = [
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-28T00:00:00.000Z","Bucket":"b","RequestId":"1"}"#
            .to_owned(),
        VALIDATION.to_owned(),
        s3("ObjectRemoved:Delete", ""),
        s3("LifecycleExpiration:Delete", ""),
        eventbridge("aws.s3", "Object Deleted", r#"{"bucket":{"name":"b"}}"#),
        r#"{"messageType":"CONTROL_MESSAGE","logEvents":[]}"#.to_owned(),
        r#"{"Records":[]}"#.to_owned(),
    ];
    for body in cases {
        assert!(matches!(read(&body), Ok(Message::Nothing(_))), "{body}: {:?}", read(&body));
        assert!(matches!(read(&topic(&body)), Ok(Message::Nothing(_))), "{body} by a topic");
    }
}

#[test]
fn what_cannot_be_followed_is_told() {
    let odd_bucket = s3("ObjectCreated:Put", "").replace("trail-logs", "evil.com/x?");
    let cases = [
        ("", "neither JSON"),
        ("hello", "neither JSON"),
        ("{\"a\":", "damaged"),
        ("{\"a\":1}", "no notification"),
        ("[1,2]", "no notification"),
        (&STANDARD.encode("not gzip"), "neither JSON"),
        (
            &eventbridge("aws.ec2", "EC2 Instance State-change Notification", "{\"state\":\"x\"}"),
            "`EC2 Instance State-change Notification`",
        ),
        (&eventbridge("aws.s3", "Object Created", "{}"), "names no bucket"),
        (&eventbridge("x", "y", "7"), "`detail` is no object"),
        (&odd_bucket, "a bucket that cannot be: `evil.com/x?`"),
        (&s3("ObjectCreated:Put", "").replace(ESCAPED, "a%2F%2Fb"), "empty or dot segment"),
        (&s3("ObjectCreated:Put", "").replace(ESCAPED, "a%zz"), "escaped wrongly"),
        (&s3("ObjectCreated:Put", "").replace("\"trail-logs\"", "7"), "names no bucket"),
        (r#"{"Records":7}"#, "no list"),
        (r#"{"Records":[7]}"#, "no notification"),
        (r#"{"s3Bucket":"trail-logs","s3ObjectKey":[7]}"#, "a key is no text"),
        (r#"{"Type":"SubscriptionConfirmation","TopicArn":"t","SubscribeURL":"u"}"#, "SubscribeURL"),
        (r#"{"Type":"UnsubscribeConfirmation","TopicArn":"t"}"#, "was ended"),
        (r#"{"Type":7,"TopicArn":"t"}"#, "none of SNS's"),
    ];
    for (body, told) in cases {
        let error = read(body).unwrap_err().to_string();
        assert!(error.contains(told), "{body}: {error}");
    }
}

#[test]
fn hostile_messages_are_bounded() {
    let long = "x".repeat(256 << 10);
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    let key = format!(r#"{{"s3Bucket":"trail-logs","s3ObjectKey":["{long}"]}}"#);
    let keys: Vec<String> = (0..1_001).map(|at| format!("\"k{at}\"")).collect();
    let members: Vec<String> = (0..50_000).map(|at| format!("\"k{at}\":0")).collect();
    assert_eq!(read(&key), Err(MessageError::Key));
    assert_eq!(
        read(&format!(r#"{{"s3Bucket":"trail-logs","s3ObjectKey":[{}]}}"#, keys.join(","))),
        Err(MessageError::TooManyObjects)
    );
    assert_eq!(read(&deep), Err(MessageError::Unknown));
    assert_eq!(read(&format!("{{\"detail-type\":\"x\",\"detail\":{deep}}}")), Err(MessageError::Odd("its `detail` is no object")));
    assert_eq!(read(&format!("{{{}}}", members.join(","))), Err(MessageError::Unknown));
    assert_eq!(read(&"x".repeat(3 << 20)), Err(MessageError::TooLarge));
    let told = read(&eventbridge("aws.ec2", &long, "{}")).unwrap_err().to_string();
    assert!(told.len() < 200, "{told}");
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(body in ".{0,300}") {
        let _ = read(&body);
        let _ = read(&topic(&body));
    }

    #[test]
    fn broken_messages_are_read_or_refused(cut in 0_usize..300, insert in ".{0,8}") {
        for body in [s3("ObjectCreated:Put", ""), topic(&s3("ObjectCreated:Put", "")), eventbridge("aws.s3", "Object Created", RECORD)] {
            let Some((head, tail)) = body.split_at_checked(cut) else { continue };
            let _ = read(&format!("{head}{insert}{tail}"));
        }
    }
}
