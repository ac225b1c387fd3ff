//! What CloudTrail and Organizations say about the trail of a set.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::{answer, read, wrong};

/// The trail whose logs are in a set, and its public keys.
pub(super) struct Trail {
    manifest: Manifest,
    public_keys: Vec<u8>,
}

/// What the tool that makes sets says about one.
struct Manifest {
    account: String,
    home: String,
    trail: String,
    org: String,
    prefix: String,
    bucket: String,
}

impl Trail {
    /// Reads a set's manifest and public keys.
    pub fn load(set: &Path) -> io::Result<Trail> {
        Ok(Trail { manifest: Manifest::load(&set.join("manifest.json"))?, public_keys: read(&set.join("public_keys.json"))? })
    }

    /// The bucket that it delivers to.
    pub fn bucket(&self) -> &str {
        &self.manifest.bucket
    }

    /// Answers an operation of the JSON protocol.
    pub fn answer(&self, operation: &str) -> Vec<u8> {
        match operation {
            "ListPublicKeys" => said("200 OK", &self.public_keys),
            "DescribeTrails" => said("200 OK", json!({ "trailList": [self.described()] }).to_string().as_bytes()),
            "DescribeOrganization" => said("200 OK", self.organization().to_string().as_bytes()),
            _ => said("400 Bad Request", json!({ "__type": "UnsupportedOperationException" }).to_string().as_bytes()),
        }
    }

    fn described(&self) -> Value {
        let Manifest { account, home, trail, org, prefix, bucket } = &self.manifest;
        json!({
            "Name": trail,
            "S3BucketName": bucket,
            "S3KeyPrefix": Some(prefix).filter(|prefix| !prefix.is_empty()),
            "TrailARN": format!("arn:aws:cloudtrail:{home}:{account}:trail/{trail}"),
            "IsMultiRegionTrail": true,
            "HomeRegion": home,
            "LogFileValidationEnabled": true,
            "IsOrganizationTrail": !org.is_empty()
        })
    }

    fn organization(&self) -> Value {
        json!({ "Organization": { "Id": self.manifest.org, "FeatureSet": "ALL", "MasterAccountId": self.manifest.account } })
    }
}

impl Manifest {
    fn load(path: &Path) -> io::Result<Manifest> {
        let document: Value = serde_json::from_slice(&read(path)?).map_err(|error| wrong(path, error))?;
        let text = |name: &str| {
            let text = document.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| wrong(path, format!("no `{name}`")))
        };
        Ok(Manifest {
            account: text("account")?,
            home: text("home")?,
            trail: text("trail")?,
            org: text("org")?,
            prefix: text("prefix")?,
            bucket: text("bucket")?,
        })
    }
}

fn said(status: &str, body: &[u8]) -> Vec<u8> {
    answer(status, "application/x-amz-json-1.1", &[], body)
}
