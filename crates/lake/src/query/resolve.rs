//! Names: AWS's nested paths become flat columns, before planning.
//!
//! `userIdentity.sessionContext.sessionIssuer.arn` is one flat column; `userIdentity` alone is a struct put together from its
//! columns; `eventJson` is a function of the row; `*` is the event as CloudTrail Lake shows it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, TableFactor, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use record::columns::{COLUMNS, Kind};

use super::{EVENTS, event_json};
use crate::rebuild::needed_columns;

/// Column headers as the statement spells them, where that can be told.
pub fn headers(statement: &Statement) -> Option<Vec<String>> {
    let Statement::Query(query) = statement else { return None };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let over_events = is_over_events(select);
    let mut headers = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(_) if over_events => headers.extend(top_level_fields().into_iter().map(str::to_owned)),
            other => headers.push(header(other)?),
        }
    }
    Some(headers)
}

fn is_over_events(select: &Select) -> bool {
    matches!(select.from.as_slice(), [table] if table.joins.is_empty() && is_events(&table.relation))
}

fn header(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|part| part.value.clone()),
        SelectItem::UnnamedExpr(other) => Some(other.to_string()),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    }
}

/// Rewrites the names of a statement.
pub fn rewrite(statement: &mut Statement) {
    let _ = VisitMut::visit(statement, &mut Names);
}

struct Names;

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            name_projection(select);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(resolved) = resolve(expr) {
            *expr = resolved;
        }
        ControlFlow::Continue(())
    }
}

/// Expands `*` over the events, and names projected paths by their last part, as Lake does.
fn name_projection(select: &mut Select) {
    let over_events = is_over_events(select);
    let mut items = Vec::new();
    for item in std::mem::take(&mut select.projection) {
        match item {
            SelectItem::Wildcard(_) if over_events => items.extend(lake_columns()),
            SelectItem::UnnamedExpr(expr) => items.push(named(expr)),
            other => items.push(other),
        }
    }
    let count_of = |items: &[SelectItem], name: &Ident| {
        items.iter().filter(|item| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias == name)).count()
    };
    let names = items.clone();
    for item in &mut items {
        // Two columns of one name cannot be told apart: those keep their full names.
        if let SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(parts), alias } = item
            && count_of(&names, alias) > 1
        {
            alias.value = parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join("_");
        }
    }
    select.projection = items;
}

fn is_events(table: &TableFactor) -> bool {
    matches!(table, TableFactor::Table { name, .. } if name.to_string().eq_ignore_ascii_case(EVENTS))
}

fn named(expr: Expr) -> SelectItem {
    let alias = match &expr {
        Expr::CompoundIdentifier(parts) if resolve(&expr).is_some() => parts.last().map(|part| part.value.to_lowercase()),
        Expr::Identifier(name) if resolve(&expr).is_some() => Some(name.value.to_lowercase()),
        _ => None,
    };
    match alias {
        Some(alias) => SelectItem::ExprWithAlias { expr, alias: Ident::new(alias) },
        None => SelectItem::UnnamedExpr(expr),
    }
}

/// Each top-level field of an event once, as AWS spells it.
fn top_level_fields() -> Vec<&'static str> {
    let mut seen: Vec<&str> = Vec::new();
    for spec in COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot) {
        let top = spec.path.split('.').next().unwrap_or(spec.path);
        if !seen.contains(&top) {
            seen.push(top);
        }
    }
    seen
}

/// The columns of `SELECT *`.
fn lake_columns() -> Vec<SelectItem> {
    top_level_fields().into_iter().map(|name| named(Expr::Identifier(Ident::new(name.to_lowercase())))).collect()
}

/// What a name stands for, if it is not simply a column.
fn resolve(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Identifier(name) => whole(None, &name.value.to_lowercase()),
        Expr::CompoundIdentifier(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
            path(None, &parts).or_else(|| {
                let (table, rest) = parts.split_first()?;
                path(Some(table), rest)
            })
        }
        _ => None,
    }
}

/// A path of at least two parts, or a whole struct behind a table's alias.
fn path(table: Option<&String>, parts: &[String]) -> Option<Expr> {
    let name = parts.join("_");
    if parts.len() > 1 && COLUMNS.iter().any(|spec| spec.name == name) {
        return Some(column(table, &name));
    }
    if parts.len() == 1 && table.is_none() {
        return None;
    }
    whole(table, &name)
}

fn column(table: Option<&String>, name: &str) -> Expr {
    match table {
        Some(table) => Expr::CompoundIdentifier(vec![Ident::new(table.clone()), Ident::new(name)]),
        None => Expr::Identifier(Ident::new(name)),
    }
}

/// A whole struct, or the event's JSON.
fn whole(table: Option<&String>, name: &str) -> Option<Expr> {
    let qualifier = table.map(|table| format!("{table}.")).unwrap_or_default();
    let text = if name == "eventjson" {
        let columns: Vec<String> = needed_columns().into_iter().map(|column| format!("{qualifier}{column}")).collect();
        format!("{}({})", event_json::NAME, columns.join(", "))
    } else {
        structure(&qualifier, name)?
    };
    Parser::new(&DuckDbDialect {}).try_with_sql(&text).ok()?.parse_expr().ok()
}

/// `named_struct(...)` over the columns below a path.
fn structure(qualifier: &str, name: &str) -> Option<String> {
    let prefix = format!("{name}_");
    let below: Vec<&str> =
        COLUMNS.iter().filter(|spec| spec.kind != Kind::Hot).map(|spec| spec.name).filter(|n| n.starts_with(&prefix)).collect();
    if below.is_empty() {
        return None;
    }
    let mut fields: Vec<String> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for column in below {
        let field = column.strip_prefix(&prefix)?.split('_').next()?;
        if seen.contains(&field) {
            continue;
        }
        seen.push(field);
        let inner = structure(qualifier, &format!("{prefix}{field}")).unwrap_or_else(|| format!("{qualifier}{prefix}{field}"));
        fields.push(format!("'{field}', {inner}"));
    }
    Some(format!("named_struct({})", fields.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(sql: &str) -> String {
        let mut statement = Parser::parse_sql(&DuckDbDialect {}, sql).unwrap().remove(0);
        rewrite(&mut statement);
        statement.to_string()
    }

    #[test]
    fn paths_reach_flat_columns() {
        let cases = [
            ("SELECT eventName FROM events", "SELECT eventName FROM events"),
            ("SELECT userIdentity.arn FROM events", "SELECT useridentity_arn AS arn FROM events"),
            (
                "SELECT e.userIdentity.sessionContext.sessionIssuer.userName FROM events AS e",
                "SELECT e.useridentity_sessioncontext_sessionissuer_username AS username FROM events AS e",
            ),
            ("SELECT 1 FROM events WHERE tlsDetails.tlsVersion = 'x'", "SELECT 1 FROM events WHERE tlsdetails_tlsversion = 'x'"),
            (
                "SELECT userIdentity.arn, userIdentity.sessionContext.sessionIssuer.arn FROM events",
                "SELECT useridentity_arn AS useridentity_arn, useridentity_sessioncontext_sessionissuer_arn AS useridentity_sessioncontext_sessionissuer_arn FROM events",
            ),
        ];
        for (sql, expected) in cases {
            assert_eq!(rewritten(sql), expected);
        }
        assert!(rewritten("SELECT userIdentity FROM events").starts_with("SELECT named_struct('type', useridentity_type, "));
        assert!(rewritten("SELECT * FROM events").contains("named_struct('tlsversion', tlsdetails_tlsversion"));
    }
}
