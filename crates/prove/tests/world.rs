//! A bucket in memory, filled as CloudTrail fills one: log files, and signed digests of every hour.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use layout::DigestName;
use seal::{Draft, Key, Link, LogFile, PublicKeys, RsaKey};
use trailkeep_prove::report::{Judgment, Kind, Report};
use trailkeep_prove::store::{Body, Listed, Object, Page, Refusal, Store};
use trailkeep_prove::strict::{KeySource, KeysFound, Options, Stores, verify};

pub type Time = DateTime<Utc>;

/// The key that signs.
pub static KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::generate().unwrap());
/// A second key, which signs after a rotation, or is an attacker's.
pub static OTHER_KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::generate().unwrap());

/// The begin of an hour; hour 0 is midnight of a day.
pub fn at(hour: i64) -> Time {
    DateTime::from_timestamp(1_795_132_800 + hour * 3_600, 0).unwrap()
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Vec<u8>,
    pub metadata: Vec<(String, String)>,
}

/// A bucket, which remembers what was read.
#[derive(Debug)]
pub struct Bucket {
    pub name: &'static str,
    pub objects: BTreeMap<String, Stored>,
    pub archived: BTreeSet<String>,
    pub reads: Mutex<Vec<String>>,
}

impl Clone for Bucket {
    fn clone(&self) -> Bucket {
        Bucket { objects: self.objects.clone(), archived: self.archived.clone(), ..Bucket::new(self.name) }
    }
}

impl Bucket {
    pub fn new(name: &'static str) -> Bucket {
        Bucket { name, objects: BTreeMap::new(), archived: BTreeSet::new(), reads: Mutex::default() }
    }

    /// Removes all objects that meet a condition; how many.
    pub fn remove(&mut self, is_gone: impl Fn(&str) -> bool) -> usize {
        let before = self.objects.len();
        self.objects.retain(|key, _| !is_gone(key));
        before - self.objects.len()
    }

    /// Keys of log files, or of digests.
    pub fn keys(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        self.objects.keys().filter(|key| is_wanted(key)).cloned().collect()
    }

    /// Puts a log file that no digest names.
    pub fn put_log(&mut self, trail: &Trail, at: Time, name: &str, content: &[u8]) -> String {
        let key = trail.log_key("CloudTrail", at, name);
        self.objects.insert(key.clone(), Stored { bytes: gzip(content), metadata: Vec::new() });
        key
    }
}

impl Store for Bucket {
    fn name(&self) -> &str {
        self.name
    }

    fn bucket(&self) -> Option<&str> {
        Some(self.name)
    }

    fn root(&self) -> &str {
        ""
    }

    fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, Refusal> {
        let mut page = Page::default();
        for (key, stored) in self.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
            match key[prefix.len()..].find('/') {
                Some(slash) => {
                    let folder = key[..prefix.len() + slash + 1].to_owned();
                    if page.folders.last() != Some(&folder) {
                        page.folders.push(folder);
                    }
                }
                None => page.objects.push(Listed {
                    key: key.clone(),
                    size_bytes: stored.bytes.len() as u64,
                    is_archived: self.archived.contains(key),
                }),
            }
        }
        page.folders.retain(|folder| after.is_none_or(|after| folder.as_str() > after));
        page.objects.retain(|object| after.is_none_or(|after| object.key.as_str() > after));
        Ok(page)
    }

    fn read(&self, key: &str, _: u64) -> Result<Object, Refusal> {
        self.reads.lock().unwrap().push(key.to_owned());
        let stored = self.objects.get(key).cloned().ok_or(Refusal::NotFound)?;
        if self.archived.contains(key) {
            return Err(Refusal::Archived);
        }
        Ok(Object { body: Body::Stored(stored.bytes), metadata: stored.metadata })
    }
}

/// Where a trail delivers to.
#[derive(Clone, Copy, Debug)]
pub struct Trail {
    pub bucket: &'static str,
    pub organization: Option<&'static str>,
    pub account: &'static str,
    pub region: &'static str,
    pub name: &'static str,
}

pub const TRAIL: Trail =
    Trail { bucket: "logs", organization: Some("o-abc123"), account: "111122223333", region: "us-east-1", name: "trail" };

impl Trail {
    pub fn log_key(&self, family: &str, at: Time, name: &str) -> String {
        let Trail { account, region, .. } = self;
        let organization = self.organization.map(|organization| format!("{organization}/")).unwrap_or_default();
        let (day, minute) = (at.format("%Y/%m/%d"), at.format("%Y%m%dT%H%MZ"));
        format!("AWSLogs/{organization}{account}/{family}/{region}/{day}/{account}_{family}_{region}_{minute}_{name}.json.gz")
    }

    pub fn digest_key(&self, end: Time, is_backfill: bool) -> String {
        let name = DigestName {
            account: self.account.to_owned(),
            region: self.region.to_owned(),
            trail: self.name.to_owned(),
            home: "us-east-1".to_owned(),
            end,
            is_backfill,
        };
        name.key("", self.organization)
    }

    pub fn log_file(&self, key: &str, content: &[u8], at: Time) -> LogFile {
        LogFile::new(self.bucket, key, &seal::sha256(content), at, at)
    }
}

