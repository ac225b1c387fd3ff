//! What operators mean where Trino, or a Lake query, differs from the engine: comparisons with text, and fields of documents.

use arrow::datatypes::{DataType, Field};
use datafusion::common::utils::list_ndims;
use datafusion::common::{Column, DFSchema, Result, ScalarValue, TableReference, plan_err};
use datafusion::functions_nested::expr_fn::{array_append, array_concat, array_prepend};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, lit, when};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use std::cmp::Ordering;
use std::sync::Arc;

use super::functions::is_text;

/// The planner of operators.
#[derive(Debug)]
pub struct Operators {
    /// The function behind `x.field`.
    pub field: Arc<ScalarUDF>,
    /// The function behind `2 * INTERVAL '1' DAY`.
    pub times: Arc<ScalarUDF>,
}

impl ExprPlanner for Operators {
    /// `readOnly = 'true'`, `sessionCredentialFromConsole = true` and `count(*) > '5'`: a literal is what the other side is. A time compared with text that is no time is an error
    /// that says so.
    fn plan_binary_op(&self, mut expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if matches!(expr.op, Eq | NotEq | Lt | LtEq | Gt | GtEq) {
            let (left, right) = (expr.left.get_type(schema), expr.right.get_type(schema));
            if let (Ok(left), Ok(right)) = (left, right) {
                self.adapt(&mut expr.right, &left)?;
                self.adapt(&mut expr.left, &right)?;
                comparable(&expr, &left, &right)?;
            }
        }
        if matches!(expr.op, BinaryOperator::Multiply | BinaryOperator::Divide)
            && let Some(span) = self.multiple(&expr, schema)
        {
            return Ok(PlannerResult::Planned(span));
        }
        match joined_lists(&expr, schema) {
            Some(joined) => Ok(PlannerResult::Planned(joined?)),
            None => Ok(PlannerResult::Original(expr)),
        }
    }

    /// Fields of a document's text or of a row, in any case.
    fn plan_compound_identifier(
        &self,
        field: &Field,
        qualifier: Option<&TableReference>,
        names: &[String],
    ) -> Result<PlannerResult<Vec<Expr>>> {
        let column = Expr::Column(Column::from((qualifier, field)));
        let reached = names.iter().fold(column, |from, name| self.field.call(vec![from, lit(name.as_str())]));
        Ok(PlannerResult::Planned(reached))
    }
}

/// Lists joined by `||`: where one is null, so is what they give. The engine would take it for an empty one.
fn joined_lists(expr: &RawBinaryExpr, schema: &DFSchema) -> Option<Result<Expr>> {
    if expr.op != BinaryOperator::StringConcat {
        return None;
    }
    let depth = |side: &Expr| side.get_type(schema).map_or(0, |kind| list_ndims(&kind));
    let (left, right) = (depth(&expr.left), depth(&expr.right));
    let (first, second) = (expr.left.clone(), expr.right.clone());
    let joined = match left.cmp(&right) {
        Ordering::Equal if left == 0 => return None,
        Ordering::Equal => array_concat(vec![first, second]),
        Ordering::Greater => array_append(first, second),
        Ordering::Less => array_prepend(first, second),
    };
    let lists = [(&expr.left, left), (&expr.right, right)].into_iter().filter(|(_, depth)| *depth > 0);
    let is_null = lists.map(|(side, _)| side.clone().is_null()).reduce(Expr::or)?;
    Some(when(is_null, lit(ScalarValue::Null)).otherwise(joined))
}

/// A time is not compared with a number.
fn comparable(expr: &RawBinaryExpr, left: &DataType, right: &DataType) -> Result<()> {
    let is_time = |kind: &DataType| matches!(kind, DataType::Timestamp(..) | DataType::Date32);
    let is_number = |kind: &DataType| kind.is_numeric() && !is_text(kind);
    if !(is_time(left) && is_number(right) || is_number(left) && is_time(right)) {
        return Ok(());
    }
    let (left, right) = (super::functions::type_name(left), super::functions::type_name(right));
    let what = format!("a {left} cannot be compared with a {right} by `{}`", expr.op);
    plan_err!("{what}; write times as '2026-11-01 10:00:00', or make one with from_unixtime(...)")
}

impl Operators {
    /// An interval times or divided by a number.
    fn multiple(&self, expr: &RawBinaryExpr, schema: &DFSchema) -> Option<Expr> {
        let is_span = |side: &Expr| side.get_type(schema).is_ok_and(|kind| super::functions::is_span(&kind));
        let (left, right) = (expr.left.clone(), expr.right.clone());
        match (is_span(&left), is_span(&right), &expr.op) {
            (true, false, BinaryOperator::Multiply) => Some(self.times.call(vec![left, right])),
            (false, true, BinaryOperator::Multiply) => Some(self.times.call(vec![right, left])),
            (true, false, BinaryOperator::Divide) => Some(self.times.call(vec![left, lit(1.0) / right])),
            _ => None,
        }
    }

    fn adapt(&self, literal: &mut Expr, other: &DataType) -> Result<()> {
        let Expr::Literal(value, _) = &*literal else { return Ok(()) };
        if let ScalarValue::Boolean(Some(truth)) = value
            && is_text(other)
        {
            *literal = lit(if *truth { "true" } else { "false" });
            return Ok(());
        }
        let Some(Some(text)) = value.try_as_str() else { return Ok(()) };
        let read = match other {
            DataType::Boolean => text.to_ascii_lowercase().parse::<bool>().ok().map(|value| ScalarValue::Boolean(Some(value))),
            kind if kind.is_numeric() && !is_text(kind) => {
                text.trim().parse::<f64>().ok().map(|number| ScalarValue::Float64(Some(number)))
            }
            DataType::Timestamp(..) => {
                let us = super::functions::read_time(text).map_err(datafusion::common::DataFusionError::Execution)?;
                Some(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())))
            }
            _ => None,
        };
        if let Some(value) = read {
            let whole = |number: &ScalarValue| matches!(number, ScalarValue::Float64(Some(number)) if number.fract() == 0.0);
            *literal = if other.is_integer() && whole(&value) { lit(value.cast_to(other).unwrap_or(value)) } else { lit(value) };
        }
        Ok(())
    }
}
