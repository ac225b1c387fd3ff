//! A digest file: the signed list of an hour's log files, and its link to the digest before it.
//!
//! Source: CloudTrail user guide, "CloudTrail digest file structure". Every hash is over *uncompressed* bytes. A digest's own
//! signature cannot stand in it: it is metadata of its S3 object, and stands once more in the digest that follows.
//!
//! The signature is over bytes, never over what was read from them: [`Digest::string_to_sign`] takes the hash of the file as
//! it was found, and fields that are not known here are left alone.

use serde::{Deserialize, Deserializer, Serialize};

/// Largest digest that is read, uncompressed: about 200,000 log files.
pub const DIGEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Name of the signature algorithm in digests and in their metadata.
pub const SHA256_WITH_RSA: &str = "SHA256withRSA";
/// Name of the hash algorithm in digests.
pub const SHA_256: &str = "SHA-256";

/// A digest, in the words of its JSON. Times are kept as text: the signature is over their exact spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// Account whose deliveries it lists.
    pub aws_account_id: Option<String>,
    /// Begin of the hour, by time of *delivery*.
    pub digest_start_time: String,
    /// End of the hour.
    pub digest_end_time: String,
    /// Bucket that it was written to.
    pub digest_s3_bucket: String,
    /// Key that it was written to.
    pub digest_s3_object: String,
    /// Name of the key that signed it (32 hexadecimal digits, opaque).
    pub digest_public_key_fingerprint: String,
    /// [`SHA256_WITH_RSA`].
    pub digest_signature_algorithm: Option<String>,
    /// Newest event in its log files; `None` when there are none.
    pub newest_event_time: Option<String>,
    /// Oldest event in its log files.
    pub oldest_event_time: Option<String>,
    /// Bucket of the digest before it; `None` (like all of `previous_*`) in a starting digest.
    pub previous_digest_s3_bucket: Option<String>,
    /// Key of the digest before it.
    pub previous_digest_s3_object: Option<String>,
    /// SHA-256 of the uncompressed digest before it, in hexadecimal.
    pub previous_digest_hash_value: Option<String>,
    /// [`SHA_256`].
    pub previous_digest_hash_algorithm: Option<String>,
    /// Signature of the digest before it, in hexadecimal; may be null, but must be there.
    #[serde(deserialize_with = "present")]
    pub previous_digest_signature: Option<String>,
    /// The log files of the hour; none in an empty digest, but a digest without the list is none.
    pub log_files: Vec<LogFile>,
}

/// A log file as a digest vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    /// Bucket that it was delivered to.
    pub s3_bucket: String,
    /// Its key.
    pub s3_object: String,
    /// SHA-256 of its uncompressed content, in hexadecimal.
    pub hash_value: String,
    /// [`SHA_256`].
    pub hash_algorithm: Option<String>,
    /// Newest event in it.
    pub newest_event_time: Option<String>,
    /// Oldest event in it.
    pub oldest_event_time: Option<String>,
}

/// The link to the digest before, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Key.
    pub object: &'a str,
    /// SHA-256 of its uncompressed bytes, in hexadecimal.
    pub hash: &'a str,
    /// Its signature, in hexadecimal.
    pub signature: &'a str,
}

/// Why bytes are no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Larger than [`DIGEST_BYTES_MAX`].
    #[error("the digest holds more than {DIGEST_BYTES_MAX} bytes")]
    TooLarge,
    /// No JSON, or a field is missing or of another type.
    #[error("the digest is not in CloudTrail's format: {0}")]
    Format(String),
}

impl Digest {
    /// Reads an uncompressed digest.
    pub fn parse(content: &[u8]) -> Result<Digest, DigestError> {
        if content.len() as u64 > DIGEST_BYTES_MAX {
            return Err(DigestError::TooLarge);
        }
        serde_json::from_slice(content).map_err(|error| DigestError::Format(error.to_string()))
    }

    /// The link to the digest before, if it is complete; a starting digest has none.
    pub fn previous(&self) -> Option<Previous<'_>> {
        Some(Previous {
            bucket: self.previous_digest_s3_bucket.as_deref()?,
            object: self.previous_digest_s3_object.as_deref()?,
            hash: self.previous_digest_hash_value.as_deref()?,
            signature: self.previous_digest_signature.as_deref()?,
        })
    }

    /// Whether nothing in it points to a digest before: the first of a chain.
    pub fn is_start(&self) -> bool {
        self.previous_digest_s3_bucket.is_none()
            && self.previous_digest_s3_object.is_none()
            && self.previous_digest_hash_value.is_none()
            && self.previous_digest_signature.is_none()
    }

    /// What this digest's signature is over, given the SHA-256 of its uncompressed bytes.
    pub fn string_to_sign(&self, content_sha256: &[u8; 32]) -> String {
        string_to_sign(
            &self.digest_end_time,
            &self.digest_s3_bucket,
            &self.digest_s3_object,
            content_sha256,
            self.previous_digest_signature.as_deref(),
        )
    }
}

