//! Object metadata that was written down beside a copy.
//!
//! S3 keeps a digest's signature in the metadata of its object. A copy on disk has none, so whoever makes one may write it
//! into a file: a line of JSON an object, `["bucket/key", {"signature": "...", "signature-algorithm": "..."}]`. Only what digests
//! have is kept in memory. The file proves nothing by itself: a signature holds under a public key or it does not.

use std::collections::HashMap;
use std::collections::hash_map;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use record::Inflater;
use seal::digest::DIGEST_BYTES_MAX;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Body, Object, Page, Rebuilt, Refusal, Store};

/// Longest line; S3 takes 2 KB of user metadata and keys of 1 KB.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;
/// Most digests whose metadata is kept.
pub const DIGESTS_MAX: usize = 2_000_000;

/// What S3's headers put before the names of user metadata.
const HEADER_PREFIX: &str = "x-amz-meta-";

/// The metadata of the digests that a file names.
#[derive(Debug, Default)]
pub struct Metadata {
    buckets: Vec<String>,
    of: HashMap<Place, Box<RawValue>>,
    lines: u64,
}

/// A bucket (its place in the list) and 128 bits of the SHA-256 of a key.
type Place = (usize, [u8; 16]);

/// Why a file of metadata cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// It cannot be read.
    #[error("`{file}` cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        reason: io::Error,
    },
    /// A line is none of ours.
    #[error("line {line} of `{file}` is no `[\"bucket/key\", {{\"signature\": \"...\"}}]`: {reason}")]
    Line {
        /// The file.
        file: String,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// More than [`DIGESTS_MAX`].
    #[error("`{0}` has the metadata of more than {DIGESTS_MAX} digests; split it, and verify in parts with --since and --until")]
    TooMany(String),
    /// It speaks of several buckets, none of which the store is known to be.
    #[error(
        "the metadata is of several buckets ({buckets}), and `{store}` is not named like any of them; name the folder after its bucket"
    )]
    SeveralBuckets {
        /// What it speaks of.
        buckets: String,
        /// Whose metadata is wanted.
        store: String,
    },
}

impl Metadata {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Metadata, MetadataError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(open) => Metadata::read(BufReader::new(open), &file),
            Err(reason) => Err(MetadataError::Unreadable { file, reason }),
        }
    }

    /// Reads lines; `file` is what messages call them.
    pub fn read(mut lines: impl BufRead, file: &str) -> Result<Metadata, MetadataError> {
        let mut metadata = Metadata::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
            if read.map_err(|reason| MetadataError::Unreadable { file: file.to_owned(), reason })? == 0 {
                return Ok(metadata);
            }
            metadata.lines += 1;
            let line_at = metadata.lines;
            let wrong = |reason| MetadataError::Line { file: file.to_owned(), line: line_at, reason };
            if let Some((bucket, key, values)) = parse(&line).map_err(wrong)? {
                metadata.insert(&bucket, &key, values).map_err(wrong)?;
            }
            if metadata.of.len() > DIGESTS_MAX {
                return Err(MetadataError::TooMany(file.to_owned()));
            }
        }
    }

    /// Digests whose metadata there is.
    pub fn digests(&self) -> usize {
        self.of.len()
    }

    /// Buckets that it speaks of.
    pub fn buckets(&self) -> &[String] {
        &self.buckets
    }

    /// The metadata of an object; empty where there is none.
    pub fn of(&self, bucket: &str, key: &str) -> Vec<(String, String)> {
        let at = self.buckets.iter().position(|have| have == bucket);
        at.map(|at| self.find(at, key)).unwrap_or_default()
    }

    fn insert(&mut self, bucket: &str, key: &str, values: Box<RawValue>) -> Result<(), String> {
        let at = match self.buckets.iter().position(|have| have == bucket) {
            Some(at) => at,
            None => {
                self.buckets.push(bucket.to_owned());
                self.buckets.len() - 1
            }
        };
        match self.of.entry((at, short_hash(key))) {
            hash_map::Entry::Occupied(have) if have.get().get() != values.get() => {
                Err(format!("`{bucket}/{key}` was there before, with other metadata"))
            }
            hash_map::Entry::Occupied(_) => Ok(()),
            hash_map::Entry::Vacant(free) => {
                free.insert(values);
                Ok(())
            }
        }
    }

    /// The bucket whose metadata is a store's: the one of its name, else the only one.
    fn bucket_for(&self, store: &dyn Store) -> Result<Option<usize>, MetadataError> {
        let named = store.bucket().and_then(|bucket| self.buckets.iter().position(|have| have == bucket));
        match self.buckets.len() {
            _ if named.is_some() => Ok(named),
            0 => Ok(None),
            1 => Ok(Some(0)),
            _ => Err(MetadataError::SeveralBuckets { buckets: self.buckets.join(", "), store: store.name().to_owned() }),
        }
    }

    fn find(&self, bucket: usize, key: &str) -> Vec<(String, String)> {
        let values = self.of.get(&(bucket, short_hash(key)));
        values.and_then(|values| pairs(values).ok()).unwrap_or_default()
    }
}

