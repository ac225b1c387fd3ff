//! Log files: records in, one gzip file under AWS's key out.

use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest, Sha256};

use crate::rng::Rng;
use crate::text;

/// One log file as CloudTrail puts it into the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Key in the bucket.
    pub key: String,
    /// The gzip file.
    pub body: Vec<u8>,
    /// Length of the uncompressed content in bytes.
    pub content_bytes: u64,
    /// SHA-256 of the uncompressed content, as a digest file lists it.
    pub content_sha256: [u8; 32],
    /// Records in the file.
    pub records: u32,
    /// When it was delivered, in seconds since 1970.
    pub delivered_s: i64,
    /// When the oldest and the newest of its records happened.
    pub events_s: (i64, i64),
}

/// Kinds of records, each with its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    CloudTrail,
    Insight,
    NetworkActivity,
    Aggregated,
}

impl Folder {
    /// Name of the folder, which is also part of the file name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Folder::CloudTrail => "CloudTrail",
            Folder::Insight => "CloudTrail-Insight",
            Folder::NetworkActivity => "CloudTrail-NetworkActivity",
            Folder::Aggregated => "CloudTrail-Aggregated",
        }
    }
}

/// The content of a file while it grows: `{"Records":[...]}`.
#[derive(Debug, Default)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    pub(crate) records: u32,
    events_s: Option<(i64, i64)>,
}

impl Content {
    /// Where the next record, of this time, is written; call once per record.
    pub(crate) fn next_record(&mut self, at_s: i64) -> &mut Vec<u8> {
        let (oldest_s, newest_s) = self.events_s.unwrap_or((at_s, at_s));
        self.events_s = Some((oldest_s.min(at_s), newest_s.max(at_s)));
        text::push(&mut self.bytes, if self.records == 0 { r#"{"Records":["# } else { "," });
        self.records += 1;
        &mut self.bytes
    }

    /// Copies a record.
    pub(crate) fn push(&mut self, record: &[u8], at_s: i64) {
        self.next_record(at_s).extend_from_slice(record);
    }

    /// The bytes from a position on, where a record was written.
    pub(crate) fn since(&self, start: usize) -> &[u8] {
        self.bytes.get(start..).unwrap_or_default()
    }
}

/// Where and when a file is delivered.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) organization: &'a str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) folder: Folder,
    pub(crate) delivered_s: i64,
}

/// Compresses contents, one after the other.
pub(crate) struct Packer {
    compressor: Compressor,
    zipped: Vec<u8>,
}

impl Packer {
    pub(crate) fn new(level: u8) -> Packer {
        let level = CompressionLvl::new(i32::from(level.clamp(1, 12))).unwrap_or_default();
        Packer { compressor: Compressor::new(level), zipped: Vec::new() }
    }

    /// Closes the content and empties it for the next file.
    pub(crate) fn pack(&mut self, content: &mut Content, address: &Address<'_>, rng: &mut Rng) -> Delivery {
        text::push(&mut content.bytes, if content.records == 0 { r#"{"Records":[]}"# } else { "]}" });
        let delivery = Delivery {
            key: key(address, rng),
            body: self.gzip(&content.bytes),
            content_bytes: content.bytes.len() as u64,
            content_sha256: Sha256::digest(&content.bytes).into(),
            records: content.records,
            delivered_s: address.delivered_s,
            events_s: content.events_s.take().unwrap_or((address.delivered_s, address.delivered_s)),
        };
        content.bytes.clear();
        content.records = 0;
        delivery
    }

    #[expect(clippy::expect_used, reason = "libdeflate promises that the bound is enough")]
    pub(crate) fn gzip(&mut self, content: &[u8]) -> Vec<u8> {
        let bound = self.compressor.gzip_compress_bound(content.len());
        if self.zipped.len() < bound {
            self.zipped.resize(bound, 0);
        }
        let size = self.compressor.gzip_compress(content, &mut self.zipped).expect("room for the gzip bound");
        self.zipped.get(..size).unwrap_or_default().to_vec()
    }
}

fn key(address: &Address<'_>, rng: &mut Rng) -> String {
    let Address { organization, account, region, folder, delivered_s } = *address;
    let folder = folder.name();
    let day = text::written(|out| text::day(out, text::calendar(delivered_s), b'/'));
    let minute = text::written(|out| text::minute(out, delivered_s));
    let unique = text::written(|out| text::token(out, rng, 16));
    format!("AWSLogs/{organization}/{account}/{folder}/{region}/{day}/{account}_{folder}_{region}_{minute}_{unique}.json.gz")
}
