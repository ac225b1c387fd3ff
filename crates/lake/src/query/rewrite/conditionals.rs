//! IF and TRY.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{BinaryOperator, CaseWhen, Expr, Function};

use crate::query::build;
use crate::query::errors::SqlError;

/// `if(condition, value [, other])` is a CASE.
pub fn if_as_case(function: &Function) -> Result<Expr, SqlError> {
    let args = build::args_of(function).unwrap_or_default();
    let (condition, result, other) = match args.as_slice() {
        [condition, result] => ((*condition).clone(), (*result).clone(), None),
        [condition, result, other] => ((*condition).clone(), (*result).clone(), Some(Box::new((*other).clone()))),
        _ => return Err(SqlError::new("`if` takes a condition, a value and possibly another value").named("if")),
    };
    Ok(case(condition, result, other))
}

/// A CASE with one condition.
pub fn case(condition: Expr, result: Expr, other: Option<Box<Expr>>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: other,
    }
}

/// `try(expression)` is the expression, whose failing parts were made to answer null.
pub fn tried(function: &Function) -> Result<Expr, SqlError> {
    match build::args_of(function).unwrap_or_default().as_slice() {
        [inner] => Ok(Expr::Nested(Box::new((*inner).clone()))),
        _ => Err(SqlError::new("`try` takes one expression").named("try")),
    }
}

/// Inside TRY, dividing by zero answers null.
pub fn no_division_by_zero(expr: &mut Expr) {
    let Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, right, .. } = expr else { return };
    if !matches!(right.as_ref(), Expr::Function(function) if build::name_of(function).as_deref() == Some("nullif")) {
        let divisor = std::mem::replace(right.as_mut(), build::nothing());
        **right = build::call("nullif", vec![divisor, build::number(0)]);
    }
}
