//! The columns of an answer: `*` over events, names as Lake gives them, `_col0` for what has none, and names that are there twice.

use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::paths;
use super::scope::{Offers, Relation, Scope, wildcard_of};
use crate::query::build;

/// A column's name as Lake gives it: the alias, the last part of a path as it is written, or `_col` and its position.
pub fn header(item: &SelectItem, at: usize) -> String {
    let name = match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expr) => own_name(expr),
        _ => None,
    };
    name.unwrap_or_else(|| format!("_col{at}"))
}

fn own_name(expr: &Expr) -> Option<String> {
    use datafusion::sql::sqlparser::ast::AccessExpr;
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.clone()),
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(name))) => Some(name.value.clone()),
            _ => None,
        },
        Expr::Nested(inner) => own_name(inner),
        _ => None,
    }
}

/// Where a SELECT begins.
pub fn begin(select: &Select) -> Location {
    select.select_token.0.span.start
}

/// Where the SELECT begins that names the columns of a query: neither one of WITH, which comes before it, nor one inside of it.
pub fn leading(mut body: &SetExpr) -> Option<Location> {
    loop {
        match body {
            SetExpr::Select(select) => return Some(begin(select)),
            SetExpr::Query(query) => body = &query.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}

/// The headers of VALUES that stands alone.
pub fn of_values(body: &SetExpr) -> Option<Vec<String>> {
    let SetExpr::Values(values) = body else { return None };
    let width = values.rows.first().map_or(0, |row| row.content.len());
    Some((0..width).map(|at| format!("_col{at}")).collect())
}

/// Gives every column of a SELECT its name, each once; returns the headers, which may repeat.
pub fn name_columns(select: &mut Select, scope: &Scope) -> Vec<String> {
    let mut items = Vec::new();
    for item in std::mem::take(&mut select.projection) {
        expand(item, scope, &mut items);
    }
    let mut headers = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for (at, item) in items.iter_mut().enumerate() {
        if matches!(item, SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_)) {
            headers.push("*".to_owned());
            continue;
        }
        let header = header(item, at);
        let name = free_name(&header.to_lowercase(), &taken);
        taken.push(name.clone());
        let is_merged = scope.merged.iter().any(|merged| merged.name == name);
        *item = named(std::mem::replace(item, SelectItem::Wildcard(Default::default())), name, is_merged);
        headers.push(header);
    }
    select.projection = items;
    headers
}

fn free_name(name: &str, taken: &[String]) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while taken.contains(&free) {
        free = format!("{name}${number}");
        number += 1;
    }
    free
}

/// A plain column keeps its place in its relation where its name is its own; one of USING has none.
fn named(item: SelectItem, name: String, is_merged: bool) -> SelectItem {
    let expr = match item {
        SelectItem::UnnamedExpr(expr) if is_merged => expr,
        SelectItem::UnnamedExpr(Expr::Identifier(own)) if own.value.to_lowercase() == name && !paths::is_top_level(&name) => {
            return SelectItem::UnnamedExpr(Expr::Identifier(own));
        }
        SelectItem::UnnamedExpr(Expr::Identifier(own)) if own.value.to_lowercase() == name && paths::column(&name).is_some() => {
            return SelectItem::UnnamedExpr(Expr::Identifier(own));
        }
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr,
        other => return other,
    };
    SelectItem::ExprWithAlias { expr, alias: build::name(&name) }
}

fn expand(item: SelectItem, scope: &Scope, to: &mut Vec<SelectItem>) {
    match &item {
        SelectItem::Wildcard(options)
            if (scope.has_events() || !scope.merged.is_empty() || scope.is_known()) && is_plain(options) =>
        {
            let merged: Vec<&str> = scope.merged.iter().map(|merged| merged.name.as_str()).collect();
            let spelled = |name: &str| paths::top_level_fields().into_iter().find(|field| field.eq_ignore_ascii_case(name));
            to.extend(merged.iter().map(|name| SelectItem::ExprWithAlias {
                expr: Expr::Identifier(build::name(name)),
                alias: Ident::new(spelled(name).unwrap_or(name)),
            }));
            scope.relations.iter().for_each(|relation| expand_relation(relation, &merged, to));
        }
        SelectItem::QualifiedWildcard(kind, options) if is_plain(options) => match scope.relation(&wildcard_of(kind)) {
            Some(relation) if relation.offers != Offers::Columns(Vec::new()) => expand_relation(relation, &[], to),
            None if scope.has_events() && !fields_of(kind).is_empty() => expand_struct(kind, to),
            _ => to.push(item),
        },
        _ => to.push(item),
    }
}

/// The fields of `userIdentity.*`.
fn fields_of(kind: &SelectItemQualifiedWildcardKind) -> Vec<&'static str> {
    paths::fields_of(&path_of(kind))
}

fn path_of(kind: &SelectItemQualifiedWildcardKind) -> Vec<Ident> {
    match kind {
        SelectItemQualifiedWildcardKind::ObjectName(name) => name.0.iter().filter_map(|part| part.as_ident().cloned()).collect(),
        SelectItemQualifiedWildcardKind::Expr(_) => Vec::new(),
    }
}

fn expand_struct(kind: &SelectItemQualifiedWildcardKind, to: &mut Vec<SelectItem>) {
    let path = path_of(kind);
    to.extend(fields_of(kind).into_iter().map(|field| SelectItem::ExprWithAlias {
        expr: Expr::CompoundIdentifier(path.iter().cloned().chain([Ident::new(field)]).collect()),
        alias: Ident::new(field),
    }));
}

fn is_plain(options: &datafusion::sql::sqlparser::ast::WildcardAdditionalOptions) -> bool {
    options.opt_exclude.is_none() && options.opt_except.is_none() && options.opt_replace.is_none() && options.opt_rename.is_none()
}

/// All columns of a relation but some.
fn expand_relation(relation: &Relation, but: &[&str], to: &mut Vec<SelectItem>) {
    let part = |name: String| match relation.name.is_empty() {
        true => Expr::Identifier(build::name(&name)),
        false => Expr::CompoundIdentifier(vec![build::name(&relation.name), build::name(&name)]),
    };
    match &relation.offers {
        Offers::Events => {
            let fields = paths::top_level_fields().into_iter().filter(|field| !but.contains(&field.to_lowercase().as_str()));
            to.extend(fields.map(|field| SelectItem::ExprWithAlias { expr: part(field.to_lowercase()), alias: Ident::new(field) }));
        }
        Offers::Columns(columns) => {
            let columns = columns.iter().filter(|column| !but.iter().any(|but| but.eq_ignore_ascii_case(column)));
            to.extend(
                columns.map(|column| SelectItem::ExprWithAlias {
                    expr: part(column.to_lowercase()),
                    alias: Ident::new(column.clone()),
                }),
            );
        }
    }
}
