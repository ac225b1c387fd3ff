//! Why AWS would not take a definition.

use std::fmt;

/// One reason: `InvalidParameterException` of CloudWatch Logs, `ValidationError` of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The parameter.
    pub parameter: &'static str,
    /// One sentence.
    pub what: String,
    /// What to write; may be empty.
    pub hint: String,
}

impl Wrong {
    /// A reason.
    pub fn new(parameter: &'static str, what: impl Into<String>) -> Wrong {
        Wrong { parameter, what: what.into(), hint: String::new() }
    }

    /// With what to write instead.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Wrong {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.parameter, self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}
