//! The way of a delivery from its source into the lake: list, claim, fetch, read, keep.
//!
//! One task lists and fetches ahead, within a limit of bytes; the other gathers what arrives into batches, takes them apart on
//! several threads and appends them. A source is never told anything: what is not committed is simply fetched again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use lake::ledger::{self, Known, Status};
use lake::limits::{BATCH_CONTENT_BYTES_MAX, BATCH_DELIVERIES_MAX};
use lake::{Lake, LakeError, Observer, Phase, Spare, Stage};
use record::limits::{DELIVERY_SIZE_BYTES_MAX, DELIVERY_STORED_BYTES_MAX};
use tokio::sync::{Semaphore, mpsc};

use crate::poll::Poll;
use crate::queue::drain::Drain;
use crate::queue::{Desk, Queue, Ticket};
use crate::read::{self, Raw};
use crate::source::{Listed, Source, SourceError, Stream};
use crate::summary::{Refusal, Summary};
use crate::walk::{Walk, Wanted};
use layout::{self, Family, Kind};

/// Objects that are fetched at the same time.
pub(crate) const FETCHES_AT_ONCE_MAX: usize = 48;
/// Stored bytes that may wait for the reader.
const FETCHED_AHEAD_BYTES_MAX: usize = 24 << 20;
/// Objects that may wait for the reader.
const FETCHED_AHEAD_OBJECTS_MAX: usize = 4096;

/// How often a resting collector looks whether it is to stop.
const LOOK_UP_EVERY: Duration = Duration::from_millis(500);

/// What is collected from.
pub enum Input {
    /// Something that can be listed.
    Tree(Arc<dyn Source>),
    /// Something that comes in one order.
    Stream(Box<dyn Stream>),
    /// Messages that bring records or name objects, and are deleted when these are kept.
    Queue(Arc<dyn Queue>),
}

/// How to collect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which deliveries.
    pub wanted: Wanted,
    /// Largest content of one delivery, in bytes.
    pub object_bytes_max: u64,
    /// Threads that take deliveries apart.
    pub threads: usize,
    /// Whether to go on with what is delivered from now on.
    pub follow: Option<Follow>,
}

/// How to keep up.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    /// Shortest time between two looks at a busy area.
    pub interval: TimeDelta,
    /// Time between two compactions of the lake.
    pub compact_every: TimeDelta,
    /// The clock.
    pub now: fn() -> DateTime<Utc>,
}

impl Default for Options {
    fn default() -> Self {
        Options { wanted: Wanted::default(), object_bytes_max: DELIVERY_SIZE_BYTES_MAX, threads: 2, follow: None }
    }
}

/// Where a collection stands.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Progress {
    /// Objects found so far.
    pub found: u64,
    /// Objects done with so far.
    pub done: u64,
    /// Records stored.
    pub stored: u64,
    /// Records that were there already.
    pub duplicate: u64,
    /// Records with flaws.
    pub flawed: u64,
    /// Bytes after inflating.
    pub content_bytes: u64,
    /// The day that is being collected.
    pub day: Option<String>,
    /// Latest event by Region, in microseconds.
    pub latest_us: std::collections::BTreeMap<String, i64>,
}

/// Someone who is told how far a collection is.
pub trait Watch: Send + Sync {
    /// Told after every commit and every listing.
    fn progress(&self, progress: &Progress);

    /// Told what could not be read now, and why, by a collection that goes on: it is tried again.
    fn trouble(&self, _place: &str, _reason: &str) {}
}

/// Set to end a collection after the current commit.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends the collection.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a collection could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The source failed as a whole.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A task died.
    #[error("a worker stopped: {0}")]
    Worker(String),
}

