//! Digests read in one pass: their log files are handed on one by one and never held together.
//!
//! A digest of a busy hour names tens of thousands of files. Small ones are inflated in one go; large ones by and by, so that
//! memory does not grow with them.

use std::fmt;
use std::io::{self, BufReader, Read};

use record::inflate::{Member, is_gzip};
use record::{InflateError, Inflater};
use seal::LogFile;
use seal::digest::{DIGEST_BYTES_MAX, Digest};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// Largest digest, uncompressed, that is inflated in one go.
const WHOLE_BYTES_MAX: u64 = 1 << 20;
const READ_AHEAD_BYTES: usize = 64 << 10;

/// Every field of a digest but its log files.
const FIELDS: [&str; 14] = [
    "awsAccountId",
    "digestStartTime",
    "digestEndTime",
    "digestS3Bucket",
    "digestS3Object",
    "digestPublicKeyFingerprint",
    "digestSignatureAlgorithm",
    "newestEventTime",
    "oldestEventTime",
    "previousDigestS3Bucket",
    "previousDigestS3Object",
    "previousDigestHashValue",
    "previousDigestHashAlgorithm",
    "previousDigestSignature",
];
const LOG_FILES: &str = "logFiles";

/// A digest without its log files, and the hash of all of it.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) digest: Digest,
    pub(super) sha256: [u8; 32],
    pub(super) content_bytes: u64,
}

/// Buffers for digests.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) content: Vec<u8>,
    pub(super) inflater: Inflater,
}

/// Reads a digest as it is stored; `each` gets its log files. An error says in plain words what is wrong with it.
pub(super) fn parse(stored: &[u8], buffers: &mut Buffers, each: &mut dyn FnMut(LogFile)) -> Result<Parsed, String> {
    if !is_gzip(stored) {
        return whole(stored, each);
    }
    match buffers.inflater.member(stored, WHOLE_BYTES_MAX, &mut buffers.content) {
        Ok(content) => whole(content, each),
        Err(InflateError::TooLarge(_)) => by_and_by(stored, each),
        Err(error) => Err(error.to_string()),
    }
}

fn whole(content: &[u8], each: &mut dyn FnMut(LogFile)) -> Result<Parsed, String> {
    if content.len() as u64 > DIGEST_BYTES_MAX {
        return Err(too_large());
    }
    let mut json = serde_json::Deserializer::from_slice(content);
    let digest = DigestSeed { each }.deserialize(&mut json).and_then(|digest| json.end().map(|()| digest)).map_err(no_digest)?;
    Ok(Parsed { digest, sha256: seal::sha256(content), content_bytes: content.len() as u64 })
}

fn by_and_by(stored: &[u8], each: &mut dyn FnMut(LogFile)) -> Result<Parsed, String> {
    let mut hashing = Hashing { member: Member::new(stored), hash: Sha256::new(), bytes: 0 };
    let mut ahead = BufReader::with_capacity(READ_AHEAD_BYTES, &mut hashing);
    let mut json = serde_json::Deserializer::from_reader(&mut ahead);
    let digest = DigestSeed { each }.deserialize(&mut json).and_then(|digest| json.end().map(|()| digest)).map_err(no_digest)?;
    drop(json);
    drop(ahead);
    if hashing.bytes > DIGEST_BYTES_MAX {
        return Err(too_large());
    }
    match hashing.member.trailing() {
        0 => Ok(Parsed { digest, sha256: hashing.hash.finalize().into(), content_bytes: hashing.bytes }),
        more => Err(InflateError::Trailing(more).to_string()),
    }
}

fn too_large() -> String {
    format!("the digest holds more than {DIGEST_BYTES_MAX} bytes")
}

fn no_digest(error: serde_json::Error) -> String {
    if error.is_io() {
        return InflateError::Damaged.to_string();
    }
    format!("it is not in CloudTrail's format: {error}")
}

/// Hashes what is read, up to the limit.
struct Hashing<'a> {
    member: Member<'a>,
    hash: Sha256,
    bytes: u64,
}

impl Read for Hashing<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.bytes > DIGEST_BYTES_MAX {
            return Ok(0);
        }
        let count = self.member.read(to)?;
        self.hash.update(to.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Reads an object whose fields are those of a digest.
struct DigestSeed<'a> {
    each: &'a mut dyn FnMut(LogFile),
}

