//! A chain of digests over generated log files, as CloudTrail makes them, and a bundle of it.

use std::io::Cursor;
use std::ops::Range;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use seal::{Draft, Key, Link, LogFile, PublicKeys, RsaKey, sha256};

use super::unpacked::Unpacked;
use crate::evidence::{Bundle, Cited, DigestFile, Digests, EvidenceError, KeyOrigin, KeyRing, Log, Made, Proof};

pub const BUCKET: &str = "logs-111122223333";

pub struct World {
    pub prefix: String,
    pub logs: Vec<WorldLog>,
    pub digests: Vec<WorldDigest>,
    pub origin: KeyOrigin,
    pub key: &'static RsaKey,
    second: &'static RsaKey,
    forgotten: bool,
    hours: usize,
}

/// A log file, and which of its records are evidence.
pub struct WorldLog {
    pub key: String,
    pub content: Vec<u8>,
    pub records: Vec<String>,
    cited: Vec<(u32, Vec<u8>)>,
}

/// A digest as it lies in the bucket.
pub struct WorldDigest {
    pub content: Vec<u8>,
    pub signature: Option<String>,
    pub link: Link,
}

impl WorldLog {
    fn new(key: String, records: Vec<String>) -> WorldLog {
        let content = format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes();
        WorldLog { key, content, records, cited: Vec::new() }
    }

    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.content)
    }
}

pub fn hour(number: usize) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_305_600 + number as i64 * 3_600, 0).unwrap()
}

/// Keys are made once: that takes longer than all the rest.
pub fn key(at: usize) -> &'static RsaKey {
    static KEYS: OnceLock<[RsaKey; 3]> = OnceLock::new();
    &KEYS.get_or_init(|| [(); 3].map(|()| RsaKey::generate().unwrap()))[at]
}

fn event(hour: usize, number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-11-22T{hour:02}:{number:02}:00Z","eventName":"GetObject","requestParameters":{{"key":"a \" ] b {hour}"}},"eventID":"{hour:08x}-0000-4000-8000-{number:012x}"}}"#
    )
}

impl World {
    /// So many hours, with one log file of three records each.
    pub fn new(hours: usize) -> World {
        World::with_prefix(hours, "")
    }

    /// The same below a prefix.
    pub fn with_prefix(hours: usize, prefix: &str) -> World {
        let mut world = World {
            prefix: prefix.to_owned(),
            logs: Vec::new(),
            digests: Vec::new(),
            origin: KeyOrigin::Aws,
            key: key(0),
            second: key(1),
            forgotten: false,
            hours,
        };
        for number in 0..hours {
            let key = format!(
                "{prefix}AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/111122223333_CloudTrail_us-east-1_20261122T{number:02}05Z_a.json.gz"
            );
            world.logs.push(WorldLog::new(key, (0..3).map(|at| event(number, at)).collect()));
        }
        world.sign_from(0);
        world
    }

    pub fn log(&self, hour: usize) -> &WorldLog {
        &self.logs[hour]
    }

    /// Makes and signs the digests of these hours anew, those before staying as they are; with the second key if the first was
    /// forgotten.
    pub fn sign_from(&mut self, first: usize) {
        self.digests.truncate(first);
        for number in first..self.hours {
            let key = if self.forgotten { self.second } else { self.key };
            let end = hour(number + 1);
            let object = format!(
                "{}AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/22/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_{}.json.gz",
                self.prefix,
                end.format("%Y%m%dT%H%M%SZ")
            );
            let log = &self.logs[number];
            let files = [("other.json.gz", [1; 32]), (&log.key, log.sha256()), ("more.json.gz", [2; 32])];
            let signed = Draft {
                account: "111122223333",
                start: hour(number),
                end,
                bucket: BUCKET,
                object: &object,
                log_files: files.iter().map(|(key, hash)| LogFile::new(BUCKET, key, hash, hour(number), end)).collect(),
                previous: self.digests.last().map(|last| &last.link),
                backfilled: None,
            };
            let signed = signed.sign(key).unwrap();
            let signature = Some(signed.link.signature.clone());
            self.digests.push(WorldDigest { content: signed.content, signature, link: signed.link });
        }
    }

