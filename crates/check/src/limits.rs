//! Every limit, by name.

/// Largest file that is checked, in bytes.
pub const FILE_BYTES_MAX: u64 = 4 << 20;
/// Most commands of a script.
pub const COMMANDS_MAX: usize = 10_000;
/// Most requests of a file.
pub const REQUESTS_MAX: usize = 10_000;
/// Most words of a script.
pub const WORDS_MAX: usize = 500_000;
/// Deepest nesting of `$( )`, and of shorthand parameters.
pub const DEPTH_MAX: usize = 32;
/// Most alternatives of a pattern that are tried one by one.
pub const ALTERNATIVES_MAX: usize = 128;
/// Events that a finding shows.
pub const EVIDENCE_MAX: usize = 20;
/// Findings of one file.
pub const FINDINGS_MAX: usize = 2_000;
