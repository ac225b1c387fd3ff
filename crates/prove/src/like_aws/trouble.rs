//! Two kinds of failure: what makes one digest invalid, and what ends everything with exit code 255.

use crate::store::Refusal;

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The object is not there.
    NotFound,
    /// The digest is invalid, and why.
    Invalid(String),
    /// Nothing more can be done, and why.
    End(String),
}

impl Trouble {
    /// What is said where everything ends with it.
    pub fn text(self, not_found: impl FnOnce() -> String) -> String {
        match self {
            Trouble::NotFound => not_found(),
            Trouble::Invalid(text) | Trouble::End(text) => text,
        }
    }

    /// What the AWS CLI makes of an answer to an operation of S3 that it has no line for; what no bucket answers names its place.
    pub fn of_refusal(refusal: &Refusal, operation: &str, place: &str) -> Trouble {
        let error = |code: &str, message: &str| {
            Trouble::End(format!("An error occurred ({code}) when calling the {operation} operation: {message}"))
        };
        match refusal {
            Refusal::NotFound => Trouble::NotFound,
            Refusal::Denied(_) => error("AccessDenied", "Access Denied"),
            Refusal::Archived => error("InvalidObjectState", "The operation is not valid for the object's storage class"),
            other => Trouble::End(format!("{place}: {other}")),
        }
    }
}