/// A store whose digests have the metadata of a file where they have none of their own.
pub struct Overlay {
    store: Box<dyn Store>,
    metadata: Arc<Metadata>,
    bucket: Option<usize>,
}

impl Overlay {
    /// Lays metadata over a store.
    pub fn new(store: Box<dyn Store>, metadata: Arc<Metadata>) -> Result<Overlay, MetadataError> {
        let bucket = metadata.bucket_for(store.as_ref())?;
        Ok(Overlay { store, metadata, bucket })
    }

    /// What the file says about a digest: by where it stands, else by where it says that it was written to, if that is the same but for the
    /// folder that keys are counted from. A copy may begin at any folder; a digest that was moved has no metadata but its own.
    fn metadata_of(&self, key: &str, body: &Body) -> Vec<(String, String)> {
        let here = self.bucket.map(|bucket| self.metadata.find(bucket, key)).unwrap_or_default();
        if !here.is_empty() {
            return here;
        }
        let written = written_to(body).filter(|(_, written)| is_below(key, written) || is_below(written, key));
        written.map(|(bucket, key)| self.metadata.of(&bucket, &key)).unwrap_or_default()
    }
}

/// Whether one key is the other, counted from a folder that it is in.
fn is_below(part: &str, whole: &str) -> bool {
    whole.strip_suffix(part).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// Bucket and key that a digest says it was written to.
fn written_to(body: &Body) -> Option<(String, String)> {
    let Body::Stored(stored) = body else { return None };
    let content = Inflater::default().content(stored, DIGEST_BYTES_MAX).ok()?;
    let digest = seal::Digest::parse(&content).ok()?;
    Some((digest.digest_s3_bucket, digest.digest_s3_object))
}

impl Store for Overlay {
    fn name(&self) -> &str {
        self.store.name()
    }

    fn bucket(&self) -> Option<&str> {
        self.store.bucket()
    }

    fn root(&self) -> &str {
        self.store.root()
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        self.store.list(prefix, after)
    }

    fn read(&self, key: &str, size_bytes_max: u64) -> Result<Object, Refusal> {
        let mut object = self.store.read(key, size_bytes_max)?;
        if is_digest(key) {
            for (name, value) in self.metadata_of(key, &object.body) {
                if object.meta(&name).is_none() {
                    object.metadata.push((name, value));
                }
            }
        }
        Ok(object)
    }

    fn read_into(&self, key: &str, size_bytes_max: u64, buffer: &mut Vec<u8>) -> Result<Option<Rebuilt>, Refusal> {
        self.store.read_into(key, size_bytes_max, buffer)
    }
}

fn is_digest(key: &str) -> bool {
    layout::digest_name(key).is_some()
}

/// Bucket, key and metadata of a line; `None` where it is empty or about anything but a digest.
fn parse(line: &[u8]) -> Result<Option<(String, String, Box<RawValue>)>, String> {
    if line.len() as u64 > LINE_BYTES_MAX {
        return Err(format!("it is longer than {LINE_BYTES_MAX} bytes"));
    }
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let (place, values): (String, Box<RawValue>) = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let (bucket, key) = place.split_once('/').ok_or_else(|| format!("`{place}` has no key after the bucket"))?;
    if !is_digest(key) {
        return Ok(None);
    }
    pairs(&values)?;
    Ok(Some((bucket.to_owned(), key.to_owned(), values)))
}

/// Names in lower case and without S3's prefix, and their values.
fn pairs(values: &RawValue) -> Result<Vec<(String, String)>, String> {
    let map: HashMap<String, String> = serde_json::from_str(values.get()).map_err(|error| error.to_string())?;
    let plain = |name: &str| {
        let lower = name.to_ascii_lowercase();
        lower.strip_prefix(HEADER_PREFIX).map_or(lower.clone(), str::to_owned)
    };
    Ok(map.into_iter().map(|(name, value)| (plain(&name), value)).collect())
}

fn short_hash(key: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let mut short = [0; 16];
    short.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    short
}

#[cfg(test)]
mod tests {
    use super::super::tests::Kept;
    use super::*;

    const DIGEST: &str =
        "AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/22/1_CloudTrail-Digest_us-east-1_t_us-east-1_20261122T070000Z.json.gz";
    const LOG: &str = "AWSLogs/1/CloudTrail/us-east-1/2026/11/22/1_CloudTrail_us-east-1_20261122T0700Z_a.json.gz";

    fn line(bucket: &str, key: &str, signature: &str) -> String {
        format!("[\"{bucket}/{key}\", {{\"X-Amz-Meta-Signature\": \"{signature}\"}}]\n")
    }

    fn read(text: &str) -> Result<Metadata, MetadataError> {
        Metadata::read(text.as_bytes(), "m.jsonl")
    }

    fn signature(bucket: Option<&'static str>, text: &str) -> Result<Option<String>, MetadataError> {
        let store = Kept::new(bucket, &[(DIGEST, b"d"), (LOG, b"l")]);
        let overlay = Overlay::new(Box::new(store), Arc::new(read(text)?))?;
        assert!(overlay.read(LOG, 9).unwrap().metadata.is_empty(), "only digests have metadata");
        Ok(overlay.read(DIGEST, 9).unwrap().meta("signature").map(str::to_owned))
    }

    #[test]
    fn by_bucket_else_by_key() {
        let (mine, other) = (line("mine", DIGEST, "aa"), line("other", DIGEST, "bb"));
        let both = format!("{mine}\n{other}{}", line("mine", LOG, "cc"));
        assert_eq!(signature(Some("mine"), &both).unwrap().as_deref(), Some("aa"));
        assert_eq!(signature(Some("other"), &both).unwrap().as_deref(), Some("bb"));
        assert_eq!(signature(Some("a-copy"), &mine).unwrap().as_deref(), Some("aa"));
        assert_eq!(signature(None, &other).unwrap().as_deref(), Some("bb"));
        assert_eq!(signature(None, "").unwrap(), None);
        let several = signature(None, &both).unwrap_err().to_string();
        assert!(several.contains("mine, other"), "{several}");
    }

    #[test]
    fn a_copy_may_begin_at_any_folder() {
        let digest = |key: &str| {
            let fields =
                r#""digestStartTime":"a","digestEndTime":"b","digestPublicKeyFingerprint":"c","previousDigestSignature":null"#;
            format!(r#"{{{fields},"digestS3Bucket":"b","digestS3Object":"{key}","logFiles":[]}}"#)
        };
        let whole = format!("our/logs/{DIGEST}");
        let moved = DIGEST.replace("T07", "T08");
        let metadata = Arc::new(read(&(line("b", &whole, "aa") + &line("b", &moved, "bb"))).unwrap());
        for (says, told) in [(&whole, Some("aa")), (&moved, None), (&DIGEST.to_owned(), None)] {
            let store = Kept::new(Some("b"), &[(DIGEST, digest(says).as_bytes())]);
            let overlay = Overlay::new(Box::new(store), Arc::clone(&metadata)).unwrap();
            assert_eq!(overlay.read(DIGEST, 999).unwrap().meta("signature"), told, "{says}");
        }
    }

    #[test]
    fn what_an_object_has_of_its_own_stays() {
        let mut store = Kept::new(None, &[(DIGEST, b"d")]);
        store.metadata = vec![("signature".to_owned(), "own".to_owned())];
        let overlay = Overlay::new(Box::new(store), Arc::new(read(&line("b", DIGEST, "file")).unwrap())).unwrap();
        assert_eq!(overlay.read(DIGEST, 9).unwrap().metadata, [("signature".to_owned(), "own".to_owned())]);
    }

    #[test]
    fn only_what_digests_have_is_kept() {
        let metadata = read(&format!("{}{}", line("b", LOG, "aa"), line("b", DIGEST, "aa"))).unwrap();
        assert_eq!((metadata.digests(), metadata.buckets()), (1, &["b".to_owned()][..]));
        assert_eq!(metadata.of("b", DIGEST), [("signature".to_owned(), "aa".to_owned())]);
        assert!(metadata.of("b", LOG).is_empty() && metadata.of("c", DIGEST).is_empty());
    }

    #[test]
    fn lines_that_are_none() {
        let good = line("b", DIGEST, "aa");
        let long = format!("[\"b/{DIGEST}\", {{\"x\": \"{}\"}}]", "a".repeat(LINE_BYTES_MAX as usize));
        for (text, wanted) in [
            ("{}", "line 1"),
            (&format!("{good}nonsense"), "line 2"),
            (&format!("{good}{}", line("b", DIGEST, "bb")), "other metadata"),
            ("[\"nothing\", {}]", "no key"),
            (&format!("[\"b/{DIGEST}\", {{\"signature\": 1}}]"), "line 1"),
            (&format!("[\"b/{DIGEST}\", \"signature\"]"), "line 1"),
            (&format!("[\"b/{DIGEST}\"]"), "line 1"),
            (&long, "longer than 65536 bytes"),
            ("[[[[", "line 1"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(wanted) && told.contains("m.jsonl"), "{told}");
        }
        read(&format!("{good}{good}\n \n")).unwrap();
        assert!(Metadata::load(Path::new("/nonexistent")).unwrap_err().to_string().contains("/nonexistent"));
    }
}
