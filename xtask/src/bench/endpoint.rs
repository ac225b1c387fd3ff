//! An endpoint of the benchmark's own: a set held in memory and answered as AWS answers, at so little cost that it is not what
//! is measured. It knows the calls that verifying makes, and nothing else; signatures are not looked at.
//!
//! One thread a connection, each answer made beforehand and sent in one write.

mod bucket;
mod listing;
mod request;
mod trail;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

pub use bucket::Bucket;
use request::{Request, Requests};
pub use trail::Trail;

use crate::failure::Failure;

/// Everything that can be asked for.
pub struct Endpoint {
    bucket: Bucket,
    trail: Trail,
}

impl Endpoint {
    /// Reads a set into memory.
    pub fn load(set: &Path) -> Result<Endpoint, Failure> {
        let trail = Trail::load(set)?;
        Ok(Endpoint { bucket: Bucket::load(set, trail.bucket())?, trail })
    }

    /// Answers on a port of the loopback interface that the system chooses, and tells which; the threads end with the process.
    pub fn serve(self) -> io::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let endpoint = Arc::new(self);
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                let endpoint = Arc::clone(&endpoint);
                thread::spawn(move || endpoint.converse(connection));
            }
        });
        Ok(port)
    }

    /// Answers whatever comes over one connection. One that breaks is the other side's to notice.
    fn converse(&self, mut connection: TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut requests = Requests::default();
        while let Some(request) = requests.next(&mut connection)? {
            self.answer(&request, &mut connection)?;
        }
        Ok(())
    }

    fn answer(&self, request: &Request<'_>, to: &mut impl Write) -> io::Result<()> {
        if let Some(operation) = request.operation() {
            return to.write_all(&self.trail.answer(operation));
        }
        let Some(key) = request.path.strip_prefix('/').and_then(|path| path.strip_prefix(self.bucket.name())) else {
            return to.write_all(&refusal("NoSuchBucket"));
        };
        match key.strip_prefix('/').filter(|key| !key.is_empty()) {
            Some(key) => match self.bucket.object(key) {
                Some(answer) => to.write_all(answer),
                None => to.write_all(&refusal("NoSuchKey")),
            },
            None => to.write_all(&listing::answer(&self.bucket, request.query)),
        }
    }
}

/// A whole answer: head and body.
fn answer(status: &str, content_type: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn xml(body: &str) -> Vec<u8> {
    answer("200 OK", "application/xml", &[], format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}").as_bytes())
}

fn refusal(code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    answer("404 Not Found", "application/xml", &[], body.as_bytes())
}
