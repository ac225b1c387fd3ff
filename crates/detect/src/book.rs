//! The rules of a run, made ready.

use std::ops::Range;

use finding::Severity;
use foldhash::quality::RandomState;
use predicate::sigma::{self, Correlation, Document, Filter, Level, LogSource, Meta, Placeholders, Rule};
use predicate::{Expr, Path, Set};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clauses::clauses;
use crate::limits::RULES_MAX;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, for errors.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Rules made ready, and what became of the others.
#[derive(Debug, Default)]
pub struct Book {
    /// The rules and correlations, in the order of the files.
    pub rules: Vec<Entry>,
    /// Exceptions that are laid over rules.
    pub suppressions: Vec<Suppression>,
    /// What could not be read.
    pub refused: Vec<Refused>,
    /// What is meant for another log.
    pub skipped: Vec<Skipped>,
    /// Predicates: those of the rules that have one, then those of the suppressions.
    pub(crate) set: Set,
    /// Rule of each predicate.
    pub(crate) rule_of: Vec<usize>,
    /// Parts of the set that are the clauses of each predicate's rule.
    pub(crate) clauses_of: Vec<Range<usize>>,
    /// Rules and correlations that were skipped, for what is laid over them.
    foreign: Vec<(Meta, LogSource)>,
    /// By what records that come twice are known. Its key is another one in each run, so that no record can be made to pass for another one.
    pub(crate) identity: RandomState,
}

/// A rule or correlation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The file that it stands in.
    pub file: String,
    /// Changes with its text.
    pub version: String,
    /// How bad.
    pub severity: Severity,
    /// What it looks for.
    pub kind: Kind,
    /// Correlations that it takes part in, with its place among their rules.
    pub(crate) correlated: Vec<(usize, usize)>,
    /// Correlations over those, however far above: each with the correlation below it by which it is reached.
    pub(crate) above: Vec<(usize, usize)>,
    /// Whether matches are findings of their own: not below a correlation (unless it says `generate`), and not if informational.
    pub tells: bool,
    /// The field whose value a finding is about, if it is not the principal.
    pub(crate) entity: Option<Path>,
    /// Suppressions that are laid over it.
    pub(crate) suppressions: Vec<usize>,
}

/// What an entry looks for.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A record.
    Rule(Box<Rule>),
    /// Matches of other rules.
    Correlation(Box<Correlation>),
}

/// An exception: a Sigma filter with a reason, an owner and an end.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// What it says about itself.
    pub filter: Filter,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The day after which it no longer counts, `YYYY-MM-DD`.
    pub expires: String,
    /// Whether it still counts.
    pub is_live: bool,
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its file.
    pub file: String,
    /// The line in it.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// A rule that is meant for another log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its file.
    pub file: String,
    /// Its title.
    pub title: String,
    /// The log that it is for.
    #[serde(rename = "logsource")]
    pub log_source: String,
}

/// A document with its place.
struct Placed<T> {
    file: String,
    version: String,
    line: usize,
    it: T,
}

impl Book {
    /// Reads files. `today` (`YYYY-MM-DD`) decides which suppressions still count.
    pub fn read(files: &[File], placeholders: &Placeholders, today: &str) -> Book {
        let mut book = Book::default();
        let (mut correlations, mut filters) = (Vec::new(), Vec::new());
        for file in files {
            let documents = match sigma::read(&file.text, placeholders) {
                Ok(documents) => documents,
                Err(error) => {
                    book.refuse(&file.name, error.line, error.what, error.hint);
                    continue;
                }
            };
            let version = version_of(&file.text);
            for document in documents {
                let placed = |line| (file.name.clone(), version.clone(), line);
                match document {
                    Document::Rule(rule) => book.add_rule(file, &version, rule),
                    Document::Correlation(it) => {
                        let (file, version, line) = placed(it.line);
                        correlations.push(Placed { file, version, line, it });
                    }
                    Document::Filter(it) => {
                        let (file, version, line) = placed(it.line);
                        filters.push(Placed { file, version, line, it });
                    }
                }
            }
        }
        book.add_correlations(correlations);
        filters.into_iter().for_each(|placed| book.add_filter(placed, today));
        book.make_ready();
        book
    }

    /// The entry that a user calls so: by id, name, title, or the name of its file or folder.
    pub fn find(&self, called: &str) -> Option<&Entry> {
        let is_called = |entry: &&Entry| entry.is_called(called);
        self.rules.iter().find(is_called).or_else(|| self.rules.iter().find(|entry| entry.stem() == called))
    }

