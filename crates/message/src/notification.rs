//! Notifications about objects: S3's own, S3's through EventBridge, and CloudTrail's.
//!
//! S3 writes keys as forms are written (`+` for a blank, `%2B` for a plus); EventBridge and CloudTrail write them as they are. A version and
//! an entity tag are taken over where they are told: the version is what can still be read when somebody has overwritten the object.

use serde_json::value::RawValue;

use crate::limits::{BUCKET_CHARS_MAX, KEY_BYTES_MAX, OBJECTS_MAX};
use crate::members::Members;
use crate::wrapping::told;
use crate::{Message, MessageError, Object};

/// Why a notification about something else than a new object is passed over.
const NOT_NEW: &str = "S3 tells of something else than a new object";

/// S3's event message (S3 user guide, "Event message structure").
pub(crate) fn of_s3(records: &[&RawValue]) -> Result<Message, MessageError> {
    if records.len() > OBJECTS_MAX {
        return Err(MessageError::TooManyObjects);
    }
    let mut objects = Vec::new();
    for record in records {
        let record = Members::read(record.get())?;
        if is_new(&record.text("eventName").unwrap_or_default()) {
            objects.push(of_record(&record)?);
        }
    }
    Ok(if objects.is_empty() { Message::Nothing(NOT_NEW) } else { Message::Objects(objects) })
}

/// `ObjectCreated:Put` and its kind (older ones begin with `s3:`), and what came back from an archive tier.
fn is_new(event: &str) -> bool {
    let event = event.strip_prefix("s3:").unwrap_or(event);
    event.starts_with("ObjectCreated:") || event == "ObjectRestore:Completed"
}

fn of_record(record: &Members<'_>) -> Result<Object, MessageError> {
    let odd = MessageError::Odd;
    let s3 = record.object("s3").ok_or(odd("a record has no `s3`"))?;
    let bucket = s3.object("bucket").and_then(|bucket| bucket.text("name")).ok_or(odd("it names no bucket"))?;
    let object = s3.object("object").ok_or(odd("it names no object"))?;
    let key = object.text("key").ok_or(odd("it names no key"))?;
    let key = decode(&key).ok_or(odd("a key is escaped wrongly"))?;
    checked(bucket, key, object.text("versionId"), object.text("eTag"), object.number("size"))
}

/// The detail of S3's event in EventBridge (S3 user guide, "EventBridge event message structure").
pub(crate) fn of_eventbridge(kind: &str, detail: &Members<'_>) -> Result<Message, MessageError> {
    if !matches!(kind, "Object Created" | "Object Restore Completed") {
        return Ok(Message::Nothing(NOT_NEW));
    }
    let odd = MessageError::Odd;
    let bucket = detail.object("bucket").and_then(|bucket| bucket.text("name")).ok_or(odd("it names no bucket"))?;
    let object = detail.object("object").ok_or(odd("it names no object"))?;
    let key = object.text("key").ok_or(odd("it names no key"))?;
    let object = checked(bucket, key, object.text("version-id"), object.text("etag"), object.number("size"))?;
    Ok(Message::Objects(vec![object]))
}

/// What CloudTrail sends to the topic of a trail (CloudTrail user guide, "Configuring Amazon SNS notifications").
pub(crate) fn of_cloudtrail(members: &Members<'_>) -> Result<Message, MessageError> {
    let bucket = members.text("s3Bucket").ok_or(MessageError::Odd("it names no bucket"))?;
    let keys = members.list("s3ObjectKey").ok_or(MessageError::Odd("its `s3ObjectKey` is no list"))?;
    if keys.len() > OBJECTS_MAX {
        return Err(MessageError::TooManyObjects);
    }
    let one = |key: &&RawValue| {
        let key: String = serde_json::from_str(key.get()).map_err(|_| MessageError::Odd("a key is no text"))?;
        checked(bucket.clone(), key, None, None, None)
    };
    let objects = keys.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(if objects.is_empty() { Message::Nothing("a notification that names nothing") } else { Message::Objects(objects) })
}

/// An object that can be asked for.
fn checked(
    bucket: String,
    key: String,
    version: Option<String>,
    etag: Option<String>,
    size_bytes: Option<u64>,
) -> Result<Object, MessageError> {
    if !is_bucket(&bucket) {
        return Err(MessageError::Bucket(told(&bucket)));
    }
    if !is_key(&key) {
        return Err(MessageError::Key);
    }
    let is_plain =
        |text: &String| !text.is_empty() && text.len() <= KEY_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let etag = etag.map(|etag| etag.trim_matches('"').to_owned()).filter(is_plain);
    // A bucket without versions says `null`, or nothing.
    let version = version.filter(is_plain).filter(|version| version != "null");
    Ok(Object { bucket, key, version, etag, size_bytes })
}

/// Letters, digits, hyphens, dots and underscores: nothing that could lead to another host or path.
fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let has_ends = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    (3..=BUCKET_CHARS_MAX).contains(&name.len()) && has_ends && !name.contains("..") && name.bytes().all(is_plain)
}

/// Keys that the storage client can ask for.
fn is_key(key: &str) -> bool {
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..");
    key.len() <= KEY_BYTES_MAX && !key.chars().any(char::is_control) && key.split('/').all(is_segment)
}

/// A key as forms write it; `None` if it could not have been written so.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()))?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_forms_are() {
        let cases = [
            ("a/b%2Fc", Some("a/b/c")),
            ("a+b%2Bc", Some("a b+c")),
            ("%C3%A9", Some("é")),
            ("%C3", None),
            ("%4", None),
            ("%+1", None),
            ("a%25b", Some("a%b")),
        ];
        for (text, key) in cases {
            assert_eq!(decode(text).as_deref(), key, "{text}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", "a", "a/b", "a?b", "a@b.c", "..", "a..b", "-ab", "ab.", "évil", "a b c"] {
            assert!(!is_bucket(name), "{name}");
        }
        assert!(is_bucket("my-trail.logs_1") && is_bucket("My_Old_Bucket1"));
        for key in ["", "/a", "a//b", "a/", "../a", "a/./b", "a\u{0}b", &"k".repeat(2_000)] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_key("AWSLogs/1/CloudTrail/x y+ü%.json.gz"));
    }
}
