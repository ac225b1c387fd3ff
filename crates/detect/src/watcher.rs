//! Puts records to the rules, on one thread.

use std::collections::HashMap;
use std::sync::Arc;

use finding::{Entity, Event};
use predicate::sigma::Correlation;
use predicate::{Matcher, Path, Set};
use record::RecordView;

use crate::book::{Book, Entry, Kind};
use crate::clauses::clauses;
use crate::correlate::fields_of;
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
    /// For each correlation that the rule takes part in: its number, the rule's place, the group, the counted value.
    pub(crate) correlated: Vec<(usize, usize, String, String)>,
}

/// Puts records to the rules of a book; one for each thread.
pub struct Watcher<'b> {
    book: &'b Book,
    matcher: Matcher<'b>,
    hits: Vec<usize>,
    /// Clauses of rules that have matched, made ready.
    explained: HashMap<usize, Set>,
}

impl<'b> Watcher<'b> {
    /// A watcher before its first record.
    pub fn new(book: &'b Book) -> Watcher<'b> {
        Watcher { book, matcher: Matcher::new(&book.set), hits: Vec::new(), explained: HashMap::new() }
    }

    /// Puts one record to all rules; what matches goes to `seen`. `index` is its place in the delivery.
    pub fn see(&mut self, record: RecordView<'_>, delivery: &str, index: u64, seen: &mut Vec<Seen>) {
        self.matcher.view(record, &mut self.hits);
        let rules = self.book.rule_of.len();
        if self.hits.first().is_none_or(|first| *first >= rules) {
            return;
        }
        let hits = std::mem::take(&mut self.hits);
        let (entity, event) = (Arc::new(entity(record)), Arc::new(event(record, delivery, index)));
        let hash = u64::from_le_bytes(record.entry().hash.first_chunk().copied().unwrap_or_default());
        for hit in hits.iter().take_while(|hit| **hit < rules) {
            let Some(rule) = self.book.rule_of.get(*hit).copied() else { continue };
            let Some(entry) = self.book.rules.get(rule) else { continue };
            seen.push(Seen {
                rule,
                time: record.entry().time,
                hash,
                suppressed_by: entry.suppressions.iter().copied().find(|number| hits.contains(&(rules + number))),
                entity: self.entity(entry, &entity, record),
                event: Arc::clone(&event),
                clauses: self.explain(rule, entry, record),
                correlated: self.correlated(entry, record),
            });
        }
        self.hits = hits;
    }

    /// Whom a match is about: the field that the rule names, else the principal.
    fn entity(&mut self, entry: &Entry, principal: &Arc<Entity>, record: RecordView<'_>) -> Arc<Entity> {
        let Some(path) = &entry.entity else { return Arc::clone(principal) };
        match self.text_at(record, path).filter(|text| !text.is_empty()) {
            Some(value) => Arc::new(Entity { kind: path.to_string(), value: short(&value), account: principal.account.clone() }),
            None => Arc::clone(principal),
        }
    }

    /// Numbers of the clauses that hold.
    fn explain(&mut self, rule: usize, entry: &Entry, record: RecordView<'_>) -> Vec<u16> {
        let Kind::Rule(of) = &entry.kind else { return Vec::new() };
        let set = self.explained.entry(rule).or_insert_with(|| {
            let exprs: Vec<_> = clauses(of).into_iter().map(|clause| clause.expr).collect();
            Set::new(&exprs).unwrap_or_default()
        });
        let mut hits = Vec::new();
        Matcher::new(set).view(record, &mut hits);
        hits.into_iter().filter_map(|hit| u16::try_from(hit).ok()).collect()
    }

    fn correlated(&mut self, entry: &Entry, record: RecordView<'_>) -> Vec<(usize, usize, String, String)> {
        let mut found = Vec::new();
        for (number, place) in &entry.correlated {
            let Some(Entry { kind: Kind::Correlation(correlation), .. }) = self.book.rules.get(*number) else { continue };
            if let Some((group, value)) = self.group(correlation, entry, record) {
                found.push((*number, *place, group, value));
            }
        }
        found
    }

    /// The group of a record, and its counted value; `None` if one of the fields is missing.
    fn group(&mut self, correlation: &Correlation, entry: &Entry, record: RecordView<'_>) -> Option<(String, String)> {
        let (group_by, counted) = fields_of(correlation, entry);
        let mut group = Vec::new();
        for (name, field) in group_by {
            group.push(format!("{name}={}", self.text(record, &field)?));
        }
        let value = match counted {
            Some(field) => self.text(record, &field)?,
            None => String::new(),
        };
        Some((group.join(", "), value))
    }

    fn text(&mut self, record: RecordView<'_>, field: &str) -> Option<String> {
        self.text_at(record, &Path::loose(field))
    }

    /// The text at a path; of several the first in the order of the alphabet, whatever their order in the record.
    fn text_at(&mut self, record: RecordView<'_>, path: &Path) -> Option<String> {
        let mut texts = Vec::new();
        self.matcher.texts_of_view(record, path, &mut |text| texts.push(text.to_owned()));
        texts.into_iter().min()
    }
}
