//! `TABLESAMPLE BERNOULLI (10)`: each row is there with that chance.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, JoinOperator, Select, TableFactor, TableSampleKind, TableSampleMethod,
};

use crate::query::build;
use crate::query::dialect::CAST;
use crate::query::errors::SqlError;

/// Makes conditions of the samples of a FROM.
pub fn rewrite(select: &mut Select) -> Result<(), SqlError> {
    let mut chances = Vec::new();
    for table in &mut select.from {
        chances.extend(chance(&mut table.relation, true)?);
        for join in &mut table.joins {
            let keeps = matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_));
            chances.extend(chance(&mut join.relation, keeps)?);
        }
    }
    for chance in chances {
        select.selection = Some(match select.selection.take() {
            Some(condition) => build::and(condition, chance),
            None => chance,
        });
    }
    Ok(())
}

fn chance(factor: &mut TableFactor, keeps: bool) -> Result<Option<Expr>, SqlError> {
    let TableFactor::Table { sample, .. } = factor else { return Ok(None) };
    let Some(TableSampleKind::BeforeTableAlias(found) | TableSampleKind::AfterTableAlias(found)) = sample.take() else {
        return Ok(None);
    };
    let found = *found;
    let wrong = || {
        SqlError::new("a table is sampled by `TABLESAMPLE BERNOULLI (percent)`, and not behind an outer join")
            .named("tablesample")
            .hint("or ask for random() < 0.1 in WHERE")
    };
    if !keeps || !matches!(found.name, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System)) || found.seed.is_some() {
        return Err(wrong());
    }
    let percent = found.quantity.filter(|quantity| quantity.unit.is_none()).ok_or_else(wrong)?.value;
    let percent = build::call(CAST, vec![percent, build::text("double")]);
    let drawn = Expr::BinaryOp {
        left: Box::new(build::call("random", Vec::new())),
        op: BinaryOperator::Multiply,
        right: Box::new(build::number(100)),
    };
    Ok(Some(Expr::BinaryOp { left: Box::new(drawn), op: BinaryOperator::Lt, right: Box::new(percent) }))
}
