//! Rules over records as they arrive, without end: findings as soon as they are certain.
//!
//! A match of a rule is a finding at once: its id follows from rule, entity and day, so that it does not matter which of the day's
//! records came first. A correlation is a question of order, and log files come late and shuffled. It is therefore answered behind a
//! *watermark*, a time before which everything has presumably arrived: what it says then is what a run over the same records says that
//! sees all of them at once. A match that comes still later waits until nothing of the kind has come for a while, and never tells
//! again, under another id, what was told.
//!
//! What is held is small: the matches of correlated rules, for as long as they can still be part of something. The caller is told
//! ([`Live::replay_from`]) how far back it must read after a restart to hold the same again.

use std::collections::BTreeMap;
use std::ops::Bound;

use finding::Finding;
use predicate::sigma::Correlation;
use serde::{Deserialize, Serialize};

use crate::book::{Book, Kind};
use crate::correlate::{Firing, Hit, firings, slides};
use crate::limits::{LIVE_GROUP_HELD_MAX, LIVE_HELD_MAX, LIVE_KEPT_US};
use crate::report::{of_firing, passed_on};
use crate::tally::Tally;
use crate::watcher::Seen;

/// A live run.
#[derive(Debug, Default)]
pub struct Live {
    groups: BTreeMap<(usize, String), Group>,
    held: usize,
    watermark: Option<i64>,
    /// Matches that took no part in correlations because of a limit.
    pub not_held: u64,
}

/// What a run must know of a group after a restart, so that what is read again tells nothing under another id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Id of the correlation.
    pub rule: String,
    /// Its version.
    pub version: String,
    /// The group.
    pub group: String,
    /// First and last match of what was told, in microseconds since 1970 UTC.
    pub told: Vec<(i64, i64)>,
    /// Matches up to this time were let go.
    pub let_go: Option<i64>,
}

/// Matches of a correlation's rules in one group.
#[derive(Debug, Default)]
struct Group {
    hits: Vec<Held>,
    /// First and last match of what was told.
    told: BTreeMap<i64, i64>,
    /// Matches up to a time that were let go, and the last step that they came in.
    let_go: Option<(i64, i64)>,
    /// When a match came that was behind the watermark.
    late_at: Option<i64>,
    /// Whether something has changed since it was looked at.
    is_fresh: bool,
}

/// A match, and in which step it came.
#[derive(Debug)]
struct Held {
    step: i64,
    hit: Hit,
}

/// Where a run stands that settles correlations. All in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Everything before this time has presumably arrived.
    pub watermark: i64,
    /// The clock.
    pub now: i64,
    /// How long nothing late may have come before a group counts as whole.
    pub quiet: i64,
}

impl Live {
    /// Takes in what a watcher saw in one step, as `now` says; the findings that are certain at once. Steps are numbered by the caller.
    pub fn take(&mut self, book: &Book, seen: Vec<Seen>, step: i64, now: i64) -> Vec<Finding> {
        if seen.is_empty() {
            return Vec::new();
        }
        let mut tally = Tally::default();
        tally.add(0, seen);
        for (key, hits) in std::mem::take(&mut tally.hits) {
            self.hold(key, hits, step, now);
        }
        tally.report(book).findings
    }

    /// Correlations that have become certain.
    pub fn settle(&mut self, book: &Book, moment: Moment) -> Vec<Finding> {
        self.watermark = Some(self.watermark.map_or(moment.watermark, |before| before.max(moment.watermark)));
        let found = self.tell(book, moment);
        self.forget(book, moment);
        let from = self.replay_from();
        for group in self.groups.values_mut() {
            group.let_go = group.let_go.filter(|(_, step)| from.is_some_and(|from| *step >= from));
        }
        self.groups.retain(|_, group| !group.hits.is_empty() || !group.told.is_empty() || group.let_go.is_some());
        self.held = self.groups.values().map(|group| group.hits.len()).sum();
        found
    }

    /// The first step whose matches are still held; after a restart, the steps from there on are taken again.
    pub fn replay_from(&self) -> Option<i64> {
        self.groups.values().flat_map(|group| &group.hits).map(|held| held.step).min()
    }

