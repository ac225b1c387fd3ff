//! A bucket's copy that stands in a folder of something larger: `export/my-bucket/AWSLogs/...` in a zip or on a disk.
//!
//! A digest names the key that it was written to, so one digest tells how much of its path is not the bucket's. This decides
//! only how keys are counted: a wrong answer makes every digest look moved, it never makes one valid. Nothing is left out: where
//! some of the logs would not be part of the copy, the whole is refused.

use layout::{Family, Level};
use record::Inflater;
use seal::digest::{DIGEST_BYTES_MAX, Digest};

use super::{Body, Object, Page, Refusal, Store};

/// Folders that are looked into for one that is called `AWSLogs`.
const FOLDERS_SEARCHED_MAX: usize = 1_000;
/// Folders that are looked into for a digest.
const FOLDERS_LISTED_MAX: usize = 300;
/// Digests that are asked for their own key before giving up.
const DIGESTS_ASKED_MAX: usize = 5;

/// Why logs cannot be told from where they stand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// Listing failed.
    #[error("`{prefix}` cannot be listed: {reason}")]
    Unlisted {
        /// What was listed.
        prefix: String,
        /// Why not.
        reason: Refusal,
    },
    /// Several buckets beside each other.
    #[error("`{name}` holds copies of several buckets ({folders}); verify each by itself")]
    SeveralBuckets {
        /// The store.
        name: String,
        /// Where they stand.
        folders: String,
    },
}

/// What was found out about where a bucket's keys begin.
pub struct Anchored {
    /// The store, with keys as the bucket had them.
    pub store: Box<dyn Store>,
    /// The folder that is not part of keys: `""` or ending in `/`.
    pub base: String,
}

/// Finds out which folder the keys of the digests are counted from, and counts all keys from there.
pub fn anchored(store: Box<dyn Store>) -> Result<Anchored, AnchorError> {
    let mut told: Vec<Told> = Vec::new();
    let logs = logs_below(store.as_ref())?;
    for (prefix, start) in &logs {
        told.extend(ask_digests(store.as_ref(), prefix, start)?);
    }
    told.dedup();
    let mut bases: Vec<&str> = told.iter().map(|told| told.base.as_str()).collect();
    bases.sort_unstable();
    bases.dedup();
    let base = match bases.as_slice() {
        [] | [""] => return Ok(Anchored { store, base: String::new() }),
        [one] => (*one).to_owned(),
        _ => return Err(several(store.as_ref(), &logs)),
    };
    if !logs.iter().all(|(prefix, _)| prefix.starts_with(&base)) {
        return Err(several(store.as_ref(), &logs));
    }
    let folder = base.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let bucket = told.iter().all(|told| told.bucket == folder).then(|| folder.to_owned());
    Ok(Anchored { store: Box::new(Within::new(store, &base, bucket)), base })
}

fn several(store: &dyn Store, logs: &[(String, String)]) -> AnchorError {
    let folders: Vec<String> = logs.iter().map(|(prefix, _)| format!("`{prefix}AWSLogs/`")).collect();
    AnchorError::SeveralBuckets { name: store.name().to_owned(), folders: folders.join(", ") }
}

/// The part of a store that stands in one of its folders, with keys counted from there.
pub struct Within {
    store: Box<dyn Store>,
    name: String,
    base: String,
    root: String,
    bucket: Option<String>,
}

impl Within {
    /// The folder `base` (ending in `/`) of a store, as the copy of a bucket.
    pub fn new(store: Box<dyn Store>, base: &str, bucket: Option<String>) -> Within {
        Within {
            name: format!("{}/{}", store.name().trim_end_matches('/'), base.trim_end_matches('/')),
            root: store.root().strip_prefix(base).unwrap_or_default().to_owned(),
            base: base.to_owned(),
            bucket,
            store,
        }
    }

    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.base)
    }

    fn short(&self, key: String) -> String {
        key.strip_prefix(&self.base).map(str::to_owned).unwrap_or(key)
    }
}

impl Store for Within {
    fn name(&self) -> &str {
        &self.name
    }

    fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    fn root(&self) -> &str {
        &self.root
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        let after = after.map(|after| self.whole(after));
        let mut page = self.store.list(&self.whole(prefix), after.as_deref())?;
        page.folders = page.folders.into_iter().map(|folder| self.short(folder)).collect();
        for listed in &mut page.objects {
            listed.key = self.short(std::mem::take(&mut listed.key));
        }
        page.next = page.next.map(|next| self.short(next));
        Ok(page)
    }

    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal> {
        self.store.read(&self.whole(key), size_bytes_max)
    }
}

/// What a digest tells of where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    base: String,
    bucket: String,
}

/// Every `AWSLogs/` below the root: what stands before it, and the folder to begin to look in.
fn logs_below(store: &dyn Store) -> Result<Vec<(String, String)>, AnchorError> {
    let root = store.root();
    let spot = layout::spot(root);
    if spot.level != Level::Outside {
        return Ok(vec![(spot.prefix, root.to_owned())]);
    }
    let (mut found, mut waiting) = (Vec::new(), std::collections::VecDeque::from([root.to_owned()]));
    let mut searched = 0;
    while let Some(folder) = waiting.pop_front() {
        searched += 1;
        if searched > FOLDERS_SEARCHED_MAX {
            break;
        }
        for below in folders(store, &folder)? {
            match below.strip_suffix("AWSLogs/") {
                Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => found.push((prefix.to_owned(), below)),
                _ => waiting.push_back(below),
            }
        }
    }
    Ok(found)
}

