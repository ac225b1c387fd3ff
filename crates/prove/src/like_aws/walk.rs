//! The way through a chain: from the newest digest to the one before it, as digests tell, and to the next older one that is listed where they
//! do not.
//!
//! A digest that was valid before is not followed again. The AWS CLI would go round for ever; here the line says so and the walk goes on.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};

use super::ahead::{Ahead, Pending};
use super::buckets::{Buckets, bucket_name};
use super::digests::{Chain, Digests, ValidDigest};
use super::listing::{self, Keys};
use super::logs;
use super::python::dates::{self, Stamp};
use super::python::value::Value;
use super::trouble::Trouble;
use super::wanted::{Place, Wanted, unparsed};

/// Something that has a line, in the order of the lines.
pub enum Event {
    /// A digest is valid.
    Valid(Chain, String),
    /// A digest is not, and why.
    Invalid(Chain, String, String),
    /// A log file of the last digest.
    Log(String, Pending),
    /// Nothing was delivered from the end of the next older digest to the begin of this one.
    Gap(Chain, Stamp, Stamp),
    /// Everything ends here, and why.
    End(String),
}

/// What does not change on the way.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Range and trail.
    pub wanted: &'a Wanted,
    /// Where the trail's digests are.
    pub place: &'a Place,
    /// Buckets.
    pub buckets: Buckets<'a>,
}

/// The earliest begin and the latest end of valid digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found(pub Option<(Stamp, Stamp)>);

/// A walk through one chain.
pub struct Walk<'a> {
    ground: Ground<'a>,
    chain: Chain,
    bucket: Value,
    /// Digests that are listed and were not passed yet, oldest first.
    keys: Vec<String>,
    /// The digest that comes next.
    key: Value,
    /// Begin of the last valid digest; before there is one, the end of the newest.
    last_start: Option<Stamp>,
    /// Digests that were valid, by bucket and key.
    passed: HashSet<(String, String)>,
}