    /// What is to be known after a restart that reads again from [`Live::replay_from`] on.
    pub fn memories(&self, book: &Book) -> Vec<Memory> {
        let each = self.groups.iter().filter_map(|((number, name), group)| {
            let entry = book.rules.get(*number)?;
            let told: Vec<(i64, i64)> = group.told.iter().map(|(first, last)| (*first, *last)).collect();
            let let_go = group.let_go.map(|(time, _)| time);
            let (rule, version) = (entry.id.clone(), entry.version.clone());
            (!told.is_empty() || let_go.is_some()).then(|| Memory { rule, version, group: name.clone(), told, let_go })
        });
        each.collect()
    }

    /// Takes back what was known before a restart. `step` is the last one that was taken then.
    pub fn remember(&mut self, book: &Book, memories: Vec<Memory>, step: i64) {
        for memory in memories {
            let rule = book.rules.iter().position(|entry| entry.id == memory.rule && entry.version == memory.version);
            let Some(rule) = rule else { continue };
            let group = self.groups.entry((rule, memory.group)).or_default();
            group.told.extend(memory.told);
            group.let_go = memory.let_go.map(|time| (time, step));
        }
    }

    /// Tells what has become certain, from below: a correlation over others comes after them, so what they give it is there when its turn comes.
    fn tell(&mut self, book: &Book, moment: Moment) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut next = self.groups.keys().next().cloned();
        while let Some(key) = next {
            let mut passed = Vec::new();
            if let (Some(entry), Some(group)) = (book.rules.get(key.0), self.groups.get_mut(&key))
                && let Kind::Correlation(correlation) = &entry.kind
                && group.is_whole(moment)
            {
                let step = group.hits.iter().map(|held| held.step).min().unwrap_or_default();
                let mut told = |firing: &Firing| entry.tells.then(|| of_firing(entry, correlation, &key.1, firing));
                let mut came_true = |firing: &Firing| {
                    passed.extend(passed_on(entry, firing, book).into_iter().map(|(key, hit)| (key, step, hit)));
                };
                found.extend(group.certain(correlation, moment.watermark, &mut told, &mut came_true));
            }
            passed.into_iter().for_each(|(key, step, hit)| self.hold_derived(key, step, hit));
            next = self.groups.range((Bound::Excluded(key), Bound::Unbounded)).next().map(|(key, _)| key.clone());
        }
        found
    }

    /// Lets go of what no longer matters, from above: what is held there must be given again after a restart.
    fn forget(&mut self, book: &Book, moment: Moment) {
        let keys: Vec<(usize, String)> = self.groups.keys().rev().cloned().collect();
        for key in keys {
            let needed = self.needed_above(book, key.0);
            if let (Some(entry), Some(group)) = (book.rules.get(key.0), self.groups.get_mut(&key))
                && let Kind::Correlation(correlation) = &entry.kind
            {
                group.forget(span_us(correlation), reach_us(book, key.0), needed, moment);
            }
        }
    }

    /// The first match that a correlation over this one holds: after a restart it must be given again.
    fn needed_above(&self, book: &Book, number: usize) -> i64 {
        let above = book.rules.get(number).map(|entry| entry.correlated.as_slice()).unwrap_or_default();
        let groups = above.iter().flat_map(|(above, _)| self.groups.range((*above, String::new())..(*above + 1, String::new())));
        groups.flat_map(|(_, group)| &group.hits).map(|held| held.hit.time).min().unwrap_or(i64::MAX)
    }

    /// A match that a correlation below gave; it gives it again and again, as long as its own matches are held.
    fn hold_derived(&mut self, key: (usize, String), step: i64, hit: Hit) {
        let group = self.groups.entry(key).or_default();
        let is_known = |held: &Held| held.hit.time == hit.time && held.hit.place == hit.place && held.hit.event == hit.event;
        if group.let_go.is_some_and(|(time, _)| hit.time <= time) || group.hits.iter().any(is_known) {
            return;
        }
        if self.held >= LIVE_HELD_MAX || group.hits.len() >= LIVE_GROUP_HELD_MAX {
            self.not_held += 1;
            return;
        }
        self.held += 1;
        group.is_fresh = true;
        group.hits.push(Held { step, hit });
    }

    fn hold(&mut self, key: (usize, String), hits: Vec<Hit>, step: i64, now: i64) {
        let watermark = self.watermark;
        let group = self.groups.entry(key).or_default();
        for hit in hits {
            // Read again after a restart, and not needed.
            if group.let_go.is_some_and(|(time, until)| step <= until && hit.time <= time) {
                continue;
            }
            if self.held >= LIVE_HELD_MAX || group.hits.len() >= LIVE_GROUP_HELD_MAX {
                self.not_held += 1;
                continue;
            }
            if watermark.is_some_and(|watermark| hit.time <= watermark) {
                group.late_at = Some(now);
            }
            self.held += 1;
            group.is_fresh = true;
            group.hits.push(Held { step, hit });
        }
    }
}

