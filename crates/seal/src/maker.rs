//! Who made a signature, whatever it was made over.
//!
//! A digest names the key that signed it. Where that name was changed the signature cannot be checked; it still shows by its form which key
//! made it.

use num_bigint::BigUint;

/// What stands before the hash in what is signed: `DigestInfo` of SHA-256 (RFC 8017, section 9.2).
const SHA_256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];
const SHA_256_LEN: usize = 32;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// Whether the private half of a key (PKCS #1, DER) made this signature with RSASSA-PKCS1-v1_5 and SHA-256. Of other bytes that cannot be said:
/// they come out without the form that is signed.
pub(crate) fn made(pkcs1: &[u8], signature: &[u8]) -> bool {
    let Some((modulus, exponent)) = numbers(pkcs1) else { return false };
    let signature_number = BigUint::from_bytes_be(signature);
    if modulus.bits() == 0 || signature_number >= modulus {
        return false;
    }
    // The leading zero of the form is no digit of the number.
    let signed = signature_number.modpow(&exponent, &modulus).to_bytes_be();
    let Some((padding, info)) = signed.split_last_chunk::<{ SHA_256_INFO.len() + SHA_256_LEN }>() else { return false };
    signed.len() + 1 == signature.len() && is_form(padding, info)
}

/// `1`, some `ff`, `0`; then the name of the hash, and the hash.
fn is_form(padding: &[u8], info: &[u8]) -> bool {
    let [1, filled @ .., 0] = padding else { return false };
    filled.len() >= 8 && filled.iter().all(|byte| *byte == 0xff) && info.starts_with(&SHA_256_INFO)
}

/// Modulus and exponent.
fn numbers(pkcs1: &[u8]) -> Option<(BigUint, BigUint)> {
    let (numbers, _) = element(SEQUENCE, pkcs1)?;
    let (modulus, rest) = element(INTEGER, numbers)?;
    let (exponent, _) = element(INTEGER, rest)?;
    Some((BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)))
}

/// The content of a DER element, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first().filter(|(first, _)| **first == tag).and_then(|(_, rest)| rest.split_first())?;
    let (len, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80).filter(|(digits, _)| (1..=4).contains(&digits.len()))?;
            (digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RsaKey;

    #[test]
    fn a_signature_shows_its_key_over_whatever_it_was_made() {
        let (one, other) = (RsaKey::generate().unwrap(), RsaKey::generate().unwrap());
        for message in ["", "a", "some digest"] {
            let signature = one.sign(message.as_bytes()).unwrap();
            assert!(made(&one.public_pkcs1(), &signature));
            assert!(!made(&other.public_pkcs1(), &signature));
            for at in [0, 1, signature.len() - 1] {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert!(!made(&one.public_pkcs1(), &changed), "byte {at}");
            }
            assert!(!made(&one.public_pkcs1(), &signature[1..]));
            assert!(!made(&one.public_pkcs1(), &[&[0], signature.as_slice()].concat()));
        }
    }

    #[test]
    fn what_is_no_key_made_nothing() {
        let key = RsaKey::generate().unwrap();
        let (der, signature) = (key.public_pkcs1(), key.sign(b"a").unwrap());
        for end in 0..der.len() {
            assert!(!made(&der[..end], &signature), "{end}");
        }
        let zero = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x03];
        assert!(!made(&zero, &signature) && !made(&zero, &[]));
        assert!(!made(&[0x30, 0xff, 0xff], &signature) && !made(&[0x30, 0x80], &signature));
    }
}
