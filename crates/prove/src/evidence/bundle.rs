//! The bundle as it is written: log files and records as they come, then what vouches for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Seek, Write};

use record::{Envelope, record_hash};
use seal::{Key, PublicKey, public_keys_json, sha256};

use super::archive::Archive;
use super::chain::{Digests, Spelling};
use super::judge::{Judge, KeyOrigin, KeyRing, Standing, Used, Vouching, to_sign};
use super::names::Names;
use super::{DIGESTS_MAX, EvidenceError, Made, Proof, RECORDS_MAX, readme, shown, tables};

/// The script that checks a bundle.
const VERIFY_SH: &str = include_str!("verify.sh");
/// Its name.
pub(super) const SCRIPT: &str = "verify.sh";

/// A log file, rebuilt.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// Where it came from: `s3://bucket`, `file:///folder`.
    pub origin: &'a str,
    /// Its key there.
    pub key: &'a str,
    /// Its uncompressed bytes.
    pub content: &'a [u8],
}

/// A record that is evidence.
#[derive(Clone, Copy, Debug)]
pub struct Cited<'a> {
    /// Its event ID; empty if it has none.
    pub event_id: &'a str,
    /// Its position in the log file.
    pub index: u32,
    /// The first half of the SHA-256 of its exact bytes, as the lake has it.
    pub hash: [u8; 16],
}

/// A log file that was written.
#[derive(Debug)]
pub(super) struct LogRow {
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) key: String,
    pub(super) sha256: [u8; 32],
    pub(super) vouching: Option<Vouched>,
    pub(super) is_proven: bool,
}

/// The digest that holds a log file's hash.
#[derive(Debug)]
pub(super) struct Vouched {
    pub(super) digest: usize,
    pub(super) spelling: Spelling,
}

/// A record that was written.
#[derive(Debug)]
pub(super) struct RecordRow {
    pub(super) name: String,
    pub(super) event_id: String,
    pub(super) sha256: [u8; 32],
    /// The log files in which it stands.
    pub(super) places: Vec<PlaceRow>,
}

/// Where a record stands.
#[derive(Debug)]
pub(super) struct PlaceRow {
    pub(super) log: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// A digest that was written.
#[derive(Debug)]
pub(super) struct DigestRow<'a> {
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) sha256: [u8; 32],
    pub(super) standing: Standing,
    pub(super) key: Option<String>,
    pub(super) found: Option<super::judge::Found>,
    /// Its metadata holds something that is no signature.
    pub(super) is_unreadable: bool,
    pub(super) next: Option<usize>,
    pub(super) region: &'a str,
    pub(super) end_time: &'a str,
}

/// A key that was written.
#[derive(Debug)]
pub(super) struct KeyRow<'a> {
    pub(super) name: String,
    pub(super) key: &'a Key,
    pub(super) origin: &'a KeyOrigin,
}

/// Everything that was written, for the tables and the README.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) logs: Vec<LogRow>,
    pub(super) records: Vec<RecordRow>,
    by_place: HashMap<usize, usize>,
    /// Newest first.
    pub(super) digests: Vec<DigestRow<'a>>,
    pub(super) keys: Vec<KeyRow<'a>>,
}

impl<'a> Written<'a> {
    /// The digest that was written for a place in [`Digests`].
    pub(super) fn digest(&self, at: usize) -> Option<&DigestRow<'a>> {
        self.digests.get(*self.by_place.get(&at)?)
    }
}

/// A bundle that is being written.
pub struct Bundle<W: Write + Seek> {
    made: Made,
    archive: Archive<W>,
    names: Names,
    logs: Vec<LogRow>,
    records: Vec<RecordRow>,
    by_hash: HashMap<[u8; 32], usize>,
    missing: Vec<String>,
}

impl<W: Write + Seek> Bundle<W> {
    /// An empty bundle.
    pub fn new(out: W, made: Made) -> Bundle<W> {
        let archive = Archive::new(out, made.at);
        Bundle {
            made,
            archive,
            names: Names::default(),
            logs: Vec::new(),
            records: Vec::new(),
            by_hash: HashMap::new(),
            missing: Vec::new(),
        }
    }

    /// Writes a log file and the records in it that are evidence. A record that stands in several log files is written once.
    pub fn log(&mut self, log: Log, cited: &[Cited]) -> Result<(), EvidenceError> {
        let envelope = Envelope::split(log.content).unwrap_or_default();
        let hash = sha256(log.content);
        let name = format!("{}.json", self.names.make("logs", log.key, &hash));
        self.archive.add(&name, log.content)?;
        let at = self.logs.len();
        let (origin, key) = (log.origin.to_owned(), log.key.to_owned());
        self.logs.push(LogRow { name, origin, key, sha256: hash, vouching: None, is_proven: false });
        for cited in cited {
            let range = usize::try_from(cited.index).ok().and_then(|index| envelope.records.get(index));
            let (from, to) = range.map_or((0, 0), |(from, to)| (*from as usize, *to as usize));
            let bytes = log.content.get(from..to).unwrap_or_default();
            // INVARIANT: the piece of the log file is the record that the lake has as its row.
            if record_hash(bytes) != cited.hash {
                return Err(EvidenceError::NotThere { key: shown(log.key), index: cited.index });
            }
            self.record(cited.event_id, bytes, PlaceRow { log: at, offset: from, length: to - from })?;
        }
        Ok(())
    }

