//! Scalar subqueries tied to the row by more than equality: `(SELECT count(*) FROM events x WHERE x.eventTime < e.eventTime)`.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit};

/// A subquery taken apart: a value worked out from aggregates over the rows of a relation that a condition lets through.
struct Parts {
    value: Option<Expr>,
    aggregate: Aggregate,
    condition: Expr,
    rows: LogicalPlan,
}

/// Whether this is a subquery that has to be joined here.
pub fn is_needed(expr: &Expr) -> bool {
    let Expr::ScalarSubquery(subquery) = expr else { return false };
    parts(subquery)
        .is_some_and(|parts| split_conjunction(&parts.condition).into_iter().any(|part| has_outer(part) && !is_equality(part)))
}

fn parts(subquery: &Subquery) -> Option<Parts> {
    if subquery.outer_ref_columns.is_empty() {
        return None;
    }
    let mut value = None;
    let mut plan = subquery.subquery.as_ref();
    if let LogicalPlan::Projection(projection) = plan {
        let [one] = projection.expr.as_slice() else { return None };
        value = Some(one.clone().unalias_nested().data);
        plan = &projection.input;
    }
    let LogicalPlan::Aggregate(aggregate) = plan else { return None };
    let LogicalPlan::Filter(filter) = aggregate.input.as_ref() else { return None };
    if !aggregate.group_expr.is_empty() || reaches_out(&filter.input) {
        return None;
    }
    Some(Parts { value, aggregate: aggregate.clone(), condition: filter.predicate.clone(), rows: filter.input.as_ref().clone() })
}

fn reaches_out(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let _ = plan.apply_with_subqueries(|plan| {
        found |= plan.expressions().iter().any(has_outer);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

fn has_outer(expr: &Expr) -> bool {
    super::holds(expr, |expr| matches!(expr, Expr::OuterReferenceColumn(..)))
}

/// `inner = outer`, which the planner joins by itself.
fn is_equality(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => has_outer(left) != has_outer(right),
        _ => false,
    }
}

/// Joins the subqueries of expressions; returns the expressions and the plan that they stand over. `used` says which columns of the
/// input are needed later.
pub fn joined(exprs: Vec<Expr>, input: LogicalPlan, used: &[Expr]) -> Result<(Vec<Expr>, LogicalPlan)> {
    let mut input = input;
    let mut done = Vec::new();
    let mut number = 0;
    for expr in exprs {
        let name = datafusion::logical_expr::expr_rewriter::NamePreserver::new_for_projection().save(&expr);
        let replaced = expr.transform_down(|expr| {
            let Expr::ScalarSubquery(subquery) = &expr else { return Ok(Transformed::no(expr)) };
            let Some(parts) = parts(subquery).filter(|_| is_needed(&expr)) else { return Ok(Transformed::no(expr)) };
            number += 1;
            let (value, plan) = one(parts, input.clone(), used, number)?;
            input = plan;
            Ok(Transformed::yes(value))
        })?;
        done.push(name.restore(replaced.data));
    }
    Ok((done, input))
}

fn one(parts: Parts, input: LogicalPlan, used: &[Expr], number: usize) -> Result<(Expr, LogicalPlan)> {
    let id = format!("lake_row_{number}");
    let kept = kept(&input, used, &parts.condition);
    let numbered = LogicalPlanBuilder::from(input).window(vec![row_number().alias(id.as_str())])?.build()?;
    let (rows, names) = renamed(parts.rows, number)?;
    let is_there = Expr::Column(Column::from_name(marker(number))).is_not_null();
    let condition = inside(parts.condition, &names)?;
    let both = LogicalPlanBuilder::from(numbered).join_on(rows, JoinType::Left, [condition])?;
    let aggregates = parts.aggregate.aggr_expr.iter().enumerate().map(|(at, expr)| {
        let own = filtered(inside(expr.clone().unalias_nested().data, &names)?, &is_there);
        Ok((expr.schema_name().to_string(), own, format!("lake_value_{number}_{at}")))
    });
    let aggregates = aggregates.collect::<Result<Vec<_>>>()?;
    let keys = kept.into_iter().chain([Expr::Column(Column::from_name(id))]);
    let plan = both.aggregate(keys, aggregates.iter().map(|(_, expr, name)| expr.clone().alias(name)))?.build()?;
    let results: HashMap<&str, &str> = aggregates.iter().map(|(known, _, name)| (known.as_str(), name.as_str())).collect();
    let first = aggregates.first().map(|(known, ..)| Expr::Column(Column::from_name(known)));
    let value = parts.value.or(first).unwrap_or_else(|| lit(datafusion::common::ScalarValue::Null));
    let value = value.transform_up(|expr| match &expr {
        Expr::Column(column) => match results.get(column.name.as_str()) {
            Some(name) => Ok(Transformed::yes(Expr::Column(Column::from_name(*name)))),
            None => Ok(Transformed::no(expr)),
        },
        _ => Ok(Transformed::no(expr)),
    })?;
    Ok((value.data, plan))
}

/// The columns of the input that are needed above, or by the condition: only they are carried through the aggregation.
fn kept(input: &LogicalPlan, used: &[Expr], condition: &Expr) -> Vec<Expr> {
    let mut wanted: Vec<Column> = Vec::new();
    for expr in used.iter().chain([condition]) {
        wanted.extend(expr.column_refs().into_iter().cloned());
        let _ = expr.apply(|expr| {
            match expr {
                Expr::OuterReferenceColumn(_, column) => wanted.push(column.clone()),
                Expr::ScalarSubquery(subquery) => {
                    wanted.extend(subquery.outer_ref_columns.iter().filter_map(|outer| match outer {
                        Expr::OuterReferenceColumn(_, column) => Some(column.clone()),
                        _ => None,
                    }));
                }
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
    }
    input
        .schema()
        .columns()
        .into_iter()
        .filter(|column| wanted.contains(column) || column.name.starts_with("lake_"))
        .map(Expr::Column)
        .collect()
}

fn marker(number: usize) -> String {
    format!("lake_there_{number}")
}

/// The subquery's rows under names that nothing else has, and what its columns are called now.
fn renamed(rows: LogicalPlan, number: usize) -> Result<(LogicalPlan, HashMap<Column, String>)> {
    let columns = rows.schema().columns();
    let names: HashMap<Column, String> =
        columns.iter().enumerate().map(|(at, column)| (column.clone(), format!("lake_inner_{number}_{at}"))).collect();
    let each = columns.into_iter().map(|column| {
        let name = names.get(&column).cloned().unwrap_or_default();
        Expr::Column(column).alias(name)
    });
    let plan = LogicalPlanBuilder::from(rows).project(each.chain([lit(true).alias(marker(number))]))?.build()?;
    Ok((plan, names))
}

/// An expression of the subquery over the joined rows.
fn inside(expr: Expr, names: &HashMap<Column, String>) -> Result<Expr> {
    let done = expr.transform_up(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(Expr::Column(column))),
        Expr::Column(column) => match names.get(&column) {
            Some(name) => Ok(Transformed::yes(Expr::Column(Column::from_name(name)))),
            None => Ok(Transformed::no(Expr::Column(column))),
        },
        other => Ok(Transformed::no(other)),
    })?;
    Ok(done.data)
}

/// An aggregate of the rows that are there.
fn filtered(expr: Expr, is_there: &Expr) -> Expr {
    match expr {
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            let condition = match params.filter.take() {
                Some(own) => own.and(is_there.clone()),
                None => is_there.clone(),
            };
            params.filter = Some(Box::new(condition));
            Expr::AggregateFunction(AggregateFunction { func, params })
        }
        other => other,
    }
}
