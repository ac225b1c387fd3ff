//! Reads the archive's commits one after the other, puts their records to the rules, keeps what is found and hands it to the outbox.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use detect::{Book, Live, Moment, Seen, Watcher};
use finding::Finding;
use futures::TryStreamExt;
use lake::Lake;
use lake::changes::{Change, What};
use lake::inspect::Table;
use lake::news::NewRecord;
use record::{Content, Parsed, Parser};
use tell::{Couriers, Outbox, Print};

use super::cursor::Cursor;
use super::flags::Prepared;
use super::listening::Listening;
use super::shelf::told;
use super::{End, Outcome};
use crate::detecting::Rules;
use crate::exit::Failure;
use crate::{output, outside};

/// Ids of findings that are known to be kept; beyond, the home is asked.
const KNOWN_MAX: usize = 100_000;
/// Longest time between two writings of the cursor.
const SAVE_EVERY: TimeDelta = TimeDelta::minutes(5);
/// Longest time between two looks at correlations.
const SETTLE_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Judges what is new.
pub struct Judge {
    lake: Arc<Lake>,
    rules: Rules,
    book: Book,
    /// The day on which the rules were read.
    book_day: NaiveDate,
    outbox: Outbox,
    couriers: Couriers,
    since: Option<DateTime<Utc>>,
    lateness: TimeDelta,
    cursor: Cursor,
    live: Live,
    listening: Option<Listening>,
    known: HashSet<String>,
    found: u64,
    saved_at: DateTime<Utc>,
    settled_at: DateTime<Utc>,
}

impl Judge {
    /// Begins to tell, and reads the cursor.
    pub async fn open(prepared: Prepared, lake: Arc<Lake>) -> Result<Judge, Failure> {
        let Prepared { rules, book, targets, since, lateness, listens, goes_on } = prepared;
        let now = outside::now();
        let outbox = super::outbox(&lake);
        let print: Print = Arc::new(|line| output::line(line).map_err(|failure| std::io::Error::other(failure.text())));
        let couriers = Couriers::start(targets, &outbox, &print).await.map_err(told)?;
        let cursor = Cursor::load(&lake, since, now).await?;
        let mut judge = Judge {
            lake,
            rules,
            book,
            book_day: now.date_naive(),
            outbox,
            couriers,
            since,
            lateness,
            cursor,
            live: Live::default(),
            listening: listens.then(|| Listening::new(goes_on, now)),
            known: HashSet::new(),
            found: 0,
            saved_at: now,
            settled_at: DateTime::<Utc>::MIN_UTC,
        };
        judge.rewind();
        Ok(judge)
    }

    /// Judges what has come, tells it, and notes how far it is.
    pub async fn round(&mut self) -> Result<(), Failure> {
        self.read_rules_of(outside::now().date_naive()).await?;
        self.read_on().await?;
        let now = outside::now();
        let mut is_worth_noting = now - self.saved_at >= SAVE_EVERY;
        if now - self.settled_at >= SETTLE_EVERY.min(self.lateness / 40) {
            self.settled_at = now;
            is_worth_noting |= self.settle(now - self.lateness, now, self.lateness).await? > 0;
        }
        if let Some(listening) = &mut self.listening {
            let silences = listening.round(&self.lake, self.cursor.since, now).await?;
            self.keep(silences).await?;
        }
        self.cursor.tick(now);
        if is_worth_noting { self.save().await } else { Ok(()) }
    }

    /// Reads the cursor again, after something failed in the middle.
    pub async fn start_again(&mut self) -> Result<(), Failure> {
        self.cursor = Cursor::load(&self.lake, self.since, outside::now()).await?;
        self.rewind();
        Ok(())
    }

    /// The last round.
    pub async fn end(&mut self, end: End) -> Result<(), Failure> {
        self.read_on().await?;
        let now = outside::now();
        match end {
            End::Whole => {
                if let Some(listening) = &mut self.listening {
                    let silences = listening.look(&self.lake, self.cursor.since, now).await?;
                    self.keep(silences).await?;
                }
                self.settle(now, now, TimeDelta::zero()).await?
            }
            End::Stopped => self.settle(now - self.lateness, now, self.lateness).await?,
        };
        self.cursor.tick(now);
        self.save().await
    }

    /// Lets the couriers tell what they can.
    pub async fn close(self) -> Outcome {
        Outcome { found: self.found, targets: self.couriers.finish().await }
    }

