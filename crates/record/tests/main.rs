//! The reader on real logs and on hostile ones: whatever goes in comes out again, byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use trailkeep_record::{Content, Envelope, Parsed, Parser, RecordView, Row, Value, rebuild};

/// Content -> records -> rows -> content; returns the number of records and how many are kept raw.
fn round_trip(content: &[u8]) -> (usize, usize) {
    let envelope = Envelope::split(content).expect("an envelope");
    let text = Content::from(content.to_vec());
    let mut parsed = Parsed::default();
    let mut parser = Parser::default();
    for (from, to) in &envelope.records {
        parser.record(&text, *from as usize, *to as usize, &mut parsed);
    }
    let frame = envelope.frame(content);
    // The second time, every track is known.
    for _ in 0..2 {
        let mut at_once = Parsed::default();
        assert_eq!(parser.delivery(&text, &mut at_once).as_ref(), Ok(&frame));
        assert_same(&text, &at_once, &parsed);
    }
    let pieces = frame.pieces(envelope.records.len()).expect("a frame that fits");
    let mut again = pieces[0].to_vec();
    let mut raw = 0;
    for (view, piece) in parsed.views(&text).zip(&pieces[1..]) {
        if view.entry().shape.0 == view.entry().shape.1 {
            raw += 1;
            again.extend_from_slice(view.bytes());
        } else {
            rebuild(&view, &mut again).expect("a row that fits together");
        }
        again.extend_from_slice(piece);
    }
    assert!(again == content, "content differs");
    (envelope.records.len(), raw)
}

/// One pass or two, on a track or off it: the same records.
fn assert_same(content: &Content, one: &Parsed, two: &Parsed) {
    assert_eq!(one.records.len(), two.records.len());
    for (one, two) in one.views(content).zip(two.views(content)) {
        let says = |view: &RecordView| {
            let fields: Vec<_> = view.fields().iter().map(|field| (field.column, value(view, field.value))).collect();
            let entry = view.entry();
            (entry.bytes, entry.flaws, entry.time, entry.hash, view.shape().to_owned(), view.other().to_owned(), fields)
        };
        assert_eq!(says(&one), says(&two));
    }
}

/// A value with its text, wherever that stands.
fn value(view: &RecordView, value: Value) -> (Option<String>, Option<Value>) {
    let text = view.text_of(value).map(str::to_owned);
    let other = matches!(value, Value::Bool(_) | Value::Time(_)).then_some(value);
    (text, other)
}

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/events");
    if path.is_dir() { Some(path) } else { None }
}

#[test]
fn the_real_corpora_round_trip() {
    let Some(corpus) = corpus() else {
        println!("skipped: ../shared/corpora is not here");
        return;
    };
    for (folder, count) in [("invictus", 2900), ("stratus", 310), ("awsdocs", 33)] {
        let mut records = 0;
        for file in std::fs::read_dir(corpus.join(folder)).unwrap().map(|f| f.unwrap().path()) {
            if file.extension().is_some_and(|e| e == "json" || e == "ndjson") {
                let (all, raw) = round_trip(&std::fs::read(&file).unwrap());
                assert_eq!(raw, 0, "{file:?}");
                records += all;
            }
        }
        assert_eq!(records, count, "{folder}");
    }
}

