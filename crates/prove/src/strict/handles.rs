//! Digests of which the log files are still to be checked or compared.

use std::sync::Arc;

use seal::LogFile;

use super::authentic::Status;
use super::intervals::Time;
use super::outside::Outside;
use super::parse::{Buffers, parse};
use crate::store::{Body, Refusal};

/// A digest that is not invalid and names log files.
pub(super) struct Handle {
    pub(super) site: usize,
    pub(super) key: String,
    pub(super) trail: Arc<str>,
    pub(super) sha256: [u8; 32],
    /// The object as stored, if it is small.
    pub(super) stored: Option<Arc<[u8]>>,
    pub(super) status: Status,
    pub(super) is_start: bool,
    pub(super) window: (Time, Time),
    /// Whether its log files are of the range, and to be checked.
    pub(super) is_wanted: bool,
    pub(super) is_checked: bool,
    /// What the names of its log files say, once they were checked.
    pub(super) span: Span,
}

/// Times in names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    /// The first and the last.
    between: Option<(Time, Time)>,
    /// Whether a name says none.
    has_odd: bool,
}

impl Span {
    pub(super) fn add(&mut self, at: Option<Time>) {
        match (at, self.between) {
            (None, _) => self.has_odd = true,
            (Some(at), None) => self.between = Some((at, at)),
            (Some(at), Some((first, last))) => self.between = Some((first.min(at), last.max(at))),
        }
    }
}

impl Handle {
    /// Whether it may name files that were delivered in this time, as far as is known.
    pub(super) fn reaches(&self, from: Time, to: Time) -> bool {
        let meets = |(start, end): (Time, Time)| start < to && end >= from;
        // The clocks that name files and those that cut hours need not be one.
        let (start, end) = self.window;
        let slack = super::range::HOUR;
        self.span.has_odd
            || self.span.between.is_some_and(meets)
            || meets((super::range::less(start, slack), super::range::more(end, slack)))
    }

    pub(super) fn reaches_before(&self, time: Time) -> bool {
        self.window.0 < time || self.span.has_odd || self.span.between.is_some_and(|(first, _)| first < time)
    }

    /// Hands on the log files once more; an error if the digest is not the one that was judged.
    pub(super) fn each_file(
        &self,
        outside: &Outside<'_>,
        buffers: &mut Buffers,
        each: &mut dyn FnMut(LogFile),
    ) -> Result<(), String> {
        let read = match &self.stored {
            Some(_) => None,
            None => Some(self.read(outside).map_err(|refusal| format!("it could not be read once more: {refusal}"))?),
        };
        let stored = self.stored.as_deref().or(read.as_deref()).unwrap_or_default();
        let parsed = parse(stored, buffers, each)?;
        if parsed.sha256 == self.sha256 { Ok(()) } else { Err("it was changed while it was verified".to_owned()) }
    }

    fn read(&self, outside: &Outside<'_>) -> Result<Vec<u8>, Refusal> {
        let store = outside.sites.store(self.site).ok_or(Refusal::NotFound)?;
        match store.read(&self.key, outside.limits.stored_bytes_max)?.body {
            Body::Stored(stored) => Ok(stored),
            Body::Rebuilt { .. } => Err(Refusal::Unreadable("the store does not keep the digest itself".to_owned())),
        }
    }
}
