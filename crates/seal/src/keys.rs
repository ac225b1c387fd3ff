//! The public keys that sign digests: AWS's, as `ListPublicKeys` answers, or those of whoever else produced a chain.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{maker, pem};

/// Most keys that are taken from one answer or file.
pub const PUBLIC_KEYS_MAX: usize = 10_000;

/// An RSA public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    pkcs1: Arc<[u8]>,
    /// `SubjectPublicKeyInfo`: the same key in the form that openssl reads.
    spki: Arc<[u8]>,
    parsed: ParsedPublicKey,
}

/// A key as `ListPublicKeys` lists it.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name in digests.
    pub fingerprint: String,
    /// The key, or why its bytes are none (only a digest that needs it is worse for it).
    pub key: Result<PublicKey, KeyError>,
    /// From when it signs.
    pub valid_from: Option<DateTime<Utc>>,
    /// Until when it signs.
    pub valid_to: Option<DateTime<Utc>>,
    /// Region that it was asked of, where that is known.
    pub region: Option<String>,
}

/// Why bytes are no public key or a file is no list of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes of one key.
    #[error("the key with fingerprint `{0}` is no RSA public key in PKCS #1 form (DER, base64)")]
    Unreadable(String),
    /// The whole list.
    #[error("no answer of ListPublicKeys: {0}; expected {{\"PublicKeyList\": [{{\"Value\", \"Fingerprint\", ...}}]}}")]
    Format(String),
    /// More than [`PUBLIC_KEYS_MAX`].
    #[error("more than {PUBLIC_KEYS_MAX} public keys")]
    TooMany,
}

impl PublicKey {
    /// Reads a `RSAPublicKey` (PKCS #1, DER). Keys from 1,024 bits are accepted: which keys to trust is not decided here.
    pub fn from_pkcs1(der: &[u8]) -> Option<PublicKey> {
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, der).ok()?;
        let spki: PublicKeyX509Der = parsed.as_der().ok()?;
        // The parser takes a `SubjectPublicKeyInfo` as well; that is not what CloudTrail lists. PKCS #1 is the end of one.
        let is_pkcs1 = spki.as_ref().len() > der.len() && spki.as_ref().ends_with(der);
        is_pkcs1.then(|| PublicKey { pkcs1: der.into(), spki: spki.as_ref().into(), parsed })
    }

    /// The key as PKCS #1 DER.
    pub fn pkcs1(&self) -> &[u8] {
        &self.pkcs1
    }

    /// The key as `SubjectPublicKeyInfo` in PEM: what `openssl dgst -sha256 -verify` reads.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PUBLIC_KEY, &self.spki)
    }

    /// The name that a key of ours gets; AWS's keys have names of AWS's choice.
    pub fn fingerprint(&self) -> String {
        crate::fingerprint(&self.pkcs1)
    }

    /// Whether `signature` (RSASSA-PKCS1-v1_5 with SHA-256) over `message` was made with this key's private half.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// Whether `signature` was made with this key's private half, over whatever message.
    pub fn made(&self, signature: &[u8]) -> bool {
        maker::made(&self.pkcs1, signature)
    }
}

impl Key {
    /// Whether another is this key: its name, and its bytes bit by bit.
    pub fn is_same(&self, other: &Key) -> bool {
        fn bytes(key: &Key) -> Option<&[u8]> {
            key.key.as_ref().ok().map(PublicKey::pkcs1)
        }
        self.fingerprint == other.fingerprint && bytes(self) == bytes(other)
    }

    /// It was asked of this Region, or does not say where it was asked.
    fn may_sign_in(&self, region: &str) -> bool {
        self.region.as_deref().is_none_or(|of| of == region)
    }
}

/// Keys by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: HashMap<String, Vec<Key>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    public_key_list: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_start_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity_end_time: Option<Time>,
    fingerprint: String,
    /// Not AWS's: where the key was asked for, in files that hold the keys of several Regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

/// On the wire a number of seconds; as version 2 of the AWS CLI prints it, a text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Time {
    Whole(i64),
    Seconds(f64),
    Text(String),
}

impl Time {
    fn read(&self) -> Option<DateTime<Utc>> {
        match self {
            Time::Whole(seconds) => DateTime::from_timestamp(*seconds, 0),
            Time::Seconds(seconds) => DateTime::from_timestamp(*seconds as i64, 0),
            Time::Text(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc()),
        }
    }
}

