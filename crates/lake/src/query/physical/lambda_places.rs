//! Keeps the parameters of lambdas apart from columns.
//!
//! The engine gives a parameter the place behind all columns of the plan beneath (DataFusion 55). Where projections and filters are later
//! made one or pushed down, there may be more columns, and the place is that of a column. So parameters get places that no column has.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::LambdaVariable;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

/// The first place of a parameter; no plan has as many columns.
const FIRST_PLACE: usize = 1 << 24;

/// The rule.
#[derive(Debug)]
pub struct LambdaPlaces;

impl PhysicalOptimizerRule for LambdaPlaces {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(moved).map(|done| done.data)
    }

    fn name(&self) -> &str {
        "lambda_places"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn moved(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        let done = Arc::clone(filter.predicate()).transform_up(parameter)?;
        if done.transformed {
            return Ok(Transformed::yes(Arc::new(FilterExecBuilder::from(filter).with_predicate(done.data).build()?)));
        }
    }
    let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(plan)) };
    let mut is_moved = false;
    let exprs = projection.expr().iter().map(|column| {
        let done = Arc::clone(&column.expr).transform_up(parameter)?;
        is_moved |= done.transformed;
        Ok(ProjectionExpr { expr: done.data, alias: column.alias.clone() })
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    if !is_moved {
        return Ok(Transformed::no(plan));
    }
    Ok(Transformed::yes(Arc::new(ProjectionExec::try_new(exprs, Arc::clone(projection.input()))?)))
}

fn parameter(expr: Arc<dyn PhysicalExpr>) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
    match expr.downcast_ref::<LambdaVariable>() {
        Some(variable) if variable.index() < FIRST_PLACE => {
            let place = FIRST_PLACE + variable.index();
            Ok(Transformed::yes(Arc::new(LambdaVariable::new(place, Arc::clone(variable.field())))))
        }
        _ => Ok(Transformed::no(expr)),
    }
}
