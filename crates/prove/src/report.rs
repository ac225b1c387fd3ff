//! What a verification found, as plain data: one judgment, why, and numbers that add up.
//!
//! Whoever draws it (table, JSON, JUnit) decides nothing more. Times are UTC and are written as `2026-11-24T07:00:00Z`. Order is by
//! prefix, organization, account and Region, then time: the same input and the same clock give the same report.

pub(crate) mod time;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most findings that one report holds; totals count all of them.
pub const FINDINGS_MAX: usize = 10_000;
/// Most findings of one kind that one cell tells one by one.
pub const FINDINGS_PER_KIND_MAX: usize = 200;

/// The answer. Ordered: later is worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgment {
    /// Everything in the range is vouched for, and nothing of it is missing.
    #[default]
    Proven,
    /// Nothing speaks against it, but not everything can be proven, or not yet, or not here.
    Unproven,
    /// Something was altered, removed or forged.
    Violated,
}

/// What a finding does to the judgment. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Cannot be proven, or not yet, or not here.
    Unproven,
    /// Altered, removed or forged.
    Violation,
}

/// What was found. The names are part of the output and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Neither digests nor log files under the place that was given.
    NothingFound,
    /// No digest covers any of the time that was asked for, and none is due: nothing in it was checked.
    NothingChecked,
    /// Digests of one hour or of several in a row are not there.
    DigestMissing,
    /// Nothing vouches for an account and Region, while others beside it have digests.
    DigestsRemoved,
    /// Not gzip, not JSON, or not in CloudTrail's format.
    DigestFormat,
    /// A digest that stands elsewhere than it says.
    DigestMoved,
    /// Its times do not fit its name or each other.
    DigestTime,
    /// An object beside digests that is not named as digests are.
    DigestName,
    /// The signature does not fit.
    DigestSignature,
    /// The signature is not in the object's metadata, though others have theirs.
    DigestMetadata,
    /// The digest that follows names another hash or signature.
    DigestLink,
    /// Signed with a key that is not known.
    KeyUnknown,
    /// Signed or hashed in a way that is not known.
    AlgorithmUnknown,
    /// The newest digest of a copy without object metadata.
    DigestTail,
    /// The content of a log file is not what was delivered.
    LogAltered,
    /// A log file that was delivered is not there.
    LogMissing,
    /// A log file that no digest vouches for.
    LogUnvouched,
    /// Log files of digests that are not valid: nothing vouches for them.
    LogOfInvalidDigest,
    /// Log files of digests that cannot be proven.
    LogOfUnprovenDigest,
    /// A digest names a log file at a place that cannot be (`../`, an absolute path).
    LogPlace,
    /// Delivered after the newest digest, or for an hour whose digest is not due yet.
    CurrentHour,
    /// Delivered before log file validation was enabled.
    BeforeValidation,
    /// Log files of a kind for which CloudTrail has made no digests here.
    FamilyWithoutDigests,
    /// A trail without log file validation.
    WithoutValidation,
    /// Another trail without validation delivers to the same place; all its records stand in proven files too.
    SecondTrail,
    /// An object in CloudTrail's folders that is no log file by its name.
    ForeignObject,
    /// Older objects are gone: expired, or deleted.
    Expired,
    /// Objects in an archive tier.
    Archived,
    /// Objects that could not be read, or folders that could not be listed.
    Unreadable,
    /// In another bucket that was not given.
    OtherBucket,
    /// An account or Region ended while others went on.
    AccountEnded,
    /// The chain of one of several trails ended while others went on.
    TrailEnded,
    /// Hours for which AWS's own chain has no digest.
    HoursSkipped,
    /// Validation or logging was switched off and on; the new beginning is signed.
    ChainRestart,
    /// The first digest of a chain: validation was enabled, or the account or Region joined.
    ChainStart,
    /// AWS signs with another key from here on.
    KeyRotation,
    /// Digests that AWS made later, for hours whose digests had failed.
    Backfill,
    /// The objects were written to another bucket: this is a copy.
    Copy,
    /// Objects that have nothing to do with CloudTrail's layout.
    OutsideLayout,
    /// A statement of a home's own seal does not hold, or is missing.
    HomeSeal,
    /// Something in a home that no statement covers.
    HomeUnsealed,
    /// A file of a home is not what its commits or statements stand for.
    HomeAltered,
    /// A file of a home is not there.
    HomeMissing,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it does to the judgment.
    pub level: Level,
    /// What it is.
    pub kind: Kind,
    /// What stands before `AWSLogs/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Organization ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Account ID; empty if it concerns all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Region; empty if it concerns all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// The trail, where a digest says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// From when it concerns.
    #[serde(default, with = "time::option", skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Until when it concerns.
    #[serde(default, with = "time::option", skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Bucket of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Key of the object: hostile text, escape it where you draw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How many objects (or hours, of missing digests) it stands for.
    pub count: u64,
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about nothing in particular yet.
    pub fn new(level: Level, kind: Kind, message: impl Into<String>) -> Finding {
        Finding {
            level,
            kind,
            prefix: String::new(),
            organization: None,
            account: String::new(),
            region: String::new(),
            trail: None,
            from: None,
            to: None,
            bucket: None,
            key: None,
            count: 1,
            message: message.into(),
            hint: None,
        }
    }
}

