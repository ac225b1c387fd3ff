//! The public keys that sign digests, as CloudTrail tells them: `ListPublicKeys`, Region by Region.
//!
//! Whoever answers decides what is genuine. So it is always said who did: AWS, or an endpoint that the user named; and a Region's
//! name, which comes from the keys of a bucket that anyone may have written to, can never lead to another host.

mod window;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use collect::source::SourceError;
use http::Method;
use prove::strict::{KeySource, KeysFound};
use seal::PublicKeys;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::access::{Access, Clock};
use crate::credentials::Chain;
use crate::partition::partition;
use crate::refusal::explain_json;
use crate::service::{Answer, Ask, Service, Signing, Unanswered};
use window::Window;

/// Longest name of a Region.
const REGION_CHARS_MAX: usize = 32;
/// Largest answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Answers to one question. AWS reserves `NextToken`, and has given all keys at once so far.
const ANSWERS_MAX: usize = 100;

const ACTION: &str = "cloudtrail:ListPublicKeys";
const HEADERS: &[(&str, &str)] = &[
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListPublicKeys"),
];

/// CloudTrail, asked for public keys. Its calls block, and must not come from async code.
pub struct CloudTrailKeys {
    credentials: Option<Arc<Chain>>,
    /// Where credentials are renewed.
    runtime: Handle,
    endpoint: Option<String>,
    clock: Clock,
    regions: Mutex<HashMap<String, Arc<Region>>>,
}

/// CloudTrail in one Region, and what it has answered.
struct Region {
    service: Service,
    known: Mutex<Vec<(Window, Result<KeysFound, String>)>>,
}

/// Who says that keys are genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// AWS, in this Region.
    Aws(String),
    /// Whoever answers at this endpoint.
    Custom(String),
}

impl CloudTrailKeys {
    /// Finds credentials. The runtime that this is called on must outlive what it returns.
    pub async fn open(access: &Access) -> CloudTrailKeys {
        CloudTrailKeys {
            credentials: access.credentials().await,
            runtime: Handle::current(),
            endpoint: access.cloudtrail_endpoint.clone(),
            clock: access.clock,
            regions: Mutex::default(),
        }
    }

    /// Whether there are credentials to sign with; an error says in plain words what to do.
    pub async fn check_credentials(&self) -> Result<(), SourceError> {
        match &self.credentials {
            None => Err(SourceError::Credentials("requests are not to be signed".to_owned())),
            Some(chain) => chain.current().await.map(drop).map_err(|error| SourceError::Credentials(error.to_string())),
        }
    }

    /// Who will say it.
    pub fn origin(&self, region: &str) -> Origin {
        match &self.endpoint {
            Some(endpoint) if !is_awss(endpoint, region) => Origin::Custom(endpoint.clone()),
            _ => Origin::Aws(region.to_owned()),
        }
    }

