//! Placeholder until the windows are rewritten.

use datafusion::sql::sqlparser::ast::Query;

/// Nothing yet.
pub fn rewrite(_: &mut Query) {}
