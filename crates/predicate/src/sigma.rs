//! Sigma: detections as the specification (2.1) has them, lowered to [`Expr`].
//!
//! A file holds one or more documents: rules, correlations over rules, and filters that are laid over rules. What a document
//! says and we do not know is an error that names its line and says what to do; nothing is skipped silently. A rule keeps its
//! parts ([`Detection`]), so that a reader can be told which of them hold, and a test can take them away one by one.

mod collection;
mod condition;
mod correlation;
mod detection;
mod document;
mod encode;
mod error;
mod lower;
mod meta;
mod modifier;
mod old;
mod placeholder;
mod wildcard;

pub use condition::{Condition, Count, Which};
pub use correlation::{Alias, Correlation, CorrelationKind, Measure, Threshold};
pub use detection::{Detection, FieldTest, Group, Link, Search, Tested};
pub use document::{Document, Filter, Rule, read};
pub use error::SigmaError;
pub use meta::{Level, LogSource, Meta};
pub use placeholder::Placeholders;

#[cfg(test)]
mod tests;
