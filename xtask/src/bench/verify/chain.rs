//! A day of one account and Region: 24 hours of 84 log files each, and the digests that vouch for them, with their metadata and key beside the
//! bucket. Records are those of the sample organization, put into files of exactly so many.

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use libdeflater::{CompressionLvl, Compressor};
use record::{Envelope, Inflater};
use sample::{FileSizes, Plan};
use seal::{Draft, Key, Link, LogFile, RsaKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::bench::set;
use crate::failure::Failure;

const HOURS: usize = 24;
const FILES_PER_HOUR: usize = 84;
const BUCKET: &str = "example-organization-logs";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const TRAIL: &str = "trail";
/// Larger than any generated file.
const CONTENT_BYTES_MAX: u64 = 1 << 30;

/// A set, and what is true of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Chain {
    #[serde(skip)]
    pub folder: PathBuf,
    /// Log files.
    pub files: usize,
    /// Bytes of them after inflating.
    pub content_bytes: u64,
    /// Bytes of them as stored.
    pub stored_bytes: u64,
}

impl Chain {
    /// The set in a folder: the one that is there, or a new one.
    pub fn prepare(folder: &Path, events: usize) -> Result<Chain, Failure> {
        let stamp = folder.join("truth.json");
        let known = fs::read(&stamp).ok().and_then(|bytes| serde_json::from_slice::<Chain>(&bytes).ok());
        if let Some(chain) = known {
            return Ok(Chain { folder: folder.to_path_buf(), ..chain });
        }
        eprintln!("generating {} files of {events} events into {}", HOURS * FILES_PER_HOUR, folder.display());
        set::clear(folder)?;
        let chain = Writing::new(folder, events)?.write()?;
        fs::write(&stamp, serde_json::to_vec(&chain).unwrap_or_default()).map_err(Failure::io(&stamp))?;
        Ok(chain)
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// The trail.
    pub fn trail_arn(&self) -> String {
        format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}")
    }

