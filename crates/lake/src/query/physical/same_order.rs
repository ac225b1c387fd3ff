//! Lets plans through whose order is the one that is asked for.
//!
//! The engine checks a plan at its end. Where a function says nothing of an expression - `sqrt` of what may be negative, the negative of what has no
//! bounds - it takes that expression's order for unknown, and refuses a plan that is sorted by it: `[sqrt(x)]` is said not to satisfy `[sqrt(x)]`.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

/// The name of the engine's check.
pub const CHECK: &str = "SanityCheckPlan";

/// The engine's check, but for that.
#[derive(Debug)]
pub struct SameOrder(pub Arc<dyn PhysicalOptimizerRule + Send + Sync>);

impl PhysicalOptimizerRule for SameOrder {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        match self.0.optimize(Arc::clone(&plan), config) {
            Err(error) if says_same(&error.strip_backtrace()) => Ok(plan),
            other => other,
        }
    }

    fn name(&self) -> &str {
        CHECK
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

/// `... does not satisfy order requirements: [a DESC]. Child-0 order: [[a DESC], [b]]`.
fn says_same(text: &str) -> bool {
    let Some((_, orders)) = text.split_once("does not satisfy order requirements: [") else { return false };
    let Some((wanted, had)) = orders.split_once("]. Child-") else { return false };
    had.contains(&format!("[{wanted}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_order_is_let_through() {
        let said = |orders: &str| says_same(&format!("Plan: [x] does not satisfy order requirements: {orders}"));
        assert!(said("[sqrt(a@1) DESC, b@0 ASC]. Child-0 order: [[sqrt(a@1) DESC, b@0 ASC]]"));
        assert!(said("[a@1 DESC]. Child-0 order: [[b@0 ASC], [a@1 DESC]]"));
        assert!(!said("[a@1 DESC]. Child-0 order: [[a@1 ASC]]"));
        assert!(!said("[a@1 DESC]. Child-0 order: []"));
        assert!(!says_same("Plan: [x] does not satisfy distribution requirements: SinglePartition"));
    }
}
