//! The cells beside each other: what one alone leaves open, and the report.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::Outcome;
use super::closing::{hours_between, missing_run};
use super::discover::{Found, Strays};
use super::ended::{End, Ended};
use super::facts::{EXAMPLES_MAX, Facts, Tail, Waiting, Why};
use super::findings::{Findings, counted, minute, note, unproven, violation};
use super::hours::Hours;
use super::intervals::Time;
use super::outside::Outside;
use super::range::{HOUR, Range};
use crate::report::{Cell, Counts, FINDINGS_MAX, Finding, HourState, Judgment, KeysFrom, Kind, Report};

/// Cells that one trail or several deliver to: the same prefix and organization.
pub(super) type Place = (String, Option<String>);

/// Judges what the cells leave open, and writes the report.
pub(super) fn report(outside: &Outside<'_>, found: Found, mut outcomes: Vec<Outcome>, source: &str, now: DateTime<Utc>) -> Report {
    outcomes.retain(is_something);
    outcomes.sort_by(|a, b| key(&a.cell).cmp(&key(&b.cell)));
    let all = Beside::new(outside, &outcomes);
    let newest_digest = outcomes.iter().filter_map(|outcome| outcome.facts.newest_digest).max();
    let mut general = Findings::default();
    tell_discovery(outside, &found, outcomes.is_empty(), &mut general);
    let mut totals = general.totals.clone();
    let mut findings = general.kept;
    let (mut cells, mut counts) = (Vec::new(), stray_counts(outside, &found.strays));
    for outcome in outcomes {
        let (cell, of_cell) = settle(outside, outcome, &all);
        totals.add(&of_cell.totals);
        findings.extend(of_cell.kept);
        counts.add(&cell.counts);
        cells.push(cell);
    }
    if totals.judgment() == Judgment::Proven && counts.digests == 0 {
        let newest = newest_digest.filter(|newest| *newest <= outside.range.until);
        let found = nothing_checked(&outside.range, newest);
        totals.count(found.level, found.kind);
        findings.push(found);
    }
    let since = outside.range.since.or_else(|| cells.iter().filter_map(|cell| cell.hours.first()).map(|run| run.from).min());
    since.into_iter().for_each(|since| cells.iter_mut().for_each(|cell| pad(cell, since)));
    findings.sort_by(|a, b| (b.level, place(a), a.from, a.kind, &a.key).cmp(&(a.level, place(b), b.from, b.kind, &b.key)));
    findings.truncate(FINDINGS_MAX);
    let told = totals.violations + totals.unproven + totals.notes;
    let keys = outside.keys.origins();
    Report {
        judgment: totals.judgment(),
        source: source.to_owned(),
        since,
        until: outside.range.until,
        verified_at: now,
        keys_are_of_aws: KeysFrom::are_of_aws(&keys),
        keys,
        counts,
        cells,
        findings_left_out: told.saturating_sub(findings.len() as u64),
        totals,
        findings,
    }
}

fn key(cell: &Cell) -> (&str, Option<&str>, &str, &str) {
    (&cell.prefix, cell.organization.as_deref(), &cell.account, &cell.region)
}

fn place(finding: &Finding) -> (&str, Option<&str>, &str, &str) {
    (&finding.prefix, finding.organization.as_deref(), &finding.account, &finding.region)
}

/// Folders may be there without anything in them, or without anything of the range.
fn is_something(outcome: &Outcome) -> bool {
    let counts = &outcome.cell.counts;
    let has_objects = counts.digests + counts.logs_listed + counts.logs_vouched > 0;
    has_objects || outcome.facts.has_digests || !outcome.findings.is_empty()
}

/// Every cell has the hours of the report.
fn pad(cell: &mut Cell, since: Time) {
    let until = cell.hours.last().map(|run| run.from + TimeDelta::hours(i64::from(run.hours)));
    if let Some(until) = until {
        cell.hours = Hours::of_runs(&cell.hours).runs(since, until);
    }
}

/// What is known of all cells together.
struct Beside {
    /// Folders of families of which any digest names files.
    families: BTreeSet<String>,
    /// Begin of the oldest digest of a place; `None` where it has digests, but none is valid.
    first_digests: BTreeMap<Place, Option<Time>>,
    /// What ended while others went on.
    ended: Ended,
}

impl Beside {
    fn new(outside: &Outside<'_>, outcomes: &[Outcome]) -> Beside {
        let mut first_digests: BTreeMap<Place, Option<Time>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|outcome| outcome.facts.has_digests) {
            let first = first_digests.entry(place_of(&outcome.cell)).or_default();
            *first = [*first, outcome.facts.first_digest].into_iter().flatten().min();
        }
        let families = outcomes.iter().flat_map(|outcome| outcome.facts.families.iter().cloned()).collect();
        Beside { families, first_digests, ended: Ended::new(outside.range.due, outcomes) }
    }
}

pub(super) fn place_of(cell: &Cell) -> Place {
    (cell.prefix.clone(), cell.organization.clone())
}

