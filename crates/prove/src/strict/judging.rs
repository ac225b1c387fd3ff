//! The digests of one day: read on all threads, judged newest first, and hung onto what is known of their chains.

use std::sync::Arc;

use chrono::NaiveDate;
use layout::Kind as Named;

use super::authentic::{self, Answer, Presented, Status};
use super::cell::{CellRun, Link, UnsignedDigest};
use super::chains::{Below, ChainId};
use super::digests::{self, DayListed, Read, Seen, Trouble};
use super::findings::{minute, note, unproven, violation};
use super::handles::Handle;
use super::intervals::Time;
use super::range::{HOUR, less};
use super::sites::Meant;
use super::{Advance, KeysFound};
use crate::report::{Finding, Kind, Level};
use crate::store::Refusal;

/// Most digests without a signature that are told one by one.
const UNSIGNED_MAX: usize = 1_000;

impl CellRun<'_, '_> {
    /// Reads and judges the digests of one day.
    pub(super) fn judge_day(&mut self, day: NaiveDate) {
        let listed = self.take_listed(day);
        let outside = self.outside;
        let wanted: Vec<_> = listed.named.into_iter().filter(|named| outside.range.reads(named.name.end)).collect();
        let wanted = Arc::new(wanted);
        let read = self.pool.reads(self.scratch, Arc::clone(&wanted), move |scratch, named| digests::read(outside, named, scratch));
        let wanted = Arc::unwrap_or_clone(wanted);
        let seen: Vec<Seen> = wanted.into_iter().zip(read).map(|(named, read)| Seen { named, read }).collect();
        self.account_for(&seen);
        self.learn_places(&seen);
        seen.into_iter().for_each(|seen| self.judge_one(seen));
    }

    fn take_listed(&mut self, day: NaiveDate) -> DayListed {
        let kept = self.listed.take_if(|(listed, _)| *listed == day).map(|(_, listed)| listed);
        let mut listed = kept.unwrap_or_else(|| digests::list(self.outside, &self.id, &self.digest_folders, day));
        self.know_newest(&listed);
        for (prefix, refusal) in std::mem::take(&mut listed.unlisted) {
            self.tell_unlisted(&prefix, &refusal);
        }
        if listed.is_cut {
            let message = format!("more than {} objects beside the digests of {day}: not all were looked at", listed.named.len());
            self.tell(violation(Kind::DigestName, message));
        }
        self.tell_misnamed(day, std::mem::take(&mut listed.misnamed));
        for named in listed.named.iter().filter(|named| self.outside.range.is_future(named.name.end)) {
            let finding = violation(Kind::DigestTime, "a digest for a time that has not come yet");
            self.tell(finding.at(self.outside.sites.bucket(named.site), &named.key));
        }
        listed
    }

    /// Objects beside digests that are none of this cell and day by their names.
    fn tell_misnamed(&mut self, day: NaiveDate, misnamed: Vec<(usize, String)>) {
        let (from, to) = super::slots::period(day, super::slots::ODD);
        for (site, key) in misnamed {
            let end = layout::digest_name(&key).map(|name| name.end);
            let is_wanted = end.map_or(self.outside.range.meets(from, to), |end| self.outside.range.meets(less(end, HOUR), end));
            if !is_wanted {
                continue;
            }
            if layout::kind(&key) != Named::Digest {
                self.aside.foreign.add(end, &key);
                continue;
            }
            let message =
                "it stands beside digests, but is not named as those of this account, Region and day are: it was added or renamed";
            let finding = violation(Kind::DigestName, message).between(from, to);
            self.tell(finding.at(self.outside.sites.bucket(site), &key));
        }
    }

    fn account_for(&mut self, seen: &[Seen]) {
        let mut advance = Advance::default();
        for read in seen.iter().filter_map(|seen| seen.read.as_ref().ok()) {
            advance.digests += 1;
            advance.stored_bytes += read.stored_bytes;
            advance.content_bytes += read.content_bytes;
        }
        self.counts.stored_bytes += advance.stored_bytes;
        self.counts.content_bytes += advance.content_bytes;
        self.outside.progress.advanced(advance);
    }

