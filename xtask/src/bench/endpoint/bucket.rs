//! The objects of a set, each with its answer ready.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Bound;
use std::path::Path;

use crate::bench::set::files;
use crate::failure::Failure;

/// A bucket in memory.
pub struct Bucket {
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
    pub fn load(set: &Path, name: &str) -> Result<Bucket, Failure> {
        let folder = set.join(name);
        let mut metadata = metadata(&set.join("meta.jsonl"))?;
        let mut objects = BTreeMap::new();
        for path in files(&folder)? {
            let key = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
            let body = fs::read(&path).map_err(Failure::io(&path))?;
            let headers = headers(metadata.remove(&format!("{name}/{key}")).unwrap_or_default());
            let answer = super::answer("200 OK", "application/json", &headers, &body);
            objects.insert(key, Object { answer, size_bytes: body.len() as u64 });
        }
        Ok(Bucket { name: name.to_owned(), objects })
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

fn metadata(path: &Path) -> Result<HashMap<String, BTreeMap<String, String>>, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::io(path))?;
    let lines = text.lines().map(serde_json::from_str::<Line>).collect::<Result<_, _>>();
    lines.map_err(|error| Failure::Wrong(format!("`{}`: {error}", path.display())))
}

/// What S3 sends with an object that counts for its readers.
fn headers(metadata: BTreeMap<String, String>) -> Vec<(String, String)> {
    let own = [("ETag", "\"00000000000000000000000000000000\""), ("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT")];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(metadata.into_iter().map(|(name, value)| (format!("x-amz-meta-{name}"), value))).collect()
}