impl PublicKeys {
    /// Reads an answer of `ListPublicKeys`, as JSON. An entry may say its `Region`.
    pub fn parse(json: &[u8]) -> Result<PublicKeys, KeyError> {
        let answer: Answer = serde_json::from_slice(json).map_err(|error| KeyError::Format(error.to_string()))?;
        if answer.public_key_list.len() > PUBLIC_KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        let mut keys = PublicKeys::default();
        for listed in answer.public_key_list {
            keys.insert(listed.into_key());
        }
        Ok(keys)
    }

    /// Adds a key; one that is there already (same fingerprint, bytes and Region) is not added twice.
    pub fn insert(&mut self, key: Key) {
        let same = self.keys.entry(key.fingerprint.clone()).or_default();
        if !same.iter().any(|have| have.is_same(&key) && have.region == key.region) {
            same.push(key);
        }
    }

    /// The same keys as those of one Region: that of which they were asked, whatever they say of themselves.
    #[must_use]
    pub fn of_region(self, region: &str) -> PublicKeys {
        let mut keys = PublicKeys::default();
        for key in self.keys.into_values().flatten() {
            keys.insert(Key { region: Some(region.to_owned()), ..key });
        }
        keys
    }

    /// Adds all keys of another list.
    pub fn extend(&mut self, others: PublicKeys) {
        others.keys.into_values().flatten().for_each(|key| self.insert(key));
    }

    /// Keys of this name that may sign in a Region: those asked of it, and those that do not say where they were asked.
    pub fn find<'a>(&'a self, fingerprint: &str, region: &'a str) -> impl Iterator<Item = &'a Key> {
        let named = self.keys.get(fingerprint).into_iter().flatten();
        named.filter(move |key| key.may_sign_in(region))
    }

    /// Whether a key that may sign in a Region made this signature, over whatever message and under whatever name.
    pub fn made(&self, signature: &[u8], region: &str) -> bool {
        let mut keys = self.iter().filter(|key| key.may_sign_in(region)).filter_map(|key| key.key.as_ref().ok());
        keys.any(|key| key.made(signature))
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.values().flatten()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Writes keys as an answer of `ListPublicKeys`, for [`PublicKeys::parse`] and for whoever else reads such answers. A key whose
/// bytes are none is left out: there is nothing to write.
pub fn public_keys_json<'a>(keys: impl IntoIterator<Item = &'a Key>) -> String {
    let public_key_list = keys.into_iter().filter_map(Listed::of_key).collect();
    serde_json::to_string_pretty(&Answer { public_key_list }).unwrap_or_default()
}

impl Listed {
    fn of_key(key: &Key) -> Option<Listed> {
        let bytes = key.key.as_ref().ok()?;
        Some(Listed {
            value: STANDARD.encode(bytes.pkcs1()),
            validity_start_time: key.valid_from.map(|time| Time::Whole(time.timestamp())),
            validity_end_time: key.valid_to.map(|time| Time::Whole(time.timestamp())),
            fingerprint: key.fingerprint.clone(),
            region: key.region.clone(),
        })
    }

