//! The judgment of `aws cloudtrail validate-logs`, line for line, over any store and without AWS.
//!
//! For whoever has procedures that read those lines, and to show what the strict judgment sees beside them: the CLI passes over a forged log
//! file that no digest names, a newest digest that was deleted, and a link to the digest before with a wrong hash or signature.
//!
//! Standard output, standard error and exit code (0, 1, 255) are those of version 1.46 of the CLI on Python 3.11, for digests that are none as
//! well: what those raise there is what is said here.
//!
//! Known differences, all of them in what no CloudTrail writes:
//! - Digests that are linked in a circle, where the CLI never ends, end: the line says `INVALID: is linked to from an older digest`.
//! - An object that is larger than the limits, or cannot be read for reasons that are not S3's, ends everything with 255 and its own text.
//! - A bucket that a digest names and that was not given is one without objects.
//! - Keys are read as strictly as CloudTrail writes them (PKCS #1 in base64, RSA of 1,024 to 8,192 bits).
//! - Dates that take today's date for what they lack (`10:00`) are refused; lists and objects where a text should be are not spelled out.

mod ahead;
mod buckets;
mod digests;
mod gunzip;
mod lines;
mod listing;
mod logs;
mod python;
pub mod trails;
mod trouble;
mod walk;
mod wanted;

use std::collections::VecDeque;
use std::io::{self, Write};

use chrono::{DateTime, Utc};

use crate::strict::{KeySource, Options, Stores};
use ahead::{Ahead, Jobs, Pending};
use buckets::Buckets;
use digests::{Chain, Digests};
use lines::Lines;
use logs::{Limits, Verdict};
use walk::{Event, Found, Ground, Walk};
use wanted::{Place, Wanted};

pub use lines::{ENDED, INVALID, VALID};

/// Log files that are being checked when the walk through the chain goes on.
const LOGS_AHEAD_MAX: usize = 1_024;

/// The arguments of `aws cloudtrail validate-logs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LikeAws {
    /// `--trail-arn`.
    pub trail_arn: String,
    /// `--start-time`.
    pub start_time: String,
    /// `--end-time`; without it, the clock.
    pub end_time: Option<String>,
    /// `--account-id`; needed for organization trails.
    pub account_id: Option<String>,
    /// `--s3-bucket`: with it nothing is looked up, as if the trail were none of an organization.
    pub bucket: Option<String>,
    /// `--s3-prefix`: what stands before `/AWSLogs/`; only with a bucket.
    pub prefix: Option<String>,
    /// The organization's ID; only with a bucket. The CLI has no such argument.
    pub organization_id: Option<String>,
    /// `--region`: the Region whose digests are walked through.
    pub region: String,
    /// `--verbose`: valid files have lines as well.
    pub verbose: bool,
}

/// What is judged, and with which means.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The bucket or its copy, and others by name.
    pub stores: &'a Stores,
    /// Public keys.
    pub keys: &'a dyn KeySource,
    /// Reads at the same time.
    pub threads: usize,
    /// Largest object as stored, in bytes.
    pub stored_bytes_max: u64,
    /// Largest content, in bytes.
    pub content_bytes_max: u64,
}

impl<'a> Means<'a> {
    /// With the usual limits.
    pub fn new(stores: &'a Stores, keys: &'a dyn KeySource, threads: usize) -> Means<'a> {
        let Options { stored_bytes_max, content_bytes_max, .. } = Options::default();
        Means { stores, keys, threads, stored_bytes_max, content_bytes_max }
    }
}

impl LikeAws {
    /// Judges; returns the exit code. An error is one of writing lines.
    pub fn run(&self, means: Means<'_>, now: DateTime<Utc>, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
        let mut lines = Lines::new(out, err, self.verbose);
        let prepared = Wanted::read(self, now).and_then(|wanted| Ok((self.place(means.stores, &wanted)?, wanted)));
        let (place, wanted) = match prepared {
            Ok(prepared) => prepared,
            Err(text) => return lines.end(&text),
        };
        lines.header(&wanted)?;
        let jobs = Jobs::default();
        let buckets = Buckets::new(means.stores, &place.bucket);
        let limits = Limits { stored_bytes_max: means.stored_bytes_max, content_bytes_max: means.content_bytes_max };
        jobs.with_threads(means.threads, || {
            let ground = Ground { wanted: &wanted, place: &place, buckets };
            let mut ahead = Ahead::new(&jobs, buckets, limits);
            match Judging::begin(ground, means.keys, &mut ahead) {
                Ok(judging) => judging.write(&mut lines),
                Err(text) => lines.end(&text),
            }
        })
    }

