//! Every limit of predicates, by name.

/// Deepest nesting of an [`Expr`](crate::Expr); a front end refuses what is deeper.
pub const EXPR_DEPTH_MAX: usize = 64;
/// Most nodes of one expression.
pub const EXPR_NODES_MAX: usize = 50_000;
/// Longest text of a regular expression, in bytes.
pub const REGEX_TEXT_BYTES_MAX: usize = 8 << 10;
/// Largest compiled regular expression, in bytes: a bomb of nested repetitions is refused by it.
pub const REGEX_COMPILED_BYTES_MAX: usize = 1 << 20;
/// Most memory that the search of one regular expression may use for its cache of states, in bytes.
pub const REGEX_CACHE_BYTES_MAX: usize = 2 << 20;