/// The state of one hour of one account and Region. Ordered: later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HourState {
    /// No digest is expected: before the first one, after the end of the range, or not due yet.
    NotExpected,
    /// Vouched for; nothing was delivered.
    OkEmpty,
    /// Vouched for; every log file is what was delivered.
    Ok,
    /// Something in it cannot be proven.
    Unproven,
    /// A digest or a log file in it is not what it should be.
    Invalid,
    /// Its digest is missing.
    Missing,
}

/// Hours in a row that have the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourRun {
    /// Begin of the first hour.
    #[serde(with = "time")]
    pub from: DateTime<Utc>,
    /// How many hours.
    pub hours: u32,
    /// Their state.
    pub state: HourState,
}

/// Numbers of one cell or of all. `logs_vouched` = verified + altered + missing + unreadable + unproven, and
/// `logs_listed` = listed and vouched + unvouched + not yet + without digest + second trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Digests that were found in the range, backfill digests among them.
    pub digests: u64,
    /// Digests whose authenticity is proven.
    pub digests_valid: u64,
    /// Digests that are not what they should be.
    pub digests_invalid: u64,
    /// Digests that cannot be proven.
    pub digests_unproven: u64,
    /// Backfill digests among them.
    pub digests_backfill: u64,
    /// Hours whose digest is missing.
    pub hours_missing: u64,
    /// Log files that digests of the range name (of digests that are not invalid).
    pub logs_vouched: u64,
    /// Log files that are what was delivered.
    pub logs_verified: u64,
    /// Log files that were altered or damaged.
    pub logs_altered: u64,
    /// Log files that are not there.
    pub logs_missing: u64,
    /// Log files that could not be read: denied, archived, in another bucket, expired.
    pub logs_unreadable: u64,
    /// Log files that fit a digest which itself is not proven.
    pub logs_unproven: u64,
    /// Log files that were listed in the range.
    pub logs_listed: u64,
    /// Log files that were listed and that a digest names.
    pub logs_listed_vouched: u64,
    /// Log files that were listed and that no valid digest vouches for: a violation.
    pub logs_unvouched: u64,
    /// Log files whose digest is not due yet.
    pub logs_not_yet: u64,
    /// Log files from before validation, or of a family or trail without digests.
    pub logs_without_digest: u64,
    /// Log files of a second trail without validation, whose records stand in proven files.
    pub logs_second_trail: u64,
    /// Bytes read, as stored.
    pub stored_bytes: u64,
    /// Bytes hashed: the uncompressed content of digests and log files.
    pub content_bytes: u64,
}

