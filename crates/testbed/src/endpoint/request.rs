//! HTTP/1.1 requests as AWS's clients send them, one after the other over one connection.

use std::borrow::Cow;
use std::io::{self, Read};

/// Longest request, body included.
const REQUEST_BYTES_MAX: usize = 1 << 16;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// What arrives over a connection.
#[derive(Default)]
pub struct Requests {
    arrived: Vec<u8>,
    /// Bytes at the front that were answered.
    done: usize,
}

/// One request.
pub struct Request<'a> {
    /// Its path, decoded.
    pub path: Cow<'a, str>,
    /// What stands after `?`, as it came.
    pub query: &'a str,
    head: &'a str,
}

impl Requests {
    /// The next request; `None` when the other side is done.
    pub fn next(&mut self, connection: &mut impl Read) -> io::Result<Option<Request<'_>>> {
        self.arrived.drain(..self.done);
        self.done = 0;
        let head = loop {
            if let Some(at) = find(&self.arrived, END_OF_HEAD) {
                break at + END_OF_HEAD.len();
            }
            if !self.more(connection)? {
                return Ok(None);
            }
        };
        let whole = head + content_length(text(self.arrived.get(..head).unwrap_or_default()));
        while self.arrived.len() < whole {
            if !self.more(connection)? {
                return Ok(None);
            }
        }
        self.done = whole;
        Ok(Request::read(text(self.arrived.get(..head).unwrap_or_default())))
    }

    fn more(&mut self, connection: &mut impl Read) -> io::Result<bool> {
        let before = self.arrived.len();
        if before > REQUEST_BYTES_MAX {
            return Ok(false);
        }
        self.arrived.resize(before + 8192, 0);
        let read = connection.read(self.arrived.get_mut(before..).unwrap_or_default())?;
        self.arrived.truncate(before + read);
        Ok(read > 0)
    }
}

impl<'a> Request<'a> {
    fn read(head: &'a str) -> Option<Request<'a>> {
        let target = head.split(' ').nth(1)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Request { path: decoded(path), query, head })
    }

    /// The operation, where the protocol is JSON: `ListPublicKeys`.
    pub fn operation(&self) -> Option<&'a str> {
        header(self.head, "x-amz-target").and_then(|target| target.rsplit('.').next())
    }

    /// The Region in the scope of the credentials that signed it.
    pub fn signed_for(&self) -> Option<&'a str> {
        let (_, scope) = header(self.head, "authorization")?.split_once("Credential=")?;
        scope.split('/').nth(2)
    }
}

/// A header's value.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn content_length(head: &str) -> usize {
    header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Undoes percent encoding, if there is any.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code =
            others.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = others.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_follow_each_other() {
        let arriving = b"POST / HTTP/1.1\r\nX-Amz-Target: CloudTrail_20131101.ListPublicKeys\r\ncontent-length: 2\r\n\r\n{}\
            GET /logs/a%20b%2f?list-type=2 HTTP/1.1\r\nHost: x\r\n\r\n";
        let (mut requests, mut connection) = (Requests::default(), arriving.as_slice());
        let first = requests.next(&mut connection).unwrap().unwrap();
        assert_eq!(first.operation(), Some("ListPublicKeys"));
        let second = requests.next(&mut connection).unwrap().unwrap();
        assert_eq!((second.path.as_ref(), second.query, second.operation()), ("/logs/a b/", "list-type=2", None));
        assert!(requests.next(&mut connection).unwrap().is_none());
    }

    #[test]
    fn percents_are_decoded_where_they_are_codes() {
        assert_eq!(["a%2Fb", "%", "%zz", "caf%C3%A9"].map(decoded), ["a/b", "%", "%zz", "café"]);
    }
}
