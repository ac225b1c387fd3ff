//! Keeping up (`--follow`) without notifications: which folder to list again, and when.
//!
//! A state machine without clock or network: the caller asks [`Poll::due`], lists, and gives the pages to
//! [`Poll::report`]. Busy areas are asked often, idle ones seldom, and a hard budget stands above both, so that an
//! organization with thousands of empty Regions does not list itself poor.
//!
//! Names within one minute come in any order and deliveries may be late, so each listing begins an hour before the
//! newest name seen; what was seen already is the ledger's to know. A day's folder is looked at until one look has been
//! made an hour after midnight.

mod pace;
mod schedule;

pub use pace::{Pace, pace};

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::source::Page;
use crate::walk::{Area, Depth, Walk, Wanted, area};
use layout::{self, Family, Level};

use schedule::{Budget, Schedule};

/// List requests within 24 hours, never more.
pub const LIST_REQUESTS_PER_DAY_MAX: u64 = 1_000_000;
/// Digests come once an hour; they are looked for more often, so that one that does not come is noticed in time.
pub const DIGEST_INTERVAL_S: u64 = 900;
/// How often new accounts are looked for.
pub const ACCOUNTS_INTERVAL_S: u64 = 3_600;
/// How often new Regions and families of an account are looked for.
pub const REGIONS_INTERVAL_S: u64 = 6 * 3_600;

/// Listings without anything new after which an area counts as idle.
const IDLE_AFTER: u32 = 2;
/// How far before the newest name a listing begins.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
/// How long after midnight yesterday's folder is still looked at.
const LATE: TimeDelta = TimeDelta::hours(1);
/// How far back a newly found Region is looked at: longer than it can have gone unseen.
const FOUND_WITHIN: TimeDelta = TimeDelta::hours(8);
/// Longest interval that a user may ask for.
const INTERVAL_MIN_S_MAX: u64 = 86_400;
/// Asks given at once.
const ASKS_AT_ONCE_MAX: usize = 1_024;

/// One page to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The folder.
    pub prefix: String,
    /// Where to begin.
    pub after: Option<String>,
    slot: usize,
    day: Option<NaiveDate>,
}

impl Ask {
    /// The area whose day this asks for. A day's folder is named before it is seen: it may come with its first log file.
    pub fn area(&self) -> Option<&str> {
        let day = self.day?.format("%Y/%m/%d/").to_string();
        self.prefix.strip_suffix(day.as_str())
    }
}

/// What is asked again and again, and when next.
pub struct Poll {
    slots: Vec<Slot>,
    /// Every prefix that has a slot.
    known: HashSet<String>,
    schedule: Schedule,
    budget: Budget,
    wanted: Wanted,
    interval_min_s: u64,
    /// Follow-up pages, before anything else.
    ready: Vec<Ask>,
    counts: Counts,
}

/// How many slots of each sort there are: what the pace is made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Areas and loose folders with news lately.
    pub active: u64,
    /// Areas and loose folders without.
    pub idle: u64,
    /// Digest areas.
    pub digests: u64,
    /// Folders of accounts, families and Regions.
    pub folders: u64,
}

struct Slot {
    prefix: String,
    task: Task,
    due: DateTime<Utc>,
}

enum Task {
    /// Day folders of an area.
    Days(Box<Follow>),
    /// A folder without days.
    Loose { depth: Depth, newest: Option<String>, empty_looks: u32 },
    /// `AWSLogs/`, `AWSLogs/o-id/`.
    Accounts,
    /// An account's families, or a family's Regions.
    Regions,
}

struct Follow {
    family: Family,
    /// Nothing outside this prefix is asked for.
    from: String,
    /// Days still looked at, oldest first; the last one is today.
    open: Vec<OpenDay>,
    empty_looks: u32,
}

struct OpenDay {
    day: NaiveDate,
    newest: Option<String>,
}

