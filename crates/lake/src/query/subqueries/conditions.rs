//! IN, ANY and ALL in a condition.
//!
//! The planner joins `x IN (SELECT ...)`, and knows of it whether it holds, not whether that is unknown because a null is among the rows. Where a
//! condition is not just held together by AND and OR, that makes a difference: `NOT (x IN (1, null))` is unknown, not true. There the subquery is counted.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::{InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Subquery};

use super::{counted, holds};

/// Whether an expression is one of these.
pub fn is_one(expr: &Expr) -> bool {
    matches!(expr, Expr::InSubquery(_) | Expr::SetComparison(_))
}

/// The condition as the planner joins it rightly.
pub fn exact(condition: Expr, input: &LogicalPlan) -> Result<Expr> {
    let condition = condition.transform_up(|expr| if is_one(&expr) { plain(expr) } else { Ok(Transformed::no(expr)) })?.data;
    known(condition, input, true)
}

/// ANY and ALL as IN or as a comparison with the largest or smallest; IN over rows that have no SELECT with one.
fn plain(expr: Expr) -> Result<Transformed<Expr>> {
    match expr {
        Expr::SetComparison(SetComparison { expr, subquery, op, quantifier }) => {
            let negated = match (op, quantifier) {
                (Operator::Eq, SetQuantifier::Any) => false,
                (Operator::NotEq, SetQuantifier::All) => true,
                (op, quantifier) => return Ok(Transformed::yes(counted::compared(&expr, &subquery, op, quantifier)?)),
            };
            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery: selected(subquery)?, negated })))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) if matches!(*subquery.subquery, LogicalPlan::Values(_)) => {
            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery: selected(subquery)?, negated })))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn selected(subquery: Subquery) -> Result<Subquery> {
    let LogicalPlan::Values(_) = subquery.subquery.as_ref() else { return Ok(subquery) };
    let column = counted::only_column(&subquery)?.alias(counted::MEMBER);
    let plan = LogicalPlanBuilder::from(subquery.subquery.as_ref().clone()).project([column])?.build()?;
    Ok(Subquery { subquery: Arc::new(plan), ..subquery })
}

/// Counts the subqueries of which it matters whether they are unknown.
fn known(condition: Expr, input: &LogicalPlan, is_top: bool) -> Result<Expr> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let is_top = is_top && op == Operator::And;
            let (left, right) = (known(*left, input, is_top)?, known(*right, input, is_top)?);
            Ok(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) }))
        }
        Expr::InSubquery(one) if is_top || !one.negated => Ok(Expr::InSubquery(one)),
        other if holds(&other, is_one) => {
            let done = other.transform_up(|expr| {
                if is_one(&expr) { Ok(Transformed::yes(counted::one(expr, input)?)) } else { Ok(Transformed::no(expr)) }
            })?;
            Ok(done.data)
        }
        other => Ok(other),
    }
}
