//! Subqueries that the planner does not join by itself: EXISTS, IN (SELECT ...) and comparisons with ANY and ALL among the columns, and
//! scalar subqueries that are tied to the row by something else than equality.
//!
//! In a condition, IN and ANY and ALL are made what the planner joins rightly (`conditions`).
//!
//! The first become counts (`EXISTS q` is `(SELECT count(*) FROM q) > 0`), which the planner joins. For the others the rows of the outer
//! query are numbered, joined with the subquery's rows on its condition, and aggregated by their number.

mod conditions;
mod counted;
mod numbered;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

/// Rewrites a plan before it is analyzed.
pub fn rewritten(plan: LogicalPlan) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(node).map(|done| done.data)
}

fn node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let has_predicates = plan.expressions().iter().any(|expr| holds(expr, is_predicate));
    match plan {
        LogicalPlan::Filter(filter) if holds(&filter.predicate, conditions::is_one) => {
            let predicate = conditions::exact(filter.predicate.clone(), &filter.input)?;
            if predicate == filter.predicate {
                return Ok(Transformed::no(LogicalPlan::Filter(filter)));
            }
            let plan = LogicalPlanBuilder::from(filter.input).filter(predicate)?.build()?;
            Ok(Transformed::yes(node(plan)?.data))
        }
        LogicalPlan::Filter(filter) if holds(&filter.predicate, numbered::is_needed) => {
            let columns: Vec<Expr> = filter.input.schema().columns().into_iter().map(Expr::Column).collect();
            let (predicates, input) = numbered::joined(vec![filter.predicate], filter.input.as_ref().clone(), &columns)?;
            let filtered = predicates.into_iter().try_fold(LogicalPlanBuilder::from(input), LogicalPlanBuilder::filter)?;
            Ok(Transformed::yes(filtered.project(columns)?.build()?))
        }
        LogicalPlan::Projection(projection) => {
            let exprs = if has_predicates { counted::all(projection.expr, &projection.input)? } else { projection.expr };
            if exprs.iter().any(|expr| holds(expr, numbered::is_needed)) {
                let (exprs, input) = numbered::joined(exprs.clone(), projection.input.as_ref().clone(), &exprs)?;
                return Ok(Transformed::yes(LogicalPlanBuilder::from(input).project(exprs)?.build()?));
            }
            let plan = LogicalPlanBuilder::from(projection.input).project(exprs)?.build()?;
            Ok(if has_predicates { Transformed::yes(plan) } else { Transformed::no(plan) })
        }
        LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) | LogicalPlan::Sort(_) if has_predicates => beneath(plan),
        other => Ok(Transformed::no(other)),
    }
}

/// Whether an expression has one of a kind in it.
fn holds(expr: &Expr, is_one: fn(&Expr) -> bool) -> bool {
    let mut found = false;
    let _ = expr.apply(|expr| {
        found |= is_one(expr);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

fn is_predicate(expr: &Expr) -> bool {
    matches!(expr, Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_))
}

/// Subqueries of an aggregation, a window or a sort are columns of a projection beneath it.
fn beneath(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let [input] = plan.inputs()[..] else { return Ok(Transformed::no(plan)) };
    let keeps_columns = !matches!(plan, LogicalPlan::Aggregate(_));
    let before: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
    let mut found: Vec<(Expr, String)> = Vec::new();
    let preserver = NamePreserver::new(&plan);
    let exprs = plan.expressions().into_iter().map(|expr| {
        let name = preserver.save(&expr);
        let replaced = expr.transform_down(|expr| {
            if !is_predicate(&expr) {
                return Ok(Transformed::no(expr));
            }
            let known = found.iter().find(|(one, _)| *one == expr).map(|(_, name)| name.clone());
            let name = known.unwrap_or_else(|| {
                let name = format!("lake_subquery_{}_{}", before.len(), found.len());
                found.push((expr.clone(), name.clone()));
                name
            });
            Ok(Transformed::yes(Expr::Column(Column::from_name(name))))
        })?;
        Ok(name.restore(replaced.data))
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    let columns = found.into_iter().map(|(expr, name)| Ok(counted::one(expr, input)?.alias(name)));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let projected = LogicalPlanBuilder::from(input.clone()).project(before.iter().cloned().chain(columns))?.build()?;
    let after: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let done = plan.with_new_exprs(exprs, vec![projected])?;
    let done = if keeps_columns { LogicalPlanBuilder::from(done).project(after)?.build()? } else { done };
    Ok(Transformed::yes(done))
}
