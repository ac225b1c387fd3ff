//! What CloudTrail and Organizations say about the trail of a set.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer;
use crate::failure::Failure;

/// The trail whose logs are in a set, and its public keys.
pub struct Trail {
    manifest: Manifest,
    public_keys: Vec<u8>,
}

/// What the tool that makes sets says about one.
#[derive(Debug, Deserialize)]
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
    pub fn load(set: &Path) -> Result<Trail, Failure> {
        let read = |name: &str| fs::read(set.join(name)).map_err(Failure::io(&set.join(name)));
        let manifest = serde_json::from_slice(&read("manifest.json")?);
        let manifest = manifest.map_err(|error| Failure::Wrong(format!("`{}`: manifest.json: {error}", set.display())))?;
        Ok(Trail { manifest, public_keys: read("public_keys.json")? })
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

fn said(status: &str, body: &[u8]) -> Vec<u8> {
    answer(status, "application/x-amz-json-1.1", &[], body)
}
