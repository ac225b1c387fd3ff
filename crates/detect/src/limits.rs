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
/// Matches that a live run holds for correlations; beyond, they do not take part.
pub const LIVE_HELD_MAX: usize = 500_000;
/// Matches of one group that a live run holds for a correlation.
pub const LIVE_GROUP_HELD_MAX: usize = 20_000;
/// How long after its last match a group of a correlation is still kept in a live run, for matches that come late; beside the timespan.
pub const LIVE_KEPT_US: i64 = 3_600_000_000;
