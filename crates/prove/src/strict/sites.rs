//! The places that objects are read from, and which of them a bucket and a key in a digest mean.
//!
//! A digest names its own bucket and key and those of its log files. In a copy they are elsewhere: under another bucket's name, or without
//! the prefix. What a digest names is followed only into the stores that were given.

use std::sync::Arc;

use super::Stores;
use crate::store::Store;

/// Longest key that S3 allows, in bytes.
const KEY_BYTES_MAX: usize = 1024;

/// A store, and the bucket names that mean it.
pub(super) struct Site {
    pub(super) store: Arc<dyn Store>,
    buckets: Vec<String>,
}

/// All stores; the first is the one that is verified.
pub(super) struct Sites(pub(super) Vec<Site>);

/// What a bucket and a key in a digest mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// This object.
    Here(usize, String),
    /// An object of a bucket that was not given.
    Elsewhere,
    /// No object of CloudTrail's: it would lead out of its place.
    Nowhere,
}

/// Where one cell's objects were written, and where they are now.
#[derive(Clone, Debug)]
pub(super) struct Places {
    aliases: Vec<Alias>,
}

/// Keys of `bucket` that begin with `signed` are at `here` in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    pub(super) site: usize,
    pub(super) bucket: String,
    pub(super) signed: String,
    pub(super) here: String,
}

impl Sites {
    pub(super) fn new(stores: &Stores) -> Sites {
        let mut sites = vec![Site::new(&stores.main)];
        for (bucket, store) in &stores.mapped {
            match sites.iter_mut().find(|site| site.store.name() == store.name()) {
                Some(same) => same.buckets.push(bucket.clone()),
                None => sites.push(Site { store: Arc::clone(store), buckets: vec![bucket.clone()] }),
            }
        }
        Sites(sites)
    }

    pub(super) fn store(&self, site: usize) -> Option<&Arc<dyn Store>> {
        self.0.get(site).map(|site| &site.store)
    }

    /// The bucket's name for messages.
    pub(super) fn bucket(&self, site: usize) -> Option<&str> {
        self.0.get(site).and_then(|site| site.buckets.first()).map(String::as_str)
    }

    /// The places as far as they are known without having seen a digest.
    pub(super) fn places(&self) -> Places {
        let named = self.0.iter().enumerate().flat_map(|(site, of)| of.buckets.iter().map(move |bucket| (site, bucket)));
        let whole =
            |(site, bucket): (usize, &String)| Alias { site, bucket: bucket.clone(), signed: String::new(), here: String::new() };
        Places { aliases: named.map(whole).collect() }
    }
}

impl Site {
    fn new(store: &Arc<dyn Store>) -> Site {
        Site { store: Arc::clone(store), buckets: store.bucket().map(str::to_owned).into_iter().collect() }
    }
}

impl Places {
    /// What a bucket and a key in a digest mean.
    pub(super) fn meant(&self, bucket: &str, key: &str) -> Meant {
        if !is_plain(key) {
            return Meant::Nowhere;
        }
        let found = self.aliases.iter().rev().find_map(|alias| Some((alias.site, alias.now(bucket, key)?)));
        found.map_or(Meant::Elsewhere, |(site, key)| Meant::Here(site, key))
    }

    /// Whether an object that was read here may be the one that says it is this.
    pub(super) fn fits(&self, site: usize, read_at: &str, bucket: &str, key: &str) -> bool {
        self.aliases.iter().any(|alias| alias.site == site && alias.now(bucket, key).as_deref() == Some(read_at))
    }

    /// Learns from a digest under which bucket and prefix the objects of this cell were written; `layout` is where `AWSLogs/` begins in
    /// the key that it was read at. From there on both keys must be the same.
    pub(super) fn learn(&mut self, site: usize, read_at: &str, layout: usize, bucket: &str, key: &str) -> Option<Alias> {
        let (here, rest) = read_at.split_at_checked(layout)?;
        let signed = key.strip_suffix(rest)?;
        let is_folder = signed.is_empty() || signed.ends_with('/');
        if !is_folder || self.fits(site, read_at, bucket, key) {
            return None;
        }
        let alias = Alias { site, bucket: bucket.to_owned(), signed: signed.to_owned(), here: here.to_owned() };
        self.aliases.push(alias.clone());
        Some(alias)
    }
}

impl Alias {
    fn now(&self, bucket: &str, key: &str) -> Option<String> {
        let rest = (self.bucket == bucket).then(|| key.strip_prefix(self.signed.as_str())).flatten()?;
        Some(format!("{}{rest}", self.here))
    }
}

/// Whether a key is a path downwards, as all of CloudTrail's are.
fn is_plain(key: &str) -> bool {
    let fits = key.len() <= KEY_BYTES_MAX && !key.contains('\0');
    fits && key.split('/').all(|name| !matches!(name, "" | "." | ".."))
}
