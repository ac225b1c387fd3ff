//! Every limit of filter patterns, by name. AWS's unless it says otherwise.

/// Characters of a pattern.
pub const PATTERN_CHARS_MAX: usize = 1_024;
/// Regular expressions in a JSON or space-delimited pattern.
pub const REGEXES_MAX: usize = 2;
/// Wildcards in one selector.
pub const SELECTOR_WILDCARDS_MAX: usize = 1;
/// Selectors with a wildcard in one pattern.
pub const WILDCARD_SELECTORS_MAX: usize = 3;
/// Parentheses inside parentheses; ours.
pub const DEPTH_MAX: usize = 50;
/// Words of a line that a space-delimited pattern looks at; ours.
pub const WORDS_MAX: usize = 4_096;
/// Largest log event that CloudTrail sends to CloudWatch Logs, in bytes; larger ones never arrive.
pub const EVENT_BYTES_MAX: usize = 256 << 10;
/// Deepest JSON that is looked into by [`Pattern::matches`](super::Pattern::matches); ours (serde_json's).
pub const JSON_DEPTH_MAX: usize = 128;
