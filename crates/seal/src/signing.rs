//! Making digests: the private half of a key like those that sign AWS's.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

/// An RSA key of 2,048 bits that signs digests and query results.
#[derive(Debug)]
pub struct RsaKey {
    pair: KeyPair,
}

/// A key could not be made, read or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the RSA key could not be {0}")]
pub struct RsaError(&'static str);

impl RsaKey {
    /// Makes a key from the system's random source.
    pub fn generate() -> Result<RsaKey, RsaError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| RsaError("made"))?;
        Ok(RsaKey { pair })
    }

    /// Reads a key in PKCS #8 form (DER).
    pub fn from_pkcs8(der: &[u8]) -> Result<RsaKey, RsaError> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| RsaError("read: expected PKCS #8"))?;
        Ok(RsaKey { pair })
    }

    /// The key in PKCS #8 form (DER): keep it secret.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, RsaError> {
        let der: Pkcs8V1Der = self.pair.as_der().map_err(|_| RsaError("written"))?;
        Ok(der.as_ref().to_vec())
    }

    /// The public half, as PKCS #1 DER.
    pub fn public_pkcs1(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256; equal messages give equal signatures.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, RsaError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map_err(|_| RsaError("used")).map(|()| signature)
    }
}
