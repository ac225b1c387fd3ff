//! What the lake takes from outside, handed in by whoever opens it: the clock, unique names, and someone who watches.

use std::sync::Arc;

/// A part of the work that a crash could interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading deliveries from their source.
    Fetch,
    /// Writing rows to Parquet files.
    Rows,
    /// Writing ledger rows to Parquet files.
    Ledger,
    /// Writing the commit that makes them real.
    Commit,
    /// Appending the named ledger files to the ledger's own log.
    LedgerCommit,
    /// Rewriting files.
    Compact,
    /// Bringing an older home up to date.
    Upgrade,
    /// Removing expired days.
    Retain,
    /// Writing verdicts, and the commit that makes them real.
    Verdicts,
}

/// Whether a stage begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It begins.
    Begin,
    /// It has ended.
    End,
}

impl Stage {
    /// The name that logs use.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Fetch => "fetch",
            Stage::Rows => "rows",
            Stage::Ledger => "ledger",
            Stage::Commit => "commit",
            Stage::LedgerCommit => "ledger-commit",
            Stage::Compact => "compact",
            Stage::Upgrade => "upgrade",
            Stage::Retain => "retain",
            Stage::Verdicts => "verdicts",
        }
    }
}

/// Someone who is told which stage begins and ends.
pub trait Observer: Send + Sync {
    /// A stage begins or ends.
    fn stage(&self, stage: Stage, phase: Phase);
}

/// Nobody watches.
pub struct Unwatched;

impl Observer for Unwatched {
    fn stage(&self, _: Stage, _: Phase) {}
}

/// Clock, names and observer.
#[derive(Clone)]
pub struct Outside {
    /// The time, in microseconds since 1970 UTC.
    pub now_us: fn() -> i64,
    /// A name that nobody else makes.
    pub unique: fn() -> String,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Threads that encode and decode.
    pub threads: usize,
}

impl Outside {
    /// Runs a stage between its two announcements.
    pub(crate) async fn watched<T>(&self, stage: Stage, work: impl Future<Output = T>) -> T {
        self.observer.stage(stage, Phase::Begin);
        let result = work.await;
        self.observer.stage(stage, Phase::End);
        result
    }
}
