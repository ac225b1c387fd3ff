//! From an object's bytes to what the lake keeps: inflate, hash, find the records, take them apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lake::{Batch, Body, Incoming, SPARE_BYTES_MIN, Share, Spare};
use record::inflate::is_gzip;
use record::{Content, EnvelopeError, Inflater, Parsed, Parser};
use sha2::{Digest, Sha256};

use crate::collector::family_name;
use crate::digest;
use crate::queue::Ticket;
use crate::source::{Fetched, Listed, SourceError};
use layout::Kind;
use message::subscription;

/// An object as it was listed and fetched.
pub struct Raw {
    origin: String,
    carried: Carried,
    /// The part of a queue's message that it is; to be handed back when it is durable.
    pub ticket: Option<Ticket>,
    /// How it was listed.
    pub listed: Listed,
    /// Its bytes, or why there are none.
    pub body: Result<Fetched, SourceError>,
}

/// How an object came.
enum Carried {
    /// Listed by its source.
    Listed,
    /// In a message that was sent on this day.
    InMessage(String),
    /// It is a message, sent on this day, that cannot be followed for this reason.
    SetAside(String, String),
}

impl Raw {
    /// An object of a source.
    pub fn new(origin: &str, listed: Listed, body: Result<Fetched, SourceError>) -> Raw {
        Raw { origin: origin.to_owned(), carried: Carried::Listed, ticket: None, listed, body }
    }

    /// Records that a message brought, sent on this day.
    pub fn in_message(origin: &str, listed: Listed, fetched: Fetched, day: String) -> Raw {
        Raw { carried: Carried::InMessage(day), ..Raw::new(origin, listed, Ok(fetched)) }
    }

    /// A message that is kept as evidence, for a reason.
    pub fn set_aside(origin: &str, listed: Listed, fetched: Fetched, day: String, reason: String) -> Raw {
        Raw { carried: Carried::SetAside(day, reason), ..Raw::new(origin, listed, Ok(fetched)) }
    }

    /// The day under which the ledger files it.
    fn day(&self) -> String {
        match &self.carried {
            Carried::Listed => day_of(&self.listed.key),
            Carried::InMessage(day) | Carried::SetAside(day, _) => day.clone(),
        }
    }

    /// How large the content probably is: gzip files say so at their end.
    pub fn content_bytes_guess(&self) -> u64 {
        let Ok(fetched) = &self.body else { return 0 };
        let stored = fetched.body.len() as u64;
        match fetched.body.split_last_chunk::<4>() {
            Some((_, size)) if is_gzip(&fetched.body) => u64::from(u32::from_le_bytes(*size)).min(stored * 40).max(stored),
            _ => stored,
        }
    }
}

/// The day in a key, as the ledger is partitioned.
pub fn day_of(key: &str) -> String {
    layout::place(key).and_then(|place| place.day).map_or_else(|| "unknown".to_owned(), |day| day.to_string())
}

/// Reads objects on several threads, in the memory of earlier ones where there is some; gives them back in their order, and why some of
/// them are none of ours.
pub fn read_all(objects: Vec<Raw>, spares: Vec<Spare>, threads: usize, limit_bytes: u64) -> (Batch, Vec<&'static str>) {
    let count = objects.len();
    let waiting: Vec<Mutex<Option<Raw>>> = objects.into_iter().map(|raw| Mutex::new(Some(raw))).collect();
    let (next, spares) = (AtomicUsize::new(0), Mutex::new(spares));
    let work = || {
        let mut reader = Reader { inflater: Inflater::default(), parser: Parser::default(), limit_bytes, spares: &spares };
        let (mut share, mut foreign) = (Share::default(), Vec::new());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = waiting.get(at) else { return (share, foreign) };
            let taken = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            match taken.map(|raw| reader.read(raw)) {
                Some(Ok(incoming)) => share.add(at, incoming),
                Some(Err(reason)) => foreign.push(reason),
                None => {}
            }
        }
    };
    let (shares, foreign): (Vec<Share>, Vec<Vec<&'static str>>) = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count).max(1)).map(|_| scope.spawn(work)).collect();
        let own = work();
        std::iter::once(own).chain(others.into_iter().filter_map(|thread| thread.join().ok())).unzip()
    });
    (Batch::of(shares), foreign.concat())
}

