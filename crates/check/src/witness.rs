//! Witness events: invented records, true to AWS's form, on which selectors and filters are tried.

use serde_json::{Map, Value, json};

/// An event, and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// In words.
    pub label: String,
    /// The record.
    pub event: Value,
}

/// A management call by an administrator's role, from an address of the documentation range.
pub fn call(source: &str, name: &str) -> Value {
    let read_only = ["Get", "List", "Describe", "Lookup", "Head"].iter().any(|verb| name.starts_with(verb));
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE123:alice",
            "arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
            "accountId": "111122223333",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE12",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": "AROAEXAMPLEEXAMPLE123", "arn": "arn:aws:iam::111122223333:role/Admin",
                    "accountId": "111122223333", "userName": "Admin"
                },
                "attributes": { "creationDate": "2026-11-01T11:00:00Z", "mfaAuthenticated": "false" }
            }
        },
        "eventTime": "2026-11-01T12:00:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {},
        "responseElements": null,
        "requestID": "f4b7c3a2-0000-4000-8000-000000000001",
        "eventID": "0d5c6a1e-0000-4000-8000-000000000001",
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    })
}

/// A call on an object of S3.
pub fn s3_object(name: &str, bucket: &str, key: &str) -> Value {
    let arn = format!("arn:aws:s3:::{bucket}/{key}");
    let resources = json!([
        { "type": "AWS::S3::Object", "ARN": arn },
        { "accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}") }
    ]);
    with(data("s3.amazonaws.com", name, resources), &json!({ "requestParameters": { "bucketName": bucket, "key": key } }))
}

/// A data event on a resource of a type, with an ARN.
pub fn data_on(kind: &str, arn: &str, source: &str, name: &str) -> Value {
    data(source, name, json!([{ "accountId": "111122223333", "type": kind, "ARN": arn }]))
}

fn data(source: &str, name: &str, resources: Value) -> Value {
    with(call(source, name), &json!({ "managementEvent": false, "eventCategory": "Data", "resources": resources }))
}

/// CloudTrail's own delivery of a log file into a bucket.
pub fn log_delivery(bucket: &str) -> Value {
    let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/111122223333_CloudTrail_us-east-1_20261101T1205Z_Mu0KsOhtH1ar15ZZ.json.gz";
    let mut event = with(
        s3_object("PutObject", bucket, key),
        &json!({
            "userAgent": "cloudtrail.amazonaws.com", "sourceIPAddress": "cloudtrail.amazonaws.com", "readOnly": false,
            "sharedEventID": "0d5c6a1e-0000-4000-8000-000000000002"
        }),
    );
    if let Some(object) = event.as_object_mut() {
        object.insert("userIdentity".to_owned(), json!({ "type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com" }));
    }
    event
}

/// A call through a VPC endpoint that the endpoint's policy denied.
pub fn network_denial(source: &str, name: &str) -> Value {
    let mut event = with(
        call(source, name),
        &json!({
            "eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied",
            "errorMessage": "The request was denied due to a VPC endpoint policy",
            "vpcEndpointId": "vpce-0a1b2c3d4e5f60718", "vpcEndpointAccountId": "111122223333"
        }),
    );
    if let Some(object) = event.as_object_mut() {
        for absent in ["readOnly", "managementEvent", "requestParameters", "responseElements", "userAgent"] {
            object.remove(absent);
        }
    }
    event
}

/// The same with other values; objects are put together, everything else is replaced.
#[must_use]
pub fn with(mut event: Value, more: &Value) -> Value {
    merge(&mut event, more);
    event
}

/// Documents of witnesses are ours and flat, so that this goes as deep as they do.
fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more.clone(),
    }
}

/// Sets the value at a path of keys, making objects on the way.
pub fn set(event: &mut Value, keys: &[&str], value: Value) {
    let mut at = event;
    for key in keys {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(object) = at else { return };
        at = object.entry((*key).to_owned()).or_insert(Value::Null);
    }
    *at = value;
}

/// Removes the value at a path of keys.
pub fn unset(event: &mut Value, keys: &[&str]) {
    let Some((last, before)) = keys.split_last() else { return };
    let mut at = event;
    for key in before {
        let Some(inner) = at.get_mut(*key) else { return };
        at = inner;
    }
    if let Some(object) = at.as_object_mut() {
        object.remove(*last);
    }
}

/// One event of each kind that a trail may keep: what selectors are tried on.
pub fn of_every_kind() -> Vec<Witness> {
    let one = |label: &str, event: Value| Witness { label: label.to_owned(), event };
    vec![
        one("CloudTrail is told to stop (management, write)", call("cloudtrail.amazonaws.com", "StopLogging")),
        one("an access key is made (management, write)", call("iam.amazonaws.com", "CreateAccessKey")),
        one(
            "somebody signs in to the console (management)",
            with(call("signin.amazonaws.com", "ConsoleLogin"), &json!({ "eventType": "AwsConsoleSignIn" })),
        ),
        one("users are listed (management, read)", call("iam.amazonaws.com", "ListUsers")),
        one("KMS decrypts (management, read)", with(call("kms.amazonaws.com", "Decrypt"), &json!({ "readOnly": true }))),
        one("an SQL statement through the RDS Data API (management)", call("rdsdata.amazonaws.com", "ExecuteStatement")),
        one("an object is read (data, S3)", s3_object("GetObject", "some-bucket", "some/key")),
        one("an object is written (data, S3)", s3_object("PutObject", "some-bucket", "some/key")),
        one(
            "a function is called (data, Lambda)",
            data_on(
                "AWS::Lambda::Function",
                "arn:aws:lambda:us-east-1:111122223333:function:some",
                "lambda.amazonaws.com",
                "Invoke",
            ),
        ),
        one(
            "an item is read (data, DynamoDB)",
            data_on(
                "AWS::DynamoDB::Table",
                "arn:aws:dynamodb:us-east-1:111122223333:table/some",
                "dynamodb.amazonaws.com",
                "GetItem",
            ),
        ),
        one("S3 denied at a VPC endpoint (network activity)", network_denial("s3.amazonaws.com", "GetObject")),
        one("KMS denied at a VPC endpoint (network activity)", network_denial("kms.amazonaws.com", "Decrypt")),
        one("EC2 denied at a VPC endpoint (network activity)", network_denial("ec2.amazonaws.com", "CreateSnapshot")),
    ]
}
