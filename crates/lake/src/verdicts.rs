//! What became of each log file and digest when it was checked: rows of their own, appended by a cursor of their own.
//!
//! A table beside the ledger and not part of it: the ledger follows the archive's log commit by commit, and has one row for what
//! was delivered. Verdicts come later, come again (the latest counts), and also speak of files that never were delivered.
//!
//! *Exactly once*: a judgement says which verdict it found when it looked ([`Judgement::after_us`]). It is appended only if that
//! is still the latest one, so that of two who judge the same digest one is passed over, and a crash leaves all of it or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use object_store::{ObjectStoreExt, PutPayload};
use serde_json::json;

use crate::archive::{PartsOf, commit_info};
use crate::delta::{Action, Add, Committed, Log, collide, table_actions};
use crate::error::LakeError;
use crate::home::{Home, Lake};
use crate::ledger::key_hash;
use crate::limits::{APPEND_ATTEMPTS_MAX, KNOWN_DAYS_MAX};
use crate::outside::{Outside, Stage};
use crate::parquets;
use crate::schema::{self, SHA256_TAG};

/// What a delivery without a verdict is.
pub const PENDING: &str = "pending";
/// The verdict on something that is proven.
pub const VERIFIED: &str = "verified";
/// Tag of a file of verdicts: how many digests it judges for the first time.
const JUDGED_TAG: &str = "trailkeep.judged";
/// Tag of a file of verdicts: how many digests more than before are worth being judged again (see [`Latest::is_open`]).
const OPEN_TAG: &str = "trailkeep.open";

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A log file.
    Log,
    /// A digest.
    Digest,
}

impl Kind {
    /// The word in the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Log => "log",
            Kind::Digest => "digest",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The day in the key of what is judged (`YYYY-MM-DD`), or `unknown`: the day under which the ledger has it.
    pub day: String,
    /// Log file or digest.
    pub kind: Kind,
    /// Where it came from, or should have come from.
    pub origin: String,
    /// Its key there.
    pub key: String,
    /// Its delivery; `None` for what was never collected.
    pub delivery: Option<i64>,
    /// The verdict, in one word.
    pub verdict: String,
    /// Key of the digest that speaks of it.
    pub digest_key: Option<String>,
    /// SHA-256 of that digest's content.
    pub digest_sha256: Option<[u8; 32]>,
    /// Why, for people.
    pub reason: Option<String>,
}

/// Verdicts that are true together: of a digest and of the log files that it vouches for; or one of something alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What was looked at: the digest.
    pub about: Verdict,
    /// What follows from it: the log files.
    pub with: Vec<Verdict>,
    /// When its latest verdict so far was given ([`Latest::judged_us`]); `None` if there was none.
    pub after_us: Option<i64>,
}

/// The latest verdict on something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// When it was given, in microseconds.
    pub judged_us: i64,
    /// The verdict.
    pub verdict: Arc<str>,
    /// Why, of a digest.
    pub reason: Option<Arc<str>>,
}

impl Latest {
    /// Whether a digest is worth being judged again: keys, metadata or log files that come later can change the verdict.
    pub fn is_open(&self) -> bool {
        is_open(&self.verdict, self.reason.as_deref())
    }
}

fn is_open(verdict: &str, reason: Option<&str>) -> bool {
    verdict != VERIFIED || reason.is_some()
}

/// The latest verdicts of a day, by what they are about: some 60 bytes each.
#[derive(Clone, Debug, Default)]
pub struct JudgedDay {
    latest: HashMap<i64, Latest>,
    words: HashSet<Arc<str>>,
}

impl JudgedDay {
    /// The latest verdict on a delivery.
    pub fn delivery(&self, delivery: i64) -> Option<&Latest> {
        self.latest.get(&delivery)
    }

    /// The latest verdict on what was never collected.
    pub fn missing(&self, origin: &str, key: &str) -> Option<&Latest> {
        self.latest.get(&key_hash(origin, key))
    }

