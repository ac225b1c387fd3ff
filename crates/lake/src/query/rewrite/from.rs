//! FROM: each UNNEST is nested around what stands before it, because it may use all of that.
//!
//! `FROM a JOIN b ON c CROSS JOIN UNNEST(b.d) AS t(e), f` becomes `FROM ((a JOIN b ON c) CROSS JOIN UNNEST(b.d) AS t(e)) CROSS JOIN f`. A
//! nesting whose only join is an UNNEST is then planned in one piece (`crate::query::unnest`).

use datafusion::sql::sqlparser::ast::{Join, JoinConstraint, JoinOperator, TableAlias, TableFactor, TableWithJoins};

use crate::query::build;

/// Nests the UNNESTs of a FROM.
pub fn fold_unnest(from: Vec<TableWithJoins>) -> Vec<TableWithJoins> {
    let has_unnest =
        |table: &TableWithJoins| is_unnest(&table.relation) || table.joins.iter().any(|join| is_unnest(&join.relation));
    if !from.iter().any(has_unnest) {
        return from;
    }
    let mut left: Option<TableWithJoins> = None;
    for table in from {
        left = Some(match left {
            None => TableWithJoins { relation: first(table.relation), joins: Vec::new() },
            Some(left) => joined(left, cross(table.relation)),
        });
        for join in table.joins {
            left = left.map(|left| joined(left, join));
        }
    }
    left.into_iter().collect()
}

fn joined(mut left: TableWithJoins, join: Join) -> TableWithJoins {
    if !is_unnest(&join.relation) {
        left.joins.push(join);
        return left;
    }
    let before = if left.joins.is_empty() { left.relation } else { nested(left) };
    let relation = nested(TableWithJoins { relation: before, joins: vec![join] });
    TableWithJoins { relation, joins: Vec::new() }
}

/// An UNNEST that stands first is nested alone.
fn first(relation: TableFactor) -> TableFactor {
    if is_unnest(&relation) { nested(TableWithJoins { relation, joins: Vec::new() }) } else { relation }
}

fn nested(table: TableWithJoins) -> TableFactor {
    TableFactor::NestedJoin { table_with_joins: Box::new(table), alias: None }
}

fn cross(relation: TableFactor) -> Join {
    Join { relation, global: false, join_operator: JoinOperator::CrossJoin(JoinConstraint::None) }
}

fn is_unnest(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::UNNEST { .. })
}

/// A table's alias.
pub fn alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: build::name(name), columns: Vec::new(), at: None }
}
