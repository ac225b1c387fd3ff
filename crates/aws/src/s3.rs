//! A bucket as a source: one list request a page, one read request an object, each counted.
//!
//! Keys that the storage client cannot address (an empty or dot segment, a control character) cannot hide their
//! neighbours: they are found, listed as unreadable, and passed over.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use collect::source::{Fetched, Listed, Page, Requests, Source, SourceError};
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, GetResult, ObjectStore};

use crate::access::{Access, Location, Resolved};
use crate::cursor::{Cursor, Cursors};
use crate::refusal::{Asked, explain};

/// Entries of one page: S3's own limit.
pub const PAGE_ENTRIES_MAX: usize = 1_000;

/// Entity tag of a key that is listed but cannot be addressed.
const UNREADABLE: &str = "unreadable";

/// A bucket, or a prefix of it.
pub struct S3Source {
    store: AmazonS3,
    resolved: Resolved,
    origin: String,
    root: String,
    cursors: Cursors,
    lists: AtomicU64,
    reads: AtomicU64,
}

impl S3Source {
    /// Opens `s3://bucket[/prefix or key]`. Asks AWS for the Region only; rights show at the first request.
    pub async fn open(uri: &str, access: &Access) -> Result<S3Source, SourceError> {
        let location = Location::parse(uri)?;
        let resolved = access.resolve(&location.bucket).await;
        let store = resolved.builder(&location.bucket).build();
        let store = store.map_err(|error| explain(&error, Asked::List, uri))?;
        Ok(S3Source {
            store,
            resolved,
            origin: format!("s3://{}", location.bucket),
            root: location.key,
            cursors: Cursors::default(),
            lists: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        })
    }

    /// The Region in which the bucket is asked.
    pub fn region(&self) -> &str {
        &self.resolved.region
    }

    pub(crate) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// Asks for an object and leaves its body unread.
    pub(crate) async fn probe(&self, key: &str) -> Result<(), SourceError> {
        self.get(key).await.map(drop)
    }

    /// Reads an object as it is, or a version of it.
    pub(crate) async fn fetch_as(&self, key: &str, version: Option<&str>, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        let asked = if version.is_some() { Asked::GetVersion } else { Asked::Get };
        let options = GetOptions { version: version.map(str::to_owned), ..GetOptions::default() };
        let got = self.get_as(key, asked, options).await?;
        let size_bytes = got.meta.size;
        if size_bytes > size_bytes_max {
            return Err(SourceError::TooLarge { key: key.to_owned(), size_bytes, limit_bytes: size_bytes_max });
        }
        let (etag, metadata) = (plain_etag(got.meta.e_tag.clone()), user_metadata(&got.attributes));
        let body = got.bytes().await.map_err(|error| explain(&error, asked, key))?;
        Ok(Fetched { body, etag, metadata })
    }

    /// What a prefix is called outside of its bucket.
    fn uri(&self, prefix: &str) -> String {
        format!("{}/{prefix}", self.origin).trim_end_matches('/').to_owned()
    }

    async fn get(&self, key: &str) -> Result<GetResult, SourceError> {
        self.get_as(key, Asked::Get, GetOptions::default()).await
    }

    async fn get_as(&self, key: &str, asked: Asked, options: GetOptions) -> Result<GetResult, SourceError> {
        let path = Path::parse(key).ok().filter(|path| path.as_ref() == key);
        let path = path.ok_or_else(|| unaddressable(key))?;
        self.reads.fetch_add(1, Relaxed);
        let got = self.store.get_opts(&path, options).await;
        got.map_err(|error| explain(&error, asked, key))
    }

    async fn request(&self, prefix: &str, cursor: &Cursor, entries_max: usize) -> Result<Page, object_store::Error> {
        let (offset, page_token) = match cursor {
            Cursor::Start => (None, None),
            Cursor::After(key) => (Some(key.clone()), None),
            Cursor::Token(token) => (None, Some(token.clone())),
        };
        let options = PaginatedListOptions {
            offset,
            delimiter: Some("/".into()),
            max_keys: Some(entries_max),
            page_token,
            ..PaginatedListOptions::default()
        };
        self.lists.fetch_add(1, Relaxed);
        let listed = self.store.list_paginated(Some(prefix).filter(|prefix| !prefix.is_empty()), options).await?;
        Ok(self.page(prefix, listed))
    }

