//! `deliveries` with its column `verdict`: the latest one, `pending` where there is none.
//!
//! Only a statement that can see the column pays for the join: one that names it, or that asks for all columns.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Visit, Visitor};

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::files::FilesTable;
use crate::error::LakeError;
use crate::verdicts::PENDING;

const COLUMN: &str = "verdict";

/// Whether a statement can see the column.
pub fn is_asked_for(query: &Query, tokens: &[TokenWithSpan]) -> bool {
    let is_it = |token: &TokenWithSpan| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case(COLUMN));
    tokens.iter().any(is_it) || query.visit(&mut AllColumns).is_break()
}

/// Stops at a `*` that stands for columns, and at the column (a `*` that was rewritten names it).
struct AllColumns;

impl Visitor for AllColumns {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if has_all_columns(&query.body) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let name = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        if name.is_some_and(|name| name.value.eq_ignore_ascii_case(COLUMN)) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Set operations nest as deep as the parser lets them: they are walked, not called.
fn has_all_columns(body: &SetExpr) -> bool {
    let mut bodies = vec![body];
    while let Some(body) = bodies.pop() {
        match body {
            SetExpr::SetOperation { left, right, .. } => bodies.extend([left.as_ref(), right.as_ref()]),
            SetExpr::Select(select) => {
                let is_all = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
                if select.projection.is_empty() || select.projection.iter().any(is_all) {
                    return true;
                }
            }
            // A query in parentheses is visited by itself.
            SetExpr::Query(_) | SetExpr::Values(_) => {}
            _ => return true,
        }
    }
    false
}

/// The ledger with the column.
pub async fn deliveries(ledger: FilesTable, verdicts: FilesTable) -> Result<Arc<dyn TableProvider>, LakeError> {
    let context = SessionContext::new();
    let has_verdicts = !verdicts.is_empty();
    context.register_table("ledger", Arc::new(ledger))?;
    context.register_table("verdicts", Arc::new(verdicts))?;
    let plain = format!("SELECT *, '{PENDING}' AS verdict FROM ledger");
    let joined = format!(
        "SELECT l.*, coalesce(v.verdict, '{PENDING}') AS verdict
         FROM ledger AS l
         LEFT JOIN (SELECT deliveryday, delivery, last_value(verdict ORDER BY judgedat) AS verdict
                    FROM verdicts WHERE delivery IS NOT NULL GROUP BY deliveryday, delivery) AS v
         ON l.deliveryday = v.deliveryday AND l.delivery = v.delivery"
    );
    let frame = context.sql(if has_verdicts { &joined } else { &plain }).await?;
    Ok(frame.into_view())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_can_see_it_asks_for_it() {
        let cases = [
            ("SELECT key FROM deliveries", false),
            ("SELECT count(*) FROM deliveries WHERE status = 'refused'", false),
            ("SELECT a FROM x UNION ALL SELECT b FROM y", false),
            ("SELECT key FROM deliveries WHERE Verdict = 'altered'", true),
            ("SELECT * FROM deliveries", true),
            ("SELECT d.* FROM deliveries AS d", true),
            ("SELECT 1 FROM (SELECT * FROM deliveries)", true),
            ("WITH w AS (SELECT * FROM deliveries) SELECT 1 FROM w", true),
            ("SELECT a FROM x UNION ALL (SELECT b FROM y UNION SELECT * FROM z)", true),
            ("SELECT (SELECT max(k) FROM (SELECT * FROM deliveries)) FROM x", true),
        ];
        for (sql, expected) in cases {
            let read = crate::query::statement::read(sql, &[]).unwrap();
            assert_eq!(is_asked_for(&read.query, &read.tokens), expected, "{sql}");
        }
    }
}
