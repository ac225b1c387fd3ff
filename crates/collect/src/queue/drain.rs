//! Takes messages from a queue and hands on what they bring: until it is empty, or for as long as it is followed.
//!
//! The queue is the buffer. While it has a backlog it is asked by several requests at once, and batches fill up; when it has
//! not, what came is kept at once, and the next messages gather in the queue for a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use lake::{Phase, Stage};
use message::{Message, Object};
use record::inflate::is_gzip;
use record::limits::DELIVERY_STORED_BYTES_MAX;
use sha2::{Digest, Sha256};

use super::{
    Desk, MESSAGES_HELD_MAX, MESSAGES_PER_REQUEST_MAX, Queue, RECEIVE_WAIT_LAST_S, RECEIVE_WAIT_S, RECEIVES_AT_ONCE_MAX, Received,
    Ticket,
};
use crate::collector::{Ahead, Arrived, CollectError, FETCHES_AT_ONCE_MAX};
use crate::read::{Raw, day_of};
use crate::source::{Fetched, Listed, SourceError};

/// How long messages gather in a queue without a backlog before they are taken: one commit is made of them.
const GATHER: Duration = Duration::from_millis(500);
/// How long a queue that fails is left alone.
const FAILED_PAUSE: Duration = Duration::from_secs(10);
/// How often a collector that rests looks around.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// An object that a message names, with the ticket for it.
struct Named {
    object: Object,
    ticket: Ticket,
    /// The message, in case it has to be set aside.
    message: Arc<Received>,
}

/// Takes messages from a queue.
pub(crate) struct Drain {
    ahead: Ahead,
    queue: Arc<dyn Queue>,
    desk: Desk,
}

impl Drain {
    pub(crate) fn new(ahead: Ahead, queue: Arc<dyn Queue>, desk: Desk) -> Drain {
        Drain { ahead, queue, desk }
    }

    /// Until the queue is empty; or until stopped, if it is followed. A queue that cannot be asked at all is an error.
    pub(crate) async fn run(self) -> Result<(), CollectError> {
        let (mut at_once, mut has_answered) = (1, false);
        while !self.ahead.stop.is_stopped() {
            let taken = match self.receive(at_once).await {
                Ok(taken) => taken,
                Err(error) if !has_answered || !self.is_followed() => return Err(error.into()),
                Err(error) => {
                    self.ahead.send(Arrived::Unlisted(self.queue.origin().to_owned(), error)).await;
                    self.ahead.send(Arrived::Pause).await;
                    self.rest(FAILED_PAUSE).await;
                    continue;
                }
            };
            has_answered = true;
            let count = taken.len();
            self.handle(taken).await?;
            if count * 2 >= at_once * MESSAGES_PER_REQUEST_MAX {
                at_once = (at_once * 2).min(RECEIVES_AT_ONCE_MAX);
                self.wait_for_room().await;
                continue;
            }
            at_once = 1;
            self.ahead.send(Arrived::Pause).await;
            if self.is_followed() {
                self.rest(GATHER).await;
            } else if count == 0 && self.is_empty().await {
                break;
            }
        }
        Ok(())
    }

    fn is_followed(&self) -> bool {
        self.ahead.options.follow.is_some()
    }

    /// Several requests at once; what one of them brought counts although another one failed.
    async fn receive(&self, at_once: usize) -> Result<Vec<Received>, SourceError> {
        let wait_s = match at_once {
            1 if self.is_followed() => RECEIVE_WAIT_S,
            1 => RECEIVE_WAIT_LAST_S,
            // None of them may keep what another one has brought waiting.
            _ => 0,
        };
        let answers = join_all((0..at_once).map(|_| self.queue.receive(wait_s))).await;
        let (mut messages, mut failed) = (Vec::new(), None);
        for answer in answers {
            match answer {
                Ok(some) => messages.extend(some),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if messages.is_empty() => Err(error),
            _ => Ok(messages),
        }
    }

    /// Whether nothing is under way any more. A FIFO queue shows nothing of a group before what was taken of it is deleted.
    async fn is_empty(&self) -> bool {
        let had_any = self.desk.held() > 0;
        while self.desk.held() > 0 && !self.ahead.stop.is_stopped() && !self.ahead.sender.is_closed() {
            tokio::time::sleep(LOOK_UP_EVERY).await;
        }
        !had_any
    }

    /// Waits until fewer messages are held.
    async fn wait_for_room(&self) {
        if self.desk.held() < MESSAGES_HELD_MAX {
            return;
        }
        self.ahead.send(Arrived::Pause).await;
        while self.desk.held() > MESSAGES_HELD_MAX / 2 && !self.ahead.stop.is_stopped() && !self.ahead.sender.is_closed() {
            tokio::time::sleep(LOOK_UP_EVERY).await;
        }
    }

    async fn rest(&self, time: Duration) {
        let mut left = time;
        while !left.is_zero() && !self.ahead.stop.is_stopped() {
            let nap = left.min(LOOK_UP_EVERY);
            tokio::time::sleep(nap).await;
            left -= nap;
        }
    }

    async fn handle(&self, messages: Vec<Received>) -> Result<(), CollectError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.ahead.observer.stage(Stage::Fetch, Phase::Begin);
        let mut named = Vec::new();
        for received in messages {
            let received = Arc::new(received);
            match message::read(&received.body) {
                Ok(Message::Objects(objects)) => {
                    let ticket = self.desk.take(&received.receipt, objects.len());
                    let with = |object| Named { object, ticket: ticket.clone(), message: Arc::clone(&received) };
                    named.extend(objects.into_iter().map(with));
                }
                Ok(Message::Records(bytes)) => {
                    let raw = delivery(self.queue.origin(), &received, bytes);
                    self.hand_over(raw, self.desk.take(&received.receipt, 1)).await;
                }
                Ok(Message::Nothing(reason)) => {
                    self.ahead.send(Arrived::Ignored(reason)).await;
                    self.desk.take(&received.receipt, 1).done();
                }
                Err(error) => {
                    let ticket = self.desk.take(&received.receipt, 1);
                    self.hand_over(set_aside(self.queue.origin(), &received, error.to_string()), ticket).await;
                }
            }
        }
        self.objects(named).await?;
        self.ahead.observer.stage(Stage::Fetch, Phase::End);
        Ok(())
    }

