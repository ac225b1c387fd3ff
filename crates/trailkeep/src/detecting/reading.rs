//! Reads a source's log files and puts their records to the rules, several files at a time. Nothing is stored.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use collect::collector::Input;
use collect::source::{Listed, Source, SourceError, Stream};
use collect::walk::{Walk, Wanted};
use detect::{Book, Seen, Tally, Watcher};
use futures::StreamExt;
use layout::Kind;
use message::{subscription, wrapped};
use record::columns::{Column, column, known};
use record::inflate::is_gzip;
use record::{Content, EnvelopeError, Inflater, Parsed, Parser, Row};
use serde::Serialize;

use super::silences::Keys;
use crate::exit::Failure;
use crate::progress::Reporter;

/// Objects that are fetched at the same time.
const FETCHES_AT_ONCE: usize = 16;
/// Bytes of objects that are read before they are put to the rules together.
const BATCH_BYTES: usize = 32 << 20;
/// Objects of one batch.
const BATCH_OBJECTS: usize = 4_096;
/// Files that are listed by name when they could not be read.
const REFUSALS_LISTED_MAX: usize = 100;

/// Each record of CloudTrail has one of these.
const RECORD_SIGNS: [Column; 3] = [column("eventversion"), known::EVENT_NAME, column("eventtype")];

/// What became of the log files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Files {
    /// Read.
    pub read: u64,
    /// No log files.
    pub ignored: u64,
    /// Could not be read.
    pub refused: u64,
    /// Bytes of content, unpacked.
    #[serde(rename = "contentBytes")]
    pub content_bytes: u64,
    /// Which could not be read, and why; the first ones.
    pub refusals: BTreeMap<String, String>,
}

/// A run over sources.
pub struct Reading<'b> {
    book: &'b Book,
    reporter: &'b Reporter,
    threads: usize,
    object_bytes_max: u64,
    since_us: i64,
    until_us: i64,
    wanted: Wanted,
    tally: Tally,
    /// What became of the files so far.
    pub files: Files,
    /// When digests and log files were delivered.
    pub keys: Keys,
}

/// A file that was fetched.
struct Object {
    key: String,
    body: Bytes,
}

/// What one file gave.
enum Outcome {
    Read { content_bytes: u64 },
    Foreign,
    Refused(String),
}