/// Judges what one cell leaves open.
fn settle(outside: &Outside<'_>, outcome: Outcome, all: &Beside) -> (Cell, Findings) {
    let Outcome { cell, totals, findings, facts } = outcome;
    let mut settling = Settling {
        ended: all.ended.of(&cell),
        digests_since: all.first_digests.get(&place_of(&cell)).copied(),
        hours: Hours::of_runs(&cell.hours),
        cell,
        findings: Findings::resumed(totals, findings),
    };
    let Facts { tails, waiting, newest_digest, first_digest, .. } = facts;
    tails.iter().for_each(|tail| settling.tail(tail));
    waiting.into_iter().for_each(|waiting| settling.waiting(waiting, all));
    let began_later = first_digest.is_some_and(|first| first >= outside.range.until);
    if let Some(newest) = newest_digest.filter(|_| !began_later && settling.cell.counts.digests == 0) {
        settling.untouched(&outside.range, newest);
    }
    let first = [settling.hours.first(), settling.cell.hours.first().map(|run| run.from)].into_iter().flatten().min();
    let from = outside.range.since.or(first);
    settling.cell.hours = from.map(|from| settling.hours.runs(from, outside.range.until)).unwrap_or_default();
    settling.cell.judgment = settling.findings.totals.judgment();
    (settling.cell, settling.findings)
}

/// A cell while what it left open is judged.
struct Settling {
    /// Why there is nothing more, if that has a reason.
    ended: Option<End>,
    /// Whether the place has digests, and since when valid ones.
    digests_since: Option<Option<Time>>,
    hours: Hours,
    cell: Cell,
    findings: Findings,
}

impl Settling {
    fn tell(&mut self, finding: Finding) {
        let (prefix, organization) = (self.cell.prefix.clone(), self.cell.organization.clone());
        let (account, region) = (self.cell.account.clone(), self.cell.region.clone());
        self.findings.add(Finding { prefix, organization, account, region, ..finding });
    }

    /// Digests that are due after the newest one.
    fn tail(&mut self, tail: &Tail) {
        if let Some(end) = self.ended {
            let message = end.told(&self.cell, tail.from);
            self.hours.mark_all(tail.from, tail.to, HourState::Unproven);
            self.tell(unproven(Kind::AccountEnded, message).of_trail(&tail.trail).between(tail.from, tail.to));
            return;
        }
        self.cell.counts.hours_missing += hours_between(tail.from, tail.to);
        self.hours.mark_all(tail.from, tail.to, HourState::Missing);
        let hint = "the newest digests were removed, or never came; if this copy is older, say until when with --until";
        self.tell(missing_run(tail.from, tail.to).of_trail(&tail.trail).hint(hint));
    }

    /// No digest of the range was there, and nothing says that one is missing.
    fn untouched(&mut self, range: &Range, newest: Time) {
        if self.findings.totals.judgment() == Judgment::Proven {
            self.tell(nothing_checked(range, Some(newest).filter(|newest| *newest <= range.until)));
        }
    }

    /// Log files that nothing vouches for.
    fn waiting(&mut self, waiting: Waiting, all: &Beside) {
        match &waiting.why {
            Why::Tail if self.ended.is_some() => {
                let message = format!("{} delivered after the last digest", counted(waiting.count, "log file"));
                self.open(&waiting, Kind::AccountEnded, message, None);
            }
            Why::Family(name) if !all.families.contains(name) => {
                let message =
                    format!("{} of `{name}`, for which CloudTrail has made no digests here", counted(waiting.count, "log file"));
                self.open(&waiting, Kind::FamilyWithoutDigests, message, None);
            }
            Why::NoDigests if self.digests_since.is_none() => {
                let message = format!(
                    "{} of a trail without log file validation: nothing vouches for them",
                    counted(waiting.count, "log file")
                );
                self.open(
                    &waiting,
                    Kind::WithoutValidation,
                    message,
                    Some("enable it: aws cloudtrail update-trail --enable-log-file-validation"),
                );
            }
            Why::NoDigests if self.digests_since.flatten().is_some_and(|since| waiting.last < since) => {
                let message =
                    format!("{} from before validation was enabled: nothing vouches for them", counted(waiting.count, "log file"));
                self.open(&waiting, Kind::BeforeValidation, message, None);
            }
            Why::NoDigests => {
                let message = format!(
                    "{} and not one digest, while others beside it have theirs: they were removed",
                    counted(waiting.count, "log file")
                );
                let finding = violation(Kind::DigestsRemoved, message).between(waiting.first, waiting.last).times(waiting.count);
                self.tell(finding);
                self.closed(&waiting, false);
            }
            _ => self.closed(&waiting, true),
        }
    }

    /// They are not proven, and no more than that.
    fn open(&mut self, waiting: &Waiting, kind: Kind, message: String, hint: Option<&str>) {
        self.cell.counts.logs_without_digest += waiting.count;
        waiting.hours.iter().for_each(|hour| self.hours.mark_hour(*hour, HourState::Unproven));
        let finding = unproven(kind, message).between(waiting.first, waiting.last + HOUR).times(waiting.count);
        self.tell(Finding { hint: hint.map(str::to_owned), ..finding });
    }

