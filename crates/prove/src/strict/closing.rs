//! The end of a cell: what its chains as a whole do not cover, and everything that is told in one line each.

use super::Outcome;
use super::cell::{CellRun, Link, Unsigned};
use super::chains::{Below, Chain, ChainId};
use super::facts::Tail;
use super::findings::{counted, minute, note, unproven, violation};
use super::intervals::{Intervals, Time};
use super::range::HOUR;
use crate::report::{self, Cell, Finding, HourState, Judgment, Kind};

impl CellRun<'_, '_> {
    /// Tells what is left to tell.
    pub(super) fn close(mut self) -> Outcome {
        let chains = std::mem::take(&mut self.chains);
        self.close_chains(&chains);
        self.close_backfill();
        self.close_unsigned();
        self.close_aside();
        let newest = chains.values().filter_map(|chain| chain.newest).max();
        newest.into_iter().for_each(|newest| self.facts.ended(newest));
        self.facts.newest_digest = newest;
        let from = self.outside.range.since.or(self.hours.first());
        let hours = from.map(|from| self.hours.runs(from, self.outside.range.until)).unwrap_or_default();
        let cell = Cell {
            prefix: self.id.prefix,
            organization: self.id.organization,
            account: self.id.account,
            region: self.id.region,
            judgment: Judgment::Proven,
            chains: chains.iter().filter(|(_, chain)| chain.digests > 0).map(|(id, chain)| told(id, chain)).collect(),
            hours,
            counts: self.counts,
        };
        Outcome { cell, totals: self.findings.totals, findings: self.findings.kept, facts: self.facts }
    }

    fn close_chains(&mut self, chains: &std::collections::BTreeMap<ChainId, Chain>) {
        for (id, chain) in chains {
            let others: Vec<&Chain> = chains.iter().filter(|(other, _)| *other != id).map(|(_, chain)| chain).collect();
            self.mark_covered(chain);
            self.close_head(id, chain, &others);
            self.close_holes(id, chain, &others);
            self.close_edges(id, chain);
            self.close_tail(id, chain, &others);
            for at in chain.rotations.iter().filter(|at| self.outside.range.contains(**at)) {
                let message = format!("from {} on another key signs", minute(*at));
                self.findings_of(id, note(Kind::KeyRotation, message).between(*at, *at + HOUR));
            }
        }
    }

    /// The hours that digests cover; what was found in them is marked already.
    fn mark_covered(&mut self, chain: &Chain) {
        let states = [
            (&chain.valid, HourState::OkEmpty),
            (&chain.unproven, HourState::Unproven),
            (&chain.unread, HourState::Unproven),
            (&chain.invalid, HourState::Invalid),
        ];
        for (intervals, state) in states {
            for (from, to) in intervals.iter() {
                let from = self.outside.range.since.map_or(from, |since| from.max(since));
                self.hours.mark_all(from, to.min(self.outside.range.until), state);
            }
        }
    }

    /// What comes before the oldest digest.
    fn close_head(&mut self, id: &ChainId, chain: &Chain, others: &[&Chain]) {
        let Some(oldest) = chain.oldest() else { return };
        let range = self.outside.range;
        let below = chain.edges.get(&oldest).copied();
        let hole = range.since.filter(|since| *since < oldest).map(|since| (since, oldest));
        match (hole, below) {
            (None, _) if range.since.is_some() => {}
            (Some((from, to)), Some(Below::Start)) if !covers(others, from, to) => {
                let message = format!("validation begins at {}: nothing proves what was delivered before", minute(oldest));
                self.hours.mark_all(from, to, HourState::Unproven);
                self.findings_of(id, unproven(Kind::ChainStart, message).between(from, to));
            }
            (_, Some(Below::Start)) => {
                let message = format!("validation begins at {}; this beginning is signed", minute(oldest));
                self.findings_of(id, note(Kind::ChainStart, message).between(oldest, oldest + HOUR));
            }
            (Some((from, to)), below) => self.hole(id, (from, to), below.unwrap_or(Below::Unknown), others),
            (None, Some(Below::Awaited)) => self.close_cut_head(id, chain, oldest),
            (None, _) => {}
        }
    }

    /// The oldest digest names one before it, which is not there, and nothing says since when there should be any.
    fn close_cut_head(&mut self, id: &ChainId, chain: &Chain, oldest: Time) {
        let range = self.outside.range;
        // What the owner keeps must be there.
        if let Some(retained_since) = range.retained_since.filter(|since| *since < oldest) {
            return self.missing(id, retained_since, oldest);
        }
        let left = self.oldest_left().unwrap_or(oldest);
        if range.may_have_expired(oldest) || left >= oldest {
            let message = format!("what was delivered before {} is gone: it has expired, or somebody deleted it", minute(oldest));
            let hint =
                "say since when there should be objects with --since, or --retained-since if a lifecycle rule removes older ones";
            self.findings_of(id, unproven(Kind::Expired, message).between(super::range::less(oldest, HOUR), oldest).hint(hint));
            return;
        }
        let from = left.max(range.since.unwrap_or(left));
        let others: [&Chain; 0] = [];
        let below = chain.edges.get(&oldest).copied().unwrap_or(Below::Unknown);
        self.hole(id, (from, oldest), below, &others);
    }

