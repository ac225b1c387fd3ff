//! Rules over what is collected, as it is collected: findings are kept in the home and told outside.
//!
//! A task of its own reads the archive's commits behind whoever makes them, so that neither a rule nor a target that is down holds up
//! the collection, and what another collector brings into the same home is judged as well. It has a cursor of its own in the home; after
//! a crash it reads again from there, and finds what it found under the same ids.

mod cursor;
mod flags;
mod judge;
mod listening;
mod shelf;

pub use cursor::listened_until;
pub use flags::{Prepared, Watching};
pub use shelf::{Telling, outbox, told};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lake::Lake;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::exit::Failure;
use crate::progress::Reporter;
use crate::settings::Context;
use crate::{figures, output};
use judge::Judge;

/// How often the archive's log is asked for a new commit: where it is a folder, and where it is a bucket.
const LOOK_EVERY_HERE: Duration = Duration::from_millis(500);
/// How often a bucket's is.
const LOOK_EVERY_S3: Duration = Duration::from_secs(3);
/// Wait after a round that failed.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Detection that runs beside a collection.
pub struct Running {
    stop: watch::Sender<Option<End>>,
    task: JoinHandle<Result<Outcome, Failure>>,
}

/// How a collection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was read: nothing more is waited for.
    Whole,
    /// Stopped; it will go on.
    Stopped,
}

/// What detection did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Findings that were not known before.
    pub found: u64,
    /// How each target stands.
    pub targets: BTreeMap<String, tell::Standing>,
}

/// Begins to judge what is collected into a lake.
pub async fn start(prepared: Prepared, lake: &Arc<Lake>, reporter: &Arc<Reporter>, context: &Context) -> Result<Running, Failure> {
    let judge = Judge::open(prepared, Arc::clone(lake)).await?;
    let (stop, stopped) = watch::channel(None);
    let every = if context.home_name().starts_with("s3://") { LOOK_EVERY_S3 } else { LOOK_EVERY_HERE };
    let task = tokio::spawn(run(judge, every, stopped, Arc::clone(reporter)));
    Ok(Running { stop, task })
}

impl Running {
    /// Judges what is left, tells what can be told, and ends.
    pub async fn finish(self, end: End) -> Result<Outcome, Failure> {
        let _ = self.stop.send(Some(end));
        match self.task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(Failure::failed(format!("detection stopped: {error}"), "run the command again; nothing is lost")),
        }
    }
}

async fn run(
    mut judge: Judge,
    every: Duration,
    mut stopped: watch::Receiver<Option<End>>,
    reporter: Arc<Reporter>,
) -> Result<Outcome, Failure> {
    loop {
        let end = *stopped.borrow_and_update();
        if let Some(end) = end {
            let done = judge.end(end).await;
            let outcome = judge.close().await;
            return done.map(|()| outcome);
        }
        let pause = match judge.round().await {
            Ok(()) => every,
            Err(failure) => {
                reporter.note(&format!("detection waits {} s: {}", AGAIN_AFTER.as_secs(), output::clean(&failure.text())));
                judge.start_again().await.unwrap_or_default();
                AGAIN_AFTER
            }
        };
        tokio::select! {
            changed = stopped.changed() => if changed.is_err() { return Ok(judge.close().await) },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Outcome {
    /// What is said of it at the end, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![figures::counted(self.found, "new finding")];
        for (name, standing) in &self.targets {
            let mut line = format!("{}: {} told", output::clean(name), figures::count(standing.told));
            if standing.waiting > 0 {
                line += &format!(", {} wait in the home", figures::counted(standing.waiting, "finding"));
            }
            if let Some(trouble) = &standing.trouble {
                line += &format!(" ({})", output::clean(trouble));
            }
            lines.push(line);
        }
        lines
    }
}