    fn take(&mut self, batch: &RecordBatch) {
        let column = |name: &str| batch.column_by_name(name);
        let text = |name: &str| column(name).and_then(|array| array.as_string_opt::<i32>());
        let (Some(judged), Some(kind), Some(verdict), Some(reason), Some(delivery), Some(origin), Some(key)) = (
            column("judgedat").and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>()),
            text("kind"),
            text("verdict"),
            text("reason"),
            column("delivery").and_then(|array| array.as_primitive_opt::<Int64Type>()),
            text("origin"),
            text("key"),
        ) else {
            return;
        };
        for at in 0..batch.num_rows() {
            let delivery = (!delivery.is_null(at)).then(|| delivery.value(at));
            let subject = delivery.unwrap_or_else(|| key_hash(origin.value(at), key.value(at)));
            let judged_us = judged.value(at);
            if self.latest.get(&subject).is_none_or(|latest| latest.judged_us < judged_us) {
                let verdict = self.word(verdict.value(at));
                let has_reason = kind.value(at) == Kind::Digest.name() && !reason.is_null(at);
                let reason = has_reason.then(|| self.word(reason.value(at)));
                self.latest.insert(subject, Latest { judged_us, verdict, reason });
            }
        }
    }

    /// Each word is kept once.
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return Arc::clone(word);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }
}

/// A day as far as it has been read.
#[derive(Default)]
pub(crate) struct ReadDay {
    day: String,
    files: HashSet<String>,
    judged: Arc<JudgedDay>,
}

/// Makes the table, unless it is there.
pub(crate) async fn create(home: &Home, outside: &Outside) -> Result<(), LakeError> {
    let mut log = log(home);
    log.refresh().await?;
    if log.state.version < 0 {
        let schema = schema::to_delta(&schema::verdicts(), schema::DELIVERY_DAY);
        let name = (outside.unique)();
        // Losing this race is as good as winning it.
        log.commit(&table_actions(&name, "verdicts", &schema, schema::DELIVERY_DAY, (outside.now_us)())).await?;
    }
    Ok(())
}

/// The table's log; nothing is read yet.
pub(crate) fn log(home: &Home) -> Log {
    Log::new(Arc::clone(&home.store), home.path(&["verdicts"]))
}

impl Lake {
    /// The latest verdicts on what was delivered on a day. A file is read once; the days asked for last are kept.
    pub async fn judged(&self, day: &str) -> Result<Arc<JudgedDay>, LakeError> {
        let mut log = self.verdicts.lock().await;
        log.refresh().await?;
        self.judged_in(&log, day).await
    }

    async fn judged_in(&self, log: &Log, day: &str) -> Result<Arc<JudgedDay>, LakeError> {
        let mut days = self.judged_days.lock().await;
        let mut read = match days.iter().position(|read| read.day == day) {
            Some(at) => days.remove(at),
            None => ReadDay { day: day.to_owned(), ..ReadDay::default() },
        };
        for add in log.state.files.values().filter(|add| add.day() == day) {
            if !read.files.contains(&add.path) {
                let body = self.home.store.get(&log.root().clone().parts_of(&add.path)).await?.bytes().await?;
                let judged = Arc::make_mut(&mut read.judged);
                for batch in parquets::decode_columns(body, &JUDGED_COLUMNS)? {
                    judged.take(&batch);
                }
                read.files.insert(add.path.clone());
            }
        }
        let judged = Arc::clone(&read.judged);
        days.push(read);
        let surplus = days.len().saturating_sub(KNOWN_DAYS_MAX);
        days.drain(..surplus);
        Ok(judged)
    }

