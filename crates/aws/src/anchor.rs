//! Copies of a seal's head in a bucket whose objects nobody can delete or replace for a while (S3 Object Lock).
//!
//! A copy's *name* is what it says: the number of a statement and the SHA-256 of its file. So nothing has to be read to compare, and
//! all versions are listed, not the newest ones: what was written over a copy, or marks it as deleted, hides nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use collect::source::SourceError;
use http::{HeaderMap, Method, StatusCode};
use seal::chain::Anchor;

use crate::access::Access;
use crate::bucket::Bucket;
use crate::refusal::{Asked, element, explain_answer};
use crate::service::{Answer, Ask, Service, Unanswered, encode_key, encode_value};

/// Largest answer: a page of a thousand versions.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Pages that are listed: a million copies.
const PAGES_MAX: usize = 1_000;
/// Digits of a statement's number in a name: names in order are statements in order.
const DIGITS: usize = 20;

/// A place for copies, in one bucket. Its calls block, and must not come from async code.
pub struct AnchorBucket {
    service: Service,
    /// `s3://bucket/prefix`, as the user writes it.
    name: String,
    /// What comes before a key in a path: `/` or `/bucket/`.
    before_key: String,
    /// Folder in the bucket: `""` or ending in `/`.
    folder: String,
}

/// Until when a copy can be neither deleted nor replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// `COMPLIANCE` or `GOVERNANCE`.
    pub mode: String,
    /// RFC 3339.
    pub until: String,
}

impl AnchorBucket {
    /// Opens `s3://bucket[/prefix]`. The runtime that this is called on must outlive it.
    pub async fn open(uri: &str, access: &Access) -> Result<AnchorBucket, SourceError> {
        let Bucket { service, location, before_key, .. } = Bucket::open(uri, access).await?;
        let folder = location.key.trim_end_matches('/');
        Ok(AnchorBucket {
            service,
            name: uri.to_owned(),
            before_key,
            folder: if folder.is_empty() { String::new() } else { format!("{folder}/") },
        })
    }

