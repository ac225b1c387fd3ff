//! The columns of an answer whose types only Trino writes its own way: intervals, times in other zones, and maps without text for keys.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::prelude::SessionContext;

use super::functions::SHOWN;

/// Adds a projection where a column needs it.
pub fn shown(plan: LogicalPlan, context: &SessionContext) -> Result<LogicalPlan> {
    if plan.schema().fields().iter().all(|field| is_plain(field.data_type())) {
        return Ok(plan);
    }
    let state = context.state();
    let as_text = state.scalar_functions().get(SHOWN).cloned();
    let as_text = as_text.ok_or_else(|| DataFusionError::Plan(format!("function {SHOWN} is not registered")))?;
    let columns = plan.schema().columns().into_iter().zip(plan.schema().fields().iter().cloned().collect::<Vec<_>>());
    let exprs: Vec<Expr> = columns
        .map(|(column, field)| {
            let (relation, name) = (column.relation.clone(), column.name.clone());
            match field.data_type() {
                kind if is_plain(kind) => Expr::Column(column),
                DataType::Map(entries, sorted) => {
                    cast(Expr::Column(column), with_text_keys(entries, *sorted)).alias_qualified(relation, name)
                }
                _ => as_text.call(vec![Expr::Column(column)]).alias_qualified(relation, name),
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

fn is_plain(kind: &DataType) -> bool {
    match kind {
        DataType::Interval(_) | DataType::Duration(_) => false,
        DataType::Timestamp(_, Some(zone)) => matches!(zone.as_ref(), "UTC" | "+00:00"),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => fields.first().is_some_and(|key| super::functions::is_text(key.data_type())),
            _ => true,
        },
        _ => true,
    }
}

fn with_text_keys(entries: &Arc<Field>, sorted: bool) -> DataType {
    let DataType::Struct(fields) = entries.data_type() else { return DataType::Map(Arc::clone(entries), sorted) };
    let fields: Vec<Field> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| if at == 0 { Field::new(field.name(), DataType::Utf8, false) } else { field.as_ref().clone() })
        .collect();
    DataType::Map(Arc::new(Field::new(entries.name(), DataType::Struct(fields.into()), false)), sorted)
}