    /// On a new day the rules are read again: suppressions end, and files may have changed.
    async fn read_rules_of(&mut self, day: NaiveDate) -> Result<(), Failure> {
        if day == self.book_day {
            return Ok(());
        }
        let book = self.rules.read()?;
        self.save().await?;
        (self.book, self.book_day) = (book, day);
        self.rewind();
        Ok(())
    }

    /// Begins where correlations need it.
    fn rewind(&mut self) {
        self.live = Live::default();
        let memories = std::mem::take(&mut self.cursor.memories);
        self.live.remember(&self.book, memories, self.cursor.version);
        if let Some(from) = self.cursor.replay_from {
            self.cursor.version = self.cursor.version.min(from - 1);
        }
    }

    async fn read_on(&mut self) -> Result<(), Failure> {
        let lake = Arc::clone(&self.lake);
        let mut changes = lake.changes(Table::Archive, self.cursor.version + 1);
        while let Some(change) = changes.try_next().await? {
            if change.what == What::Appended {
                self.judge(&change).await?;
            }
            self.cursor.version = change.version;
        }
        Ok(())
    }

    /// Puts the records of a commit to the rules.
    async fn judge(&mut self, change: &Change) -> Result<(), Failure> {
        let day = self.cursor.since.format("%Y-%m-%d").to_string();
        let wants_day = |of: &str| of >= day.as_str();
        if !change.added.iter().any(|file| wants_day(&file.day)) {
            return Ok(());
        }
        let keys = self.lake.keys_added(change).await?;
        let mut putting = Putting::new(&self.book, &keys, self.cursor.since.timestamp_micros());
        self.lake.records_added(change, wants_day, |record| putting.put(record)).await?;
        let seen = putting.seen;
        let now_us = outside::now().timestamp_micros();
        let findings = self.live.take(&self.book, seen, change.version, now_us);
        self.keep(findings).await?;
        Ok(())
    }

    /// Keeps and tells correlations that have become certain; how many are new.
    async fn settle(&mut self, watermark: DateTime<Utc>, now: DateTime<Utc>, quiet: TimeDelta) -> Result<u64, Failure> {
        let moment = Moment {
            watermark: watermark.timestamp_micros(),
            now: now.timestamp_micros(),
            quiet: quiet.num_microseconds().unwrap_or(i64::MAX),
        };
        let findings = self.live.settle(&self.book, moment);
        self.keep(findings).await
    }

    /// Keeps findings, and hands those over that are new.
    async fn keep(&mut self, findings: Vec<Finding>) -> Result<u64, Failure> {
        let mut new = 0;
        for finding in findings {
            if self.known.contains(&finding.id) {
                continue;
            }
            let id = finding.id.clone();
            // INVARIANT: a finding is kept before it is told.
            if let Some(place) = self.outbox.keep(finding).await.map_err(told)? {
                self.couriers.hand_over(&place);
                new += 1;
            }
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(id);
        }
        self.found += new;
        Ok(new)
    }

    async fn save(&mut self) -> Result<(), Failure> {
        self.cursor.replay_from = self.live.replay_from();
        let listened_at = self.listening.as_ref().and_then(Listening::listened_at);
        self.cursor.listened_at = listened_at.or(self.cursor.listened_at);
        self.cursor.memories = self.live.memories(&self.book);
        self.cursor.save(&self.lake).await?;
        self.saved_at = self.cursor.round_at;
        Ok(())
    }
}

/// Puts records to the rules.
struct Putting<'a> {
    watcher: Watcher<'a>,
    parser: Parser,
    /// Used again for each record.
    parsed: Parsed,
    keys: &'a HashMap<i64, String>,
    since_us: i64,
    seen: Vec<Seen>,
}

impl<'a> Putting<'a> {
    fn new(book: &'a Book, keys: &'a HashMap<i64, String>, since_us: i64) -> Putting<'a> {
        Putting {
            watcher: Watcher::new(book),
            parser: Parser::default(),
            parsed: Parsed::default(),
            keys,
            since_us,
            seen: Vec::new(),
        }
    }

    fn put(&mut self, record: NewRecord<'_>) {
        let content = Content::from(record.bytes.to_vec());
        self.parsed.clear();
        self.parser.record(&content, 0, content.len(), &mut self.parsed);
        let key = self.keys.get(&record.delivery).map_or("", String::as_str);
        for view in self.parsed.views(&content) {
            if view.entry().time.is_none_or(|time| time >= self.since_us) {
                self.watcher.see(view, key, record.index, &mut self.seen);
            }
        }
    }
}