    /// They are violations.
    fn closed(&mut self, waiting: &Waiting, is_told: bool) {
        self.cell.counts.logs_unvouched += waiting.count;
        waiting.hours.iter().for_each(|hour| self.hours.mark_hour(*hour, HourState::Invalid));
        if !is_told {
            return;
        }
        waiting.examples.iter().for_each(|example| self.findings.add(example.clone()));
        if waiting.count > EXAMPLES_MAX as u64 {
            let more = waiting.count - waiting.examples.len() as u64;
            let message = format!("{} more that no digest vouches for", counted(more, "log file"));
            self.tell(violation(Kind::LogUnvouched, message).between(waiting.first, waiting.last + HOUR).times(more));
        }
    }
}

/// A range of which nothing was checked is not proven. `newest` is when the newest digest ended, if that was before the range's end.
fn nothing_checked(range: &Range, newest: Option<Time>) -> Finding {
    let time = match range.since {
        Some(since) => format!("from {} to {}", minute(since), minute(range.until)),
        None => format!("before {}", minute(range.until)),
    };
    let why = match newest {
        Some(newest) => format!("the newest one ends at {}, and the next one is not due yet", minute(newest)),
        None => "digests begin later".to_owned(),
    };
    let hint = "a digest covers an hour, and comes within two hours of its end: ask for more hours, such as --since 24h";
    let found =
        unproven(Kind::NothingChecked, format!("no digest covers the time {time}, so nothing was checked: {why}")).hint(hint);
    range.since.map_or(found.clone(), |since| found.between(since, range.until))
}

/// What was found, or not, on the way to the cells.
fn tell_discovery(outside: &Outside<'_>, found: &Found, is_nothing: bool, findings: &mut Findings) {
    for (site, prefix, refusal) in &found.unlisted {
        let message = format!("the folder could not be listed: {refusal}");
        findings.add(unproven(Kind::Unreadable, message).at(outside.sites.bucket(*site), prefix));
    }
    if found.is_cut {
        let message = "too many folders outside of CloudTrail's layout: not all of them were looked into";
        findings.add(unproven(Kind::OutsideLayout, message).hint("name the prefix before AWSLogs/"));
    }
    for (site, key, _) in strays_inside(outside, &found.strays) {
        let message = "it is named like CloudTrail's, but stands where CloudTrail delivers nothing: it was added or moved";
        findings.add(violation(Kind::LogUnvouched, message).at(outside.sites.bucket(*site), key));
    }
    let elsewhere = &found.strays.outside;
    if elsewhere.count > 0 {
        let message =
            format!("{} outside of CloudTrail's layout: no digest can vouch for them there", counted(elsewhere.count, "log file"));
        let example = elsewhere.keys.first();
        let finding = unproven(Kind::OutsideLayout, message).times(elsewhere.count);
        findings.add(example.map_or(finding.clone(), |(site, key, _)| finding.at(outside.sites.bucket(*site), key)));
    }
    if found.strays.others > 0 {
        let message = format!("{} that CloudTrail has nothing to do with: not looked at", counted(found.strays.others, "object"));
        findings.add(note(Kind::OutsideLayout, message).times(found.strays.others));
    }
    if is_nothing {
        findings.add(nothing_found(outside));
    }
}

/// Nothing to verify: an error of whoever asks, or everything was removed.
fn nothing_found(outside: &Outside<'_>) -> Finding {
    let chosen = outside.chosen();
    let of = if chosen.is_empty() { String::new() } else { format!(" of {chosen}") };
    let range = match (outside.range.since, outside.range.is_open()) {
        (Some(since), true) => format!(" since {}", minute(since)),
        (Some(since), false) => format!(" from {} to {}", minute(since), minute(outside.range.until)),
        (None, true) => String::new(),
        (None, false) => format!(" before {}", minute(outside.range.until)),
    };
    let hint = match (chosen.is_empty(), range.is_empty()) {
        (true, true) => {
            "name the place that holds `AWSLogs/`: a bucket, or the prefix before it; if it is this one, all was removed"
        }
        _ => {
            "check --account, --region, --since and --until, and that the place holds `AWSLogs/`: a bucket, or the prefix before it; if \
             they are right, all was removed"
        }
    };
    violation(Kind::NothingFound, format!("no digest and no log file{of}{range} was found here")).hint(hint)
}

fn strays_inside<'a>(outside: &'a Outside<'_>, strays: &'a Strays) -> impl Iterator<Item = &'a (usize, String, Option<Time>)> {
    strays.inside.keys.iter().filter(|(_, _, at)| at.is_none_or(|at| outside.range.contains(at)))
}

fn stray_counts(outside: &Outside<'_>, strays: &Strays) -> Counts {
    let count = strays_inside(outside, strays).count() as u64;
    Counts { logs_listed: count, logs_unvouched: count, ..Counts::default() }
}
