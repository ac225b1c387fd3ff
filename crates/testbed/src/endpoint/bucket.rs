//! The objects of a set, each with its answer ready.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Bound;
use std::path::Path;

use super::{files, read, wrong};

/// What S3 says about an object that has to be restored first.
pub(super) const ARCHIVED: &str = "InvalidObjectState";

/// A bucket in memory.
pub(super) struct Bucket {
    name: String,
    objects: BTreeMap<String, Object>,
}

struct Object {
    answer: Vec<u8>,
    size_bytes: u64,
}

/// One line of the file of metadata: `["bucket/key", {"name": "value"}]`.
type Line = (String, BTreeMap<String, String>);

impl Bucket {
    /// Reads `set/<bucket>/` and the metadata beside it.
    pub fn load(set: &Path, name: &str) -> io::Result<Bucket> {
        let folder = set.join(name);
        let mut metadata = metadata(&set.join("meta.jsonl"))?;
        let mut objects = BTreeMap::new();
        for path in files(&folder)? {
            let key = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
            let body = read(&path)?;
            let headers = headers(metadata.remove(&format!("{name}/{key}")).unwrap_or_default());
            let answer = super::answer("200 OK", "application/json", &headers, &body);
            objects.insert(key, Object { answer, size_bytes: body.len() as u64 });
        }
        Ok(Bucket { name: name.to_owned(), objects })
    }

    /// Answers reads of these objects as S3 does while they are in an archive tier.
    pub fn archive(&mut self, is_archived: impl Fn(&str) -> bool) {
        let archived = self.objects.iter_mut().filter(|(key, _)| is_archived(key));
        archived.for_each(|(_, object)| object.answer = super::refusal(ARCHIVED));
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole answer to a read of this key.
    pub fn object(&self, key: &str) -> Option<&[u8]> {
        self.objects.get(key).map(|object| object.answer.as_slice())
    }

    /// The first key after `after` that begins with `prefix`, and its size.
    pub fn next(&self, prefix: &str, after: &str) -> Option<(&str, u64)> {
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let (key, object) = self.objects.range::<str, _>((from, Bound::Unbounded)).next()?;
        key.starts_with(prefix).then_some((key, object.size_bytes))
    }
}

fn metadata(path: &Path) -> io::Result<HashMap<String, BTreeMap<String, String>>> {
    let text = read(path)?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(serde_json::from_slice::<Line>).collect::<Result<_, _>>().map_err(|error| wrong(path, error))
}

/// What S3 sends with an object that counts for its readers.
fn headers(metadata: BTreeMap<String, String>) -> Vec<(String, String)> {
    let own = [("ETag", "\"00000000000000000000000000000000\""), ("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(metadata.into_iter().map(|(name, value)| (format!("x-amz-meta-{name}"), value))).collect()
}
