//! Making digests as CloudTrail makes them: the file, its signature, and the metadata that its object carries.
//!
//! Equal input gives equal bytes. Where the object stands is the caller's choice; the crate `layout` knows AWS's names.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::digest::{Digest, LogFile, Previous, SHA_256, SHA256_WITH_RSA};
use crate::signing::{RsaError, RsaKey};

/// Metadata of a digest's object: the signature, in hexadecimal.
pub const SIGNATURE: &str = "signature";
/// Metadata of a digest's object: [`SHA256_WITH_RSA`].
pub const SIGNATURE_ALGORITHM: &str = "signature-algorithm";
/// Metadata of a backfill digest's object: when it was made.
pub const BACKFILL_GENERATION_TIMESTAMP: &str = "backfill-generation-timestamp";

/// What a digest is to say.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Account whose deliveries it lists.
    pub account: &'a str,
    /// Begin of the hour, by time of delivery.
    pub start: DateTime<Utc>,
    /// End of the hour.
    pub end: DateTime<Utc>,
    /// Bucket that it goes to.
    pub bucket: &'a str,
    /// Key that it goes to.
    pub object: &'a str,
    /// The log files that were delivered in the hour.
    pub log_files: Vec<LogFile>,
    /// The digest before it; `None` begins a chain.
    pub previous: Option<&'a Link>,
    /// For a backfill digest: when it is made.
    pub backfilled: Option<DateTime<Utc>>,
}

/// What a digest tells about the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub object: String,
    /// SHA-256 of its uncompressed bytes, in hexadecimal.
    pub hash: String,
    /// Its signature, in hexadecimal.
    pub signature: String,
}

/// A digest, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDigest {
    /// The file, uncompressed.
    pub content: Vec<u8>,
    /// Metadata of its object, without the `x-amz-meta-` of the wire.
    pub metadata: Vec<(&'static str, String)>,
    /// What the next digest says about it; its signature stands here.
    pub link: Link,
}

impl Link {
    /// The link to a digest of which the uncompressed bytes and the signature are at hand.
    pub fn to(bucket: &str, object: &str, content: &[u8], signature: &str) -> Link {
        let hash = hex::encode(crate::sha256(content));
        Link { bucket: bucket.to_owned(), object: object.to_owned(), hash, signature: signature.to_owned() }
    }

    /// The same, as it is read from a digest.
    pub fn as_previous(&self) -> Previous<'_> {
        Previous { bucket: &self.bucket, object: &self.object, hash: &self.hash, signature: &self.signature }
    }
}

impl LogFile {
    /// An entry for a log file, by its uncompressed bytes' SHA-256 and the times of its oldest and newest event.
    pub fn new(bucket: &str, object: &str, content_sha256: &[u8; 32], oldest: DateTime<Utc>, newest: DateTime<Utc>) -> LogFile {
        LogFile {
            s3_bucket: bucket.to_owned(),
            s3_object: object.to_owned(),
            hash_value: hex::encode(content_sha256),
            hash_algorithm: Some(SHA_256.to_owned()),
            newest_event_time: Some(time(newest)),
            oldest_event_time: Some(time(oldest)),
        }
    }
}

impl Draft<'_> {
    /// Writes the digest and signs it.
    pub fn sign(self, key: &RsaKey) -> Result<SignedDigest, RsaError> {
        let (bucket, object, backfilled) = (self.bucket, self.object, self.backfilled);
        let digest = self.digest(key.fingerprint());
        let content = serde_json::to_vec(&digest).map_err(|_| RsaError("used: there is no digest to sign"))?;
        let to_sign = digest.string_to_sign(&crate::sha256(&content));
        let signature = hex::encode(key.sign(to_sign.as_bytes())?);
        let link = Link::to(bucket, object, &content, &signature);
        Ok(SignedDigest { content, metadata: metadata(signature, backfilled), link })
    }

    fn digest(self, fingerprint: String) -> Digest {
        let newest = self.log_files.iter().filter_map(|file| file.newest_event_time.clone()).max();
        let oldest = self.log_files.iter().filter_map(|file| file.oldest_event_time.clone()).min();
        let previous = |field: fn(&Link) -> &String| self.previous.map(|link| field(link).clone());
        Digest {
            aws_account_id: Some(self.account.to_owned()),
            digest_start_time: time(self.start),
            digest_end_time: time(self.end),
            digest_s3_bucket: self.bucket.to_owned(),
            digest_s3_object: self.object.to_owned(),
            digest_public_key_fingerprint: fingerprint,
            digest_signature_algorithm: Some(SHA256_WITH_RSA.to_owned()),
            newest_event_time: newest,
            oldest_event_time: oldest,
            previous_digest_s3_bucket: previous(|link| &link.bucket),
            previous_digest_s3_object: previous(|link| &link.object),
            previous_digest_hash_value: previous(|link| &link.hash),
            previous_digest_hash_algorithm: self.previous.map(|_| SHA_256.to_owned()),
            previous_digest_signature: previous(|link| &link.signature),
            log_files: self.log_files,
        }
    }
}

