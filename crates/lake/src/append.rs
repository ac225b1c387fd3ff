//! One append: a batch of deliveries becomes rows and ledger rows, exactly once.
//!
//! Judge every record against the lake and the batch; write the rows, write the ledger rows, and make both real with one commit.
//! If another collector has touched one of the same days in between, nothing of ours is real yet: look again and start over.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use record::{Flaw, Flaws, time};
use serde_json::json;

use crate::archive::{Appended, LedgerFile, PartsOf};
use crate::batch::{Batch, Body, Incoming};
use crate::dedupe::{self, Existing};
use crate::delta::Add;
use crate::earlier::Earlier;
use crate::error::LakeError;
use crate::evidence::Keep;
use crate::home::Lake;
use crate::ledger::{self, Entry, Known, Placement, Status};
use crate::limits::APPEND_ATTEMPTS_MAX;
use crate::outside::Stage;
use crate::parquets::{self, Effort};
use crate::rows::{self, Row};
use crate::schema;
use crate::stores::Chooser;

/// What became of records, counted. `records` is the sum of all that follow but `flawed`, which counts stored ones again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Records read.
    pub records: u64,
    /// Stored for the first time, among them `conflicting`.
    pub stored: u64,
    /// In the lake already: byte for byte, or the same values in other writing.
    pub duplicate: u64,
    /// Stored although another record with the same ID and account is there: the content differs.
    pub conflicting: u64,
    /// Wanted by no store.
    pub filtered: u64,
    /// Older than the longest retention.
    pub expired: u64,
    /// Stored with something wrong about them.
    pub flawed: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.records += other.records;
        self.stored += other.stored;
        self.duplicate += other.duplicate;
        self.conflicting += other.conflicting;
        self.filtered += other.filtered;
        self.expired += other.expired;
        self.flawed += other.flawed;
    }
}

/// What became of one delivery of a batch.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What became of it; `None` when another collector was faster with this very delivery.
    pub status: Option<Status>,
    /// Its records.
    pub counts: Counts,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Other content was ingested under the same key before.
    pub overwritten: bool,
}

/// What became of a batch.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One for each delivery, in the batch's order.
    pub deliveries: Vec<Judged>,
}

/// What is to be written for a batch.
#[derive(Default)]
struct Plan {
    rows: BTreeMap<String, Vec<Row>>,
    entries: Vec<(String, Entry)>,
    evidence: Vec<Keep>,
    outcome: Outcome,
}

/// The membership of a row that only gives a delivery back its bytes.
pub(crate) const NO_STORE: i64 = 0;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Position of a delivery and of a record in it, with the record's id.
pub(crate) struct Candidate {
    pub(crate) delivery: usize,
    pub(crate) index: u32,
    pub(crate) id: u64,
    time: Option<i64>,
}

impl Lake {
    /// Appends a batch.
    pub async fn append(&self, batch: &Batch) -> Result<Outcome, LakeError> {
        for _ in 0..APPEND_ATTEMPTS_MAX {
            self.tables.lock().await.refresh().await?;
            let plan = self.judge(batch).await?;
            if plan.entries.is_empty() {
                return Ok(plan.outcome);
            }
            let adds = self.outside.watched(Stage::Rows, self.write_rows(batch, &plan)).await?;
            let evidence_and_ledger = async {
                self.keep_evidence(&plan.evidence).await?;
                self.write_ledger(&plan).await
            };
            let files = self.outside.watched(Stage::Ledger, evidence_and_ledger).await?;
            let appended = self.tables.lock().await.append(adds.clone(), files.clone(), &self.outside).await?;
            if matches!(appended, Appended::Done) {
                return Ok(plan.outcome);
            }
            let rows = adds.iter().map(|add| self.home.path(&["archive"]).parts_of(&add.path));
            let ledger = files.iter().map(|file| self.home.path(&["ledger"]).parts_of(&file.path));
            self.forget(rows.chain(ledger)).await;
        }
        Err(LakeError::Contended(APPEND_ATTEMPTS_MAX))
    }

    /// Deletes files that were written for a commit that never came to be. What is left behind is referenced by nothing.
    pub(crate) async fn forget(&self, paths: impl Iterator<Item = Path>) {
        for path in paths {
            if let Err(error) = self.home.store.delete(&path).await {
                tracing::debug!(%path, %error, "a file without a commit stays behind");
            }
        }
    }

