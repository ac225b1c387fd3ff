//! `trailkeep doctor` for a queue: may we read it, extend, delete - and if not, the policy that says so.
//!
//! Nothing is taken and nothing is lost. Extending and deleting are tried with a receipt that is none: who has the right is told so, who has
//! not is denied. Receiving cannot be tried without counting as a try to handle the message; where a redrive policy counts tries, it is not tried.

use collect::source::SourceError;
use message::{Message, Object};
use serde_json::{Value, json};

use super::address::Place;
use super::{Client, read_messages};
use crate::access::Access;
use crate::doctor::{Check, check_chain, failed, ok, unknown};
use crate::policy::queue_policy;
use crate::s3::S3Source;

/// In a policy: each bucket that messages name.
const ANY_BUCKET: &str = "BUCKET";
/// A receipt that no message has.
const NO_RECEIPT: &str = "trailkeep-doctor";

/// Tries everything that collecting from a queue needs.
pub async fn check_queue(name: &str, access: &Access) -> Vec<Check> {
    let client = match Client::open(name, access).await {
        Ok(client) => client,
        Err(error) => {
            let policy = super::Address::parse(name).ok().map(|address| {
                let (region, account) = (address.region.unwrap_or_else(|| "*".to_owned()), address.account.unwrap_or_default());
                queue_policy(&Place { region, account, name: address.name }, ANY_BUCKET)
            });
            return vec![failed("queue", &error, policy.as_deref())];
        }
    };
    let policy = queue_policy(&client.place, ANY_BUCKET);
    let mut checks = vec![check_chain(client.credentials.as_deref()).await, ok("region", &client.place.region)];
    let attributes = client.ask("GetQueueAttributes", json!({ "QueueUrl": client.url, "AttributeNames": ["All"] })).await;
    checks.push(check_attributes(&client, &attributes, &policy));
    let (receive, named) = check_receive(&client, attributes.as_ref().ok(), &policy).await;
    checks.push(receive);
    checks.push(check_receipt(&client, "extend", "ChangeMessageVisibility", &policy).await);
    checks.push(check_receipt(&client, "delete", "DeleteMessage", &policy).await);
    checks.push(check_read(&client, named, access).await);
    checks
}

fn check_attributes(client: &Client, attributes: &Result<Value, SourceError>, policy: &str) -> Check {
    match attributes {
        Ok(attributes) => {
            let waiting = text(attributes, "ApproximateNumberOfMessages").unwrap_or("an unknown number of");
            let taken = text(attributes, "ApproximateNumberOfMessagesNotVisible").unwrap_or("0");
            ok("queue", &format!("{} has about {waiting} messages waiting, {taken} in progress", client.place.origin()))
        }
        Err(error) => failed("queue", error, Some(policy)),
    }
}

/// Looks at a message without taking it, unless that could move it to a dead-letter queue; and at what it names.
async fn check_receive(client: &Client, attributes: Option<&Value>, policy: &str) -> (Check, Option<Object>) {
    match attributes.map(|attributes| text(attributes, "RedrivePolicy")) {
        Some(None) => {}
        Some(Some(_)) => {
            return (unknown("receive", "not tried: the queue's redrive policy counts tries (sqs:ReceiveMessage)", policy), None);
        }
        None => return (unknown("receive", "not tried: whether the queue counts tries is not known", policy), None),
    }
    let question = json!({ "QueueUrl": client.url, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 0, "VisibilityTimeout": 0 });
    match client.ask("ReceiveMessage", question).await.and_then(read_messages) {
        Ok(messages) => {
            let said = messages.first().and_then(|received| message::read(&received.body).ok());
            let named = match said {
                Some(Message::Objects(objects)) => objects.into_iter().next(),
                _ => None,
            };
            (ok("receive", "messages can be received"), named)
        }
        Err(error) => (failed("receive", &error, Some(policy)), None),
    }
}

/// Tries to read what a message names.
async fn check_read(client: &Client, named: Option<Object>, access: &Access) -> Check {
    let Some(Object { bucket, key, .. }) = named else {
        let message = "no message was seen that names an object; `trailkeep doctor s3://BUCKET` tries reading a bucket";
        return unknown("read", message, &queue_policy(&client.place, ANY_BUCKET));
    };
    let policy = queue_policy(&client.place, &bucket);
    let read = match S3Source::open(&format!("s3://{bucket}"), access).await {
        Ok(source) => source.probe(&key).await,
        Err(error) => Err(error),
    };
    match read {
        Ok(()) => ok("read", &format!("`s3://{bucket}/{key}`, which a message names, can be read")),
        Err(SourceError::NotFound(_)) => {
            unknown("read", &format!("a message names `s3://{bucket}/{key}`, which is not there"), &policy)
        }
        Err(error) => failed("read", &error, Some(&policy)),
    }
}

/// Tries a right on a receipt that is none.
async fn check_receipt(client: &Client, name: &'static str, action: &'static str, policy: &str) -> Check {
    let question = json!({ "QueueUrl": client.url, "ReceiptHandle": NO_RECEIPT, "VisibilityTimeout": 0 });
    match client.ask(action, question).await {
        Err(error @ (SourceError::Denied { .. } | SourceError::Credentials(_))) => failed(name, &error, Some(policy)),
        Ok(_) => ok(name, &format!("sqs:{action} is granted")),
        // It got as far as looking at the receipt.
        Err(SourceError::Io { reason, .. }) if reason.contains("ReceiptHandle") || reason.contains("receipt handle") => {
            ok(name, &format!("sqs:{action} is granted"))
        }
        Err(error) => unknown(name, &error.to_string(), policy),
    }
}

fn text<'a>(attributes: &'a Value, name: &str) -> Option<&'a str> {
    attributes.get("Attributes")?.get(name)?.as_str()
}
