//! Where receipts lie while work is in progress: it keeps the messages from others, and deletes those that are done with.
//!
//! A task of its own, so that a long commit cannot let a message go. It ends when nobody holds a ticket any more, and lets go of what
//! was not done.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{DELETE_TRIES_MAX, EXTEND_EVERY_S, EXTENSIONS_MAX, HOLD_S, MESSAGES_PER_REQUEST_MAX, Queue, Ticket};

/// Wait before messages are tried to be deleted again.
const DELETE_PAUSE: Duration = Duration::from_millis(500);

/// What became of messages. `received` is the sum of all that follow once nothing is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Taken from the queue.
    pub received: u64,
    /// Deleted from it: everything that they brought or named is in the lake, or in its evidence.
    pub deleted: u64,
    /// Left in it: what they name could not be had now.
    pub left: u64,
    /// Could not be deleted, or were not done with: they come again, and are then known.
    pub released: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.received += other.received;
        self.deleted += other.deleted;
        self.left += other.left;
        self.released += other.released;
    }
}

/// What a desk is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Take(String),
    Delete(String),
    Leave(String),
}

/// The way to a desk.
#[derive(Clone)]
pub(crate) struct Desk {
    calls: UnboundedSender<Call>,
    held: Arc<AtomicUsize>,
}

impl Desk {
    /// Opens a desk; its task ends when the desk and all tickets are gone, and says what became of the messages.
    pub(crate) fn open(queue: Arc<dyn Queue>) -> (Desk, JoinHandle<Counts>) {
        let (calls, receiver) = unbounded_channel();
        let held = Arc::new(AtomicUsize::new(0));
        let clerk = Clerk { queue, held: Arc::clone(&held), holding: HashMap::new(), counts: Counts::default() };
        (Desk { calls, held }, tokio::spawn(clerk.work(receiver)))
    }

    /// Takes in a message of so many parts.
    pub(super) fn take(&self, receipt: &str, parts: usize) -> Ticket {
        self.held.fetch_add(1, Ordering::Relaxed);
        let _ = self.calls.send(Call::Take(receipt.to_owned()));
        Ticket::new(receipt.to_owned(), parts.max(1), self.calls.clone())
    }

