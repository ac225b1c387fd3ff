//! The log files that digests name: read, inflated and hashed on all threads, a few thousand at a time.

use std::sync::Arc;

use seal::LogFile;
use seal::digest::SHA_256;

use super::Advance;
use super::authentic::Status;
use super::cell::CellRun;
use super::content::{Hashed, NoHash, hash, hash_two};
use super::findings::{unproven, violation};
use super::handles::{Handle, Span};
use super::hours::{begin, hour_of};
use super::intervals::Time;
use super::range::{HOUR, more};
use super::sites::Meant;
use super::slots::Spot;
use crate::report::{Finding, HourState, Kind, Level};
use crate::store::Refusal;

/// Log files that are handed to the threads at once: enough that none waits for the last, few enough to be no memory to speak of.
const BATCH_FILES: usize = 2_048;
/// Most buckets that were not given and are told one by one.
const BUCKETS_TOLD_MAX: usize = 100;

/// A log file as a digest names it, and where that is.
pub(super) struct Entry {
    site: usize,
    key: String,
    sha256: [u8; 32],
    spot: Option<Spot>,
}

impl CellRun<'_, '_> {
    /// Checks the log files of all digests of the range that have not been.
    pub(super) fn check_logs(&mut self) {
        let mut handles = std::mem::take(&mut self.handles);
        let mut batch = Batch::default();
        for (number, handle) in handles.iter_mut().enumerate().filter(|(_, handle)| handle.is_wanted && !handle.is_checked) {
            handle.is_checked = true;
            self.check_files(number, handle, &mut batch);
        }
        self.flush(&mut batch);
        self.handles = handles;
    }

    fn check_files(&mut self, number: usize, handle: &mut Handle, batch: &mut Batch) {
        let mut buffers = std::mem::take(&mut self.scratch.digests);
        let outside = self.outside;
        let (status, trail, is_start, window) = (handle.status, Arc::clone(&handle.trail), handle.is_start, handle.window);
        let by = By { number, status, trail, is_start, window };
        let mut span = Span::default();
        let read = handle.each_file(outside, &mut buffers, &mut |file| {
            if let Some(entry) = self.entry(&by, &file) {
                span.add(entry.spot.and_then(|spot| spot.at));
                batch.add(&by, entry);
            }
            if batch.entries.len() >= BATCH_FILES {
                self.flush(batch);
            }
        });
        handle.span = span;
        self.scratch.digests = buffers;
        if let Err(why) = read {
            let finding = violation(Kind::DigestFormat, why).of_trail(&by.trail).between(window.0, window.1);
            self.hours.mark_all(window.0, window.1, HourState::Invalid);
            self.tell(finding.at(outside.sites.bucket(handle.site), &handle.key));
        }
    }

    /// Where a named file is; told and `None` if it cannot be read at all.
    fn entry(&mut self, by: &By, file: &LogFile) -> Option<Entry> {
        self.counts.logs_vouched += 1;
        let (site, key) = match self.places.meant(&file.s3_bucket, &file.s3_object) {
            Meant::Here(site, key) => (site, key),
            Meant::Elsewhere => {
                self.note_elsewhere(by, file);
                return None;
            }
            Meant::Nowhere => {
                let message = "a digest names a log file at a place that cannot be; nothing was read there";
                self.tell_file(by, by.window.0, violation(Kind::LogPlace, message), (Some(&file.s3_bucket), &file.s3_object));
                self.counts.logs_unreadable += 1;
                return None;
            }
        };
        let mut sha256 = [0; 32];
        let is_known =
            file.hash_algorithm.as_deref() == Some(SHA_256) && hex::decode_to_slice(&file.hash_value, &mut sha256).is_ok();
        let spot = self.spot(site, &key);
        if !is_known {
            let message = "the digest names a hash of a kind that is not known here";
            self.tell_file(by, by.window.0, unproven(Kind::AlgorithmUnknown, message), (Some(&file.s3_bucket), &file.s3_object));
            self.counts.logs_unreadable += 1;
            return None;
        }
        Some(Entry { site, key, sha256, spot })
    }

    pub(super) fn spot(&self, site: usize, key: &str) -> Option<Spot> {
        let of_site = self.log_folders.iter().enumerate().filter(|(_, of)| of.folder.site == site);
        of_site.into_iter().find_map(|(number, of)| of.spot(number, key))
    }

    fn note_elsewhere(&mut self, by: &By, file: &LogFile) {
        self.counts.logs_unreadable += 1;
        self.hours.mark(by.window.0, HourState::Unproven);
        let is_room = self.aside.elsewhere.len() < BUCKETS_TOLD_MAX;
        let bucket = if is_room { file.s3_bucket.as_str() } else { "" };
        self.aside.elsewhere.entry(bucket.to_owned()).or_default().add(Some(by.window.0), &file.s3_object);
    }

    /// Reads what has been gathered.
    fn flush(&mut self, batch: &mut Batch) {
        let Batch { entries, by } = std::mem::take(batch);
        if entries.is_empty() {
            return;
        }
        let (outside, entries) = (self.outside, Arc::new(entries));
        let hashed = self.hash(&entries);
        let mut advance = Advance { logs: entries.len() as u64, ..Advance::default() };
        let mut whose = by.iter();
        let mut current = whose.next();
        for (at, (entry, hashed)) in entries.iter().zip(hashed).enumerate() {
            while current.is_some_and(|(_, end)| at >= *end) {
                current = whose.next();
            }
            if let Ok(hashed) = &hashed {
                advance.stored_bytes += hashed.stored_bytes;
                advance.content_bytes += hashed.content_bytes;
            }
            if let Some((by, _)) = current {
                self.settle(by, entry, hashed);
            }
        }
        self.counts.stored_bytes += advance.stored_bytes;
        self.counts.content_bytes += advance.content_bytes;
        outside.progress.advanced(advance);
    }

