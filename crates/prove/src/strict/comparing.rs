//! What is listed, against what digests name: nothing may be there that nothing vouches for.
//!
//! Hours that come out even need no more than counting. In the others every key is looked up, and what is left over is judged by where it
//! stands: before validation, after the newest digest, in a hole, or beside files that are vouched for - then it was added.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::NaiveDate;
use layout::{Family, Kind as Named};

use super::cell::CellRun;
use super::chains::{Below, Standing};
use super::days::day_prefix;
use super::facts::Why;
use super::findings::{unproven, violation};
use super::hours::{begin, hour_of};
use super::intervals::Time;
use super::listing::{Continue, pages};
use super::range::{HOUR, Range, less, more};
use super::second_trail;
use super::slots::{DayTally, LogFolder, ODD, Spot, Tally, period};
use crate::report::{Finding, HourState, Kind};

/// Most files of one hour whose records are looked for in the files of a proven trail.
const SECOND_TRAIL_FILES_MAX: usize = 20_000;

/// What a listing of one day gave.
#[derive(Default)]
struct Listed {
    tally: DayTally,
    /// Of those, in the range.
    wanted: DayTally,
}

/// A listed log file that no digest names.
struct Suspect {
    key: String,
    spot: Spot,
}

/// Where a log file that no digest names stands among the chains of its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// In time that a digest covers.
    Covered,
    /// In the window of a digest that is not what it should be.
    Invalid,
    /// In a hole.
    Hole,
    /// In time that a digest covers which could not be read, or in a hole that may be explained by one.
    Open,
    /// Before a beginning that AWS signed.
    BeforeStart,
    /// After the newest digest.
    Tail,
}

impl CellRun<'_, '_> {
    /// Compares the folders of one day; all digests that can name files of it have been checked.
    pub(super) fn compare_day(&mut self, day: NaiveDate) {
        for number in self.log_days.get(&day).cloned().unwrap_or_default() {
            let folders = Arc::clone(&self.log_folders);
            let Some(of) = folders.get(number) else { continue };
            let vouched = self.vouched.take(number, day);
            let listed = self.list_day(number, of, day);
            for slot in 0..=ODD {
                let tally = |tally: &DayTally| tally.0.get(slot).copied().unwrap_or_default();
                self.compare_slot(number, of, (day, slot), (tally(&vouched), tally(&listed.tally), tally(&listed.wanted)));
            }
        }
    }

    fn list_day(&mut self, number: usize, of: &LogFolder, day: NaiveDate) -> Listed {
        let mut listed = Listed::default();
        let Some(store) = self.outside.sites.store(of.folder.site).cloned() else { return listed };
        let (outside, prefix) = (self.outside, day_prefix(&of.folder, day));
        let (mut odd_folders, mut newest) = (Vec::new(), None);
        let done = pages(store.as_ref(), &prefix, None, |folders, objects| {
            odd_folders.extend(folders);
            for object in &objects {
                let Some(spot) = of.spot(number, &object.key) else { continue };
                if spot.slot == ODD && layout::kind(&object.key) != Named::Log {
                    self.aside.foreign.add(None, &object.key);
                    continue;
                }
                let short = outside.short(&object.key);
                listed.tally.add(spot.slot, short);
                newest = newest.max(spot.at.filter(|at| outside.range.contains(*at)));
                if is_wanted(&outside.range, &spot) {
                    listed.wanted.add(spot.slot, short);
                }
            }
            Continue::Yes
        });
        if let Err(refusal) = done {
            self.tell_unlisted(&prefix, &refusal);
        }
        newest.into_iter().for_each(|at| self.facts.ended(at));
        self.look_into(of.folder.site, odd_folders);
        listed
    }

    /// Folders below a day's: the layout has none.
    fn look_into(&mut self, site: usize, folders: Vec<String>) {
        if folders.is_empty() {
            return;
        }
        let Some(store) = self.outside.sites.store(site).cloned() else { return };
        let mut found = super::days::tree(store.as_ref(), site, folders);
        self.tell_found(&mut found);
    }

    fn compare_slot(&mut self, number: usize, of: &LogFolder, (day, slot): (NaiveDate, usize), tallies: (Tally, Tally, Tally)) {
        let (vouched, listed, wanted) = tallies;
        self.counts.logs_listed += wanted.count;
        if vouched == listed || wanted.count == 0 {
            self.counts.logs_listed_vouched += wanted.count;
            return;
        }
        let (from, to) = period(day, slot);
        let named = self.named_keys(from, to);
        let Some(store) = self.outside.sites.store(of.folder.site).cloned() else { return };
        let prefix = day_prefix(&of.folder, day);
        let after = (slot != ODD).then(|| of.before(&prefix, day, slot));
        let end = (slot < ODD - 1).then(|| of.before(&prefix, day, slot + 1));
        let mut beside = Beside::default();
        let done = pages(store.as_ref(), &prefix, after.as_deref(), |_, objects| {
            let mut more = Continue::Yes;
            for object in objects {
                if slot != ODD && end.as_ref().is_some_and(|end| object.key > *end) {
                    more = Continue::No;
                    break;
                }
                self.compare_key(of.spot(number, &object.key).filter(|spot| spot.slot == slot), object.key, &named, &mut beside);
            }
            more
        });
        // A folder that cannot be listed was told when it was listed first.
        let _ = done;
        self.judge_beside(of, (from, to), beside);
    }

