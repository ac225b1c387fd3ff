//! A bucket as a store to verify: listed with what says whether an object is archived, read by many threads at once.
//!
//! Not the storage client of the lake: that neither says in which tier an object is, nor addresses every key that a hostile
//! writer can choose, and it costs three times the processor time (see [`crate::service`]).

mod listing;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use collect::source::{Requests, SourceError};
use http::{HeaderMap, Method};
use prove::store::{Body, Object, Page, Rebuilt, Refusal, Store};

use crate::access::Access;
use crate::bucket::Bucket;
use crate::cursor::{Cursor, Cursors};
use crate::refusal::{Asked, element, explain_answer, refused};
use crate::service::{Answer, Ask, Service, Unanswered, encode_key, encode_value};
use listing::Listing;

/// Largest page of a listing: a thousand entries, each with a key of 1,024 bytes, all of it percent-encoded.
const PAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What S3 puts before the names of user metadata.
const METADATA: &str = "x-amz-meta-";

/// Whether an archived object has been restored is told only to those who ask.
const RESTORE_STATUS: &[(&str, &str)] = &[("x-amz-optional-object-attributes", "RestoreStatus")];

/// A bucket, or a prefix of it.
///
/// Its calls block, and must not come from async code: a thread that runs a tokio runtime cannot wait in another one.
pub struct S3Store {
    service: Service,
    region: String,
    bucket: String,
    name: String,
    root: String,
    /// What comes before a key in a path: `/` or `/bucket/`.
    before_key: String,
    cursors: Cursors,
    lists: AtomicU64,
    reads: AtomicU64,
}

impl S3Store {
    /// Opens `s3://bucket[/prefix]`. Asks AWS for the Region only; rights show at the first request.
    ///
    /// The runtime that this is called on must outlive the store: credentials are renewed on it.
    pub async fn open(uri: &str, access: &Access) -> Result<S3Store, SourceError> {
        let Bucket { service, location, region, before_key } = Bucket::open(uri, access).await?;
        Ok(S3Store {
            service,
            region,
            name: format!("s3://{}", location.bucket),
            root: folder(location.key),
            before_key,
            bucket: location.bucket,
            cursors: Cursors::default(),
            lists: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        })
    }

    /// The Region in which the bucket is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Requests made so far: what AWS bills.
    pub fn requests(&self) -> Requests {
        Requests { list: self.lists.load(Relaxed), read: self.reads.load(Relaxed) }
    }

    fn request(&self, prefix: &str, cursor: &Cursor) -> Result<Listing, Refusal> {
        self.lists.fetch_add(1, Relaxed);
        let query = query(prefix, cursor);
        let path = if self.before_key.len() > 1 { self.before_key.trim_end_matches('/') } else { "/" };
        let ask = Ask { method: Method::GET, path, query: &query, headers: RESTORE_STATUS, body: Bytes::new() };
        let answer = self.service.ask(&ask, PAGE_BYTES_MAX, Vec::new());
        let answer = answer.map_err(|unanswered| self.unanswered(unanswered, PAGE_BYTES_MAX))?;
        let answer = self.granted(answer, Asked::List, prefix)?;
        Listing::read(&answer.text()).map_err(Refusal::Unreadable)
    }

    fn get(&self, key: &str, size_bytes_max: u64, into: Vec<u8>) -> Result<Answer, Refusal> {
        self.reads.fetch_add(1, Relaxed);
        let path = format!("{}{}", self.before_key, encode_key(key));
        let ask = Ask { method: Method::GET, path: &path, query: "", headers: &[], body: Bytes::new() };
        let answer = self.service.ask(&ask, size_bytes_max, into);
        self.granted(answer.map_err(|unanswered| self.unanswered(unanswered, size_bytes_max))?, Asked::Get, key)
    }

    fn unanswered(&self, unanswered: Unanswered, size_bytes_max: u64) -> Refusal {
        match unanswered {
            Unanswered::NoCredentials(hint) => refused(SourceError::Credentials(hint)),
            Unanswered::TooLarge => Refusal::TooLarge(size_bytes_max),
            Unanswered::Unreached(reason) => Refusal::Unreadable(reason),
        }
    }

    fn granted(&self, answer: Answer, asked: Asked, key: &str) -> Result<Answer, Refusal> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let text = answer.text();
        if element(&text, "Code") == Some("NoSuchBucket") {
            // Not "not found": that would be said of one object.
            return Err(Refusal::Unreadable(format!("the bucket `{}` does not exist; check its name", self.bucket)));
        }
        Err(refused(explain_answer(answer.status.as_u16(), &text, asked, key)))
    }
}