/// A chain that grows hour by hour.
pub struct Chain {
    pub trail: Trail,
    pub key: &'static RsaKey,
    pub previous: Option<Link>,
    /// When the backfill digests of this chain are made, if that is what it is of.
    pub backfilled: Option<Time>,
}

impl Chain {
    pub fn new(trail: Trail) -> Chain {
        Chain { trail, key: &KEY, previous: None, backfilled: None }
    }

    /// Delivers so many log files in each of these hours, and their digests.
    pub fn deliver(&mut self, bucket: &mut Bucket, hours: std::ops::Range<i64>, files: usize) {
        for hour in hours {
            let logs = (0..files).map(|number| self.log(bucket, "CloudTrail", hour, number)).collect();
            self.digest(bucket, hour, logs);
        }
    }

    /// Delivers a log file.
    pub fn log(&self, bucket: &mut Bucket, family: &str, hour: i64, number: usize) -> LogFile {
        let at = at(hour) + TimeDelta::minutes(5 + number as i64);
        let key = self.trail.log_key(family, at, &format!("{number:016}"));
        let content = content(&format!("{key} {}", self.trail.name));
        bucket.objects.insert(key.clone(), Stored { bytes: gzip(&content), metadata: Vec::new() });
        self.trail.log_file(&key, &content, at)
    }

    /// Signs the digest of an hour; its key.
    pub fn digest(&mut self, bucket: &mut Bucket, hour: i64, log_files: Vec<LogFile>) -> String {
        let (start, end) = (at(hour), at(hour + 1));
        let object = self.trail.digest_key(end, self.backfilled.is_some());
        let draft = Draft {
            account: self.trail.account,
            start,
            end,
            bucket: self.trail.bucket,
            object: &object,
            log_files,
            previous: self.previous.as_ref(),
            backfilled: self.backfilled,
        };
        let signed = draft.sign(self.key).unwrap();
        let metadata = signed.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        bucket.objects.insert(object.clone(), Stored { bytes: gzip(&signed.content), metadata });
        self.previous = Some(signed.link);
        object
    }
}

/// A bucket with one chain.
pub fn bucket_of(hours: i64, files: usize) -> Bucket {
    let mut bucket = Bucket::new("logs");
    Chain::new(TRAIL).deliver(&mut bucket, 0..hours, files);
    bucket
}

/// A log file with three records that are nowhere else.
pub fn content(seed: &str) -> Vec<u8> {
    let record = |number: usize| format!(r#"{{"eventVersion":"1.11","eventName":"RunInstances","eventID":"{number} {seed}"}}"#);
    let records: Vec<String> = (0..3).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn gunzip(stored: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(stored).read_to_end(&mut content).unwrap();
    content
}

pub fn is_digest(key: &str) -> bool {
    key.contains("/CloudTrail-Digest/")
}

pub fn is_log(key: &str) -> bool {
    !is_digest(key)
}

/// When an object was delivered, or its hour ended.
pub fn time_of(key: &str) -> Time {
    layout::place(key).unwrap().delivered.unwrap()
}

/// Keys, and whether they are all that AWS has.
pub struct Keys {
    pub keys: Vec<&'static RsaKey>,
    pub is_complete: bool,
}

impl KeySource for Keys {
    fn keys(&self, _: &str, _: Time, _: Time) -> Result<KeysFound, String> {
        let mut keys = PublicKeys::default();
        for key in &self.keys {
            let public = Ok(key.public().unwrap());
            keys.insert(Key { fingerprint: key.fingerprint(), key: public, valid_from: None, valid_to: None, region: None });
        }
        Ok(KeysFound { keys, origin: "the test".to_owned(), is_complete: self.is_complete, is_of_aws: self.is_complete })
    }
}

/// Hours that must be covered.
pub fn between(since: i64, until: i64) -> Options {
    Options { since: Some(at(since)), until: Some(at(until)), ..Options::default() }
}

/// All that there is, up to an hour.
pub fn up_to(until: i64) -> Options {
    Options { until: Some(at(until)), ..Options::default() }
}

/// The judgment of a bucket whose digests KEY signs.
pub fn judge(bucket: &Bucket, options: &Options) -> Report {
    judge_with(bucket, BTreeMap::new(), options, &Keys { keys: vec![&KEY], is_complete: false })
}

pub fn judge_with(bucket: &Bucket, mapped: BTreeMap<String, Arc<dyn Store>>, options: &Options, keys: &Keys) -> Report {
    let stores = Stores { main: Arc::new(bucket.clone()), mapped };
    let now = options.until.unwrap_or(at(1_000)) + TimeDelta::days(1);
    verify(&stores, keys, options, now, &())
}

/// Kinds that were found.
pub fn kinds(report: &Report) -> Vec<Kind> {
    report.totals.by_kind.keys().copied().collect()
}

/// The judgment is this one, and this was found.
#[track_caller]
pub fn assert_found(report: &Report, judgment: Judgment, kind: Kind) {
    assert_eq!(report.judgment, judgment, "{}", told(report));
    assert!(report.totals.by_kind.contains_key(&kind), "{kind:?} was not found\n{}", told(report));
}

/// Findings, a line each.
pub fn told(report: &Report) -> String {
    let line = |of: &trailkeep_prove::report::Finding| format!("{:?} {} {:?}: {}", of.level, of.kind.name(), of.key, of.message);
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}
