//! Gathers what arrives into batches, has them taken apart on several threads, and appends them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lake::ledger::Status;
use lake::limits::{BATCH_CONTENT_BYTES_MAX, BATCH_DELIVERIES_MAX};
use lake::{Lake, Spare};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{Arrived, CollectError, FETCHED_AHEAD_BYTES_MAX, Options, Progress, Stop, Watch};
use crate::queue::Ticket;
use crate::read::{self, Raw};
use crate::source::SourceError;
use crate::summary::{Refusal, Summary};

/// The task that reads and keeps.
pub(super) struct Keeper {
    lake: Arc<Lake>,
    options: Options,
    watch: Arc<dyn Watch>,
    stop: Stop,
    pub(super) summary: Summary,
    progress: Progress,
    waiting: Vec<Raw>,
    waiting_bytes: u64,
    permits: Vec<OwnedSemaphorePermit>,
    compacted: Option<DateTime<Utc>>,
    /// Memory of the last batch.
    spares: Vec<Spare>,
}

impl Keeper {
    pub(super) fn new(lake: Arc<Lake>, options: Options, watch: Arc<dyn Watch>, stop: Stop) -> Keeper {
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

    pub(super) async fn keep_all(&mut self, mut arriving: mpsc::Receiver<Arrived>) -> Result<(), CollectError> {
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
