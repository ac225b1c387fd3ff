//! Events that a test makes up, delivered in one file.

use std::path::Path;

use serde_json::{Value, json};

/// Events in the order in which they were made up; one second apart.
#[derive(Default)]
pub struct Written {
    events: Vec<Value>,
}

impl Written {
    /// Adds an event: what a test does not say is filled in. Returns its ID.
    pub fn add(&mut self, mut event: Value) -> String {
        let number = self.events.len();
        let id = format!("{:08x}-0000-4000-8000-{number:012x}", 0x5eed_0000 + number);
        let filled = json!({
            "eventVersion": "1.11",
            "eventTime": self.time(number),
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "aws-cli/2.15.30",
            "requestParameters": null,
            "responseElements": null,
            "eventID": id,
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "eventCategory": "Management",
        });
        let object = event.as_object_mut().unwrap();
        for (key, value) in filled.as_object().unwrap() {
            object.entry(key).or_insert_with(|| value.clone());
        }
        self.events.push(event);
        id
    }

    /// The time of an event.
    fn time(&self, number: usize) -> String {
        let begin = chrono::DateTime::parse_from_rfc3339("2026-11-02T08:00:00Z").unwrap();
        let at = begin + chrono::TimeDelta::seconds(number as i64);
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Writes the file.
    pub fn deliver(&self, folder: &Path) {
        let file = folder.join("events.json");
        std::fs::write(file, serde_json::to_vec(&json!({ "Records": self.events })).unwrap()).unwrap();
    }
}

/// An IAM user.
pub fn user(account: &str, name: &str, key: &str) -> Value {
    json!({
        "type": "IAMUser", "principalId": format!("AIDA{account}{name}").to_uppercase(), "accountId": account,
        "arn": format!("arn:aws:iam::{account}:user/{name}"), "accessKeyId": key, "userName": name,
    })
}

/// A role session.
pub fn session(account: &str, role: &str, session: &str, key: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROA{role}:{session}"), "accountId": account, "accessKeyId": key,
        "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": format!("AROA{role}"), "accountId": account, "userName": role,
                "arn": format!("arn:aws:iam::{account}:role/{role}"),
            },
            "attributes": { "creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "false" },
        },
    })
}
