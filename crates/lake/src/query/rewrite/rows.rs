//! `(a, b) IN (SELECT c, d ...)`: the subquery's columns as one row.

use datafusion::sql::sqlparser::ast::{Expr, Query, SetExpr, TableFactor};
use datafusion::sql::sqlparser::parser::Parser;

use crate::query::dialect::TrinoDialect;

/// Makes the subquery one of rows, if a row is looked for in it.
pub fn rewrite(expr: &mut Expr) {
    let Expr::InSubquery { expr: value, subquery, .. } = expr else { return };
    let Expr::Tuple(parts) = value.as_ref() else { return };
    if let Some(mut rows) = of_rows(parts.len())
        && let Some(inner) = derived(&mut rows)
    {
        std::mem::swap(inner, subquery);
        **subquery = rows;
    }
}

/// `SELECT ROW(c1, c2) FROM (SELECT 1) AS t(c1, c2)`.
fn of_rows(width: usize) -> Option<Query> {
    let names = (1..=width).map(|at| format!("lake_part_{at}")).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT ROW({names}) FROM (SELECT 1) AS lake_rows({names})");
    Parser::new(&TrinoDialect).try_with_sql(&sql).ok()?.parse_query().ok().map(|query| *query)
}

fn derived(query: &mut Query) -> Option<&mut Box<Query>> {
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    match &mut select.from.first_mut()?.relation {
        TableFactor::Derived { subquery, .. } => Some(subquery),
        _ => None,
    }
}