impl Store for S3Store {
    fn name(&self) -> &str {
        &self.name
    }

    fn bucket(&self) -> Option<&str> {
        Some(&self.bucket)
    }

    fn root(&self) -> &str {
        &self.root
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        let cursor = self.cursors.after(prefix, after);
        let Listing { mut page, is_truncated, token } = self.request(prefix, &cursor)?;
        // A folder's own placeholder (`prefix/`, empty) stands not under the prefix; it is the prefix.
        page.objects.retain(|object| object.key != prefix);
        let last_object = page.objects.last().map(|object| &object.key);
        let last = last_object.max(page.folders.last()).map_or(prefix, String::as_str).to_owned();
        page.next = match token {
            Some(token) => Some(self.cursors.remember(prefix, last, token)),
            None => is_truncated.then_some(last),
        };
        fold(&mut page, prefix, after);
        Ok(page)
    }

    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal> {
        let answer = self.get(key, size_bytes_max, Vec::new())?;
        Ok(Object { metadata: metadata(&answer.headers), body: Body::Stored(answer.body) })
    }

    fn read_into(&self, key: &str, size_bytes_max: u64, buffer: &mut Vec<u8>) -> Result<Option<Rebuilt>, Refusal> {
        *buffer = self.get(key, size_bytes_max, std::mem::take(buffer))?.body;
        Ok(None)
    }
}

/// Servers that know no delimiter list all that is below a prefix: what stands deeper is in a folder, which is listed once.
fn fold(page: &mut Page, prefix: &str, after: Option<&str>) {
    let folder = |key: &str| {
        let slash = key.get(prefix.len()..)?.find('/')?;
        key.get(..prefix.len() + slash + 1).map(str::to_owned)
    };
    let deeper: Vec<String> = page.objects.iter().filter_map(|object| folder(&object.key)).collect();
    if deeper.is_empty() {
        return;
    }
    page.objects.retain(|object| folder(&object.key).is_none());
    page.folders.extend(deeper);
    page.folders.sort();
    page.folders.dedup();
    page.folders.retain(|folder| after.is_none_or(|after| !after.starts_with(folder.as_str())));
}

/// What the user pointed at is a folder, with or without the final slash.
fn folder(mut key: String) -> String {
    if !key.is_empty() && !key.ends_with('/') {
        key.push('/');
    }
    key
}

/// Names in order, as they are signed. Encoded keys let any name through, even those that XML cannot hold.
fn query(prefix: &str, cursor: &Cursor) -> String {
    let (token, after) = match cursor {
        Cursor::Start => (String::new(), String::new()),
        Cursor::Token(token) => (format!("continuation-token={}&", encode_value(token)), String::new()),
        Cursor::After(key) => (String::new(), format!("&start-after={}", encode_value(key))),
    };
    format!("{token}delimiter=%2F&encoding-type=url&list-type=2&prefix={}{after}", encode_value(prefix))
}

fn metadata(headers: &HeaderMap) -> Vec<(String, String)> {
    let named = headers.iter().filter_map(|(name, value)| Some((name.as_str().strip_prefix(METADATA)?, value)));
    named.map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use prove::store::Listed;

    use super::*;

    #[test]
    fn queries_are_in_the_order_that_is_signed() {
        let cases = [
            (Cursor::Start, "delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2F"),
            (Cursor::After("a/b".to_owned()), "delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2F&start-after=a%2Fb"),
            (Cursor::Token("1=".to_owned()), "continuation-token=1%3D&delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2F"),
        ];
        for (cursor, told) in cases {
            assert_eq!(query("a/", &cursor), told);
        }
    }

    #[test]
    fn what_a_server_lists_at_all_depths_is_folded() {
        let object = |key: &str| Listed { key: key.to_owned(), size_bytes: 1, is_archived: false };
        let mut page = Page { objects: ["p/a", "p/b/1", "p/b/c/2", "p/d/3", "p/e"].map(object).to_vec(), ..Page::default() };
        fold(&mut page, "p/", Some("p/b/0"));
        assert_eq!((page.folders, page.objects), (vec!["p/d/".to_owned()], ["p/a", "p/e"].map(object).to_vec()));
    }

    #[test]
    fn roots_are_folders() {
        assert_eq!(["", "org", "org/"].map(|key| folder(key.to_owned())), ["", "org/", "org/"]);
    }
}
