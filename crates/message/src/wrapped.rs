//! Records inside of what other tools write around them: EventBridge's events (`detail`), answers of `lookup-events` (`CloudTrailEvent`), and
//! exports of a search engine (`_source`).
//!
//! For those who look at records and do not keep them: what is around them is left out, and the records are one a line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One wrapper, or an answer full of them.
#[derive(Deserialize)]
struct Wrapper<'a> {
    /// Of EventBridge.
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    /// Of a search engine.
    #[serde(rename = "_source", borrow, default)]
    source: Option<&'a RawValue>,
    /// Of `lookup-events`: the record as a text.
    #[serde(rename = "CloudTrailEvent", borrow, default)]
    record: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(rename = "Events", borrow)]
    events: Vec<Wrapper<'a>>,
}

/// The records in content that is nothing but wrappers - one, a list, or one after the other; `None` if it is something else.
pub fn records(content: &[u8]) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    let text = std::str::from_utf8(content).ok()?;
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.ok()?.get();
        if let Ok(answer) = serde_json::from_str::<Answer<'_>>(value) {
            answer.events.iter().try_for_each(|wrapper| unwrap(wrapper, &mut lines))?;
        } else if value.starts_with('[') {
            let all: Vec<Wrapper<'_>> = serde_json::from_str(value).ok()?;
            all.iter().try_for_each(|wrapper| unwrap(wrapper, &mut lines))?;
        } else {
            unwrap(&serde_json::from_str(value).ok()?, &mut lines)?;
        }
    }
    Some(lines)
}

fn unwrap(wrapper: &Wrapper<'_>, lines: &mut Vec<u8>) -> Option<()> {
    let record = match (wrapper.detail, wrapper.source, &wrapper.record) {
        (Some(detail), ..) => detail.get(),
        (None, Some(source), _) => source.get(),
        (None, None, record) => record.as_deref()?,
    };
    // A record is an object; line breaks in it are blanks.
    let is_object = record.trim_start().starts_with('{');
    is_object.then(|| {
        lines.extend(record.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        lines.push(b'\n');
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content: &str) -> Option<String> {
        records(content.as_bytes()).map(|lines| String::from_utf8(lines).unwrap())
    }

    #[test]
    fn what_others_write_around_records() {
        let record = r#"{"eventName":"StopLogging"}"#;
        let once = Some(format!("{record}\n"));
        assert_eq!(told(&format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{record}}}"#)), once);
        assert_eq!(told(&format!(r#"{{"_index":"x","_source":{record}}}"#)), once);
        let text = serde_json::to_string(record).unwrap();
        assert_eq!(told(&format!(r#"{{"Events":[{{"EventId":"1","CloudTrailEvent":{text}}}],"NextToken":"t"}}"#)), once);
        let twice = Some(format!("{record}\n{record}\n"));
        assert_eq!(told(&format!("[{{\"detail\":{record}}},\n{{\"detail\":{record}}}]")), twice);
        assert_eq!(told(&format!("{{\"detail\":{record}}}\n{{\"_source\":{record}}}\n")), twice);
        assert_eq!(told("{\"detail\":{\n  \"eventName\": \"x\"\n}}"), Some("{   \"eventName\": \"x\" }\n".to_owned()));
    }

    #[test]
    fn other_content_is_left_alone() {
        for content in [
            "",
            "[]",
            "nothing",
            r#"{"eventName":"x"}"#,
            r#"{"detail":"text"}"#,
            r#"{"Events":[{"EventId":"1"}]}"#,
            r#"[{"detail":{}},1]"#,
        ] {
            assert!(told(content).is_none_or(|lines| lines.is_empty()), "{content}");
        }
    }
}