/// The chain of digests of one trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The trail's name.
    pub trail: String,
    /// Its home Region.
    pub home: String,
    /// Begin of the oldest valid digest in the range.
    #[serde(with = "time::option")]
    pub first: Option<DateTime<Utc>>,
    /// End of the newest valid digest in the range.
    #[serde(with = "time::option")]
    pub last: Option<DateTime<Utc>>,
    /// Digests found, backfill digests among them.
    pub digests: u64,
    /// Digests that are authentic.
    pub valid: u64,
    /// Starting digests: one is the beginning, more are restarts.
    pub starts: u64,
}

/// One account and Region, as one trail or several deliver it to one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// What stands before `AWSLogs/`.
    pub prefix: String,
    /// Organization ID of an organization trail.
    pub organization: Option<String>,
    /// Account ID.
    pub account: String,
    /// Region.
    pub region: String,
    /// The judgment of this cell alone.
    pub judgment: Judgment,
    /// Its chains, by trail.
    pub chains: Vec<Chain>,
    /// Its hours over the whole range, oldest first, without holes.
    pub hours: Vec<HourRun>,
    /// Its numbers.
    pub counts: Counts,
}

/// Keys that were looked up, and where they came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeysFrom {
    /// In plain words: `file keys.json`, `AWS us-east-1`, `custom endpoint http://127.0.0.1:5006: not AWS's`.
    pub origin: String,
    /// How many keys it gave.
    pub keys: u64,
    /// Whether AWS itself said so, of every one of them.
    #[serde(default)]
    pub is_of_aws: bool,
}

/// How many findings there are, kept or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Violations.
    pub violations: u64,
    /// Findings that leave something unproven.
    pub unproven: u64,
    /// Notes.
    pub notes: u64,
    /// All findings by kind.
    pub by_kind: BTreeMap<Kind, u64>,
}

/// A whole verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The answer.
    pub judgment: Judgment,
    /// What was verified: the store's name.
    pub source: String,
    /// Begin of the range: as asked for, else the oldest hour found.
    #[serde(with = "time::option")]
    pub since: Option<DateTime<Utc>>,
    /// End of the range: as asked for, else the clock.
    #[serde(with = "time")]
    pub until: DateTime<Utc>,
    /// The clock when it was judged.
    #[serde(with = "time")]
    pub verified_at: DateTime<Utc>,
    /// Where the public keys came from.
    pub keys: Vec<KeysFrom>,
    /// Whether AWS itself said of all of them that they are its keys. If not, the judgment is as good as the keys are.
    #[serde(default)]
    pub keys_are_of_aws: bool,
    /// Sums over all cells.
    pub counts: Counts,
    /// Accounts and Regions.
    pub cells: Vec<Cell>,
    /// How many findings there are, kept or not.
    pub totals: Totals,
    /// Findings, worst level first, then by cell and time; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// Findings that were counted and not kept.
    pub findings_left_out: u64,
}

impl KeysFrom {
    /// Whether all keys are AWS's, by AWS's own word; no keys are nobody's.
    pub fn are_of_aws(all: &[KeysFrom]) -> bool {
        !all.is_empty() && all.iter().all(|keys| keys.is_of_aws)
    }
}

impl Level {
    /// The judgment that a finding of this level forces.
    pub fn judgment(self) -> Judgment {
        match self {
            Level::Note => Judgment::Proven,
            Level::Unproven => Judgment::Unproven,
            Level::Violation => Judgment::Violated,
        }
    }
}

