//! From an object's bytes to what the lake keeps: inflate, hash, find the records, take them apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lake::append::Body;
use lake::{Batch, Incoming};
use record::{Content, EnvelopeError, Inflater, Parsed, Parser};
use sha2::{Digest, Sha256};

use crate::collector::family_name;
use crate::digest;
use crate::source::{Fetched, Listed, SourceError};
use layout::Kind;

/// An object as it was listed and fetched.
pub struct Raw {
    origin: String,
    /// How it was listed.
    pub listed: Listed,
    /// Its bytes, or why there are none.
    pub body: Result<Fetched, SourceError>,
}

impl Raw {
    /// An object of a source.
    pub fn new(origin: &str, listed: Listed, body: Result<Fetched, SourceError>) -> Raw {
        Raw { origin: origin.to_owned(), listed, body }
    }

    /// How large the content probably is: gzip files say so at their end.
    pub fn content_bytes_guess(&self) -> u64 {
        let Ok(fetched) = &self.body else { return 0 };
        let stored = fetched.body.len() as u64;
        match fetched.body.split_last_chunk::<4>() {
            Some((_, size)) if record::inflate::is_gzip(&fetched.body) => {
                u64::from(u32::from_le_bytes(*size)).min(stored * 40).max(stored)
            }
            _ => stored,
        }
    }
}

/// The day in a key, as the ledger is partitioned.
pub fn day_of(key: &str) -> String {
    layout::place(key).and_then(|place| place.day).map_or_else(|| "unknown".to_owned(), |day| day.to_string())
}

/// Reads objects on several threads; gives them back in their order, and why some of them are none of ours.
pub fn read_all(objects: Vec<Raw>, threads: usize, limit_bytes: u64) -> (Batch, Vec<&'static str>) {
    let count = objects.len();
    let waiting: Vec<Mutex<Option<Raw>>> = objects.into_iter().map(|raw| Mutex::new(Some(raw))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut inflater, mut parser) = (Inflater::default(), Parser::default());
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = waiting.get(at) else { return done };
            let taken = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(raw) = taken {
                done.push((at, read(raw, &mut inflater, &mut parser, limit_bytes)));
            }
        }
    };
    let mut read: Vec<(usize, Option<Incoming>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count).max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        all.extend(others.into_iter().filter_map(|thread| thread.join().ok()).flatten());
        all
    });
    read.sort_by_key(|(at, _)| *at);
    let foreign = read.iter().filter(|(_, incoming)| incoming.is_none()).map(|_| "JSON without CloudTrail records").collect();
    (read.into_iter().filter_map(|(_, incoming)| incoming).collect(), foreign)
}

/// Reads one object; `None` if it is JSON of another kind outside CloudTrail's layout.
fn read(raw: Raw, inflater: &mut Inflater, parser: &mut Parser, limit_bytes: u64) -> Option<Incoming> {
    let place = layout::place(&raw.listed.key);
    let mut incoming = Incoming {
        origin: raw.origin,
        day: day_of(&raw.listed.key),
        family: place.as_ref().map(|place| family_name(place.family).to_owned()),
        account: place.as_ref().map(|place| place.account.clone()),
        region: place.as_ref().map(|place| place.region.clone()).filter(|region| !region.is_empty()),
        delivered_us: place.as_ref().and_then(|place| place.delivered).map(|time| time.timestamp_micros()),
        stored_bytes: raw.listed.size_bytes,
        stored_sha256: None,
        etag: raw.listed.etag,
        key: raw.listed.key,
        body: Body::Refused { reason: String::new(), kept: None },
    };
    let fetched = match raw.body {
        Ok(fetched) => fetched,
        Err(error) => {
            incoming.body = Body::Refused { reason: error.to_string(), kept: None };
            return Some(incoming);
        }
    };
    // What counts is what was read, not what was listed a moment earlier.
    incoming.etag.clone_from(&fetched.etag);
    incoming.stored_bytes = fetched.body.len() as u64;
    incoming.stored_sha256 = Some(Sha256::digest(&fetched.body).into());
    if layout::kind(&incoming.key) == Kind::Digest {
        incoming.body = Body::Evidence(digest::evidence(fetched, inflater, limit_bytes));
        return Some(incoming);
    }
    match content_of(&fetched.body, inflater, parser, limit_bytes) {
        Ok(body) => incoming.body = body,
        Err(Trouble::Foreign(content)) if place.is_none() => {
            if !digest::recognize(&mut incoming, content.as_bytes()) {
                return None;
            }
            incoming.body = Body::Evidence(digest::evidence(fetched, inflater, limit_bytes));
        }
        Err(Trouble::Foreign(_)) => incoming.body = refused(EnvelopeError::NoRecords.to_string(), fetched),
        Err(Trouble::Bad(reason)) => incoming.body = refused(reason, fetched),
    }
    Some(incoming)
}

fn refused(reason: String, fetched: Fetched) -> Body {
    Body::Refused { reason, kept: Some(fetched.body) }
}

/// Why content gave no records.
enum Trouble {
    /// JSON of another kind.
    Foreign(Content),
    /// Damaged.
    Bad(String),
}

fn content_of(stored: &[u8], inflater: &mut Inflater, parser: &mut Parser, limit_bytes: u64) -> Result<Body, Trouble> {
    let content = inflater.content(stored, limit_bytes).map_err(|error| Trouble::Bad(error.to_string()))?;
    let sha256 = Sha256::digest(&content).into();
    let content = Content::from(content);
    let mut parsed = Parsed::default();
    match parser.delivery(&content, &mut parsed) {
        Ok(frame) => Ok(Body::Read { sha256, parsed, frame, content }),
        Err(EnvelopeError::NoRecords) => Err(Trouble::Foreign(content)),
        Err(other) => Err(Trouble::Bad(other.to_string())),
    }
}