    /// Where the digests are: as the arguments say, else as the digests' names say.
    fn place(&self, stores: &Stores, wanted: &Wanted) -> Result<Place, String> {
        let Some(bucket) = &self.bucket else {
            let place = trails::place(stores.main.as_ref(), wanted, self.account_id.as_deref(), &self.region)?;
            if place.organization.is_some() && self.account_id.is_none() {
                return Err("Missing required parameter for organization trail: '--account-id'".to_owned());
            }
            return Ok(place);
        };
        Ok(Place {
            bucket: bucket.clone(),
            prefix: self
                .prefix
                .as_deref()
                .filter(|prefix| !prefix.is_empty())
                .map_or_else(String::new, |prefix| format!("{prefix}/")),
            organization: self.organization_id.clone(),
            account: self.account_id.as_ref().unwrap_or(&wanted.arn.account).clone(),
            region: self.region.clone(),
        })
    }
}

/// The two chains, one after the other, and what was found on the way.
struct Judging<'a, 'j, 'e> {
    wanted: &'e Wanted,
    walks: VecDeque<Walk<'e>>,
    digests: Digests<'e>,
    ahead: &'a mut Ahead<'j, 'e>,
    found: Found,
    events: VecDeque<Event>,
    /// Log files among the events.
    logs: usize,
}

impl<'a, 'j, 'e> Judging<'a, 'j, 'e> {
    fn begin(ground: Ground<'e>, source: &'e dyn KeySource, ahead: &'a mut Ahead<'j, 'e>) -> Result<Judging<'a, 'j, 'e>, String> {
        let Ground { wanted, place, buckets } = ground;
        let name = buckets::bucket_name_of(&place.bucket)?;
        let keys = match buckets.find(name) {
            Some(store) => listing::keys(store, place, wanted).map_err(|trouble| trouble.text(|| "not found".to_owned()))?,
            None => listing::Keys::default(),
        };
        let digests = Digests::new(wanted, &place.region, source).map_err(|trouble| trouble.text(|| Digests::no_keys(wanted)))?;
        let standard = Walk::new(ground, Chain::Standard, keys.standard);
        let backfill = Walk::new(ground, Chain::Backfill, keys.backfill);
        let walks = VecDeque::from([standard, backfill]);
        Ok(Judging { wanted, walks, digests, ahead, found: Found::default(), events: VecDeque::new(), logs: 0 })
    }

    /// Walks, ahead of the lines, and writes these in their order.
    fn write(mut self, lines: &mut Lines<'_>) -> io::Result<u8> {
        loop {
            while self.logs < LOGS_AHEAD_MAX && !self.walks.is_empty() {
                self.walk();
            }
            match self.events.pop_front() {
                None => return lines.summary(self.wanted, self.found),
                Some(Event::End(text)) => return lines.end(&text),
                Some(Event::Valid(chain, place)) => lines.digest(chain, &place, None)?,
                Some(Event::Invalid(chain, place, text)) => lines.digest(chain, &place, Some(&text))?,
                Some(Event::Gap(chain, from, to)) => lines.gap(chain, &from.text(), &to.text())?,
                Some(Event::Log(place, pending)) => {
                    self.logs = self.logs.saturating_sub(1);
                    if let Some(text) = log(lines, &place, pending)? {
                        return lines.end(&text);
                    }
                }
            }
        }
    }

    /// One digest further.
    fn walk(&mut self) {
        let Some(walk) = self.walks.front_mut() else { return };
        let before = self.events.len();
        let stepped = walk.step(&mut self.digests, self.ahead, &mut self.found, &mut self.events);
        self.logs += self.events.iter().skip(before).filter(|event| matches!(event, Event::Log(..))).count();
        match stepped {
            Ok(true) => {}
            Ok(false) => drop(self.walks.pop_front()),
            Err(text) => {
                self.events.push_back(Event::End(text));
                self.walks.clear();
            }
        }
    }
}

/// A log file's line; what ends everything is returned.
fn log(lines: &mut Lines<'_>, place: &str, pending: Pending) -> io::Result<Option<String>> {
    match pending.wait() {
        Verdict::Valid => lines.log(place, None).map(|()| None),
        Verdict::Invalid(text) => lines.log(place, Some(text)).map(|()| None),
        Verdict::End(text) => Ok(Some(text)),
    }
}
