//! Credentials of the SDK's default chain, in the shape that the storage client wants, kept until shortly before they end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use dial::chain_of;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use crate::access::Clock;

/// How long before their end credentials are asked for again.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// No credentials, in plain words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoCredentials(pub(crate) String);

#[derive(Debug)]
pub(crate) struct Chain {
    provider: SharedCredentialsProvider,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    credential: Arc<AwsCredential>,
    ends: Option<SystemTime>,
}

impl Chain {
    pub(crate) fn new(provider: SharedCredentialsProvider, clock: Clock) -> Chain {
        Chain { provider, clock, kept: Mutex::new(None) }
    }

    /// Where they come from.
    pub(crate) fn provider(&self) -> &SharedCredentialsProvider {
        &self.provider
    }

    /// The credential, and when to ask for the next one.
    pub(crate) async fn current(&self) -> Result<(Arc<AwsCredential>, Option<SystemTime>), NoCredentials> {
        let credential = self.credential().await?;
        let ends = self.kept.lock().await.as_ref().and_then(|kept| kept.ends);
        Ok((credential, ends.map(|ends| ends.checked_sub(RENEW_BEFORE).unwrap_or(SystemTime::UNIX_EPOCH))))
    }

    /// Renews in time; if that fails, credentials that are still good are good enough.
    async fn credential(&self) -> Result<Arc<AwsCredential>, NoCredentials> {
        let now = self.clock.now();
        let mut kept = self.kept.lock().await;
        if let Some(fresh) = kept.as_ref().filter(|kept| kept.lasts_until(now + RENEW_BEFORE)) {
            return Ok(Arc::clone(&fresh.credential));
        }
        match ask(&self.provider).await {
            Ok(credentials) => {
                let renewed = Kept::from(&credentials);
                let credential = Arc::clone(&renewed.credential);
                *kept = Some(renewed);
                Ok(credential)
            }
            Err(error) => {
                let still_good = kept.as_ref().filter(|kept| kept.lasts_until(now));
                still_good.map(|kept| Arc::clone(&kept.credential)).ok_or(error)
            }
        }
    }
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credential = self.credential().await;
        credential.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })
    }
}

impl Kept {
    fn lasts_until(&self, time: SystemTime) -> bool {
        self.ends.is_none_or(|ends| ends > time)
    }
}

impl From<&Credentials> for Kept {
    fn from(credentials: &Credentials) -> Kept {
        let credential = AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        };
        Kept { credential: Arc::new(credential), ends: credentials.expiry() }
    }
}

/// Asks the chain; an error says what to do.
pub(crate) async fn ask(provider: &SharedCredentialsProvider) -> Result<Credentials, NoCredentials> {
    provider.provide_credentials().await.map_err(|error| {
        let reason = brief(&chain_of(&error));
        NoCredentials(format!("set a profile (--profile, AWS_PROFILE), run `aws sso login`, or give the machine a role ({reason})"))
    })
}

/// The SDK lists every place where it looked, a line each: that they were tried says the first one.
fn brief(reason: &str) -> String {
    let (said, _) = reason.split_once(". Attempted:").unwrap_or((reason, ""));
    let (said, _) = said.split_once('\n').unwrap_or((said, ""));
    said.strip_prefix("the credential provider was not enabled: ").unwrap_or(said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// Credentials for ten minutes; from the third time on, none.
    #[derive(Debug)]
    struct Fading(AtomicU64);

    impl ProvideCredentials for Fading {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let asked = self.0.fetch_add(1, Relaxed);
            let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(600 * (asked + 1));
            let given = Credentials::new(format!("key{asked}"), "secret", None, Some(ends), "test");
            let refused = CredentialsError::not_loaded("the session has ended");
            future::ProvideCredentials::ready(if asked < 2 { Ok(given) } else { Err(refused) })
        }
    }

    static NOW_S: AtomicU64 = AtomicU64::new(0);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_S.load(Relaxed))
    }

    #[tokio::test]
    async fn renewed_in_time_and_used_to_the_end() {
        let chain = Chain::new(SharedCredentialsProvider::new(Fading(AtomicU64::new(0))), Clock(now));
        let cases = [(0, Some("key0")), (299, Some("key0")), (301, Some("key1")), (1000, Some("key1")), (1300, None)];
        for (second, told) in cases {
            NOW_S.store(second, Relaxed);
            let found = chain.credential().await.ok().map(|credential| credential.key_id.clone());
            assert_eq!(found.as_deref(), told, "{second}");
        }
        let error = chain.credential().await.unwrap_err().to_string();
        assert!(error.contains("aws sso login") && error.contains("the session has ended"), "{error}");
    }
}