/// What the fetching task hands over.
pub(crate) enum Arrived {
    /// A listed object that is none of ours, and why.
    Ignored(&'static str),
    /// A listed object that is in the lake.
    Known,
    /// An object's bytes, or why there are none.
    Object(Box<Raw>, Option<tokio::sync::OwnedSemaphorePermit>),
    /// A folder that could not be listed.
    Unlisted(String, SourceError),
    /// An object that could not be read now; the message that names it stays in its queue.
    Left(String, SourceError),
    /// A day begins.
    Day(String),
    /// Nothing more for now: keep what is waiting.
    Pause,
}

/// Collects everything that is wanted from a source, newest day first.
pub async fn collect(
    lake: Arc<Lake>,
    input: Input,
    options: &Options,
    watch: Arc<dyn Watch>,
    observer: Arc<dyn Observer>,
    stop: &Stop,
) -> Result<Summary, CollectError> {
    let (sender, receiver) = mpsc::channel(FETCHED_AHEAD_OBJECTS_MAX);
    let room = Arc::new(Semaphore::new(FETCHED_AHEAD_BYTES_MAX));
    let mut keeper = Keeper::new(Arc::clone(&lake), options.clone(), watch, stop.clone());
    let ahead = Ahead { lake, options: options.clone(), sender, room, observer, stop: stop.clone() };
    match input {
        Input::Tree(source) => {
            keeper.summary.source = format!("{}/{}", source.origin().trim_end_matches('/'), source.root());
            let fetching = tokio::spawn(ahead.tree(Arc::clone(&source)));
            let kept = keeper.keep_all(receiver).await;
            finish(fetching, kept).await?;
            keeper.summary.requests = source.requests();
        }
        Input::Stream(stream) => {
            keeper.summary.source = stream.origin().to_owned();
            let fetching = tokio::spawn(ahead.stream(stream));
            let kept = keeper.keep_all(receiver).await;
            finish(fetching, kept).await?;
        }
        Input::Queue(queue) => {
            keeper.summary.source = queue.origin().to_owned();
            let (desk, clerk) = Desk::open(Arc::clone(&queue));
            let fetching = tokio::spawn(Drain::new(ahead, Arc::clone(&queue), desk).run());
            let kept = keeper.keep_all(receiver).await;
            finish(fetching, kept).await?;
            // With the last ticket it ends, and what was kept is deleted.
            let counts = clerk.await.map_err(|error| CollectError::Worker(error.to_string()))?;
            keeper.summary.messages = Some(counts);
            keeper.summary.requests = queue.requests();
        }
    }
    keeper.summary.interrupted = stop.is_stopped();
    Ok(keeper.summary)
}

async fn finish(
    fetching: tokio::task::JoinHandle<Result<(), CollectError>>,
    kept: Result<(), CollectError>,
) -> Result<(), CollectError> {
    if kept.is_err() {
        fetching.abort();
        return kept;
    }
    fetching.await.map_err(|error| CollectError::Worker(error.to_string()))?
}

/// The task that lists and fetches.
pub(crate) struct Ahead {
    lake: Arc<Lake>,
    pub(crate) options: Options,
    pub(crate) sender: mpsc::Sender<Arrived>,
    room: Arc<Semaphore>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) stop: Stop,
}

impl Ahead {
    async fn tree(self, source: Arc<dyn Source>) -> Result<(), CollectError> {
        let begun = self.options.follow.map(|follow| (follow.now)());
        let walk = Walk::discover(source.as_ref(), &self.options.wanted).await?;
        for problem in &walk.problems {
            self.send(Arrived::Unlisted(problem.prefix.clone(), problem.error.clone())).await;
        }
        let mut days = walk.days(source.as_ref(), &self.options.wanted);
        while let Some(work) = days.next().await {
            if self.stop.is_stopped() {
                break;
            }
            let day = work.day.map_or("unknown".to_owned(), |day| day.to_string());
            self.send(Arrived::Day(day)).await;
            let mut known = HashMap::new();
            let mut listing = work.listing(source.as_ref());
            while let Some(page) = listing.next().await {
                match page {
                    Ok(objects) => self.objects(&source, objects, &mut known).await?,
                    Err(problem) => self.send(Arrived::Unlisted(problem.prefix, problem.error)).await,
                }
                if self.stop.is_stopped() {
                    break;
                }
            }
        }
        for problem in days.take_problems() {
            self.send(Arrived::Unlisted(problem.prefix, problem.error)).await;
        }
        match (self.options.follow, begun) {
            (Some(follow), Some(begun)) => self.keep_up(&source, &walk, follow, begun).await,
            _ => Ok(()),
        }
    }

    /// Looks again and again for what is delivered from now on, until stopped.
    async fn keep_up(
        &self,
        source: &Arc<dyn Source>,
        walk: &Walk,
        follow: Follow,
        begun: DateTime<Utc>,
    ) -> Result<(), CollectError> {
        let mut poll = Poll::new(walk, &self.options.wanted, follow.interval, begun, (follow.now)());
        while !self.stop.is_stopped() {
            for ask in poll.due((follow.now)()) {
                match source.list(&ask.prefix, ask.after.as_deref()).await {
                    Ok(page) => {
                        poll.report((follow.now)(), &ask, &page);
                        self.objects(source, page.objects, &mut HashMap::new()).await?;
                    }
                    Err(error) => {
                        poll.failed(&ask);
                        self.send(Arrived::Unlisted(ask.prefix.clone(), error)).await;
                    }
                }
            }
            self.send(Arrived::Pause).await;
            self.rest_until(poll.next_due(), follow).await;
        }
        Ok(())
    }

