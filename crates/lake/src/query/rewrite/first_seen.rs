//! First-seen windows: `row_number() OVER (PARTITION BY k ORDER BY t) = 1` is `min(t) GROUP BY k`.
//!
//! That is the same where nothing but the keys and the time is asked for: then it does not matter which of several rows with one time is
//! the first. An aggregation keeps one time for each key; the window sorts everything.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, GroupByExpr, OrderByExpr, Query, Select, SelectItem, SetExpr, TableFactor, Value, VisitMut,
    VisitorMut, WindowType,
};

use crate::query::build;

/// Rewrites the windows of a statement.
pub fn rewrite(query: &mut Query) {
    let _ = VisitMut::visit(query, &mut Windows);
}

struct Windows;

impl VisitorMut for Windows {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let [table] = select.from.as_mut_slice() else { return ControlFlow::Continue(()) };
        let TableFactor::Derived { subquery, lateral: false, .. } = &mut table.relation else { return ControlFlow::Continue(()) };
        if let (Some(inner), Some(condition), true) = (inner_select(subquery), &select.selection, table.joins.is_empty())
            && let Some(number) = first_rows(inner)
            && asks_for_first(condition, &number)
        {
            aggregate(inner, &number);
        }
        ControlFlow::Continue(())
    }
}

/// A subquery's SELECT, if it is nothing else and has no grouping of its own.
fn inner_select(query: &mut Query) -> Option<&mut Select> {
    let plain = query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(keys, more) if keys.is_empty() && more.is_empty());
    (plain && ungrouped && select.having.is_none() && select.distinct.is_none() && select.qualify.is_none()).then_some(select)
}

/// The name of the column that numbers the rows, if all others are its keys or its time.
fn first_rows(select: &Select) -> Option<String> {
    let mut numbered = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.clone(), row_number(expr)?)),
        _ => None,
    });
    let (name, (keys, time)) = numbered.next()?;
    let known = |expr: &Expr| keys.contains(expr) || *expr == time.expr;
    let rest =
        select.projection.iter().filter(|item| !matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == name));
    let fits = rest.into_iter().all(|item| match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => known(expr),
        _ => false,
    });
    fits.then_some(name)
}

/// The keys and the time of `row_number() OVER (PARTITION BY keys ORDER BY time)`, nulls last.
fn row_number(expr: &Expr) -> Option<(&[Expr], &OrderByExpr)> {
    let Expr::Function(function) = expr else { return None };
    if build::name_of(function).as_deref() != Some("row_number") || function.filter.is_some() {
        return None;
    }
    let Some(WindowType::WindowSpec(spec)) = &function.over else { return None };
    let [time] = spec.order_by.as_slice() else { return None };
    let plain = spec.window_name.is_none() && spec.window_frame.is_none() && !spec.partition_by.is_empty();
    (plain && time.options.nulls_first != Some(true)).then_some((spec.partition_by.as_slice(), time))
}

/// Whether a condition is `number = 1`, possibly AND others.
fn asks_for_first(condition: &Expr, number: &str) -> bool {
    let mut all = vec![condition];
    while let Some(condition) = all.pop() {
        match condition {
            Expr::Nested(inner) => all.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => all.extend([left.as_ref(), right.as_ref()]),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_named(left, number) && is_one(right) => return true,
            _ => {}
        }
    }
    false
}

fn is_named(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Identifier(ident) => ident.value == name,
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|part| part.value == name),
        _ => false,
    }
}

fn is_one(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(number, _) if number == "1"))
}

/// Makes the window an aggregation: keys stay, the time is the first one, and every number is 1.
fn aggregate(select: &mut Select, number: &str) {
    let found = select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if alias.value == number => {
            row_number(expr).map(|(keys, time)| (keys.to_vec(), time.clone()))
        }
        _ => None,
    });
    let Some((keys, time)) = found else { return };
    let extreme = if time.options.asc == Some(false) { "max" } else { "min" };
    for item in &mut select.projection {
        let (expr, name) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr.clone(), alias.clone()),
            SelectItem::UnnamedExpr(expr) => match &*expr {
                Expr::Identifier(name) => (expr.clone(), name.clone()),
                _ => continue,
            },
            _ => continue,
        };
        let expr = match expr {
            expr if row_number(&expr).is_some() => build::number(1),
            expr if expr == time.expr && !keys.contains(&expr) => call(extreme, expr),
            expr => expr,
        };
        *item = SelectItem::ExprWithAlias { expr, alias: build::name(&name.value) };
    }
    select.group_by = GroupByExpr::Expressions(keys, Vec::new());
}

fn call(name: &str, arg: Expr) -> Expr {
    let function: Function = build::function(name, vec![arg]);
    Expr::Function(function)
}
