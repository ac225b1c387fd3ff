//! UNNEST in FROM: lists, maps and lists of rows as rows, beside what stands before them.
//!
//! The rewriter has put each UNNEST into a nesting of its own (`rewrite::from`), so that here the types are known: a list of rows gives its
//! fields as columns, or - where only one name is given for them, as Athena's users do - the rows themselves.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, NullHandling, Result, TableReference, UnnestOptions, plan_err};
use datafusion::functions_nested::expr_fn::map_entries;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF, lit};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, JoinConstraint, JoinOperator, TableAlias, TableFactor, Value};

use super::functions::is_text;

/// The planner of UNNEST.
#[derive(Debug)]
pub struct UnnestPlanner {
    /// Makes a list of what is one.
    pub as_list: Arc<ScalarUDF>,
    /// Makes a map of what is one.
    pub as_map: Arc<ScalarUDF>,
    /// The numbers of elements.
    pub ordinals: Arc<ScalarUDF>,
    /// A field of a row.
    pub field: Arc<ScalarUDF>,
}

/// An UNNEST and what stands before it.
struct Found {
    left: Option<TableFactor>,
    alias: Option<TableAlias>,
    exprs: Vec<SqlExpr>,
    with_ordinality: bool,
    operator: Option<JoinOperator>,
}

impl RelationPlanner for UnnestPlanner {
    fn plan_relation(&self, relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        match found(relation) {
            Ok(found) => {
                let plan = self.plan(found, context)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
            }
            Err(other) => Ok(RelationPlanning::Original(other)),
        }
    }
}

/// Takes a nesting apart if its only join is an UNNEST.
fn found(relation: TableFactor) -> Result<Found, Box<TableFactor>> {
    let TableFactor::NestedJoin { table_with_joins: mut table, alias: None } = relation else { return Err(Box::new(relation)) };
    let (unnest, left, operator) = match (&table.relation, table.joins.as_slice()) {
        (TableFactor::UNNEST { .. }, []) => (table.relation, None, None),
        (_, [join]) if matches!(join.relation, TableFactor::UNNEST { .. }) => {
            let Some(join) = table.joins.pop() else {
                return Err(Box::new(TableFactor::NestedJoin { table_with_joins: table, alias: None }));
            };
            (join.relation, Some(table.relation), Some(join.join_operator))
        }
        _ => return Err(Box::new(TableFactor::NestedJoin { table_with_joins: table, alias: None })),
    };
    match unnest {
        TableFactor::UNNEST { alias, array_exprs: exprs, with_ordinality, .. } => {
            Ok(Found { left, alias, exprs, with_ordinality, operator })
        }
        other => Err(Box::new(other)),
    }
}

