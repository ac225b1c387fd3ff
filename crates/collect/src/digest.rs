//! Digests are kept as they came: their bytes are the evidence, and whether they are any good is judged later.
//!
//! What is wrong with one is noted and is no reason to refuse it: a digest that somebody has damaged says more than none.

use lake::{Evidence, Incoming};
use record::Inflater;
use sha2::{Digest as _, Sha256};

use crate::collector::family_name;
use crate::source::Fetched;
use layout::Family;

/// What is kept of a digest.
pub fn evidence(fetched: Fetched, inflater: &mut Inflater, limit_bytes: u64) -> Evidence {
    let content = inflater.content(&fetched.body, limit_bytes);
    Evidence {
        content: content.as_ref().ok().map(|content| (content.len() as u64, Sha256::digest(content).into())),
        reason: content.err().map(|error| error.to_string()),
        metadata: fetched.metadata,
        stored: fetched.body,
    }
}

/// Takes note of a digest under a key that says nothing: it says itself where it belongs. `false` if it is none.
pub fn recognize(incoming: &mut Incoming, content: &[u8]) -> bool {
    let Ok(digest) = seal::Digest::parse(content) else { return false };
    let place = layout::place(&digest.digest_s3_object).filter(|place| place.family == Family::Digest);
    incoming.family = Some(family_name(Family::Digest).to_owned());
    incoming.account = place.as_ref().map(|place| place.account.clone()).or(digest.aws_account_id);
    incoming.region = place.as_ref().map(|place| place.region.clone());
    incoming.delivered_us = place.and_then(|place| place.delivered).map(|time| time.timestamp_micros());
    true
}