impl<'b> Reading<'b> {
    /// A run before its first source. Records before `since` and from `until` on are not looked at.
    pub fn new(
        book: &'b Book,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        threads: usize,
        reporter: &'b Reporter,
    ) -> Reading<'b> {
        let object_bytes_max = collect::collector::Options::default().object_bytes_max;
        Reading {
            book,
            reporter,
            threads: threads.max(1),
            object_bytes_max,
            since_us: since.map_or(i64::MIN, |time| time.timestamp_micros()),
            until_us: until.map_or(i64::MAX, |time| time.timestamp_micros()),
            wanted: Wanted { since, until, ..Wanted::default() },
            tally: Tally::default(),
            files: Files::default(),
            keys: Keys::default(),
        }
    }

    /// What all records gave.
    pub fn into_tally(self) -> (Tally, Files) {
        (self.tally, self.files)
    }

    /// Reads a source.
    pub async fn read(&mut self, input: Input) -> Result<(), Failure> {
        match input {
            Input::Tree(source) => self.tree(source.as_ref()).await,
            Input::Stream(stream) => {
                tokio::task::block_in_place(|| self.stream(stream));
                Ok(())
            }
            Input::Queue(_) => Err(Failure::usage("a queue can only be collected", "collect it, then detect --home")),
        }
    }

    async fn tree(&mut self, source: &dyn Source) -> Result<(), Failure> {
        let wanted = self.wanted.clone();
        let walk = Walk::discover(source, &wanted).await?;
        for problem in &walk.problems {
            self.refuse(&problem.prefix, problem.error.to_string());
        }
        let is_single = walk.single.is_some();
        let mut days = walk.days(source, &wanted);
        while let Some(work) = days.next().await {
            let mut listing = work.listing(source);
            while let Some(page) = listing.next().await {
                match page {
                    Ok(objects) => self.page(source, objects, is_single).await,
                    Err(problem) => self.refuse(&problem.prefix, problem.error.to_string()),
                }
            }
        }
        Ok(())
    }

    /// Fetches the objects of a page and puts them to the rules, a batch at a time.
    async fn page(&mut self, source: &dyn Source, objects: Vec<Listed>, is_single: bool) {
        objects.iter().for_each(|listed| self.keys.note(source.origin(), &listed.key));
        let (logs, others): (Vec<Listed>, Vec<Listed>) =
            objects.into_iter().partition(|listed| is_single || layout::kind(&listed.key) == Kind::Log);
        self.files.ignored += others.len() as u64;
        let limit = self.object_bytes_max;
        let fetches = logs.into_iter().map(|listed| async move { (source.fetch(&listed.key, limit).await, listed.key) });
        let mut fetched = futures::stream::iter(fetches).buffered(FETCHES_AT_ONCE);
        let mut batch = Batch::default();
        while let Some((body, key)) = fetched.next().await {
            self.take(key, body.map(|fetched| fetched.body), &mut batch);
        }
        self.put(batch);
    }

    fn stream(&mut self, mut stream: Box<dyn Stream>) {
        let mut batch = Batch::default();
        while let Some(next) = stream.next(self.object_bytes_max) {
            if let Ok((listed, _)) = &next {
                self.keys.note(stream.origin(), &listed.key);
            }
            match next {
                Ok((listed, _)) if layout::kind(&listed.key) == Kind::Digest => self.files.ignored += 1,
                Ok((listed, _)) if matches!(layout::kind(&listed.key), Kind::Other(_)) && stream.origin() != "stdin:" => {
                    self.files.ignored += 1;
                }
                Ok((listed, fetched)) => self.take(listed.key, Ok(fetched.body), &mut batch),
                Err(error) => self.refuse("(an entry of the archive)", error.to_string()),
            }
        }
        self.put(batch);
    }

    fn take(&mut self, key: String, body: Result<Bytes, SourceError>, batch: &mut Batch) {
        match body {
            Ok(body) => {
                batch.bytes += body.len();
                batch.objects.push(Object { key, body });
            }
            Err(error) => self.refuse(&key, error.to_string()),
        }
        if batch.bytes >= BATCH_BYTES || batch.objects.len() >= BATCH_OBJECTS {
            self.put(std::mem::take(batch));
        }
    }

    fn refuse(&mut self, key: &str, reason: String) {
        self.files.refused += 1;
        if self.files.refusals.len() < REFUSALS_LISTED_MAX {
            self.files.refusals.insert(key.to_owned(), reason);
        }
    }

    /// Puts the records of a batch to the rules, on all threads.
    fn put(&mut self, batch: Batch) {
        let outcomes = tokio::task::block_in_place(|| self.on_all_threads(&batch.objects));
        for (object, outcome) in batch.objects.iter().zip(outcomes) {
            match outcome {
                Some(Outcome::Read { content_bytes }) => {
                    self.files.read += 1;
                    self.files.content_bytes += content_bytes;
                }
                Some(Outcome::Foreign) => self.files.ignored += 1,
                Some(Outcome::Refused(reason)) => self.refuse(&object.key, reason),
                None => self.refuse(&object.key, "its thread ended early".to_owned()),
            }
        }
        self.reporter.counted("files", self.files.read + self.files.ignored + self.files.refused, None);
    }

    fn on_all_threads(&mut self, objects: &[Object]) -> Vec<Option<Outcome>> {
        let next = AtomicUsize::new(0);
        let tally = Mutex::new(std::mem::take(&mut self.tally));
        let this = &*self;
        let work = || this.work(objects, &next, &tally);
        let mut done: Vec<Option<Outcome>> = objects.iter().map(|_| None).collect();
        let all = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.min(objects.len())).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            all.extend(others.into_iter().filter_map(|thread| thread.join().ok()).flatten());
            all
        });
        for (at, outcome) in all {
            if let Some(slot) = done.get_mut(at) {
                *slot = Some(outcome);
            }
        }
        self.tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        done
    }

    /// One thread's part of a batch.
    fn work(&self, objects: &[Object], next: &AtomicUsize, tally: &Mutex<Tally>) -> Vec<(usize, Outcome)> {
        let mut hand = Hand::new(self.book);
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(object) = objects.get(at) else {
                tally.lock().unwrap_or_else(PoisonError::into_inner).add_work(&hand.watcher);
                return done;
            };
            let mut seen = Vec::new();
            let (outcome, events) = self.one(object, &mut hand, &mut seen);
            done.push((at, outcome));
            tally.lock().unwrap_or_else(PoisonError::into_inner).add(events, seen);
        }
    }

    fn one(&self, object: &Object, hand: &mut Hand<'_>, seen: &mut Vec<Seen>) -> (Outcome, u64) {
        let content = match hand.content_of(&object.body, self.object_bytes_max) {
            Ok(content) => content,
            Err(outcome) => return (outcome, 0),
        };
        let Hand { watcher, parsed, buffer, .. } = hand;
        let mut events = 0;
        for (index, view) in (0..).zip(parsed.views(&content)) {
            if view.entry().time.is_none_or(|time| (self.since_us..self.until_us).contains(&time)) {
                events += 1;
                watcher.see(view, &object.key, index, seen);
            }
        }
        let content_bytes = content.len() as u64;
        *buffer = content.into_bytes();
        (Outcome::Read { content_bytes }, events)
    }
}

