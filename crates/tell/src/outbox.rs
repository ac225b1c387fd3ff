//! What is found, and what each target has been told: documents in the home, created and never replaced.
//!
//! - `findings/found/<day>/<id>.json` - the finding, and when it was found. The day is that of its first event, so that the path follows
//!   from the finding alone.
//! - `findings/targets/<target>/0.json` - a target, from when on it is told, and what was found before: that it is not told.
//! - `findings/told/<target>/<day>/<id>.json` - a target has taken a finding.
//! - `findings/left/<target>/<day>/<id>.json` - a finding is below the level that a target is told.
//! - `findings/trouble/<target>/<seconds>.json` - why a target is not told at the moment; now and then while it lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use finding::Finding;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::TellError;
use crate::shelf::Shelf;

const FOUND: &str = "findings/found";
const TARGETS: &str = "findings/targets";
const TOLD: &str = "findings/told";
const LEFT: &str = "findings/left";
const TROUBLE: &str = "findings/trouble";

/// A finding that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// When it was found.
    #[serde(rename = "foundAt")]
    pub found_at: String,
}

/// A target that the home knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    name: String,
    /// Its kind and where it is; nothing secret.
    what: String,
    #[serde(rename = "addedAt")]
    added_at: String,
    /// Ids of what was found before.
    before: BTreeSet<String>,
}

/// That a target has taken a finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    id: String,
    #[serde(rename = "toldAt")]
    told_at: String,
    attempts: u32,
}

/// Why a target is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When.
    pub at: String,
    /// What went wrong.
    pub reason: String,
    /// How often in a row.
    pub failures: u32,
}

/// The place of a finding: its day and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    day: String,
    /// The finding's id.
    pub id: String,
}

/// The outbox of a home.
#[derive(Clone)]
pub struct Outbox {
    shelf: Arc<dyn Shelf>,
    now_us: fn() -> i64,
}

impl Outbox {
    /// The outbox on that shelf.
    pub fn new(shelf: Arc<dyn Shelf>, now_us: fn() -> i64) -> Outbox {
        Outbox { shelf, now_us }
    }

    /// Keeps a finding; its place if it was not there.
    pub async fn keep(&self, finding: Finding) -> Result<Option<Place>, TellError> {
        let place = Place::of(&finding);
        let kept = Kept { finding, found_at: self.now() };
        let is_new = self.create(&place.found(), &kept).await?;
        Ok(is_new.then_some(place))
    }

    /// Everything that is kept.
    pub async fn found(&self) -> Result<BTreeSet<Place>, TellError> {
        self.places(FOUND).await
    }

    /// A finding that is kept.
    pub async fn read(&self, place: &Place) -> Result<Option<Kept>, TellError> {
        self.document(&place.found()).await
    }

    /// Makes a target known, if it is not: it is told what is found from now on.
    pub async fn add_target(&self, name: &str, what: &str) -> Result<(), TellError> {
        let path = known_path(name);
        if self.document::<Known>(&path).await?.is_some() {
            return Ok(());
        }
        let before = self.found().await?.into_iter().map(|place| place.id).collect();
        let known = Known { name: name.to_owned(), what: what.to_owned(), added_at: self.now(), before };
        self.create(&path, &known).await?;
        Ok(())
    }

    /// Targets that the home knows, with what they are.
    pub async fn targets(&self) -> Result<BTreeMap<String, String>, TellError> {
        let mut targets = BTreeMap::new();
        for path in self.paths(TARGETS).await? {
            if let Some(known) = self.document::<Known>(&path).await? {
                targets.insert(known.name, known.what);
            }
        }
        Ok(targets)
    }

    /// What a target has taken.
    pub async fn told(&self, target: &str) -> Result<BTreeSet<Place>, TellError> {
        self.places(&format!("{TOLD}/{target}")).await
    }

    /// What a target has not taken yet, by day.
    pub async fn waiting(&self, target: &str) -> Result<BTreeSet<Place>, TellError> {
        let before = self.document::<Known>(&known_path(target)).await?.map(|known| known.before).unwrap_or_default();
        // INVARIANT: told is listed first. What is told in between was found before, and is told once more at worst.
        let told = self.told(target).await?;
        let left = self.places(&format!("{LEFT}/{target}")).await?;
        let is_done = |place: &Place| told.contains(place) || left.contains(place) || before.contains(&place.id);
        Ok(self.found().await?.into_iter().filter(|place| !is_done(place)).collect())
    }