/// A field that may be null, but not missing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// Four lines, without a line feed at the end: end time, bucket/key, SHA-256 of the uncompressed digest, and the signature
/// of the digest before (`null` in a starting digest).
pub fn string_to_sign(
    end_time: &str,
    bucket: &str,
    object: &str,
    content_sha256: &[u8; 32],
    previous_signature: Option<&str>,
) -> String {
    let hash = hex::encode(content_sha256);
    format!("{end_time}\n{bucket}/{object}\n{hash}\n{}", previous_signature.unwrap_or("null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKED: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-11-22T06:00:00Z","digestEndTime":"2026-11-22T07:00:00Z","digestS3Bucket":"logs","digestS3Object":"AWSLogs/d2.json.gz","digestPublicKeyFingerprint":"31e8b5433410dfb61a9dc45cc65b22ff","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":"2026-11-22T06:50:00Z","oldestEventTime":"2026-11-22T05:58:00Z","previousDigestS3Bucket":"logs","previousDigestS3Object":"AWSLogs/d1.json.gz","previousDigestHashValue":"97fb791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"50887ccf","logFiles":[{"s3Bucket":"logs","s3Object":"AWSLogs/l.json.gz","hashValue":"9bb6196fc6b84d6f075a56548feca262bd99ba3c2de41b618e5b6e22c1fc71f6","hashAlgorithm":"SHA-256","newestEventTime":"2026-11-22T06:50:00Z","oldestEventTime":"2026-11-22T05:58:00Z"}]}"#;

    const STARTING: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-11-22T05:00:00Z","digestEndTime":"2026-11-22T06:00:00Z","digestS3Bucket":"logs","digestS3Object":"AWSLogs/d1.json.gz","digestPublicKeyFingerprint":"31e8b5433410dfb61a9dc45cc65b22ff","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":[]}"#;

    fn parse(text: &str) -> Result<Digest, DigestError> {
        Digest::parse(text.as_bytes())
    }

    fn written(digest: &Digest) -> String {
        serde_json::to_string(digest).unwrap()
    }

    #[test]
    fn a_linked_and_a_starting_digest_are_written_as_they_were_read() {
        for text in [LINKED, STARTING] {
            assert_eq!(written(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn links_are_whole_or_absent() {
        let linked = parse(LINKED).unwrap();
        let previous = linked.previous().unwrap();
        assert_eq!((previous.bucket, previous.object, previous.signature), ("logs", "AWSLogs/d1.json.gz", "50887ccf"));
        assert!(!linked.is_start());
        let starting = parse(STARTING).unwrap();
        assert!(starting.is_start() && starting.previous().is_none());
        let half = parse(&LINKED.replace("\"50887ccf\"", "null")).unwrap();
        assert!(!half.is_start() && half.previous().is_none(), "half a link is neither a link nor a start");
    }

    #[test]
    fn fields_that_are_not_known_do_no_harm() {
        let grown = LINKED.replace("{\"awsAccountId\"", "{\"digestVersion\":{\"major\":[2,{}]},\"awsAccountId\"");
        let grown = grown.replace("\"hashAlgorithm\"", "\"s3Version\":null,\"hashAlgorithm\"");
        assert_eq!(parse(&grown), parse(LINKED));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&LINKED.replace("{\"aws", &format!("{{\"x\":{deep},\"aws"))), parse(LINKED), "no recursion");
    }

    #[test]
    fn what_a_verifier_cannot_do_without_must_be_there() {
        let needed = [
            "digestStartTime",
            "digestEndTime",
            "digestS3Bucket",
            "digestS3Object",
            "digestPublicKeyFingerprint",
            "previousDigestSignature",
            "logFiles",
            "s3Object",
            "hashValue",
        ];
        for field in needed {
            let without = LINKED.replace(&format!("\"{field}\":"), &format!("\"not{field}\":"));
            assert!(matches!(parse(&without), Err(DigestError::Format(reason)) if reason.contains(field)), "{field}");
        }
        for spare in ["awsAccountId", "digestSignatureAlgorithm", "newestEventTime", "hashAlgorithm", "previousDigestHashValue"] {
            let without = LINKED.replace(&format!("\"{spare}\":"), &format!("\"not{spare}\":"));
            assert!(parse(&without).is_ok(), "{spare}");
        }
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let twice = LINKED.replace("{\"aws", "{\"digestS3Bucket\":\"other\",\"aws");
        for text in
            ["", "null", "[]", "{}", &LINKED[1..], &format!("{LINKED}x"), &twice, &LINKED.replace("[{", "{").replace("}]", "}")]
        {
            assert!(matches!(parse(text), Err(DigestError::Format(_))), "{text}");
        }
        let large = vec![b' '; DIGEST_BYTES_MAX as usize + 1];
        assert_eq!(Digest::parse(&large), Err(DigestError::TooLarge));
    }

    #[test]
    fn the_string_to_sign() {
        let hash = crate::sha256(b"");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            parse(LINKED).unwrap().string_to_sign(&hash),
            format!("2026-11-22T07:00:00Z\nlogs/AWSLogs/d2.json.gz\n{empty}\n50887ccf")
        );
        assert_eq!(
            parse(STARTING).unwrap().string_to_sign(&hash),
            format!("2026-11-22T06:00:00Z\nlogs/AWSLogs/d1.json.gz\n{empty}\nnull")
        );
    }
}