impl UnnestPlanner {
    fn plan(&self, found: Found, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let null_handling =
            if is_outer(found.operator.as_ref())? { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
        let left = match found.left {
            Some(left) => context.plan(left)?,
            None => LogicalPlanBuilder::empty(true).build()?,
        };
        let names = found
            .alias
            .as_ref()
            .map(|alias| alias.columns.iter().map(|column| context.normalize_ident(column.name.clone())).collect::<Vec<_>>())
            .unwrap_or_default();
        let relation = found.alias.map(|alias| TableReference::bare(context.normalize_ident(alias.name)));
        let names_of_values = names.len().saturating_sub(usize::from(found.with_ordinality));
        let mut lists = Vec::new();
        for expr in found.exprs {
            let expr = context.sql_to_expr(expr, left.schema())?;
            lists.push(self.list(expr, &left, names_of_values)?);
        }
        if found.with_ordinality {
            lists.push(self.ordinals.call(lists.clone()));
        }
        expand(left, lists, Naming { relation, names, ordinality: found.with_ordinality, field: &self.field }, null_handling)
    }

    /// What is unnested as a list: a map's entries, a document's elements or members.
    fn list(&self, expr: Expr, left: &LogicalPlan, names: usize) -> Result<Expr> {
        Ok(match expr.get_type(left.schema())? {
            DataType::Map(..) => map_entries(expr),
            kind if is_text(&kind) && names == 2 => map_entries(self.as_map.call(vec![expr])),
            kind if is_text(&kind) => self.as_list.call(vec![expr]),
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => expr,
            other => return plan_err!("UNNEST takes a list or a map, not {}", super::functions::type_name(&other)),
        })
    }
}

fn is_outer(operator: Option<&JoinOperator>) -> Result<bool> {
    let constraint = match operator {
        None | Some(JoinOperator::CrossJoin(_)) => return Ok(false),
        Some(
            JoinOperator::Inner(constraint)
            | JoinOperator::Join(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Left(constraint),
        ) => constraint,
        Some(_) => return plan_err!("UNNEST can be joined by CROSS JOIN, JOIN ... ON TRUE and LEFT JOIN ... ON TRUE"),
    };
    let is_true = match constraint {
        JoinConstraint::On(SqlExpr::Value(value)) => value.value == Value::Boolean(true),
        JoinConstraint::None => true,
        _ => false,
    };
    if !is_true {
        return plan_err!("UNNEST is joined ON TRUE; put the condition into WHERE");
    }
    Ok(matches!(operator, Some(JoinOperator::LeftOuter(_) | JoinOperator::Left(_))))
}

/// How the new columns are called.
struct Naming<'a> {
    relation: Option<TableReference>,
    names: Vec<String>,
    ordinality: bool,
    field: &'a Arc<ScalarUDF>,
}

fn expand(left: LogicalPlan, lists: Vec<Expr>, naming: Naming<'_>, null_handling: NullHandling) -> Result<LogicalPlan> {
    let before: Vec<Expr> = left.schema().columns().into_iter().map(Expr::Column).collect();
    let offset = before.len();
    let inner: Vec<String> = (0..lists.len()).map(|at| format!("lake_unnest_{}", offset + at)).collect();
    let aliased = lists.into_iter().zip(&inner).map(|(list, name)| list.alias(name));
    let columns = inner.iter().map(|name| Column::from_name(name.as_str())).collect();
    let unnested = LogicalPlanBuilder::from(left)
        .project(before.clone().into_iter().chain(aliased))?
        .unnest_columns_with_options(columns, UnnestOptions::new().with_null_handling(null_handling))?
        .build()?;
    let after = naming.columns(&unnested, &inner)?;
    LogicalPlanBuilder::from(unnested).project(before.into_iter().chain(after))?.build()
}

impl Naming<'_> {
    /// The new columns: rows spread into their fields, unless there is just one name for each.
    fn columns(&self, unnested: &LogicalPlan, inner: &[String]) -> Result<Vec<Expr>> {
        let mut spread: Vec<(Expr, String)> = Vec::new();
        let mut whole: Vec<(Expr, String)> = Vec::new();
        for (at, name) in inner.iter().enumerate() {
            let column = Expr::Column(Column::from_name(name.as_str()));
            let own = if self.ordinality && at + 1 == inner.len() { "ordinality".to_owned() } else { format!("_col{at}") };
            match column.get_type(unnested.schema())? {
                DataType::Struct(fields) => {
                    spread.extend(fields.iter().map(|field| {
                        (self.field.call(vec![column.clone(), lit(field.name().as_str())]), field.name().to_lowercase())
                    }))
                }
                _ => spread.push((column.clone(), own.clone())),
            }
            whole.push((column, own));
        }
        let chosen = match self.names.len() {
            0 => spread,
            count if count == spread.len() => spread,
            count if count == whole.len() => whole,
            count => return plan_err!("UNNEST gives {} columns here, and there are {count} names for them", spread.len()),
        };
        let names = chosen.iter().enumerate().map(|(at, (_, own))| self.names.get(at).unwrap_or(own).clone()).collect::<Vec<_>>();
        Ok(chosen.into_iter().zip(names).map(|((expr, _), name)| expr.alias_qualified(self.relation.clone(), name)).collect())
    }
}