    /// One listed key of an hour that does not come out even.
    fn compare_key(&mut self, spot: Option<Spot>, key: String, named: &HashSet<u64>, beside: &mut Beside) {
        let Some(spot) = spot.filter(|spot| is_wanted(&self.outside.range, spot)) else { return };
        if spot.slot == ODD && layout::kind(&key) != Named::Log {
            return;
        }
        if named.contains(&self.outside.short(&key)) {
            self.counts.logs_listed_vouched += 1;
            return;
        }
        let suspect = Suspect { key, spot };
        let number = suspect.spot.folder;
        let Some(of) = Arc::clone(&self.log_folders).get(number).cloned() else { return };
        match self.stands(&suspect.spot) {
            Some(Stands::Covered) if of.folder.family == Family::CloudTrail && beside.suspects.len() < SECOND_TRAIL_FILES_MAX => {
                beside.suspects.push(suspect);
            }
            stands => self.judge_suspect(&of, suspect, stands),
        }
    }

    /// The keys that digests name and that may be of this time.
    fn named_keys(&mut self, from: Time, to: Time) -> HashSet<u64> {
        let mut named = HashSet::new();
        let mut buffers = std::mem::take(&mut self.scratch.digests);
        for handle in self.handles.iter().filter(|handle| handle.reaches(from, to)) {
            let read = handle.each_file(self.outside, &mut buffers, &mut |file| {
                if let super::sites::Meant::Here(_, key) = self.places.meant(&file.s3_bucket, &file.s3_object) {
                    named.insert(self.outside.short(&key));
                }
            });
            // What cannot be read once more names nothing: its files are told as not vouched for.
            let _ = read;
        }
        self.scratch.digests = buffers;
        named
    }

    /// Files in covered time: another trail's without validation, or added.
    fn judge_beside(&mut self, of: &LogFolder, (from, to): (Time, Time), beside: Beside) {
        if beside.suspects.is_empty() {
            return;
        }
        let keys: Vec<(usize, String)> = beside.suspects.iter().map(|suspect| (of.folder.site, suspect.key.clone())).collect();
        let is_second = second_trail::is_second(self, keys, less(from, HOUR), more(to, HOUR));
        for (suspect, is_second) in beside.suspects.into_iter().zip(is_second) {
            if is_second {
                self.counts.logs_second_trail += 1;
                self.hours.mark(time_of(&suspect.spot), HourState::Unproven);
                self.aside.second_trail.add(suspect.spot.at, &suspect.key);
            } else {
                self.judge_suspect(of, suspect, Some(Stands::Covered));
            }
        }
    }

    /// Where a file stands among the chains; `None` where there are none.
    fn stands(&mut self, spot: &Spot) -> Option<Stands> {
        let Some(at) = spot.at else { return self.stands_somewhere(spot.day) };
        let may_have_expired = self.digests_expired_until().is_some_and(|until| at < until);
        let mut worst = None;
        for chain in self.chains.values() {
            let stands = match chain.standing(at) {
                Standing::Covered => return Some(Stands::Covered),
                Standing::Unread => Stands::Open,
                Standing::Invalid => Stands::Invalid,
                Standing::Hole(Below::Start) => Stands::BeforeStart,
                Standing::Hole(Below::Unread | Below::OtherBucket) => Stands::Open,
                Standing::Hole(Below::Awaited) if may_have_expired => Stands::Open,
                Standing::Hole(_) => Stands::Hole,
                Standing::Tail => Stands::Tail,
            };
            worst = Some(worst.map_or(stands, |worst| worse(worst, stands)));
        }
        worst
    }

    /// A file whose name says no hour stands wherever in its day it would be worst.
    fn stands_somewhere(&mut self, day: NaiveDate) -> Option<Stands> {
        let hours = (0..ODD).map(|slot| Some(period(day, slot).0));
        let all = hours.filter_map(|at| self.stands(&Spot { folder: 0, day, slot: 0, at }));
        all.reduce(|worst, stands| {
            if worst == Stands::Covered {
                worst
            } else if stands == Stands::Covered {
                stands
            } else {
                worse(worst, stands)
            }
        })
    }