/// JSON of any form, with CloudTrail's own keys among others.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"true\"".to_owned()),
        Just("\"2024-02-29T23:59:59Z\"".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        "[a-z]{0,12}(\\\\u[0-9a-f]{4})?(\\\\/)?".prop_map(|s| format!("\"{s}\"")),
    ];
    let key = prop_oneof![
        Just("userIdentity"),
        Just("sessionContext"),
        Just("attributes"),
        Just("eventTime"),
        Just("eventName"),
        Just("readOnly"),
        Just("requestParameters"),
        Just("bucketName"),
        Just("resources"),
        Just("creationDate"),
        Just("tlsDetails"),
        Just("x"),
        Just("é"),
        Just("credentials"),
        Just("responseElements"),
        Just("accessKeyId"),
        Just("eventID"),
    ];
    let space = prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    scalar.prop_recursive(5, 64, 8, move |inner| {
        let member = (key.clone(), space.clone(), inner.clone(), space.clone())
            .prop_map(|(k, before, v, after)| format!("\"{k}\":{before}{v}{after}"));
        prop_oneof![
            prop::collection::vec(member, 0..8).prop_map(|all| format!("{{{}}}", all.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_in_an_envelope_round_trips(records in prop::collection::vec(json(), 0..5), separator in prop_oneof![Just(","), Just(" ,\n")]) {
        round_trip(format!("{{\"Records\":[{}]}}", records.join(separator)).as_bytes());
    }

    #[test]
    fn any_bytes_end_in_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..300), inside in any::<bool>()) {
        let content = if inside { [b"{\"Records\":[{\"eventTime\":\"".as_slice(), &bytes, b"\"}]}"].concat() } else { bytes };
        if Envelope::split(&content).is_ok() {
            round_trip(&content);
        }
    }
}

/// Records as AWS writes them, of several families.
const RECORDS: [&str; 4] = [
    r#"{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:a/b","sessionContext":{"sessionIssuer":{},"attributes":{"creationDate":"2024-02-29T23:59:59Z","mfaAuthenticated":"false"}}},"eventTime":"2024-03-01T00:00:00Z","eventName":"GetObject","userAgent":"[a \"b\" c]","errorCode":null,"requestParameters":{"bucketName":"b","Host":"h"},"responseElements":null,"readOnly":true,"eventID":"e-1","resources":[{"type":"x"}],"tlsDetails":{"tlsVersion":"TLSv1.3"}}"#,
    r#"{"eventVersion":"1.09","userIdentity":{"type":"AWSService","invokedBy":"s3.amazonaws.com"},"eventTime":"2024-03-01T00:00:00Z","eventName":"GetObject","requestParameters":null,"responseElements":{"credentials":{"accessKeyId":"ASIA","x":1}},"readOnly":"true","eventID":"e-2"}"#,
    r#"{"eventVersion":"1.09","userIdentity":{"type":"Root"},"eventTime":"2024-03-01T00:00:00Z","eventName":"a\\b","readOnly":false,"managementEvent":true}"#,
    r#"{"timeWindow":{"windowStart":"2025-11-17T19:20:00Z","windowSize":"PT5M"},"summary":"","eventId":"e-3","accountId":"1"}"#,
];

/// One change to a text: at a place (in thousandths), so many bytes make way for others.
fn change() -> impl Strategy<Value = (usize, usize, String)> {
    let put = prop_oneof![
        Just(String::new()),
        "[\"{}:,n\\\\ ]{1,2}".prop_map(|s| s),
        Just("null".to_owned()),
        Just("\"eventName\":".to_owned()),
        Just(",\"x\":1".to_owned()),
        "[a-z0-9]{1,3}".prop_map(|s| s),
    ];
    (0..1000_usize, 0..6_usize, put)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_near_a_track_is_read_as_if_there_were_none(at in 0..RECORDS.len(), changes in prop::collection::vec(change(), 1..4)) {
        let mut record = RECORDS[at].as_bytes().to_vec();
        for (place, gone, put) in changes {
            let from = record.len() * place / 1000;
            let to = (from + gone).min(record.len());
            record.splice(from..to, put.into_bytes());
        }
        let [learned, changed] = [RECORDS.join(",").into_bytes(), record].map(|records| Content::from([b"{\"Records\":[".as_slice(), &records, b"]}"].concat()));
        let (mut knows, mut fresh) = (Parser::default(), Parser::default());
        knows.delivery(&learned, &mut Parsed::default()).expect("an envelope");
        let (mut one, mut two) = (Parsed::default(), Parsed::default());
        let frames = (knows.delivery(&changed, &mut one), fresh.delivery(&changed, &mut two));
        prop_assert_eq!(&frames.0, &frames.1);
        if frames.0.is_ok() {
            assert_same(&changed, &one, &two);
            round_trip(changed.as_bytes());
        }
    }
}