    /// The same book with another rule at that place.
    pub(crate) fn with(&self, number: usize, rule: Rule) -> Book {
        let mut book = Book { rules: self.rules.clone(), suppressions: self.suppressions.clone(), ..Book::default() };
        if let Some(entry) = book.rules.get_mut(number) {
            entry.kind = Kind::Rule(Box::new(rule));
        }
        book.make_ready();
        book
    }

    /// Number of distinct tests in all rules.
    pub fn distinct_tests(&self) -> usize {
        self.set.distinct_tests()
    }

    fn refuse(&mut self, file: &str, line: usize, what: impl Into<String>, hint: impl Into<String>) {
        self.refused.push(Refused { file: file.to_owned(), line, what: what.into(), hint: hint.into() });
    }

    fn skip(&mut self, file: &str, meta: &Meta, log_source: &LogSource) {
        self.skipped.push(Skipped { file: file.to_owned(), title: meta.title.clone(), log_source: log_source.to_string() });
    }

    /// The log of a rule that is called so and is meant for another log.
    fn foreign_log(&self, called: &[String]) -> Option<LogSource> {
        let is_meant = |meta: &Meta| called.iter().any(|called| meta.is_called(called));
        self.foreign.iter().find(|(meta, _)| is_meant(meta)).map(|(_, log_source)| log_source.clone())
    }

    fn add_rule(&mut self, file: &File, version: &str, rule: Rule) {
        if !rule.log_source.is_cloudtrail() {
            self.skip(&file.name, &rule.meta, &rule.log_source);
            self.foreign.push((rule.meta, rule.log_source));
            return;
        }
        let line = rule.line;
        self.add(&file.name, version, line, Kind::Rule(Box::new(rule)));
    }

    fn add(&mut self, file: &str, version: &str, line: usize, kind: Kind) {
        let id = kind.meta().id().to_owned();
        if let Some(earlier) = self.rules.iter().find(|entry| entry.id == id) {
            let what = format!("the id `{id}` is that of a rule in `{}`", earlier.file);
            return self.refuse(file, line, what, "give each rule an id of its own, or read only one of the two");
        }
        if self.rules.len() >= RULES_MAX {
            return self.refuse(file, line, format!("there are more than {RULES_MAX} rules"), "run them in several parts");
        }
        let severity = severity(kind.meta().level.unwrap_or_default());
        let (file, version) = (file.to_owned(), version.to_owned());
        // Sigma: no alert should come of an informational rule alone.
        let tells = severity > Severity::Informational;
        let entity = kind.meta().custom("entity").first().map(|field| Path::loose(field));
        let entry = Entry {
            id,
            file,
            version,
            severity,
            kind,
            correlated: Vec::new(),
            above: Vec::new(),
            tells,
            entity,
            suppressions: Vec::new(),
        };
        self.rules.push(entry);
    }

    /// Those over rules first, then those over correlations that are there, until no more can be added.
    fn add_correlations(&mut self, mut waiting: Vec<Placed<Correlation>>) {
        loop {
            let names = |placed: &Placed<Correlation>| {
                let is_waiting = |called: &String| waiting.iter().any(|other| other.it.meta.is_called(called));
                placed.it.rules.iter().any(is_waiting)
            };
            let has_to_wait: Vec<bool> = waiting.iter().map(names).collect();
            if has_to_wait.iter().all(|waits| *waits) {
                break;
            }
            let mut waits = has_to_wait.into_iter();
            let (later, now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|_| waits.next().unwrap_or_default());
            now.into_iter().for_each(|placed| self.add_correlation(placed));
            waiting = later;
        }
        for placed in waiting {
            let what = format!("the correlation `{}` is over itself, by way of others", placed.it.meta.title);
            self.refuse(&placed.file, placed.line, what, "name rules or correlations that do not lead back to it");
        }
    }

    fn add_correlation(&mut self, placed: Placed<Correlation>) {
        if let Some(log_source) = self.foreign_log(&placed.it.rules) {
            self.skip(&placed.file, &placed.it.meta, &log_source);
            return self.foreign.push((placed.it.meta, log_source));
        }
        let mut of = Vec::new();
        for called in &placed.it.rules {
            match self.rules.iter().position(|entry| entry.is_called(called)) {
                Some(entry) => of.push(entry),
                None => {
                    let what = format!("the correlation is over `{called}`, and there is no such rule");
                    let hint = "give the name or id of a rule or correlation that is read in the same run";
                    return self.refuse(&placed.file, placed.line, what, hint);
                }
            }
        }
        let number = self.rules.len();
        let generates = placed.it.generates;
        self.add(&placed.file, &placed.version, placed.line, Kind::Correlation(Box::new(placed.it)));
        if self.rules.len() == number {
            return;
        }
        for (place, below) in of.into_iter().enumerate() {
            if let Some(entry) = self.rules.get_mut(below) {
                entry.correlated.push((number, place));
                entry.tells &= generates;
            }
            self.rules.iter_mut().for_each(|entry| entry.lie_below(below, number));
        }
    }