    /// Fetches the objects that are not known.
    async fn objects(&self, named: Vec<Named>) -> Result<(), CollectError> {
        let (mut wanted, mut known) = (Vec::new(), HashMap::new());
        for Named { object, ticket, message } in named {
            if !self.queue.may_name(&object.bucket) {
                let reason = format!("the message names the bucket `{}`, which is not among those of --bucket", object.bucket);
                self.hand_over(set_aside(self.queue.origin(), &message, reason), ticket).await;
                continue;
            }
            match self.ahead.claim(&origin_of(&object), &listed(&object), &mut known).await? {
                Some(other) => {
                    self.ahead.send(other).await;
                    ticket.done();
                }
                None => wanted.push(Named { object, ticket, message }),
            }
        }
        let mut fetched = futures::stream::iter(wanted.into_iter().map(|named| self.fetch(named))).buffered(FETCHES_AT_ONCE_MAX);
        while let Some(()) = fetched.next().await {
            if self.ahead.stop.is_stopped() {
                break;
            }
        }
        Ok(())
    }

    /// Fetches an object and hands it on; or says what is to become of its message.
    async fn fetch(&self, named: Named) {
        let Named { object, ticket, message } = named;
        let permit = self.ahead.room_for(object.size_bytes.unwrap_or_default()).await;
        let limit = self.ahead.options.object_bytes_max.min(DELIVERY_STORED_BYTES_MAX);
        let named = format!("s3://{}/{}", object.bucket, object.key);
        match self.queue.fetch(&object, limit).await {
            Err(error @ (SourceError::NotFound(_) | SourceError::Archived(_))) => {
                let reason = match error {
                    SourceError::NotFound(_) => format!("the message names `{named}`, which is not there"),
                    _ => format!("the message names `{named}`, which is archived (Glacier); restore it and collect it from there"),
                };
                self.hand_over(set_aside(self.queue.origin(), &message, reason), ticket).await;
            }
            Err(error @ (SourceError::Denied { .. } | SourceError::Credentials(_) | SourceError::Io { .. })) => {
                self.ahead.send(Arrived::Left(named, error)).await;
                ticket.leave();
            }
            read @ (Ok(_) | Err(SourceError::TooLarge { .. })) => {
                let mut raw = Raw::new(&origin_of(&object), listed(&object), read);
                raw.ticket = Some(ticket);
                self.ahead.send(Arrived::Object(Box::new(raw), permit)).await;
            }
        }
    }

    async fn hand_over(&self, mut raw: Raw, ticket: Ticket) {
        raw.ticket = Some(ticket);
        let permit = self.ahead.room_for(raw.listed.size_bytes).await;
        self.ahead.send(Arrived::Object(Box::new(raw), permit)).await;
    }
}

/// The origin that a listing of the bucket would give.
fn origin_of(object: &Object) -> String {
    format!("s3://{}", object.bucket)
}

fn listed(object: &Object) -> Listed {
    Listed {
        key: object.key.clone(),
        size_bytes: object.size_bytes.unwrap_or_default(),
        etag: object.etag.clone().unwrap_or_default(),
    }
}

/// A message that is a delivery itself.
fn delivery(origin: &str, received: &Received, bytes: Vec<u8>) -> Raw {
    let extension = if is_gzip(&bytes) { "json.gz" } else { "json" };
    let (day, listed, fetched) = own(received, bytes, extension);
    Raw::in_message(origin, listed, fetched, day)
}

/// A message that cannot be followed, to be kept as it came.
fn set_aside(origin: &str, received: &Received, reason: String) -> Raw {
    let (day, listed, fetched) = own(received, received.body.as_bytes().to_vec(), "message");
    Raw::set_aside(origin, listed, fetched, day, reason)
}

/// Key and tag of a message: the day on which it was sent, and a hash of all that it says.
fn own(received: &Received, bytes: Vec<u8>, extension: &str) -> (String, Listed, Fetched) {
    let hash = hex::encode(Sha256::digest(received.body.as_bytes()).iter().take(16).copied().collect::<Vec<u8>>());
    let sent = received.sent_ms.and_then(chrono::DateTime::from_timestamp_millis);
    let sent = sent.filter(|sent| (1970..=9999).contains(&chrono::Datelike::year(sent)));
    let (day, folder) = match sent {
        Some(sent) => (sent.format("%Y-%m-%d").to_string(), sent.format("%Y/%m/%d").to_string()),
        None => (day_of(""), "unknown".to_owned()),
    };
    let listed = Listed { key: format!("{folder}/{hash}.{extension}"), size_bytes: bytes.len() as u64, etag: hash.clone() };
    (day, listed, Fetched { body: Bytes::from(bytes), etag: hash, metadata: Vec::new() })
}