impl Kind {
    /// Its name in every output: `digest-missing`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::NothingFound => "nothing-found",
            Kind::NothingChecked => "nothing-checked",
            Kind::DigestMissing => "digest-missing",
            Kind::DigestsRemoved => "digests-removed",
            Kind::DigestFormat => "digest-format",
            Kind::DigestMoved => "digest-moved",
            Kind::DigestTime => "digest-time",
            Kind::DigestName => "digest-name",
            Kind::DigestSignature => "digest-signature",
            Kind::DigestMetadata => "digest-metadata",
            Kind::DigestLink => "digest-link",
            Kind::KeyUnknown => "key-unknown",
            Kind::AlgorithmUnknown => "algorithm-unknown",
            Kind::DigestTail => "digest-tail",
            Kind::LogAltered => "log-altered",
            Kind::LogMissing => "log-missing",
            Kind::LogUnvouched => "log-unvouched",
            Kind::LogOfInvalidDigest => "log-of-invalid-digest",
            Kind::LogOfUnprovenDigest => "log-of-unproven-digest",
            Kind::LogPlace => "log-place",
            Kind::CurrentHour => "current-hour",
            Kind::BeforeValidation => "before-validation",
            Kind::FamilyWithoutDigests => "family-without-digests",
            Kind::WithoutValidation => "without-validation",
            Kind::SecondTrail => "second-trail",
            Kind::ForeignObject => "foreign-object",
            Kind::Expired => "expired",
            Kind::Archived => "archived",
            Kind::Unreadable => "unreadable",
            Kind::OtherBucket => "other-bucket",
            Kind::AccountEnded => "account-ended",
            Kind::TrailEnded => "trail-ended",
            Kind::HoursSkipped => "hours-skipped",
            Kind::ChainRestart => "chain-restart",
            Kind::ChainStart => "chain-start",
            Kind::KeyRotation => "key-rotation",
            Kind::Backfill => "backfill",
            Kind::Copy => "copy",
            Kind::OutsideLayout => "outside-layout",
            Kind::HomeSeal => "home-seal",
            Kind::HomeUnsealed => "home-unsealed",
            Kind::HomeAltered => "home-altered",
            Kind::HomeMissing => "home-missing",
        }
    }
}

impl Counts {
    /// Adds other numbers to these.
    pub fn add(&mut self, other: &Counts) {
        self.digests += other.digests;
        self.digests_valid += other.digests_valid;
        self.digests_invalid += other.digests_invalid;
        self.digests_unproven += other.digests_unproven;
        self.digests_backfill += other.digests_backfill;
        self.hours_missing += other.hours_missing;
        self.logs_vouched += other.logs_vouched;
        self.logs_verified += other.logs_verified;
        self.logs_altered += other.logs_altered;
        self.logs_missing += other.logs_missing;
        self.logs_unreadable += other.logs_unreadable;
        self.logs_unproven += other.logs_unproven;
        self.logs_listed += other.logs_listed;
        self.logs_listed_vouched += other.logs_listed_vouched;
        self.logs_unvouched += other.logs_unvouched;
        self.logs_not_yet += other.logs_not_yet;
        self.logs_without_digest += other.logs_without_digest;
        self.logs_second_trail += other.logs_second_trail;
        self.stored_bytes += other.stored_bytes;
        self.content_bytes += other.content_bytes;
    }
}

impl Totals {
    /// Counts one finding.
    pub fn count(&mut self, level: Level, kind: Kind) {
        match level {
            Level::Violation => self.violations += 1,
            Level::Unproven => self.unproven += 1,
            Level::Note => self.notes += 1,
        }
        *self.by_kind.entry(kind).or_default() += 1;
    }

    /// Adds other totals to these.
    pub fn add(&mut self, other: &Totals) {
        self.violations += other.violations;
        self.unproven += other.unproven;
        self.notes += other.notes;
        other.by_kind.iter().for_each(|(kind, count)| *self.by_kind.entry(*kind).or_default() += count);
    }

    /// The judgment that these findings force.
    pub fn judgment(&self) -> Judgment {
        match (self.violations, self.unproven) {
            (0, 0) => Judgment::Proven,
            (0, _) => Judgment::Unproven,
            _ => Judgment::Violated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for kind in [
            Kind::NothingFound,
            Kind::NothingChecked,
            Kind::DigestsRemoved,
            Kind::LogOfInvalidDigest,
            Kind::OutsideLayout,
            Kind::ChainStart,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
