//! Deliveries on their way into the lake, and what a thread that reads them prepares for the append.

use bytes::Bytes;
use record::{Content, Frame, Parsed, RecordView};

use crate::evidence::{Evidence, Keep};
use crate::ledger;
use crate::words::{Coded, Words};

/// A delivery on its way into the lake.
pub struct Incoming {
    /// Where it came from.
    pub origin: String,
    /// Its key there.
    pub key: String,
    /// Its entity tag.
    pub etag: String,
    /// The day in its key (`YYYY-MM-DD`), or `unknown`: the ledger's partition.
    pub day: String,
    /// CloudTrail, CloudTrail-Insight, ... as its key says.
    pub family: Option<String>,
    /// Account in its key.
    pub account: Option<String>,
    /// Region in its key.
    pub region: Option<String>,
    /// Time in its key, in microseconds.
    pub delivered_us: Option<i64>,
    /// Size as stored.
    pub stored_bytes: u64,
    /// SHA-256 of the stored bytes, where they were read.
    pub stored_sha256: Option<[u8; 32]>,
    /// What was found in it.
    pub body: Body,
}

/// What was found in a delivery.
pub enum Body {
    /// Records.
    Read {
        /// The uncompressed bytes.
        content: Content,
        /// Their SHA-256.
        sha256: [u8; 32],
        /// The records in them.
        parsed: Parsed,
        /// What stands between them.
        frame: Frame,
    },
    /// Nothing that could be understood.
    Refused {
        /// Why, for people.
        reason: String,
        /// The stored bytes, where they were read.
        kept: Option<Bytes>,
    },
    /// No records by its nature: a digest.
    Evidence(Evidence),
}

impl Incoming {
    /// The delivery's hash, and its key's.
    pub(crate) fn hashes(&self) -> (i64, i64) {
        (ledger::delivery_hash(&self.origin, &self.key, &self.etag), ledger::key_hash(&self.origin, &self.key))
    }

    /// Its bytes, if they have to be kept as they are.
    pub(crate) fn to_keep(&self) -> Option<Keep> {
        match &self.body {
            Body::Read { .. } => None,
            Body::Refused { kept, .. } => Some(Keep::refused(self.stored_sha256.as_ref()?, kept.as_ref()?)),
            Body::Evidence(evidence) => Some(Keep::digest(&self.day, self.stored_sha256.as_ref()?, &evidence.stored)),
        }
    }
}

/// Deliveries that are appended together.
#[derive(Default)]
pub struct Batch {
    pub(crate) deliveries: Vec<Incoming>,
    /// What each delivery's values are, in the words of all.
    pub(crate) coded: Vec<Coded>,
    pub(crate) words: Words,
}

/// Memory that held a delivery and can hold another one. New memory of that size would be asked from the system and given back each time.
#[derive(Default)]
pub struct Spare {
    /// For content; what is in it means nothing.
    pub content: Vec<u8>,
    /// For its records; empty.
    pub parsed: Parsed,
}

/// Content whose memory is worth keeping, in bytes.
pub const SPARE_BYTES_MIN: usize = 256 << 10;

/// What one thread has read of a batch. A delivery is best added as soon as it was read, while its content is still at hand.
#[derive(Default)]
pub struct Share {
    read: Vec<(usize, Incoming, Coded)>,
    words: Words,
}

impl Share {
    /// Adds a delivery that has its place in the batch.
    pub fn add(&mut self, place: usize, incoming: Incoming) {
        let coded = match &incoming.body {
            Body::Read { content, parsed, .. } => self.words.code(content, parsed),
            Body::Refused { .. } | Body::Evidence(_) => Coded::default(),
        };
        self.read.push((place, incoming, coded));
    }
}

impl Batch {
    /// The shares of several threads, in the order of their places.
    pub fn of(shares: Vec<Share>) -> Batch {
        let mut shares = shares.into_iter();
        let Share { read: mut all, mut words } = shares.next().unwrap_or_default();
        for mut share in shares {
            let mut coded: Vec<(&Parsed, &mut Coded)> = share
                .read
                .iter_mut()
                .filter_map(
                    |(_, incoming, coded)| {
                        if let Body::Read { parsed, .. } = &incoming.body { Some((parsed, coded)) } else { None }
                    },
                )
                .collect();
            words.join(&share.words, &mut coded);
            all.append(&mut share.read);
        }
        all.sort_by_key(|(place, _, _)| *place);
        let (deliveries, coded) = all.into_iter().map(|(_, incoming, coded)| (incoming, coded)).unzip();
        Batch { deliveries, coded, words }
    }

    /// The deliveries.
    pub fn deliveries(&self) -> &[Incoming] {
        &self.deliveries
    }

    /// The memory of its large deliveries, for the ones that come next.
    pub fn into_spares(self) -> Vec<Spare> {
        let large = |incoming: Incoming| match incoming.body {
            Body::Read { content, mut parsed, .. } if content.len() >= SPARE_BYTES_MIN => {
                parsed.clear();
                Some(Spare { content: content.into_bytes(), parsed })
            }
            _ => None,
        };
        self.deliveries.into_iter().filter_map(large).collect()
    }

    /// A record of a delivery.
    pub(crate) fn view(&self, at: usize, index: u32) -> Option<RecordView<'_>> {
        let Body::Read { content, parsed, .. } = &self.deliveries.get(at)?.body else { return None };
        Some(RecordView::new(content, parsed, parsed.records.get(index as usize)?))
    }
}

impl From<Vec<Incoming>> for Batch {
    fn from(deliveries: Vec<Incoming>) -> Batch {
        let mut share = Share::default();
        deliveries.into_iter().enumerate().for_each(|(place, incoming)| share.add(place, incoming));
        Batch::of(vec![share])
    }
}
