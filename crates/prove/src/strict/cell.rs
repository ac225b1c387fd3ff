//! One cell, judged day by day, newest first.
//!
//! A day's digests are read and judged, then the log files that they name are checked, then what is listed in the folders of the day after is
//! compared with what was named: digests of three days can name files of one. Nothing older than that is remembered but the chains.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use layout::Family;

use super::aside::Aside;
use super::authentic::Said;
use super::chains::{Chain, ChainId};
use super::content::Scratch;
use super::days::{DaysFound, days};
use super::digests::{self, DayListed};
use super::discover::{CellId, Folder, Plan, Strays};
use super::expiry::Oldest;
use super::facts::Facts;
use super::findings::{Findings, counted, unproven, violation};
use super::handles::Handle;
use super::hours::Hours;
use super::intervals::Time;
use super::outside::Outside;
use super::pool::Pool;
use super::range::HOUR;
use super::sites::Places;
use super::slots::{LogFolder, Tallies};
use super::{KeysFound, Outcome};
use crate::report::{Counts, Finding, Kind};
use crate::store::Refusal;

/// A cell while it is judged.
pub(super) struct CellRun<'a, 'env> {
    pub(super) outside: &'env Outside<'env>,
    pub(super) pool: &'a Pool<'env>,
    pub(super) scratch: &'a mut Scratch,
    pub(super) id: CellId,
    pub(super) digest_folders: Vec<Folder>,
    pub(super) log_folders: Arc<Vec<LogFolder>>,
    pub(super) digest_days: BTreeSet<NaiveDate>,
    pub(super) log_days: BTreeMap<NaiveDate, Vec<usize>>,
    /// Where its objects are, as far as digests have told.
    pub(super) places: Places,
    /// Sites whose digests have told it.
    pub(super) learned: BTreeSet<usize>,
    pub(super) keys: Option<Arc<KeysFound>>,
    pub(super) chains: BTreeMap<ChainId, Chain>,
    /// What digests say about digests that have not been seen.
    pub(super) links: HashMap<(usize, String), Link>,
    pub(super) unsigned: BTreeMap<usize, Unsigned>,
    pub(super) handles: Vec<Handle>,
    /// Log files that digests name and that are there.
    pub(super) vouched: Tallies,
    /// What was listed while the newest digest was looked for.
    pub(super) listed: Option<(NaiveDate, DayListed)>,
    pub(super) oldest: Oldest,
    pub(super) aside: Aside,
    pub(super) hours: Hours,
    pub(super) findings: Findings,
    pub(super) counts: Counts,
    pub(super) facts: Facts,
}

/// What one digest says about another.
pub(super) struct Link {
    pub(super) said: Said,
    pub(super) by_site: usize,
    pub(super) by_key: String,
    pub(super) by_start: Time,
    pub(super) chain: ChainId,
    /// Whether the one that says it is a backfill digest.
    pub(super) is_backfill: bool,
}

/// Digests of one store with and without a signature in their metadata.
#[derive(Default)]
pub(super) struct Unsigned {
    pub(super) signed: u64,
    pub(super) unsigned: u64,
    /// Some of those without.
    pub(super) digests: Vec<UnsignedDigest>,
}

pub(super) struct UnsignedDigest {
    pub(super) key: String,
    pub(super) trail: String,
    pub(super) window: (Time, Time),
    pub(super) is_proven: bool,
}

/// Judges one cell.
pub(super) fn judge<'env>(outside: &'env Outside<'env>, pool: &Pool<'env>, scratch: &mut Scratch, plan: &Plan) -> Outcome {
    let mut run = CellRun::new(outside, pool, scratch, plan);
    run.find_days();
    run.find_newest();
    run.find_keys();
    run.walk();
    run.close()
}