    /// Counts and tells a file that no digest names.
    fn judge_suspect(&mut self, of: &LogFolder, suspect: Suspect, stands: Option<Stands>) {
        let at = time_of(&suspect.spot);
        if self.outside.range.is_future(at) {
            return self.unvouched(&suspect, Kind::LogUnvouched, "it is named for a time that has not come yet: it was added");
        }
        let due = match self.newest() {
            Some(newest) => self.outside.range.due_after(newest),
            None => less(self.outside.range.due, HOUR),
        };
        if matches!(stands, None | Some(Stands::Tail)) && at >= due && suspect.spot.at.is_some() {
            self.counts.logs_not_yet += 1;
            self.hours.mark(at, HourState::Unproven);
            return self.aside.not_yet.add(Some(at), &suspect.key);
        }
        let is_main = of.folder.family == Family::CloudTrail;
        match stands {
            Some(Stands::Covered | Stands::Hole | Stands::Invalid | Stands::Tail) if !is_main => {
                self.wait(Why::Family(of.folder.name.clone()), &suspect, MESSAGE_UNVOUCHED);
            }
            None => self.wait(Why::NoDigests, &suspect, MESSAGE_UNVOUCHED),
            Some(Stands::Tail) => {
                self.wait(Why::Tail, &suspect, "no digest vouches for it: the digests after it was delivered are missing")
            }
            Some(Stands::Covered) => self.unvouched(&suspect, Kind::LogUnvouched, MESSAGE_UNVOUCHED),
            Some(Stands::Hole) => {
                self.unvouched(&suspect, Kind::LogUnvouched, "no digest vouches for it: the digest of its hour is missing");
            }
            Some(Stands::Invalid) => {
                self.unvouched(&suspect, Kind::LogOfInvalidDigest, "the digest of its hour is not valid: nothing vouches for it");
            }
            Some(Stands::BeforeStart) => {
                self.counts.logs_without_digest += 1;
                self.hours.mark(at, HourState::Unproven);
                self.aside.before_validation.add(suspect.spot.at, &suspect.key);
            }
            Some(Stands::Open) => {
                self.counts.logs_without_digest += 1;
                let message = "what vouches for it is in a digest that is not here, or could not be read";
                self.tell_suspect(&suspect, unproven(Kind::LogOfUnprovenDigest, message), HourState::Unproven);
            }
        }
    }

    fn unvouched(&mut self, suspect: &Suspect, kind: Kind, message: &str) {
        self.counts.logs_unvouched += 1;
        self.tell_suspect(suspect, violation(kind, message), HourState::Invalid);
    }

    fn tell_suspect(&mut self, suspect: &Suspect, finding: Finding, state: HourState) {
        self.hours.mark(time_of(&suspect.spot), state);
        let finding = self.about(suspect, finding);
        self.tell(finding);
    }

    fn about(&self, suspect: &Suspect, finding: Finding) -> Finding {
        let hour = begin(hour_of(time_of(&suspect.spot)));
        let site = self.log_folders.get(suspect.spot.folder).map(|of| of.folder.site);
        finding.between(hour, more(hour, HOUR)).at(site.and_then(|site| self.outside.sites.bucket(site)), &suspect.key)
    }

    /// Leaves a file to be judged beside other cells.
    fn wait(&mut self, why: Why, suspect: &Suspect, message: &str) {
        let at = time_of(&suspect.spot);
        let example = self.about(suspect, violation(Kind::LogUnvouched, message));
        let (prefix, organization) = (self.id.prefix.clone(), self.id.organization.clone());
        let (account, region) = (self.id.account.clone(), self.id.region.clone());
        self.facts.wait(&why, at, hour_of(at), || Finding { prefix, organization, account, region, ..example });
    }
}

const MESSAGE_UNVOUCHED: &str = "no digest names it: it was not delivered by CloudTrail, or was put here under another name";

/// Files of one hour that stand in covered time.
#[derive(Default)]
struct Beside {
    suspects: Vec<Suspect>,
}

fn worse(a: Stands, b: Stands) -> Stands {
    let rank = |stands: Stands| match stands {
        Stands::Tail => 0,
        Stands::BeforeStart => 1,
        Stands::Open => 2,
        Stands::Hole => 3,
        Stands::Invalid => 4,
        Stands::Covered => 5,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// Whether a listed file is of the range.
fn is_wanted(range: &Range, spot: &Spot) -> bool {
    let (from, to) = period(spot.day, ODD);
    spot.at.map_or_else(|| range.meets(from, to), |at| range.contains(at))
}

/// When a file was delivered, by its name, else the begin of its folder's day.
fn time_of(spot: &Spot) -> Time {
    spot.at.unwrap_or_else(|| period(spot.day, ODD).0)
}
