//! Watches a verification: shows how far it is, and writes down what is finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use prove::strict::{Advance, Outcome, Progress};
use serde_json::{Map, Value};

use super::checkpoint::Checkpoint;
use crate::progress::{Reporter, Telling};
use crate::{figures, outside};

/// Time between two drawings, in milliseconds.
const TOLD_EVERY_MS: u64 = 100;

/// Watches on behalf of a reporter and a checkpoint.
pub struct Watching {
    reporter: Arc<Reporter>,
    checkpoint: Option<Checkpoint>,
    begun: Instant,
    told_ms: AtomicU64,
    cells: AtomicU64,
    cells_finished: AtomicU64,
    digests: AtomicU64,
    logs: AtomicU64,
    stored_bytes: AtomicU64,
    content_bytes: AtomicU64,
}

impl Watching {
    /// Watches from now on.
    pub fn new(reporter: Arc<Reporter>, checkpoint: Option<Checkpoint>) -> Watching {
        Watching {
            reporter,
            checkpoint,
            begun: outside::stopwatch(),
            told_ms: AtomicU64::new(0),
            cells: AtomicU64::new(0),
            cells_finished: AtomicU64::new(0),
            digests: AtomicU64::new(0),
            logs: AtomicU64::new(0),
            stored_bytes: AtomicU64::new(0),
            content_bytes: AtomicU64::new(0),
        }
    }

    /// The checkpoint, when the work is done.
    pub fn into_checkpoint(self) -> Option<Checkpoint> {
        self.checkpoint
    }

    /// Shows how far it is, if the last time is a while ago. Many threads call this; one of them does it.
    fn tell(&self) {
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told_ms = self.told_ms.load(Relaxed);
        let is_time = now_ms.saturating_sub(told_ms) >= TOLD_EVERY_MS;
        if is_time && self.told_ms.compare_exchange(told_ms, now_ms, Relaxed, Relaxed).is_ok() {
            self.reporter.tell(self);
        }
    }

    fn work(&self, elapsed_s: f64) -> String {
        let bytes = self.content_bytes.load(Relaxed);
        let pace = figures::size((bytes as f64 / elapsed_s.max(0.001)) as u64);
        format!("{}  {pace}/s", figures::size(bytes))
    }

    fn places(&self) -> String {
        let (finished, found) = (self.cells_finished.load(Relaxed), self.cells.load(Relaxed));
        format!("{} of {} accounts and Regions", figures::count(finished), figures::count(found))
    }
}

impl Progress for Watching {
    fn found(&self, cells: u64) {
        self.cells.store(cells, Relaxed);
        self.tell();
    }

    fn advanced(&self, by: Advance) {
        self.digests.fetch_add(by.digests, Relaxed);
        self.logs.fetch_add(by.logs, Relaxed);
        self.stored_bytes.fetch_add(by.stored_bytes, Relaxed);
        self.content_bytes.fetch_add(by.content_bytes, Relaxed);
        self.tell();
    }

    fn finished(&self, outcome: &Outcome) {
        self.cells_finished.fetch_add(1, Relaxed);
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.add(outcome);
        }
        self.tell();
    }
}

impl Telling for Watching {
    fn lines(&self, elapsed_s: f64) -> String {
        let (digests, logs) = (self.digests.load(Relaxed), self.logs.load(Relaxed));
        format!(
            "  digests  {}\n  logs     {}  {}\n  done     {}",
            figures::count(digests),
            figures::count(logs),
            self.work(elapsed_s),
            self.places()
        )
    }

    fn line(&self, elapsed_s: f64) -> String {
        let (digests, logs) = (self.digests.load(Relaxed), self.logs.load(Relaxed));
        format!(
            "{} · {} · {} · {}",
            figures::counted(digests, "digest"),
            figures::counted(logs, "log file"),
            self.work(elapsed_s),
            self.places()
        )
    }

    fn json(&self) -> Map<String, Value> {
        let told = [
            ("cells", &self.cells),
            ("cells_finished", &self.cells_finished),
            ("digests", &self.digests),
            ("logs", &self.logs),
            ("stored_bytes", &self.stored_bytes),
            ("content_bytes", &self.content_bytes),
        ];
        told.into_iter().map(|(name, count)| (name.to_owned(), count.load(Relaxed).into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Manner;

    #[test]
    fn half_way() {
        let watching = Watching::new(Arc::new(Reporter::new(Manner::None, "")), None);
        watching.found(34);
        watching.advanced(Advance { digests: 24, logs: 2_016, stored_bytes: 1, content_bytes: 120_000_000 });
        assert_eq!(
            watching.lines(2.0),
            "  digests  24\n  logs     2,016  120 MB  60 MB/s\n  done     0 of 34 accounts and Regions"
        );
        assert_eq!(watching.line(2.0), "24 digests · 2,016 log files · 120 MB  60 MB/s · 0 of 34 accounts and Regions");
        assert_eq!(watching.json()["logs"], 2_016);
    }
}
