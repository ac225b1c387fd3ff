//! What is proven: which digests are what was signed, by which key, and which log files they vouch for.
//!
//! A digest is proven by its own signature, or by a proven digest after it that holds its hash. Its own signature stands in its
//! object's metadata, which copies lose, and once more in the digest after it.

use std::collections::HashMap;

use seal::digest::SHA256_WITH_RSA;
use seal::{Key, PublicKey, PublicKeys};

use super::chain::{Digests, Entry, Held};
use super::shown;

/// Longest fingerprint that a key's file is named after; AWS's have 32 letters.
const FINGERPRINT_MAX: usize = 64;

/// Keys, and whose word it is that they are AWS's.
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// The keys.
    pub keys: PublicKeys,
    /// Where they came from.
    pub origin: KeyOrigin,
}

/// Where keys came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// `ListPublicKeys`, asked of AWS itself.
    Aws,
    /// `ListPublicKeys`, asked of another endpoint: not AWS's word.
    Endpoint(String),
    /// A file of the user's.
    File(String),
}

/// What is known of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its own signature verifies.
    Signed,
    /// A proven digest after it holds its hash.
    Vouched,
    /// Neither, and why (safe to be shown).
    Unproven(String),
    /// Something is wrong with it (safe to be shown).
    Contradicted(String),
}

/// Where a signature was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In the metadata of the digest's object.
    Metadata,
    /// In the digest after it.
    Next,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) bytes: Vec<u8>,
    pub(super) found: Found,
}

/// A key of a ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used<'a> {
    pub(super) key: &'a Key,
    pub(super) public: &'a PublicKey,
    pub(super) origin: &'a KeyOrigin,
}

/// A digest, judged.
#[derive(Clone, Debug)]
pub(super) struct Judged<'a> {
    pub(super) standing: Standing,
    /// The signature, where one is known.
    pub(super) signature: Option<Signature>,
    /// The key that it names, where it is at hand: the one that verifies, if one does.
    pub(super) key: Option<Used<'a>>,
    /// The digest after it.
    pub(super) next: Option<usize>,
}

/// What is known of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vouching {
    /// A digest holds its hash.
    Named(Entry),
    /// A digest holds its key, with another hash.
    Otherwise(Entry),
    /// None holds either.
    Nowhere,
}

/// Judges digests, each once.
pub(super) struct Judge<'a> {
    digests: &'a Digests,
    rings: &'a [KeyRing],
    judged: HashMap<usize, Judged<'a>>,
}

impl Standing {
    pub(super) fn is_proven(&self) -> bool {
        matches!(self, Standing::Signed | Standing::Vouched)
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(digests: &'a Digests, rings: &'a [KeyRing]) -> Judge<'a> {
        Judge { digests, rings, judged: HashMap::new() }
    }