impl Poll {
    /// Follows a walk's areas and loose folders. `walked_from` is when the walk began: nothing after it was seen.
    pub fn new(walk: &Walk, wanted: &Wanted, interval_min: TimeDelta, walked_from: DateTime<Utc>, now: DateTime<Utc>) -> Poll {
        let mut poll = Poll {
            slots: Vec::new(),
            known: HashSet::new(),
            schedule: Schedule::default(),
            budget: Budget::new(now),
            wanted: wanted.clone(),
            interval_min_s: u64::try_from(interval_min.num_seconds()).unwrap_or_default().clamp(1, INTERVAL_MIN_S_MAX),
            ready: Vec::new(),
            counts: Counts::default(),
        };
        for area in &walk.areas {
            poll.add_area(area, walked_from - LATE, now);
        }
        for branch in &walk.loose {
            let task = Task::Loose { depth: branch.depth, newest: None, empty_looks: 0 };
            poll.add(&branch.prefix, task, now);
        }
        poll.stagger(now);
        poll
    }

    /// When to call [`Poll::due`] next; `None` if there is nothing to follow.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let due = if self.ready.is_empty() { self.schedule.first()? } else { DateTime::<Utc>::MIN_UTC };
        Some(due.max(self.budget.free_from()))
    }

    /// The pages to list now: as many as are due and as the budget allows.
    pub fn due(&mut self, now: DateTime<Utc>) -> Vec<Ask> {
        let mut asks = Vec::new();
        while asks.len() < ASKS_AT_ONCE_MAX && self.budget.is_free(now) {
            let Some(ask) = self.ready.pop() else {
                if self.wake(now) {
                    continue;
                } else {
                    break;
                };
            };
            self.budget.spend(now);
            asks.push(ask);
        }
        asks
    }

    /// Takes what a listing brought. New accounts and Regions are followed from now on; objects are the caller's.
    pub fn report(&mut self, now: DateTime<Utc>, ask: &Ask, page: &Page) {
        if let Some(next) = &page.next {
            self.ready.push(Ask { after: Some(next.clone()), ..ask.clone() });
        }
        let newest = page.objects.last().map(|object| object.key.as_str());
        let Some(slot) = self.slots.get_mut(ask.slot) else { return };
        match &mut slot.task {
            Task::Accounts | Task::Regions => self.found(now, &page.folders),
            Task::Days(follow) => {
                let change = follow.looked(ask.day, newest);
                self.count(now, ask.slot, change);
            }
            Task::Loose { depth, newest: seen, empty_looks } => {
                let depth = *depth;
                let change = looked(seen, newest, empty_looks);
                self.count(now, ask.slot, change);
                if depth == Depth::Tree {
                    let below = page.folders.iter().map(|folder| Ask { prefix: folder.clone(), after: None, ..ask.clone() });
                    self.ready.extend(below);
                }
            }
        }
    }

    /// Takes note of a listing that failed: a day that this look would have closed stays open.
    pub fn failed(&mut self, ask: &Ask) {
        let Some(Slot { task: Task::Days(follow), .. }) = self.slots.get_mut(ask.slot) else { return };
        let Some(day) = ask.day else { return };
        if let Err(place) = follow.open.binary_search_by_key(&day, |open| open.day) {
            follow.open.insert(place, OpenDay { day, newest: None });
        }
    }

    /// How many there are of each sort.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The intervals at present.
    pub fn pace(&self) -> Pace {
        pace(self.counts, self.interval_min_s)
    }

    /// Takes the first due slot's pages; `false` if none is due.
    fn wake(&mut self, now: DateTime<Utc>) -> bool {
        let Some((due, at)) = self.schedule.pop(now) else { return false };
        let pace = self.pace();
        let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.due == due) else { return true };
        let interval_s = slot.interval_s(pace);
        slot.due = now + seconds(interval_s);
        self.schedule.push(slot.due, at);
        self.ready.extend(slot.asks(at, now));
        true
    }

    /// An area that becomes busy is asked soon again; the counts follow.
    fn count(&mut self, now: DateTime<Utc>, at: usize, change: Change) {
        match change {
            Change::None => return,
            Change::ToIdle => {
                self.counts.active = self.counts.active.saturating_sub(1);
                self.counts.idle += 1;
                return;
            }
            Change::ToActive => {
                self.counts.idle = self.counts.idle.saturating_sub(1);
                self.counts.active += 1;
            }
        }
        let soon = now + seconds(self.pace().active_s);
        if let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.due > soon) {
            slot.due = soon;
            self.schedule.push(soon, at);
        }
    }

    /// Follows what an account's, family's or Region's folder listing shows and is not known yet.
    fn found(&mut self, now: DateTime<Utc>, folders: &[String]) {
        for folder in folders.iter().filter(|folder| !self.known.contains(*folder)).cloned().collect::<Vec<_>>() {
            let spot = layout::spot(&folder);
            let is_wanted = spot.account.as_deref().is_none_or(|account| self.wanted.has_account(account))
                && spot.region.as_deref().is_none_or(|region| self.wanted.has_region(region));
            match spot.level {
                _ if !is_wanted => {}
                Level::Organization => self.add(&folder, Task::Accounts, now),
                Level::Account | Level::Family => self.add(&folder, Task::Regions, now),
                Level::Region => {
                    if let Some(area) = area(&folder, spot) {
                        self.add_area(&area, now - FOUND_WITHIN, now);
                    }
                }
                _ => {}
            }
        }
    }

    /// Follows an area, and the folders above it in which its sisters will appear.
    fn add_area(&mut self, area: &Area, seen_until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut follow = Follow { family: area.family, from: area.from.clone(), open: Vec::new(), empty_looks: 0 };
        follow.open_until(seen_until.date_naive(), now.date_naive());
        self.add(&area.prefix, Task::Days(Box::new(follow)), now);
        if area.from == area.prefix {
            self.add_above(&area.prefix, now);
        }
    }

    fn add_above(&mut self, prefix: &str, now: DateTime<Utc>) {
        let mut rest = prefix;
        while let Some((above, _)) = rest.strip_suffix('/').and_then(|path| path.rsplit_once('/')) {
            rest = prefix.get(..=above.len()).unwrap_or_default();
            match layout::spot(rest).level {
                Level::Account | Level::Family => self.add(rest, Task::Regions, now),
                Level::Logs | Level::Organization => self.add(rest, Task::Accounts, now),
                _ => return,
            }
        }
    }

    fn add(&mut self, prefix: &str, task: Task, now: DateTime<Utc>) {
        if !self.known.insert(prefix.to_owned()) {
            return;
        }
        match &task {
            Task::Days(follow) if follow.family == Family::Digest => self.counts.digests += 1,
            Task::Days(_) | Task::Loose { .. } => self.counts.active += 1,
            Task::Accounts | Task::Regions => self.counts.folders += 1,
        }
        self.schedule.push(now, self.slots.len());
        self.slots.push(Slot { prefix: prefix.to_owned(), task, due: now });
    }

    /// Spreads the first looks over one interval, so that they do not all come at once.
    fn stagger(&mut self, now: DateTime<Utc>) {
        let pace = self.pace();
        let number = i64::try_from(self.slots.len()).unwrap_or(i64::MAX).max(1);
        self.schedule = Schedule::default();
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let interval_s = i64::try_from(slot.interval_s(pace)).unwrap_or(i64::MAX);
            let share = interval_s.saturating_mul(i64::try_from(at).unwrap_or_default()) / number;
            slot.due = now + TimeDelta::try_seconds(share).unwrap_or_default();
            self.schedule.push(slot.due, at);
        }
    }
}