    /// Days with digests that nobody has judged yet or that are worth being judged again, and how many. Read from the logs alone.
    pub async fn days_to_judge(&self) -> Result<BTreeMap<String, u64>, LakeError> {
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for file in self.ledger_of(None).await? {
            *open.entry(file.day).or_default() += file.digests;
        }
        let mut log = self.verdicts.lock().await;
        log.refresh().await?;
        for add in log.state.files.values() {
            let noted = |name: &str| add.tag(name).and_then(|tag| tag.parse::<i64>().ok()).unwrap_or(0);
            *open.entry(add.day().to_owned()).or_default() += noted(OPEN_TAG) - noted(JUDGED_TAG);
        }
        Ok(open.into_iter().filter(|(_, count)| *count > 0).map(|(day, count)| (day, count.unsigned_abs())).collect())
    }

    /// Appends judgements in one commit; says which of them were, in their order. The others came too late: whoever was faster
    /// has judged the same.
    pub async fn append_verdicts(&self, judgements: &[Judgement]) -> Result<Vec<bool>, LakeError> {
        let mut log = self.verdicts.lock().await;
        log.refresh().await?;
        for _ in 0..APPEND_ATTEMPTS_MAX {
            let (rows, accepted) = self.still_new(&log, judgements).await?;
            if rows.is_empty() {
                return Ok(accepted);
            }
            let adds = self.outside.watched(Stage::Verdicts, self.write_verdicts(&log, &rows)).await?;
            if self.commit_verdicts(&mut log, &adds).await? {
                return Ok(accepted);
            }
            self.forget(adds.iter().map(|add| log.root().clone().parts_of(&add.path))).await;
        }
        Err(LakeError::Contended(APPEND_ATTEMPTS_MAX))
    }

    /// The rows of those judgements that nobody was faster with, by day, with their times.
    async fn still_new<'a>(
        &self,
        log: &Log,
        judgements: &'a [Judgement],
    ) -> Result<(BTreeMap<&'a str, Vec<Row<'a>>>, Vec<bool>), LakeError> {
        let mut days: HashMap<&str, Arc<JudgedDay>> = HashMap::new();
        for verdict in judgements.iter().flat_map(Judgement::all) {
            if !days.contains_key(verdict.day.as_str()) {
                days.insert(&verdict.day, self.judged_in(log, &verdict.day).await?);
            }
        }
        let latest_of = |verdict: &Verdict| days.get(verdict.day.as_str())?.latest.get(&verdict.subject());
        let mut taken = HashSet::new();
        let mut accepted = Vec::with_capacity(judgements.len());
        let mut rows: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
        for judgement in judgements {
            let about = &judgement.about;
            let latest = latest_of(about);
            let is_new = latest.map(|latest| latest.judged_us) == judgement.after_us && taken.insert(about.subject());
            accepted.push(is_new);
            if !is_new {
                continue;
            }
            // INVARIANT: a later verdict has a later time, whatever the clocks of two machines say.
            let times = judgement.all().filter_map(|verdict| Some(latest_of(verdict)?.judged_us));
            let later = times.max().map_or(i64::MIN, |latest| latest + 1);
            let judged_us = later.max((self.outside.now_us)());
            for verdict in judgement.all() {
                let is_counted = std::ptr::eq(verdict, about) && about.is_kept_digest();
                let is_first = is_counted && latest.is_none();
                let opens = if is_counted { about.opens_after(latest) } else { 0 };
                rows.entry(&verdict.day).or_default().push(Row { verdict, judged_us, is_first, opens });
            }
        }
        Ok((rows, accepted))
    }

    async fn write_verdicts(&self, log: &Log, rows: &BTreeMap<&str, Vec<Row<'_>>>) -> Result<Vec<Add>, LakeError> {
        let mut adds = Vec::with_capacity(rows.len());
        for (day, rows) in rows {
            let body = parquets::encode(&schema::verdicts(), &[to_batch(rows)?], parquets::small_properties()?, 1)?;
            let add = Add {
                path: format!("{}={day}/{}.parquet", schema::DELIVERY_DAY, (self.outside.unique)()),
                partition_values: BTreeMap::from([(schema::DELIVERY_DAY.to_owned(), Some((*day).to_owned()))]),
                size: body.len() as i64,
                modification_time: (self.outside.now_us)() / 1000,
                data_change: true,
                stats: Some(json!({ "numRecords": rows.len() }).to_string()),
                tags: Some(BTreeMap::from([
                    (SHA256_TAG.to_owned(), Some(parquets::sha256_hex(&body))),
                    (JUDGED_TAG.to_owned(), Some(rows.iter().filter(|row| row.is_first).count().to_string())),
                    (OPEN_TAG.to_owned(), Some(rows.iter().map(|row| row.opens).sum::<i64>().to_string())),
                ])),
            };
            self.home.store.put(&log.root().clone().parts_of(&add.path), PutPayload::from(body)).await?;
            adds.push(add);
        }
        Ok(adds)
    }

    /// Makes files of verdicts real; `false` if somebody else has judged on one of the same days first.
    async fn commit_verdicts(&self, log: &mut Log, adds: &[Add]) -> Result<bool, LakeError> {
        let now_us = (self.outside.now_us)();
        let mut actions: Vec<Action> =
            adds.iter().map(|add| log.state.next_txn(&format!("verdicts:{}", add.day()), now_us)).collect();
        actions.extend(adds.iter().cloned().map(Action::Add));
        actions.push(commit_info("WRITE", now_us / 1000, json!({})));
        loop {
            match self.outside.watched(Stage::Verdicts, log.commit(&actions)).await? {
                Committed::Done => return Ok(true),
                Committed::Lost(theirs) if collide(&actions, &theirs) => return Ok(false),
                Committed::Lost(_) => {}
            }
        }
    }
}