    /// Notes that a target has taken a finding.
    pub async fn mark(&self, target: &str, place: &Place, attempts: u32) -> Result<(), TellError> {
        let told = Told { id: place.id.clone(), told_at: self.now(), attempts };
        self.create(&format!("{TOLD}/{target}/{}", place.name()), &told).await?;
        Ok(())
    }

    /// Notes that a finding is below a target's level.
    pub async fn leave_out(&self, target: &str, place: &Place) -> Result<(), TellError> {
        let left = json!({ "id": place.id, "leftAt": self.now() });
        self.create(&format!("{LEFT}/{target}/{}", place.name()), &left).await?;
        Ok(())
    }

    /// Notes why a target is not told.
    pub async fn trouble(&self, target: &str, reason: &str, failures: u32) -> Result<(), TellError> {
        let trouble = Trouble { at: self.now(), reason: reason.to_owned(), failures };
        let seconds = self.now_us() / 1_000_000;
        self.create(&format!("{TROUBLE}/{target}/{seconds}.json"), &trouble).await?;
        Ok(())
    }

    /// The last trouble with a target.
    pub async fn last_trouble(&self, target: &str) -> Result<Option<Trouble>, TellError> {
        let paths = self.paths(&format!("{TROUBLE}/{target}")).await?;
        match paths.last() {
            Some(path) => self.document(path).await,
            None => Ok(None),
        }
    }

    /// The time, in microseconds since 1970 UTC.
    pub(crate) fn now_us(&self) -> i64 {
        (self.now_us)()
    }

    fn now(&self) -> String {
        let now = DateTime::<Utc>::from_timestamp_micros(self.now_us()).unwrap_or_default();
        now.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    async fn create<T: Serialize>(&self, path: &str, document: &T) -> Result<bool, TellError> {
        let body = serde_json::to_vec_pretty(document).map_err(|error| TellError::Shelf(error.to_string()))?;
        self.shelf.create(path, body).await.map_err(TellError::Shelf)
    }

    async fn document<T: for<'a> Deserialize<'a>>(&self, path: &str) -> Result<Option<T>, TellError> {
        let Some(body) = self.shelf.read(path).await.map_err(TellError::Shelf)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| TellError::Damaged { path: path.to_owned(), reason: error.to_string() };
        serde_json::from_slice(&body).map(Some).map_err(damaged)
    }

    async fn paths(&self, folder: &str) -> Result<Vec<String>, TellError> {
        self.shelf.paths(folder).await.map_err(TellError::Shelf)
    }

    async fn places(&self, folder: &str) -> Result<BTreeSet<Place>, TellError> {
        Ok(self.paths(folder).await?.iter().filter_map(|path| Place::named(path)).collect())
    }
}

impl Place {
    /// Where a finding lies.
    pub fn of(finding: &Finding) -> Place {
        let day = finding.first_event_time.get(..10).filter(|day| day.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
        Place { day: day.unwrap_or("unknown").to_owned(), id: finding.id.clone() }
    }

    /// The day of its first event, `YYYY-MM-DD` or `unknown`.
    pub fn day(&self) -> &str {
        &self.day
    }

    fn named(path: &str) -> Option<Place> {
        let (rest, file) = path.rsplit_once('/')?;
        let (_, day) = rest.rsplit_once('/')?;
        Some(Place { day: day.to_owned(), id: file.strip_suffix(".json")?.to_owned() })
    }

    fn name(&self) -> String {
        format!("{}/{}.json", self.day, self.id)
    }

    fn found(&self) -> String {
        format!("{FOUND}/{}", self.name())
    }
}

fn known_path(target: &str) -> String {
    format!("{TARGETS}/{target}/0.json")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use finding::{Entity, Event, RuleInfo, Severity};

    use super::*;

    /// A home in memory.
    #[derive(Default)]
    pub(crate) struct Memory(pub(crate) Mutex<BTreeMap<String, Vec<u8>>>);

    #[async_trait]
    impl Shelf for Memory {
        async fn create(&self, path: &str, body: Vec<u8>) -> Result<bool, String> {
            let mut all = self.0.lock().unwrap();
            let is_new = !all.contains_key(path);
            if is_new {
                all.insert(path.to_owned(), body);
            }
            Ok(is_new)
        }

        async fn paths(&self, folder: &str) -> Result<Vec<String>, String> {
            Ok(self.0.lock().unwrap().keys().filter(|path| path.starts_with(&format!("{folder}/"))).cloned().collect())
        }

        async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(self.0.lock().unwrap().get(path).cloned())
        }
    }