/// What a thread reads with.
struct Reader<'a> {
    inflater: Inflater,
    parser: Parser,
    limit_bytes: u64,
    spares: &'a Mutex<Vec<Spare>>,
}

impl Reader<'_> {
    /// Reads one object; an error says why it is none of ours: JSON of another kind outside CloudTrail's layout.
    fn read(&mut self, raw: Raw) -> Result<Incoming, &'static str> {
        let place = layout::place(&raw.listed.key);
        let spare = self.spare(&raw);
        let mut incoming = Incoming {
            day: raw.day(),
            origin: raw.origin,
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
                return Ok(incoming);
            }
        };
        // What counts is what was read, not what was listed a moment earlier.
        incoming.etag.clone_from(&fetched.etag);
        incoming.stored_bytes = fetched.body.len() as u64;
        incoming.stored_sha256 = Some(Sha256::digest(&fetched.body).into());
        if let Carried::SetAside(_, reason) = raw.carried {
            incoming.body = refused(reason, fetched);
            return Ok(incoming);
        }
        if layout::kind(&incoming.key) == Kind::Digest {
            incoming.body = Body::Evidence(digest::evidence(fetched, &mut self.inflater, self.limit_bytes));
            return Ok(incoming);
        }
        match self.content_of(&fetched.body, spare) {
            Ok(body) => incoming.body = body,
            Err(Trouble::Nothing(reason)) => return Err(reason),
            Err(Trouble::Foreign(content)) if place.is_none() && matches!(raw.carried, Carried::Listed) => {
                if !digest::recognize(&mut incoming, content.as_bytes()) {
                    return Err("JSON without CloudTrail records");
                }
                incoming.body = Body::Evidence(digest::evidence(fetched, &mut self.inflater, self.limit_bytes));
            }
            Err(Trouble::Foreign(_)) => incoming.body = refused(EnvelopeError::NoRecords.to_string(), fetched),
            Err(Trouble::Bad(reason)) => incoming.body = refused(reason, fetched),
        }
        Ok(incoming)
    }

    /// Memory for an object's content; none is used again for a small one.
    fn spare(&self, raw: &Raw) -> Spare {
        if raw.content_bytes_guess() < SPARE_BYTES_MIN as u64 {
            return Spare::default();
        }
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// The records in stored bytes.
    fn content_of(&mut self, stored: &[u8], spare: Spare) -> Result<Body, Trouble> {
        let bad = |error: &dyn std::fmt::Display| Trouble::Bad(error.to_string());
        let mut content = self.inflater.content_in(stored, self.limit_bytes, spare.content).map_err(|error| bad(&error))?;
        // Firehose packs once more what came packed.
        if is_gzip(&content) {
            content = self.inflater.content(&content, self.limit_bytes).map_err(|error| bad(&error))?;
        }
        match self.records_of(content, spare.parsed) {
            Err(Trouble::Foreign(content)) => match subscription::log_events(content.as_bytes()) {
                Ok(None) => Err(Trouble::Foreign(content)),
                Ok(Some(lines)) if lines.is_empty() => Err(Trouble::Nothing(subscription::CONTROL)),
                Ok(Some(lines)) => self.records_of(lines, Parsed::default()),
                Err(error) => Err(bad(&error)),
            },
            read => read,
        }
    }

    /// The records in content.
    fn records_of(&mut self, content: Vec<u8>, mut parsed: Parsed) -> Result<Body, Trouble> {
        let content = Content::from(content);
        match self.parser.delivery_and_sha256(&content, &mut parsed) {
            Ok((frame, sha256)) => Ok(Body::Read { sha256, parsed, frame, content }),
            Err(EnvelopeError::NoRecords) => Err(Trouble::Foreign(content)),
            Err(other) => Err(Trouble::Bad(other.to_string())),
        }
    }
}

fn refused(reason: String, fetched: Fetched) -> Body {
    Body::Refused { reason, kept: Some(fetched.body) }
}

/// Why content gave no records.
enum Trouble {
    /// JSON of another kind.
    Foreign(Content),
    /// Something that only says that it works, and what.
    Nothing(&'static str),
    /// Damaged.
    Bad(String),
}