impl Judgement {
    fn all(&self) -> impl Iterator<Item = &Verdict> {
        std::iter::once(&self.about).chain(&self.with)
    }
}

impl Verdict {
    /// What it is about, as 64 bits: the delivery, else origin and key.
    fn subject(&self) -> i64 {
        self.delivery.unwrap_or_else(|| key_hash(&self.origin, &self.key))
    }

    /// How many open digests there are more with this verdict than with the one before.
    fn opens_after(&self, before: Option<&Latest>) -> i64 {
        i64::from(is_open(&self.verdict, self.reason.as_deref())) - i64::from(before.is_some_and(Latest::is_open))
    }

    fn is_kept_digest(&self) -> bool {
        self.kind == Kind::Digest && self.delivery.is_some()
    }
}

/// A verdict with its time.
struct Row<'a> {
    verdict: &'a Verdict,
    judged_us: i64,
    /// It is the first one on a digest that is kept.
    is_first: bool,
    /// How many digests more are worth being judged again.
    opens: i64,
}

/// What is read of a day's verdicts.
const JUDGED_COLUMNS: [&str; 7] = ["judgedat", "kind", "verdict", "reason", "delivery", "origin", "key"];

fn to_batch(rows: &[Row<'_>]) -> Result<RecordBatch, LakeError> {
    let text = |get: &dyn Fn(&Verdict) -> Option<&str>| -> ArrayRef {
        let mut builder = StringBuilder::new();
        rows.iter().for_each(|row| builder.append_option(get(row.verdict)));
        Arc::new(builder.finish())
    };
    let mut judged = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let mut delivery = Int64Builder::new();
    let mut digest = BinaryBuilder::new();
    for row in rows {
        judged.append_value(row.judged_us);
        delivery.append_option(row.verdict.delivery);
        digest.append_option(row.verdict.digest_sha256);
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(judged.finish()),
        text(&|verdict| Some(verdict.kind.name())),
        text(&|verdict| Some(&verdict.origin)),
        text(&|verdict| Some(&verdict.key)),
        Arc::new(delivery.finish()),
        text(&|verdict| Some(&verdict.verdict)),
        text(&|verdict| verdict.digest_key.as_deref()),
        Arc::new(digest.finish()),
        text(&|verdict| verdict.reason.as_deref()),
    ];
    Ok(RecordBatch::try_new(schema::verdicts(), arrays)?)
}
