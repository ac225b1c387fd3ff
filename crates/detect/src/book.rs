//! The rules of a run, made ready.

use std::ops::Range;

use finding::Severity;
use predicate::sigma::{self, Correlation, Document, Filter, Level, Meta, Placeholders, Rule};
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
        correlations.into_iter().for_each(|placed| book.add_correlation(placed));
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

    fn add_rule(&mut self, file: &File, version: &str, rule: Rule) {
        if !rule.log_source.is_cloudtrail() {
            let log_source = rule.log_source.to_string();
            self.skipped.push(Skipped { file: file.name.clone(), title: rule.meta.title, log_source });
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
        let entry = Entry { id, file, version, severity, kind, correlated: Vec::new(), tells, entity, suppressions: Vec::new() };
        self.rules.push(entry);
    }

    fn add_correlation(&mut self, placed: Placed<Correlation>) {
        let mut of = Vec::new();
        for called in &placed.it.rules {
            let found = self.rules.iter().position(|entry| matches!(entry.kind, Kind::Rule(_)) && entry.is_called(called));
            match found {
                Some(rule) => of.push(rule),
                None => {
                    let what = format!("the correlation is over `{called}`, and there is no such rule");
                    return self.refuse(
                        &placed.file,
                        placed.line,
                        what,
                        "give the name or id of a rule that is read in the same run",
                    );
                }
            }
        }
        let (number, before) = (self.rules.len(), self.rules.len());
        let generates = placed.it.generates;
        self.add(&placed.file, &placed.version, placed.line, Kind::Correlation(Box::new(placed.it)));
        if self.rules.len() == before {
            return;
        }
        for (place, rule) in of.into_iter().enumerate() {
            if let Some(entry) = self.rules.get_mut(rule) {
                entry.correlated.push((number, place));
                entry.tells &= generates;
            }
        }
    }

    /// Lays a filter over rules: for good, or as an exception that is counted and ends.
    fn add_filter(&mut self, placed: Placed<Filter>, today: &str) {
        let meta = &placed.it.meta;
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
        let meta = self.meta();
        self.id == called || meta.name.as_deref() == Some(called) || meta.title == called
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
