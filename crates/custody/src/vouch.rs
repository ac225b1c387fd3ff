//! Step 5 of the way through the house: AWS's digests vouch for what was collected, and the verdicts are written down.
//!
//! This is the quick answer that stands beside every delivery (`SELECT verdict FROM deliveries`). `verify` proves it anew and knows
//! more: holes in time, removed digests, files that nothing vouches for.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};

use lake::digests::{Contents, KeptDigest};
use lake::verdicts::Kind;
use lake::{Judgement, Lake, LakeError, Verdict};
use record::Inflater;
use seal::{Digest, LogFile, PublicKeys};

/// Judgements that are written in one commit.
const JUDGEMENTS_AT_ONCE: usize = 500;

/// What was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Digests judged for the first time.
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

/// Judges the digests that nobody has judged yet, by the keys that the home keeps.
pub async fn vouch(lake: &Lake) -> Result<Vouched, LakeError> {
    let mut keys = PublicKeys::default();
    for kept in lake.kept_keys().await? {
        keys.extend(PublicKeys::parse(kept.answer.as_bytes()).unwrap_or_default());
    }
    let mut vouched = Vouched::default();
    if keys.is_empty() {
        return Ok(vouched); // Without keys nothing can be said; the digests wait.
    }
    for day in lake.days_to_judge().await?.into_keys() {
        judge_day(lake, &day, &keys, &mut vouched).await?;
    }
    Ok(vouched)
}

async fn judge_day(lake: &Lake, day: &str, keys: &PublicKeys, vouched: &mut Vouched) -> Result<(), LakeError> {
    let mut open = Vec::new();
    lake.digests(day, |digest| {
        if digest.judged.is_none() {
            open.push(read(digest, keys));
        }
        Ok(())
    })
    .await?;
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
            judgements.push(judgement(read, &contents));
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
    after_us: Option<i64>,
    /// What it vouches for; nothing if it is not authentic.
    logs: Vec<LogFile>,
}

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
    let after_us = kept.judged.as_ref().map(|latest| latest.judged_us);
    let (verdict, reason, logs) = match authentic(&kept, keys) {
        Ok(digest) => ("verified", None, digest.log_files),
        Err((verdict, reason)) => (verdict, Some(reason), Vec::new()),
    };
    Read { about: about(verdict, reason), after_us, logs }
}

/// The digest, if a known key signed it; else a verdict in a word, and why.
fn authentic(kept: &KeptDigest, keys: &PublicKeys) -> Result<Digest, (&'static str, String)> {
    let stored = kept.stored.as_ref().map_err(|error| ("missing", error.to_string()))?;
    let content = Inflater::default().content(stored, seal::digest::DIGEST_BYTES_MAX);
    let content = content.map_err(|error| ("invalid", error.to_string()))?;
    let digest = Digest::parse(&content).map_err(|error| ("invalid", error.to_string()))?;
    if !kept.entry.key.ends_with(digest.digest_s3_object.as_str()) {
        return Err(("invalid", "it was moved from its original location".to_owned()));
    }
    let region = layout::digest_name(&kept.entry.key).map(|name| name.region).unwrap_or_default();
    let signed = digest.string_to_sign(&seal::sha256(&content));
    let signatures = kept.metadata.iter().flatten().filter(|(name, _)| name == "signature");
    let signatures: Vec<Vec<u8>> = signatures.filter_map(|(_, text)| hex::decode(text).ok()).collect();
    if signatures.is_empty() {
        return Err((
            "unproven",
            "its signature was not delivered with it; `trailkeep verify` asks the digest after it".to_owned(),
        ));
    }
    let known: Vec<_> = keys.find(&digest.digest_public_key_fingerprint, &region).filter_map(|key| key.key.as_ref().ok()).collect();
    if known.is_empty() {
        return Err(("unproven", format!("the key `{}` is not known", digest.digest_public_key_fingerprint)));
    }
    let holds = known.iter().any(|key| signatures.iter().any(|signature| key.verify(signed.as_bytes(), signature)));
    if holds { Ok(digest) } else { Err(("invalid", "its signature does not hold".to_owned())) }
}

fn judgement(read: &Read, contents: &HashMap<String, Contents>) -> Judgement {
    let mut with: BTreeMap<&str, Verdict> = BTreeMap::new();
    for log in &read.logs {
        with.insert(&log.s3_object, of_log(read, log, contents));
    }
    Judgement { about: read.about.clone(), with: with.into_values().collect(), after_us: read.after_us }
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
        (Some(same), _) => ("verified", Some(same.delivery), None),
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
            "verified" => vouched.verified += 1,
            "altered" => vouched.altered += 1,
            _ => vouched.missing += 1,
        }
    }
}
