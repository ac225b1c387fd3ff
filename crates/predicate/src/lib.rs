//! One predicate language in the middle; event selectors, CloudWatch filter patterns and Sigma in front; a matcher and SQL behind.
//!
//! A front end reads text and lowers it to an [`Expr`], a boolean tree over *tests*; a back end knows nothing of where it came
//! from. The meaning of the tree is written down once, at its parts: [`Path`] says which values a test sees, [`Check`] what is
//! asked of them, [`Expr`] how answers are put together. Logic has two values: a test of a value that is not there is false,
//! and its negation is true. Where a language is of another mind, its front end says so in the tree.
//!
//! Pure: no IO, no clock, no environment; no recursion on input beyond a named depth; every limit has a name ([`limits`]).

mod check;
mod expr;
mod glob;
mod network;
mod path;

mod set;

pub mod sigma;
mod yaml;

mod asked;
mod facts;
mod fit;
mod place;
mod tape;
mod value;

pub mod limits;
pub mod narrow;
pub mod pattern;
pub mod selector;
pub mod sql;

pub use check::{Case, Check, Number, Order, Regexp, RegexpError, Same};
pub use expr::{Expr, Missing};
pub use glob::{Glob, Piece};
pub use network::Network;
pub use path::{Path, Reading, Step};
pub use set::{Matcher, Put, Set, TooLarge};