    /// What was found about a digest that has been judged.
    pub(super) fn of(&self, at: usize) -> Option<&Judged<'a>> {
        self.judged.get(&at)
    }

    /// Judges a digest, those after it first.
    pub(super) fn settle(&mut self, at: usize) {
        let mut open = vec![at];
        while let Some(top) = open.last().copied() {
            let unjudged = self.digests.holding(top).iter().copied().find(|next| !self.judged.contains_key(next));
            match unjudged.filter(|_| open.len() <= self.digests.len()) {
                Some(next) => open.push(next),
                None => {
                    if let Some(judged) = self.digests.get(top).map(|held| self.judge(top, held)) {
                        self.judged.insert(top, judged);
                    }
                    open.pop();
                }
            }
        }
    }

    /// Which digest vouches for a log file: a proven one if there is one, then the one with the same key.
    pub(super) fn vouching(&mut self, key: &str, content_sha256: &[u8; 32]) -> Vouching {
        let named = self.digests.naming(key, content_sha256);
        let otherwise = self.digests.with_key(key);
        for entry in named.iter().chain(otherwise) {
            self.settle(entry.digest);
        }
        if let Some(best) = self.proven_first(&named) {
            return Vouching::Named(best);
        }
        self.proven_first(otherwise).map_or(Vouching::Nowhere, Vouching::Otherwise)
    }

    /// This digest, as many later ones as are wanted, and as many as are needed until one has its own signature.
    pub(super) fn up(&self, at: usize, later_max: usize) -> Vec<usize> {
        let mut chain = vec![at];
        let mut last = at;
        while let Some(judged) = self.of(last)
            && (chain.len() <= later_max || judged.standing != Standing::Signed)
            && let Some(next) = judged.next
            && !chain.contains(&next)
        {
            chain.push(next);
            last = next;
        }
        chain
    }

    fn proven_first(&self, entries: &[Entry]) -> Option<Entry> {
        let proven = |entry: &&Entry| self.of(entry.digest).is_some_and(|judged| judged.standing.is_proven());
        entries.iter().find(proven).or_else(|| entries.first()).copied()
    }

    fn judge(&self, at: usize, held: &'a Held) -> Judged<'a> {
        let signature = self.signature(at, held);
        let key = self.key(held, signature.as_ref());
        let next = self.next(at, signature.as_ref());
        let standing = match self.contradiction(at, held, signature.as_ref(), next) {
            Some(reason) => Standing::Contradicted(reason),
            None => self.standing(held, signature.as_ref(), key, next),
        };
        let next = next.or_else(|| self.signed_differing(at));
        Judged { standing, signature, key, next }
    }

    fn standing(&self, held: &Held, signature: Option<&Signature>, key: Option<Used>, next: Option<usize>) -> Standing {
        let vouched = next.and_then(|next| self.of(next)).is_some_and(|next| next.standing.is_proven());
        let otherwise = |reason: String| if vouched { Standing::Vouched } else { Standing::Unproven(reason) };
        if let Some(other) = unknown_algorithm(held) {
            return otherwise(format!("it is signed with `{}`, which is not known here", shown(other)));
        }
        match (signature, key) {
            (None, _) => {
                otherwise("it came without its metadata, which holds its signature, and no later digest is there".to_owned())
            }
            (_, None) => {
                let fingerprint = shown(&held.digest.digest_public_key_fingerprint);
                otherwise(format!("the public key `{fingerprint}` of {} is not there", shown(&held.file.region)))
            }
            (Some(signature), Some(used)) if used.public.verify(to_sign(held).as_bytes(), &signature.bytes) => Standing::Signed,
            _ => Standing::Contradicted("its signature was not made with the public key that it names".to_owned()),
        }
    }

    /// What the digest after it says otherwise.
    fn contradiction(&self, at: usize, held: &Held, signature: Option<&Signature>, next: Option<usize>) -> Option<String> {
        if held.file.signature.is_some() && signature.is_none() {
            return Some("its signature is not written in hexadecimal".to_owned());
        }
        if next.is_some() {
            return None;
        }
        self.signed_differing(at).map(|_| "the digest after it, which is signed, holds another hash or signature for it".to_owned())
    }

    /// A digest after this one whose own signature verifies, and that holds another hash or another signature for it.
    fn signed_differing(&self, at: usize) -> Option<usize> {
        let differing = self.digests.differing(at);
        let is_signed = |next: &usize| match self.of(*next) {
            Some(judged) => judged.standing == Standing::Signed,
            // Not judged, for it does not lead here by hash.
            None => self.digests.get(*next).is_some_and(|held| {
                let signature = metadata_signature(held);
                let key = self.key(held, signature.as_ref());
                self.standing(held, signature.as_ref(), key, None) == Standing::Signed
            }),
        };
        self.digests.holding(at).iter().copied().chain(differing).find(is_signed)
    }

    /// The digest after it: one that holds its hash and its signature, and of several a proven one.
    fn next(&self, at: usize, signature: Option<&Signature>) -> Option<usize> {
        let own = signature.map(|signature| hex::encode(&signature.bytes));
        let fits = |next: &&usize| {
            let held = self.digests.get(**next).and_then(|held| held.digest.previous_digest_signature.as_ref());
            own.is_none() || held == own.as_ref()
        };
        let fitting: Vec<usize> = self.digests.holding(at).iter().filter(fits).copied().collect();
        let proven = |next: &&usize| self.of(**next).is_some_and(|judged| judged.standing.is_proven());
        fitting.iter().find(proven).or_else(|| fitting.first()).copied()
    }

    /// The digest's own signature, wherever it stands.
    fn signature(&self, at: usize, held: &Held) -> Option<Signature> {
        if held.file.signature.is_some() {
            return metadata_signature(held);
        }
        let proven = |next: &usize| self.of(*next).is_some_and(|judged| judged.standing.is_proven());
        let holding = self.digests.holding(at);
        let next = holding.iter().find(|next| proven(next)).or_else(|| holding.first())?;
        let text = self.digests.get(*next)?.digest.previous_digest_signature.as_ref()?;
        Some(Signature { bytes: hex::decode(text).ok()?, found: Found::Next })
    }

    /// The key that the digest names: the one that verifies, else the first.
    fn key(&self, held: &'a Held, signature: Option<&Signature>) -> Option<Used<'a>> {
        let fingerprint = &held.digest.digest_public_key_fingerprint;
        if !is_fingerprint(fingerprint) || unknown_algorithm(held).is_some() {
            return None;
        }
        let found = self.rings.iter().flat_map(|ring| {
            let keys = ring.keys.find(fingerprint, &held.file.region);
            keys.filter_map(|key| Some(Used { key, public: key.key.as_ref().ok()?, origin: &ring.origin }))
        });
        let all: Vec<Used> = found.collect();
        let message = to_sign(held);
        let verifies = |used: &&Used| signature.is_some_and(|s| used.public.verify(message.as_bytes(), &s.bytes));
        all.iter().find(verifies).or_else(|| all.first()).copied()
    }
}

/// The signature algorithm that the digest names, unless it is the only one that is known.
fn unknown_algorithm(held: &Held) -> Option<&String> {
    held.digest.digest_signature_algorithm.as_ref().filter(|name| *name != SHA256_WITH_RSA)
}

/// What the digest's signature is over.
pub(super) fn to_sign(held: &Held) -> String {
    held.digest.string_to_sign(&held.sha256)
}

fn metadata_signature(held: &Held) -> Option<Signature> {
    let bytes = held.file.signature.as_ref().and_then(|text| hex::decode(text).ok())?;
    Some(Signature { bytes, found: Found::Metadata })
}

/// Whether a file can be named after it.
fn is_fingerprint(text: &str) -> bool {
    (1..=FINGERPRINT_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
