//! What the messages of a queue say: that an object came, what happened, or what was logged.
//!
//! Many roads lead into a queue, and a user should not have to say which one a message took: S3 notifies of objects, itself or through
//! EventBridge; CloudTrail notifies of its deliveries; SNS wraps all of these; EventBridge brings events; a subscription of CloudWatch Logs brings
//! log events. [`read`] tells them apart by what is in them. It refuses what it cannot tell, with a reason for people, and takes
//! nothing on trust: names of buckets and keys come out only if they can be asked for.
//!
//! Pure: no IO, no clock; no recursion on input; every limit has a name ([`limits`]).

pub mod limits;
mod members;
mod notification;
pub mod subscription;
pub mod wrapped;
mod wrapping;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use limits::{BODY_BYTES_MAX, WRAPPINGS_MAX};
use members::Members;
use wrapping::Layer;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// These objects came.
    Objects(Vec<Object>),
    /// This happened: the exact text of a record, log events in their envelope, or either packed with gzip.
    Records(Vec<u8>),
    /// Nothing that is to be collected, and why.
    Nothing(&'static str),
}

/// An object that a message names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key, as S3 lists it.
    pub key: String,
    /// Its version, in a bucket that has versions.
    pub version: Option<String>,
    /// Its entity tag, without quotes, where the message says it.
    pub etag: Option<String>,
    /// Its size, where the message says it.
    pub size_bytes: Option<u64>,
}

/// Why a message cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Larger than the limit.
    #[error("the message holds more than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    /// Neither JSON nor base64 of gzip.
    #[error("the message is neither JSON nor packed log events")]
    NotJson,
    /// JSON that is damaged.
    #[error("the message's JSON is damaged: {0}")]
    Damaged(String),
    /// JSON of another kind.
    #[error("the message holds no notification, event or log event that is known")]
    Unknown,
    /// An event without a record.
    #[error("the message is an EventBridge event (`{0}`) without a CloudTrail record")]
    NoRecord(String),
    /// Something that is wrong about a notification.
    #[error("the message's notification is not as AWS writes it: {0}")]
    Odd(&'static str),
    /// The name of a bucket that is none.
    #[error("the message names a bucket that cannot be: `{0}`")]
    Bucket(String),
    /// A key that cannot be asked for.
    #[error("the message names an object whose key has an empty or dot segment or a control character; copy it to a plain name")]
    Key,
    /// Too many objects.
    #[error("the message names more than {} objects", limits::OBJECTS_MAX)]
    TooManyObjects,
    /// Wrapped too often.
    #[error("the message is wrapped more than {WRAPPINGS_MAX} times")]
    TooDeep,
    /// A subscription that nobody has confirmed.
    #[error("a topic waits for its subscription to be confirmed: open the message's SubscribeURL (it is kept as evidence)")]
    Unconfirmed,
    /// The queue's subscription was ended.
    #[error("the queue's subscription to a topic was ended: nothing comes from there any more (the message is kept as evidence)")]
    Unsubscribed,
}

/// What CloudTrail writes into a topic that it is given.
const VALIDATION: &str = "CloudTrail validation message.";

/// Reads a message.
pub fn read(body: &str) -> Result<Message, MessageError> {
    let mut unwrapped: Option<String> = None;
    for _ in 0..=WRAPPINGS_MAX {
        let text = unwrapped.as_deref().unwrap_or(body);
        if text.len() > BODY_BYTES_MAX {
            return Err(MessageError::TooLarge);
        }
        match layer(text.trim())? {
            Layer::Said(message) => return Ok(message),
            Layer::Wrapped(inner) => unwrapped = Some(inner),
        }
    }
    Err(MessageError::TooDeep)
}

/// What one layer says, or what is in it.
fn layer(text: &str) -> Result<Layer, MessageError> {
    match text.as_bytes().first() {
        Some(b'{') => wrapping::read(text, &Members::read(text)?),
        Some(b'[') if looks_like_records(text) => Ok(Layer::Said(Message::Records(text.as_bytes().to_vec()))),
        Some(b'[') => Err(MessageError::Unknown),
        _ if text == VALIDATION => Ok(Layer::Said(Message::Nothing("CloudTrail tried its topic out"))),
        _ => packed(text).map(Layer::Said),
    }
}

/// Log events as a subscription sends them: gzip in base64.
fn packed(text: &str) -> Result<Message, MessageError> {
    let bytes = STANDARD.decode(text).map_err(|_| MessageError::NotJson)?;
    if bytes.starts_with(&[0x1f, 0x8b]) { Ok(Message::Records(bytes)) } else { Err(MessageError::NotJson) }
}

/// Whether this can be a list of records; the reader of records has the last word.
fn looks_like_records(text: &str) -> bool {
    ["\"eventVersion\"", "\"eventSource\"", "\"eventCategory\""].iter().any(|name| text.contains(name))
}

#[cfg(test)]
mod tests;
