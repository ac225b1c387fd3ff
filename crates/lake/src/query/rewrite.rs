//! The statement, rewritten so that the planner understands it as Trino would.
//!
//! One walk over the syntax tree with what is in scope at each place; each construct has its own file. Rewriting twice changes
//! nothing more.

mod addresses;
mod aggregates;
mod calls;
mod conditionals;
mod docs;
mod first_seen;
mod from;
mod insights;
mod intervals;
mod lambdas;
mod laterals;
mod literals;
mod nested;
mod order;
pub mod paths;
pub mod projection;
mod rows;
mod sampled;
mod scope;
mod ties;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Fetch, Ident, LimitClause, ObjectName, Query, Select, SetExpr, Subscript, TableFactor, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::build;
use super::errors::SqlError;
use super::stores::Stores;
use scope::{Named, Scope};

/// What became of a statement.
pub struct Rewritten {
    /// Column headers as the statement spells them; empty where that cannot be told.
    pub headers: Vec<String>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Rewrites a statement in place.
pub fn rewrite(query: &mut Query, stores: &Stores) -> Result<Rewritten, SqlError> {
    let mut rewriter = Rewriter {
        stores,
        scopes: Vec::new(),
        named: Vec::new(),
        lambdas: Vec::new(),
        tries: 0,
        derived: 0,
        leading: projection::leading(&query.body),
        headers: None,
        notes: Vec::new(),
    };
    if let ControlFlow::Break(error) = query.visit(&mut rewriter) {
        return Err(error);
    }
    first_seen::rewrite(query);
    let headers = rewriter.headers.or_else(|| projection::of_values(&query.body));
    let headers = headers.filter(|headers| !headers.iter().any(|header| header == "*")).unwrap_or_default();
    Ok(Rewritten { headers, notes: rewriter.notes })
}

struct Rewriter<'a> {
    stores: &'a Stores,
    /// Scopes from the outermost to where we are; a query with ORDER BY has one of its own around its SELECT's.
    scopes: Vec<Scope>,
    /// Names of WITH, query by query.
    named: Vec<Named>,
    /// Parameters of the lambdas around us.
    lambdas: Vec<Vec<String>>,
    /// How many TRY we are inside of.
    tries: usize,
    /// How many subqueries in FROM had no name.
    derived: usize,
    /// Where the SELECT begins that names the answer's columns.
    leading: Option<Location>,
    headers: Option<Vec<String>>,
    notes: Vec<String>,
}