/// Whether a look changed an area's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    ToIdle,
    ToActive,
}

impl Slot {
    fn interval_s(&self, pace: Pace) -> u64 {
        match &self.task {
            Task::Accounts => ACCOUNTS_INTERVAL_S,
            Task::Regions => REGIONS_INTERVAL_S.max(pace.folders_s),
            Task::Days(follow) if follow.family == Family::Digest => pace.digests_s,
            Task::Days(follow) => pace.after(follow.empty_looks, IDLE_AFTER),
            Task::Loose { empty_looks, .. } => pace.after(*empty_looks, IDLE_AFTER),
        }
    }

    fn asks(&mut self, slot: usize, now: DateTime<Utc>) -> Vec<Ask> {
        match &mut self.task {
            Task::Days(follow) => follow.asks(&self.prefix, slot, now),
            _ => vec![Ask { prefix: self.prefix.clone(), after: None, slot, day: None }],
        }
    }
}

impl Follow {
    /// Opens every day up to today.
    fn open_until(&mut self, first: NaiveDate, today: NaiveDate) {
        let last = self.open.last().map(|open| open.day);
        let first = last.map_or(Some(first), |last| last.succ_opt());
        let days = first.into_iter().flat_map(|day| day.iter_days());
        self.open.extend(days.take_while(|day| *day <= today).map(|day| OpenDay { day, newest: None }));
    }

