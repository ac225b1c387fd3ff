//! One layer of a message: what it says itself, or what it only carries.

use crate::limits::TOLD_CHARS_MAX;
use crate::members::Members;
use crate::{Message, MessageError, looks_like_records, notification, subscription};

/// What a layer is.
pub(crate) enum Layer {
    /// It says this.
    Said(Message),
    /// It carries this text.
    Wrapped(String),
}

/// Tells layers apart by their members.
pub(crate) fn read(text: &str, members: &Members<'_>) -> Result<Layer, MessageError> {
    let said = |message| Ok(Layer::Said(message));
    if members.has("TopicArn") {
        return of_topic(members);
    }
    if members.has("s3Bucket") && members.has("s3ObjectKey") {
        return notification::of_cloudtrail(members).map(Layer::Said);
    }
    if members.text("Event").as_deref() == Some("s3:TestEvent") {
        return said(Message::Nothing("S3 tried its notifications out"));
    }
    if members.has("detail-type") && members.has("detail") {
        return of_eventbridge(members).map(Layer::Said);
    }
    if members.has("messageType") && members.has("logEvents") {
        return said(match subscription::is_control(members.text("messageType").as_deref()) {
            true => Message::Nothing(subscription::CONTROL),
            false => Message::Records(text.as_bytes().to_vec()),
        });
    }
    if let Some(data) = members.object("awslogs").and_then(|logs| logs.text("data")) {
        return Ok(Layer::Wrapped(data));
    }
    if members.has("Records") {
        return of_records(text, members).map(Layer::Said);
    }
    if is_record(members) {
        return said(Message::Records(text.as_bytes().to_vec()));
    }
    Err(MessageError::Unknown)
}

/// What SNS sends to a queue (SNS developer guide, "HTTP/HTTPS notification JSON format"; queues get the same).
fn of_topic(members: &Members<'_>) -> Result<Layer, MessageError> {
    match members.text("Type").as_deref() {
        Some("Notification") => members.text("Message").map(Layer::Wrapped).ok_or(MessageError::Odd("it has no `Message`")),
        Some("SubscriptionConfirmation") => Err(MessageError::Unconfirmed),
        Some("UnsubscribeConfirmation") => Err(MessageError::Unsubscribed),
        _ => Err(MessageError::Odd("its `Type` is none of SNS's")),
    }
}

/// An event: CloudTrail's record in `detail`, or S3's notification.
fn of_eventbridge(members: &Members<'_>) -> Result<Message, MessageError> {
    let kind = members.text("detail-type").unwrap_or_default();
    let detail = members.raw("detail").unwrap_or_default();
    let inner = members.object("detail").ok_or(MessageError::Odd("its `detail` is no object"))?;
    if is_record(&inner) {
        return Ok(Message::Records(detail.as_bytes().to_vec()));
    }
    if members.text("source").as_deref() == Some("aws.s3") && !kind.ends_with("via CloudTrail") {
        return notification::of_eventbridge(&kind, &inner);
    }
    Err(MessageError::NoRecord(told(&kind)))
}

/// A list of S3's notifications, or of CloudTrail's records.
fn of_records(text: &str, members: &Members<'_>) -> Result<Message, MessageError> {
    let records = members.list("Records").ok_or(MessageError::Odd("its `Records` are no list"))?;
    match records.first().map(|first| Members::read(first.get())) {
        Some(Ok(first)) if first.has("s3") => notification::of_s3(&records),
        None => Ok(Message::Nothing("a notification that names nothing")),
        _ if looks_like_records(text) => Ok(Message::Records(text.as_bytes().to_vec())),
        _ => Err(MessageError::Unknown),
    }
}

/// Whether these are the members of a CloudTrail record: those that every kind of record has (facts of its reference).
fn is_record(members: &Members<'_>) -> bool {
    members.has("eventVersion") && (members.has("eventSource") || members.has("eventCategory") || members.has("eventType"))
}

/// A text of a message as an error may repeat it.
pub(crate) fn told(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '·' } else { character }).take(TOLD_CHARS_MAX).collect()
}