    /// Puts a copy of a home's head; what it holds is for people. One that is there stays as it is.
    pub fn put(&self, home: &str, anchor: Anchor, body: String) -> Result<(), SourceError> {
        let key = self.key(home, anchor);
        // A bucket with Object Lock takes nothing without a checksum.
        let checksum = STANDARD.encode(seal::sha256(body.as_bytes()));
        let headers = [
            ("content-type", "application/json"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", checksum.as_str()),
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
        ];
        let path = format!("{}{}", self.before_key, encode_key(&key));
        let ask = Ask { method: Method::PUT, path: &path, query: "", headers: &headers, body: Bytes::from(body) };
        let answer = self.ask(&ask)?;
        if answer.status == StatusCode::PRECONDITION_FAILED {
            return Ok(());
        }
        self.granted(&answer, Asked::Put, &key)
    }

    /// All copies of a home's heads that were ever put, in their order.
    pub fn list(&self, home: &str) -> Result<Vec<Anchor>, SourceError> {
        let folder = format!("{}{home}/", self.folder);
        let path = if self.before_key.len() > 1 { self.before_key.trim_end_matches('/') } else { "/" };
        let (mut anchors, mut after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let query = versions_query(&folder, after.as_ref());
            let ask = Ask { method: Method::GET, path, query: &query, headers: &[], body: Bytes::new() };
            let answer = self.ask(&ask)?;
            self.granted(&answer, Asked::Versions, &folder)?;
            let page = answer.text();
            let keys = page.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
            anchors.extend(keys.filter_map(|(key, _)| anchor_of(key)));
            after = after_page(&page);
            if after.is_none() {
                anchors.sort_by_key(|anchor: &Anchor| (anchor.number, anchor.sha256.0));
                anchors.dedup();
                return Ok(anchors);
            }
        }
        Err(SourceError::Io { key: self.name.clone(), reason: format!("it lists more than {PAGES_MAX} pages of copies") })
    }

    /// How a copy is locked; `None` if it is not.
    pub fn lock(&self, home: &str, anchor: Anchor) -> Result<Option<Lock>, SourceError> {
        let key = self.key(home, anchor);
        let path = format!("{}{}", self.before_key, encode_key(&key));
        let answer = self.ask(&Ask { method: Method::GET, path: &path, query: "", headers: &[], body: Bytes::new() })?;
        self.granted(&answer, Asked::Get, &key)?;
        Ok(lock_of(&answer.headers))
    }

    fn key(&self, home: &str, anchor: Anchor) -> String {
        format!("{}{home}/{:0DIGITS$}-{}.json", self.folder, anchor.number, anchor.sha256)
    }

    fn ask(&self, ask: &Ask<'_>) -> Result<Answer, SourceError> {
        let io = |reason: String| SourceError::Io { key: self.name.clone(), reason };
        self.service.ask(ask, ANSWER_BYTES_MAX, Vec::new()).map_err(|unanswered| match unanswered {
            Unanswered::NoCredentials(hint) => SourceError::Credentials(hint),
            Unanswered::TooLarge => io("its answer is too large".to_owned()),
            Unanswered::Unreached(reason) => io(reason),
        })
    }

    fn granted(&self, answer: &Answer, asked: Asked, key: &str) -> Result<(), SourceError> {
        match answer.status.is_success() {
            true => Ok(()),
            false => Err(explain_answer(answer.status.as_u16(), &answer.text(), asked, key)),
        }
    }
}

/// Where the next page of versions begins: a key, and the version of it that came last.
fn after_page(page: &str) -> Option<(String, String)> {
    let is_truncated = element(page, "IsTruncated") == Some("true");
    let next = is_truncated.then(|| Some((element(page, "NextKeyMarker")?, element(page, "NextVersionIdMarker")?)));
    next.flatten().map(|(key, version)| (key.to_owned(), version.to_owned()))
}

/// Names in order, as they are signed.
fn versions_query(folder: &str, after: Option<&(String, String)>) -> String {
    let folder = encode_value(folder);
    match after {
        None => format!("prefix={folder}&versions="),
        Some((key, version)) => {
            format!("key-marker={}&prefix={folder}&version-id-marker={}&versions=", encode_value(key), encode_value(version))
        }
    }
}

/// The copy that has this name.
fn anchor_of(key: &str) -> Option<Anchor> {
    let (number, sha256) = key.rsplit('/').next()?.strip_suffix(".json")?.split_once('-')?;
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    Some(Anchor { number: number.parse().ok().filter(|_| is_number)?, sha256: sha256.parse().ok()? })
}

fn lock_of(headers: &HeaderMap) -> Option<Lock> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    Some(Lock { mode: text("x-amz-object-lock-mode")?, until: text("x-amz-object-lock-retain-until-date")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are_copies_of() {
        let anchor = Anchor { number: 7, sha256: "ab".repeat(32).parse().unwrap() };
        let name = format!("p/home/{:020}-{}.json", 7, "ab".repeat(32));
        assert_eq!(anchor_of(&name), Some(anchor));
        let page = "<IsTruncated>true</IsTruncated><NextKeyMarker>a/b</NextKeyMarker><NextVersionIdMarker>v=</NextVersionIdMarker>";
        assert_eq!(versions_query("p/", None), "prefix=p%2F&versions=");
        let after = after_page(page);
        assert_eq!(versions_query("p/", after.as_ref()), "key-marker=a%2Fb&prefix=p%2F&version-id-marker=v%3D&versions=");
        assert_eq!(after_page(&page.replace("true", "false")), None);
        for other in ["", "x", "p/7-ab.json", &name.replace("07-", "7-"), &name.replace(".json", ""), &name.replace("ab", "zz")] {
            assert_eq!(anchor_of(other), None, "{other}");
        }
    }
}
