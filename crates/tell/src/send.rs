//! One attempt to tell one finding.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use dial::{Dialer, chain_of};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::backoff::retry_after;
use crate::limits::{ANSWER_BYTES_MAX, ANSWER_TIME_MAX, CONNECT_TIME_MAX};
use crate::message::{line, slack};
use crate::outbox::Kept;
use crate::signature::{self, sign};
use crate::target::{Kind, Url};

/// Writes a line to standard output.
pub type Print = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// Why a finding was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotTaken {
    pub(crate) reason: String,
    /// How long the target wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// Whether it refused this finding, and may take others.
    pub(crate) is_its_own: bool,
}

/// With what a target is told.
pub(crate) struct Means {
    print: Print,
    /// Made at the first attempt: what this machine trusts is read once.
    dialer: Option<Dialer>,
}

impl Means {
    pub(crate) fn new(print: Print) -> Means {
        Means { print, dialer: None }
    }

    fn dialer(&mut self, url: &Url) -> Result<&Dialer, NotTaken> {
        match &mut self.dialer {
            Some(dialer) => Ok(dialer),
            none => {
                let dialer = Dialer::new(&url.origin(), CONNECT_TIME_MAX);
                Ok(none.insert(dialer.map_err(|reason| of_itself(format!("`{}` could not be reached: {reason}", url.host())))?))
            }
        }
    }
}

/// Tells a finding. `now_s` is in seconds since 1970.
pub(crate) async fn send(kind: &Kind, kept: &Kept, now_s: i64, means: &mut Means) -> Result<(), NotTaken> {
    match kind {
        Kind::Webhook { url, secret } => {
            let body = line(kept).into_bytes();
            let signed = secret.as_ref().map(|secret| sign(secret, now_s, &body));
            post(means.dialer(url)?, url, &kept.finding.id, body, signed, now_s).await
        }
        Kind::Slack(url) => {
            let body = slack(kept).to_string().into_bytes();
            post(means.dialer(url)?, url, &kept.finding.id, body, None, now_s).await
        }
        Kind::File(path) => {
            let (path, line) = (path.clone(), line(kept));
            let written = tokio::task::spawn_blocking(move || append(&path, &line)).await;
            written.map_err(io::Error::other).and_then(|written| written).map_err(|error| of_itself(error.to_string()))
        }
        Kind::Stdout => (means.print)(&line(kept)).map_err(|error| of_itself(error.to_string())),
    }
}

async fn post(dialer: &Dialer, url: &Url, id: &str, body: Vec<u8>, signed: Option<String>, now_s: i64) -> Result<(), NotTaken> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url.path())
        .header(header::HOST, url.host())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("trailkeep/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header("idempotency-key", id);
    if let Some(signed) = signed {
        request = request.header(signature::HEADER, signed);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| of_itself(error.to_string()))?;
    match tokio::time::timeout(ANSWER_TIME_MAX, answered(dialer, url, request, now_s)).await {
        Ok(answer) => answer,
        Err(_) => Err(of_itself(format!("`{}` did not answer within {} s", url.host(), ANSWER_TIME_MAX.as_secs()))),
    }
}

async fn answered(dialer: &Dialer, url: &Url, request: Request<Full<Bytes>>, now_s: i64) -> Result<(), NotTaken> {
    let answer = exchanged(dialer, url, request).await.map_err(of_itself)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let asked = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| retry_after(text, now_s));
    let said = said(answer.into_body()).await;
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(NotTaken { reason: format!("`{}` answered {status}{said}", url.host()), retry_after, is_its_own: is_its_own(status) })
}

/// Sends a request over a connection of its own and waits for the head of its answer. Redirects are not followed: a signed message goes
/// where it was sent.
async fn exchanged(dialer: &Dialer, url: &Url, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
    let failed = |error: hyper::Error| format!("`{}` did not answer: {}", url.host(), chain_of(&error));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(dialer.dial().await?).await.map_err(failed)?;
    // Ends by itself with the answer, or with the sender.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(failed)
}

/// Whether the answer is about the finding, and not about the target's own state.
fn is_its_own(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// The beginning of an answer, in one line.
async fn said(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(mut data) = frame.into_data() else { continue };
        let room = ANSWER_BYTES_MAX.saturating_sub(bytes.len()).min(data.remaining());
        bytes.extend_from_slice(&data.copy_to_bytes(room));
        if bytes.len() >= ANSWER_BYTES_MAX {
            break;
        }
    }
    let text: String = String::from_utf8_lossy(&bytes).chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    text.trim().to_owned()
}

fn of_itself(reason: String) -> NotTaken {
    NotTaken { reason, retry_after: None, is_its_own: false }
}

/// Adds a line to a file, on the disk when it returns. A line of ours that a crash cut is taken away first.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    // Pipes and devices have no end to look at.
    if file.metadata()?.is_file() {
        let end = whole_lines(&mut file)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
    }
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all().or_else(|error| if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) })
}

/// Where the last whole line ends. What follows it is only let go if it is the beginning of a finding.
fn whole_lines(file: &mut std::fs::File) -> io::Result<u64> {
    const STEP: u64 = 64 << 10;
    const OURS: &[u8] = b"{\"id\":\"";
    let length = file.metadata()?.len();
    let mut tail: Vec<u8> = Vec::new();
    let mut from = length;
    while from > 0 && tail.len() < (16 << 20) && !tail.contains(&b'\n') {
        let step = STEP.min(from);
        from -= step;
        file.seek(SeekFrom::Start(from))?;
        let mut part = vec![0; usize::try_from(step).unwrap_or_default()];
        file.read_exact(&mut part)?;
        part.append(&mut tail);
        tail = part;
    }
    let begins = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let cut = tail.get(begins..).unwrap_or_default();
    let is_ours = cut.starts_with(OURS) || OURS.starts_with(cut);
    Ok(if is_ours { from + begins as u64 } else { length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::tests::kept;

    #[test]
    fn a_line_that_was_cut_is_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("findings.ndjson");
        let line = line(&kept("1", "2026-11-28T10:00:00Z"));
        let whole = format!("{line}\n");
        let long = "x".repeat(200_000);
        for (before, after) in [
            (String::new(), whole.clone()),
            (whole.clone(), whole.repeat(2)),
            (format!("{whole}{}", &line[..40]), whole.repeat(2)),
            (format!("{whole}{{\"i"), whole.repeat(2)),
            (format!("{whole}{{\"id\":\"{long}"), whole.repeat(2)),
            (format!("{long}\n"), format!("{long}\n{whole}")),
            ("a note of somebody".to_owned(), format!("a note of somebody{whole}")),
        ] {
            std::fs::write(&path, &before).unwrap();
            append(&path, &line).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn a_file_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(append(folder.path(), "x").is_err());
        assert!(append(&folder.path().join("no/such/folder"), "x").is_err());
    }
}
