//! Making digests: the private half of a key like those that sign AWS's.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

use crate::keys::PublicKey;
use crate::pem;

/// An RSA key of 2,048 bits that signs digests and query results.
#[derive(Debug)]
pub struct RsaKey {
    pair: KeyPair,
}

/// A key could not be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the RSA key could not be {0}")]
pub struct RsaError(pub(crate) &'static str);

impl RsaKey {
    /// Makes a key from the system's random source.
    pub fn generate() -> Result<RsaKey, RsaError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| RsaError("made"))?;
        Ok(RsaKey { pair })
    }

    /// Reads a key in PKCS #8 form (DER). Keys of other sizes are read too, from 2,048 to 8,192 bits.
    pub fn from_pkcs8(der: &[u8]) -> Result<RsaKey, RsaError> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| RsaError("read: expected PKCS #8"))?;
        Ok(RsaKey { pair })
    }

    /// The key in PKCS #8 form (DER): keep it secret.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, RsaError> {
        let der: Pkcs8V1Der = self.pair.as_der().map_err(|_| RsaError("written"))?;
        Ok(der.as_ref().to_vec())
    }

    /// Reads a key as openssl writes it: PKCS #8 in PEM, unencrypted.
    pub fn from_pem(text: &str) -> Result<RsaKey, RsaError> {
        let der = pem::decode(pem::PRIVATE_KEY, text);
        RsaKey::from_pkcs8(&der.ok_or(RsaError("read: expected PKCS #8 in PEM, `-----BEGIN PRIVATE KEY-----`"))?)
    }

    /// The key in PKCS #8 form, as PEM: keep it secret.
    pub fn to_pem(&self) -> Result<String, RsaError> {
        Ok(pem::encode(pem::PRIVATE_KEY, &self.to_pkcs8()?))
    }

    /// The public half, as PKCS #1 DER.
    pub fn public_pkcs1(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// The public half.
    pub fn public(&self) -> Result<PublicKey, RsaError> {
        PublicKey::from_pkcs1(&self.public_pkcs1()).ok_or(RsaError("used: its public half cannot be read"))
    }

    /// Its name in the digests that it signs: the first 16 bytes of the SHA-256 of its PKCS #1 DER, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        crate::fingerprint(self.pair.public_key().as_ref())
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256; equal messages give equal signatures.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, RsaError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map_err(|_| RsaError("used")).map(|()| signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let key = RsaKey::generate().unwrap();
        let public = key.public().unwrap();
        let signature = key.sign(b"four lines").unwrap();
        assert_eq!(signature, key.sign(b"four lines").unwrap(), "no randomness in it");
        assert!(public.verify(b"four lines", &signature));
        assert!(!public.verify(b"four line", &signature));
        assert!(!public.verify(b"four lines", &signature[1..]));
        assert!(!public.verify(b"four lines", &[]));
        assert!(!RsaKey::generate().unwrap().public().unwrap().verify(b"four lines", &signature));
    }

    #[test]
    fn a_key_that_was_kept_signs_as_before() {
        let key = RsaKey::generate().unwrap();
        let kept = RsaKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(kept.sign(b"x").unwrap(), key.sign(b"x").unwrap());
        assert_eq!((kept.fingerprint(), kept.public_pkcs1()), (key.fingerprint(), key.public_pkcs1()));
        assert_eq!(key.fingerprint().len(), 32);
        assert_eq!(RsaKey::from_pem(&key.to_pem().unwrap()).unwrap().public_pkcs1(), key.public_pkcs1());
        assert!(RsaKey::from_pem(&key.public().unwrap().to_pem()).is_err());
        let refused = RsaKey::from_pkcs8(b"no key").unwrap_err();
        assert_eq!(refused.to_string(), "the RSA key could not be read: expected PKCS #8");
    }
}
