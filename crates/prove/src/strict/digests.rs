//! The digests of one day: listed, read on all threads, and laid out newest first.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use layout::DigestName;
use seal::digest::Digest;

use super::content::Scratch;
use super::days::day_prefix;
use super::discover::{CellId, Folder};
use super::intervals::Time;
use super::listing::{Continue, pages};
use super::outside::Outside;
use super::parse;
use crate::store::{Body, Refusal};

/// Most objects in one day's folder of digests that are looked at; a trail makes 24.
const DIGESTS_PER_DAY_MAX: usize = 20_000;
/// Digests up to this size, as stored, are kept until their log files are checked; larger ones are read again.
const KEPT_BYTES_MAX: usize = 16 << 10;
/// Longest time that one digest may cover. CloudTrail writes one an hour.
const WINDOW_MAX: TimeDelta = TimeDelta::days(7);

/// A digest as it was listed.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) site: usize,
    pub(super) key: String,
    pub(super) name: DigestName,
}

/// What a day's folders hold.
#[derive(Default)]
pub(super) struct DayListed {
    /// Newest first.
    pub(super) named: Vec<Named>,
    /// Objects that are not named as digests of this cell and day are.
    pub(super) misnamed: Vec<(usize, String)>,
    pub(super) unlisted: Vec<(String, Refusal)>,
    /// Whether there were more than are looked at.
    pub(super) is_cut: bool,
}

/// A digest as it was read.
pub(super) struct Seen {
    pub(super) named: Named,
    pub(super) read: Result<Read, Trouble>,
}

/// The content of a digest, and what the store knows about its object.
pub(super) struct Read {
    pub(super) digest: Digest,
    pub(super) sha256: [u8; 32],
    /// How many log files it names.
    pub(super) files: u64,
    pub(super) signature: Option<String>,
    pub(super) algorithm: Option<String>,
    /// When a backfill digest was made.
    pub(super) made: Option<Time>,
    /// The object as stored, if it is small.
    pub(super) stored: Option<Arc<[u8]>>,
    pub(super) stored_bytes: u64,
    pub(super) content_bytes: u64,
}

/// Why a digest could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The store refused.
    Refused(Refusal),
    /// It is no digest.
    Bad(String),
}

/// Lists the digests of a day.
pub(super) fn list(outside: &Outside<'_>, id: &CellId, folders: &[Folder], day: NaiveDate) -> DayListed {
    let mut listed = DayListed::default();
    for folder in folders {
        let Some(store) = outside.sites.store(folder.site) else { continue };
        let prefix = day_prefix(folder, day);
        let done = pages(store.as_ref(), &prefix, None, |_, objects| {
            objects.into_iter().for_each(|object| listed.add(id, folder.site, day, object.key));
            if listed.named.len() + listed.misnamed.len() < DIGESTS_PER_DAY_MAX {
                return Continue::Yes;
            }
            listed.is_cut = true;
            Continue::No
        });
        listed.unlisted.extend(done.err().map(|refusal| (prefix, refusal)));
    }
    listed.named.sort_by(|a, b| (b.name.end, &b.key, b.site).cmp(&(a.name.end, &a.key, a.site)));
    listed
}

impl DayListed {
    fn add(&mut self, id: &CellId, site: usize, day: NaiveDate, key: String) {
        let name = layout::digest_name(&key);
        let fits = |name: &DigestName| name.account == id.account && name.region == id.region && name.end.date_naive() == day;
        match name.filter(fits) {
            Some(name) => self.named.push(Named { site, key, name }),
            None => self.misnamed.push((site, key)),
        }
    }
}

/// Reads one digest.
pub(super) fn read(outside: &Outside<'_>, named: &Named, scratch: &mut Scratch) -> Result<Read, Trouble> {
    let Some(store) = outside.sites.store(named.site) else { return Err(Trouble::Refused(Refusal::NotFound)) };
    let object = store.read(&named.key, outside.limits.stored_bytes_max).map_err(Trouble::Refused)?;
    let Body::Stored(stored) = &object.body else {
        return Err(Trouble::Refused(Refusal::Unreadable("the store does not keep the digest itself".to_owned())));
    };
    let mut files = 0;
    let parsed = parse::parse(stored, &mut scratch.digests, &mut |_| files += 1).map_err(Trouble::Bad)?;
    let text = |name| object.meta(name).map(str::to_owned);
    Ok(Read {
        files,
        signature: text(seal::produce::SIGNATURE),
        algorithm: text(seal::produce::SIGNATURE_ALGORITHM),
        made: object.meta(seal::produce::BACKFILL_GENERATION_TIMESTAMP).and_then(made),
        stored: (stored.len() <= KEPT_BYTES_MAX).then(|| Arc::from(stored.as_slice())),
        stored_bytes: stored.len() as u64,
        content_bytes: parsed.content_bytes,
        sha256: parsed.sha256,
        digest: parsed.digest,
    })
}

fn made(text: &str) -> Option<Time> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

/// The time that a digest covers, if it can be: as its name says, forwards, and not too long.
pub(super) fn window(digest: &Digest, name: &DigestName) -> Result<(Time, Time), String> {
    let (Some(start), Some(end)) = (time(&digest.digest_start_time), time(&digest.digest_end_time)) else {
        return Err("its times are not written as CloudTrail writes them".to_owned());
    };
    if end != name.end {
        return Err(format!("it says that it ends at {}, its name says something else", digest.digest_end_time));
    }
    if start >= end || end - start > WINDOW_MAX {
        return Err(format!("it covers the time from {} to {}, which cannot be", digest.digest_start_time, digest.digest_end_time));
    }
    Ok((start, end))
}

fn time(text: &str) -> Option<Time> {
    // Exactly 20 characters: chrono would take years of more digits, and signs.
    let read = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok().filter(|_| text.len() == 20);
    read.map(|time| time.and_utc()).filter(|time: &DateTime<Utc>| *time > DateTime::UNIX_EPOCH)
}