fn metadata(signature: String, backfilled: Option<DateTime<Utc>>) -> Vec<(&'static str, String)> {
    let mut metadata = vec![(SIGNATURE, signature), (SIGNATURE_ALGORITHM, SHA256_WITH_RSA.to_owned())];
    let made = backfilled.map(|made| made.to_rfc3339_opts(SecondsFormat::Millis, true));
    metadata.extend(made.map(|made| (BACKFILL_GENERATION_TIMESTAMP, made)));
    metadata
}

/// `2026-11-22T07:00:00Z`; texts of this form stand in the order of their times.
fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(number: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 / 3_600 * 3_600 + i64::from(number) * 3_600, 0).unwrap()
    }

    fn draft<'a>(object: &'a str, number: u32, log_files: Vec<LogFile>, previous: Option<&'a Link>) -> Draft<'a> {
        let (start, end) = (hour(number), hour(number + 1));
        Draft { account: "111122223333", start, end, bucket: "logs", object, log_files, previous, backfilled: None }
    }

    fn verifies(key: &RsaKey, signed: &SignedDigest) -> bool {
        let to_sign = Digest::parse(&signed.content).unwrap().string_to_sign(&crate::sha256(&signed.content));
        key.public().unwrap().verify(to_sign.as_bytes(), &hex::decode(&signed.link.signature).unwrap())
    }

    #[test]
    fn a_chain_of_a_starting_an_empty_and_a_full_digest() {
        let key = RsaKey::generate().unwrap();
        let log = |object, minutes| {
            let at = hour(2) + chrono::TimeDelta::minutes(minutes);
            LogFile::new("logs", object, &crate::sha256(object.as_bytes()), at - chrono::TimeDelta::minutes(9), at)
        };
        let first = draft("d1", 0, vec![], None).sign(&key).unwrap();
        let second = draft("d2", 1, vec![], Some(&first.link)).sign(&key).unwrap();
        let third = draft("d3", 2, vec![log("b", 30), log("a", 5)], Some(&second.link)).sign(&key).unwrap();
        assert!([&first, &second, &third].into_iter().all(|signed| verifies(&key, signed)));

        let read = |signed: &SignedDigest| Digest::parse(&signed.content).unwrap();
        assert!(read(&first).is_start() && read(&first).newest_event_time.is_none());
        assert_eq!(read(&second).previous(), Some(first.link.as_previous()));
        let full = read(&third);
        assert_eq!(full.previous(), Some(Link::to("logs", "d2", &second.content, &second.metadata[0].1).as_previous()));
        assert_eq!(full.newest_event_time.unwrap(), time(hour(2) + chrono::TimeDelta::minutes(30)));
        assert_eq!(full.oldest_event_time.unwrap(), time(hour(2) - chrono::TimeDelta::minutes(4)));
        assert_eq!(full.digest_public_key_fingerprint, key.fingerprint());
        assert_eq!(third.metadata, [(SIGNATURE, third.link.signature.clone()), (SIGNATURE_ALGORITHM, "SHA256withRSA".to_owned())]);
    }

    #[test]
    fn equal_input_gives_equal_bytes() {
        let key = RsaKey::generate().unwrap();
        assert_eq!(draft("d", 0, vec![], None).sign(&key), draft("d", 0, vec![], None).sign(&key));
    }

    #[test]
    fn a_backfill_digest_says_when_it_was_made() {
        let key = RsaKey::generate().unwrap();
        let backfill = Draft { backfilled: Some(hour(50)), ..draft("d_backfill.json.gz", 0, vec![], None) };
        let signed = backfill.sign(&key).unwrap();
        assert!(verifies(&key, &signed));
        assert_eq!(signed.metadata[2], (BACKFILL_GENERATION_TIMESTAMP, "2026-11-20T13:00:00.000Z".to_owned()));
        assert_eq!(signed.content, draft("d_backfill.json.gz", 0, vec![], None).sign(&key).unwrap().content);
    }
}
