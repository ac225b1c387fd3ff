//! A webhook receiver on loopback that fails in every way a real one does, and remembers what it took.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Its `Trailkeep-Signature`.
    pub signature: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the receiver said that it took it.
    pub taken: bool,
}

/// What a receiver does with the how manieth message.
#[derive(Clone, Copy, Debug)]
pub enum Do {
    /// Takes it.
    Take,
    /// Answers with a status, and these header lines.
    Refuse(u16, &'static str),
    /// Takes it and hangs up without an answer: the sender cannot know.
    TakeSilently,
    /// Hangs up before it has read anything.
    HangUp,
}

/// The receiver.
pub struct Receiver {
    port: u16,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    /// Begins to listen; `what` says what is done with the how manieth connection, from 0.
    pub fn start(what: fn(usize) -> Do) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let log = Arc::clone(&messages);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                // A sender that was killed in the middle is none of ours.
                let _ = serve(stream, what(number), &log);
            }
        });
        Receiver { port, messages }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?a=b", self.port)
    }

    /// Everything that came, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap().clone()
    }

    /// What it took, by the finding's id: how often.
    pub fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        for message in self.messages().into_iter().filter(|message| message.taken) {
            let body: Value = serde_json::from_slice(&message.body).unwrap();
            assert_eq!(body["id"], message.key.as_str(), "the key is the finding's id");
            *taken.entry(message.key).or_default() += 1;
        }
        taken
    }
}

fn serve(mut stream: TcpStream, what: Do, log: &Mutex<Vec<Message>>) -> std::io::Result<()> {
    if matches!(what, Do::HangUp) {
        return Ok(());
    }
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10)))?;
    let (head, body) = read(&mut stream)?;
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|(_, v)| v.to_owned())
    };
    let taken = matches!(what, Do::Take | Do::TakeSilently);
    let key = header("idempotency-key").unwrap_or_default();
    log.lock().unwrap().push(Message { key, signature: header("trailkeep-signature"), body, taken });
    let answer = match what {
        Do::Take => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        Do::Refuse(status, headers) => format!("HTTP/1.1 {status} no\r\n{headers}content-length: 0\r\n\r\n"),
        Do::TakeSilently | Do::HangUp => return Ok(()),
    };
    stream.write_all(answer.as_bytes())
}

fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Ok((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
    }
}