    /// A page for every open day. A day is closed by the look that comes late enough after its end.
    fn asks(&mut self, prefix: &str, slot: usize, now: DateTime<Utc>) -> Vec<Ask> {
        let today = now.date_naive();
        self.open_until(today, today);
        let asks = self.open.iter().rev().map(|open| Ask {
            prefix: format!("{prefix}{}/", open.day.format("%Y/%m/%d")),
            after: open.newest.as_deref().and_then(rewind),
            slot,
            day: Some(open.day),
        });
        let asks = asks.filter(|ask| ask.prefix.starts_with(&self.from)).collect();
        let late = (now - LATE).date_naive();
        self.open.retain(|open| open.day >= late);
        asks
    }

    fn looked(&mut self, day: Option<NaiveDate>, newest: Option<&str>) -> Change {
        let is_digest = self.family == Family::Digest;
        let is_today = self.open.last().map(|open| open.day) == day;
        let Some(open) = self.open.iter_mut().find(|open| Some(open.day) == day) else { return Change::None };
        let is_new = newest.is_some_and(|newest| open.newest.as_deref().is_none_or(|seen| newest > seen));
        if is_digest || (!is_today && !is_new) {
            return Change::None; // Digests keep their own pace; a quiet yesterday says nothing about today.
        }
        looked(&mut open.newest, newest, &mut self.empty_looks)
    }
}

/// Notes one look: whether there was something newer than before.
fn looked(seen: &mut Option<String>, newest: Option<&str>, empty_looks: &mut u32) -> Change {
    let is_new = newest.is_some_and(|newest| seen.as_deref().is_none_or(|seen| newest > seen));
    let was_idle = *empty_looks >= IDLE_AFTER;
    if is_new {
        *seen = newest.map(str::to_owned);
        *empty_looks = 0;
        return if was_idle { Change::ToActive } else { Change::None };
    }
    *empty_looks = empty_looks.saturating_add(1);
    if !was_idle && *empty_looks >= IDLE_AFTER { Change::ToIdle } else { Change::None }
}

/// The name from which to list again: the newest one's, an hour earlier. `None` (the whole folder) for other names.
fn rewind(newest: &str) -> Option<String> {
    let (folder, file) = newest.rsplit_once('/')?;
    let place = layout::place(newest).filter(|place| place.family != Family::Digest)?;
    let time = place.delivered?;
    let mut parts = file.splitn(4, '_');
    let (account, family, region) = (parts.next()?, parts.next()?, parts.next()?);
    let from = (time - OVERLAP).format("%Y%m%dT%H%M");
    Some(format!("{folder}/{account}_{family}_{region}_{from}"))
}

fn seconds(seconds: u64) -> TimeDelta {
    i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