    /// The hashes of the files, in their order; two and two, for that is faster.
    fn hash(&mut self, entries: &Arc<Vec<Entry>>) -> impl Iterator<Item = Result<Hashed, NoHash>> + use<> {
        let (outside, all) = (self.outside, Arc::clone(entries));
        let pairs: Vec<usize> = (0..entries.len()).step_by(2).collect();
        let hashed = self.pool.reads(self.scratch, Arc::new(pairs), move |scratch, at| {
            let mut objects =
                all.iter().skip(*at).map(|entry| (outside.sites.store(entry.site).map(Arc::as_ref), entry.key.as_str()));
            match (objects.next(), objects.next()) {
                (Some(one), Some(other)) => Vec::from(hash_two([one, other], outside.limits, scratch)),
                (one, _) => one.map(|one| hash(one, outside.limits, scratch)).into_iter().collect(),
            }
        });
        hashed.into_iter().flatten()
    }

    /// What became of one named file.
    fn settle(&mut self, by: &By, entry: &Entry, hashed: Result<Hashed, NoHash>) {
        let at = entry.spot.and_then(|spot| spot.at).unwrap_or(by.window.0);
        if let Some(spot) = entry.spot {
            if self.log_folders.get(spot.folder).is_some_and(|of| !self.facts.families.contains(&of.folder.name)) {
                self.facts.families.extend(self.log_folders.get(spot.folder).map(|of| of.folder.name.clone()));
            }
            if !matches!(hashed, Err(NoHash::Refused(Refusal::NotFound))) {
                self.vouched.add(&spot, self.outside.short(&entry.key));
            }
        }
        match hashed {
            Ok(hashed) if hashed.sha256 == entry.sha256 => self.fits(by, at),
            Ok(_) => {
                self.counts.logs_altered += 1;
                let message = "its content is not what CloudTrail delivered: another SHA-256 than its digest names";
                self.tell_entry(by, at, violation(Kind::LogAltered, message), entry);
            }
            Err(NoHash::Damaged(damage)) => {
                self.counts.logs_altered += 1;
                self.tell_entry(
                    by,
                    at,
                    violation(Kind::LogAltered, format!("it was damaged after it was delivered: {damage}")),
                    entry,
                );
            }
            Err(NoHash::Refused(refusal)) => self.refused(by, at, entry, refusal),
        }
    }

    fn fits(&mut self, by: &By, at: Time) {
        let (count, state) = match by.status {
            Status::Valid => (&mut self.counts.logs_verified, HourState::Ok),
            _ => (&mut self.counts.logs_unproven, HourState::Unproven),
        };
        *count += 1;
        self.hours.mark(at, state);
    }

    fn refused(&mut self, by: &By, at: Time, entry: &Entry, refusal: Refusal) {
        match refusal {
            Refusal::NotFound if self.is_log_expired(by, entry.spot, at) => {
                self.counts.logs_unreadable += 1;
                self.hours.mark(at, HourState::Unproven);
                self.aside.expired.add(Some(at), &entry.key);
            }
            Refusal::NotFound => {
                self.counts.logs_missing += 1;
                let message = "CloudTrail delivered it, and it is not there";
                let hint = "if a lifecycle rule of yours removed it, say since when objects are kept with --retained-since";
                self.tell_entry(by, at, violation(Kind::LogMissing, message).hint(hint), entry);
            }
            Refusal::Archived => {
                self.counts.logs_unreadable += 1;
                self.hours.mark(at, HourState::Unproven);
                self.aside.archived.add(Some(at), &entry.key);
            }
            // Told once for the whole home, by whoever keeps it.
            Refusal::Retired => {
                self.counts.logs_unreadable += 1;
                self.hours.mark(at, HourState::Unproven);
            }
            other => {
                self.counts.logs_unreadable += 1;
                self.tell_entry(by, at, unproven(Kind::Unreadable, format!("it could not be read: {other}")), entry);
            }
        }
    }

    fn tell_entry(&mut self, by: &By, at: Time, finding: Finding, entry: &Entry) {
        self.tell_file(by, at, finding, (self.outside.sites.bucket(entry.site), &entry.key));
    }

    fn tell_file(&mut self, by: &By, at: Time, finding: Finding, (bucket, key): (Option<&str>, &str)) {
        let state = if finding.level == Level::Violation { HourState::Invalid } else { HourState::Unproven };
        self.hours.mark(at, state);
        let hour = begin(hour_of(at));
        self.tell(finding.of_trail(&by.trail).between(hour, more(hour, HOUR)).at(bucket, key));
    }
}

/// The digest that names a file.
#[derive(Clone)]
pub(super) struct By {
    number: usize,
    status: Status,
    trail: Arc<str>,
    /// Whether it begins a chain.
    pub(super) is_start: bool,
    window: (Time, Time),
}

/// Files that are waiting to be read, and where those of each digest end.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    by: Vec<(By, usize)>,
}

impl Batch {
    fn add(&mut self, by: &By, entry: Entry) {
        self.entries.push(entry);
        let end = self.entries.len();
        match self.by.last_mut() {
            Some((last, last_end)) if last.number == by.number => *last_end = end,
            _ => self.by.push((by.clone(), end)),
        }
    }
}