    /// Learns from the newest digest that is signed, else from the newest, whether this is a copy of another bucket.
    fn learn_places(&mut self, seen: &[Seen]) {
        let sites: Vec<usize> = seen.iter().map(|seen| seen.named.site).filter(|site| !self.learned.contains(site)).collect();
        for site in sites {
            let mut of_site = seen.iter().filter(|seen| seen.named.site == site && seen.read.is_ok());
            let signed = of_site.clone().find(|seen| seen.read.as_ref().is_ok_and(|read| self.is_signed(read)));
            let Some((seen, read)) = signed.or_else(|| of_site.next()).and_then(|seen| Some((seen, seen.read.as_ref().ok()?)))
            else {
                continue;
            };
            if !self.learned.insert(site) {
                continue;
            }
            let (bucket, key) = (&read.digest.digest_s3_bucket, &read.digest.digest_s3_object);
            let Some(alias) = self.places.learn(site, &seen.named.key, self.id.prefix.len(), bucket, key) else { continue };
            let message = format!("a copy: CloudTrail wrote these objects to `s3://{}/{}`", alias.bucket, alias.signed);
            self.tell(note(Kind::Copy, message).at(self.outside.sites.bucket(site), &alias.here));
        }
    }

    fn is_signed(&self, read: &Read) -> bool {
        let keys = self.keys_for(read);
        authentic::judge(&self.presented(read), None, keys.as_ref()).status == Status::Valid
    }

    fn presented<'a>(&'a self, read: &'a Read) -> Presented<'a> {
        Presented {
            digest: &read.digest,
            sha256: &read.sha256,
            signature: read.signature.as_deref(),
            algorithm: read.algorithm.as_deref(),
            region: &self.id.region,
        }
    }

    /// The keys of the range; for a backfill digest that was signed with none of them, those of the time when it was made.
    fn keys_for(&self, read: &Read) -> Option<Arc<KeysFound>> {
        let known = self.keys.clone();
        let fingerprint = &read.digest.digest_public_key_fingerprint;
        let has_key = |keys: &Arc<KeysFound>| keys.keys.find(fingerprint, &self.id.region).next().is_some();
        match read.made {
            Some(made) if !known.as_ref().is_some_and(has_key) => self.outside.keys.around(&self.id.region, made).ok().or(known),
            _ => known,
        }
    }

    /// Judges one digest; those that follow it have been judged.
    fn judge_one(&mut self, seen: Seen) {
        let end = seen.named.name.end;
        let link = self.links.remove(&(seen.named.site, seen.named.key.clone()));
        let window = match &seen.read {
            Ok(read) => digests::window(&read.digest, &seen.named.name),
            Err(_) => Ok((less(end, HOUR), end)),
        };
        let place = window.clone().unwrap_or((less(end, HOUR), end));
        let is_wanted = self.outside.range.meets(place.0, place.1);
        let status = match &seen.read {
            Err(trouble) => self.judge_unread(&seen, trouble, place),
            Ok(read) => self.judge_read(&seen, read, window, link.as_ref()),
        };
        let below = match (&seen.read, status) {
            (_, Status::Invalid) => Below::Unknown,
            (Err(_), _) => Below::Unread,
            (Ok(read), _) => self.below(&seen, read, status, place.0),
        };
        self.hang(&seen, status, place, below, link.as_ref());
        if is_wanted {
            self.count(&seen, status);
        }
        if let Ok(read) = &seen.read {
            self.keep(&seen, read, status, place, is_wanted);
        }
    }

    fn judge_unread(&mut self, seen: &Seen, trouble: &Trouble, window: (Time, Time)) -> Status {
        let (status, finding) = match trouble {
            Trouble::Bad(why) => (Status::Invalid, violation(Kind::DigestFormat, why.clone())),
            Trouble::Refused(Refusal::NotFound) => {
                (Status::Invalid, violation(Kind::DigestMissing, "the digest was removed while it was verified"))
            }
            Trouble::Refused(Refusal::Archived) => {
                (Status::Unproven, unproven(Kind::Archived, "the digest is in an archive tier").hint(RESTORE))
            }
            Trouble::Refused(refusal) => {
                (Status::Unproven, unproven(Kind::Unreadable, format!("the digest could not be read: {refusal}")))
            }
        };
        self.tell_digest(seen, window, finding);
        status
    }