impl Group {
    /// Whether it is worth a look: nothing late has come lately.
    fn is_whole(&self, moment: Moment) -> bool {
        self.late_at.is_none_or(|late_at| moment.now.saturating_sub(late_at) >= moment.quiet)
    }

    /// What is certain and was not told.
    fn certain(
        &mut self,
        correlation: &Correlation,
        watermark: i64,
        told: &mut dyn FnMut(&Firing) -> Option<Finding>,
        came_true: &mut dyn FnMut(&Firing),
    ) -> Vec<Finding> {
        let waits = self.hits.iter().any(|held| held.hit.time > watermark);
        if !self.is_fresh && !waits {
            return Vec::new();
        }
        self.is_fresh = waits;
        let span = span_us(correlation);
        let arrived: Vec<Hit> = self.hits.iter().map(|held| &held.hit).filter(|hit| hit.time <= watermark).cloned().collect();
        let mut found = Vec::new();
        for firing in firings(correlation, arrived) {
            let last = firing.hits.last().map_or(firing.first, |hit| hit.time);
            if !slides(correlation) && firing.first.saturating_add(span) >= watermark {
                self.is_fresh = true;
                continue;
            }
            came_true(&firing);
            if let Some(known) = self.told.get_mut(&firing.first) {
                *known = (*known).max(last);
            } else if self.late_at.is_none() || !self.overlaps(firing.first, last) {
                found.extend(told(&firing));
                self.told.insert(firing.first, last);
            }
        }
        found
    }

    fn overlaps(&self, first: i64, last: i64) -> bool {
        self.told.iter().any(|(told_first, told_last)| *told_first <= last && first <= *told_last)
    }

    /// Lets go of what can no longer be part of anything: matches that a gap of more than the timespan divides from what may come.
    /// `reach` is how long they matter, also to the correlations over this one; `needed` is the first match that is held there.
    fn forget(&mut self, span: i64, reach: i64, needed: i64, moment: Moment) {
        let before = moment.watermark.min(needed);
        let over = before.saturating_sub(reach).saturating_sub(LIVE_KEPT_US.min(moment.quiet.saturating_mul(3)));
        if self.hits.iter().all(|held| held.hit.time >= over) {
            return self.told.retain(|_, last| *last >= over || !self.hits.is_empty());
        }
        if !self.is_whole(moment) {
            return;
        }
        let mut times: Vec<i64> = self.hits.iter().map(|held| held.hit.time).collect();
        times.sort_unstable();
        // INVARIANT: nothing is cut inside a run of matches that are no more than the timespan apart.
        let next = times.iter().skip(1).copied().chain([i64::MAX]);
        let cut =
            times.iter().zip(next).filter(|(at, next)| **at < over && next.saturating_sub(**at) > span).map(|(at, _)| *at).last();
        if let Some(cut) = cut {
            let step = self.hits.iter().filter(|held| held.hit.time <= cut).map(|held| held.step).max().unwrap_or_default();
            let before = self.let_go.unwrap_or((cut, step));
            self.let_go = Some((before.0.max(cut), before.1.max(step)));
            self.hits.retain(|held| held.hit.time > cut);
            self.told.retain(|_, last| *last > cut);
        }
        if self.hits.is_empty() {
            self.late_at = None;
        }
    }
}

fn span_us(correlation: &Correlation) -> i64 {
    correlation.timespan_s.saturating_mul(1_000_000)
}

/// The timespan of a correlation and of the longest way up from it.
fn reach_us(book: &Book, number: usize) -> i64 {
    let Some(entry) = book.rules.get(number) else { return 0 };
    let Kind::Correlation(correlation) = &entry.kind else { return 0 };
    // Each one is over entries that come before it, so this ends; and chains are as short as people write them.
    let above = entry.correlated.iter().filter(|(above, _)| *above > number).map(|(above, _)| reach_us(book, *above)).max();
    span_us(correlation).saturating_add(above.unwrap_or(0))
}

#[cfg(test)]
mod tests;