    /// The keys that signed in a Region between two times; each says its Region. Asks each time.
    pub fn list(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<PublicKeys, SourceError> {
        let service = &self.region(region)?.service;
        let mut keys = PublicKeys::default();
        let mut token = Value::Null;
        for _ in 0..ANSWERS_MAX {
            let mut question = json!({ "StartTime": from.timestamp(), "EndTime": to.timestamp() });
            if let (Some(question), false) = (question.as_object_mut(), token.is_null()) {
                question.insert("NextToken".to_owned(), token);
            }
            let answer = ask(service, region, &question)?;
            keys.extend(read(region, &answer)?);
            token = answer.get("NextToken").cloned().unwrap_or_default();
            if token.as_str().is_none_or(str::is_empty) {
                return Ok(keys);
            }
        }
        Err(unreadable(region, format!("CloudTrail goes on after {ANSWERS_MAX} answers")))
    }

    fn region(&self, name: &str) -> Result<Arc<Region>, SourceError> {
        if !is_region(name) {
            return Err(unreadable(name, "that is no name of a Region".to_owned()));
        }
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(region) = regions.get(name) {
            return Ok(Arc::clone(region));
        }
        let endpoint = self.endpoint.clone().unwrap_or_else(|| awss(name, ""));
        let signing = Signing::new(self.credentials.clone(), &self.runtime, name, "cloudtrail");
        let service = Service::new(&endpoint, signing, self.clock).map_err(|reason| unreadable(name, reason))?;
        let region = Arc::new(Region { service, known: Mutex::default() });
        regions.insert(name.to_owned(), Arc::clone(&region));
        Ok(region)
    }

    fn found(&self, region: &str, window: &Window) -> Result<KeysFound, String> {
        let keys = self.list(region, window.from, window.to).map_err(|error| error.to_string())?;
        let origin = self.origin(region);
        let is_of_aws = matches!(origin, Origin::Aws(_));
        Ok(KeysFound { keys, is_complete: is_of_aws, is_of_aws, origin: origin.to_string() })
    }
}

/// Whole months are asked for, each once: a year of days takes a dozen requests, not hundreds. A refusal is remembered too.
impl KeySource for CloudTrailKeys {
    fn keys(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<KeysFound, String> {
        let place = self.region(region).map_err(|error| error.to_string())?;
        let window = Window::of_months(from, to);
        // Whoever comes meanwhile wants the same, and waits for it.
        let mut known = place.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = known.iter().find(|(asked, _)| asked.covers(&window)) {
            return answer.clone();
        }
        let answer = self.found(region, &window);
        known.push((window, answer.clone()));
        answer
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Aws(region) => write!(formatter, "AWS {region}"),
            Origin::Custom(endpoint) => write!(formatter, "custom endpoint {endpoint}: not AWS's"),
        }
    }
}

/// Letters, digits and hyphens: nothing that could end the name of a host or begin another.
fn is_region(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= REGION_CHARS_MAX && name.bytes().all(is_plain)
}

/// CloudTrail's own endpoint in a Region.
fn awss(region: &str, variant: &str) -> String {
    format!("https://cloudtrail{variant}.{region}.{}", partition(region).dns_suffix)
}

/// Whether an endpoint that was named is CloudTrail's own. Other hosts under AWS's domains can be anybody's.
fn is_awss(endpoint: &str, region: &str) -> bool {
    is_region(region) && ["", "-fips"].iter().any(|variant| endpoint.trim_end_matches('/') == awss(region, variant))
}

fn ask(service: &Service, region: &str, question: &Value) -> Result<Value, SourceError> {
    let ask = Ask { method: Method::POST, path: "/", query: "", headers: HEADERS, body: Bytes::from(question.to_string()) };
    let answer = service.ask(&ask, ANSWER_BYTES_MAX, Vec::new()).map_err(|unanswered| match unanswered {
        Unanswered::NoCredentials(hint) => SourceError::Credentials(hint),
        Unanswered::TooLarge => unreadable(region, format!("the answer holds more than {ANSWER_BYTES_MAX} bytes")),
        Unanswered::Unreached(reason) => unreadable(region, reason),
    })?;
    let Answer { status, body, .. } = &answer;
    let said = serde_json::from_slice::<Value>(body);
    match said {
        Ok(said) if status.is_success() => Ok(said),
        Ok(said) => Err(explain_json(&said, ACTION, &name(region))),
        Err(_) => Err(unreadable(region, format!("CloudTrail answered with status {status} and no JSON"))),
    }
}

fn read(region: &str, answer: &Value) -> Result<PublicKeys, SourceError> {
    let mut answer = answer.clone();
    let listed = answer.get_mut("PublicKeyList").and_then(Value::as_array_mut).into_iter().flatten();
    for key in listed.filter_map(Value::as_object_mut) {
        key.insert("Region".to_owned(), region.into());
    }
    PublicKeys::parse(answer.to_string().as_bytes()).map_err(|error| unreadable(region, error.to_string()))
}

fn name(region: &str) -> String {
    format!("public keys of {region}")
}

fn unreadable(region: &str, reason: String) -> SourceError {
    SourceError::Io { key: name(region), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regions_name_leads_nowhere_else() {
        for region in ["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"] {
            assert!(is_region(region), "{region}");
        }
        for region in
            ["", "us-east-1.evil.com", "x/y", "a@b", "a:1", "US-EAST-1", "é", "x?y", "x#y", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert!(!is_region(region), "{region}");
        }
    }

    #[test]
    fn who_says_so() {
        let cases = [
            ("https://cloudtrail.eu-west-1.amazonaws.com/", "eu-west-1", true),
            ("https://cloudtrail-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", true),
            ("https://cloudtrail.cn-north-1.amazonaws.com.cn", "cn-north-1", true),
            ("https://cloudtrail.us-east-1.amazonaws.com", "eu-west-1", false),
            ("http://cloudtrail.us-east-1.amazonaws.com", "us-east-1", false),
            ("https://cloudtrail.us-east-1.amazonaws.com.evil.com", "us-east-1", false),
            ("https://ec2-1-2-3-4.compute-1.amazonaws.com", "us-east-1", false),
            ("http://127.0.0.1:5000", "us-east-1", false),
        ];
        for (endpoint, region, told) in cases {
            assert_eq!(is_awss(endpoint, region), told, "{endpoint} {region}");
        }
        assert_eq!(Origin::Aws("us-east-1".to_owned()).to_string(), "AWS us-east-1");
        assert_eq!(Origin::Custom("http://x".to_owned()).to_string(), "custom endpoint http://x: not AWS's");
    }

    #[test]
    fn keys_say_their_region() {
        let answer = json!({ "PublicKeyList": [{ "Value": "AAAA", "Fingerprint": "f", "Region": "elsewhere" }] });
        let keys = read("eu-west-1", &answer).unwrap();
        assert_eq!(keys.iter().map(|key| key.region.as_deref()).collect::<Vec<_>>(), [Some("eu-west-1")]);
        assert!(read("eu-west-1", &json!({})).is_err());
    }
}
