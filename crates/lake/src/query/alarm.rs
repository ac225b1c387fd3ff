//! The end of a query's time, told by a thread of its own: when joins keep every worker of the runtime busy, nobody is left to look at the
//! runtime's clock.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

/// Ready when its time is over. Whoever drops it ends its thread.
#[derive(Debug)]
pub struct Alarm {
    rings: oneshot::Receiver<()>,
    _set: mpsc::Sender<()>,
}

impl Alarm {
    /// Rings after this time.
    pub fn after(time: Duration) -> std::io::Result<Alarm> {
        let (ring, rings) = oneshot::channel();
        let (set, is_unset) = mpsc::channel();
        std::thread::Builder::new().name("query-alarm".to_owned()).spawn(move || {
            if is_unset.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
                // Nobody listens any more if the answer has just come.
                ring.send(()).ok();
            }
        })?;
        Ok(Alarm { rings, _set: set })
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.rings).poll(context).map(|_| ())
    }
}