    /// Decides what becomes of every delivery and record.
    async fn judge(&self, batch: &Batch) -> Result<Plan, LakeError> {
        let chooser = self.chooser().await?;
        let mut known: HashMap<&str, Arc<Known>> = HashMap::new();
        for incoming in &batch.deliveries {
            if !known.contains_key(incoming.day.as_str()) {
                known.insert(&incoming.day, self.known(&incoming.day).await?);
            }
        }
        let earlier = self.earlier_of(batch, &known).await?;
        let mut plan = Plan::default();
        let mut fresh: Vec<Option<Entry>> = Vec::with_capacity(batch.deliveries.len());
        for incoming in &batch.deliveries {
            let known = known.entry(&incoming.day).or_default();
            let entry = self.begin_entry(incoming, known, &earlier, &mut plan);
            if let Some(entry) = entry.as_ref().filter(|entry| entry.status != Status::Refused) {
                Arc::make_mut(known).insert(entry.keyhash, entry.delivery);
            }
            fresh.push(entry);
        }
        for (day, candidates) in candidates(batch, &fresh) {
            let rows = self.judge_day(batch, &day, &candidates, &chooser, &mut fresh).await?;
            if !rows.is_empty() {
                plan.rows.insert(day, rows);
            }
        }
        for (incoming, (entry, judged)) in batch.deliveries.iter().zip(fresh.into_iter().zip(&mut plan.outcome.deliveries)) {
            if let Some(mut entry) = entry {
                entry.placements.sort_by_key(|placement| placement.index);
                entry.reason = entry.reason.or_else(|| flaws_in_words(incoming));
                judged.reason.clone_from(&entry.reason);
                judged.counts = entry.counts;
                plan.entries.push((incoming.day.clone(), entry));
            }
        }
        Ok(plan)
    }

    /// What the ledger holds under the keys of new deliveries.
    async fn earlier_of(&self, batch: &Batch, known: &HashMap<&str, Arc<Known>>) -> Result<HashMap<i64, Earlier>, LakeError> {
        let mut keys: BTreeMap<&str, HashSet<i64>> = BTreeMap::new();
        for incoming in &batch.deliveries {
            let (delivery, keyhash) = incoming.hashes();
            if known.get(incoming.day.as_str()).is_some_and(|known| !known.has(delivery) && known.has_key(keyhash)) {
                keys.entry(&incoming.day).or_default().insert(keyhash);
            }
        }
        let mut earlier = HashMap::new();
        for (day, keys) in keys {
            earlier.extend(self.earlier(day, &keys).await?);
        }
        Ok(earlier)
    }

    /// The ledger row of a delivery as far as it is known before its records are judged; none if it is known already.
    fn begin_entry(&self, incoming: &Incoming, known: &Known, earlier: &HashMap<i64, Earlier>, plan: &mut Plan) -> Option<Entry> {
        let (delivery, keyhash) = incoming.hashes();
        let mut judged = Judged { status: None, counts: Counts::default(), reason: None, overwritten: false };
        if known.has(delivery) {
            plan.outcome.deliveries.push(judged);
            return None;
        }
        let mut entry = blank_entry(incoming, delivery, keyhash, (self.outside.now_us)());
        let kept = incoming.to_keep();
        if let Some(earlier) = earlier.get(&keyhash).filter(|_| entry.status != Status::Refused) {
            if earlier.is_same(entry.stored_sha256, entry.content_sha256) {
                entry.status = Status::Same;
            } else {
                judged.overwritten = true;
                let wrong = entry.reason.map(|reason| format!("; {reason}")).unwrap_or_default();
                entry.reason = Some(format!("other content was ingested under this key before{wrong}"));
            }
        }
        entry.evidence = kept.as_ref().map(|keep| keep.path().to_owned());
        judged.status = Some(entry.status);
        judged.reason.clone_from(&entry.reason);
        plan.outcome.deliveries.push(judged);
        // A refusal that is in the ledger already is not written again.
        if entry.status == Status::Refused && known.is_refused(delivery, entry.reason.as_deref().unwrap_or_default()) {
            return None;
        }
        plan.evidence.extend(kept);
        Some(entry)
    }