impl<'a> Walk<'a> {
    /// Begins with the newest digest that is listed.
    pub fn new(ground: Ground<'a>, chain: Chain, mut keys: Vec<String>) -> Walk<'a> {
        let key = keys.pop().map_or(Value::None, Value::Str);
        let bucket = Value::Str(ground.place.bucket.clone());
        Walk { ground, chain, bucket, keys, key, last_start: None, passed: HashSet::new() }
    }

    /// Looks at one digest; returns whether there was one. An error ends everything.
    pub fn step(
        &mut self,
        digests: &mut Digests<'_>,
        ahead: &mut Ahead<'_, '_>,
        found: &mut Found,
        events: &mut VecDeque<Event>,
    ) -> Result<bool, String> {
        if !self.key.is_true() || self.ground.wanted.start.compare(self.last_start()?)? == Ordering::Greater {
            return Ok(false);
        }
        self.expect(ahead);
        let stepped = match self.load(digests, ahead) {
            Ok(digest) => {
                found.include(digest.start, digest.end, self.ground.wanted)?;
                self.take(digest, ahead, events)
            }
            Err(trouble) => Err(trouble),
        };
        match stepped {
            Ok(()) => Ok(true),
            Err(Trouble::NotFound) => self.pass_over("not found", events),
            Err(Trouble::Invalid(text)) => self.pass_over(&text, events),
            Err(Trouble::End(text)) => Err(text),
        }
    }

    fn last_start(&mut self) -> Result<Stamp, String> {
        let last_start = match (self.last_start, &self.key) {
            (Some(last_start), _) => last_start,
            (None, Value::Str(newest)) => date(newest)?,
            (None, _) => self.ground.wanted.end,
        };
        self.last_start = Some(last_start);
        Ok(last_start)
    }

    fn load(&self, digests: &mut Digests<'_>, ahead: &mut Ahead<'_, '_>) -> Result<ValidDigest, Trouble> {
        if self.named().is_some_and(|named| self.passed.contains(&named)) {
            return Err(Trouble::Invalid("is linked to from an older digest: the chain is a circle".to_owned()));
        }
        digests.load(self.chain, &self.bucket, &self.key, ahead)
    }

    /// Reads what will probably come next.
    fn expect(&self, ahead: &mut Ahead<'_, '_>) {
        let Some((bucket, key)) = self.named() else { return };
        let older = self.keys.partition_point(|listed| *listed < key);
        ahead.expect(&bucket, self.keys.get(..older).unwrap_or_default());
    }

    /// A valid digest: its log files, and where it leads.
    fn take(&mut self, digest: ValidDigest, ahead: &Ahead<'_, '_>, events: &mut VecDeque<Event>) -> Result<(), Trouble> {
        events.push_back(Event::Valid(self.chain, self.at()));
        self.passed.extend(self.named());
        self.last_start = Some(digest.start);
        let previous = |name: &str| digest.document.get(name).cloned().unwrap_or(Value::None);
        let (bucket, object) = (previous("previousDigestS3Bucket"), previous("previousDigestS3Object"));
        for entry in logs::entries(digest.document) {
            let entry = entry.map_err(Trouble::End)?;
            events.push_back(Event::Log(entry.place(), ahead.log(entry)));
        }
        self.follow(bucket, object, events)
    }

    fn follow(&mut self, bucket: Value, object: Value, events: &mut VecDeque<Event>) -> Result<(), Trouble> {
        if bucket == Value::None || object == Value::None {
            let next = self.next_older().map_err(Trouble::Invalid)?;
            if let (Some((_, end)), Some(start)) = (&next, self.last_start) {
                events.push_back(Event::Gap(self.chain, *end, start));
            }
            self.key = next.map_or(Value::None, |(key, _)| Value::Str(key));
            return Ok(());
        }
        self.key = object;
        if bucket != self.bucket {
            self.bucket = bucket;
            self.keys = self.listed()?;
        }
        Ok(())
    }

    /// The digests of this chain in another bucket.
    fn listed(&self) -> Result<Vec<String>, Trouble> {
        let bucket = bucket_name(&self.bucket)?;
        let Some(store) = self.ground.buckets.find(bucket) else { return Ok(Vec::new()) };
        let Keys { standard, backfill } = listing::keys(store, self.ground.place, self.ground.wanted)?;
        Ok(if self.chain == Chain::Backfill { backfill } else { standard })
    }

    /// A digest that is not valid: the next older one comes.
    fn pass_over(&mut self, text: &str, events: &mut VecDeque<Event>) -> Result<bool, String> {
        let next = self.next_older()?;
        events.push_back(Event::Invalid(self.chain, self.at(), text.to_owned()));
        self.key = next.map_or(Value::None, |(key, _)| Value::Str(key));
        Ok(true)
    }

    /// The next older digest that is listed, and its end. Those between are passed for good.
    fn next_older(&mut self) -> Result<Option<(String, Stamp)>, String> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let Value::Str(last) = &self.key else {
            return Err(format!("'{}' object has no attribute 'endswith'", self.key.type_name()));
        };
        let before = date(last)?;
        while let Some(key) = self.keys.pop() {
            let end = date(&key)?;
            if end.compare(before)? == Ordering::Less {
                return Ok(Some((key, end)));
            }
        }
        Ok(None)
    }

    fn at(&self) -> String {
        format!("s3://{}/{}", self.bucket.to_text(), self.key.to_text())
    }

    fn named(&self) -> Option<(String, String)> {
        Some((self.bucket.as_str()?.to_owned(), self.key.as_str()?.to_owned()))
    }
}

impl Found {
    /// Takes a valid digest's hour in, as far as it is in the range.
    fn include(&mut self, start: Stamp, end: Stamp, wanted: &Wanted) -> Result<(), &'static str> {
        let start = later(start, wanted.start)?;
        let end = earlier(end, wanted.end)?;
        self.0 = Some(match self.0 {
            None => (start, end),
            Some((first, last)) => (earlier(first, start)?, later(last, end)?),
        });
        Ok(())
    }
}

fn earlier(one: Stamp, other: Stamp) -> Result<Stamp, &'static str> {
    Ok(if other.compare(one)? == Ordering::Less { other } else { one })
}

fn later(one: Stamp, other: Stamp) -> Result<Stamp, &'static str> {
    Ok(if other.compare(one)? == Ordering::Greater { other } else { one })
}

/// The date in a digest's name.
fn date(key: &str) -> Result<Stamp, String> {
    let text = listing::date(key);
    dates::parse(&text).ok_or_else(|| unparsed(&text))
}
