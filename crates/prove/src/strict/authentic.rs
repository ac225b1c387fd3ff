//! Is a digest the one that AWS signed?
//!
//! Its signature stands in its object's metadata, and once more in the digest that follows. Either proves it, under a known key. Without a
//! key, a digest that is proven proves by its hash the one before it. What contradicts a proven digest is violated.

use std::sync::Arc;

use seal::digest::{Digest, SHA_256, SHA256_WITH_RSA};

use super::KeysFound;
use crate::report::Kind;

/// What a digest is worth. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// AWS signed it.
    Valid,
    /// Nothing proves it, nothing speaks against it.
    Unproven,
    /// It is not what AWS signed.
    Invalid,
}

/// What the digest that follows says about a digest.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// SHA-256 in hexadecimal; `None` if it is of another kind.
    pub(super) hash: Option<String>,
    /// Signature in hexadecimal.
    pub(super) signature: String,
    /// What the one who says it is worth.
    pub(super) by: Status,
}

/// A digest as far as its authenticity goes.
pub(super) struct Presented<'a> {
    pub(super) digest: &'a Digest,
    pub(super) sha256: &'a [u8; 32],
    /// Signature from the metadata.
    pub(super) signature: Option<&'a str>,
    /// Its algorithm, from the metadata.
    pub(super) algorithm: Option<&'a str>,
    pub(super) region: &'a str,
}

/// What became of one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    Good,
    Bad,
    UnknownKey,
    Absent,
}

/// The answer, and what there is to tell about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: Status,
    /// What is wrong with the digest itself.
    pub(super) wrong: Option<(Kind, String)>,
    /// Whether the digest that follows, though it is proven, says something else about it.
    pub(super) is_contradicted: bool,
    /// Whether its object has a signature.
    pub(super) is_signed: bool,
}

/// Judges a digest that is in its place.
pub(super) fn judge(presented: &Presented<'_>, said: Option<&Said>, keys: Option<&Arc<KeysFound>>) -> Answer {
    let answer =
        |status, wrong, is_contradicted| Answer { status, wrong, is_contradicted, is_signed: presented.signature.is_some() };
    let unknown = unknown_algorithm(presented);
    let message = presented.digest.string_to_sign(presented.sha256);
    let check = |signature: Option<&str>| match unknown {
        Some(_) => Signature::Absent,
        None => check(presented, &message, signature, keys),
    };
    let own = check(presented.signature);
    let same = |said: &Said| presented.signature.is_some_and(|own| own.eq_ignore_ascii_case(&said.signature));
    let by_next = said.map_or(Signature::Absent, |said| if same(said) { own } else { check(Some(&said.signature)) });
    let hash = hex::encode(presented.sha256);
    let has_hash = said.and_then(|said| said.hash.as_ref()).map(|said| said.eq_ignore_ascii_case(&hash));
    let is_vouched = has_hash == Some(true) && said.is_some_and(|said| said.by == Status::Valid);
    let is_contradicted = said.is_some_and(|said| {
        let differs = presented.signature.is_some() && own == Signature::Good && !same(said);
        said.by != Status::Invalid && (has_hash == Some(false) || by_next == Signature::Bad || differs)
    });
    let is_proven = own == Signature::Good || by_next == Signature::Good || (is_vouched && by_next != Signature::Bad);
    let wrong = wrong(presented, own, is_contradicted && !is_proven, keys);
    let wrong = wrong.or_else(|| unknown.filter(|_| !is_proven).map(|unknown| (Kind::AlgorithmUnknown, unknown)));
    let status = match &wrong {
        _ if is_proven => Status::Valid,
        Some((Kind::AlgorithmUnknown, _)) => Status::Unproven,
        Some((Kind::KeyUnknown, _)) if !is_complete(keys) => Status::Unproven,
        None => Status::Unproven,
        Some(_) => Status::Invalid,
    };
    // A proven digest whose key is unknown needs no word about the key.
    let wrong = wrong.filter(|(kind, _)| !is_proven || *kind != Kind::KeyUnknown);
    answer(status, wrong, is_contradicted && is_proven)
}

/// What speaks against a digest.
fn wrong(
    presented: &Presented<'_>,
    own: Signature,
    is_contradicted: bool,
    keys: Option<&Arc<KeysFound>>,
) -> Option<(Kind, String)> {
    let fingerprint = &presented.digest.digest_public_key_fingerprint;
    if own == Signature::Bad {
        let message = "its signature does not fit: the digest, its place or its metadata was changed";
        return Some((Kind::DigestSignature, message.to_owned()));
    }
    if is_contradicted {
        return Some((
            Kind::DigestLink,
            "the digest that follows names another hash or signature: this one was replaced".to_owned(),
        ));
    }
    match own {
        Signature::UnknownKey if is_complete(keys) => Some((
            Kind::KeyUnknown,
            format!("it is signed with the key `{fingerprint}`, which is none of AWS's for this Region and time"),
        )),
        Signature::UnknownKey => {
            Some((Kind::KeyUnknown, format!("it is signed with the key `{fingerprint}`, which is not known here")))
        }
        _ => None,
    }
}

fn is_complete(keys: Option<&Arc<KeysFound>>) -> bool {
    keys.is_some_and(|keys| keys.is_complete)
}

/// An algorithm that is not known here, where nothing contradicts it: the object's metadata says the same, or there is none. A digest that
/// says something else than its own metadata was changed, and its signature shows it.
fn unknown_algorithm(presented: &Presented<'_>) -> Option<String> {
    let stated = presented.digest.digest_signature_algorithm.as_deref().filter(|name| *name != SHA256_WITH_RSA)?;
    let is_agreed = presented.algorithm.is_none_or(|told| told == stated);
    is_agreed.then(|| format!("its signature algorithm is `{stated}`, which is not known here"))
}

fn check(presented: &Presented<'_>, message: &str, signature: Option<&str>, keys: Option<&Arc<KeysFound>>) -> Signature {
    let Some(signature) = signature else { return Signature::Absent };
    let fingerprint = &presented.digest.digest_public_key_fingerprint;
    let Some(keys) = keys.map(|found| &found.keys) else { return Signature::UnknownKey };
    let mut known = keys.find(fingerprint, presented.region).filter_map(|key| key.key.as_ref().ok()).peekable();
    let is_known = known.peek().is_some();
    match hex::decode(signature) {
        Ok(signature) if known.any(|key| key.verify(message.as_bytes(), &signature)) => Signature::Good,
        // Its form shows that a known key made it, for a digest that named that key: this one was changed.
        Ok(signature) if !is_known && !keys.made(&signature, presented.region) => Signature::UnknownKey,
        _ => Signature::Bad,
    }
}

/// What a digest says about the one before it.
pub(super) fn said(digest: &Digest, by: Status) -> Option<Said> {
    let previous = digest.previous()?;
    let is_known = digest.previous_digest_hash_algorithm.as_deref() == Some(SHA_256);
    Some(Said { hash: is_known.then(|| previous.hash.to_owned()), signature: previous.signature.to_owned(), by })
}
