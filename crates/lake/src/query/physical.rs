//! The engine's rules for physical plans, with ours: what it does not get right by itself (DataFusion 55).

mod lambda_places;
mod same_order;

use std::sync::Arc;

use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;

use lambda_places::LambdaPlaces;
use same_order::SameOrder;

/// All rules in their order.
pub fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let engines = PhysicalOptimizer::new().rules.into_iter();
    let checked = engines.map(|rule| if rule.name() == same_order::CHECK { Arc::new(SameOrder(rule)) as _ } else { rule });
    // Before the engine makes projections one.
    let first: Arc<dyn PhysicalOptimizerRule + Send + Sync> = Arc::new(LambdaPlaces);
    [first].into_iter().chain(checked).collect()
}