    async fn judge_day(
        &self,
        batch: &Batch,
        day: &str,
        candidates: &[Candidate],
        chooser: &Chooser,
        entries: &mut [Option<Entry>],
    ) -> Result<Vec<Row>, LakeError> {
        let times = || candidates.iter().map(|candidate| candidate.time.unwrap_or(0));
        let times = (times().min().unwrap_or(i64::MIN), times().max().unwrap_or(i64::MAX));
        let files = self.files_of_day(day).await;
        let ids = candidates.iter().map(|candidate| candidate.id);
        let mut existing = dedupe::look_up(&self.home, &self.keys, &files, ids, times).await?;
        let rewritten = self.other_writings(batch, candidates, &existing, &files).await?;
        let mut rows = Vec::with_capacity(candidates.len());
        let (mut matcher, now_us) = (chooser.matcher(), (self.outside.now_us)());
        for candidate in candidates {
            let (Some(view), Some(Some(entry))) =
                (batch.view(candidate.delivery, candidate.index), entries.get_mut(candidate.delivery))
            else {
                continue;
            };
            entry.counts.records += 1;
            let time = candidate.time.filter(|_| day != "unknown");
            if chooser.is_expired(time, now_us) {
                entry.counts.expired += 1;
                continue;
            }
            let same_id = existing.entry(candidate.id).or_default();
            if let Some(twin) = same_id.iter().find(|other| other.hash == view.entry().hash) {
                entry.counts.duplicate += 1;
                entry.placements.push(Placement { index: candidate.index, delivery: twin.delivery, at: twin.index });
                continue;
            }
            let mut flaws = view.entry().flaws;
            let (at, delivery, index) = (candidate.delivery, entry.delivery, candidate.index);
            let existing = Existing { hash: view.entry().hash, delivery, index };
            if rewritten.contains(&(at, index)) {
                // The same values in other writing: kept for its delivery's sake, in no store.
                entry.counts.duplicate += 1;
                same_id.push(existing);
                rows.push(Row { time: candidate.time, at, delivery, index, flaws, membership: NO_STORE });
                continue;
            }
            entry.counts.stored += 1;
            entry.counts.flawed += u64::from(!flaws.is_empty());
            if !same_id.is_empty() {
                flaws = flaws.with(Flaw::Conflict);
                entry.counts.conflicting += 1;
            }
            same_id.push(existing);
            let membership = chooser.membership(&mut matcher, view, time, now_us);
            rows.push(Row { time: candidate.time, at, delivery, index, flaws, membership });
        }
        Ok(rows)
    }

    async fn files_of_day(&self, day: &str) -> Vec<Arc<Add>> {
        let tables = self.tables.lock().await;
        tables.archive.state.files.values().filter(|add| add.day() == day).cloned().collect()
    }

    async fn write_rows(&self, batch: &Batch, plan: &Plan) -> Result<Vec<Add>, LakeError> {
        let mut writes = Vec::new();
        for (day, stored) in &plan.rows {
            let mut rows = stored.clone();
            rows.sort_by_key(|row| row.time);
            let times = rows.first().zip(rows.last()).and_then(|(a, b)| a.time.zip(b.time));
            let id = |row: &Row| batch.coded.get(row.at)?.ids.get(row.index as usize).copied();
            let ids = rows.iter().filter_map(id).collect();
            let properties = parquets::archive_properties(Effort::Ingest, rows.len(), Vec::new())?;
            let body = rows::encode(batch, &rows, properties, self.outside.threads)?;
            let name = format!("{}.parquet", (self.outside.unique)());
            let mut add = new_add(day, name, &body, rows.len(), times, (self.outside.now_us)());
            if rows.iter().any(|row| row.membership == NO_STORE) {
                add.tags.get_or_insert_default().insert(schema::NO_STORE_TAG.to_owned(), Some("true".to_owned()));
            }
            self.keys.put(&add.path, ids);
            writes.push((add, body));
        }
        futures::stream::iter(writes)
            .map(|(add, body)| async move {
                self.home.store.put(&self.home.path(&["archive"]).parts_of(&add.path), PutPayload::from(body)).await?;
                Ok::<Add, LakeError>(add)
            })
            .buffered(8)
            .try_collect()
            .await
    }

    async fn write_ledger(&self, plan: &Plan) -> Result<Vec<LedgerFile>, LakeError> {
        let mut days: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
        for (day, entry) in &plan.entries {
            days.entry(day).or_default().push(entry.clone());
        }
        let mut files = Vec::new();
        for (day, entries) in days {
            let rows = ledger::to_batch(&entries)?;
            let body = parquets::encode(&schema::ledger(), &[rows], parquets::small_properties()?, 1)?;
            let path = format!("{}={day}/{}.parquet", schema::DELIVERY_DAY, (self.outside.unique)());
            let file = LedgerFile {
                path,
                day: day.to_owned(),
                size: body.len() as i64,
                rows: entries.len() as i64,
                sha256: Some(parquets::sha256_hex(&body)),
                digests: entries.iter().filter(|entry| entry.status == Status::Evidence).count() as i64,
            };
            self.home.store.put(&self.home.path(&["ledger"]).parts_of(&file.path), PutPayload::from(body)).await?;
            files.push(file);
        }
        Ok(files)
    }
}

/// What is wrong with the records of a delivery, for people.
fn flaws_in_words(incoming: &Incoming) -> Option<String> {
    let Body::Read { parsed, .. } = &incoming.body else { return None };
    let flawed = parsed.records.iter().filter(|record| !record.flaws.is_empty()).count();
    let all = parsed.records.iter().fold(0, |all, record| all | record.flaws.bits());
    let names: Vec<String> = Flaws::from_bits(all).iter().map(|flaw| flaw.to_string()).collect();
    (flawed > 0).then(|| format!("{flawed} of {} records kept with flaws: {}", parsed.records.len(), names.join(", ")))
}

