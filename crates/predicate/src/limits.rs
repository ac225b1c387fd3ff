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
/// Largest YAML file of rules, in bytes.
pub const YAML_SIZE_BYTES_MAX: usize = 1 << 20;
/// Most values in one YAML file, those that aliases stand for counted each time: a bomb of aliases is refused by it.
pub const YAML_NODES_MAX: usize = 200_000;
/// Deepest nesting of a YAML file.
pub const YAML_DEPTH_MAX: usize = 32;
/// Most documents in one YAML file.
pub const YAML_DOCUMENTS_MAX: usize = 1_000;
/// Longest condition of a Sigma rule, in bytes.
pub const CONDITION_SIZE_BYTES_MAX: usize = 64 << 10;
/// Deepest nesting of parentheses and `not` in a condition.
pub const CONDITION_DEPTH_MAX: usize = 32;
/// Longest value of a Sigma rule, in bytes.
pub const VALUE_SIZE_BYTES_MAX: usize = 64 << 10;
/// Most values that one value may become by `windash` or `expand`.
pub const EXPANDED_VALUES_MAX: usize = 20_000;
/// Most keys of a field name.
pub const FIELD_KEYS_MAX: usize = 32;