fn done<T>(result: Result<T, SqlError>) -> ControlFlow<SqlError, T> {
    match result {
        Ok(value) => ControlFlow::Continue(value),
        Err(error) => ControlFlow::Break(error),
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        let around = self.named.last().cloned().unwrap_or_default();
        let named = done(scope::with_names(query, &around, self.stores))?;
        let mut own = Scope::default();
        if let SetExpr::Select(select) = query.body.as_ref() {
            own = done(scope::of_select(select, &named, self.stores))?;
            let items = select.projection.iter().enumerate();
            own.outputs = items.map(|(at, item)| projection::header(item, at).to_lowercase()).collect();
        }
        self.named.push(named);
        self.scopes.push(own);
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            lower(&mut cte.alias.name);
            cte.alias.columns.iter_mut().for_each(|column| lower(&mut column.name));
        }
        fetch_as_limit(query);
        done(order::expand(query))
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        self.named.pop();
        self.scopes.pop();
        order::by_names(query);
        done(ties::rewrite(query))
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<SqlError> {
        laterals::rewrite(select);
        let empty = Named::new();
        let scope = done(scope::of_select(select, self.named.last().unwrap_or(&empty), self.stores))?;
        let headers = projection::name_columns(select, &scope);
        if self.leading == Some(projection::begin(select)) {
            self.headers.get_or_insert(headers);
        }
        done(sampled::rewrite(select))?;
        select.from = from::fold_unnest(std::mem::take(&mut select.from));
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<SqlError> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return ControlFlow::Continue(()) };
        let written = scope::table_name(name);
        let is_named = self.named.last().is_some_and(|named| scope::with_name(named, &written).is_some());
        let table = match is_named {
            true => written.to_lowercase(),
            false => {
                let found = done(self.stores.table(&written))?;
                self.notes.extend(found.note.filter(|note| !self.notes.contains(note)));
                found.table
            }
        };
        if alias.is_none() && table != written.to_lowercase() {
            *alias = Some(from::alias(&written.to_lowercase()));
        }
        *name = ObjectName::from(vec![build::name(&table)]);
        if let Some(alias) = alias {
            lower(&mut alias.name);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        if let TableFactor::UNNEST { array_exprs, alias, .. } = factor {
            array_exprs.iter_mut().for_each(docs::as_rows);
            if let Some(alias) = alias {
                lower(&mut alias.name);
                alias.columns.iter_mut().for_each(|column| lower(&mut column.name));
            }
        }
        if let TableFactor::Derived { alias, .. } = factor {
            self.derived += usize::from(alias.is_none());
            let alias = alias.get_or_insert_with(|| from::alias(&format!("lake_derived_{}", self.derived)));
            lower(&mut alias.name);
            alias.columns.iter_mut().for_each(|column| lower(&mut column.name));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        rows::rewrite(expr);
        if let Some(found) = nested::rewritten(expr) {
            *expr = found;
        }
        match expr {
            Expr::CompoundFieldAccess { .. } => *expr = done(accesses(std::mem::replace(expr, build::nothing())))?,
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => self.structs_are_null(inner),
            Expr::Lambda(lambda) => self.lambdas.push(lambdas::parameters(lambda)),
            Expr::Function(function) => {
                let name = build::name_of(function);
                self.tries += usize::from(name.as_deref() == Some("try"));
                done(calls::before(function))?;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<SqlError> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                if let Some(found) = done(self.resolved(expr))? {
                    *expr = found;
                }
            }
            Expr::Lambda(_) => {
                self.lambdas.pop();
            }
            Expr::Function(function) => {
                self.tries -= usize::from(build::name_of(function).as_deref() == Some("try"));
                let of_events =
                    build::args_of(function).and_then(|args| args.first().map(|first| self.is_of_events(first))).unwrap_or(false);
                if let Some(other) = done(calls::after(function, self.tries > 0, of_events))? {
                    *expr = other;
                }
            }
            Expr::Extract { field, expr: time, .. } => {
                if let Some(call) = calls::extract(field, time.as_ref().clone()) {
                    *expr = call;
                }
            }
            Expr::Substring { expr: text, substring_from: Some(from), substring_for, .. } => {
                let args = [text.as_ref(), from.as_ref()].into_iter().chain(substring_for.as_deref()).cloned().collect();
                *expr = build::call("substr", args);
            }
            Expr::BinaryOp { .. } | Expr::Between { .. } => {
                addresses::rewrite(expr);
                if self.tries > 0 {
                    conditionals::no_division_by_zero(expr);
                }
            }
            Expr::Interval(_) => done(intervals::rewrite_expr(expr))?,
            Expr::Like { .. } | Expr::ILike { .. } | Expr::Value(_) | Expr::Tuple(_) => literals::rewrite(expr),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    /// What a name stands for, if it is not to be left to the planner.
    fn resolved(&self, expr: &mut Expr) -> Result<Option<Expr>, SqlError> {
        let parts: &mut [Ident] = match expr {
            Expr::Identifier(name) => std::slice::from_mut(name),
            Expr::CompoundIdentifier(parts) => parts,
            _ => return Ok(None),
        };
        let lowered: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
        let Some((first, _)) = lowered.split_first() else { return Ok(None) };
        if self.lambdas.iter().any(|parameters| parameters.contains(first)) {
            return Ok(lambdas::field_of_parameter(parts));
        }
        for scope in self.scopes.iter().rev() {
            if parts.len() == 1
                && !scope.outputs.contains(first)
                && let Some(merged) = scope.merged(first)?
            {
                return Ok(Some(merged));
            }
            if parts.len() > 1
                && let Some(relation) = scope.relation(first)
            {
                let rest = parts.get(1..).unwrap_or_default();
                if relation.offers == scope::Offers::Events {
                    let found = paths::expression(Some(first), rest)?;
                    return found.map_or_else(|| Err(unknown(parts)), |found| Ok(Some(found)));
                }
                break;
            }
            if scope.has_other(first) {
                break;
            }
            if scope.has_events() && (paths::is_top_level(first) || paths::column(first).is_some()) {
                let found = paths::expression(None, parts)?;
                return found.map_or_else(|| Err(unknown(parts)), |found| Ok(Some(found)));
            }
        }
        parts.iter_mut().for_each(lower);
        Ok(None)
    }

    /// Whether an expression is a column of a store's own table.
    fn is_of_events(&self, expr: &Expr) -> bool {
        let mut expr = expr.clone();
        matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) && matches!(self.resolved(&mut expr), Ok(Some(_)))
    }

    /// `userIdentity IS NULL`: a struct put together is never null, so its columns are asked.
    fn structs_are_null(&self, inner: &mut Expr) {
        let parts: &[Ident] = match &*inner {
            Expr::Identifier(name) => std::slice::from_ref(name),
            Expr::CompoundIdentifier(parts) => parts,
            _ => return,
        };
        let Some(scope) = self.scopes.last() else { return };
        let first = parts.first().map(|part| part.value.to_lowercase()).unwrap_or_default();
        let (relation, path) = match scope.relation(&first) {
            Some(relation) if relation.offers == scope::Offers::Events => {
                (Some(first.as_str()), parts.get(1..).unwrap_or_default())
            }
            Some(_) => return,
            None if scope.has_events() && !scope.has_other(&first) => (None, parts),
            None => return,
        };
        if paths::is_structure(path) {
            *inner = build::call("coalesce", paths::columns_below(relation, path));
        }
    }
}

fn unknown(parts: &[Ident]) -> SqlError {
    let path: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    super::errors::no_column(&path.join("."), &paths::all())
}

/// Names do not depend on upper and lower case, whether they are quoted or not.
fn lower(name: &mut Ident) {
    name.value = name.value.to_lowercase();
    name.quote_style = Some('"');
}

/// `a.b['c'].d` as calls, the names at its beginning as one path.
fn accesses(expr: Expr) -> Result<Expr, SqlError> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(expr) };
    let mut chain = access_chain.into_iter().peekable();
    let mut path: Vec<Ident> = match *root {
        Expr::Identifier(ref name) => vec![name.clone()],
        Expr::CompoundIdentifier(ref parts) => parts.clone(),
        _ => Vec::new(),
    };
    let mut value = *root;
    if !path.is_empty() {
        while let Some(AccessExpr::Dot(Expr::Identifier(_))) = chain.peek() {
            if let Some(AccessExpr::Dot(Expr::Identifier(name))) = chain.next() {
                path.push(name);
            }
        }
        value = Expr::CompoundIdentifier(path.clone());
        if path.len() == 1 {
            value = path.into_iter().next().map_or(value, Expr::Identifier);
        }
    }
    for access in chain {
        value = match access {
            AccessExpr::Dot(Expr::Identifier(name)) => paths::field(value, &name.value),
            AccessExpr::Subscript(Subscript::Index { index }) => build::call("element_at", vec![value, index]),
            other => {
                return Err(SqlError::new(format!("`{other}` is not a way to reach into a value"))
                    .hint("write value.field, value['key'] or value[1]"));
            }
        };
    }
    Ok(value)
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`.
fn fetch_as_limit(query: &mut Query) {
    let Some(Fetch { with_ties: false, percent: false, quantity }) =
        query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent)
    else {
        return;
    };
    let limit = Some(quantity.unwrap_or_else(|| build::number(1)));
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit: own, .. }) if own.is_none() => *own = limit,
        None => query.limit_clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() }),
        _ => {}
    }
}