    /// Sleeps until something is due, looking now and then whether it is to stop.
    async fn rest_until(&self, due: Option<DateTime<Utc>>, follow: Follow) {
        let due = due.unwrap_or_else(|| (follow.now)() + follow.interval);
        while !self.stop.is_stopped() && (follow.now)() < due {
            let left = (due - (follow.now)()).to_std().unwrap_or_default();
            tokio::time::sleep(left.min(LOOK_UP_EVERY)).await;
        }
    }

    /// Fetches the objects of a listing that are not known, several at a time, handed over in the listing's order.
    async fn objects(
        &self,
        source: &Arc<dyn Source>,
        objects: Vec<Listed>,
        known: &mut HashMap<String, Arc<Known>>,
    ) -> Result<(), CollectError> {
        let mut wanted = Vec::with_capacity(objects.len());
        for listed in objects {
            match self.claim(source.origin(), &listed, known).await? {
                Some(other) => self.send(other).await,
                None => wanted.push(listed),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        self.observer.stage(Stage::Fetch, Phase::Begin);
        let mut fetched =
            futures::stream::iter(wanted.into_iter().map(|listed| self.fetch(source, listed))).buffered(FETCHES_AT_ONCE_MAX);
        while let Some(arrived) = fetched.next().await {
            self.send(arrived).await;
            if self.stop.is_stopped() {
                break;
            }
        }
        self.observer.stage(Stage::Fetch, Phase::End);
        Ok(())
    }

    /// Says what a listed object is, unless it has to be fetched.
    pub(crate) async fn claim(
        &self,
        origin: &str,
        listed: &Listed,
        known: &mut HashMap<String, Arc<Known>>,
    ) -> Result<Option<Arrived>, LakeError> {
        if let Kind::Other(reason) = layout::kind(&listed.key) {
            return Ok(Some(Arrived::Ignored(reason)));
        }
        if !self.is_wanted(&listed.key) {
            return Ok(Some(Arrived::Ignored("not asked for (--since, --until, --account, --region)")));
        }
        let day = read::day_of(&listed.key);
        if !known.contains_key(&day) {
            known.insert(day.clone(), self.lake.known(&day).await?);
        }
        let delivery = ledger::delivery_hash(origin, &listed.key, &listed.etag);
        let is_known = known.get(&day).is_some_and(|known| known.has(delivery));
        Ok(is_known.then_some(Arrived::Known))
    }

    fn is_wanted(&self, key: &str) -> bool {
        let wanted = &self.options.wanted;
        let Some(place) = layout::place(key) else { return true };
        wanted.has_account(&place.account)
            && (place.region.is_empty() || wanted.has_region(&place.region))
            && place.day.is_none_or(|day| wanted.has_days(day, day))
    }

    async fn fetch(&self, source: &Arc<dyn Source>, listed: Listed) -> Arrived {
        let permit = self.room_for(listed.size_bytes).await;
        let limit = self.options.object_bytes_max.min(DELIVERY_STORED_BYTES_MAX);
        let fetched = source.fetch(&listed.key, limit).await;
        Arrived::Object(Box::new(Raw::new(source.origin(), listed, fetched)), permit)
    }

    pub(crate) async fn room_for(&self, size_bytes: u64) -> Option<tokio::sync::OwnedSemaphorePermit> {
        // Half at most: what the keeper holds below its own half can then never shut one object out.
        let wanted = size_bytes.clamp(1, FETCHED_AHEAD_BYTES_MAX as u64 / 2) as u32;
        Arc::clone(&self.room).acquire_many_owned(wanted).await.ok()
    }

    async fn stream(self, mut stream: Box<dyn Stream>) -> Result<(), CollectError> {
        let limit = self.options.object_bytes_max.min(DELIVERY_STORED_BYTES_MAX);
        let origin = stream.origin().to_owned();
        let mut known = HashMap::new();
        self.observer.stage(Stage::Fetch, Phase::Begin);
        while !self.stop.is_stopped() {
            let next = tokio::task::block_in_place(|| stream.next(limit));
            match next {
                None => break,
                Some(Ok((listed, fetched))) => match self.claim(&origin, &listed, &mut known).await? {
                    Some(other) => self.send(other).await,
                    None => {
                        let permit = self.room_for(fetched.body.len() as u64).await;
                        self.send(Arrived::Object(Box::new(Raw::new(&origin, listed, Ok(fetched))), permit)).await;
                    }
                },
                Some(Err(error)) => {
                    let listed = Listed { key: key_of(&error), size_bytes: 0, etag: String::new() };
                    self.send(Arrived::Object(Box::new(Raw::new(&origin, listed, Err(error))), None)).await;
                }
            }
        }
        self.observer.stage(Stage::Fetch, Phase::End);
        Ok(())
    }

    /// Hands over; when nobody takes any more, the other task has failed and says why.
    pub(crate) async fn send(&self, arrived: Arrived) {
        let _ = self.sender.send(arrived).await;
    }
}

/// The key that an error is about.
fn key_of(error: &SourceError) -> String {
    match error {
        SourceError::NotFound(key) | SourceError::Archived(key) => key.clone(),
        SourceError::Denied { key, .. } | SourceError::TooLarge { key, .. } | SourceError::Io { key, .. } => key.clone(),
        SourceError::Credentials(_) => String::new(),
    }
}

/// The task that reads and keeps.
struct Keeper {
    lake: Arc<Lake>,
    options: Options,
    watch: Arc<dyn Watch>,
    stop: Stop,
    summary: Summary,
    progress: Progress,
    waiting: Vec<Raw>,
    waiting_bytes: u64,
    permits: Vec<tokio::sync::OwnedSemaphorePermit>,
    compacted: Option<DateTime<Utc>>,
    /// Memory of the last batch.
    spares: Vec<Spare>,
}

impl Keeper {
    fn new(lake: Arc<Lake>, options: Options, watch: Arc<dyn Watch>, stop: Stop) -> Keeper {
        Keeper {
            lake,
            options,
            watch,
            stop,
            summary: Summary::default(),
            progress: Progress::default(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            permits: Vec::new(),
            compacted: None,
            spares: Vec::new(),
        }
    }

    async fn keep_all(&mut self, mut arriving: mpsc::Receiver<Arrived>) -> Result<(), CollectError> {
        while let Some(arrived) = arriving.recv().await {
            self.take(arrived).await?;
            if self.stop.is_stopped() {
                break;
            }
        }
        arriving.close();
        self.keep().await?;
        while let Some(arrived) = arriving.recv().await {
            if let (Arrived::Unlisted(..) | Arrived::Ignored(_) | Arrived::Known, false) = (&arrived, self.stop.is_stopped()) {
                self.take(arrived).await?;
            }
        }
        Ok(())
    }

    async fn take(&mut self, arrived: Arrived) -> Result<(), CollectError> {
        match arrived {
            Arrived::Ignored(reason) => {
                self.summary.objects.found += 1;
                self.summary.ignore(reason);
            }
            Arrived::Known => {
                self.summary.objects.found += 1;
                self.summary.objects.known += 1;
            }
            Arrived::Unlisted(prefix, error) => {
                self.tell_trouble(&prefix, &error);
                self.summary.unlisted.push(Refusal { key: prefix, reason: error.to_string() });
            }
            Arrived::Left(key, error) => {
                self.tell_trouble(&key, &error);
                self.summary.leave(&key, error.to_string());
            }
            Arrived::Pause => {
                self.keep().await?;
                self.compact_if_due().await?;
            }
            Arrived::Day(day) => {
                self.progress.day = Some(day);
                self.tell();
            }
            Arrived::Object(raw, permit) => {
                self.waiting_bytes += raw.content_bytes_guess();
                self.waiting.push(*raw);
                self.permits.extend(permit);
                let full = self.waiting_bytes >= BATCH_CONTENT_BYTES_MAX || self.waiting.len() >= BATCH_DELIVERIES_MAX;
                if full || self.room_is_short() {
                    self.keep().await?;
                }
            }
        }
        Ok(())
    }

    /// Whoever follows reads no summary for a long time.
    fn tell_trouble(&self, place: &str, error: &SourceError) {
        if self.options.follow.is_some() {
            self.watch.trouble(place, &error.to_string());
        }
    }

    /// Compacts the lake while nothing else is to be done.
    async fn compact_if_due(&mut self) -> Result<(), CollectError> {
        let Some(follow) = self.options.follow else { return Ok(()) };
        let now = (follow.now)();
        let last = *self.compacted.get_or_insert(now);
        if now - last >= follow.compact_every {
            self.lake.expire().await?;
            self.lake.compact().await?;
            self.compacted = Some(now);
        }
        Ok(())
    }

    /// Whether the waiting objects hold most of the room, so that nothing more can arrive.
    fn room_is_short(&self) -> bool {
        self.permits.iter().map(|permit| permit.num_permits()).sum::<usize>() >= FETCHED_AHEAD_BYTES_MAX / 2
    }

    /// Takes the waiting objects apart and appends them.
    async fn keep(&mut self) -> Result<(), CollectError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.permits.clear();
        self.summary.objects.found += waiting.len() as u64;
        let mut objects = Vec::with_capacity(waiting.len());
        for raw in waiting {
            match &raw.body {
                Err(error @ SourceError::Archived(_)) => {
                    self.summary.objects.archived += 1;
                    self.summary.refuse(&raw.listed.key, error.to_string());
                }
                _ => objects.push(raw),
            }
        }
        if objects.is_empty() {
            return Ok(());
        }
        let (threads, limit) = (self.options.threads, self.options.object_bytes_max);
        let tickets: Vec<Ticket> = objects.iter_mut().filter_map(|raw| raw.ticket.take()).collect();
        let lake = Arc::clone(&self.lake);
        let spares = std::mem::take(&mut self.spares);
        let (batch, foreign) = tokio::task::block_in_place(|| read::read_all(objects, spares, threads, limit));
        for reason in foreign {
            self.summary.ignore(reason);
        }
        if batch.deliveries().is_empty() {
            tickets.into_iter().for_each(Ticket::done);
            return Ok(());
        }
        self.count_bytes(&batch);
        let outcome = lake.append(&batch).await?;
        // INVARIANT: only what is durable is given back, so only then is a message deleted.
        tickets.into_iter().for_each(Ticket::done);
        self.summary.commits += 1;
        for (incoming, judged) in batch.deliveries().iter().zip(&outcome.deliveries) {
            self.judge(incoming, judged);
        }
        self.spares = batch.into_spares();
        self.tell();
        Ok(())
    }

    fn count_bytes(&mut self, batch: &lake::Batch) {
        for incoming in batch.deliveries() {
            self.summary.stored_bytes += incoming.stored_bytes;
            if let lake::Body::Read { content, parsed, .. } = &incoming.body {
                self.summary.content_bytes += content.len() as u64;
                let latest = parsed.records.iter().filter_map(|record| record.time).max();
                if let (Some(region), Some(latest)) = (&incoming.region, latest) {
                    let known = self.summary.latest_us.entry(region.clone()).or_insert(latest);
                    *known = latest.max(*known);
                }
            }
        }
    }

    fn judge(&mut self, incoming: &lake::Incoming, judged: &lake::Judged) {
        self.summary.records += judged.counts;
        match judged.status {
            Some(Status::Ingested) => {
                self.summary.objects.ingested += 1;
                if let Some(reason) = &judged.reason {
                    self.summary.flaw(&incoming.key, reason.clone());
                }
            }
            Some(Status::Evidence) => {
                self.summary.objects.digests += 1;
                if let Some(reason) = &judged.reason {
                    self.summary.flaw(&incoming.key, reason.clone());
                }
            }
            Some(Status::Same) | None => self.summary.objects.known += 1,
            Some(Status::Refused) => {
                self.summary.objects.refused += 1;
                self.summary.refuse(&incoming.key, judged.reason.clone().unwrap_or_default());
            }
        }
        if judged.overwritten {
            self.summary.overwritten.push(incoming.key.clone());
        }
    }

    fn tell(&mut self) {
        let objects = &self.summary.objects;
        self.progress.found = objects.found;
        self.progress.done = objects.done();
        self.progress.stored = self.summary.records.stored;
        self.progress.duplicate = self.summary.records.duplicate;
        self.progress.flawed = self.summary.records.flawed;
        self.progress.content_bytes = self.summary.content_bytes;
        self.progress.latest_us.clone_from(&self.summary.latest_us);
        self.watch.progress(&self.progress);
    }
}

/// A family's name as the ledger writes it.
pub(crate) fn family_name(family: Family) -> &'static str {
    match family {
        Family::CloudTrail => "CloudTrail",
        Family::Insight => "CloudTrail-Insight",
        Family::NetworkActivity => "CloudTrail-NetworkActivity",
        Family::Aggregated => "CloudTrail-Aggregated",
        Family::Digest => "CloudTrail-Digest",
        Family::LakeQuery => "CloudTrail-Lake",
        Family::Other => "CloudTrail-Other",
    }
}
