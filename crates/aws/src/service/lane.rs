//! One connection, and the runtime that moves it along while somebody waits for an answer, and only then.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use dial::{Dialer, chain_of};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use tokio::runtime::{Builder, Runtime};

use super::Answer;

/// Longest text of a refusal that is read.
const REFUSAL_BYTES_MAX: u64 = 64 * 1024;

type Sender = SendRequest<Full<Bytes>>;

/// A connection, or the place of one.
pub(crate) struct Lane {
    open: Option<Sender>,
    runtime: Runtime,
}

/// Where a body goes, and how much of it may come.
pub(crate) struct Limited {
    pub(crate) into: Vec<u8>,
    pub(crate) bytes_max: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection had been closed while nobody used it: the service never saw the request.
    Stale,
    /// Not reached, cut off, or out of time.
    Passing(String),
    /// The body is larger than was allowed.
    TooLarge,
}

impl Lane {
    /// A lane without a connection.
    pub(crate) fn new() -> io::Result<Lane> {
        Ok(Lane { open: None, runtime: Builder::new_current_thread().enable_all().build()? })
    }

    /// Sends a request and reads the whole answer into a body. The connection is kept only if it is good for another.
    pub(crate) fn exchange(
        &mut self,
        dialer: &Dialer,
        request: Request<Full<Bytes>>,
        body: Limited,
        limit: Duration,
    ) -> Result<Answer, Broken> {
        let kept = self.open.take();
        let exchanged = self.runtime.block_on(async { tokio::time::timeout(limit, exchange(kept, dialer, request, body)).await });
        let (answer, sender) = exchanged.map_err(|_| Broken::Passing(format!("no answer within {} s", limit.as_secs())))??;
        self.open = Some(sender).filter(|sender| !sender.is_closed());
        Ok(answer)
    }

    /// Ends it without waiting, which dropping a runtime would do.
    pub(crate) fn close(self) {
        self.runtime.shutdown_background();
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, pause: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(pause).await });
    }
}

async fn exchange(
    kept: Option<Sender>,
    dialer: &Dialer,
    request: Request<Full<Bytes>>,
    body: Limited,
) -> Result<(Answer, Sender), Broken> {
    let (mut sender, is_kept) = match kept {
        Some(sender) => (sender, true),
        None => (open(dialer).await?, false),
    };
    let broken = |error: hyper::Error| match is_kept && is_stale(&error) {
        true => Broken::Stale,
        false => Broken::Passing(chain_of(&error)),
    };
    sender.ready().await.map_err(broken)?;
    let response = sender.send_request(request).await.map_err(broken)?;
    Ok((read(response, body).await?, sender))
}

/// Every request may be sent twice, so nothing depends on how far this one came.
fn is_stale(error: &hyper::Error) -> bool {
    error.is_canceled() || error.is_closed() || error.is_incomplete_message() || is_reset(error)
}

fn is_reset(error: &hyper::Error) -> bool {
    let below = std::error::Error::source(error).and_then(|error| error.downcast_ref::<io::Error>());
    below.is_some_and(|error| matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe))
}

async fn open(dialer: &Dialer) -> Result<Sender, Broken> {
    let stream = dialer.dial().await.map_err(Broken::Passing)?;
    let (sender, connection) = handshake(stream).await.map_err(|error| Broken::Passing(error.to_string()))?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(response: Response<Incoming>, Limited { into: mut bytes, bytes_max }: Limited) -> Result<Answer, Broken> {
    let (head, mut body) = response.into_parts();
    let said = body.size_hint().exact();
    let limit = if head.status.is_success() { bytes_max } else { REFUSAL_BYTES_MAX };
    if said.is_some_and(|size_bytes| size_bytes > limit) {
        return Err(Broken::TooLarge);
    }
    bytes.clear();
    bytes.reserve(said.and_then(|size_bytes| size_bytes.try_into().ok()).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Broken::Passing(chain_of(&error)))?;
        let Ok(part) = frame.into_data() else { continue };
        if (bytes.len() + part.len()) as u64 > limit {
            return Err(Broken::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(Answer { status: head.status, headers: head.headers, body: bytes })
}
