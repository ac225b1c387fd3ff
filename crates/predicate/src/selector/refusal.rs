//! Why AWS would not take selectors.

use std::fmt;

/// AWS's error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The service says no.
    InvalidEventSelectors,
    /// The service says no to Insights.
    InvalidInsightSelectors,
    /// The AWS CLI and the SDKs say no before they call.
    ParamValidation,
}

/// How sure we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// AWS documents it.
    Documented,
    /// It is not in a list that AWS adds to.
    Unlisted,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code.
    pub code: Code,
    /// How sure.
    pub certainty: Certainty,
    /// The selector in its list, from 1; 0 for all of them together.
    pub selector: usize,
    /// The field, if it is about one.
    pub field: String,
    /// One sentence.
    pub what: String,
    /// What to write; may be empty.
    pub hint: String,
}

impl Code {
    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Code::InvalidEventSelectors => "InvalidEventSelectorsException",
            Code::InvalidInsightSelectors => "InvalidInsightSelectorsException",
            Code::ParamValidation => "ParamValidation",
        }
    }
}

impl Refusal {
    /// A documented reason.
    pub fn new(code: Code, selector: usize, what: impl Into<String>) -> Refusal {
        Refusal { code, certainty: Certainty::Documented, selector, field: String::new(), what: what.into(), hint: String::new() }
    }

    /// About a field.
    pub fn of_field(mut self, field: &str) -> Refusal {
        field.clone_into(&mut self.field);
        self
    }

    /// With what to write instead.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Refusal {
        self.hint = hint.into();
        self
    }

    /// About something that AWS may have added since.
    pub fn unlisted(mut self) -> Refusal {
        self.certainty = Certainty::Unlisted;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.selector > 0 {
            write!(f, "selector {}: ", self.selector)?;
        }
        f.write_str(&self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}
