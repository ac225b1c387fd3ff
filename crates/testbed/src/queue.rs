//! A queue in moto: what a test sends into it, and what is left in it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http;

/// Messages of one request: SQS's own limit.
const MESSAGES_PER_REQUEST_MAX: usize = 10;

/// How names of queues end that keep an order.
const FIFO: &str = ".fifo";

/// A queue on a server of one's own.
#[derive(Clone, Debug)]
pub struct TestQueue {
    server: SocketAddr,
    name: String,
    url: String,
}

impl TestQueue {
    pub(crate) fn create(server: SocketAddr, name: &str) -> TestQueue {
        let attributes =
            if name.ends_with(FIFO) { json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true" }) } else { json!({}) };
        let answer = ask(server, "CreateQueue", &json!({ "QueueName": name, "Attributes": attributes }));
        let url = answer["QueueUrl"].as_str().expect("a queue has a URL").to_owned();
        TestQueue { server, name: name.to_owned(), url }
    }

    /// `sqs://name`
    pub fn source(&self) -> String {
        format!("sqs://{}", self.name)
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends messages.
    pub fn send(&self, bodies: &[String]) {
        for some in bodies.chunks(MESSAGES_PER_REQUEST_MAX) {
            let entry = |(at, body): (usize, &String)| match self.name.ends_with(FIFO) {
                true => json!({ "Id": at.to_string(), "MessageBody": body, "MessageGroupId": "1" }),
                false => json!({ "Id": at.to_string(), "MessageBody": body }),
            };
            let entries: Vec<Value> = some.iter().enumerate().map(entry).collect();
            let answer = ask(self.server, "SendMessageBatch", &json!({ "QueueUrl": self.url, "Entries": entries }));
            assert_eq!(answer["Successful"].as_array().map(Vec::len), Some(some.len()), "{answer}");
        }
    }

    /// Messages that wait, and messages that somebody has taken.
    pub fn left(&self) -> (u64, u64) {
        let answer = ask(self.server, "GetQueueAttributes", &json!({ "QueueUrl": self.url, "AttributeNames": ["All"] }));
        let count = |name: &str| answer["Attributes"][name].as_str().and_then(|count| count.parse().ok()).expect("a count");
        (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
    }
}

fn ask(server: SocketAddr, action: &str, question: &Value) -> Value {
    let headers = [format!("X-Amz-Target: AmazonSQS.{action}"), "Content-Type: application/x-amz-json-1.0".to_owned()];
    let body = question.to_string();
    let (status, answer) = http::request_to(server, "sqs", "POST", "/", &headers, body.as_bytes()).expect("moto answers");
    assert_eq!(status, 200, "{action}: {}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).unwrap_or(Value::Null)
}
