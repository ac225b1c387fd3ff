//! What a bucket says about itself: where it is, and what is in it (ListObjects, both versions).

use std::collections::BTreeMap;

use super::bucket::Bucket;
use super::request::decoded;
use super::xml;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
/// Entries of one page: S3's own limit.
const ENTRIES_MAX: usize = 1_000;

/// Answers a request that names no object.
pub fn answer(bucket: &Bucket, query: &str) -> Vec<u8> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let asked: BTreeMap<&str, String> = pairs.map(|(name, value)| (name, decoded(value).into_owned())).collect();
    if asked.contains_key("location") {
        return xml(&format!("<LocationConstraint xmlns=\"{NAMESPACE}\"/>"));
    }
    let text = |name: &str| asked.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let page = Page::of(
        bucket,
        text("prefix").unwrap_or_default(),
        text("delimiter"),
        ["continuation-token", "marker", "start-after"].into_iter().find_map(text).unwrap_or_default(),
        text("max-keys").and_then(|number| number.parse().ok()).unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX),
    );
    xml(&page.document(bucket.name(), text("list-type") == Some("2")))
}

#[derive(Debug, Default)]
struct Page {
    folders: Vec<String>,
    objects: Vec<(String, u64)>,
    /// The last entry, where more would follow.
    next: Option<String>,
}

impl Page {
    fn of(bucket: &Bucket, prefix: &str, delimiter: Option<&str>, after: &str, entries_max: usize) -> Page {
        let mut page = Page::default();
        let mut after = past(after, delimiter);
        let mut last = String::new();
        while let Some((key, size_bytes)) = bucket.next(prefix, &after) {
            if page.folders.len() + page.objects.len() >= entries_max {
                page.next = Some(last);
                break;
            }
            match folder(key, prefix, delimiter) {
                Some(folder) => {
                    (after, last) = (past(folder, delimiter), folder.to_owned());
                    page.folders.push(folder.to_owned());
                }
                None => {
                    (after, last) = (key.to_owned(), key.to_owned());
                    page.objects.push((key.to_owned(), size_bytes));
                }
            }
        }
        page
    }

    fn document(&self, bucket: &str, is_version_2: bool) -> String {
        let mut document = format!("<ListBucketResult xmlns=\"{NAMESPACE}\"><Name>{bucket}</Name>");
        document.push_str(&format!("<IsTruncated>{}</IsTruncated>", self.next.is_some()));
        if let Some(next) = &self.next {
            let name = if is_version_2 { "NextContinuationToken" } else { "NextMarker" };
            document.push_str(&format!("<{name}>{}</{name}>", escaped(next)));
        }
        for (key, size_bytes) in &self.objects {
            document.push_str(&format!(
                "<Contents><Key>{}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag>\
                 <Size>{size_bytes}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                escaped(key)
            ));
        }
        for folder in &self.folders {
            document.push_str(&format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escaped(folder)));
        }
        document + "</ListBucketResult>"
    }
}

/// The folder directly under `prefix` that a key is in, if it is in one.
fn folder<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter?;
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// After a folder means after everything that is in it.
fn past(entry: &str, delimiter: Option<&str>) -> String {
    match delimiter {
        Some(delimiter) if entry.ends_with(delimiter) => format!("{entry}{}", char::MAX),
        _ => entry.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
