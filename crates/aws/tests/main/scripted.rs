//! A server that answers as it is told, one answer after the other, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What happens to a request.
pub(crate) enum Reply {
    /// It is answered, and the connection stays.
    Keep(Vec<u8>),
    /// It is answered as far as this goes, and the connection is closed.
    Close(Vec<u8>),
}

pub(crate) struct Scripted {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts to follow a script; the thread ends with it.
    pub(crate) fn start(replies: Vec<Reply>) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut connection: Option<TcpStream> = None;
            for reply in replies {
                let request = loop {
                    let open = connection.take().unwrap_or_else(|| listener.accept().unwrap().0);
                    if let Some(request) = request(&open) {
                        connection = Some(open);
                        break request;
                    }
                };
                remembered.lock().unwrap().push(request);
                let (bytes, stays) = match &reply {
                    Reply::Keep(bytes) => (bytes, true),
                    Reply::Close(bytes) => (bytes, false),
                };
                connection.as_mut().unwrap().write_all(bytes).unwrap();
                connection = connection.filter(|_| stays);
            }
        });
        Scripted { endpoint, asked }
    }

    /// Heads and bodies of the requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The next request; `None` when the connection was closed.
fn request(mut connection: &TcpStream) -> Option<String> {
    let (mut arrived, mut buffer) = (String::new(), [0; 4096]);
    loop {
        if let Some((head, body)) = arrived.split_once("\r\n\r\n") {
            let length = head.to_lowercase().split_once("content-length: ").map(|(_, rest)| rest.to_owned());
            let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse::<usize>().unwrap());
            if body.len() >= length {
                return Some(arrived);
            }
        }
        match connection.read(&mut buffer).ok()? {
            0 => return None,
            read => arrived.push_str(str::from_utf8(&buffer[..read]).unwrap()),
        }
    }
}

/// An answer with a body and its length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An answer in JSON.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    Reply::Keep(answer(status, "", body))
}

/// A refusal of S3.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    Reply::Keep(answer(status, "", &format!("<Error><Code>{code}</Code><Message>kms:Decrypt is not allowed</Message></Error>")))
}