    pub(crate) fn now_us() -> i64 {
        1_795_860_000_000_000
    }

    pub(crate) fn outbox() -> Outbox {
        Outbox::new(Arc::new(Memory::default()), now_us)
    }

    pub(crate) fn kept(id: &str, first: &str) -> Kept {
        let event = Event {
            event_time: first.to_owned(),
            event_id: "e".to_owned(),
            event_name: "StopLogging".to_owned(),
            event_source: "cloudtrail.amazonaws.com".to_owned(),
            aws_region: "eu-west-1".to_owned(),
            recipient_account_id: "111122223333".to_owned(),
            source_ip_address: "192.0.2.1".to_owned(),
            user_identity_arn: "arn:aws:iam::111122223333:user/a".to_owned(),
            error_code: String::new(),
            delivery: "AWSLogs/x.json.gz".to_owned(),
            index: 3,
        };
        let rule = RuleInfo {
            id: "r".to_owned(),
            title: "A trail was stopped".to_owned(),
            description: String::new(),
            author: String::new(),
            version: "1".to_owned(),
            references: Vec::new(),
            false_positives: Vec::new(),
            attack: finding::attack(&["attack.t1562.008".to_owned()]),
            controls: Vec::new(),
            response: String::new(),
        };
        let finding = Finding {
            id: id.to_owned(),
            severity: Severity::High,
            rule,
            entity: Entity { kind: "principal".to_owned(), value: "a".to_owned(), account: "111122223333".to_owned() },
            first_event_time: first.to_owned(),
            last_event_time: first.to_owned(),
            count: 1,
            clauses: vec!["selection: eventName = StopLogging".to_owned()],
            events: vec![event],
        };
        Kept { finding, found_at: "2026-11-28T10:00:01.000Z".to_owned() }
    }

    fn ids(places: BTreeSet<Place>) -> Vec<String> {
        places.into_iter().map(|place| place.id).collect()
    }

    #[tokio::test]
    async fn a_finding_is_kept_once_and_told_each_target_once() {
        let outbox = outbox();
        let finding = |id: &str| kept(id, "2026-11-28T10:00:00Z").finding;
        outbox.keep(finding("old")).await.unwrap();
        outbox.add_target("a", "file x").await.unwrap();
        let first = outbox.keep(finding("1")).await.unwrap().unwrap();
        assert_eq!(outbox.keep(finding("1")).await.unwrap(), None);
        outbox.add_target("b", "stdout").await.unwrap();
        outbox.keep(finding("2")).await.unwrap();
        // Again, after a restart: what it was told stays as it is.
        outbox.add_target("a", "file x").await.unwrap();
        assert_eq!(ids(outbox.waiting("a").await.unwrap()), ["1", "2"]);
        assert_eq!(ids(outbox.waiting("b").await.unwrap()), ["2"]);
        outbox.mark("a", &first, 1).await.unwrap();
        assert_eq!(ids(outbox.waiting("a").await.unwrap()), ["2"]);
        assert_eq!(outbox.read(&first).await.unwrap().unwrap().finding, finding("1"));
        assert_eq!(outbox.targets().await.unwrap().len(), 2);
        outbox.trouble("a", "refused", 3).await.unwrap();
        assert_eq!(outbox.last_trouble("a").await.unwrap().unwrap().reason, "refused");
        assert_eq!(outbox.last_trouble("b").await.unwrap(), None);
    }

    #[test]
    fn a_finding_without_a_time_has_a_place() {
        for (first, day) in [("2026-11-28T10:00:00Z", "2026-11-28"), ("", "unknown"), ("../../etc/passwd", "unknown")] {
            assert_eq!(Place::of(&kept("1", first).finding).day, day);
        }
    }
}