    /// Messages that are held.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

struct Clerk {
    queue: Arc<dyn Queue>,
    held: Arc<AtomicUsize>,
    /// How often each message has been extended.
    holding: HashMap<String, u32>,
    counts: Counts,
}

impl Clerk {
    async fn work(mut self, mut calls: UnboundedReceiver<Call>) -> Counts {
        let mut beat = interval(Duration::from_secs(EXTEND_EVERY_S));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.tick().await;
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                count = calls.recv_many(&mut batch, 1_024) => match count {
                    0 => break,
                    _ => self.answer(std::mem::take(&mut batch)).await,
                },
                _ = beat.tick() => self.extend().await,
            }
        }
        self.release().await;
        self.counts
    }

    async fn answer(&mut self, calls: Vec<Call>) {
        let mut done = Vec::new();
        for call in calls {
            match call {
                Call::Take(receipt) => {
                    self.counts.received += 1;
                    self.holding.insert(receipt, 0);
                }
                Call::Leave(receipt) => {
                    self.counts.left += 1;
                    self.let_go(&receipt);
                }
                Call::Delete(receipt) => done.push(receipt),
            }
        }
        self.delete(done).await;
    }

    /// Deletes, a few times if need be. What is left then comes again, and is known.
    async fn delete(&mut self, mut receipts: Vec<String>) {
        for attempt in 0..DELETE_TRIES_MAX {
            let mut again = Vec::new();
            for some in receipts.chunks(MESSAGES_PER_REQUEST_MAX) {
                match self.queue.delete(some).await {
                    Ok(failed) => {
                        self.counts.deleted += some.len().saturating_sub(failed.len()) as u64;
                        some.iter().filter(|receipt| !failed.contains(receipt)).for_each(|receipt| self.let_go(receipt));
                        again.extend(failed);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "messages could not be deleted");
                        again.extend_from_slice(some);
                    }
                }
            }
            receipts = again;
            if receipts.is_empty() {
                return;
            }
            tokio::time::sleep(DELETE_PAUSE * (attempt + 1)).await;
        }
        self.counts.released += receipts.len() as u64;
        receipts.iter().for_each(|receipt| self.let_go(receipt));
    }

    fn let_go(&mut self, receipt: &str) {
        if self.holding.remove(receipt).is_some() {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Keeps everything that is held from others for another while.
    async fn extend(&mut self) {
        let mut receipts = Vec::new();
        for (receipt, extensions) in &mut self.holding {
            *extensions += 1;
            if *extensions <= EXTENSIONS_MAX {
                receipts.push(receipt.clone());
            }
        }
        for some in receipts.chunks(MESSAGES_PER_REQUEST_MAX) {
            if let Err(error) = self.queue.hold(some, HOLD_S).await {
                tracing::warn!(%error, "messages could not be kept from others; they may come twice, which does no harm");
            }
        }
    }

    /// Lets go of what was not done: others may have it at once.
    async fn release(&mut self) {
        let receipts: Vec<String> = std::mem::take(&mut self.holding).into_keys().collect();
        self.counts.released += receipts.len() as u64;
        for some in receipts.chunks(MESSAGES_PER_REQUEST_MAX) {
            if let Err(error) = self.queue.hold(some, 0).await {
                tracing::debug!(%error, "messages come back when their time is up");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Received;
    use crate::source::{Fetched, Requests, SourceError};
    use async_trait::async_trait;
    use std::sync::Mutex;

    /// Fails to delete each receipt once, `stubborn` always, and notes what it is asked for.
    #[derive(Default)]
    struct Noting {
        asked: Mutex<Vec<String>>,
    }

    impl Noting {
        fn note(&self, what: String) -> bool {
            let mut asked = self.asked.lock().unwrap();
            let is_new = !asked.contains(&what);
            asked.push(what);
            is_new
        }
    }

    #[async_trait]
    impl Queue for Noting {
        fn origin(&self) -> &'static str {
            "sqs://q"
        }

        async fn receive(&self, _: u32) -> Result<Vec<Received>, SourceError> {
            Ok(Vec::new())
        }

        async fn delete(&self, receipts: &[String]) -> Result<Vec<String>, SourceError> {
            assert!((1..=MESSAGES_PER_REQUEST_MAX).contains(&receipts.len()));
            let fails = |receipt: &&String| self.note(format!("delete {receipt}")) || receipt.as_str() == "stubborn";
            Ok(receipts.iter().filter(fails).cloned().collect())
        }

        async fn hold(&self, receipts: &[String], for_s: u32) -> Result<(), SourceError> {
            for receipt in receipts {
                self.note(format!("hold {receipt} {for_s}"));
            }
            Ok(())
        }

        fn may_name(&self, _: &str) -> bool {
            true
        }

        async fn fetch(&self, object: &message::Object, _: u64) -> Result<Fetched, SourceError> {
            Err(SourceError::NotFound(object.key.clone()))
        }

        fn requests(&self) -> Requests {
            Requests::default()
        }
    }

    #[tokio::test]
    async fn what_is_done_is_deleted_and_all_else_is_let_go() {
        let queue = Arc::new(Noting::default());
        let (desk, clerk) = Desk::open(Arc::clone(&queue) as Arc<dyn Queue>);
        for number in 0..25 {
            desk.take(&format!("r{number}"), 1).done();
        }
        desk.take("stubborn", 1).done();
        desk.take("left", 2).leave();
        let both = desk.take("both", 2);
        both.clone().done();
        both.leave();
        drop(desk.take("dropped", 1));
        drop(desk);
        let counts = clerk.await.unwrap();
        // Of `left` one part was never closed: it is let go at the end, as what was dropped.
        assert_eq!(counts, Counts { received: 29, deleted: 25, left: 1, released: 3 });
        let asked = queue.asked.lock().unwrap();
        for (what, is_asked) in [("hold dropped 0", true), ("hold left 0", true), ("delete dropped", false), ("delete both", false)]
        {
            assert_eq!(asked.iter().any(|asked| asked == what), is_asked, "{what}");
        }
        assert_eq!(asked.iter().filter(|asked| *asked == "delete stubborn").count(), DELETE_TRIES_MAX as usize);
    }
}
