//! A queue of SQS as a source ([`collect::queue::Queue`]): asked in its JSON protocol, over the same connections as everything else.
//!
//! The objects that its messages name are read with the credentials of the collector, from whatever bucket they name; who may send to
//! a queue is its policy's to say, and `--bucket` can narrow it down.

pub mod address;
mod buckets;
pub mod doctor;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use collect::queue::{HOLD_S, MESSAGES_PER_REQUEST_MAX, Queue, Received};
use collect::source::{Fetched, Requests, SourceError};
use http::Method;
use message::Object;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::access::Access;
use crate::credentials::Chain;
use crate::refusal::{explain_json, io};
use crate::service::{Ask, Service, Signing, Unanswered};
use address::{Address, Place};
use buckets::Buckets;

/// Largest answer: ten messages of 1 MiB, escaped.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// A queue.
pub struct SqsQueue {
    client: Client,
    origin: String,
    buckets: Buckets,
    requests: AtomicU64,
}

/// SQS in one Region, and one queue there.
pub(crate) struct Client {
    service: Arc<Service>,
    /// The queue's URL.
    pub(crate) url: String,
    /// Where it is.
    pub(crate) place: Place,
    /// Whose credentials sign.
    pub(crate) credentials: Option<Arc<Chain>>,
}

impl SqsQueue {
    /// Opens `sqs://name`, a queue's URL or its ARN. Messages may name any bucket, or these only.
    pub async fn open(name: &str, buckets: Vec<String>, access: &Access) -> Result<SqsQueue, SourceError> {
        let client = Client::open(name, access).await?;
        let origin = client.place.origin();
        Ok(SqsQueue { client, origin, buckets: Buckets::new(buckets, access.clone()), requests: AtomicU64::new(0) })
    }

    async fn ask(&self, action: &'static str, question: Value) -> Result<Value, SourceError> {
        self.requests.fetch_add(1, Relaxed);
        self.client.ask(action, question).await
    }
}

#[async_trait]
impl Queue for SqsQueue {
    fn origin(&self) -> &str {
        &self.origin
    }

    async fn receive(&self, wait_s: u32) -> Result<Vec<Received>, SourceError> {
        let question = json!({
            "QueueUrl": self.client.url,
            "MaxNumberOfMessages": MESSAGES_PER_REQUEST_MAX,
            "WaitTimeSeconds": wait_s,
            "VisibilityTimeout": HOLD_S,
            "MessageSystemAttributeNames": ["SentTimestamp"],
        });
        read_messages(self.ask("ReceiveMessage", question).await?)
    }

    async fn delete(&self, receipts: &[String]) -> Result<Vec<String>, SourceError> {
        let entry = |(at, receipt): (usize, &String)| json!({ "Id": at.to_string(), "ReceiptHandle": receipt });
        let entries: Vec<Value> = receipts.iter().enumerate().map(entry).collect();
        let answer = self.ask("DeleteMessageBatch", json!({ "QueueUrl": self.client.url, "Entries": entries })).await?;
        Ok(failed_of(&answer, receipts))
    }

    async fn hold(&self, receipts: &[String], for_s: u32) -> Result<(), SourceError> {
        let entry =
            |(at, receipt): (usize, &String)| json!({ "Id": at.to_string(), "ReceiptHandle": receipt, "VisibilityTimeout": for_s });
        let entries: Vec<Value> = receipts.iter().enumerate().map(entry).collect();
        let question = json!({ "QueueUrl": self.client.url, "Entries": entries });
        let answer = self.ask("ChangeMessageVisibilityBatch", question).await?;
        match failed_of(&answer, receipts).len() {
            0 => Ok(()),
            failed => Err(io(&self.origin, &format!("{failed} messages could not be kept"))),
        }
    }

    fn may_name(&self, bucket: &str) -> bool {
        self.buckets.may_name(bucket)
    }

    async fn fetch(&self, object: &Object, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        self.buckets.fetch(object, size_bytes_max).await
    }

    fn requests(&self) -> Requests {
        Requests { list: self.requests.load(Relaxed), read: self.buckets.reads() }
    }
}

impl Client {
    /// Finds credentials, Region and URL. Only a bare name has to be looked up.
    pub(crate) async fn open(name: &str, access: &Access) -> Result<Client, SourceError> {
        let address = Address::parse(name)?;
        let (credentials, configured) = access.credentials_and_region().await;
        let region = address.region.clone().or(access.region.clone()).or(configured);
        let region = region.ok_or_else(|| io(name, "the queue's Region is not known; name it with --aws-region"))?;
        let endpoint = address.endpoint(&region, access.sqs_endpoint.as_deref());
        let signing = Signing::new(credentials.clone(), &Handle::current(), &region, "sqs");
        let service = Service::new(&endpoint, signing, access.clock).map_err(|reason| io(name, &reason))?;
        let place = Place { region, account: address.account.clone().unwrap_or_default(), name: address.name.clone() };
        let mut client = Client { service: Arc::new(service), url: String::new(), place, credentials };
        client.url = match address.url(&endpoint) {
            Some(url) => url,
            None => client.look_up(&address.name).await?,
        };
        client.place.account = address::account_of(&client.url).unwrap_or_default();
        Ok(client)
    }

    async fn look_up(&self, name: &str) -> Result<String, SourceError> {
        let answer = self.ask("GetQueueUrl", json!({ "QueueName": name })).await?;
        let url = answer.get("QueueUrl").and_then(Value::as_str).map(str::to_owned);
        url.ok_or_else(|| io(name, "SQS did not say the queue's URL"))
    }

