use super::*;
use crate::columns::Kind;

/// Parses one record; returns whether its bytes come back from its row, its flaws, and its columns as text.
fn parse(text: &str) -> (bool, String, Vec<(String, String)>) {
    let mut parsed = Parsed::default();
    let content = Content::Text(text.to_owned());
    Parser::default().record(&content, 0, text.len(), &mut parsed);
    let view = parsed.views(&content).next().unwrap();
    let flaws: Vec<String> = view.entry().flaws.iter().map(|flaw| flaw.to_string()).collect();
    let value = |field: &Field| match field.value {
        Value::Bool(b) => b.to_string(),
        Value::Time(t) => t.to_string(),
        text => view.text_of(text).unwrap().to_owned(),
    };
    let columns = view.fields().iter().map(|f| (f.column.spec().name.to_owned(), value(f))).collect();
    let mut again = Vec::new();
    let exact = rebuild(&view, &mut again).is_ok() && again == text.as_bytes();
    (exact, flaws.join(", "), columns)
}

const T: &str = r#""eventTime":"2023-07-10T11:47:39Z""#;

#[test]
fn odd_records_come_back_byte_for_byte() {
    let cases = [
        (format!("{{{T}}}"), ""),
        (format!(r#"{{{T},"resources":"","readOnly":"true","managementEvent":false,"errorCode":null}}"#), ""),
        (format!(r#"{{{T},"unknown":{{"a":[1, 2]}},"other":1e5,"userIdentity":{{"type":"X","new":"y"}}}}"#), ""),
        (format!(r#"{{ {T}, "userAgent" : "a\tb",  "unknown" : [ 1 ] , "userIdentity": {{ "type": "Root", "x" : 1 }} }}"#), ""),
        (format!(r#"{{{T},"userAgent":"a\/b \u003c é \u00e9","eventName":"x\"y\\z\n"}}"#), ""),
        (format!(r#"{{{T},"eventName":5,"userIdentity":"nobody","sourceIPAddress":["1"],"readOnly":1}}"#), ""),
        (format!(r#"{{{T},"eventName":"a","eventName":"b"}}"#), "duplicate key"),
        (format!(r#"{{{T},"zz":"a","zz":"b"}}"#), "duplicate key"),
        (format!(r#"{{{T},"requestParameters":{{"a":1,"a":2}}}}"#), "duplicate key"),
        (format!(r#"{{{T},"userAgent":"\ud800","requestParameters":{{"x":"\udc00"}}}}"#), "lone surrogate"),
        (r#"{"eventTime":"2023-07-10T11:47:39.123Z"}"#.to_owned(), ""),
        (r#"{"eventTime":"soon"}"#.to_owned(), "no usable event time"),
        (r#"{"eventTime":17}"#.to_owned(), "no usable event time"),
        (r#"{"timeWindow":{"windowStart":"2025-11-17T19:20:00Z","windowSize":"PT5M"}}"#.to_owned(), ""),
        (r#"{"timeWindow":{"windowStart": "2025-10-30 23:45:00"},"eventId":"e","eventID":"f"}"#.to_owned(), "duplicate key"),
        (
            format!(r#"{{{T},"userIdentity":{{"sessionContext":{{"sessionIssuer":{{}},"attributes":{{"creationDate":"x"}}}}}}}}"#),
            "",
        ),
        (format!(r#"{{"eventN\u0061me":"x",{T}}}"#), ""),
    ];
    for (text, flaw) in cases {
        let (exact, flaws, _) = parse(&text);
        assert!(exact, "{text}");
        assert_eq!(flaws, flaw, "{text}");
    }
}

#[test]
fn what_cannot_be_taken_apart_keeps_its_flaw() {
    let deep = format!("{{{T},\"requestParameters\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let cases = [
        ("[]", "not an object"),
        ("{}", "no usable event time"),
        ("{\"a\":}", "invalid JSON"),
        ("nonsense", "invalid JSON"),
        (&deep, "nested too deeply"),
    ];
    for (text, flaw) in cases {
        let (exact, flaws, columns) = parse(text);
        assert!(!exact && columns.is_empty());
        assert!(flaws.contains(flaw), "{flaws}");
    }
}

#[test]
fn hot_keys_are_copied_out() {
    let text = format!(
        r#"{{{T},"requestParameters":{{"bucketName":"b\u00e9","tags":[{{}}],"keyId":7,"roleArn":null}},"responseElements":{{"credentials":{{"x":{{}},"accessKeyId":"ASIA1"}},"accessKey":{{}}}},"additionalEventData":{{"MFAUsed":"No"}}}}"#
    );
    let (exact, _, columns) = parse(&text);
    assert!(exact);
    let hot: Vec<_> = columns.iter().filter(|(name, _)| Column::named(name).unwrap().spec().kind == Kind::Hot).collect();
    let expected = [
        ("requestparameters_bucketname", "b\u{e9}"),
        ("requestparameters_keyid", "7"),
        ("responseelements_credentials_accesskeyid", "ASIA1"),
        ("additionaleventdata_mfaused", "No"),
    ];
    assert_eq!(hot.len(), expected.len());
    for ((name, value), (expected_name, expected_value)) in hot.into_iter().zip(expected) {
        assert_eq!((name.as_str(), value.as_str()), (expected_name, expected_value));
    }
}