    /// Says that something is not in the bundle, and why.
    pub fn missing(&mut self, what: impl Into<String>) {
        self.missing.push(what.into());
    }

    /// Adds what vouches for the log files, and closes the bundle.
    pub fn finish(mut self, digests: &Digests, rings: &[KeyRing], later_max: usize) -> Result<(W, Proof), EvidenceError> {
        let mut proof = Proof { unproven: std::mem::take(&mut self.missing), ..Proof::default() };
        let mut judge = Judge::new(digests, rings);
        let chosen = self.vouch(digests, &mut judge, later_max, &mut proof);
        let mut written = Written {
            logs: std::mem::take(&mut self.logs),
            records: std::mem::take(&mut self.records),
            by_place: HashMap::new(),
            digests: Vec::new(),
            keys: Vec::new(),
        };
        written.keys = self.keys(&judge, &chosen)?;
        written.digests = self.digests(digests, &judge, &chosen, &written.keys)?;
        written.by_place = written.digests.iter().enumerate().map(|(row, digest)| (digest.at, row)).collect();
        prove(&written, &mut proof);
        self.archive.add(tables::RECORDS, tables::records(&written).as_bytes())?;
        self.archive.add(tables::LOGS, tables::logs(&written).as_bytes())?;
        self.archive.add(tables::DIGESTS, tables::digests(&written).as_bytes())?;
        self.archive.add_script(SCRIPT, VERIFY_SH.as_bytes())?;
        self.archive.add("README.md", readme::text(&self.made, &written, &proof).as_bytes())?;
        Ok((self.archive.finish()?, proof))
    }

    fn record(&mut self, event_id: &str, bytes: &[u8], place: PlaceRow) -> Result<(), EvidenceError> {
        let hash = sha256(bytes);
        if let Some(row) = self.by_hash.get(&hash).and_then(|at| self.records.get_mut(*at)) {
            row.places.push(place);
            return Ok(());
        }
        if self.records.len() >= RECORDS_MAX {
            return Err(EvidenceError::TooMany);
        }
        let name = format!("{}.json", self.names.make("records", event_id, &hash));
        self.archive.add(&name, bytes)?;
        self.by_hash.insert(hash, self.records.len());
        self.records.push(RecordRow { name, event_id: event_id.to_owned(), sha256: hash, places: vec![place] });
        Ok(())
    }

    /// Finds the digest of every log file; returns the digests that are to be written.
    fn vouch(&mut self, digests: &Digests, judge: &mut Judge, later_max: usize, proof: &mut Proof) -> BTreeSet<usize> {
        let mut chosen = BTreeSet::new();
        for log in &mut self.logs {
            let key = shown(&log.key);
            let (entry, is_named) = match judge.vouching(&log.key, &log.sha256) {
                Vouching::Named(entry) => (entry, true),
                Vouching::Otherwise(entry) => (entry, false),
                Vouching::Nowhere => continue,
            };
            let standing = judge.of(entry.digest).map(|judged| judged.standing.clone());
            let is_proven = standing.is_some_and(|standing| standing.is_proven());
            if !is_named && is_proven {
                let told =
                    format!("the log file `{key}` is not what was delivered: its digest, which is proven, holds another hash");
                proof.contradictions.push(told);
            }
            log.vouching = digests.spelling(entry).filter(|_| is_named).map(|spelling| Vouched { digest: entry.digest, spelling });
            log.is_proven = is_proven && log.vouching.is_some();
            if chosen.len() < DIGESTS_MAX {
                let chain = judge.up(entry.digest, later_max);
                // One that contradicts does not lead here by hash, and was not looked at.
                chain.iter().for_each(|at| judge.settle(*at));
                chosen.extend(chain);
            }
        }
        chosen
    }

