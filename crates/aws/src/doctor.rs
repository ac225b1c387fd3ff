//! `trailkeep doctor` for a bucket: may we list it, read it, decrypt it, and ask for the keys that sign its digests - and if not, the
//! policy that says so.
//!
//! It asks as the collector will, and reads one object's head at most. What could not be tried is unknown, never fine.

use aws_credential_types::provider::SharedCredentialsProvider;
use chrono::{DateTime, TimeDelta, Utc};
use collect::source::{Source, SourceError};
use layout::{self, Kind};
use serde::Serialize;

use crate::access::Access;
use crate::credentials::{Chain, ask};
use crate::policy::read_policy;
use crate::public_keys::CloudTrailKeys;
use crate::s3::S3Source;

/// Folders that are listed to find one object to read.
const LOOKUPS_MAX: usize = 16;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It works.
    Ok,
    /// It does not.
    Failed,
    /// It could not be tried.
    Unknown,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: `credentials`, `region`, `list`, `read`, `decrypt`, `keys`; of a queue `queue`, `receive`, `extend`, `delete`.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, or what to do.
    pub message: String,
    /// The IAM policy that would grant what is missing.
    pub policy: Option<String>,
}

/// Tries everything that collecting from `s3://bucket/prefix` and verifying it needs.
pub async fn check_source(uri: &str, access: &Access) -> Vec<Check> {
    let source = match S3Source::open(uri, access).await {
        Ok(source) => source,
        Err(error) => return vec![failed("location", &error, None)],
    };
    let bucket = source.origin().trim_start_matches("s3://");
    let policy = read_policy(bucket, source.root(), source.region());
    let mut checks = vec![check_credentials(&source).await, ok("region", source.region())];
    let found = find_object(&source).await;
    checks.push(check_list(&found, &policy));
    checks.extend(check_read(&source, found.ok().flatten().as_deref(), &policy).await);
    checks.push(check_keys(source.region().to_owned(), access, &policy).await);
    checks
}

async fn check_credentials(source: &S3Source) -> Check {
    check_provider(source.resolved().provider.as_ref()).await
}

/// Whose credentials a chain has.
pub(crate) async fn check_chain(chain: Option<&Chain>) -> Check {
    check_provider(chain.map(Chain::provider)).await
}

async fn check_provider(provider: Option<&SharedCredentialsProvider>) -> Check {
    let Some(provider) = provider else {
        return ok("credentials", "none are used; requests are not signed");
    };
    match ask(provider).await {
        Ok(credentials) => {
            let account = credentials.account_id().map(|account| format!(" of account {}", account.as_str()));
            let key_id = credentials.access_key_id();
            let debug = format!("{credentials:?}");
            let from = provider_name(&debug);
            ok("credentials", &format!("access key {key_id}{} from {from}", account.unwrap_or_default()))
        }
        Err(error) => failed("credentials", &SourceError::Credentials(error.to_string()), None),
    }
}

/// Descends into the newest-named folder again and again until a delivery shows up.
async fn find_object(source: &S3Source) -> Result<Option<String>, SourceError> {
    let mut prefix = source.root().to_owned();
    let mut other = None;
    for _ in 0..LOOKUPS_MAX {
        let page = source.list(&prefix, None).await?;
        let delivery = page.objects.iter().find(|object| !matches!(layout::kind(&object.key), Kind::Other(_)));
        if let Some(object) = delivery {
            return Ok(Some(object.key.clone()));
        }
        other = other.or(page.objects.into_iter().next().map(|object| object.key));
        match page.folders.into_iter().max_by_key(|folder| may_hold_deliveries(folder)) {
            Some(folder) => prefix = folder,
            None => break,
        }
    }
    Ok(other)
}

/// `AWSLogs`, accounts and CloudTrail folders before others; of equals, the last name wins.
fn may_hold_deliveries(folder: &str) -> bool {
    !matches!(layout::spot(folder).level, layout::Level::Outside | layout::Level::Service | layout::Level::Odd)
}

fn check_list(found: &Result<Option<String>, SourceError>, policy: &str) -> Check {
    match found {
        Ok(_) => ok("list", "the prefix can be listed"),
        Err(error) => failed("list", error, Some(policy)),
    }
}

async fn check_read(source: &S3Source, key: Option<&str>, policy: &str) -> [Check; 2] {
    let Some(key) = key else {
        let message = "no object was found to try it on";
        return [unknown("read", message, policy), unknown("decrypt", message, policy)];
    };
    match source.probe(key).await {
        Ok(()) => [
            ok("read", &format!("`{key}` can be read")),
            ok("decrypt", "the same object came decrypted, if it is encrypted at all"),
        ],
        Err(SourceError::Denied { key, action }) if action == "kms:Decrypt" => {
            [ok("read", &format!("`{key}` may be read")), failed("decrypt", &SourceError::Denied { key, action }, Some(policy))]
        }
        Err(error) => {
            let decrypt = unknown("decrypt", "reading is tried first", policy);
            [failed("read", &error, Some(policy)), decrypt]
        }
    }
}

/// Whether CloudTrail tells us the public keys of the last hour. Only verifying needs them, and it can do with a file of them.
async fn check_keys(region: String, access: &Access, policy: &str) -> Check {
    let keys = CloudTrailKeys::open(access).await;
    let now: DateTime<Utc> = access.clock.now().into();
    let origin = keys.origin(&region);
    let asked = tokio::task::spawn_blocking(move || keys.list(&region, now - TimeDelta::hours(1), now));
    match asked.await {
        Ok(Ok(keys)) => ok("keys", &format!("public keys of the last hour from {origin}: {}", keys.iter().count())),
        Ok(Err(error @ SourceError::Denied { .. })) => failed("keys", &error, Some(policy)),
        Ok(Err(error)) => unknown("keys", &error.to_string(), policy),
        Err(_) => unknown("keys", "CloudTrail was not asked to the end", policy),
    }
}

/// The SDK tells it only in its debug text, which leaves the secret out.
fn provider_name(debug: &str) -> &str {
    let quoted = debug.split_once("provider_name: \"").and_then(|(_, rest)| rest.split_once('"'));
    quoted.map_or("the default chain", |(name, _)| name)
}

pub(crate) fn ok(name: &'static str, message: &str) -> Check {
    Check { name, verdict: Verdict::Ok, message: message.to_owned(), policy: None }
}

pub(crate) fn unknown(name: &'static str, message: &str, policy: &str) -> Check {
    Check { name, verdict: Verdict::Unknown, message: message.to_owned(), policy: Some(policy.to_owned()) }
}

pub(crate) fn failed(name: &'static str, error: &SourceError, policy: Option<&str>) -> Check {
    let policy = policy.filter(|_| matches!(error, SourceError::Denied { .. }));
    Check { name, verdict: Verdict::Failed, message: error.to_string(), policy: policy.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;

    #[test]
    fn the_provider_is_named_and_the_secret_is_not() {
        let debug = format!("{:?}", Credentials::new("AKIA", "s3cret", None, None, "ProfileFile"));
        assert_eq!(provider_name(&debug), "ProfileFile");
        assert!(!debug.contains("s3cret"));
    }

    #[test]
    fn only_a_missing_right_comes_with_a_policy() {
        let denied = SourceError::Denied { key: "k".to_owned(), action: "s3:GetObject".to_owned() };
        assert!(failed("read", &denied, Some("{}")).policy.is_some());
        assert!(failed("read", &SourceError::NotFound("k".to_owned()), Some("{}")).policy.is_none());
    }
}
