//! The envelope in which CloudWatch Logs hands on log events: `{"messageType":"DATA_MESSAGE",...,"logEvents":[{"message":"..."}]}`.
//!
//! It comes packed in a message, and as files: Firehose writes one after the other into objects. Each log event of CloudTrail's log group is
//! a record as text. What is around them is CloudWatch Logs's own and no evidence; the log events come out as they are, one a line.

use std::borrow::Cow;

use serde::Deserialize;

/// Why an envelope without log events is passed over.
pub const CONTROL: &str = "CloudWatch Logs tried its subscription out";

/// Why an envelope cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the envelope of CloudWatch Logs is damaged: {0}")]
pub struct EnvelopeError(String);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "messageType", borrow)]
    message_type: Cow<'a, str>,
    #[serde(rename = "logEvents", borrow, default)]
    log_events: Vec<LogEvent<'a>>,
}

#[derive(Deserialize)]
struct LogEvent<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// The log events in content that is nothing but envelopes, one a line; `None` if the content is something else. Empty where all of
/// them only tried the subscription out.
pub fn log_events(content: &[u8]) -> Result<Option<Vec<u8>>, EnvelopeError> {
    if !begins_as_envelope(content) {
        return Ok(None);
    }
    let damaged = |error: serde_json::Error| EnvelopeError(error.to_string());
    let text = std::str::from_utf8(content).map_err(|error| EnvelopeError(error.to_string()))?;
    let mut lines = Vec::with_capacity(content.len());
    for envelope in serde_json::Deserializer::from_str(text).into_iter::<Envelope<'_>>() {
        let envelope = envelope.map_err(damaged)?;
        if is_control(Some(&envelope.message_type)) {
            continue;
        }
        for event in &envelope.log_events {
            line(&mut lines, &event.message).map_err(damaged)?;
        }
    }
    Ok(Some(lines))
}

/// Whether an envelope of this type holds no log events of anybody.
pub(crate) fn is_control(message_type: Option<&str>) -> bool {
    message_type == Some("CONTROL_MESSAGE")
}

/// Whether the first object has an envelope's members. Its first names suffice: AWS writes `messageType` first.
fn begins_as_envelope(content: &[u8]) -> bool {
    const HEAD_BYTES: usize = 4_096;
    let head = content.get(..HEAD_BYTES).unwrap_or(content);
    let head = String::from_utf8_lossy(head);
    head.trim_start().starts_with('{') && head.contains("\"messageType\"") && head.contains("_MESSAGE\"")
}

/// A log event as a line. One that is no JSON object, and would not stay one line, becomes a JSON text.
fn line(lines: &mut Vec<u8>, message: &str) -> Result<(), serde_json::Error> {
    if !lines.is_empty() {
        lines.push(b'\n');
    }
    let is_plain = message.trim_start().starts_with('{') || !(message.trim().is_empty() || message.contains(['\n', '\r', '\0']));
    match is_plain {
        true => lines.extend_from_slice(message.as_bytes()),
        false => serde_json::to_writer(&mut *lines, message)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"trail","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1,"message":"{\"eventVersion\":\"1.11\",\"a\":\"\\u00e9\\n\"}"},{"id":"2","timestamp":2,"message":"{\"b\":2}"}]}"#;
    const CONTROL: &str = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;

    fn lines(content: &str) -> Option<String> {
        log_events(content.as_bytes()).unwrap().map(|lines| String::from_utf8(lines).unwrap())
    }

    #[test]
    fn log_events_come_out_as_they_are() {
        let two = "{\"eventVersion\":\"1.11\",\"a\":\"\\u00e9\\n\"}\n{\"b\":2}";
        assert_eq!(lines(ONE).as_deref(), Some(two));
        assert_eq!(lines(&[ONE, CONTROL, ONE].concat()), Some(format!("{two}\n{two}")));
        assert_eq!(lines(&format!("{ONE}\n{ONE}\n")), Some(format!("{two}\n{two}")));
        assert_eq!(lines(CONTROL).as_deref(), Some(""));
    }

    #[test]
    fn other_content_is_none_and_damage_is_told() {
        for other in ["", "{}", "[]", r#"{"Records":[]}"#, "plain text", r#"["messageType","DATA_MESSAGE"]"#] {
            assert_eq!(lines(other), None, "{other}");
        }
        for damaged in [&ONE[..ONE.len() - 1], &format!("{ONE}x"), &ONE.replace("\"message\"", "\"massage\"")] {
            assert!(log_events(damaged.as_bytes()).unwrap_err().to_string().contains("damaged"), "{damaged}");
        }
    }

    #[test]
    fn a_log_event_stays_a_line() {
        let odd = ONE.replace(r#""message":"{\"b\":2}""#, r#""message":"two\nlines""#);
        assert_eq!(lines(&odd).unwrap().lines().last(), Some("\"two\\nlines\""));
    }
}
