//! ORDER BY: an expression that is a column of the answer is that column.
//!
//! Trino finds `ORDER BY userIdentity.arn` or `ORDER BY count(*)` among the answer's columns; naming them keeps DISTINCT and GROUP BY legal.

use datafusion::sql::sqlparser::ast::{Expr, OrderBy, OrderByKind, Query, SelectItem, SetExpr};

use crate::query::build;
use crate::query::errors::SqlError;

/// Refuses what Trino has not, before anything is done.
pub fn expand(query: &Query) -> Result<(), SqlError> {
    match &query.order_by {
        Some(OrderBy { kind: OrderByKind::All(_), .. }) => {
            Err(SqlError::new("there is no `ORDER BY ALL`").hint("name the columns, or give their numbers"))
        }
        _ => Ok(()),
    }
}

/// Replaces expressions of ORDER BY by the names of the columns that they are. Nulls stand last, as in Trino.
pub fn by_names(query: &mut Query) {
    let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &mut query.order_by else { return };
    let items = match query.body.as_ref() {
        SetExpr::Select(select) => select.projection.as_slice(),
        _ => &[],
    };
    for key in keys {
        if key.options.nulls_first.is_none() {
            key.options.nulls_first = Some(false);
        }
        let same = items.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if *expr == key.expr => Some(alias.value.clone()),
            _ => None,
        });
        if let Some(name) = same.filter(|_| !matches!(key.expr, Expr::Value(_))) {
            key.expr = Expr::Identifier(build::name(&name));
        }
    }
}