    fn judge_read(&mut self, seen: &Seen, read: &Read, window: Result<(Time, Time), String>, link: Option<&Link>) -> Status {
        let place = (less(seen.named.name.end, HOUR), seen.named.name.end);
        let (bucket, key) = (&read.digest.digest_s3_bucket, &read.digest.digest_s3_object);
        if !self.places.fits(seen.named.site, &seen.named.key, bucket, key) {
            let message = format!("it says that it is `s3://{bucket}/{key}`: it was moved");
            let hint = format!("if `{bucket}` was copied to here, say so with --map {bucket}=PLACE");
            self.tell_digest(seen, place, violation(Kind::DigestMoved, message).hint(hint));
            return Status::Invalid;
        }
        let place = match window {
            Ok(window) => window,
            Err(why) => {
                self.tell_digest(seen, place, violation(Kind::DigestTime, why));
                return Status::Invalid;
            }
        };
        let keys = self.keys_for(read);
        let answer = authentic::judge(&self.presented(read), link.map(|link| &link.said), keys.as_ref());
        self.tell_answer(seen, read, place, &answer, link);
        self.note_signature(seen, place, &answer);
        answer.status
    }

    fn tell_answer(&mut self, seen: &Seen, read: &Read, window: (Time, Time), answer: &Answer, link: Option<&Link>) {
        if let Some((kind, message)) = &answer.wrong {
            let is_open = answer.status == Status::Unproven;
            let finding = if is_open { unproven(*kind, message.clone()) } else { violation(*kind, message.clone()) };
            let hint = is_open && *kind == Kind::KeyUnknown;
            let finding = if hint {
                finding.hint("look for it with `aws cloudtrail list-public-keys`, and give it with --public-keys")
            } else {
                finding
            };
            self.tell_digest(seen, window, finding);
        }
        let Some(link) = link.filter(|_| answer.is_contradicted) else { return };
        // AWS signed this digest as a beginning: whatever the next one hung on, the chain restarted here.
        if read.digest.is_start() && answer.status == Status::Valid {
            return;
        }
        let message =
            format!("what it says about the digest before it (ending {}) is not true: hash or signature differ", minute(window.1));
        let finding = violation(Kind::DigestLink, message).at(self.outside.sites.bucket(link.by_site), &link.by_key);
        if self.outside.range.meets(link.by_start, link.by_start + HOUR) {
            self.hours.mark(link.by_start, crate::report::HourState::Invalid);
            self.tell(finding.of_trail(&link.chain.trail).between(link.by_start, link.by_start + HOUR));
        }
    }

    /// Whether its object has a signature; who lacks one among others that have theirs was written anew.
    fn note_signature(&mut self, seen: &Seen, window: (Time, Time), answer: &Answer) {
        if !self.outside.range.meets(window.0, window.1) {
            return;
        }
        let of_site = self.unsigned.entry(seen.named.site).or_default();
        if answer.is_signed {
            of_site.signed += 1;
            return;
        }
        of_site.unsigned += 1;
        if of_site.digests.len() < UNSIGNED_MAX {
            let is_proven = answer.status != Status::Unproven;
            let (key, trail) = (seen.named.key.clone(), seen.named.name.trail.clone());
            of_site.digests.push(UnsignedDigest { key, trail, window, is_proven });
        }
    }

    /// What comes before a digest; what it says about that is remembered until it is seen.
    fn below(&mut self, seen: &Seen, read: &Read, status: Status, start: Time) -> Below {
        if read.digest.is_start() {
            return if status == Status::Valid { Below::Start } else { Below::Unread };
        }
        let window = (start, seen.named.name.end);
        let (Some(previous), Some(said)) = (read.digest.previous(), authentic::said(&read.digest, status)) else {
            self.tell_digest(seen, window, violation(Kind::DigestLink, "it says only in part which digest comes before it"));
            return Below::Unknown;
        };
        let (site, key) = match self.places.meant(previous.bucket, previous.object) {
            Meant::Here(site, key) => (site, key),
            Meant::Elsewhere => return self.below_elsewhere(seen, window, previous.bucket),
            Meant::Nowhere => {
                self.tell_digest(seen, window, violation(Kind::DigestLink, "the digest before it would lead out of the bucket"));
                return Below::Unknown;
            }
        };
        let is_older = layout::digest_name(&key).is_some_and(|name| name.end < seen.named.name.end);
        if !is_older {
            self.tell_digest(
                seen,
                window,
                violation(Kind::DigestLink, "the digest before it would not be older: the chain runs in a circle"),
            );
            return Below::Unknown;
        }
        let chain = chain_id(seen);
        let is_backfill = seen.named.name.is_backfill;
        let link = Link { said, by_site: seen.named.site, by_key: seen.named.key.clone(), by_start: start, chain, is_backfill };
        self.await_link((site, key), link, seen, window)
    }

