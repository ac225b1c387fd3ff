//! `collect --metadata FILE`: which of its lines is about an object that is being collected.
//!
//! The lines name bucket and key. A copy stands in a folder of any name, or with the bucket's name somewhere in its path: the latter
//! decides; without it the only bucket of the file is meant. A wrong guess does no harm, since a signature then does not hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use collect::beside::Beside;
use prove::store::{Metadata, MetadataError};

use crate::exit::Failure;

/// The lines of a file.
pub struct Noted {
    metadata: Metadata,
    found: AtomicU64,
}

impl Noted {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Arc<Noted>, Failure> {
        let hint = "each line is [\"bucket/key\", {\"signature\": \"...\", \"signature-algorithm\": \"SHA256withRSA\"}]";
        let metadata = Metadata::load(file).map_err(|error| match error {
            MetadataError::Unreadable { file, reason } => Failure::reading(file)(reason),
            other => Failure::usage(other.to_string(), hint),
        })?;
        Ok(Arc::new(Noted { metadata, found: AtomicU64::new(0) }))
    }

    /// Why it was of no use, if it was.
    pub fn unused(&self) -> Option<String> {
        let buckets = self.metadata.buckets().join(", ");
        (self.found.load(Ordering::Relaxed) == 0)
            .then(|| format!("no line of --metadata was about anything that was listed; it speaks of the buckets: {buckets}"))
    }

    fn look_up(&self, origin: &str, key: &str) -> Vec<(String, String)> {
        let (whole, buckets) = (format!("{origin}/{key}"), self.metadata.buckets());
        let named = buckets.iter().filter_map(|bucket| Some((bucket, whole.rsplit_once(&format!("/{bucket}/"))?.1)));
        let only = buckets.first().filter(|_| buckets.len() == 1);
        let tails = key.match_indices('/').filter_map(|(slash, _)| key.get(slash + 1..));
        let guessed = std::iter::once(key).chain(tails).filter_map(|tail| Some((only?, tail)));
        let all = named.chain(guessed).map(|(bucket, key)| self.metadata.of(bucket, key));
        all.into_iter().find(|metadata| !metadata.is_empty()).unwrap_or_default()
    }
}

impl Beside for Noted {
    fn metadata(&self, origin: &str, key: &str) -> Vec<(String, String)> {
        if layout::digest_name(key).is_none() {
            return Vec::new();
        }
        let metadata = self.look_up(origin, key);
        self.found.fetch_add(u64::from(!metadata.is_empty()), Ordering::Relaxed);
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/22/1_CloudTrail-Digest_us-east-1_t_us-east-1_20261122T070000Z.json.gz";

    fn found(buckets: &[&str], origin: &str, key: &str) -> Option<String> {
        let line = |bucket: &&str| format!("[\"{bucket}/{KEY}\", {{\"signature\": \"of {bucket}\"}}]\n");
        let lines: String = buckets.iter().map(line).collect();
        let metadata = Metadata::read(lines.as_bytes(), "m.jsonl").unwrap();
        let noted = Noted { metadata, found: AtomicU64::new(0) };
        let metadata = noted.metadata(origin, key);
        assert_eq!(noted.unused().is_some(), metadata.is_empty());
        metadata.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn by_the_buckets_name_else_the_only_one() {
        let (copy, below) = (format!("a/{KEY}"), format!("exports/b/{KEY}"));
        let cases: [(&[&str], &str, &str, Option<&str>); 8] = [
            (&["a"], "s3://a", KEY, Some("of a")),
            (&["a", "b"], "s3://b", KEY, Some("of b")),
            (&["a", "b"], "file:///copies/a", KEY, Some("of a")),
            (&["a", "b"], "file:///x.zip", &below, Some("of b")),
            (&["a"], "file:///elsewhere", KEY, Some("of a")),
            (&["b"], "stdin:", &copy, Some("of b")),
            (&["a", "b"], "file:///elsewhere", KEY, None),
            (&["a"], "s3://a", "AWSLogs/1/CloudTrail/us-east-1/2026/11/22/x.json.gz", None),
        ];
        for (buckets, origin, key, expected) in cases {
            assert_eq!(found(buckets, origin, key).as_deref(), expected, "{buckets:?} {origin} {key}");
        }
    }
}