/// Asks digests below a folder for the key that they were written to. Newest first: those are the least likely to be archived.
fn ask_digests(store: &dyn Store, prefix: &str, start: &str) -> Result<Option<Told>, AnchorError> {
    let mut waiting = vec![start.to_owned()];
    let (mut listed, mut asked) = (0, 0);
    while let Some(folder) = waiting.pop() {
        listed += 1;
        if listed > FOLDERS_LISTED_MAX {
            break;
        }
        let page = list(store, &folder)?;
        waiting.extend(page.folders.into_iter().filter(|folder| leads_to_digests(folder)));
        for object in page.objects.iter().rev().filter(|object| layout::digest_name(&object.key).is_some()) {
            if let Some(told) = ask(store, prefix, &object.key) {
                return Ok(Some(told));
            }
            asked += 1;
            if asked == DIGESTS_ASKED_MAX {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

fn leads_to_digests(folder: &str) -> bool {
    let spot = layout::spot(folder);
    match spot.level {
        Level::Service | Level::Odd | Level::Outside => false,
        _ => spot.family.is_none_or(|family| family == Family::Digest),
    }
}

/// What stands before a digest's own key in the key that it was read at.
fn ask(store: &dyn Store, prefix: &str, key: &str) -> Option<Told> {
    let Body::Stored(stored) = store.read(key, DIGEST_BYTES_MAX).ok()?.body else { return None };
    let content = Inflater::default().content(&stored, DIGEST_BYTES_MAX).ok()?;
    let digest = Digest::parse(&content).ok()?;
    let base = key.strip_suffix(&digest.digest_s3_object)?;
    let is_folder = base.is_empty() || base.ends_with('/');
    (is_folder && prefix.starts_with(base)).then(|| Told { base: base.to_owned(), bucket: digest.digest_s3_bucket })
}

fn folders(store: &dyn Store, prefix: &str) -> Result<Vec<String>, AnchorError> {
    Ok(list(store, prefix)?.folders)
}

fn list(store: &dyn Store, prefix: &str) -> Result<Page, AnchorError> {
    store.list(prefix, None).map_err(|reason| AnchorError::Unlisted { prefix: format!("{}/{prefix}", store.name()), reason })
}

#[cfg(test)]
mod tests {
    use super::super::tests::Kept;
    use super::*;

    const FILE: &str = "CloudTrail-Digest/us-east-1/2026/11/22/1_CloudTrail-Digest_us-east-1_t_us-east-1_20261122T070000Z.json.gz";

    /// Digests by where they stand, the key that they name, and the bucket that they name.
    fn store(digests: &[(&str, &str, &str)]) -> Kept {
        let bodies: Vec<(String, Vec<u8>)> =
            digests.iter().map(|(at, key, bucket)| (format!("{at}{FILE}"), digest(bucket, &format!("{key}{FILE}")))).collect();
        Kept::new(None, &bodies.iter().map(|(key, body)| (key.as_str(), body.as_slice())).collect::<Vec<_>>())
    }

    fn digest(bucket: &str, key: &str) -> Vec<u8> {
        let text = format!(
            r#"{{"digestStartTime":"2026-11-22T06:00:00Z","digestEndTime":"2026-11-22T07:00:00Z","digestS3Bucket":"{bucket}","digestS3Object":"{key}","digestPublicKeyFingerprint":"00","previousDigestSignature":null}}"#
        );
        text.into_bytes()
    }

    fn base(digests: &[(&str, &str, &str)]) -> Result<(String, Option<String>), AnchorError> {
        anchored(Box::new(store(digests))).map(|anchored| (anchored.base, anchored.store.bucket().map(str::to_owned)))
    }

    #[test]
    fn a_digest_tells_where_keys_begin() {
        let key = "AWSLogs/1/";
        assert_eq!(base(&[("AWSLogs/1/", key, "b")]), Ok((String::new(), None)));
        assert_eq!(base(&[("b/AWSLogs/1/", key, "b")]), Ok(("b/".to_owned(), Some("b".to_owned()))));
        assert_eq!(base(&[("x/copy/AWSLogs/1/", key, "b")]), Ok(("x/copy/".to_owned(), None)));
        assert_eq!(base(&[("p/AWSLogs/1/", "p/AWSLogs/1/", "b")]), Ok((String::new(), None)));
        assert_eq!(base(&[("b/p/AWSLogs/1/", "p/AWSLogs/1/", "b")]), Ok(("b/".to_owned(), Some("b".to_owned()))));
        assert_eq!(base(&[("b/p/AWSLogs/1/", "p/AWSLogs/1/", "b"), ("b/q/AWSLogs/1/", "q/AWSLogs/1/", "b")]).unwrap().0, "b/");
    }

    #[test]
    fn nothing_is_left_out() {
        let key = "AWSLogs/1/";
        let two = base(&[("a/AWSLogs/1/", key, "a"), ("b/AWSLogs/1/", key, "b")]).unwrap_err();
        assert!(two.to_string().contains("`a/AWSLogs/`, `b/AWSLogs/`"), "{two}");
        let mut kept = store(&[("a/AWSLogs/1/", key, "a")]);
        kept.put("b/AWSLogs/1/CloudTrail/us-east-1/2026/11/22/x.json.gz", b"logs without a digest");
        assert!(matches!(anchored(Box::new(kept)), Err(AnchorError::SeveralBuckets { .. })));
    }

    #[test]
    fn a_digest_that_was_moved_is_not_believed() {
        let elsewhere = "AWSLogs/2/";
        assert_eq!(base(&[("b/AWSLogs/1/", elsewhere, "b")]), Ok((String::new(), None)));
    }

    #[test]
    fn keys_are_counted_from_the_base() {
        let within = anchored(Box::new(store(&[("x/b/AWSLogs/1/", "AWSLogs/1/", "b")]))).unwrap().store;
        assert_eq!((within.name(), within.root(), within.bucket()), ("kept/x/b", "", Some("b")));
        assert_eq!(within.list("", None).unwrap().folders, ["AWSLogs/"]);
        let key = format!("AWSLogs/1/{FILE}");
        let (folder, _) = key.rsplit_once('/').unwrap();
        assert_eq!(within.list(&format!("{folder}/"), None).unwrap().objects[0].key, key);
        assert!(within.read(&key, 1 << 20).is_ok());
        assert!(within.read(&format!("x/b/{key}"), 1 << 20).is_err());
    }

    #[test]
    fn nothing_to_find() {
        assert_eq!(base(&[]), Ok((String::new(), None)));
    }
}