/// The records of new deliveries, by day.
fn candidates(batch: &Batch, entries: &[Option<Entry>]) -> BTreeMap<String, Vec<Candidate>> {
    let mut days: BTreeMap<Option<i64>, Vec<Candidate>> = BTreeMap::new();
    for (delivery, (incoming, entry)) in batch.deliveries.iter().zip(entries).enumerate() {
        let Body::Read { parsed, .. } = &incoming.body else { continue };
        let Some(coded) = batch.coded.get(delivery).filter(|_| is_ingested(entry)) else { continue };
        // Neighbours are of the same day as a rule.
        let (mut day, mut same) = (None, Vec::new());
        for (index, (record, id)) in parsed.records.iter().zip(&coded.ids).enumerate() {
            let new = record.time.filter(|time| time::is_believable(*time)).map(|time| time.div_euclid(DAY_US));
            if new != day {
                days.entry(std::mem::replace(&mut day, new)).or_default().append(&mut same);
            }
            same.push(Candidate { delivery, index: index as u32, id: *id, time: record.time });
        }
        days.entry(day).or_default().append(&mut same);
    }
    days.retain(|_, candidates| !candidates.is_empty());
    days.into_iter().map(|(day, candidates)| (time::event_day(day.map(|day| day * DAY_US)), candidates)).collect()
}

fn is_ingested(entry: &Option<Entry>) -> bool {
    entry.as_ref().is_some_and(|entry| entry.status == Status::Ingested)
}

fn blank_entry(incoming: &Incoming, delivery: i64, keyhash: i64, now_us: i64) -> Entry {
    let mut entry = Entry {
        delivery,
        keyhash,
        origin: incoming.origin.clone(),
        key: incoming.key.clone(),
        etag: incoming.etag.clone(),
        status: Status::Ingested,
        reason: None,
        family: incoming.family.clone(),
        account: incoming.account.clone(),
        region: incoming.region.clone(),
        delivered_us: incoming.delivered_us,
        ingested_us: now_us,
        first_us: None,
        last_us: None,
        stored_bytes: incoming.stored_bytes,
        content_bytes: 0,
        stored_sha256: incoming.stored_sha256,
        content_sha256: None,
        counts: Counts::default(),
        frame: None,
        placements: Vec::new(),
        evidence: None,
        metadata: Vec::new(),
    };
    match &incoming.body {
        Body::Read { content, sha256, parsed, frame } => {
            entry.content_bytes = content.len() as u64;
            entry.content_sha256 = Some(*sha256);
            entry.frame = Some(frame.0.clone());
            entry.first_us = parsed.records.iter().filter_map(|record| record.time).min();
            entry.last_us = parsed.records.iter().filter_map(|record| record.time).max();
        }
        Body::Refused { reason, .. } => {
            entry.status = Status::Refused;
            entry.reason = Some(reason.clone());
        }
        Body::Evidence(evidence) => {
            entry.status = Status::Evidence;
            entry.reason.clone_from(&evidence.reason);
            entry.content_bytes = evidence.content.map_or(0, |(bytes, _)| bytes);
            entry.content_sha256 = evidence.content.map(|(_, sha256)| sha256);
            entry.metadata.clone_from(&evidence.metadata);
        }
    }
    entry
}

/// The action that adds a file of rows.
pub(crate) fn new_add(day: &str, name: String, body: &[u8], rows: usize, times: Option<(i64, i64)>, now_us: i64) -> Add {
    let mut tags = BTreeMap::from([
        (schema::HOT_TAG.to_owned(), Some(schema::HOT_VERSION.to_owned())),
        (schema::SHA256_TAG.to_owned(), Some(parquets::sha256_hex(body))),
    ]);
    let mut stats = json!({ "numRecords": rows });
    if let Some((first, last)) = times.filter(|_| day != "unknown") {
        tags.insert("trailkeep.first".to_owned(), Some(first.to_string()));
        tags.insert("trailkeep.last".to_owned(), Some(last.to_string()));
        // Delta's statistics have milliseconds: the minimum is floored, the maximum raised.
        let last_ms = last.div_euclid(1000) + i64::from(last.rem_euclid(1000) != 0);
        stats = json!({
            "numRecords": rows,
            "minValues": { "eventtime": iso_ms(first.div_euclid(1000)) },
            "maxValues": { "eventtime": iso_ms(last_ms) },
        });
    }
    Add {
        path: format!("{}={day}/{name}", schema::EVENT_DAY),
        partition_values: BTreeMap::from([(schema::EVENT_DAY.to_owned(), Some(day.to_owned()))]),
        size: body.len() as i64,
        modification_time: now_us / 1000,
        data_change: true,
        stats: Some(stats.to_string()),
        tags: Some(tags),
    }
}

fn iso_ms(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .map(|time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}