    /// Writes the public keys that digests name, and the list of them.
    fn keys<'a>(&mut self, judge: &Judge<'a>, chosen: &BTreeSet<usize>) -> Result<Vec<KeyRow<'a>>, EvidenceError> {
        let mut all: BTreeMap<(&str, &[u8]), Used> = BTreeMap::new();
        for used in chosen.iter().filter_map(|at| judge.of(*at)?.key) {
            all.entry((used.key.fingerprint.as_str(), used.public.pkcs1())).or_insert(used);
        }
        let mut rows: Vec<KeyRow> = Vec::new();
        for ((fingerprint, pkcs1), used) in all {
            // Two keys of one name: the second one's file bears a part of its hash as well.
            let is_second = rows.last().is_some_and(|row| row.key.fingerprint == fingerprint);
            let more = if is_second { format!("-{}", hex::encode(sha256(pkcs1))) } else { String::new() };
            let name = format!("keys/{fingerprint}{more}.pem");
            self.archive.add(&name, used.public.to_pem().as_bytes())?;
            rows.push(KeyRow { name, key: used.key, origin: used.origin });
        }
        self.archive.add("keys/list-public-keys.json", public_keys_json(rows.iter().map(|row| row.key)).as_bytes())?;
        Ok(rows)
    }

    /// Writes digests, newest first, with what was signed and the signature beside each.
    fn digests<'a>(
        &mut self,
        digests: &'a Digests,
        judge: &Judge<'a>,
        chosen: &BTreeSet<usize>,
        keys: &[KeyRow],
    ) -> Result<Vec<DigestRow<'a>>, EvidenceError> {
        let mut rows = Vec::with_capacity(chosen.len());
        for at in newest_first(digests, judge, chosen) {
            let (Some(held), Some(judged)) = (digests.get(at), judge.of(at)) else { continue };
            let name = self.names.make("digests", &held.digest.digest_s3_object, &held.sha256);
            self.archive.add(&format!("{name}.json"), &held.file.content)?;
            self.archive.add(&format!("{name}.tosign"), to_sign(held).as_bytes())?;
            if let Some(signature) = &judged.signature {
                self.archive.add(&format!("{name}.sig"), &signature.bytes)?;
            }
            rows.push(DigestRow {
                at,
                name: format!("{name}.json"),
                sha256: held.sha256,
                standing: judged.standing.clone(),
                key: judged.signature.as_ref().and(judged.key).and_then(|used| key_name(keys, used.public)),
                found: judged.signature.as_ref().map(|signature| signature.found),
                is_unreadable: held.file.signature.is_some() && judged.signature.is_none(),
                next: judged.next.filter(|next| chosen.contains(next)),
                region: &held.file.region,
                end_time: &held.digest.digest_end_time,
            });
        }
        Ok(rows)
    }
}

fn key_name(keys: &[KeyRow], public: &PublicKey) -> Option<String> {
    let is_it = |row: &&KeyRow| row.key.key.as_ref().is_ok_and(|key| key.pkcs1() == public.pkcs1());
    keys.iter().find(is_it).map(|row| row.name.clone())
}

/// The order of verify.sh: chain by chain, in each the newest digest first, so that what vouches is known before what it vouches for.
fn newest_first(digests: &Digests, judge: &Judge, chosen: &BTreeSet<usize>) -> Vec<usize> {
    let next = |at: usize| judge.of(at).and_then(|judged| judged.next).filter(|next| chosen.contains(next));
    // The head of each digest's chain, and how far below it the digest is.
    let mut below: HashMap<usize, (usize, usize)> = HashMap::new();
    for at in chosen {
        let mut path = vec![*at];
        let mut last = *at;
        while !below.contains_key(&last)
            && let Some(later) = next(last).filter(|later| !path.contains(later))
        {
            path.push(later);
            last = later;
        }
        let mut place = below.get(&last).copied();
        for at in path.into_iter().rev() {
            let here = *below.entry(at).or_insert_with(|| place.map_or((last, 0), |(head, depth)| (head, depth + 1)));
            place = Some(here);
        }
    }
    let object = |at: usize| digests.get(at).map(|held| held.digest.digest_s3_object.as_str());
    let mut order: Vec<(Option<&str>, usize, usize, usize)> =
        below.into_iter().map(|(at, (head, depth))| (object(head), head, depth, at)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, _, at)| at).collect()
}

/// Counts what is proven, and says what is not.
fn prove(written: &Written, proof: &mut Proof) {
    let is_proven = |row: &RecordRow| row.places.iter().any(|place| written.logs.get(place.log).is_some_and(|log| log.is_proven));
    proof.records = written.records.len() as u64;
    proof.records_proven = written.records.iter().filter(|row| is_proven(row)).count() as u64;
    proof.logs = written.logs.len() as u64;
    proof.logs_proven = written.logs.iter().filter(|log| log.is_proven).count() as u64;
    proof.digests = written.digests.len() as u64;
    proof.digests_signed = written.digests.iter().filter(|row| row.standing == Standing::Signed).count() as u64;
    proof.keys = written.keys.len() as u64;
    proof.keys_are_of_aws = !written.keys.is_empty() && written.keys.iter().all(|row| *row.origin == KeyOrigin::Aws);
    for row in written.records.iter().filter(|row| !is_proven(row)) {
        proof.unproven.extend(row.places.iter().filter_map(|place| tables::why_not(written, place.log)));
    }
    for row in &written.digests {
        if let Standing::Contradicted(reason) = &row.standing {
            proof.contradictions.push(format!("the digest `{}` contradicts: {reason}", row.name));
        }
    }
    for list in [&mut proof.unproven, &mut proof.contradictions] {
        let mut seen = BTreeSet::new();
        list.retain(|text| seen.insert(text.clone()));
    }
}
