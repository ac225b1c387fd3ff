//! One AWS service at one address, asked with as little work as possible: signed requests over connections that are kept.
//!
//! Verifying reads hundreds of thousands of small objects. A request through the storage client of the lake costs about 60
//! microseconds of processor time, most of it handed from thread to thread; here the thread that asks writes, waits and reads
//! itself, which costs a third of that. Calls block: they come from plain threads, never from async code.

mod lane;
mod signature;
mod spelling;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use dial::Dialer;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;

use crate::access::{BACKOFF_MAX, CONNECT_TIMEOUT, Clock, REQUEST_TIMEOUT, RETRIES_MAX, RETRY_TIMEOUT};
use crate::refusal::element;
use lane::{Broken, Lane, Limited};
pub(crate) use signature::Signing;
use signature::{Moment, Signer};
pub(crate) use spelling::{encode_key, encode_value};

/// Wait before the first further try; each later one waits twice as long.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// A service: S3 in a Region, CloudTrail in a Region.
pub(crate) struct Service {
    dialer: Dialer,
    host: HeaderValue,
    signing: Signing,
    clock: Clock,
    /// Connections that nobody uses just now.
    lanes: Mutex<Vec<Lane>>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    /// Path, percent-encoded.
    pub(crate) path: &'a str,
    /// Query, percent-encoded and in the order of its names.
    pub(crate) query: &'a str,
    /// Headers beside those that signing adds, in lower case and in order.
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: Bytes,
}

/// What came back; refusals are answers too.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// There are no credentials to sign with; what to do.
    NoCredentials(String),
    /// The body is larger than was allowed.
    TooLarge,
    /// The service was not reached, or did not answer in time.
    Unreached(String),
}

impl Service {
    /// A service at `endpoint`: `https://host[:port]`. Connects when it is first asked.
    pub(crate) fn new(endpoint: &str, signing: Signing, clock: Clock) -> Result<Service, String> {
        let dialer = Dialer::new(endpoint, CONNECT_TIMEOUT)?;
        let host = dialer.host().try_into().map_err(|_| format!("`{endpoint}` is no endpoint"))?;
        Ok(Service { dialer, host, signing, clock, lanes: Mutex::default() })
    }

    /// Asks, and asks again what may succeed later: connections that break, and a service that is overloaded or failing.
    /// The body goes `into` these bytes, in place of what they were.
    pub(crate) fn ask(&self, ask: &Ask<'_>, body_bytes_max: u64, mut into: Vec<u8>) -> Result<Answer, Unanswered> {
        let begin = self.clock.now();
        let mut lane = self.lane().map_err(|error| Unanswered::Unreached(error.to_string()))?;
        let mut tries: u32 = 0;
        let answered = loop {
            let now = self.clock.now();
            let body = Limited { into: std::mem::take(&mut into), bytes_max: body_bytes_max };
            let exchanged = lane.exchange(&self.dialer, self.request(ask, now)?, body, REQUEST_TIMEOUT);
            let may_try = tries < RETRIES_MAX && now.duration_since(begin).unwrap_or_default() < RETRY_TIMEOUT;
            match exchanged {
                Err(Broken::Stale) => continue, // The next one goes over a new connection.
                Err(Broken::Passing(reason)) if may_try => tracing::debug!(path = ask.path, %reason, "trying again"),
                Ok(answer) if may_try && answer.may_pass() => {
                    tracing::debug!(path = ask.path, status = %answer.status, "trying again")
                }
                Err(Broken::Passing(reason)) => break Err(Unanswered::Unreached(reason)),
                Err(Broken::TooLarge) => break Err(Unanswered::TooLarge),
                Ok(answer) => break Ok(answer),
            }
            lane.wait(pause(tries, ask.path));
            tries += 1;
        };
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
        answered
    }

    /// The connection that was used last: it is the least likely to have been closed.
    fn lane(&self) -> std::io::Result<Lane> {
        let kept = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.map_or_else(Lane::new, Ok)
    }

    fn request(&self, ask: &Ask<'_>, now: SystemTime) -> Result<Request<Full<Bytes>>, Unanswered> {
        let target = if ask.query.is_empty() { ask.path.to_owned() } else { format!("{}?{}", ask.path, ask.query) };
        let mut request = Request::builder().method(ask.method.clone()).uri(target).header(HOST, &self.host);
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if let Some(signer) = self.signing.signer(now).map_err(Unanswered::NoCredentials)? {
            request = self.sign(request, ask, &signer, now);
        }
        request.body(Full::new(ask.body.clone())).map_err(|error| Unanswered::Unreached(error.to_string()))
    }

    fn sign(&self, request: http::request::Builder, ask: &Ask<'_>, signer: &Signer, now: SystemTime) -> http::request::Builder {
        let moment = Moment::of(now);
        let signed = signer.authorize(ask, self.dialer.host(), &moment);
        let request = request.header(AUTHORIZATION, signed.authorization).header(DATE, moment.time());
        let request = signed.content_sha256.into_iter().fold(request, |request, (name, hash)| request.header(name, hash));
        signer.token().into_iter().fold(request, |request, token| request.header(TOKEN, token))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let lanes = std::mem::take(self.lanes.get_mut().unwrap_or_else(PoisonError::into_inner));
        lanes.into_iter().for_each(Lane::close);
    }
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Whether the same question may be answered otherwise soon (S3 API reference, "Error responses").
    fn may_pass(&self) -> bool {
        let status = self.status;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT {
            return status != StatusCode::NOT_IMPLEMENTED;
        }
        let text = if status == StatusCode::BAD_REQUEST { self.text() } else { return false };
        matches!(element(&text, "Code"), Some("RequestTimeout"))
            || text.contains("ThrottlingException")
            || text.contains("RequestThrottled")
    }
}

/// Twice as long each time, up to a limit; half of it by chance, so that those who were refused together do not come back together.
fn pause(tries: u32, path: &str) -> Duration {
    let whole = BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(tries)).min(BACKOFF_MAX);
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((path, tries));
    whole / 2 + whole.mul_f64((hash % 1_000) as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn what_may_pass_is_asked_again() {
        let cases = [
            (200, "", false),
            (403, "<Code>AccessDenied</Code>", false),
            (400, "<Code>RequestTimeout</Code>", true),
            (400, "{\"__type\":\"ThrottlingException\"}", true),
            (400, "<Code>ExpiredToken</Code>", false),
            (429, "", true),
            (500, "<Code>InternalError</Code>", true),
            (501, "", false),
            (503, "<Code>SlowDown</Code>", true),
        ];
        for (status, body, told) in cases {
            assert_eq!(answer(status, body).may_pass(), told, "{status} {body}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit_and_differ() {
        let between = |from: u64, to: u64, pause: Duration| (from..=to).contains(&(pause.as_millis() as u64));
        assert!(between(50, 100, pause(0, "/a")) && between(400, 800, pause(3, "/a")) && between(5_000, 10_000, pause(40, "/a")));
        assert_ne!(pause(3, "/a"), pause(3, "/b"));
    }
}