    /// Remembers what a digest says about the one before it. Of two that name the same one, the newer counts, and it is told.
    fn await_link(&mut self, place: (usize, String), link: Link, seen: &Seen, window: (Time, Time)) -> Below {
        let known = self.links.get(&place);
        if known.is_some_and(|known| known.is_backfill == link.is_backfill && known.chain == link.chain) {
            let message = "a newer digest names the same one before it: the chain forks";
            self.tell_digest(seen, window, unproven(Kind::DigestLink, message));
            return Below::Unknown;
        }
        // Backfill digests stand beside the chain, and do not take a link from it.
        if known.is_none_or(|known| known.is_backfill) {
            self.links.insert(place, link);
        }
        Below::Awaited
    }

    fn below_elsewhere(&mut self, seen: &Seen, window: (Time, Time), bucket: &str) -> Below {
        if self.outside.range.since.is_none_or(|since| since < window.0) {
            let message = format!("the chain goes on in another bucket, `{bucket}`");
            let hint = format!("give it with --map {bucket}=PLACE");
            self.tell_digest(seen, window, unproven(Kind::OtherBucket, message).hint(hint));
        }
        Below::OtherBucket
    }

    /// Hangs a digest onto its chain.
    fn hang(&mut self, seen: &Seen, status: Status, (start, end): (Time, Time), below: Below, link: Option<&Link>) {
        let id = chain_id(seen);
        let link = link.filter(|link| !link.is_backfill && link.chain == id);
        let chain = self.chains.entry(id).or_default();
        let covered = match (status, &seen.read) {
            (Status::Valid, _) => &mut chain.valid,
            (Status::Unproven, Ok(_)) => &mut chain.unproven,
            (Status::Unproven, Err(_)) => &mut chain.unread,
            (Status::Invalid, _) => &mut chain.invalid,
        };
        covered.add(start, end);
        if let Some(link) = link {
            if end < link.by_start {
                chain.edges.insert(link.by_start, Below::Skipped);
            } else {
                chain.edges.remove(&link.by_start);
            }
        }
        if !seen.named.name.is_backfill {
            chain.edges.insert(start, below);
        }
        if let (Ok(read), Status::Valid) = (&seen.read, status) {
            chain.signed_with(&read.digest.digest_public_key_fingerprint, start);
            self.facts.first_digest = Some(self.facts.first_digest.map_or(start, |first| first.min(start)));
        }
    }

    fn count(&mut self, seen: &Seen, status: Status) {
        let chain = self.chains.entry(chain_id(seen)).or_default();
        chain.digests += 1;
        self.counts.digests += 1;
        match status {
            Status::Valid => {
                chain.digests_valid += 1;
                self.counts.digests_valid += 1;
            }
            Status::Unproven => self.counts.digests_unproven += 1,
            Status::Invalid => self.counts.digests_invalid += 1,
        }
        if seen.named.name.is_backfill {
            self.counts.digests_backfill += 1;
            self.aside.backfill += 1;
        }
        if let (Ok(read), Status::Valid) = (&seen.read, status) {
            chain.starts += u64::from(read.digest.is_start());
        }
    }

    /// Keeps a digest until its log files are checked.
    fn keep(&mut self, seen: &Seen, read: &Read, status: Status, window: (Time, Time), is_wanted: bool) {
        if status == Status::Invalid || read.files == 0 {
            return;
        }
        self.handles.push(Handle {
            site: seen.named.site,
            key: seen.named.key.clone(),
            trail: Arc::from(seen.named.name.trail.as_str()),
            sha256: read.sha256,
            stored: read.stored.clone(),
            status,
            is_start: read.digest.is_start(),
            window,
            is_wanted,
            is_checked: false,
            span: Default::default(),
        });
    }

    /// Adds a finding about a digest, if it is of the range.
    fn tell_digest(&mut self, seen: &Seen, (start, end): (Time, Time), finding: Finding) {
        if !self.outside.range.meets(start, end) {
            return;
        }
        if finding.level == Level::Violation {
            self.hours.mark_all(start, end, crate::report::HourState::Invalid);
        }
        let finding = finding.of_trail(&seen.named.name.trail).between(start, end);
        self.tell(finding.at(self.outside.sites.bucket(seen.named.site), &seen.named.key));
    }
}

/// What to do about archived objects.
pub(super) const RESTORE: &str = "restore it and verify again";

fn chain_id(seen: &Seen) -> ChainId {
    ChainId { trail: seen.named.name.trail.clone(), home: seen.named.name.home.clone() }
}