impl<'de> DeserializeSeed<'de> for DigestSeed<'_> {
    type Value = Digest;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Digest, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DigestSeed<'_> {
    type Value = Digest;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a digest")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Digest, M::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let is_log_files = name == LOG_FILES;
            if !is_log_files && !FIELDS.contains(&name.as_str()) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            // Of two fields of one name, one reader takes the first and another the last.
            if fields.contains_key(&name) {
                return Err(M::Error::custom(format!("duplicate field `{name}`")));
            }
            let value = if is_log_files {
                map.next_value_seed(FilesSeed { each: &mut *self.each })?;
                Value::Array(Vec::new())
            } else {
                map.next_value::<Option<String>>()?.map_or(Value::Null, Value::String)
            };
            fields.insert(name, value);
        }
        Digest::deserialize(Value::Object(fields)).map_err(M::Error::custom)
    }
}

/// Reads the list of log files.
struct FilesSeed<'a> {
    each: &'a mut dyn FnMut(LogFile),
}

impl<'de> DeserializeSeed<'de> for FilesSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FilesSeed<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a list of log files")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        while let Some(file) = list.next_element::<LogFile>()? {
            (self.each)(file);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut stored = vec![0; compressor.gzip_compress_bound(content.len())];
        let length = compressor.gzip_compress(content, &mut stored).unwrap();
        stored.truncate(length);
        stored
    }

    fn digest(files: usize) -> Vec<u8> {
        let file = |n: usize| format!(r#"{{"s3Bucket":"b","s3Object":"k{n}","hashValue":"00","hashAlgorithm":"SHA-256"}}"#);
        let files: Vec<String> = (0..files).map(file).collect();
        let text = format!(
            r#"{{"digestStartTime":"a","logFiles":[{}],"new":{{"x":[1]}},"digestEndTime":"b","digestS3Bucket":"c","digestS3Object":"d","digestPublicKeyFingerprint":"e","previousDigestSignature":null}}"#,
            files.join(",")
        );
        text.into_bytes()
    }

    fn read(stored: &[u8]) -> Result<(Parsed, usize), String> {
        let mut count = 0;
        let parsed = parse(stored, &mut Buffers::default(), &mut |file| {
            assert_eq!(file.s3_object, format!("k{count}"));
            count += 1;
        })?;
        Ok((parsed, count))
    }

    #[test]
    fn small_and_large_digests_are_read_alike() {
        for files in [0, 1, 100, 30_000] {
            let content = digest(files);
            for stored in [content.clone(), gzip(&content)] {
                let (parsed, count) = read(&stored).unwrap();
                assert_eq!((parsed.sha256, parsed.content_bytes, count), (seal::sha256(&content), content.len() as u64, files));
                let mut plain = Digest::parse(&content).unwrap();
                plain.log_files.clear();
                assert_eq!(parsed.digest, plain);
            }
        }
    }

    #[test]
    fn what_is_no_digest() {
        let good = String::from_utf8(digest(2)).unwrap();
        let large = digest(30_000);
        let cut = gzip(&large);
        let cases: Vec<Vec<u8>> = vec![
            Vec::new(),
            b"[]".to_vec(),
            good.replace(r#""digestEndTime":"b","#, "").into_bytes(),
            good.replace(r#","previousDigestSignature":null"#, "").into_bytes(),
            good.replace("null", "7").into_bytes(),
            good.replace(r#""digestStartTime":"a","#, r#""digestStartTime":"a","digestStartTime":"a","#).into_bytes(),
            good.replace("hashValue", "hash").into_bytes(),
            format!("{good} {{}}").into_bytes(),
            format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(),
            good.replace("[1]", &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))).replace(r#""d""#, "7").into_bytes(),
            [gzip(good.as_bytes()).as_slice(), b"x"].concat(),
            [cut.as_slice(), b"x"].concat(),
            cut[..cut.len() - 9].to_vec(),
            gzip(&vec![b' '; DIGEST_BYTES_MAX as usize + 10]),
        ];
        for (at, stored) in cases.iter().enumerate() {
            assert!(read(stored).is_err(), "case {at}");
        }
    }
}
