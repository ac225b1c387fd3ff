//! One digest: read, taken apart and checked, in the AWS CLI's order. The first thing that is wrong with it is what its line says.

use chrono::TimeDelta;
use seal::digest::DIGEST_BYTES_MAX;
use seal::produce::{BACKFILL_GENERATION_TIMESTAMP, SIGNATURE, SIGNATURE_ALGORITHM};
use seal::{PublicKey, PublicKeys};

use super::ahead::Ahead;
use super::buckets::{bucket_name, object_key, unhashable};
use super::gunzip;
use super::listing::BACKFILL;
use super::python::dates::{self, Stamp};
use super::python::json::{self, JsonError};
use super::python::value::Value;
use super::trouble::Trouble;
use super::wanted::{Wanted, unparsed};
use crate::store::{Body, Object};
use crate::strict::KeySource;

/// How long after the end of the range keys are asked for.
const KEYS_AFTER: TimeDelta = TimeDelta::hours(2);
/// How long before and after a backfill digest was made keys are asked for.
const KEYS_AROUND: TimeDelta = TimeDelta::hours(1);

/// Without these, a digest is none.
const REQUIRED: [&str; 6] = [
    "digestPublicKeyFingerprint",
    "digestS3Bucket",
    "digestS3Object",
    "previousDigestSignature",
    "digestEndTime",
    "digestStartTime",
];

const FORMAT: &str = "invalid format";
const SIGNATURE_FAILED: &str = "signature verification failed";

/// Which of the two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Digests of the hour that they cover.
    Standard,
    /// Digests that were made later.
    Backfill,
}

/// A digest that is valid.
#[derive(Clone, Debug)]
pub struct ValidDigest {
    /// Begin of the hour.
    pub start: Stamp,
    /// End of the hour.
    pub end: Stamp,
    /// All of it.
    pub document: Value,
}

/// Checks digests.
pub struct Digests<'a> {
    wanted: &'a Wanted,
    region: &'a str,
    source: &'a dyn KeySource,
    standard: PublicKeys,
    /// Loaded when a backfill digest needs a key that is not there.
    backfill: PublicKeys,
}

