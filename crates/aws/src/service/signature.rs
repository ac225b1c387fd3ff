//! Signature Version 4, with the signing key of the day kept: a hash and a keyed hash a request.
//!
//! Source: IAM user guide, "Create a signed AWS API request". The tests hold it against AWS's own implementation.

use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use chrono::{DateTime, Datelike, Timelike, Utc};
use object_store::aws::AwsCredential;
use tokio::runtime::Handle;

use super::Ask;
use crate::credentials::Chain;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// SHA-256 of nothing.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// With whose credentials, and for which service in which Region, requests are signed.
pub(crate) struct Signing {
    /// `None`: requests are not signed.
    chain: Option<Arc<Chain>>,
    /// Where credentials are asked for: their providers have connections of their own, which must go on living.
    runtime: Handle,
    region: String,
    service: &'static str,
    kept: RwLock<Option<Arc<Signer>>>,
}

/// Signs on one day with one credential.
pub(crate) struct Signer {
    key: Key,
    /// Key ID and scope.
    credential: String,
    scope: String,
    day: String,
    token: Option<String>,
    /// From when the credential has to be looked up again.
    until: Option<SystemTime>,
    is_s3: bool,
}

/// A time as it is signed: `20261124T074200Z`.
pub(crate) struct Moment(String);

/// What signing adds to a request.
pub(crate) struct Signed {
    pub(crate) authorization: String,
    /// S3 wants the hash of the body as a header.
    pub(crate) content_sha256: Option<(&'static str, String)>,
}

impl Signing {
    /// The runtime must outlive all requests.
    pub(crate) fn new(chain: Option<Arc<Chain>>, runtime: &Handle, region: &str, service: &'static str) -> Signing {
        Signing { chain, runtime: runtime.clone(), region: region.to_owned(), service, kept: RwLock::default() }
    }

    /// Who signs now.
    pub(crate) fn signer(&self, now: SystemTime) -> Result<Option<Arc<Signer>>, String> {
        let Some(chain) = &self.chain else { return Ok(None) };
        let moment = Moment::of(now);
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(signer) = kept.filter(|signer| signer.is_good(now, moment.day())) {
            return Ok(Some(signer));
        }
        let (credential, until) = self.runtime.block_on(chain.current()).map_err(|error| error.to_string())?;
        let signer = Arc::new(Signer::new(&credential, until, moment.day(), &self.region, self.service));
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signer));
        Ok(Some(signer))
    }
}

impl Signer {
    fn new(credential: &AwsCredential, until: Option<SystemTime>, day: &str, region: &str, service: &str) -> Signer {
        let secret = format!("AWS4{}", credential.secret_key);
        let parts = [day, region, service, "aws4_request"];
        let key = parts.iter().fold(hmac_key(secret.as_bytes()), |key, part| hmac_key(sign(&key, part.as_bytes()).as_ref()));
        let scope = parts.join("/");
        Signer {
            key,
            credential: format!("{}/{scope}", credential.key_id),
            scope,
            day: day.to_owned(),
            token: credential.token.clone(),
            until,
            is_s3: service == "s3",
        }
    }

    fn is_good(&self, now: SystemTime, day: &str) -> bool {
        self.day == day && self.until.is_none_or(|until| now < until)
    }

    /// The session token that goes with the credential.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Signs all headers that go out, but for those that connections and proxies may change.
    pub(crate) fn authorize(&self, ask: &Ask<'_>, host: &str, moment: &Moment) -> Signed {
        let body = if ask.body.is_empty() { EMPTY_SHA256.to_owned() } else { hex::encode(digest(&SHA256, &ask.body)) };
        let mut headers: Vec<(&str, &str)> = ask.headers.to_vec();
        headers.extend([("host", host), ("x-amz-date", moment.time())]);
        headers.extend(self.is_s3.then_some((CONTENT_SHA256, body.as_str())));
        headers.extend(self.token().map(|token| ("x-amz-security-token", token)));
        headers.sort_unstable();
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let request = canonical(ask, &headers, &names, &body);
        let to_sign =
            format!("{ALGORITHM}\n{}\n{}\n{}", moment.time(), self.scope, hex::encode(digest(&SHA256, request.as_bytes())));
        let signature = hex::encode(sign(&self.key, to_sign.as_bytes()));
        let authorization = format!("{ALGORITHM} Credential={}, SignedHeaders={names}, Signature={signature}", self.credential);
        Signed { authorization, content_sha256: self.is_s3.then_some((CONTENT_SHA256, body)) }
    }
}

