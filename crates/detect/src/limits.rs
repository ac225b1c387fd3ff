//! Every limit of detection, by name.

/// Most rules of one run.
pub const RULES_MAX: usize = 20_000;
/// Matches that are remembered so that a record which comes twice is counted once; beyond, it is counted again.
pub const MATCHES_REMEMBERED_MAX: usize = 20_000_000;
/// Findings of one run; beyond, matches are counted but give no finding.
pub const FINDINGS_MAX: usize = 100_000;
/// Events that a finding shows; the earliest count.
pub const EVENTS_SHOWN_MAX: usize = 10;
/// Matches that are held for correlations; beyond, they do not take part.
pub const CORRELATED_MAX: usize = 5_000_000;
/// Length of a finding's window, in microseconds: matches of one rule and entity on one day are one finding.
pub const WINDOW_US: i64 = 86_400_000_000;
/// Longest text of an event that a finding repeats, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 300;
