//! A ticket for each part of a message: handed back when that part is durable. The last one back deletes the message.
//!
//! A ticket that is dropped says nothing, and its message stays in the queue: whatever fails on the way, nothing is deleted too early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::mpsc::UnboundedSender;

use super::desk::Call;

/// One part of a message.
#[derive(Clone, Debug)]
pub struct Ticket(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    receipt: String,
    open: AtomicUsize,
    is_left: AtomicBool,
    desk: UnboundedSender<Call>,
}

impl Ticket {
    /// A ticket for each of a message's parts, at least one.
    pub(super) fn new(receipt: String, parts: usize, desk: UnboundedSender<Call>) -> Ticket {
        Ticket(Arc::new(Parts { receipt, open: AtomicUsize::new(parts), is_left: AtomicBool::new(false), desk }))
    }

    /// The part is durable, or nothing is to become of it.
    pub fn done(self) {
        self.close();
    }

    /// The part could not be had now: the message stays in the queue.
    pub(super) fn leave(self) {
        self.0.is_left.store(true, Ordering::Relaxed);
        self.close();
    }

    fn close(&self) {
        // Each part closes once; the last one speaks for all.
        if self.0.open.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let receipt = self.0.receipt.clone();
        let call = if self.0.is_left.load(Ordering::Relaxed) { Call::Leave(receipt) } else { Call::Delete(receipt) };
        // A desk that is gone deletes nothing, which is safe.
        let _ = self.0.desk.send(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    fn calls(parts: usize, close: impl Fn(usize, Ticket)) -> Vec<Call> {
        let (sender, mut receiver) = unbounded_channel();
        let ticket = Ticket::new("r".to_owned(), parts, sender);
        (0..parts).for_each(|part| close(part, ticket.clone()));
        drop(ticket);
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn the_last_part_speaks_for_all() {
        let receipt = || "r".to_owned();
        assert_eq!(calls(1, |_, ticket| ticket.done()), [Call::Delete(receipt())]);
        assert_eq!(calls(3, |_, ticket| ticket.done()), [Call::Delete(receipt())]);
        assert_eq!(calls(3, |part, ticket| if part == 0 { ticket.leave() } else { ticket.done() }), [Call::Leave(receipt())]);
        assert_eq!(calls(3, |part, ticket| if part == 2 { ticket.leave() } else { ticket.done() }), [Call::Leave(receipt())]);
        assert_eq!(calls(3, |part, ticket| if part == 1 { drop(ticket) } else { ticket.done() }), []);
    }
}