    /// Lays a filter over rules: for good, or as an exception that is counted and ends.
    fn add_filter(&mut self, placed: Placed<Filter>, today: &str) {
        let meta = &placed.it.meta;
        let said = placed.it.log_source.clone().filter(|source| !source.is_cloudtrail());
        if let Some(log_source) = said.or_else(|| self.foreign_log(&placed.it.rules)) {
            return self.skip(&placed.file, meta, &log_source);
        }
        let said = |key: &str| meta.custom(key).first().cloned().unwrap_or_default();
        let (reason, owner, expires) = (said("reason"), said("owner"), said("expires"));
        let is_suppression = ["reason", "owner", "expires"].iter().any(|key| !meta.custom(key).is_empty());
        if is_suppression && (reason.is_empty() || owner.is_empty() || !is_day(&expires)) {
            let what = format!("the suppression `{}` does not say all of `reason`, `owner` and `expires`", meta.title);
            return self.refuse(&placed.file, placed.line, what, "add them; `expires` is a day, as in `expires: 2026-12-31`");
        }
        for called in &placed.it.rules {
            if !self.rules.iter().any(|entry| entry.is_called(called)) {
                let what = format!("the filter is for `{called}`, and there is no such rule");
                return self.refuse(&placed.file, placed.line, what, "give the name or id of a rule that is read in the same run");
            }
        }
        let number = self.suppressions.len();
        let is_live = expires.as_str() >= today;
        for entry in &mut self.rules {
            let is_meant = placed.it.rules.is_empty() || placed.it.rules.iter().any(|called| entry.is_called(called));
            match &mut entry.kind {
                Kind::Rule(_) if is_meant && is_suppression && is_live => entry.suppressions.push(number),
                Kind::Rule(rule) if is_meant && !is_suppression => rule.filters.push(placed.it.detection.clone()),
                _ => {}
            }
        }
        if is_suppression {
            self.suppressions.push(Suppression { filter: placed.it, reason, owner, expires, is_live });
        }
    }

    fn make_ready(&mut self) {
        let (mut exprs, mut parts): (Vec<Expr>, Vec<Expr>) = Default::default();
        for (number, entry) in self.rules.iter().enumerate() {
            if let Kind::Rule(rule) = &entry.kind {
                exprs.push(rule.expr());
                self.rule_of.push(number);
                let first = parts.len();
                parts.extend(clauses(rule).into_iter().map(|clause| clause.expr));
                self.clauses_of.push(first..parts.len());
            }
        }
        exprs.extend(self.suppressions.iter().map(|suppression| Expr::not(suppression.filter.detection.expr())));
        // The documents were held to the same limits when they were read; laid over one another they can pass them.
        match Set::with_parts(&exprs, &parts) {
            Ok(set) => self.set = set,
            Err(error) => {
                self.rule_of.clear();
                self.refuse("filters", 1, error.to_string(), "take some of the filters away");
            }
        }
    }
}

impl Entry {
    /// What it says about itself.
    pub fn meta(&self) -> &Meta {
        self.kind.meta()
    }

    /// Whether it is meant by that id, name or title.
    pub fn is_called(&self, called: &str) -> bool {
        self.meta().is_called(called)
    }

    /// Notes a correlation over one that this rule takes part in.
    fn lie_below(&mut self, correlation: usize, above: usize) {
        let is_below = self.correlated.iter().chain(&self.above).any(|(number, _)| *number == correlation);
        if is_below && matches!(self.kind, Kind::Rule(_)) && !self.above.contains(&(above, correlation)) {
            self.above.push((above, correlation));
        }
    }

    /// The name of its folder, if its file is called `rule.yml`; else that of its file.
    pub fn stem(&self) -> &str {
        let mut parts = self.file.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let stem = file.split('.').next().unwrap_or_default();
        if stem == "rule" { parts.next().unwrap_or(stem) } else { stem }
    }
}

impl Kind {
    /// What it says about itself.
    pub fn meta(&self) -> &Meta {
        match self {
            Kind::Rule(rule) => &rule.meta,
            Kind::Correlation(correlation) => &correlation.meta,
        }
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Informational => Severity::Informational,
        Level::Low => Severity::Low,
        Level::Medium => Severity::Medium,
        Level::High => Severity::High,
        Level::Critical => Severity::Critical,
    }
}

fn version_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()).get(..6).unwrap_or_default())
}

fn is_day(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}