impl<'a, 'env> CellRun<'a, 'env> {
    fn new(outside: &'env Outside<'env>, pool: &'a Pool<'env>, scratch: &'a mut Scratch, plan: &Plan) -> Self {
        let (digest_folders, log_folders): (Vec<Folder>, Vec<Folder>) =
            plan.folders.iter().cloned().partition(|folder| folder.family == Family::Digest);
        let log_folders = log_folders.into_iter().map(|folder| LogFolder::new(&plan.id, folder)).collect();
        CellRun {
            outside,
            pool,
            scratch,
            id: plan.id.clone(),
            digest_folders,
            log_folders: Arc::new(log_folders),
            digest_days: BTreeSet::new(),
            log_days: BTreeMap::new(),
            places: outside.sites.places(),
            learned: BTreeSet::new(),
            keys: None,
            chains: BTreeMap::new(),
            links: HashMap::new(),
            unsigned: BTreeMap::new(),
            handles: Vec::new(),
            vouched: Tallies::default(),
            listed: None,
            oldest: Oldest::default(),
            aside: Aside::default(),
            hours: Hours::default(),
            findings: Findings::default(),
            counts: Counts::default(),
            facts: Facts::default(),
        }
    }

    /// Finds out which days there are.
    fn find_days(&mut self) {
        let outside = self.outside;
        let digests = self.digest_folders.iter().cloned();
        let folders: Arc<Vec<Folder>> = Arc::new(digests.chain(self.log_folders.iter().map(|of| of.folder.clone())).collect());
        let found = self.pool.reads(self.scratch, Arc::clone(&folders), move |_, folder| {
            outside.sites.store(folder.site).map(|store| days(store.as_ref(), folder, &outside.range)).unwrap_or_default()
        });
        let mut older = Vec::new();
        for (number, mut found) in found.into_iter().enumerate() {
            self.take_days(number, &mut found);
            if number < self.digest_folders.len() {
                older.push((number, found));
            }
        }
        if self.digest_days.is_empty() {
            self.find_older(older);
        }
    }

    fn take_days(&mut self, number: usize, found: &mut DaysFound) {
        let days = std::mem::take(&mut found.days);
        match number.checked_sub(self.digest_folders.len()) {
            None => self.digest_days.extend(days),
            Some(log) => days.into_iter().for_each(|day| self.log_days.entry(day).or_default().push(log)),
        }
        self.tell_found(found);
    }

    /// Tells what was found beside days.
    pub(super) fn tell_found(&mut self, found: &mut DaysFound) {
        std::mem::take(&mut found.unlisted).iter().for_each(|(prefix, refusal)| self.tell_unlisted(prefix, refusal));
        if found.is_cut {
            let message = "too many folders that CloudTrail's layout does not have: not all of them were looked into";
            self.tell(unproven(Kind::Unreadable, message));
        }
        self.tell_strays(std::mem::take(&mut found.strays));
    }

    /// Log files where CloudTrail delivers none: beside the folders of days.
    fn tell_strays(&mut self, strays: Strays) {
        let (inside, range) = (strays.inside, self.outside.range);
        let told = inside.keys.len() as u64;
        for (site, key, at) in inside.keys.into_iter().filter(|(_, _, at)| at.is_none_or(|at| range.contains(at))) {
            let message = "it is named like CloudTrail's, but stands where CloudTrail delivers nothing: it was added or moved";
            let finding = violation(Kind::LogUnvouched, message).at(self.outside.sites.bucket(site), &key);
            self.tell(at.map_or(finding.clone(), |at| finding.between(at, at + HOUR)));
            self.counts.logs_listed += 1;
            self.counts.logs_unvouched += 1;
        }
        if inside.count > told {
            let message = format!("{} more stand where CloudTrail delivers nothing", counted(inside.count - told, "log file"));
            self.tell(violation(Kind::LogUnvouched, message).times(inside.count - told));
        }
        for _ in 0..strays.others {
            self.aside.foreign.count += 1;
        }
    }