    /// The Region of the trail and its logs.
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// Begin and end of the day.
    pub fn range(&self) -> [String; 2] {
        [0, HOURS].map(|hour| at(hour, 0).format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// A file beside the bucket, or the bucket.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// A minute of the day; always the same one, so that sets are too.
fn at(hour: usize, minute: usize) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc();
    day + TimeDelta::minutes((hour * 60 + minute) as i64)
}

/// A set while it is written.
struct Writing<'a> {
    folder: &'a Path,
    events: usize,
    key: RsaKey,
    compressor: Compressor,
    metadata: fs::File,
    chain: Chain,
}

impl<'a> Writing<'a> {
    fn new(folder: &'a Path, events: usize) -> Result<Writing<'a>, Failure> {
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        let metadata = folder.join("meta.jsonl");
        let metadata = fs::File::create(&metadata).map_err(Failure::io(&metadata))?;
        let chain = Chain { folder: folder.to_path_buf(), ..Chain::default() };
        let key = RsaKey::generate().map_err(|error| Failure::Wrong(error.to_string()))?;
        Ok(Writing { folder, events, key, compressor: Compressor::new(CompressionLvl::default()), metadata, chain })
    }

    fn write(mut self) -> Result<Chain, Failure> {
        let mut records = Records::new((HOURS * FILES_PER_HOUR * self.events) as u64);
        let mut previous: Option<Link> = None;
        for hour in 0..HOURS {
            let files = (0..FILES_PER_HOUR).map(|number| self.log(hour, number, &mut records)).collect::<Result<_, _>>()?;
            previous = Some(self.digest(hour, files, previous.as_ref())?);
        }
        self.describe()?;
        Ok(self.chain)
    }

    fn log(&mut self, hour: usize, number: usize, records: &mut Records) -> Result<LogFile, Failure> {
        let delivered = at(hour, number * 60 / FILES_PER_HOUR);
        let (day, minute) = (delivered.format("%Y/%m/%d"), delivered.format("%Y%m%dT%H%MZ"));
        let key =
            format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{ACCOUNT}_CloudTrail_{REGION}_{minute}_{number:016}.json.gz");
        let content = records.file(self.events)?;
        self.chain.files += 1;
        self.chain.content_bytes += content.len() as u64;
        self.chain.stored_bytes += self.put(&key, &content)?;
        Ok(LogFile::new(BUCKET, &key, &seal::sha256(&content), delivered, delivered))
    }

    fn digest(&mut self, hour: usize, log_files: Vec<LogFile>, previous: Option<&Link>) -> Result<Link, Failure> {
        let (start, end) = (at(hour, 0), at(hour + 1, 0));
        let (day, second) = (end.format("%Y/%m/%d"), end.format("%Y%m%dT%H%M%SZ"));
        let name = format!("{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{second}.json.gz");
        let object = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{day}/{name}");
        let draft = Draft { account: ACCOUNT, start, end, bucket: BUCKET, object: &object, log_files, previous, backfilled: None };
        let signed = draft.sign(&self.key).map_err(|error| Failure::Wrong(error.to_string()))?;
        self.put(&object, &signed.content)?;
        let metadata: serde_json::Map<_, _> =
            signed.metadata.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        writeln!(self.metadata, "{}", json!([format!("{BUCKET}/{object}"), metadata])).map_err(Failure::io(self.folder))?;
        Ok(signed.link)
    }

    /// Packs an object and puts it into the bucket; its size.
    fn put(&mut self, key: &str, content: &[u8]) -> Result<u64, Failure> {
        let mut packed = vec![0; self.compressor.gzip_compress_bound(content.len())];
        let size = self.compressor.gzip_compress(content, &mut packed).map_err(|error| Failure::Wrong(error.to_string()))?;
        packed.truncate(size);
        set::put(&self.folder.join(BUCKET), key, &packed)?;
        Ok(size as u64)
    }

    fn describe(&self) -> Result<(), Failure> {
        let manifest = json!({
            "account": ACCOUNT, "region": REGION, "home": REGION, "trail": TRAIL, "org": "", "prefix": "", "bucket": BUCKET,
        });
        let key = Key {
            fingerprint: self.key.fingerprint(),
            key: Ok(self.key.public().map_err(|error| Failure::Wrong(error.to_string()))?),
            valid_from: Some(at(0, 0) - TimeDelta::days(30)),
            valid_to: Some(at(0, 0) + TimeDelta::days(30)),
            region: None,
        };
        for (name, text) in [("manifest.json", manifest.to_string()), ("public_keys.json", seal::public_keys_json([&key]))] {
            let path = self.folder.join(name);
            fs::write(&path, text).map_err(Failure::io(&path))?;
        }
        Ok(())
    }
}

/// Records of the sample organization, one after the other.
struct Records {
    deliveries: Box<dyn Iterator<Item = sample::Delivery>>,
    inflater: Inflater,
    waiting: VecDeque<Vec<u8>>,
}

impl Records {
    fn new(events: u64) -> Records {
        let end = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap_or_default();
        let sizes = FileSizes::Fixed(2_500);
        // Some of what is generated are not whole files' worth of records; the generator is asked for a little more.
        let events = events + events / 10 + 10_000;
        let plan = Plan { events, days: 1, events_per_file: sizes, duplicates_percent: 0, attack: false, ..Plan::demo(end) };
        Records { deliveries: Box::new(plan.deliveries()), inflater: Inflater::default(), waiting: VecDeque::new() }
    }

    /// The content of a file with so many records.
    fn file(&mut self, events: usize) -> Result<Vec<u8>, Failure> {
        while self.waiting.len() < events {
            let delivery = self.deliveries.next().ok_or_else(|| Failure::Wrong("the generator ended early".to_owned()))?;
            let content =
                self.inflater.content(&delivery.body, CONTENT_BYTES_MAX).map_err(|error| Failure::Wrong(error.to_string()))?;
            let envelope = Envelope::split(&content).map_err(|error| Failure::Wrong(error.to_string()))?;
            let records = envelope.records.iter().filter_map(|(from, to)| content.get(*from as usize..*to as usize));
            self.waiting.extend(records.map(<[u8]>::to_vec));
        }
        let records: Vec<Vec<u8>> = self.waiting.drain(..events).collect();
        Ok([br#"{"Records":["#.as_slice(), &records.join(&b','), b"]}"].concat())
    }
}
