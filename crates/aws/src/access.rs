//! How to reach a bucket: whose credentials, which Region, which endpoint. Worked out once, when it is opened.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use collect::source::SourceError;
use object_store::aws::{AmazonS3Builder, AwsCredentialProvider, resolve_bucket_region};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use crate::credentials::Chain;
use crate::partition::partition;

/// Times that a request is tried again.
pub(crate) const RETRIES_MAX: u32 = 6;
/// Time after which a request is not tried again.
pub(crate) const RETRY_TIMEOUT: Duration = Duration::from_secs(90);
/// Longest wait between two tries.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Longest time for one request, body included.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest time for a connection to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time to ask S3 for a bucket's Region.
const REGION_TIMEOUT: Duration = Duration::from_secs(4);

const REGION_DEFAULT: &str = "us-east-1";

/// What the user said about reaching AWS.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whose credentials.
    pub identity: Identity,
    /// Region, if it was named.
    pub region: Option<String>,
    /// Endpoint of S3, if it is not AWS's own: `https://host[:port]`. Buckets are then addressed by path.
    pub endpoint: Option<String>,
    /// Endpoint of CloudTrail, if it is not AWS's own.
    pub cloudtrail_endpoint: Option<String>,
    /// Endpoint of SQS, if it is not AWS's own.
    pub sqs_endpoint: Option<String>,
    /// The wall clock, by which credentials end.
    pub clock: Clock,
}

/// Whose credentials are used.
#[derive(Clone, Debug)]
pub enum Identity {
    /// The SDK's default chain: environment, profile (this one, if it is named), SSO, web identity, container, instance.
    Chain {
        /// Profile name.
        profile: Option<String>,
    },
    /// These.
    Given(SharedCredentialsProvider),
    /// None: requests are not signed (public buckets).
    Anonymous,
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub fn() -> SystemTime);

/// A bucket and a key or prefix in it: `s3://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Bucket name.
    pub bucket: String,
    /// Key, prefix, or nothing.
    pub key: String,
}

/// Access, worked out for one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) region: String,
    pub(crate) provider: Option<SharedCredentialsProvider>,
    pub(crate) credentials: Option<Arc<Chain>>,
    endpoint: Option<String>,
}

/// How a bucket is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `https://host[:port]`.
    pub(crate) endpoint: String,
    /// Whether its name stands in the path; else it stands in the host's name.
    pub(crate) is_by_path: bool,
}

impl Clock {
    /// The time now.
    pub fn now(self) -> SystemTime {
        (self.0)()
    }
}

impl Location {
    /// Reads `s3://bucket[/key]`. A key is taken as it is written; nothing in it is decoded.
    pub fn parse(uri: &str) -> Result<Location, SourceError> {
        let refused = |reason: &str| SourceError::Io { key: uri.to_owned(), reason: reason.to_owned() };
        let rest = uri.strip_prefix("s3://").ok_or_else(|| refused("write it as `s3://bucket/prefix`"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(refused("that is no bucket name; write it as `s3://bucket/prefix`"));
        }
        Ok(Location { bucket: bucket.to_owned(), key: key.trim_start_matches('/').to_owned() })
    }
}

impl Access {
    /// Finds credentials' source and the bucket's Region.
    ///
    /// Region: the one that was named; else the bucket's own, which S3 tells anyone; else the profile's; else us-east-1.
    /// S3 is not asked where it would not know: behind another endpoint, or in another partition than `aws`.
    pub(crate) async fn resolve(&self, bucket: &str) -> Resolved {
        let (provider, profile_region) = self.identity().await;
        let region = match (&self.region, &self.endpoint) {
            (Some(region), _) => region.clone(),
            (None, Some(_)) => profile_region.unwrap_or_else(|| REGION_DEFAULT.to_owned()),
            (None, None) => bucket_region(bucket, profile_region).await,
        };
        let credentials = provider.clone().map(|provider| Arc::new(Chain::new(provider, self.clock)));
        Resolved { region, provider, credentials, endpoint: self.endpoint.clone() }
    }

    /// The credentials alone.
    pub(crate) async fn credentials(&self) -> Option<Arc<Chain>> {
        self.credentials_and_region().await.0
    }

    /// The credentials, and the Region that is configured beside them.
    pub(crate) async fn credentials_and_region(&self) -> (Option<Arc<Chain>>, Option<String>) {
        let (provider, region) = self.identity().await;
        (provider.map(|provider| Arc::new(Chain::new(provider, self.clock))), region)
    }

