//! A source in memory, for tests: pages as S3 makes them, requests counted, folders that can be denied.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;

use crate::source::{Fetched, Listed, Page, Requests, Source, SourceError};

pub(crate) struct Memory {
    root: String,
    objects: Mutex<BTreeMap<String, Bytes>>,
    page_entries_max: usize,
    denied: Vec<String>,
    lists: AtomicU64,
    reads: AtomicU64,
}

impl Memory {
    pub(crate) fn new(root: &str, keys: &[&str]) -> Memory {
        let objects = keys.iter().map(|key| ((*key).to_owned(), Bytes::from((*key).to_owned()))).collect();
        Memory {
            root: root.to_owned(),
            objects: Mutex::new(objects),
            page_entries_max: 1000,
            denied: Vec::new(),
            lists: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        }
    }

    pub(crate) fn with_pages_of(mut self, entries: usize) -> Memory {
        self.page_entries_max = entries;
        self
    }

    pub(crate) fn denying(mut self, prefix: &str) -> Memory {
        self.denied.push(prefix.to_owned());
        self
    }

    pub(crate) fn put(&self, key: &str) {
        self.objects.lock().unwrap().insert(key.to_owned(), Bytes::from(key.to_owned()));
    }
}

#[async_trait]
impl Source for Memory {
    fn origin(&self) -> &str {
        "memory:"
    }

    fn root(&self) -> &str {
        &self.root
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError> {
        self.lists.fetch_add(1, Relaxed);
        if self.denied.iter().any(|denied| denied == prefix) {
            return Err(SourceError::Denied { key: prefix.to_owned(), action: "s3:ListBucket".to_owned() });
        }
        let objects = self.objects.lock().unwrap();
        let mut page = Page::default();
        let mut last = String::new();
        let start = Bound::Included(prefix.to_owned());
        for (key, body) in objects.range((start, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix)) {
            let below = key.get(prefix.len()..).unwrap();
            let entry = below.find('/').map_or(key.as_str(), |cut| &key[..=prefix.len() + cut]);
            if after.is_some_and(|after| entry <= after) || entry == last {
                continue;
            }
            if page.folders.len() + page.objects.len() == self.page_entries_max {
                page.next = Some(last);
                break;
            }
            last = entry.to_owned();
            if entry.len() == key.len() {
                page.objects.push(Listed { key: key.clone(), size_bytes: body.len() as u64, etag: "1".to_owned() });
            } else {
                page.folders.push(entry.to_owned());
            }
        }
        Ok(page)
    }

    async fn fetch(&self, key: &str, _: u64) -> Result<Fetched, SourceError> {
        self.reads.fetch_add(1, Relaxed);
        let body = self.objects.lock().unwrap().get(key).cloned();
        let body = body.ok_or_else(|| SourceError::NotFound(key.to_owned()))?;
        Ok(Fetched { body, etag: "1".to_owned(), metadata: Vec::new() })
    }

    fn requests(&self) -> Requests {
        Requests { list: self.lists.load(Relaxed), read: self.reads.load(Relaxed) }
    }
}
