//! `FROM events, LATERAL (SELECT resources[1].arn AS first, ...) AS t`: columns that are calculated from the row beside them.
//!
//! A subquery without a FROM of its own is one row, so it is `UNNEST(ARRAY[ROW(...)])`, which may use the row. One that reads tables is left to the
//! planner.

use datafusion::sql::sqlparser::ast::{
    Array, Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, TableAlias, TableAliasColumnDef, TableFactor,
};

use super::{from, projection};
use crate::query::build;

/// Rewrites the laterals of a SELECT.
pub fn rewrite(select: &mut Select) {
    let tables = select.from.iter_mut();
    let factors =
        tables.flat_map(|table| std::iter::once(&mut table.relation).chain(table.joins.iter_mut().map(|join| &mut join.relation)));
    for (number, factor) in (1..).zip(factors) {
        if let Some(unnest) = as_unnest(factor, number) {
            *factor = unnest;
        }
    }
}

fn as_unnest(factor: &TableFactor, number: usize) -> Option<TableFactor> {
    let TableFactor::Derived { lateral: true, subquery, alias, sample: None } = factor else { return None };
    let items = only_items(subquery)?;
    let mut values = Vec::new();
    let mut names = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return None };
        values.push(expr.clone());
        names.push(projection::header(item, at));
    }
    let row = build::call("row", values);
    Some(TableFactor::UNNEST {
        alias: Some(alias_of(alias.as_ref(), names, number)),
        array_exprs: vec![Expr::Array(Array { elem: vec![row], named: true })],
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    })
}

/// The columns of a SELECT that is nothing but columns.
fn only_items(query: &Query) -> Option<&[SelectItem]> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let is_ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(keys, more) if keys.is_empty() && more.is_empty());
    let is_plain = select.from.is_empty()
        && select.selection.is_none()
        && select.having.is_none()
        && select.distinct.is_none()
        && query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none();
    (is_plain && is_ungrouped).then_some(select.projection.as_slice())
}

/// The alias with a name for each column.
fn alias_of(alias: Option<&TableAlias>, names: Vec<String>, number: usize) -> TableAlias {
    let mut alias = alias.cloned().unwrap_or_else(|| from::alias(&format!("lake_lateral_{number}")));
    if alias.columns.is_empty() {
        alias.columns = names.into_iter().map(TableAliasColumnDef::from_name).collect();
    }
    alias
}
