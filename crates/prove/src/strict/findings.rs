//! Findings as they are gathered: all are counted, some of each kind are kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::report::{FINDINGS_PER_KIND_MAX, Finding, Kind, Level, Totals};

/// The findings of one cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) totals: Totals,
    pub(super) kept: Vec<Finding>,
    per_kind: BTreeMap<(Kind, Level), usize>,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.totals.count(finding.level, finding.kind);
        let kept = self.per_kind.entry((finding.kind, finding.level)).or_default();
        if *kept < FINDINGS_PER_KIND_MAX {
            *kept += 1;
            self.kept.push(finding);
        }
    }

    /// The findings of a cell that was judged before.
    pub(super) fn resumed(totals: Totals, kept: Vec<Finding>) -> Findings {
        let mut per_kind: BTreeMap<(Kind, Level), usize> = BTreeMap::new();
        kept.iter().for_each(|finding| *per_kind.entry((finding.kind, finding.level)).or_default() += 1);
        Findings { totals, kept, per_kind }
    }
}

/// A violation.
pub(super) fn violation(kind: Kind, message: impl Into<String>) -> Finding {
    Finding::new(Level::Violation, kind, message)
}

/// Something that is not proven.
pub(super) fn unproven(kind: Kind, message: impl Into<String>) -> Finding {
    Finding::new(Level::Unproven, kind, message)
}

/// Something worth knowing.
pub(super) fn note(kind: Kind, message: impl Into<String>) -> Finding {
    Finding::new(Level::Note, kind, message)
}

impl Finding {
    pub(super) fn of_trail(mut self, trail: &str) -> Finding {
        self.trail = Some(trail.to_owned());
        self
    }

    pub(super) fn between(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Finding {
        (self.from, self.to) = (Some(from), Some(to));
        self
    }

    pub(super) fn at(mut self, bucket: Option<&str>, key: &str) -> Finding {
        (self.bucket, self.key) = (bucket.map(str::to_owned), Some(key.to_owned()));
        self
    }

    pub(super) fn times(mut self, count: u64) -> Finding {
        self.count = count;
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }
}

/// `1 log file`, `3 log files`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `2026-11-22 07:00Z`; seconds only where there are any.
pub(super) fn minute(time: DateTime<Utc>) -> String {
    let format = if time.timestamp() % 60 == 0 { "%Y-%m-%d %H:%MZ" } else { "%Y-%m-%d %H:%M:%SZ" };
    time.format(format).to_string()
}
