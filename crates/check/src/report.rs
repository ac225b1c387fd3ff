//! What came of a file, and how it is written down.

mod markdown;
mod sarif;

pub use markdown::markdown;
pub use sarif::sarif;

use serde::Serialize;

use crate::finding::{Evidence, Finding, Place, Severity};
use crate::limits::FINDINGS_MAX;

/// Everything about one file.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// Requests that were found in it and judged.
    pub requests: usize,
    /// What it does, in words, in its order.
    pub does: Vec<Deed>,
    /// What is wrong with that.
    pub findings: Vec<Finding>,
    /// Why the file, or a part of it, could not be read.
    pub unread: Vec<(Place, String)>,
    /// Where we are.
    #[serde(skip)]
    pub(crate) place: Place,
}

/// What a request does.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// Where it stands.
    pub place: Place,
    /// In words.
    pub what: String,
}

impl Report {
    pub(crate) fn new(file: &str) -> Report {
        Report {
            file: file.to_owned(),
            requests: 0,
            does: Vec::new(),
            findings: Vec::new(),
            unread: Vec::new(),
            place: Place::default(),
        }
    }

    /// The worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    pub(crate) fn does(&mut self, what: impl Into<String>) {
        self.does.push(Deed { place: self.place.clone(), what: what.into() });
    }

    pub(crate) fn find(&mut self, found: Found) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                id: found.id,
                severity: found.severity,
                place: found.place.unwrap_or_else(|| self.place.clone()),
                what: found.what,
                why: found.why,
                evidence: found.evidence,
                corrected: found.corrected,
                source: found.source,
            });
        }
    }
}

/// A finding that does not know yet where it stands.
pub(crate) struct Found {
    pub id: &'static str,
    pub severity: Severity,
    pub place: Option<Place>,
    pub what: String,
    pub why: String,
    pub evidence: Vec<Evidence>,
    pub corrected: String,
    pub source: &'static str,
}

impl Found {
    pub fn new(id: &'static str, severity: Severity, what: impl Into<String>, why: impl Into<String>) -> Found {
        Found {
            id,
            severity,
            place: None,
            what: what.into(),
            why: why.into(),
            evidence: Vec::new(),
            corrected: String::new(),
            source: "",
        }
    }

    pub fn by(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Found {
        self.evidence.extend(evidence.into_iter().take(crate::limits::EVIDENCE_MAX));
        self
    }

    pub fn write(mut self, corrected: impl Into<String>) -> Found {
        self.corrected = corrected.into();
        self
    }

    pub fn source(mut self, source: &'static str) -> Found {
        self.source = source;
        self
    }

    pub fn at(mut self, place: &Place) -> Found {
        self.place = Some(place.clone());
        self
    }
}
