//! EXISTS, IN, ANY and ALL as comparisons of counts and extremes.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, plan_err};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr, lit, not, when};

/// Replaces the subqueries of a projection's columns; the columns keep their names.
pub fn all(exprs: Vec<Expr>, input: &LogicalPlan) -> Result<Vec<Expr>> {
    let preserver = NamePreserver::new_for_projection();
    let each = exprs.into_iter().map(|expr| {
        let name = preserver.save(&expr);
        let replaced = expr.transform_up(|expr| {
            if super::is_predicate(&expr) { Ok(Transformed::yes(one(expr, input)?)) } else { Ok(Transformed::no(expr)) }
        })?;
        Ok(name.restore(replaced.data))
    });
    each.collect()
}

/// What one of them becomes.
pub fn one(expr: Expr, input: &LogicalPlan) -> Result<Expr> {
    match expr {
        Expr::Exists(Exists { subquery, negated }) => {
            let number = size(&subquery, rows_only(&subquery.subquery).clone(), None)?;
            Ok(if negated { number.eq(lit(0_i64)) } else { number.gt(lit(0_i64)) })
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let found = is_in(&expr, &subquery, input.schema())?;
            Ok(if negated { not(found) } else { found })
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => match (op, quantifier) {
            (Operator::Eq, SetQuantifier::Any) => is_in(&expr, &subquery, input.schema()),
            (Operator::NotEq, SetQuantifier::All) => Ok(not(is_in(&expr, &subquery, input.schema())?)),
            (op, quantifier) => compared(&expr, &subquery, op, quantifier),
        },
        other => Ok(other),
    }
}

/// A subquery's rows where its columns, order and limit do not matter.
fn rows_only(plan: &LogicalPlan) -> &LogicalPlan {
    match plan {
        LogicalPlan::Projection(projection) => rows_only(&projection.input),
        LogicalPlan::Sort(sort) => rows_only(&sort.input),
        LogicalPlan::Limit(limit) if limit.skip.is_none() && !is_none(limit.fetch.as_deref()) => rows_only(&limit.input),
        other => other,
    }
}

fn is_none(fetch: Option<&Expr>) -> bool {
    matches!(fetch, Some(Expr::Literal(ScalarValue::Int64(Some(0)), _)))
}

/// `(SELECT count(*) FROM plan WHERE condition)`.
fn size(subquery: &Subquery, plan: LogicalPlan, condition: Option<(Expr, Vec<Expr>)>) -> Result<Expr> {
    let (condition, more) = condition.unzip();
    let builder = LogicalPlanBuilder::from(plan);
    let builder = match condition {
        Some(condition) => builder.filter(condition)?,
        None => builder,
    };
    aggregated(subquery, builder, vec![count(lit(1_i64))], more.unwrap_or_default())
}

fn aggregated(subquery: &Subquery, builder: LogicalPlanBuilder, aggregates: Vec<Expr>, more: Vec<Expr>) -> Result<Expr> {
    let plan = builder.aggregate(Vec::<Expr>::new(), aggregates)?.build()?;
    let mut outer_ref_columns = subquery.outer_ref_columns.clone();
    outer_ref_columns.extend(more.into_iter().filter(|column| !subquery.outer_ref_columns.contains(column)));
    Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: subquery.spans.clone() }))
}

/// The subquery's one column.
pub fn only_column(subquery: &Subquery) -> Result<Expr> {
    match subquery.subquery.schema().columns().as_slice() {
        [column] => Ok(Expr::Column(column.clone())),
        columns => plan_err!("the subquery of IN must have one column, this one has {}", columns.len()),
    }
}

/// An expression of the outer query as the subquery sees it, with the columns that it uses.
fn as_outer(expr: &Expr, schema: &DFSchema) -> Result<(Expr, Vec<Expr>)> {
    let mut used = Vec::new();
    let outer = expr.clone().transform_up(|expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        let (_, field) = schema.qualified_field_from_column(column)?;
        let field = Arc::clone(field);
        let outer = Expr::OuterReferenceColumn(field, Column { spans: Default::default(), ..column.clone() });
        used.push(outer.clone());
        Ok(Transformed::yes(outer))
    })?;
    Ok((outer.data, used))
}

/// The name of a subquery's column where it is looked for in.
pub const MEMBER: &str = "lake_member";

/// `x IN (SELECT y ...)`: true if a `y` equals `x`; else null if `x` or a `y` is null, but for an empty set; else false.
fn is_in(value: &Expr, subquery: &Subquery, schema: &DFSchema) -> Result<Expr> {
    // Under a name of its own: once joined, the planner takes two columns of one table for the same one.
    let column = only_column(subquery)?.alias(MEMBER);
    let plan = LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()).project([column])?.build()?;
    let column = Expr::Column(Column::from_name(MEMBER));
    let (outer, used) = as_outer(value, schema)?;
    let equal = size(subquery, plan.clone(), Some((column.clone().eq(outer), used)))?;
    let nulls = size(subquery, plan.clone(), Some((column.is_null(), Vec::new())))?;
    let rows = size(subquery, plan.clone(), None)?;
    let unknown = nulls.gt(lit(0_i64)).or(value.clone().is_null().and(rows.gt(lit(0_i64))));
    when(equal.gt(lit(0_i64)), lit(true)).when(unknown, lit(ScalarValue::Boolean(None))).otherwise(lit(false))
}

/// `x > ALL (SELECT y ...)`: a comparison with the largest or the smallest `y`.
pub fn compared(value: &Expr, subquery: &Subquery, op: Operator, quantifier: SetQuantifier) -> Result<Expr> {
    let (column, plan) = (only_column(subquery)?, subquery.subquery.as_ref());
    let extreme = |largest: bool| {
        let aggregate = if largest { max(column.clone()) } else { min(column.clone()) };
        aggregated(subquery, LogicalPlanBuilder::from(plan.clone()), vec![aggregate], Vec::new())
    };
    let is_all = quantifier == SetQuantifier::All;
    let holds = match op {
        Operator::Gt | Operator::GtEq => binary_expr(value.clone(), op, extreme(is_all)?),
        Operator::Lt | Operator::LtEq => binary_expr(value.clone(), op, extreme(!is_all)?),
        Operator::Eq => value.clone().eq(extreme(true)?).and(value.clone().eq(extreme(false)?)),
        Operator::NotEq => value.clone().not_eq(extreme(true)?).or(value.clone().not_eq(extreme(false)?)),
        other => return plan_err!("`{other}` cannot stand before ANY or ALL"),
    };
    let rows = size(subquery, plan.clone(), None)?;
    let nulls = size(subquery, plan.clone(), Some((column.clone().is_null(), Vec::new())))?;
    let decided = if is_all { not(holds.clone()) } else { holds.clone() };
    when(rows.eq(lit(0_i64)), lit(is_all))
        .when(decided, lit(!is_all))
        .when(nulls.gt(lit(0_i64)), lit(ScalarValue::Boolean(None)))
        .otherwise(holds)
}