    /// What is missing between digests.
    fn close_holes(&mut self, id: &ChainId, chain: &Chain, others: &[&Chain]) {
        let (covered, range) = (chain.covered(), self.outside.range);
        let (Some(first), Some(last)) = (covered.first(), covered.last()) else { return };
        for (from, to) in covered.holes(first, last) {
            let below = chain.edges.get(&to).copied().unwrap_or(Below::Unknown);
            let from = range.since.map_or(from, |since| from.max(since));
            let to = to.min(range.until);
            if from < to {
                self.hole(id, (from, to), below, others);
            }
        }
    }

    /// Time without digests, by what the digest after it says.
    fn hole(&mut self, id: &ChainId, (from, to): (Time, Time), below: Below, others: &[&Chain]) {
        let is_covered = covers(others, from, to);
        let between = format!("from {} to {}", minute(from), minute(to));
        let finding = match below {
            Below::Awaited | Below::Unknown if self.digests_expired_until().is_some_and(|until| from < until) => {
                return self.expired_hole(id, (from, to), below, others);
            }
            Below::Awaited | Below::Unknown => return self.missing(id, from, to),
            Below::Start if is_covered => {
                let message = format!(
                    "the chain restarts at {}: validation or logging was switched off and on; the new beginning is signed",
                    minute(to)
                );
                note(Kind::ChainRestart, message)
            }
            Below::Start => {
                let message = format!(
                    "the chain restarts at {}: validation or logging was switched off {between}; the new beginning is signed",
                    minute(to)
                );
                unproven(Kind::ChainRestart, message)
            }
            Below::Skipped => unproven(
                Kind::HoursSkipped,
                format!("the signed chain has no digests {between}; what is before and after fits together"),
            ),
            Below::OtherBucket => unproven(Kind::OtherBucket, format!("the digests {between} are in another bucket")),
            Below::Unread => unproven(
                Kind::Unreadable,
                format!("whether there were digests {between} stands in one that is not proven or not readable"),
            ),
        };
        if finding.level != report::Level::Note {
            self.hours.mark_all(from, to, HourState::Unproven);
        }
        self.findings_of(id, finding.between(from, to));
    }

    /// A hole that begins before the time since when the owner keeps objects.
    fn expired_hole(&mut self, id: &ChainId, (from, to): (Time, Time), below: Below, others: &[&Chain]) {
        let kept = self.digests_expired_until().unwrap_or(to).min(to);
        let message = format!("the digests from {} to {} have expired, as --retained-since says", minute(from), minute(kept));
        self.hours.mark_all(from, kept, HourState::Unproven);
        self.findings_of(id, unproven(Kind::Expired, message).between(from, kept));
        if kept < to {
            self.hole(id, (kept, to), below, others);
        }
    }

    /// Digests that should be there.
    fn missing(&mut self, id: &ChainId, from: Time, to: Time) {
        let hours = hours_between(from, to);
        self.counts.hours_missing += hours;
        self.hours.mark_all(from, to, HourState::Missing);
        self.findings_of(id, missing_run(from, to));
    }

    /// Beginnings and missing links where no time is missing.
    fn close_edges(&mut self, id: &ChainId, chain: &Chain) {
        let covered = chain.covered();
        let oldest = chain.oldest();
        for (at, below) in chain.edges.iter().filter(|(at, _)| Some(**at) != oldest && self.outside.range.contains(**at)) {
            let before = *at - chrono::TimeDelta::seconds(1);
            if !covered.contains(before) {
                continue;
            }
            match below {
                Below::Start => {
                    let message = format!(
                        "the chain restarts at {}, without a gap: validation or logging was switched off and on; the new beginning is signed",
                        minute(*at)
                    );
                    self.findings_of(id, note(Kind::ChainRestart, message).between(*at, *at + HOUR));
                }
                Below::Awaited => {
                    let message = format!("the digest that the one from {} on names as the one before it is missing", minute(*at));
                    self.hours.mark(before, HourState::Missing);
                    self.counts.hours_missing += 1;
                    self.findings_of(id, violation(Kind::DigestMissing, message).between(*at - HOUR, *at));
                }
                _ => {}
            }
        }
    }

