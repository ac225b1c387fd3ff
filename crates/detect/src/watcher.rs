//! Puts records to the rules, on one thread.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use finding::{Entity, Event};
use predicate::{Matcher, Path, Put};
use record::RecordView;

use crate::book::{Book, Entry, Kind};
use crate::correlate::{Part, fields_of};
use crate::event::{entity, event, short};

/// A record that a rule matched.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which rule.
    pub(crate) rule: usize,
    /// When, in microseconds since 1970 UTC.
    pub(crate) time: Option<i64>,
    /// The record, whatever file it came in.
    pub(crate) hash: u64,
    /// The suppression that keeps it from being told.
    pub(crate) suppressed_by: Option<usize>,
    pub(crate) entity: Arc<Entity>,
    pub(crate) event: Arc<Event>,
    /// Which clauses of the rule hold.
    pub(crate) clauses: Vec<u16>,
    /// For each correlation that the rule takes part in: the rule's place, and its part.
    pub(crate) correlated: Vec<(usize, Part)>,
    /// Its parts in the correlations over those.
    pub(crate) above: Vec<Part>,
}

/// Puts records to the rules of a book; one for each thread.
pub struct Watcher<'b> {
    book: &'b Book,
    matcher: Matcher<'b>,
    hits: Vec<usize>,
}

impl<'b> Watcher<'b> {
    /// A watcher before its first record.
    pub fn new(book: &'b Book) -> Watcher<'b> {
        Watcher { book, matcher: Matcher::new(&book.set), hits: Vec::new() }
    }

    /// The work of each rule so far: its number, for how many records it was looked at, and how much that was.
    pub(crate) fn work(&self) -> impl Iterator<Item = (usize, u64, u64)> {
        self.book.rule_of.iter().zip(self.matcher.work()).map(|(rule, (looks, work))| (*rule, looks, work))
    }

    /// Puts one record to all rules; what matches goes to `seen`. `index` is its place in the delivery.
    pub fn see(&mut self, record: RecordView<'_>, delivery: &str, index: u64, seen: &mut Vec<Seen>) {
        let Watcher { book, matcher, hits } = self;
        let mut put = matcher.put(record, hits);
        let rules = book.rule_of.len();
        if hits.first().is_none_or(|first| *first >= rules) {
            return;
        }
        let (principal, event) = (Arc::new(entity(record)), Arc::new(event(record, delivery, index)));
        let hash = book.identity.hash_one(record.bytes());
        for hit in hits.iter().take_while(|hit| **hit < rules) {
            let Some(rule) = book.rule_of.get(*hit).copied() else { continue };
            let Some(entry) = book.rules.get(rule) else { continue };
            seen.push(Seen {
                rule,
                time: record.entry().time,
                hash,
                suppressed_by: entry.suppressions.iter().copied().find(|number| hits.contains(&(rules + number))),
                entity: entity_of(entry, &principal, &mut put),
                event: Arc::clone(&event),
                clauses: held(book.clauses_of.get(*hit), &mut put),
                correlated: correlated(book, entry, &mut put),
                above: above(book, entry, &mut put),
            });
        }
    }
}

/// Whom a match is about: the field that the rule names, else the principal.
fn entity_of(entry: &Entry, principal: &Arc<Entity>, put: &mut Put<'_, '_>) -> Arc<Entity> {
    let Some(path) = &entry.entity else { return Arc::clone(principal) };
    match text_at(put, path).filter(|text| !text.is_empty()) {
        Some(value) => Arc::new(Entity { kind: path.to_string(), value: short(&value), account: principal.account.clone() }),
        None => Arc::clone(principal),
    }
}

/// Numbers of the clauses that hold, of a rule whose clauses are these parts.
fn held(clauses: Option<&Range<usize>>, put: &mut Put<'_, '_>) -> Vec<u16> {
    let parts = clauses.cloned().unwrap_or_default();
    parts.enumerate().filter(|(_, part)| put.part(*part)).filter_map(|(number, _)| u16::try_from(number).ok()).collect()
}

fn correlated(book: &Book, entry: &Entry, put: &mut Put<'_, '_>) -> Vec<(usize, Part)> {
    let parts = entry.correlated.iter().map(|(number, place)| Some((*place, part(book, *number, &[entry], put)?)));
    parts.flatten().collect()
}

/// The parts in correlations over those that the rule takes part in, each once.
fn above(book: &Book, entry: &Entry, put: &mut Put<'_, '_>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (number, below) in &entry.above {
        let meant = [Some(entry), book.rules.get(*below)];
        let meant: Vec<&Entry> = meant.into_iter().flatten().collect();
        if parts.iter().all(|part| part.correlation != *number) {
            parts.extend(part(book, *number, &meant, put));
        }
    }
    parts
}

/// The part that a record takes in a correlation, by one of its names; `None` if one of the fields is missing.
fn part(book: &Book, number: usize, meant: &[&Entry], put: &mut Put<'_, '_>) -> Option<Part> {
    let Some(Entry { kind: Kind::Correlation(correlation), .. }) = book.rules.get(number) else { return None };
    let (group_by, counted) = fields_of(correlation, meant);
    let mut group = Vec::new();
    for (name, field) in group_by {
        group.push(format!("{name}={}", text_at(put, &Path::loose(&field))?));
    }
    let mut values = Vec::new();
    for field in counted {
        values.push(text_at(put, &Path::loose(&field))?);
    }
    Some(Part { correlation: number, group: group.join(", "), value: values.join("\u{0}") })
}

/// The text at a path; of several the first in the order of the alphabet, whatever their order in the record.
fn text_at(put: &mut Put<'_, '_>, path: &Path) -> Option<String> {
    let mut first: Option<String> = None;
    put.texts(path, &mut |text| {
        if first.as_deref().is_none_or(|first| text < first) {
            first = Some(text.to_owned());
        }
    });
    first
}
