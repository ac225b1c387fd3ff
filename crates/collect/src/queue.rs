//! A queue as a source: deliveries minutes earlier than a listing can find them.
//!
//! What its messages say is [`message`]'s to know; here is what becomes of them. A message is deleted only when everything that it brought or
//! named is durable in the lake ([`Ticket`]); until then it is kept from others ([`desk`]). What can be mended (a missing right, a service that
//! fails) leaves the message in the queue. What cannot is kept as evidence, with its reason, and then deleted: never lost, never looping.
//!
//! An object that a message names is the same delivery that a listing finds: the same origin, key and entity tag. A message that
//! is a delivery itself has the queue as its origin and its content's hash as its key, so that it is known when it comes twice.

mod desk;
pub(crate) mod drain;
mod ticket;

pub use desk::Counts;
pub(crate) use desk::Desk;
pub use ticket::Ticket;

use async_trait::async_trait;

use crate::source::{Fetched, Requests, SourceError};

/// Messages that one request brings: SQS's own limit.
pub const MESSAGES_PER_REQUEST_MAX: usize = 10;
/// Longest wait of one request for a message, in seconds: how long a collector may take to notice that it is to stop.
pub const RECEIVE_WAIT_S: u32 = 5;
/// The same for a collector that ends with an empty queue: any wait makes SQS ask all of its servers.
pub const RECEIVE_WAIT_LAST_S: u32 = 1;
/// Requests for messages at the same time, while there is a backlog.
pub const RECEIVES_AT_ONCE_MAX: usize = 8;
/// Messages that are held at the same time. SQS lets 120,000 be in flight, 20,000 of a FIFO queue.
pub const MESSAGES_HELD_MAX: usize = 4_000;
/// How long a held message is kept from others, in seconds: after a crash it comes back this late.
pub const HOLD_S: u32 = 120;
/// How often that is extended, in seconds.
pub const EXTEND_EVERY_S: u64 = 40;
/// How often it is extended at most: SQS lets nobody hold a message for more than 12 hours.
pub const EXTENSIONS_MAX: u32 = 900;
/// Tries to delete a message.
pub const DELETE_TRIES_MAX: u32 = 5;

/// A queue, and the buckets that its messages speak of.
#[async_trait]
pub trait Queue: Send + Sync {
    /// What the ledger calls it: `sqs://region/account/name`.
    fn origin(&self) -> &str;

    /// Takes up to [`MESSAGES_PER_REQUEST_MAX`] messages, waiting for the first one; they are kept from others for [`HOLD_S`].
    async fn receive(&self, wait_s: u32) -> Result<Vec<Received>, SourceError>;

    /// Deletes messages; gives back the receipts of those that could not be deleted and may be another time.
    async fn delete(&self, receipts: &[String]) -> Result<Vec<String>, SourceError>;

    /// Keeps messages from others for so many seconds from now on; with 0 they are anybody's again.
    async fn hold(&self, receipts: &[String], for_s: u32) -> Result<(), SourceError>;

    /// Whether messages may name this bucket.
    fn may_name(&self, bucket: &str) -> bool;

    /// Reads an object as it was when the message was sent, if that can still be had.
    async fn fetch(&self, object: &message::Object, size_bytes_max: u64) -> Result<Fetched, SourceError>;

    /// Read requests to buckets, and (as lists) requests to the queue.
    fn requests(&self) -> Requests;
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What it is deleted by.
    pub receipt: String,
    /// What it says.
    pub body: String,
    /// When it was sent, in milliseconds since 1970 UTC.
    pub sent_ms: Option<i64>,
}