    /// Asks from a thread that may block.
    pub(crate) async fn ask(&self, action: &'static str, question: Value) -> Result<Value, SourceError> {
        let (service, origin) = (Arc::clone(&self.service), self.place.origin());
        let asked = tokio::task::spawn_blocking(move || ask(&service, &origin, action, &question)).await;
        asked.unwrap_or_else(|error| Err(io(&self.place.origin(), &format!("the request was not made to the end: {error}"))))
    }
}

fn ask(service: &Service, origin: &str, action: &'static str, question: &Value) -> Result<Value, SourceError> {
    let target = format!("AmazonSQS.{action}");
    let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
    let body = Bytes::from(question.to_string());
    let ask = Ask { method: Method::POST, path: "/", query: "", headers: &headers, body };
    let answer = service.ask(&ask, ANSWER_BYTES_MAX, Vec::new()).map_err(|unanswered| match unanswered {
        Unanswered::NoCredentials(hint) => SourceError::Credentials(hint),
        Unanswered::TooLarge => io(origin, &format!("the answer holds more than {ANSWER_BYTES_MAX} bytes")),
        Unanswered::Unreached(reason) => io(origin, &reason),
    })?;
    // Some actions answer with nothing at all.
    let said = if answer.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&answer.body) };
    match said {
        Ok(said) if answer.status.is_success() => Ok(said),
        Ok(said) => Err(explain(&said, action, origin)),
        Err(_) => Err(io(origin, &format!("SQS answered with status {} and no JSON", answer.status))),
    }
}

/// What SQS's refusals mean (its API reference, "Common errors").
fn explain(said: &Value, action: &str, origin: &str) -> SourceError {
    let code = said.get("__type").and_then(Value::as_str).unwrap_or_default();
    let code = code.rsplit(['#', '.']).next().unwrap_or_default();
    // The right is one for both ways to ask.
    let right = match action {
        "DeleteMessageBatch" => "sqs:DeleteMessage".to_owned(),
        "ChangeMessageVisibilityBatch" => "sqs:ChangeMessageVisibility".to_owned(),
        other => format!("sqs:{other}"),
    };
    match code {
        "QueueDoesNotExist" | "NonExistentQueue" => SourceError::NotFound(origin.to_owned()),
        "KmsAccessDenied" => SourceError::Denied { key: origin.to_owned(), action: "kms:Decrypt".to_owned() },
        _ => explain_json(said, &right, origin),
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Messages", default)]
    messages: Vec<Sent>,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "ReceiptHandle")]
    receipt: String,
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "Attributes", default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
struct Attributes {
    #[serde(rename = "SentTimestamp")]
    sent: Option<String>,
}

fn read_messages(answer: Value) -> Result<Vec<Received>, SourceError> {
    if answer.is_null() {
        return Ok(Vec::new());
    }
    let answer: Answer =
        serde_json::from_value(answer).map_err(|error| io("messages", &format!("SQS's answer is odd: {error}")))?;
    let one = |sent: Sent| Received {
        receipt: sent.receipt,
        body: sent.body,
        sent_ms: sent.attributes.sent.and_then(|sent| sent.parse().ok()),
    };
    Ok(answer.messages.into_iter().map(one).collect())
}

/// The receipts of entries that failed. A receipt that SQS does not know any more is done with.
fn failed_of(answer: &Value, receipts: &[String]) -> Vec<String> {
    let failed = answer.get("Failed").and_then(Value::as_array).into_iter().flatten();
    let may_pass = |entry: &&Value| entry.get("SenderFault").and_then(Value::as_bool) != Some(true);
    let receipt = |entry: &Value| receipts.get(entry.get("Id")?.as_str()?.parse::<usize>().ok()?).cloned();
    failed.filter(may_pass).filter_map(receipt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let answer = json!({ "Messages": [
            { "MessageId": "1", "ReceiptHandle": "r", "Body": "b", "Attributes": { "SentTimestamp": "1795506120000" } },
            { "MessageId": "2", "ReceiptHandle": "s", "Body": "" },
        ] });
        let messages = read_messages(answer).unwrap();
        assert_eq!(messages.iter().map(|message| message.sent_ms).collect::<Vec<_>>(), [Some(1_795_506_120_000), None]);
        assert_eq!(read_messages(json!({})).unwrap(), []);
        assert_eq!(read_messages(Value::Null).unwrap(), []);
        assert!(read_messages(json!({ "Messages": [{}] })).is_err());
    }

    #[test]
    fn what_failed_is_tried_again_unless_it_is_our_fault() {
        let receipts = ["a", "b", "c"].map(str::to_owned);
        let answer = json!({ "Successful": [{ "Id": "0" }], "Failed": [
            { "Id": "1", "SenderFault": false, "Code": "InternalError" },
            { "Id": "2", "SenderFault": true, "Code": "ReceiptHandleIsInvalid" },
            { "Id": "9", "SenderFault": false },
        ] });
        assert_eq!(failed_of(&answer, &receipts), ["b"]);
        assert_eq!(failed_of(&Value::Null, &receipts), [""; 0]);
    }

    #[test]
    fn refusals() {
        let said = |code: &str, action| explain(&json!({ "__type": code, "message": "m" }), action, "sqs://q").to_string();
        assert!(said("com.amazonaws.sqs#QueueDoesNotExist", "ReceiveMessage").contains("was not found"));
        assert!(said("AWS.SimpleQueueService.NonExistentQueue", "ReceiveMessage").contains("was not found"));
        assert!(said("com.amazon.coral.service#AccessDeniedException", "DeleteMessageBatch").contains("grant sqs:DeleteMessage ("));
        assert!(said("com.amazonaws.sqs#KmsAccessDenied", "ReceiveMessage").contains("grant kms:Decrypt"));
        assert!(said("com.amazonaws.sqs#OverLimit", "ReceiveMessage").contains("OverLimit: m"));
    }
}