    fn page(&self, prefix: &str, listed: PaginatedListResult) -> Page {
        let folders = listed.result.common_prefixes.iter().map(|folder| format!("{folder}/"));
        let objects = listed.result.objects.into_iter().map(|object| Listed {
            key: object.location.to_string(),
            size_bytes: object.size,
            etag: plain_etag(object.e_tag),
        });
        // A folder's own placeholder (`prefix/`, empty) comes without its slash: it is no delivery.
        let mut page = Page {
            folders: folders.collect(),
            objects: objects.filter(|object| object.key.starts_with(prefix)).collect(),
            next: None,
        };
        page.folders.sort();
        page.objects.sort_by(|one, other| one.key.cmp(&other.key));
        if let Some(token) = listed.page_token {
            let last_object = page.objects.last().map(|object| &object.key);
            let last = last_object.max(page.folders.last()).map_or(prefix, String::as_str).to_owned();
            page.next = Some(self.cursors.remember(prefix, last, token));
        }
        page
    }

    /// A page that ends before the first name that cannot be addressed; or that name alone.
    async fn list_around(&self, prefix: &str, cursor: &Cursor) -> Result<Page, SourceError> {
        let mut entries_max = PAGE_ENTRIES_MAX / 2;
        loop {
            match self.request(prefix, cursor, entries_max.max(1)).await {
                Ok(page) => return Ok(page),
                Err(error) => match unaddressable_name(&error) {
                    Some(name) if entries_max <= 1 => return Ok(unreadable(name)),
                    Some(_) => entries_max /= 2,
                    None => return Err(explain(&error, Asked::List, &self.uri(prefix))),
                },
            }
        }
    }
}

#[async_trait]
impl Source for S3Source {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn root(&self) -> &str {
        &self.root
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError> {
        if Path::parse(prefix).is_err() {
            return Err(unaddressable(prefix));
        }
        let cursor = self.cursors.after(prefix, after);
        match self.request(prefix, &cursor, PAGE_ENTRIES_MAX).await {
            Ok(page) => Ok(page),
            Err(error) if unaddressable_name(&error).is_some() => self.list_around(prefix, &cursor).await,
            Err(error) => Err(explain(&error, Asked::List, &self.uri(prefix))),
        }
    }

    async fn fetch(&self, key: &str, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        self.fetch_as(key, None, size_bytes_max).await
    }

    fn requests(&self) -> Requests {
        Requests { list: self.lists.load(Relaxed), read: self.reads.load(Relaxed) }
    }
}

/// S3 puts tags in quotes.
fn plain_etag(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn user_metadata(attributes: &Attributes) -> Vec<(String, String)> {
    let mut metadata: Vec<(String, String)> = attributes
        .iter()
        .filter_map(|(attribute, value)| match attribute {
            Attribute::Metadata(name) => Some((name.to_string(), value.to_string())),
            _ => None,
        })
        .collect();
    metadata.sort();
    metadata
}

/// The name that made the client refuse a whole page.
fn unaddressable_name(error: &object_store::Error) -> Option<&str> {
    use object_store::path::Error::{BadSegment, EmptySegment};
    match error {
        object_store::Error::InvalidPath { source: EmptySegment { path } | BadSegment { path, .. } } => Some(path),
        _ => None,
    }
}

/// A page with nothing but a name that cannot be addressed. Fetching or listing it says why.
fn unreadable(name: &str) -> Page {
    let mut page = Page { next: Some(name.to_owned()), ..Page::default() };
    if name.ends_with('/') {
        page.folders.push(name.to_owned());
    } else {
        page.objects.push(Listed { key: name.to_owned(), size_bytes: 0, etag: UNREADABLE.to_owned() });
    }
    page
}

fn unaddressable(key: &str) -> SourceError {
    let reason = "its name has an empty or dot segment or a control character; copy it to a plain name and collect that";
    SourceError::Io { key: key.to_owned(), reason: reason.to_owned() }
}
