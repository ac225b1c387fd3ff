//! What all watchers saw, put together: each record once, whatever the order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use finding::{Entity, Event};

use crate::book::Book;
use crate::correlate::Hit;
use crate::limits::{CORRELATED_MAX, EVENTS_SHOWN_MAX, FINDINGS_MAX, MATCHES_REMEMBERED_MAX, WINDOW_US};
use crate::report::{self, Report};
use crate::watcher::{Seen, Watcher};

/// Counts and groups of matches.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records that were put to the rules.
    pub events: u64,
    pub(crate) counts: HashMap<usize, Count>,
    /// For how many records each rule was looked at, and how much work that was.
    pub(crate) work: HashMap<usize, (u64, u64)>,
    pub(crate) groups: HashMap<(usize, Arc<Entity>, i64), Group>,
    /// By correlation and group.
    pub(crate) hits: BTreeMap<(usize, String), Vec<Hit>>,
    hits_held: usize,
    remembered: HashSet<(usize, u64)>,
    pub(crate) unremembered: u64,
    pub(crate) uncorrelated: u64,
    pub(crate) ungrouped: u64,
}

/// Matches of a rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub(crate) matches: u64,
    pub(crate) suppressed: u64,
    /// By day since 1970.
    pub(crate) days: BTreeMap<i64, u64>,
    /// By suppression.
    pub(crate) by: BTreeMap<usize, u64>,
}

/// Matches of a rule and entity in one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// The earliest events.
    pub(crate) events: BTreeSet<Shown>,
    pub(crate) last: String,
}

/// An event, in the order of time, with the clauses that it meets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) event: Arc<Event>,
    pub(crate) clauses: Vec<u16>,
}

impl Tally {
    /// Takes in what a watcher saw, and the number of records that it looked at.
    pub fn add(&mut self, events: u64, seen: Vec<Seen>) {
        self.events += events;
        for seen in seen {
            self.add_one(seen);
        }
    }

    /// Takes in what the rules have cost a watcher; once, when it is done.
    pub fn add_work(&mut self, watcher: &Watcher<'_>) {
        for (rule, looks, work) in watcher.work() {
            let all = self.work.entry(rule).or_default();
            *all = (all.0 + looks, all.1 + work);
        }
    }

    /// What is to be said of it.
    pub fn report(self, book: &Book) -> Report {
        report::report(self, book)
    }

    fn add_one(&mut self, seen: Seen) {
        if !self.is_new(seen.rule, seen.hash) {
            return;
        }
        let count = self.counts.entry(seen.rule).or_default();
        if let Some(by) = seen.suppressed_by {
            count.suppressed += 1;
            *count.by.entry(by).or_default() += 1;
            return;
        }
        count.matches += 1;
        let time = seen.time.unwrap_or_default();
        *count.days.entry(time.div_euclid(WINDOW_US)).or_default() += 1;
        self.correlate(&seen, time);
        self.group(seen, time);
    }

    fn is_new(&mut self, rule: usize, hash: u64) -> bool {
        if self.remembered.len() < MATCHES_REMEMBERED_MAX {
            return self.remembered.insert((rule, hash));
        }
        self.unremembered += 1;
        !self.remembered.contains(&(rule, hash))
    }

    fn correlate(&mut self, seen: &Seen, time: i64) {
        for (place, part) in &seen.correlated {
            if self.hits_held >= CORRELATED_MAX {
                self.uncorrelated += 1;
                continue;
            }
            self.hits_held += 1;
            let (entity, event) = (Arc::clone(&seen.entity), Arc::clone(&seen.event));
            let hit = Hit { time, place: *place, value: part.value.clone(), entity, event, above: seen.above.clone() };
            self.hits.entry((part.correlation, part.group.clone())).or_default().push(hit);
        }
    }

    fn group(&mut self, seen: Seen, time: i64) {
        let key = (seen.rule, seen.entity, time.div_euclid(WINDOW_US));
        if self.groups.len() >= FINDINGS_MAX && !self.groups.contains_key(&key) {
            self.ungrouped += 1;
            return;
        }
        let group = self.groups.entry(key).or_default();
        group.count += 1;
        if group.last < seen.event.event_time {
            group.last.clone_from(&seen.event.event_time);
        }
        group.events.insert(Shown { event: seen.event, clauses: seen.clauses });
        if group.events.len() > EVENTS_SHOWN_MAX {
            group.events.pop_last();
        }
    }
}
