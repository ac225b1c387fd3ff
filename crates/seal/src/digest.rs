//! A digest file: the signed list of an hour's log files, and its link to the digest before it.
//!
//! Source: CloudTrail user guide, "CloudTrail digest file structure". Every hash is over *uncompressed* bytes. A digest's own
//! signature cannot stand in it: it is metadata of its S3 object, and stands once more in the digest that follows.

use serde::{Deserialize, Serialize};

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
    #[serde(default)]
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
    #[serde(default)]
    pub digest_signature_algorithm: Option<String>,
    /// Newest event in its log files; `None` when there are none.
    #[serde(default)]
    pub newest_event_time: Option<String>,
    /// Oldest event in its log files.
    #[serde(default)]
    pub oldest_event_time: Option<String>,
    /// Bucket of the digest before it; `None` (like all of `previous_*`) in a starting digest.
    #[serde(rename = "previousDigestS3Bucket", default)]
    pub previous_digest_s3_bucket: Option<String>,
    /// Key of the digest before it.
    #[serde(rename = "previousDigestS3Object", default)]
    pub previous_digest_s3_object: Option<String>,
    /// SHA-256 of the uncompressed digest before it, in hexadecimal.
    #[serde(default)]
    pub previous_digest_hash_value: Option<String>,
    /// [`SHA_256`].
    #[serde(default)]
    pub previous_digest_hash_algorithm: Option<String>,
    /// Signature of the digest before it, in hexadecimal.
    pub previous_digest_signature: Option<String>,
    /// The log files of the hour.
    #[serde(default)]
    pub log_files: Vec<LogFile>,
}

/// A log file as a digest vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFile {
    /// Bucket that it was delivered to.
    #[serde(rename = "s3Bucket")]
    pub s3_bucket: String,
    /// Its key.
    #[serde(rename = "s3Object")]
    pub s3_object: String,
    /// SHA-256 of its uncompressed content, in hexadecimal.
    pub hash_value: String,
    /// [`SHA_256`].
    #[serde(default)]
    pub hash_algorithm: Option<String>,
    /// Newest event in it.
    #[serde(default)]
    pub newest_event_time: Option<String>,
    /// Oldest event in it.
    #[serde(default)]
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
