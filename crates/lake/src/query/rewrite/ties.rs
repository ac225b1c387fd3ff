//! `FETCH FIRST n ROWS WITH TIES`: the rows whose rank is not above n.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Fetch, GroupByExpr, Ident, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor,
    SelectItem, SetExpr, TableFactor, TableWithJoins, Value, WindowSpec, WindowType,
};

use super::from;
use crate::query::build;
use crate::query::errors::SqlError;

const RANK: &str = "lake_rank";

/// Puts a query with ties into one that asks for the rank.
pub fn rewrite(query: &mut Query) -> Result<(), SqlError> {
    let Some(Fetch { quantity, .. }) = query.fetch.take_if(|fetch| fetch.with_ties && !fetch.percent) else { return Ok(()) };
    let columns = columns(&query.body);
    let keys = match query.order_by.take() {
        Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) => keys,
        _ => return Err(wrong()),
    };
    if columns.is_empty() || matches!(&query.limit_clause, Some(LimitClause::LimitOffset { offset: Some(_), .. })) {
        return Err(wrong());
    }
    let keys = keys.into_iter().map(|key| named(key, &columns)).collect::<Result<Vec<_>, _>>()?;
    let body = std::mem::replace(&mut query.body, Box::new(SetExpr::Select(Box::new(empty()))));
    let inner = derived(Query { body, ..plain() }, "lake_ties");
    let mut ranked = empty();
    ranked.projection = columns.iter().map(|name| column(name)).chain([rank(keys)]).collect();
    ranked.from = vec![inner];
    let ranked = derived(Query { body: Box::new(SetExpr::Select(Box::new(ranked))), ..plain() }, "lake_ranked");
    let mut chosen = empty();
    chosen.projection = columns.iter().map(|name| column(name)).collect();
    chosen.from = vec![ranked];
    let rank = Expr::Identifier(build::name(RANK));
    chosen.selection = Some(Expr::BinaryOp {
        left: Box::new(rank.clone()),
        op: BinaryOperator::LtEq,
        right: Box::new(quantity.unwrap_or_else(|| build::number(1))),
    });
    *query.body = SetExpr::Select(Box::new(chosen));
    query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(vec![build::sort_key(rank, true)]), interpolate: None });
    Ok(())
}

fn wrong() -> SqlError {
    SqlError::new("WITH TIES needs ORDER BY columns of the answer, each with a name of its own")
        .named("ties")
        .hint("name the columns in SELECT and order by those names, or rank() them in a subquery")
}

/// The names of the answer's columns; empty if one has none.
fn columns(body: &SetExpr) -> Vec<String> {
    let SetExpr::Select(select) = body else { return Vec::new() };
    let names: Option<Vec<String>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|part| part.value.clone()),
            _ => None,
        })
        .collect();
    names.unwrap_or_default()
}

fn named(key: OrderByExpr, columns: &[String]) -> Result<OrderByExpr, SqlError> {
    let name = match &key.expr {
        Expr::Value(number) => match &number.value {
            Value::Number(number, _) => {
                number.parse::<usize>().ok().and_then(|number| columns.get(number.checked_sub(1)?)).cloned()
            }
            _ => None,
        },
        Expr::Identifier(name) => columns.iter().find(|column| **column == name.value).cloned(),
        Expr::CompoundIdentifier(parts) => {
            parts.last().and_then(|part| columns.iter().find(|column| **column == part.value)).cloned()
        }
        _ => None,
    };
    let name = name.ok_or_else(wrong)?;
    Ok(OrderByExpr { expr: Expr::Identifier(build::name(&name)), ..key })
}

fn column(name: &str) -> SelectItem {
    SelectItem::UnnamedExpr(Expr::Identifier(build::name(name)))
}

fn rank(order_by: Vec<OrderByExpr>) -> SelectItem {
    let mut call = build::function("rank", Vec::new());
    call.over =
        Some(WindowType::WindowSpec(WindowSpec { window_name: None, partition_by: Vec::new(), order_by, window_frame: None }));
    SelectItem::ExprWithAlias { expr: Expr::Function(call), alias: Ident::with_quote('"', RANK) }
}

fn derived(query: Query, name: &str) -> TableWithJoins {
    let relation = TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(from::alias(name)), sample: None };
    TableWithJoins { relation, joins: Vec::new() }
}

/// A query that is nothing but its body.
fn plain() -> Query {
    Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(empty()))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

fn empty() -> Select {
    Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection: Vec::new(),
        exclude: None,
        into: None,
        from: Vec::new(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    }
}
