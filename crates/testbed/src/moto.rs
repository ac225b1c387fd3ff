//! moto's S3 on a free loopback port: started for one test, stopped with it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::http;
use crate::python::Python;
use crate::queue::TestQueue;
use crate::skip::skip;

/// Tries of 50 ms until the server answers.
const TRIES_MAX: u32 = 600;

/// Nobody holds a message for long.
const HASTY: &str = r"
from moto.sqs.models import Message
_change = Message.change_visibility
def _hasty(self, visibility_timeout):
    _change(self, min(int(visibility_timeout), 2))
Message.change_visibility = _hasty
";

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Moto {
    server: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts a server with a bucket, or says that the test is skipped because moto is not installed.
    pub fn start(test: &str, bucket: &str) -> Option<Moto> {
        Moto::start_after("", test, bucket)
    }

    /// The same, but messages that were received are anybody's again after two seconds, whatever was asked for: what a program
    /// holds when it is killed comes back while the test is looking.
    pub fn start_hasty(test: &str, bucket: &str) -> Option<Moto> {
        Moto::start_after(HASTY, test, bucket)
    }

    fn start_after(prelude: &str, test: &str, bucket: &str) -> Option<Moto> {
        let python = Python::find(test, &["moto.server", "flask", "flask_cors"])?;
        let address = free_address();
        let script = format!("{prelude}\nimport sys; from moto.server import main; main(sys.argv[1:])");
        let mut command: Command = python.command(&script);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("moto starts");
        let moto = Moto { server, address };
        if !moto.answers() {
            skip(test, "moto did not answer on loopback");
            return None;
        }
        assert_eq!(moto.send("PUT", bucket, b"").0, 200, "moto makes the bucket");
        Some(moto)
    }

    /// What an AWS client needs to talk to it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        environment(&self.endpoint())
    }

    /// `http://127.0.0.1:port`
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object.
    pub fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        let (status, answer) = self.send("PUT", &format!("{bucket}/{key}"), body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }

    /// An object's bytes.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let (status, body) = self.send("GET", &format!("{bucket}/{key}"), b"");
        (status == 200).then_some(body)
    }

    /// Deletes an object, whether it is there or not.
    pub fn delete(&self, bucket: &str, key: &str) {
        let (status, answer) = self.send("DELETE", &format!("{bucket}/{key}"), b"");
        assert!(status == 204 || status == 404, "{}", String::from_utf8_lossy(&answer));
    }

    /// The first 1,000 keys under a prefix.
    pub fn list(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let (status, body) = self.query(bucket, &format!("list-type=2&prefix={}", http::escape(prefix)));
        assert_eq!(status, 200, "moto lists the bucket");
        let body = String::from_utf8_lossy(&body).into_owned();
        body.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
    }

    /// Puts every file below a folder under its relative path.
    pub fn put_folder(&self, bucket: &str, prefix: &str, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("the folder is read") {
            let path = entry.expect("the folder is read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if path.is_dir() {
                self.put_folder(bucket, &key, &path);
            } else {
                self.put(bucket, &key, &std::fs::read(&path).expect("the file is read"));
            }
        }
    }

    /// A new queue.
    pub fn queue(&self, name: &str) -> TestQueue {
        TestQueue::create(self.address, name)
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        http::request(self.address, method, &format!("/{}", http::escape(path)), body).expect("moto answers")
    }

    fn query(&self, bucket: &str, query: &str) -> (u16, Vec<u8>) {
        http::request(self.address, "GET", &format!("/{bucket}?{query}"), b"").expect("moto answers")
    }

    fn answers(&self) -> bool {
        (0..TRIES_MAX).any(|_| {
            let up = http::request(self.address, "GET", "/moto-api/data.json", b"").is_ok_and(|(status, _)| status == 200);
            if !up {
                std::thread::sleep(Duration::from_millis(50));
            }
            up
        })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What an AWS client needs to talk to an endpoint on this machine.
pub(crate) fn environment(endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a free loopback port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_back_as_they_were_put() {
        let Some(moto) = Moto::start("moto::objects_come_back_as_they_were_put", "bucket") else { return };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a=b")).unwrap();
        std::fs::write(folder.path().join("a=b/c d.json"), b"one").unwrap();
        moto.put_folder("bucket", "p", folder.path());
        moto.put("bucket", "p/two", &[0, 159, 146, 150]);
        assert_eq!(moto.list("bucket", "p/"), ["p/a=b/c d.json", "p/two"]);
        assert_eq!(moto.get("bucket", "p/a=b/c d.json").as_deref(), Some(b"one".as_slice()));
        assert_eq!(moto.get("bucket", "p/two").as_deref(), Some([0, 159, 146, 150].as_slice()));
        moto.delete("bucket", "p/two");
        moto.delete("bucket", "p/never");
        assert_eq!(moto.get("bucket", "p/two"), None);
    }
}
