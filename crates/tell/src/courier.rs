//! Tells each target what it has not been told: one task for each, so that one that is down holds up no other.
//!
//! A finding that its target refuses waits for itself; a target that does not answer is left alone as a whole. Memory holds a queue
//! of limited length; what does not fit waits in the home, which is asked again when the queue is empty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::backoff;
use crate::error::TellError;
use crate::limits::{DRAIN_TIME_MAX, QUEUE_MAX, RESCAN_EVERY, TROUBLE_EVERY};
use crate::outbox::{Outbox, Place};
use crate::send::{Means, NotTaken, Print, send};
use crate::target::Target;

/// How a target stands in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Findings that it has taken.
    pub told: u64,
    /// Findings that wait for it, as far as they are held in memory.
    pub waiting: u64,
    /// Why the last attempt failed, if it did.
    pub trouble: Option<String>,
}

/// The couriers of all targets.
pub struct Couriers {
    each: Vec<Handle>,
    stop: watch::Sender<bool>,
}

struct Handle {
    name: String,
    places: mpsc::Sender<Place>,
    standing: Arc<Mutex<Standing>>,
    task: JoinHandle<()>,
}

struct Courier {
    target: Target,
    outbox: Outbox,
    means: Means,
    standing: Arc<Mutex<Standing>>,
    queue: BTreeMap<Place, Waiting>,
    /// What was taken, or is below the target's level: the home is not asked about it again.
    done: BTreeSet<Place>,
    /// When the home is asked again.
    rescan_at_us: i64,
    /// Whether more wait in the home than the queue holds.
    has_overflowed: bool,
    /// Failures of the target as a whole, and until when it is left alone.
    failures: u32,
    free_at_us: i64,
    trouble_noted_us: Option<i64>,
}

/// A finding that waits.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    attempts: u32,
    due_us: i64,
}

impl Couriers {
    /// Makes the targets known to the home, and begins.
    pub async fn start(targets: Vec<Target>, outbox: &Outbox, print: &Print) -> Result<Couriers, TellError> {
        let (stop, stopped) = watch::channel(false);
        let mut each = Vec::new();
        for target in targets {
            outbox.add_target(&target.name, &format!("{} {}", target.kind.word(), target.kind.place())).await?;
            let (places, arriving) = mpsc::channel(QUEUE_MAX);
            let standing = Arc::new(Mutex::new(Standing::default()));
            let name = target.name.clone();
            let courier = Courier::new(target, outbox.clone(), Arc::clone(print), Arc::clone(&standing));
            let task = tokio::spawn(courier.run(arriving, stopped.clone()));
            each.push(Handle { name, places, standing, task });
        }
        Ok(Couriers { each, stop })
    }

    /// Hands a finding over that was kept just now. It never waits: a target whose queue is full finds it in the home later.
    pub fn hand_over(&self, place: &Place) {
        for handle in &self.each {
            let _ = handle.places.try_send(place.clone());
        }
    }

    /// How the targets stand, by name.
    pub fn standing(&self) -> BTreeMap<String, Standing> {
        self.each.iter().map(|handle| (handle.name.clone(), lock(&handle.standing).clone())).collect()
    }

    /// Tells what is left, within a limit of time, and says how the targets stand.
    pub async fn finish(self) -> BTreeMap<String, Standing> {
        let _ = self.stop.send(true);
        let mut standing = BTreeMap::new();
        for handle in self.each {
            drop(handle.places);
            let _ = tokio::time::timeout(DRAIN_TIME_MAX * 3, handle.task).await;
            standing.insert(handle.name, lock(&handle.standing).clone());
        }
        standing
    }
}

impl Courier {
    fn new(target: Target, outbox: Outbox, print: Print, standing: Arc<Mutex<Standing>>) -> Courier {
        Courier {
            target,
            outbox,
            means: Means::new(print),
            standing,
            queue: BTreeMap::new(),
            done: BTreeSet::new(),
            rescan_at_us: i64::MIN,
            has_overflowed: false,
            failures: 0,
            free_at_us: i64::MIN,
            trouble_noted_us: None,
        }
    }