    fn into_key(self) -> Key {
        let der = STANDARD.decode(self.value.trim().as_bytes()).ok();
        let key = der.and_then(|der| PublicKey::from_pkcs1(&der));
        Key {
            key: key.ok_or_else(|| KeyError::Unreadable(self.fingerprint.clone())),
            fingerprint: self.fingerprint,
            valid_from: self.validity_start_time.and_then(|time| time.read()),
            valid_to: self.validity_end_time.and_then(|time| time.read()),
            region: self.region,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::RsaKey;

    fn public() -> PublicKey {
        RsaKey::generate().unwrap().public().unwrap()
    }

    fn listed(fingerprint: &str, value: &str, more: &str) -> String {
        format!(r#"{{"PublicKeyList":[{{"Fingerprint":"{fingerprint}","Value":"{value}"{more}}}]}}"#)
    }

    fn only(json: &str) -> Key {
        let keys = PublicKeys::parse(json.as_bytes()).unwrap();
        let mut all = keys.iter();
        let key = all.next().unwrap().clone();
        assert!(all.next().is_none());
        key
    }

    #[test]
    fn answers_are_read_from_the_wire_and_as_both_versions_of_the_aws_cli_print_them() {
        let value = STANDARD.encode(public().pkcs1());
        let from = DateTime::from_timestamp(1_791_000_000, 0);
        for (start, end) in [
            ("1.791E9", "1791003600"),
            ("1791000000.0", "1791003600.25"),
            ("\"2026-10-03T04:00:00+00:00\"", "\"2026-10-03T07:00:00+02:00\""),
        ] {
            let times = format!(r#","ValidityStartTime":{start},"ValidityEndTime":{end},"NextToken":null"#);
            let key = only(&listed("31e8", &value, &times));
            assert_eq!((key.fingerprint.as_str(), key.region), ("31e8", None));
            assert_eq!((key.valid_from, key.valid_to), (from, from.map(|time| time + chrono::TimeDelta::hours(1))), "{start}");
            assert_eq!(STANDARD.encode(key.key.unwrap().pkcs1()), value);
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_is_no_reason_to_refuse_the_others() {
        let subject = STANDARD.encode(&public().spki);
        for value in ["", "AAAA", "not base64!", subject.as_str()] {
            let key = only(&listed("fp", value, ""));
            assert_eq!(key.key.unwrap_err(), KeyError::Unreadable("fp".to_owned()), "{value}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["", "[]", "{}", r#"{"PublicKeyList":{}}"#, r#"{"PublicKeyList":[{"Value":"AAAA"}]}"#] {
            assert!(matches!(PublicKeys::parse(text.as_bytes()), Err(KeyError::Format(_))), "{text}");
        }
        let one = r#"{"Fingerprint":"f","Value":""},"#.repeat(PUBLIC_KEYS_MAX + 1);
        let many = format!(r#"{{"PublicKeyList":[{}]}}"#, one.trim_end_matches(','));
        assert_eq!(PublicKeys::parse(many.as_bytes()).unwrap_err(), KeyError::TooMany);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let valid_from = DateTime::from_timestamp(1_791_000_000, 0);
        let key = |region: Option<&str>| Key {
            fingerprint: "fp".to_owned(),
            key: Ok(public()),
            valid_from,
            valid_to: None,
            region: region.map(str::to_owned),
        };
        let unreadable = Key { key: Err(KeyError::Unreadable("bad".to_owned())), ..key(None) };
        let keys = [key(Some("eu-west-1")), key(None), unreadable];
        let read = PublicKeys::parse(public_keys_json(&keys).as_bytes()).unwrap();
        assert_eq!(read.iter().count(), 2);
        let found: Vec<&Key> = read.find("fp", "us-east-1").collect();
        assert_eq!(found.len(), 1, "the other one is of another Region");
        assert_eq!((found[0].valid_from, found[0].valid_to), (valid_from, None));
        assert_eq!(found[0].key.as_ref().unwrap().pkcs1(), keys[1].key.as_ref().unwrap().pkcs1());
        assert_eq!(read.find("fp", "eu-west-1").count(), 2);
        assert_eq!(read.find("other", "eu-west-1").count(), 0);
    }

    #[test]
    fn keys_that_were_asked_of_a_region_are_of_that_region_alone() {
        let key = |region: Option<&str>| Key {
            fingerprint: "fp".to_owned(),
            key: Ok(public()),
            valid_from: None,
            valid_to: None,
            region: region.map(str::to_owned),
        };
        let mut keys = PublicKeys::default();
        [key(None), key(Some("us-east-1"))].into_iter().for_each(|key| keys.insert(key));
        let keys = keys.of_region("eu-west-1");
        assert_eq!((keys.find("fp", "eu-west-1").count(), keys.find("fp", "us-east-1").count()), (2, 0));
    }

    #[test]
    fn a_key_is_listed_once_however_often_it_is_added() {
        let key = Key { fingerprint: "f".to_owned(), key: Ok(public()), valid_from: None, valid_to: None, region: None };
        let mut keys = PublicKeys::default();
        assert!(keys.is_empty());
        keys.insert(key.clone());
        keys.insert(key.clone());
        keys.insert(Key { region: Some("eu-west-1".to_owned()), ..key.clone() });
        keys.insert(Key { key: Ok(public()), ..key });
        let again = keys.clone();
        keys.extend(again);
        assert_eq!(keys.iter().count(), 3);
    }
}
