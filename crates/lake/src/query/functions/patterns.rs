//! Compiled regular expressions.
//!
//! Nearly all are linear in the text. Those that look around or refer back, which cannot be, are tried step by step with a limit.

use std::ops::Range;

use crate::limits::{REGEX_SIZE_BYTES_MAX, REGEX_STEPS_MAX};

/// A compiled pattern.
#[derive(Debug)]
pub enum Pattern {
    /// Linear in the text.
    Linear(regex::Regex),
    /// With look-around or back references.
    Stepping(fancy_regex::Regex),
}

/// The groups of a match, the whole first.
pub type Groups = Vec<Option<Range<usize>>>;

impl Pattern {
    /// Compiles.
    pub fn read(text: &str) -> Result<Pattern, String> {
        match regex::RegexBuilder::new(text).size_limit(REGEX_SIZE_BYTES_MAX).build() {
            Ok(linear) => Ok(Pattern::Linear(linear)),
            Err(regex::Error::CompiledTooBig(_)) => Err(format!(
                "the pattern is larger than the limit of {REGEX_SIZE_BYTES_MAX} bytes (REGEX_SIZE_BYTES_MAX); repeat less"
            )),
            Err(error) => {
                let builder = fancy_regex::RegexBuilder::new(text)
                    .delegate_size_limit(REGEX_SIZE_BYTES_MAX)
                    .backtrack_limit(REGEX_STEPS_MAX)
                    .build();
                builder.map(Pattern::Stepping).map_err(|_| {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    format!("the pattern cannot be read: {last}")
                })
            }
        }
    }

    /// Whether it is found in a text.
    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        match self {
            Pattern::Linear(pattern) => Ok(pattern.is_match(text)),
            Pattern::Stepping(pattern) => pattern.is_match(text).map_err(too_many_steps),
        }
    }

    /// Number of groups, the whole match counted.
    pub fn group_count(&self) -> usize {
        match self {
            Pattern::Linear(pattern) => pattern.captures_len(),
            Pattern::Stepping(pattern) => pattern.captures_len(),
        }
    }

    /// The number of a named group.
    pub fn group_named(&self, wanted: &str) -> Option<usize> {
        match self {
            Pattern::Linear(pattern) => pattern.capture_names().position(|name| name == Some(wanted)),
            Pattern::Stepping(pattern) => pattern.capture_names().position(|name| name == Some(wanted)),
        }
    }

    /// Calls for each match, until it is told that this is enough.
    pub fn each(&self, text: &str, mut found: impl FnMut(Groups) -> Result<bool, String>) -> Result<(), String> {
        match self {
            Pattern::Linear(pattern) => {
                for captures in pattern.captures_iter(text) {
                    if !found((0..captures.len()).map(|at| captures.get(at).map(|one| one.range())).collect())? {
                        break;
                    }
                }
            }
            Pattern::Stepping(pattern) => {
                for captures in pattern.captures_iter(text) {
                    let captures = captures.map_err(too_many_steps)?;
                    if !found((0..captures.len()).map(|at| captures.get(at).map(|one| one.range())).collect())? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The first match.
    pub fn first(&self, text: &str) -> Result<Option<Groups>, String> {
        let mut first = None;
        self.each(text, |groups| {
            first = Some(groups);
            Ok(false)
        })?;
        Ok(first)
    }

    /// Where the matches are, at most so many.
    pub fn places(&self, text: &str, limit: usize) -> Result<Vec<Range<usize>>, String> {
        if let Pattern::Linear(pattern) = self {
            return Ok(pattern.find_iter(text).take(limit).map(|found| found.range()).collect());
        }
        let mut places = Vec::new();
        self.each(text, |groups| {
            places.extend(groups.into_iter().next().flatten());
            Ok(places.len() < limit)
        })?;
        Ok(places)
    }
}

fn too_many_steps(_: fancy_regex::Error) -> String {
    format!(
        "the pattern takes more than the limit of {REGEX_STEPS_MAX} steps on this text (REGEX_STEPS_MAX); write it without look-around"
    )
}