fn canonical(ask: &Ask<'_>, headers: &[(&str, &str)], names: &str, body_sha256: &str) -> String {
    let mut text = String::with_capacity(1024);
    for part in [ask.method.as_str(), "\n", ask.path, "\n", ask.query, "\n"] {
        text.push_str(part);
    }
    for (name, value) in headers {
        for part in [name, ":", value.trim(), "\n"] {
            text.push_str(part);
        }
    }
    for part in ["\n", names, "\n", body_sha256] {
        text.push_str(part);
    }
    text
}

fn hmac_key(bytes: &[u8]) -> Key {
    Key::new(HMAC_SHA256, bytes)
}

impl Moment {
    pub(crate) fn of(time: SystemTime) -> Moment {
        let time: DateTime<Utc> = time.into();
        let mut text = String::with_capacity(16);
        let day = write!(text, "{:04}{:02}{:02}T", time.year(), time.month(), time.day());
        let done = day.and_then(|()| write!(text, "{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second()));
        debug_assert!(done.is_ok(), "writing into a string does not fail");
        Moment(text)
    }

    pub(crate) fn time(&self) -> &str {
        &self.0
    }

    fn day(&self) -> &str {
        self.0.get(..8).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
    };
    use aws_sigv4::sign::v4::SigningParams;
    use bytes::Bytes;
    use http::Method;
    use std::time::Duration;

    const NOW: Duration = Duration::from_secs(1_795_506_120);

    /// AWS's own implementation.
    fn theirs(ask: &Ask<'_>, credential: &AwsCredential, service: &str) -> String {
        let mut settings = SigningSettings::default();
        if service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let (id, secret, token) = (&credential.key_id, &credential.secret_key, credential.token.clone());
        let identity = Credentials::new(id, secret, token, None, "test").into();
        let params = SigningParams::builder().identity(&identity).region("eu-west-1").name(service);
        let params = params.time(SystemTime::UNIX_EPOCH + NOW).settings(settings).build().unwrap().into();
        let query = if ask.query.is_empty() { String::new() } else { format!("?{}", ask.query) };
        let url = format!("https://host:9000{}{query}", ask.path);
        let headers = [("host", "host:9000")].into_iter().chain(ask.headers.iter().copied());
        let request = SignableRequest::new(ask.method.as_str(), url, headers, SignableBody::Bytes(&ask.body)).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let (headers, _) = instructions.into_parts();
        headers.iter().find(|header| header.name() == "authorization").unwrap().value().to_owned()
    }

    #[test]
    fn the_same_signatures_as_awss_own() {
        let get = |path, query| Ask { method: Method::GET, path, query, headers: &[], body: Bytes::new() };
        let post = Ask {
            method: Method::POST,
            path: "/",
            query: "",
            headers: &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "CloudTrail_20131101.ListPublicKeys")],
            body: Bytes::from_static(b"{}"),
        };
        let cases = [
            (get("/logs/a%20b/%252Fc.json.gz", ""), "s3"),
            (get("/logs//../x", ""), "s3"),
            (get("/", "delimiter=%2F&list-type=2&prefix=AWSLogs%2F&start-after=a%C3%A9"), "s3"),
            (Ask { headers: &[("x-amz-optional-object-attributes", "RestoreStatus")], ..get("/logs", "list-type=2") }, "s3"),
            (post, "cloudtrail"),
        ];
        for token in [None, Some("a/token+==".to_owned())] {
            let credential = AwsCredential { key_id: "AKIA".to_owned(), secret_key: "s3/cret".to_owned(), token };
            for (ask, service) in &cases {
                let moment = Moment::of(SystemTime::UNIX_EPOCH + NOW);
                let signer = Signer::new(&credential, None, moment.day(), "eu-west-1", service);
                let ours = signer.authorize(ask, "host:9000", &moment).authorization;
                assert_eq!(ours, theirs(ask, &credential, service), "{ask:?}");
            }
        }
    }

    #[test]
    fn a_signer_is_good_for_its_day_and_its_credential() {
        let credential = AwsCredential { key_id: String::new(), secret_key: String::new(), token: None };
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let signer = Signer::new(&credential, Some(at(600)), "19700101", "us-east-1", "s3");
        assert!(signer.is_good(at(599), "19700101"));
        assert!(!signer.is_good(at(600), "19700101"));
        assert!(!signer.is_good(at(1), "19700102"));
        assert_eq!(Moment::of(at(86_399)).time(), "19700101T235959Z");
    }
}
