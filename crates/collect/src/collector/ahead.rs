//! Lists and fetches ahead of the one who keeps, within a limit of bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use lake::ledger::{self, Known};
use lake::{Lake, LakeError, Observer, Phase, Stage};
use layout::Kind;
use record::limits::DELIVERY_STORED_BYTES_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Arrived, CollectError, FETCHED_AHEAD_BYTES_MAX, Follow, Options, Stop};
use crate::poll::{Ask, Poll};
use crate::read::{self, Raw};
use crate::source::{Listed, Page, Source, SourceError, Stream};
use crate::walk::Walk;

/// Objects that are fetched at the same time.
pub(crate) const FETCHES_AT_ONCE_MAX: usize = 48;
/// How often a resting collector looks whether it is to stop.
const LOOK_UP_EVERY: Duration = Duration::from_millis(500);

/// The task that lists and fetches.
pub(crate) struct Ahead {
    pub(super) lake: Arc<Lake>,
    pub(crate) options: Options,
    pub(crate) sender: mpsc::Sender<Arrived>,
    pub(super) room: Arc<Semaphore>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) stop: Stop,
}

impl Ahead {
    pub(super) async fn tree(self, source: Arc<dyn Source>) -> Result<(), CollectError> {
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
                match page_of(source.as_ref(), &ask).await {
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

    pub(crate) async fn room_for(&self, size_bytes: u64) -> Option<OwnedSemaphorePermit> {
        // Half at most: what the keeper holds below its own half can then never shut one object out.
        let wanted = size_bytes.clamp(1, FETCHED_AHEAD_BYTES_MAX as u64 / 2) as u32;
        Arc::clone(&self.room).acquire_many_owned(wanted).await.ok()
    }

    pub(super) async fn stream(self, mut stream: Box<dyn Stream>) -> Result<(), CollectError> {
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

/// The page that is asked for. A day without a folder has no log files yet, as long as its area is there.
async fn page_of(source: &dyn Source, ask: &Ask) -> Result<Page, SourceError> {
    match (source.list(&ask.prefix, ask.after.as_deref()).await, ask.area()) {
        (Err(SourceError::NotFound(_)), Some(area)) => source.list(area, None).await.map(|_| Page::default()),
        (answer, _) => answer,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::folder::Folder;
    use crate::walk::Wanted;

    #[tokio::test]
    async fn a_day_whose_folder_is_not_made_yet_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let area = folder.path().join("AWSLogs/111122223333/CloudTrail/us-east-1");
        std::fs::create_dir_all(area.join("2026/11/28")).unwrap();
        std::fs::write(area.join("2026/11/28/a.json"), "{}").unwrap();
        let source = Folder::open(folder.path()).unwrap();
        let walk = Walk::discover(&source, &Wanted::default()).await.unwrap();
        let now = DateTime::parse_from_rfc3339("2026-11-29T02:00:00Z").unwrap().to_utc();
        let mut poll = Poll::new(&walk, &Wanted::default(), TimeDelta::seconds(60), now, now);
        let asks = poll.due(now + TimeDelta::hours(1));
        let today = asks.iter().find(|ask| ask.prefix.ends_with("/2026/11/29/")).unwrap();
        assert_eq!(today.area(), Some("AWSLogs/111122223333/CloudTrail/us-east-1/"));
        assert!(page_of(&source, today).await.unwrap().objects.is_empty());
        std::fs::remove_dir_all(&area).unwrap();
        assert!(matches!(page_of(&source, today).await, Err(SourceError::NotFound(_))), "an area that is gone is told");
    }
}
