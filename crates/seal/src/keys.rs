//! The public keys that sign digests: AWS's, as `ListPublicKeys` answers, or those of whoever else produced a chain.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// Most keys that are taken from one answer or file.
pub const PUBLIC_KEYS_MAX: usize = 10_000;

/// An RSA public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    der: Arc<[u8]>,
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
        Some(PublicKey { der: der.into(), parsed })
    }

    /// The key as PKCS #1 DER.
    pub fn pkcs1(&self) -> &[u8] {
        &self.der
    }

    /// Whether `signature` (RSASSA-PKCS1-v1_5 with SHA-256) over `message` was made with this key's private half.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

/// Keys by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: HashMap<String, Vec<Key>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    public_key_list: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    value: String,
    fingerprint: String,
    validity_start_time: Option<Time>,
    validity_end_time: Option<Time>,
    region: Option<String>,
}

/// On the wire a number of seconds; as the AWS CLI prints it, a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

impl Time {
    fn read(&self) -> Option<DateTime<Utc>> {
        match self {
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
        let bytes = |key: &Key| key.key.as_ref().ok().map(|key| key.pkcs1().to_vec());
        if !same.iter().any(|have| bytes(have) == bytes(&key) && have.region == key.region) {
            same.push(key);
        }
    }

    /// Adds all keys of another list.
    pub fn extend(&mut self, others: PublicKeys) {
        others.keys.into_values().flatten().for_each(|key| self.insert(key));
    }

    /// Keys of this name that may sign in a Region: those asked of it, and those that do not say where they were asked.
    pub fn find<'a>(&'a self, fingerprint: &str, region: &'a str) -> impl Iterator<Item = &'a Key> {
        let named = self.keys.get(fingerprint).into_iter().flatten();
        named.filter(move |key| key.region.as_deref().is_none_or(|of| of == region))
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

impl Listed {
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