    /// The newest digests before the range, where it has none.
    fn find_older(&mut self, older: Vec<(usize, DaysFound)>) {
        for (number, mut found) in older {
            let Some(folder) = self.digest_folders.get(number).cloned() else { continue };
            let Some(store) = self.outside.sites.store(folder.site) else { continue };
            while let Some(day) = found.take_older(store.as_ref(), folder.site) {
                let listed = digests::list(self.outside, &self.id, std::slice::from_ref(&folder), day);
                if !listed.named.is_empty() {
                    self.know_newest(&listed);
                    break;
                }
            }
        }
    }

    /// Finds out when the newest digest ended: what was delivered later is not due yet, or cut off.
    fn find_newest(&mut self) {
        let days: Vec<NaiveDate> = self.digest_days.iter().rev().copied().collect();
        for day in days {
            let listed = digests::list(self.outside, &self.id, &self.digest_folders, day);
            let is_found = self.know_newest(&listed);
            self.listed = Some((day, listed));
            if is_found {
                return;
            }
            self.listed = None;
        }
    }

    /// Takes the ends of digests from their names; whether there were any.
    pub(super) fn know_newest(&mut self, listed: &DayListed) -> bool {
        let mut is_found = false;
        for named in listed.named.iter().filter(|named| self.outside.range.is_before_end(named.name.end)) {
            let id = ChainId { trail: named.name.trail.clone(), home: named.name.home.clone() };
            let newest = &mut self.chains.entry(id).or_default().newest;
            *newest = (*newest).max(Some(named.name.end));
            self.facts.has_digests = true;
            is_found = true;
        }
        is_found
    }

    /// The end of the newest digest of any trail.
    pub(super) fn newest(&self) -> Option<Time> {
        self.chains.values().filter_map(|chain| chain.newest).max()
    }

    fn find_keys(&mut self) {
        let Some(oldest) = self.digest_days.first() else { return };
        let range = self.outside.range;
        let from = range.since.unwrap_or_else(|| oldest.and_time(chrono::NaiveTime::MIN).and_utc());
        match self.outside.keys.between(&self.id.region, super::range::less(from, HOUR), range.until) {
            Ok(found) => self.keys = Some(found),
            Err(why) => {
                let message = format!("the public keys of {} could not be looked up: {why}", self.id.region);
                self.tell(unproven(Kind::KeyUnknown, message).hint("give them with --public-keys FILE"));
            }
        }
    }

    /// All days, newest first.
    fn walk(&mut self) {
        let days: BTreeSet<NaiveDate> = self.digest_days.iter().chain(self.log_days.keys()).copied().collect();
        let mut waiting: Vec<NaiveDate> = Vec::new();
        for day in days.into_iter().rev() {
            if self.digest_days.contains(&day) {
                self.judge_day(day);
                self.check_logs();
            }
            waiting.drain(..).for_each(|later| self.compare_day(later));
            self.forget(day);
            if self.log_days.contains_key(&day) {
                waiting.push(day);
            }
        }
        waiting.drain(..).for_each(|later| self.compare_day(later));
    }

    /// Forgets digests that name nothing of this day or of earlier ones.
    fn forget(&mut self, day: NaiveDate) {
        let after = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(chrono::NaiveTime::MIN).and_utc();
        self.handles.retain(|handle| handle.reaches_before(after + HOUR));
    }

    /// Adds a finding about this cell.
    pub(super) fn tell(&mut self, finding: Finding) {
        let (prefix, organization) = (self.id.prefix.clone(), self.id.organization.clone());
        let (account, region) = (self.id.account.clone(), self.id.region.clone());
        self.findings.add(Finding { prefix, organization, account, region, ..finding });
    }

    pub(super) fn tell_unlisted(&mut self, prefix: &str, refusal: &Refusal) {
        let message = format!("the folder could not be listed: {refusal}");
        self.tell(unproven(Kind::Unreadable, message).at(None, prefix));
    }
}
