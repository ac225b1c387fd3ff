//! Why a pattern is refused, and where.

use std::fmt;

/// CloudWatch Logs answers `InvalidParameterException`; this says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Where, in characters from 0.
    pub at: usize,
    /// What is wrong.
    pub what: String,
    /// What to write; may be empty.
    pub hint: String,
}

impl PatternError {
    /// Something is wrong there.
    pub fn new(at: usize, what: impl Into<String>) -> PatternError {
        PatternError { at, what: what.into(), hint: String::new() }
    }

    /// With what to write instead.
    pub fn with_hint(mut self, hint: impl Into<String>) -> PatternError {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at + 1, self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}

impl std::error::Error for PatternError {}
