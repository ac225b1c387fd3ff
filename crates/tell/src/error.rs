//! What can go wrong with telling.

/// Why something could not be kept or told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// A target is not written as targets are.
    #[error("{what}; {hint}")]
    Target {
        /// What is wrong.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// The home could not be read or written.
    #[error("the outbox in the home: {0}")]
    Shelf(String),
    /// A document in the home is not what it was.
    #[error("`{path}` in the home is damaged: {reason}; restore it from a copy of the home")]
    Damaged {
        /// Its path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl TellError {
    pub(crate) fn target(what: impl Into<String>, hint: impl Into<String>) -> TellError {
        TellError::Target { what: what.into(), hint: hint.into() }
    }
}