    /// Where credentials come from, and the Region that is configured beside them.
    async fn identity(&self) -> (Option<SharedCredentialsProvider>, Option<String>) {
        let profile = match &self.identity {
            Identity::Anonymous => return (None, None),
            Identity::Given(provider) => return (Some(provider.clone()), None),
            Identity::Chain { profile } => profile,
        };
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        (config.credentials_provider(), config.region().map(ToString::to_string))
    }
}

async fn bucket_region(bucket: &str, profile_region: Option<String>) -> String {
    if profile_region.as_deref().is_some_and(|region| partition(region).name != "aws") {
        return profile_region.unwrap_or_else(|| REGION_DEFAULT.to_owned());
    }
    let options = ClientOptions::new().with_timeout(REGION_TIMEOUT).with_connect_timeout(REGION_TIMEOUT);
    match resolve_bucket_region(bucket, &options).await {
        Ok(region) => region,
        Err(error) => {
            tracing::debug!(%bucket, %error, "the bucket's Region could not be found");
            profile_region.unwrap_or_else(|| REGION_DEFAULT.to_owned())
        }
    }
}

impl Resolved {
    /// A client for a bucket, not built yet.
    pub(crate) fn builder(&self, bucket: &str) -> AmazonS3Builder {
        let allow_http = self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options =
            ClientOptions::new().with_allow_http(allow_http).with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&self.region)
            .with_client_options(options)
            .with_retry(retry());
        builder = match &self.credentials {
            Some(credentials) => builder.with_credentials(Arc::clone(credentials) as AwsCredentialProvider),
            None => builder.with_skip_signature(true),
        };
        let address = self.address(bucket);
        builder.with_virtual_hosted_style_request(!address.is_by_path).with_endpoint(address.endpoint)
    }

    /// Another endpoint is addressed by path; so are bucket names with dots, which no certificate covers.
    pub(crate) fn address(&self, bucket: &str) -> Address {
        if let Some(endpoint) = &self.endpoint {
            return Address { endpoint: endpoint.trim_end_matches('/').to_owned(), is_by_path: true };
        }
        let service = format!("s3.{}.{}", self.region, partition(&self.region).dns_suffix);
        match bucket.contains('.') {
            true => Address { endpoint: format!("https://{service}"), is_by_path: true },
            false => Address { endpoint: format!("https://{bucket}.{service}"), is_by_path: false },
        }
    }
}

fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES_MAX as usize,
        retry_timeout: RETRY_TIMEOUT,
        backoff: BackoffConfig { max_backoff: BACKOFF_MAX, ..BackoffConfig::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::aws::AmazonS3ConfigKey;

    #[test]
    fn locations() {
        let cases = [
            ("s3://trail", Some(("trail", ""))),
            ("s3://trail/", Some(("trail", ""))),
            ("s3://trail/a b/%41", Some(("trail", "a b/%41"))),
            ("s3://", None),
            ("s3:///x", None),
            ("trail/x", None),
            ("s3://a?b/x", None),
        ];
        for (uri, told) in cases {
            let found = Location::parse(uri).ok();
            let found = found.as_ref().map(|location| (location.bucket.as_str(), location.key.as_str()));
            assert_eq!(found, told, "{uri}");
        }
    }

    #[test]
    fn addresses() {
        let cases = [
            ("trail", "us-east-1", None, "https://trail.s3.us-east-1.amazonaws.com", "true"),
            ("trail", "cn-north-1", None, "https://trail.s3.cn-north-1.amazonaws.com.cn", "true"),
            ("trail", "us-gov-west-1", None, "https://trail.s3.us-gov-west-1.amazonaws.com", "true"),
            ("my.trail", "eu-west-1", None, "https://s3.eu-west-1.amazonaws.com", "false"),
            ("trail", "eu-west-1", Some("http://127.0.0.1:9000/"), "http://127.0.0.1:9000", "false"),
        ];
        for (bucket, region, endpoint, address, virtual_hosted) in cases {
            let resolved =
                Resolved { region: region.to_owned(), provider: None, credentials: None, endpoint: endpoint.map(str::to_owned) };
            let builder = resolved.builder(bucket);
            let value = |key| builder.get_config_value(&key);
            assert_eq!(value(AmazonS3ConfigKey::Endpoint).as_deref(), Some(address));
            assert_eq!(value(AmazonS3ConfigKey::VirtualHostedStyleRequest).as_deref(), Some(virtual_hosted));
            assert!(builder.build().is_ok());
        }
    }
}
