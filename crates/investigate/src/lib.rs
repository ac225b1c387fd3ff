//! The investigator's questions: what did this identity do, who changed that resource, where did this session come from?
//!
//! Pure computing over rows. A [`Source`] answers SQL; the crate folds what it answers into plain models (structs that serialize),
//! which a terminal or a console draws. It sees no lake, no clock and no terminal, and its memory is bounded by named limits:
//! events are folded as they come, never gathered.

mod limits;
mod source;

mod event;
mod json;
mod sql;

mod gather;
mod lasting;
mod resource;
mod tally;

mod baseline;
mod coverage;
mod follow;
mod nearest;
mod subject;

mod chain;
mod difference;
mod investigation;
mod writers;

pub mod model;
pub mod named;

pub use chain::chains;
pub use investigation::{Follow, Question, investigate};
pub use limits::FOLLOWED_MAX;
pub use model::Kind;
pub use source::{Row, Source};
pub use subject::recognise;
pub use writers::{WhoQuestion, who};
