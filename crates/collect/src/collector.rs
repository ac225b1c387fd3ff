//! The way of a delivery from its source into the lake: list, claim, fetch, read, keep.
//!
//! One task lists and fetches ahead, within a limit of bytes; the other gathers what arrives into batches, takes them apart on
//! several threads and appends them. A source is never told anything: what is not committed is simply fetched again.

mod ahead;
mod keeper;

pub(crate) use ahead::{Ahead, FETCHES_AT_ONCE_MAX};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use keeper::Keeper;
use lake::{Lake, LakeError, Observer};
use record::limits::DELIVERY_SIZE_BYTES_MAX;
use tokio::sync::{Semaphore, mpsc};

use crate::queue::drain::Drain;
use crate::queue::{Desk, Queue};
use crate::read::Raw;
use crate::source::{Source, SourceError, Stream};
use crate::summary::Summary;
use crate::walk::Wanted;
use layout::Family;

/// Stored bytes that may wait for the reader.
const FETCHED_AHEAD_BYTES_MAX: usize = 24 << 20;
/// Objects that may wait for the reader.
const FETCHED_AHEAD_OBJECTS_MAX: usize = 4096;

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