    /// Backfill digests that a later one names and that are not there. They stand beside the chains: no hour shows that one is missing.
    fn close_backfill(&mut self) {
        let links = std::mem::take(&mut self.links);
        let mut named: Vec<((usize, String), Link)> = links.into_iter().filter(|(_, link)| link.is_backfill).collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        for ((site, key), link) in named {
            let Some(end) = layout::digest_name(&key).map(|name| name.end) else { continue };
            let window = (super::range::less(end, HOUR), end);
            if !self.outside.range.meets(window.0, window.1) {
                continue;
            }
            let may_have_expired = match self.digests_expired_until() {
                Some(until) => window.0 < until,
                None => self.outside.range.since.is_none() && self.oldest_left().is_some_and(|oldest| end < oldest),
            };
            let finding = if may_have_expired {
                self.hours.mark(window.0, HourState::Unproven);
                unproven(Kind::Expired, "a backfill digest that a later one names is gone: it has expired, or somebody deleted it")
            } else {
                self.counts.hours_missing += 1;
                self.hours.mark(window.0, HourState::Missing);
                violation(Kind::DigestMissing, "a backfill digest that a later one names as the one before it is missing")
            };
            self.findings_of(&link.chain, finding.between(window.0, window.1).at(self.outside.sites.bucket(site), &key));
        }
    }

    /// Digests that are due after the newest one.
    fn close_tail(&mut self, id: &ChainId, chain: &Chain, others: &[&Chain]) {
        let Some(newest) = chain.newest else { return };
        let range = self.outside.range;
        let due = range.due_after(newest).min(range.until);
        // A chain that stopped long before the range is overdue, even where nothing of the range itself is due yet.
        let (from, to) = match range.since {
            Some(since) if since >= due => (newest, range.overdue_after(newest).min(range.until)),
            since => (since.map_or(newest, |since| newest.max(since)), due),
        };
        if from >= to || !range.is_before_end(newest) {
            return;
        }
        if others.iter().any(|other| other.newest.is_some_and(|theirs| theirs > newest + HOUR)) {
            let message = format!(
                "the trail's chain ends at {}, while another trail's goes on: it was deleted or changed, or its tail was removed",
                minute(newest)
            );
            self.findings_of(id, unproven(Kind::TrailEnded, message).between(from, to));
            return;
        }
        self.facts.tails.push(Tail { trail: id.trail.clone(), from, to });
    }

    /// Digests without a signature: of a copy, or written anew.
    fn close_unsigned(&mut self) {
        for (site, Unsigned { signed, unsigned, digests }) in std::mem::take(&mut self.unsigned) {
            let told = digests.len() as u64;
            for digest in digests {
                let (from, to) = digest.window;
                let finding = if signed > 0 {
                    self.hours.mark_all(from, to, HourState::Invalid);
                    violation(
                        Kind::DigestMetadata,
                        "its object has no signature, though others here have theirs: it was written anew",
                    )
                } else if digest.is_proven {
                    continue;
                } else {
                    let hint = "its signature is in the metadata of the object that CloudTrail wrote: give it with --metadata FILE";
                    unproven(Kind::DigestTail, "this copy has no signature of it, and no digest that follows it").hint(hint)
                };
                self.tell(finding.of_trail(&digest.trail).between(from, to).at(self.outside.sites.bucket(site), &digest.key));
            }
            if signed > 0 && unsigned > told {
                let message =
                    format!("{} more have no signature, though others here have theirs", counted(unsigned - told, "digest"));
                self.tell(violation(Kind::DigestMetadata, message).times(unsigned - told));
            }
        }
    }

    fn findings_of(&mut self, id: &ChainId, finding: Finding) {
        self.tell(finding.of_trail(&id.trail));
    }
}

/// A run of missing digests.
pub(super) fn missing_run(from: Time, to: Time) -> Finding {
    let hours = hours_between(from, to);
    let message = match hours {
        1 => format!("the digest from {} to {} is missing", minute(from), minute(to)),
        _ => format!("{hours} digests in a row, from {} to {}, are missing", minute(from), minute(to)),
    };
    violation(Kind::DigestMissing, message).between(from, to).times(hours)
}

/// How many hours a time meets, at least one.
pub(super) fn hours_between(from: Time, to: Time) -> u64 {
    let seconds = u64::try_from((to - from).num_seconds()).unwrap_or_default();
    seconds.div_ceil(3600).max(1)
}

/// Whether other chains cover a time.
fn covers(others: &[&Chain], from: Time, to: Time) -> bool {
    let mut all = Intervals::default();
    others.iter().for_each(|chain| all.extend(&chain.valid));
    !others.is_empty() && all.holes(from, to).is_empty()
}

fn told(id: &ChainId, chain: &Chain) -> report::Chain {
    report::Chain {
        trail: id.trail.clone(),
        home: id.home.clone(),
        first: chain.valid.first(),
        last: chain.valid.last(),
        digests: chain.digests,
        valid: chain.digests_valid,
        starts: chain.starts,
    }
}
