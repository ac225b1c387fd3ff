//! S3, CloudTrail and Organizations for the logs of one trail: held in memory and answered as AWS answers, at so little cost that it is not
//! what a benchmark measures. It knows the calls that verifying makes, and nothing else; signatures are not looked at.
//!
//! One thread a connection, each answer made beforehand and sent in one write.

mod bucket;
mod listing;
mod request;
mod trail;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use bucket::Bucket;
use request::{Request, Requests};
use trail::Trail;

/// Everything that can be asked for.
pub struct Endpoint {
    bucket: Bucket,
    trail: Trail,
    /// Operations of the JSON protocol that were asked for, each with its Region.
    asked: Mutex<Vec<String>>,
}

/// An endpoint that answers. Its threads end with the process.
#[derive(Clone)]
pub struct Serving {
    endpoint: Arc<Endpoint>,
    port: u16,
}

impl Endpoint {
    /// Reads a set into memory: a folder with `manifest.json`, `meta.jsonl`, `public_keys.json` and the bucket.
    pub fn load(set: &Path) -> io::Result<Endpoint> {
        let trail = Trail::load(set)?;
        Ok(Endpoint { bucket: Bucket::load(set, trail.bucket())?, trail, asked: Mutex::default() })
    }

    /// The same with objects in an archive tier.
    #[must_use]
    pub fn with_archived(mut self, is_archived: impl Fn(&str) -> bool) -> Endpoint {
        self.bucket.archive(is_archived);
        self
    }

    /// Answers on a port of the loopback interface that the system chooses.
    pub fn serve(self) -> io::Result<Serving> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let serving = Serving { port: listener.local_addr()?.port(), endpoint: Arc::new(self) };
        let endpoint = Arc::clone(&serving.endpoint);
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                let endpoint = Arc::clone(&endpoint);
                thread::spawn(move || endpoint.converse(connection));
            }
        });
        Ok(serving)
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
            let asked = format!("{operation} {}", request.signed_for().unwrap_or("nowhere"));
            self.asked.lock().unwrap().push(asked);
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

impl Serving {
    /// The port that it answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What an AWS client needs to talk to it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        crate::moto::environment(&self.url())
    }

    /// Operations that were asked for so far: `ListPublicKeys us-east-1`.
    pub fn asked(&self) -> Vec<String> {
        self.endpoint.asked.lock().unwrap().clone()
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
    let status = if code == bucket::ARCHIVED { "403 Forbidden" } else { "404 Not Found" };
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    answer(status, "application/xml", &[], body.as_bytes())
}

/// Reads a file, or says which one it was.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display())))
}

/// What is wrong with a file.
fn wrong(path: &Path, what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{}`: {what}", path.display()))
}

/// All files under a folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    Ok(found)
}