/// What a thread works with, and its memory.
struct Hand<'b> {
    inflater: Inflater,
    parser: Parser,
    watcher: Watcher<'b>,
    parsed: Parsed,
    buffer: Vec<u8>,
}

impl<'b> Hand<'b> {
    fn new(book: &'b Book) -> Hand<'b> {
        Hand {
            inflater: Inflater::default(),
            parser: Parser::default(),
            watcher: Watcher::new(book),
            parsed: Parsed::default(),
            buffer: Vec::new(),
        }
    }

    /// What is in stored bytes: records, or log events in the envelopes of CloudWatch Logs (which Firehose packs once more).
    fn content_of(&mut self, stored: &[u8], limit_bytes: u64) -> Result<Content, Outcome> {
        let refused = |error: &dyn std::fmt::Display| Outcome::Refused(error.to_string());
        let buffer = std::mem::take(&mut self.buffer);
        let mut content = self.inflater.content_in(stored, limit_bytes, buffer).map_err(|error| refused(&error))?;
        if is_gzip(&content) {
            content = self.inflater.content(&content, limit_bytes).map_err(|error| refused(&error))?;
        }
        let content = Content::from(content);
        self.parsed.clear();
        let has_records = match self.parser.delivery_unhashed(&content, &mut self.parsed) {
            Ok(_) if self.begins_with_a_record(&content) => return Ok(content),
            Ok(_) => true,
            Err(EnvelopeError::NoRecords) => false,
            Err(error) => return Err(refused(&error)),
        };
        let lines = match wrapped::records(content.as_bytes()) {
            Some(records) => Some(records),
            None => subscription::log_events(content.as_bytes()).map_err(|error| refused(&error))?,
        };
        let lines = match lines {
            // Odd records, but records: nothing is around them.
            None if has_records => return Ok(content),
            lines => Content::from(lines.filter(|lines| !lines.is_empty()).ok_or(Outcome::Foreign)?),
        };
        self.parsed.clear();
        match self.parser.delivery_unhashed(&lines, &mut self.parsed) {
            Ok(_) => Ok(lines),
            Err(EnvelopeError::NoRecords) => Err(Outcome::Foreign),
            Err(error) => Err(refused(&error)),
        }
    }
}

impl Hand<'_> {
    /// Whether the first thing in a file is what CloudTrail writes: it has a version, a name or a type.
    fn begins_with_a_record(&self, content: &Content) -> bool {
        let has_any = |view: record::RecordView<'_>| RECORD_SIGNS.iter().any(|column| view.text(*column).is_some());
        self.parsed.views(content).next().is_none_or(has_any)
    }
}

/// Objects that wait to be put to the rules.
#[derive(Default)]
struct Batch {
    objects: Vec<Object>,
    bytes: usize,
}
