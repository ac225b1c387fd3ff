//! The keys that sign statements: Ed25519, because a home makes one by itself on first use and signs often.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::pem;

/// Begin of a `SubjectPublicKeyInfo` that holds an Ed25519 key (RFC 8410); the 32 bytes of the key follow.
const SPKI_ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The private half.
pub struct StatementKey {
    pair: Ed25519KeyPair,
}

/// The public half.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatementPublicKey {
    raw: [u8; ED25519_PUBLIC_KEY_LEN],
}

/// A key could not be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the statement key could not be {0}")]
pub struct StatementKeyError(&'static str);

impl StatementKey {
    /// Makes a key from the system's random source.
    pub fn generate() -> Result<StatementKey, StatementKeyError> {
        Ok(StatementKey { pair: Ed25519KeyPair::generate().map_err(|_| StatementKeyError("made"))? })
    }

    /// Reads a key in PKCS #8 form, as PEM: what [`StatementKey::to_pem`] and `openssl genpkey -algorithm ed25519` write.
    pub fn from_pem(text: &str) -> Result<StatementKey, StatementKeyError> {
        let unread = StatementKeyError("read: expected an Ed25519 key as PEM, `-----BEGIN PRIVATE KEY-----`");
        let der = pem::decode(pem::PRIVATE_KEY, text).ok_or(unread)?;
        Ok(StatementKey { pair: Ed25519KeyPair::from_pkcs8(&der).map_err(|_| unread)? })
    }

    /// The key in PKCS #8 form, as PEM: keep it secret.
    pub fn to_pem(&self) -> Result<String, StatementKeyError> {
        // Version 1, without the public half: openssl before 3.2 reads no other.
        let der = self.pair.to_pkcs8v1().map_err(|_| StatementKeyError("written"))?;
        Ok(pem::encode(pem::PRIVATE_KEY, der.as_ref()))
    }

    /// The public half.
    pub fn public(&self) -> Result<StatementPublicKey, StatementKeyError> {
        StatementPublicKey::from_raw(self.pair.public_key().as_ref()).ok_or(StatementKeyError("used"))
    }

    /// Its name: the first 16 bytes of the SHA-256 of the raw public key, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        crate::fingerprint(self.pair.public_key().as_ref())
    }

    /// Signs; equal messages give equal signatures.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StatementKeyError> {
        let signature = self.pair.try_sign(message).map_err(|_| StatementKeyError("used"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// Without the key.
impl fmt::Debug for StatementKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StatementKey").field(&self.fingerprint()).finish()
    }
}

impl StatementPublicKey {
    /// Takes the 32 bytes of a key.
    pub fn from_raw(raw: &[u8]) -> Option<StatementPublicKey> {
        Some(StatementPublicKey { raw: raw.try_into().ok()? })
    }

    /// Reads a key as a statement tells it.
    pub fn from_base64(text: &str) -> Option<StatementPublicKey> {
        StatementPublicKey::from_raw(&STANDARD.decode(text).ok()?)
    }

    /// The key as a statement tells it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.raw)
    }

    /// The 32 bytes.
    pub fn raw(&self) -> &[u8; ED25519_PUBLIC_KEY_LEN] {
        &self.raw
    }

    /// The key as `SubjectPublicKeyInfo` in PEM: what `openssl pkeyutl -verify -rawin -pubin` reads.
    pub fn to_pem(&self) -> String {
        pem::encode(pem::PUBLIC_KEY, &[SPKI_ED25519.as_slice(), self.raw.as_slice()].concat())
    }

    /// Its name.
    pub fn fingerprint(&self) -> String {
        crate::fingerprint(&self.raw)
    }

    /// Whether the signature over the message was made with this key's private half.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.raw).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for StatementPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("StatementPublicKey").field(&self.to_base64()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let key = StatementKey::generate().unwrap();
        let public = key.public().unwrap();
        let signature = key.sign(b"one line").unwrap();
        assert!(public.verify(b"one line", &signature));
        assert!(!public.verify(b"one lines", &signature));
        assert!(!public.verify(b"one line", &signature[1..]));
        assert!(!StatementKey::generate().unwrap().public().unwrap().verify(b"one line", &signature));
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let key = StatementKey::generate().unwrap();
        let public = key.public().unwrap();
        let kept = StatementKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!((kept.fingerprint(), kept.sign(b"x")), (key.fingerprint(), key.sign(b"x")));
        assert_eq!(StatementPublicKey::from_base64(&public.to_base64()), Some(public));
        assert_eq!(public.fingerprint(), key.fingerprint());
        assert_eq!(key.fingerprint().len(), 32);
        assert_eq!(StatementPublicKey::from_base64("AAAA"), None);
        assert!(StatementKey::from_pem(&public.to_pem()).is_err());
        let rsa = crate::RsaKey::generate().unwrap().to_pem().unwrap();
        assert!(StatementKey::from_pem(&rsa).is_err());
        let secret: String = key.to_pem().unwrap().lines().nth(1).unwrap().to_owned();
        assert!(!format!("{key:?}").contains(&secret[20..]));
    }
}