    /// From now on the first key is not known; what it signed cannot be checked.
    pub fn forget_key(&mut self, hours: Range<usize>) {
        self.forgotten = true;
        assert!(hours.end <= self.hours);
    }

    /// Records of an hour's log file are evidence.
    pub fn cite(&mut self, hour: usize, indexes: &[u32]) {
        for index in indexes {
            let bytes = self.logs[hour].records[*index as usize].clone().into_bytes();
            self.cite_bytes(hour, *index, &bytes);
        }
    }

    pub fn cite_bytes(&mut self, hour: usize, index: u32, bytes: &[u8]) {
        self.logs[hour].cited.push((index, bytes.to_vec()));
    }

    /// A log file that no digest names.
    pub fn stray(&mut self, key: &str, records: &[&str], cited: &[u32]) {
        let mut log = WorldLog::new(key.to_owned(), records.iter().map(|record| (*record).to_owned()).collect());
        log.cited = cited.iter().map(|at| (*at, records[*at as usize].as_bytes().to_vec())).collect();
        self.logs.push(log);
    }

    pub fn ring(&self) -> KeyRing {
        let mut keys = PublicKeys::default();
        for key in [self.key, self.second].into_iter().skip(usize::from(self.forgotten)) {
            keys.insert(Key {
                fingerprint: key.fingerprint(),
                key: Ok(key.public().unwrap()),
                valid_from: Some(hour(0)),
                valid_to: None,
                region: Some("us-east-1".to_owned()),
            });
        }
        KeyRing { keys, origin: self.origin.clone() }
    }

    pub fn pool(&self) -> Digests {
        let mut digests = Digests::default();
        for digest in &self.digests {
            let (content, signature) = (digest.content.clone(), digest.signature.clone());
            digests.insert(DigestFile { content, signature, region: "us-east-1".to_owned() }).unwrap();
        }
        digests
    }

    pub fn try_zip(&self, later_max: usize) -> Result<(Vec<u8>, Proof), EvidenceError> {
        self.zip_with(&self.pool(), &[self.ring()], later_max)
    }

    pub fn zip_with(&self, pool: &Digests, rings: &[KeyRing], later_max: usize) -> Result<(Vec<u8>, Proof), EvidenceError> {
        let made = Made { at: hour(50), program: "trailkeep 0".to_owned(), home: "/lake".to_owned(), asked: "a `test`".to_owned() };
        let mut bundle = Bundle::new(Cursor::new(Vec::new()), made);
        for log in self.logs.iter().filter(|log| !log.cited.is_empty()) {
            let ids: Vec<String> = log.cited.iter().map(|(_, bytes)| event_id(bytes)).collect();
            let cited = log.cited.iter().zip(&ids).map(|((index, bytes), id)| Cited {
                event_id: id,
                index: *index,
                hash: record::record_hash(bytes),
            });
            bundle.log(Log { origin: "s3://bucket", key: &log.key, content: &log.content }, &cited.collect::<Vec<_>>())?;
        }
        let (zip, proof) = bundle.finish(pool, rings, later_max)?;
        Ok((zip.into_inner(), proof))
    }

    pub fn zip(&self, later_max: usize) -> (Vec<u8>, Proof) {
        self.try_zip(later_max).unwrap()
    }

    pub fn unpack(&self, later_max: usize) -> (Unpacked, Proof) {
        let (zip, proof) = self.zip(later_max);
        (Unpacked::new(zip), proof)
    }
}

fn event_id(record: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(record).unwrap_or_default();
    value["eventID"].as_str().unwrap_or_default().to_owned()
}
