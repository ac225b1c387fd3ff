//! CloudWatch Logs filter patterns: what metric filters, subscriptions and searches ask of log events.
//!
//! Three kinds, told apart by the first character: `{ $.eventName = ConsoleLogin }` asks a JSON event for its fields, `[ip, user, status = 4*]`
//! asks a line for its words by position, everything else asks for terms. The first kind is lowered to the common form ([`Pattern::lower`]);
//! all three have a matcher for a line of text ([`Pattern::matches`]). Where AWS's documentation is silent, [`Semantics`] names the choice.
//!
//! Source: CloudWatch Logs user guide, "Filter pattern syntax" and "Filter pattern syntax for metric filters".

mod cursor;
mod error;
mod expression;
mod json;
mod lower;
mod matching;
mod regexes;
mod spaced;
mod terms;
mod value;

pub mod limits;

pub use error::PatternError;
pub use expression::{Comparison, Condition, Expression, Selector, Test};
pub use lower::{BareNumber, Semantics};
pub use spaced::{Spaced, Word};
pub use terms::Terms;
pub use value::Value;

/// A filter pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The empty pattern: every event.
    Everything,
    /// Words and phrases.
    Terms(Terms),
    /// Fields of a JSON event.
    Json(Expression),
    /// Words by their position.
    Spaced(Spaced),
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let chars = text.chars().count();
        if chars > limits::PATTERN_CHARS_MAX {
            return Err(PatternError::new(
                limits::PATTERN_CHARS_MAX,
                format!("the pattern has {chars} characters, 1024 are allowed"),
            )
            .with_hint("split it into several filters on the same metric"));
        }
        let trimmed = text.trim();
        match trimmed.chars().next() {
            None => Ok(Pattern::Everything),
            Some('{') => json::parse(text).map(Pattern::Json).and_then(Pattern::within_depth),
            Some('[') => spaced::parse(text).map(Pattern::Spaced),
            Some(_) if trimmed == "\"\"" || trimmed == "\" \"" => Ok(Pattern::Everything),
            Some(_) => terms::parse(text).map(Pattern::Terms),
        }
    }

    /// A set takes predicates up to a depth; what is deeper is refused here, so that lowering cannot fail.
    fn within_depth(self) -> Result<Pattern, PatternError> {
        let depth = self.lower(Semantics::default()).map_or(0, |expr| expr.extent().1);
        if depth > crate::limits::EXPR_DEPTH_MAX {
            return Err(
                PatternError::new(0, "the conditions are nested too deeply").with_hint("split the pattern into several filters")
            );
        }
        Ok(self)
    }

    /// Every condition of a JSON pattern, in its order.
    pub fn conditions(&self) -> Vec<&Condition> {
        if let Pattern::Json(expression) = self { expression.conditions() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