    async fn run(mut self, mut arriving: mpsc::Receiver<Place>, mut stopped: watch::Receiver<bool>) {
        let mut until_us = None;
        loop {
            while let Ok(place) = arriving.try_recv() {
                self.take(place);
            }
            self.rescan_if_due().await;
            let now_us = self.outbox.now_us();
            if until_us.is_none() && *stopped.borrow() {
                until_us = Some(now_us + micros(DRAIN_TIME_MAX));
            }
            let next = self.next();
            if let Some((place, due_us)) = &next
                && *due_us <= now_us
            {
                self.attempt(place).await;
                continue;
            }
            let due_us = next.map(|(_, due_us)| due_us);
            if let Some(until_us) = until_us
                && due_us.is_none_or(|due_us| due_us > until_us)
            {
                return;
            }
            let wake_us = due_us.unwrap_or(i64::MAX).min(self.rescan_at_us).max(now_us);
            let pause = Duration::from_micros(u64::try_from(wake_us.saturating_sub(now_us)).unwrap_or_default());
            tokio::select! {
                Some(place) = arriving.recv() => self.take(place),
                changed = stopped.changed(), if until_us.is_none() => if changed.is_err() { return },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn take(&mut self, place: Place) {
        if self.done.contains(&place) {
            return;
        }
        if self.queue.len() < QUEUE_MAX || self.queue.contains_key(&place) {
            self.queue.entry(place).or_default();
        } else {
            self.has_overflowed = true;
        }
        lock(&self.standing).waiting = self.queue.len() as u64;
    }

    /// Asks the home for what waits: now and then, and when a queue that was too short has become empty.
    async fn rescan_if_due(&mut self) {
        let now_us = self.outbox.now_us();
        let has_room_again = self.has_overflowed && self.queue.is_empty();
        if now_us < self.rescan_at_us && !has_room_again {
            return;
        }
        self.rescan_at_us = now_us.saturating_add(micros(RESCAN_EVERY));
        match self.outbox.waiting(&self.target.name).await {
            Ok(waiting) => {
                self.has_overflowed = false;
                waiting.into_iter().for_each(|place| self.take(place));
            }
            Err(error) => self.troubled(&error.to_string()).await,
        }
    }

    /// What is told next, and when.
    fn next(&self) -> Option<(Place, i64)> {
        let (place, waiting) = self.queue.iter().min_by_key(|(place, waiting)| (waiting.due_us, waiting.attempts, *place))?;
        Some((place.clone(), waiting.due_us.max(self.free_at_us)))
    }

    async fn attempt(&mut self, place: &Place) {
        let kept = match self.outbox.read(place).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return self.let_go(place),
            Err(error) => return self.not_taken(place, refused(error.to_string())).await,
        };
        if kept.finding.severity < self.target.level {
            return match self.outbox.leave_out(&self.target.name, place).await {
                Ok(()) => self.let_go(place),
                Err(error) => self.not_taken(place, refused(error.to_string())).await,
            };
        }
        let now_s = self.outbox.now_us().div_euclid(1_000_000);
        match send(&self.target.kind, &kept, now_s, &mut self.means).await {
            Ok(()) => self.taken(place).await,
            Err(not_taken) => self.not_taken(place, not_taken).await,
        }
    }

    async fn taken(&mut self, place: &Place) {
        let attempts = self.queue.get(place).map_or(0, |waiting| waiting.attempts).saturating_add(1);
        (self.failures, self.free_at_us, self.trouble_noted_us) = (0, i64::MIN, None);
        // Until this is noted it counts as not told: it may be told once more, with the same id.
        if let Err(error) = self.outbox.mark(&self.target.name, place, attempts).await {
            return self.not_taken(place, refused(error.to_string())).await;
        }
        {
            let mut standing = lock(&self.standing);
            standing.told += 1;
            standing.trouble = None;
        }
        self.let_go(place);
    }

    fn let_go(&mut self, place: &Place) {
        self.queue.remove(place);
        self.done.insert(place.clone());
        if self.done.len() > QUEUE_MAX * 10 {
            // The home knows; this was only to save questions.
            self.done.pop_first();
        }
        lock(&self.standing).waiting = self.queue.len() as u64;
    }

    async fn not_taken(&mut self, place: &Place, why: NotTaken) {
        let now_us = self.outbox.now_us();
        let Some(waiting) = self.queue.get_mut(place) else { return };
        waiting.attempts = waiting.attempts.saturating_add(1);
        let attempts = waiting.attempts;
        if why.is_its_own {
            waiting.due_us = now_us.saturating_add(micros(backoff::wait(attempts, &place.id, why.retry_after)));
        } else {
            self.failures = self.failures.saturating_add(1);
            let wait = backoff::wait(self.failures, &self.target.name, why.retry_after);
            self.free_at_us = now_us.saturating_add(micros(wait));
        }
        self.troubled(&why.reason).await;
    }

    /// Notes a trouble, in memory each time and in the home now and then.
    async fn troubled(&mut self, reason: &str) {
        lock(&self.standing).trouble = Some(reason.to_owned());
        let now_us = self.outbox.now_us();
        if self.trouble_noted_us.is_none_or(|noted| now_us.saturating_sub(noted) >= micros(TROUBLE_EVERY)) {
            self.trouble_noted_us = Some(now_us);
            // If the home cannot be written either, there is nowhere to say so.
            let _ = self.outbox.trouble(&self.target.name, reason, self.failures.max(1)).await;
        }
    }
}

fn refused(reason: String) -> NotTaken {
    NotTaken { reason, retry_after: None, is_its_own: true }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn lock(standing: &Mutex<Standing>) -> std::sync::MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
