//! Subqueries over the elements of a value: `EXISTS (SELECT 1 FROM UNNEST(resources) AS t(r) WHERE r.type = 'x')`.
//!
//! They are questions to one row's list and need no join: EXISTS is `any_match`, WHERE is `filter`, an aggregate is a function of the
//! list that is left. What has more than one SELECT's plain parts (a join, GROUP BY, a subquery of its own) is left to the planner.

mod aggregates;
mod names;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor,
    UnaryOperator, Value,
};

use super::docs;
use crate::query::build;
use names::Names;

/// Name of the function that makes a list of whatever UNNEST takes; its second argument is the number of columns that are named.
pub const ELEMENTS: &str = "lake_elements";
/// Name of the function that takes the only element of a list.
pub const ONLY: &str = "lake_only";

/// What a subquery over a value's elements becomes; `None` for everything else.
pub fn rewritten(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Exists { subquery, negated } => Some(negated_if(*negated, exists(subquery)?)),
        Expr::InSubquery { expr: value, subquery, negated } => Some(negated_if(*negated, contains(subquery, value)?)),
        Expr::Subquery(subquery) => scalar(subquery),
        _ => None,
    }
}

fn negated_if(negated: bool, expr: Expr) -> Expr {
    let nested = Expr::Nested(Box::new(expr));
    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(nested) } } else { nested }
}

/// A SELECT from one UNNEST.
struct Unnested<'a> {
    select: &'a Select,
    order: &'a [OrderByExpr],
    limit: Option<&'a Expr>,
    list: Expr,
    names: Names,
}

fn unnested(query: &Query) -> Option<Unnested<'_>> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(keys, more) if keys.is_empty() && more.is_empty());
    if query.with.is_some() || query.fetch.is_some() || !ungrouped || select.having.is_some() || !select.named_window.is_empty() {
        return None;
    }
    let [table] = select.from.as_slice() else { return None };
    let TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } = &table.relation else { return None };
    if !table.joins.is_empty() {
        return None;
    }
    let names = Names::of(alias.as_ref(), array_exprs, *with_ordinality);
    let mut lists: Vec<Expr> = array_exprs.iter().map(|list| elements(list, names.of_values())).collect();
    if *with_ordinality {
        lists.push(build::call("lake_ordinals", vec![lists.first()?.clone()]));
    }
    let list = if lists.len() == 1 { lists.pop()? } else { build::call("lake_zip", lists) };
    Some(Unnested { select, order: order_of(query)?, limit: limit_of(query)?, list, names })
}

fn elements(list: &Expr, names: usize) -> Expr {
    let mut list = list.clone();
    docs::as_rows(&mut list);
    let count = i64::try_from(names).unwrap_or_default();
    build::call(ELEMENTS, vec![list, build::number(count)])
}

fn order_of(query: &Query) -> Option<&[OrderByExpr]> {
    match &query.order_by {
        None => Some(&[]),
        Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) => Some(keys),
        Some(_) => None,
    }
}

fn limit_of(query: &Query) -> Option<Option<&Expr>> {
    match &query.limit_clause {
        None => Some(None),
        Some(LimitClause::LimitOffset { limit, offset: None, limit_by }) if limit_by.is_empty() => Some(limit.as_ref()),
        Some(_) => None,
    }
}

impl Unnested<'_> {
    /// The elements that WHERE lets through.
    fn filtered(&self) -> Expr {
        match &self.select.selection {
            Some(condition) => self.names.over("filter", self.list.clone(), condition),
            None => self.list.clone(),
        }
    }

    /// The one expression that is selected.
    fn item(&self) -> Option<&Expr> {
        match self.select.projection.as_slice() {
            [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => Some(expr),
            _ => None,
        }
    }

    /// The selected values of all elements, in their order.
    fn values(&self, item: &Expr) -> Option<Expr> {
        let mut values = self.names.over("transform", self.filtered(), item);
        match &self.select.distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => values = build::call("array_distinct", vec![values]),
            Some(Distinct::On(_)) => return None,
        }
        sorted(values, self.order, item)
    }
}

/// A list in the order of its own values, if that is the order that is asked for.
fn sorted(values: Expr, order: &[OrderByExpr], item: &Expr) -> Option<Expr> {
    let [key] = order else { return order.is_empty().then_some(values) };
    let is_item =
        key.expr == *item || matches!(&key.expr, Expr::Value(number) if number.value == Value::Number("1".to_owned(), false));
    let sorted = build::call("array_sort", vec![values]);
    match (is_item, key.options.asc) {
        (true, None | Some(true)) => Some(sorted),
        (true, Some(false)) => Some(build::call("reverse", vec![sorted])),
        (false, _) => None,
    }
}

fn coalesced(value: Expr, other: Expr) -> Expr {
    build::call("coalesce", vec![value, other])
}

fn truth(value: bool) -> Expr {
    Expr::value(Value::Boolean(value))
}

/// `cardinality(list)`, 0 where there is none.
fn size(list: Expr) -> Expr {
    coalesced(build::call("cardinality", vec![list]), build::number(0))
}

fn is_not_empty(list: Expr) -> Expr {
    let op = datafusion::sql::sqlparser::ast::BinaryOperator::Gt;
    Expr::BinaryOp { left: Box::new(size(list)), op, right: Box::new(build::number(0)) }
}

fn exists(query: &Query) -> Option<Expr> {
    let unnested = unnested(query)?;
    let has_aggregate = unnested.item().is_some_and(aggregates::has_any);
    if has_aggregate
        || unnested
            .limit
            .is_some_and(|limit| matches!(limit, Expr::Value(value) if value.value == Value::Number("0".to_owned(), false)))
    {
        return None;
    }
    Some(match &unnested.select.selection {
        Some(condition) => coalesced(unnested.names.over("any_match", unnested.list.clone(), condition), truth(false)),
        None => is_not_empty(unnested.list.clone()),
    })
}

/// Nothing is in an empty set, not even null.
fn contains(query: &Query, value: &Expr) -> Option<Expr> {
    let unnested = unnested(query)?;
    let item = unnested.item().filter(|item| !aggregates::has_any(item))?;
    if unnested.limit.is_some() {
        return None;
    }
    let values = unnested.values(item)?;
    let found = build::call("contains", vec![values.clone(), value.clone()]);
    Some(build::call("if", vec![is_not_empty(values), found, truth(false)]))
}

fn scalar(query: &Query) -> Option<Expr> {
    let unnested = unnested(query)?;
    let item = unnested.item()?;
    if aggregates::has_any(item) {
        let plain = unnested.order.is_empty() && unnested.limit.is_none() && unnested.select.distinct.is_none();
        return if plain { aggregates::over(item, &unnested.filtered(), &unnested.names) } else { None };
    }
    let values = unnested.values(item)?;
    match unnested.limit {
        None => Some(build::call(ONLY, vec![values])),
        Some(Expr::Value(limit)) if limit.value == Value::Number("1".to_owned(), false) => {
            Some(build::call("element_at", vec![values, build::number(1)]))
        }
        Some(_) => None,
    }
}
