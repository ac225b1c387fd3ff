//! Step 5 of the way through the house: AWS's digests vouch for what was collected, and the verdicts are written down.
//!
//! This is the quick answer that stands beside every delivery (`SELECT verdict FROM deliveries`). `verify` proves it anew and knows
//! more: holes in time, removed digests, files that nothing vouches for.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use lake::digests::{Contents, KeptDigest};
use lake::ledger::{Entry, Metadata};
use lake::verdicts::{Kind, Latest, VERIFIED};
use lake::{Judgement, KeysSource, Lake, LakeError, Verdict};
use record::Inflater;
use seal::{Digest, LogFile, PublicKeys};

use crate::keys;

/// Judgements that are written in one commit.
const JUDGEMENTS_AT_ONCE: usize = 500;

/// What was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Digests judged, for the first time or with another verdict than before.
    pub digests: u64,
    /// Digests whose signature does not hold.
    pub invalid: u64,
    /// Log files that are what was delivered.
    pub verified: u64,
    /// Log files that are not.
    pub altered: u64,
    /// Log files that a digest names and the home does not have.
    pub missing: u64,
}

/// An answer of `ListPublicKeys`.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Who answered.
    pub source: KeysSource,
    /// The answer, as JSON.
    pub json: String,
}

/// Someone who can be asked for the public keys of a Region.
pub trait KeyAsker: Send + Sync {
    /// The keys that signed between two times; `None` where they could not be had, which the asker tells by itself. Blocks.
    fn ask(&self, region: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Answered>;
}

/// Judges the digests that nobody has judged yet, and those that keys, metadata or log files may prove that came since. The keys are
/// those that the home keeps; unknown ones of digests from S3 are asked for, and kept.
pub async fn vouch(lake: &Lake, asker: Option<Arc<dyn KeyAsker>>) -> Result<Vouched, LakeError> {
    let mut vouched = Vouched::default();
    let mut keys = keys::kept(lake).await?.keys();
    if keys.is_empty() && asker.is_none() {
        return Ok(vouched); // Without keys nothing can be said; the digests wait.
    }
    for day in lake.days_to_judge().await?.into_keys() {
        let mut open = open_digests(lake, &day, &keys).await?;
        if let Some(asker) = &asker
            && ask_for_keys(lake, &day, &open, asker).await?
        {
            keys = keys::kept(lake).await?.keys();
            open = open_digests(lake, &day, &keys).await?;
        }
        judge(lake, &open, &mut vouched).await?;
    }
    Ok(vouched)
}

/// Asks for keys that digests of a day name and nobody knows; whether new ones came.
async fn ask_for_keys(lake: &Lake, day: &str, open: &[Read], asker: &Arc<dyn KeyAsker>) -> Result<bool, LakeError> {
    let regions: BTreeSet<&str> = open.iter().filter_map(|read| read.unknown_in.as_deref()).collect();
    let Ok(day) = day.parse::<NaiveDate>() else { return Ok(false) };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let around = |days| Some((midnight(day.checked_sub_days(days)?), midnight(day.checked_add_days(days)?)));
    let Some((from, to)) = around(Days::new(1)) else { return Ok(false) };
    let mut is_new = false;
    for region in regions {
        let (asker, asked) = (Arc::clone(asker), region.to_owned());
        let answered = tokio::task::spawn_blocking(move || asker.ask(&asked, from, to)).await?;
        if let Some(Answered { source, json }) = answered {
            is_new |= lake.keep_keys(Some(region), &source, &json).await?;
        }
    }
    Ok(is_new)
}

/// The digests of a day that are to be judged.
async fn open_digests(lake: &Lake, day: &str, keys: &PublicKeys) -> Result<Vec<Read>, LakeError> {
    // What lacks its signature is not worth a second look before that has come.
    let wanted = |_: &Entry, metadata: &[Metadata], latest: Option<&Latest>| {
        latest.is_none_or(|latest| latest.is_open() && (!metadata.is_empty() || &*latest.verdict != UNPROVEN))
    };
    let mut open = Vec::new();
    let each = |digest| {
        open.push(read(digest, keys));
        Ok(())
    };
    lake.digests_where(day, wanted, each).await?;
    Ok(open)
}

async fn judge(lake: &Lake, open: &[Read], vouched: &mut Vouched) -> Result<(), LakeError> {
    let mut contents: HashMap<String, Contents> = HashMap::new();
    for part in open.chunks(JUDGEMENTS_AT_ONCE) {
        let mut judgements = Vec::with_capacity(part.len());
        for read in part {
            for log in &read.logs {
                if let Slot::Vacant(slot) = contents.entry(day_of(&log.s3_object)) {
                    let found = lake.contents(slot.key()).await?;
                    slot.insert(found);
                }
            }
            judgements.extend(judgement(read, &contents));
        }
        let accepted = lake.append_verdicts(&judgements).await?;
        for (judgement, _) in judgements.iter().zip(accepted).filter(|(_, accepted)| *accepted) {
            count(judgement, vouched);
        }
    }
    Ok(())
}

/// A digest that was read and held against the keys.
struct Read {
    about: Verdict,
    before: Option<Latest>,
    /// What it vouches for; nothing if it is not authentic.
    logs: Vec<LogFile>,
    /// The Region to ask for its key, if that is not known and the digest is from S3.
    unknown_in: Option<String>,
}

/// Why a digest is not proven.
enum Not {
    /// By this verdict, and for this reason.
    Judged(&'static str, String),
    /// The key is not known, of this name and in this Region.
    Known(String, String),
}

/// The verdict on what can be neither proven nor disproven.
const UNPROVEN: &str = "unproven";

fn read(kept: KeptDigest, keys: &PublicKeys) -> Read {
    let entry = &kept.entry;
    let about = |verdict: &str, reason: Option<String>| Verdict {
        day: day_of(&entry.key),
        kind: Kind::Digest,
        origin: entry.origin.clone(),
        key: entry.key.clone(),
        delivery: Some(entry.delivery),
        verdict: verdict.to_owned(),
        digest_key: None,
        digest_sha256: entry.content_sha256,
        reason,
    };
    let before = kept.judged.clone();
    let stored = kept.stored.as_ref().map_err(|error| Not::Judged("missing", error.to_string()));
    let digest = stored.and_then(|stored| authentic(&entry.key, stored, &kept.metadata, keys));
    let (about, logs, unknown_in) = match digest {
        Ok(digest) => (about(VERIFIED, None), digest.log_files, None),
        Err(Not::Judged(verdict, reason)) => (about(verdict, Some(reason)), Vec::new(), None),
        Err(Not::Known(fingerprint, region)) => {
            let reason = format!("the key `{fingerprint}` is not known");
            (about(UNPROVEN, Some(reason)), Vec::new(), Some(region).filter(|_| entry.origin.starts_with("s3://")))
        }
    };
    Read { about, before, logs, unknown_in }
}

/// The digest, if a known key signed it.
fn authentic(key: &str, stored: &[u8], metadata: &[Metadata], keys: &PublicKeys) -> Result<Digest, Not> {
    let invalid = |reason: String| Not::Judged("invalid", reason);
    let content = Inflater::default().content(stored, seal::digest::DIGEST_BYTES_MAX);
    let content = content.map_err(|error| invalid(error.to_string()))?;
    let digest = Digest::parse(&content).map_err(|error| invalid(error.to_string()))?;
    if !key.ends_with(digest.digest_s3_object.as_str()) {
        return Err(invalid("it was moved from its original location".to_owned()));
    }
    let region = layout::digest_name(key).map(|name| name.region).unwrap_or_default();
    let signed = digest.string_to_sign(&seal::sha256(&content));
    let signatures = metadata.iter().flatten().filter(|(name, _)| name == "signature");
    let signatures: Vec<Vec<u8>> = signatures.filter_map(|(_, text)| hex::decode(text).ok()).collect();
    if signatures.is_empty() {
        let reason = "its signature was not delivered with it; `trailkeep verify` asks the digest after it";
        return Err(Not::Judged(UNPROVEN, reason.to_owned()));
    }
    let known: Vec<_> = keys.find(&digest.digest_public_key_fingerprint, &region).filter_map(|key| key.key.as_ref().ok()).collect();
    if known.is_empty() {
        return Err(Not::Known(digest.digest_public_key_fingerprint, region));
    }
    let holds = known.iter().any(|key| signatures.iter().any(|signature| key.verify(signed.as_bytes(), signature)));
    if holds { Ok(digest) } else { Err(invalid("its signature does not hold".to_owned())) }
}

/// Whether the signature in this metadata is that of a digest as it was stored.
pub fn is_signed(key: &str, stored: &[u8], metadata: &Metadata, keys: &PublicKeys) -> bool {
    authentic(key, stored, std::slice::from_ref(metadata), keys).is_ok()
}

/// What is to be written down; nothing if it is what was judged before.
fn judgement(read: &Read, contents: &HashMap<String, Contents>) -> Option<Judgement> {
    let mut with: BTreeMap<&str, Verdict> = BTreeMap::new();
    for log in &read.logs {
        with.insert(&log.s3_object, of_log(read, log, contents));
    }
    let mut about = read.about.clone();
    let bad = with.values().filter(|verdict| verdict.verdict != VERIFIED).count();
    if bad > 0 {
        about.reason = Some(format!("{bad} of {} log files that it names are missing or altered", with.len()));
    }
    let is_same = |before: &Latest| *before.verdict == *about.verdict && before.reason.as_deref() == about.reason.as_deref();
    if read.before.as_ref().is_some_and(is_same) {
        return None;
    }
    let after_us = read.before.as_ref().map(|before| before.judged_us);
    Some(Judgement { about, with: with.into_values().collect(), after_us })
}

fn of_log(read: &Read, log: &LogFile, contents: &HashMap<String, Contents>) -> Verdict {
    // A copy may lie in a folder of its own: what stands before the digest's own key stands before the log's as well.
    let day = day_of(&log.s3_object);
    let before = read.about.key.find("AWSLogs/").and_then(|at| read.about.key.get(..at)).unwrap_or_default();
    let own = log.s3_object.find("AWSLogs/").and_then(|at| log.s3_object.get(at..)).unwrap_or(&log.s3_object);
    let key = format!("{before}{own}");
    let found = contents.get(&day).map(|contents| contents.find(&read.about.origin, &key)).unwrap_or_default();
    let mut wanted = [0; 32];
    let is_hash = hex::decode_to_slice(&log.hash_value, &mut wanted).is_ok();
    let same = found.iter().find(|found| is_hash && found.content_sha256 == Some(wanted));
    let (verdict, delivery, reason) = match (same, found.first()) {
        (Some(same), _) => (VERIFIED, Some(same.delivery), None),
        (None, Some(other)) => ("altered", Some(other.delivery), Some("its SHA-256 is not the one in the digest")),
        (None, None) => ("missing", None, Some("a digest names it, and it was not collected")),
    };
    Verdict {
        day,
        kind: Kind::Log,
        origin: read.about.origin.clone(),
        key,
        delivery,
        verdict: verdict.to_owned(),
        digest_key: Some(read.about.key.clone()),
        digest_sha256: read.about.digest_sha256,
        reason: reason.map(str::to_owned),
    }
}

/// The day under which the ledger has a key.
fn day_of(key: &str) -> String {
    layout::place(key).and_then(|place| place.day).map_or_else(|| "unknown".to_owned(), |day| day.to_string())
}

fn count(judgement: &Judgement, vouched: &mut Vouched) {
    vouched.digests += 1;
    vouched.invalid += u64::from(judgement.about.verdict == "invalid");
    for verdict in &judgement.with {
        match verdict.verdict.as_str() {
            VERIFIED => vouched.verified += 1,
            "altered" => vouched.altered += 1,
            _ => vouched.missing += 1,
        }
    }
}