impl<'a> Digests<'a> {
    /// Asks for the keys of the range.
    pub fn new(wanted: &'a Wanted, region: &'a str, source: &'a dyn KeySource) -> Result<Digests<'a>, Trouble> {
        let standard = keys(source, region, wanted.start, wanted.end.plus(KEYS_AFTER))?;
        Ok(Digests { wanted, region, source, standard, backfill: PublicKeys::default() })
    }

    /// Reads and checks a digest.
    pub fn load(&mut self, chain: Chain, bucket: &Value, key: &Value, ahead: &mut Ahead<'_, '_>) -> Result<ValidDigest, Trouble> {
        let object = read(bucket_name(bucket)?, object_key(key)?, ahead)?;
        let content = content(&object)?;
        let document = document(&content, &object)?;
        // It is the name that says when a digest was made, in whichever chain it stands.
        let made = key.as_str().filter(|key| key.ends_with(BACKFILL)).map(|_| object.meta(BACKFILL_GENERATION_TIMESTAMP));
        if made == Some(None) {
            return Err(invalid(FORMAT));
        }
        if REQUIRED.iter().any(|name| document.get(name).is_none()) {
            return Err(invalid(FORMAT));
        }
        if document.get("digestS3Bucket") != Some(bucket) || document.get("digestS3Object") != Some(key) {
            return Err(invalid("has been moved from its original location"));
        }
        let public_key = self.public_key(chain, &document, made.flatten())?;
        verify(&public_key, &document, &content, &object)?;
        let end = date(&document, "digestEndTime")?;
        let start = date(&document, "digestStartTime")?;
        Ok(ValidDigest { start, end, document })
    }

    fn public_key(&mut self, chain: Chain, document: &Value, made: Option<&str>) -> Result<PublicKey, Trouble> {
        let fingerprint = document.get("digestPublicKeyFingerprint").unwrap_or(&Value::None);
        if matches!(fingerprint, Value::List(_) | Value::Dict(_)) {
            return Err(Trouble::Invalid(unhashable(fingerprint)));
        }
        let name = fingerprint.to_text();
        // Keys are named by texts: nothing else equals one.
        let wanted = fingerprint.as_str();
        let is_loaded = |wanted| self.backfill.find(wanted, self.region).next().is_some();
        if chain == Chain::Backfill && !wanted.is_some_and(is_loaded) {
            self.load_backfill_keys(made)?;
        }
        let keys = if chain == Chain::Backfill { &self.backfill } else { &self.standard };
        let Some(key) = wanted.and_then(|wanted| keys.find(wanted, self.region).last()) else {
            let home = &self.wanted.arn.home;
            return Err(Trouble::Invalid(format!("public key not found in region {home} for fingerprint {name}")));
        };
        key.key.clone().map_err(|_| Trouble::Invalid(format!("Unable to load PKCS #1 key with fingerprint {name}")))
    }

    fn load_backfill_keys(&mut self, made: Option<&str>) -> Result<(), Trouble> {
        let made = made.ok_or_else(|| invalid("'_backfill_generation_timestamp'"))?;
        let made = dates::parse(made).ok_or_else(|| Trouble::Invalid(unparsed(made)))?;
        let found = keys(self.source, self.region, made.plus(-KEYS_AROUND), made.plus(KEYS_AROUND));
        self.backfill.extend(found.map_err(|trouble| match trouble {
            // Here it is only this digest's trouble that there are none.
            Trouble::NotFound => Trouble::Invalid(no_keys(made.plus(-KEYS_AROUND), made.plus(KEYS_AROUND))),
            other => other,
        })?);
        Ok(())
    }

    /// What is said where there are no keys for the range.
    pub fn no_keys(wanted: &Wanted) -> String {
        no_keys(wanted.start, wanted.end.plus(KEYS_AFTER))
    }
}

fn invalid(text: &str) -> Trouble {
    Trouble::Invalid(text.to_owned())
}

fn no_keys(from: Stamp, to: Stamp) -> String {
    format!("No public keys found between {} and {}", from.text(), to.text())
}

/// Keys of a range; not found where there are none.
fn keys(source: &dyn KeySource, region: &str, from: Stamp, to: Stamp) -> Result<PublicKeys, Trouble> {
    let found = source.keys(region, from.moment(), to.moment()).map_err(Trouble::End)?;
    if found.keys.is_empty() { Err(Trouble::NotFound) } else { Ok(found.keys) }
}

fn read(bucket: &str, key: &str, ahead: &mut Ahead<'_, '_>) -> Result<Object, Trouble> {
    let place = || format!("s3://{bucket}/{key}");
    ahead.digest(bucket, key).map_err(|refusal| Trouble::of_refusal(&refusal, "GetObject", &place()))
}

fn content(object: &Object) -> Result<Vec<u8>, Trouble> {
    let Body::Stored(stored) = &object.body else { return Err(invalid(FORMAT)) };
    gunzip::digest(stored, DIGEST_BYTES_MAX).map_err(|error| match error {
        gunzip::GunzipError::Damaged => invalid(FORMAT),
        gunzip::GunzipError::TooLarge(limit) => Trouble::Invalid(format!("larger than the limit of {limit} bytes")),
    })
}

/// The digest as a dictionary that has a signature.
fn document(content: &[u8], object: &Object) -> Result<Value, Trouble> {
    let document = json::loads(content).map_err(|error| match error {
        JsonError::Invalid => invalid(FORMAT),
        JsonError::TooDeep(text) => invalid(text),
    })?;
    if object.meta(SIGNATURE).is_none() || object.meta(SIGNATURE_ALGORITHM).is_none() {
        return Err(invalid(SIGNATURE_FAILED));
    }
    document.not_assigned().map_or(Ok(document), |text| Err(Trouble::Invalid(text)))
}

fn verify(public_key: &PublicKey, document: &Value, content: &[u8], object: &Object) -> Result<(), Trouble> {
    let signature = unhexlify(object.meta(SIGNATURE).unwrap_or_default()).map_err(invalid)?;
    let text = |name: &str| document.get(name).map(Value::to_text).unwrap_or_default();
    let previous = match document.get("previousDigestSignature") {
        None | Some(Value::None) => None,
        Some(signature) => Some(signature.to_text()),
    };
    let signed = seal::digest::string_to_sign(
        &text("digestEndTime"),
        &text("digestS3Bucket"),
        &text("digestS3Object"),
        &seal::sha256(content),
        previous.as_deref(),
    );
    if public_key.verify(signed.as_bytes(), &signature) { Ok(()) } else { Err(invalid(SIGNATURE_FAILED)) }
}

/// Python's `unhexlify`.
fn unhexlify(text: &str) -> Result<Vec<u8>, &'static str> {
    if !text.is_ascii() {
        return Err("string argument should contain only ASCII characters");
    }
    hex::decode(text).map_err(|error| match error {
        hex::FromHexError::OddLength => "Odd-length string",
        _ => "Non-hexadecimal digit found",
    })
}

fn date(document: &Value, name: &str) -> Result<Stamp, Trouble> {
    match document.get(name) {
        Some(Value::Str(text)) => dates::parse(text).ok_or_else(|| Trouble::Invalid(unparsed(text))),
        other => {
            let kind = other.map_or("NoneType", Value::type_name);
            Err(Trouble::Invalid(format!("Parser must be a string or character stream, not {kind}")))
        }
    }
}
