//! What names can mean at a place of the statement: the relations of its FROM, the queries around it, and the names in WITH.

use datafusion::sql::sqlparser::ast::{
    Expr, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    TableFactor, TableWithJoins,
};

use super::paths;
use crate::query::build;
use crate::query::columns_of_table;
use crate::query::errors::SqlError;
use crate::query::stores::{self, Stores};

/// What a relation offers.
#[derive(Clone, Debug, PartialEq)]
pub enum Offers {
    /// The fields of events, as nested paths.
    Events,
    /// These columns, as they are spelled.
    Columns(Vec<String>),
}

/// One relation of a FROM.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its alias or name in lower case; empty where it has none.
    pub name: String,
    /// What it offers.
    pub offers: Offers,
}

/// A column that a join names with USING: it is there once, whichever side has it.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Its name in lower case.
    pub name: String,
    /// The relations whose column it is; the first that is not null counts.
    of: Vec<Relation>,
}

/// The relations of one SELECT.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What its joins name with USING.
    pub merged: Vec<Merged>,
    /// In the order of FROM.
    pub relations: Vec<Relation>,
    /// Names that the SELECT gives to its columns, where they count before those of the relations (in ORDER BY).
    pub outputs: Vec<String>,
}

/// The names in WITH that can be used, the inner ones last, with the columns that they offer.
pub type Named = Vec<(String, Vec<String>)>;

/// Reads the FROM of a SELECT.
pub fn of_select(select: &Select, named: &Named, stores: &Stores) -> Result<Scope, SqlError> {
    let mut scope = Scope::default();
    for table in &select.from {
        of_table(table, named, stores, &mut scope)?;
    }
    Ok(scope)
}

fn of_table(table: &TableWithJoins, named: &Named, stores: &Stores, to: &mut Scope) -> Result<(), SqlError> {
    of_factor(&table.relation, named, stores, to)?;
    for join in &table.joins {
        let before = to.relations.len();
        of_factor(&join.relation, named, stores, to)?;
        let (columns, keeps) = using(&join.join_operator);
        columns.iter().for_each(|column| to.merge(table_name(column).to_lowercase(), before, keeps));
    }
    Ok(())
}

/// Which side's rows a join keeps that have nothing on the other.
#[derive(Clone, Copy)]
enum Keeps {
    Left,
    Right,
    Both,
}

/// What a join names with USING.
fn using(join: &JoinOperator) -> (&[ObjectName], Keeps) {
    let (constraint, keeps) = match join {
        JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => {
            (on, Keeps::Left)
        }
        JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (on, Keeps::Right),
        JoinOperator::FullOuter(on) => (on, Keeps::Both),
        _ => return (&[], Keeps::Left),
    };
    match constraint {
        JoinConstraint::Using(columns) => (columns, keeps),
        _ => (&[], keeps),
    }
}

fn of_factor(factor: &TableFactor, named: &Named, stores: &Stores, to: &mut Scope) -> Result<(), SqlError> {
    let (own_name, offers, alias) = match factor {
        TableFactor::Table { name, alias, .. } => {
            let name = table_name(name);
            let offers = match with_name(named, &name) {
                Some(columns) => Offers::Columns(columns.clone()),
                None => offers_of(&stores.table(&name)?.table),
            };
            (name.to_lowercase(), offers, alias)
        }
        TableFactor::Derived { subquery, alias, .. } => {
            (String::new(), Offers::Columns(columns_of(subquery, named, stores)?), alias)
        }
        TableFactor::UNNEST { alias, .. } => (String::new(), Offers::Columns(Vec::new()), alias),
        TableFactor::NestedJoin { table_with_joins, alias: None } => return of_table(table_with_joins, named, stores, to),
        _ => return Ok(()),
    };
    let mut relation = Relation { name: own_name, offers };
    if let Some(alias) = alias {
        relation.name = alias.name.value.to_lowercase();
        if !alias.columns.is_empty() {
            relation.offers = Offers::Columns(alias.columns.iter().map(|column| column.name.value.clone()).collect());
        }
    }
    to.relations.push(relation);
    Ok(())
}

/// A table's name as one text; the quotes of its parts left out.
pub fn table_name(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.clone()).unwrap_or_default());
    parts.collect::<Vec<_>>().join(".")
}

/// The columns of a name in WITH.
pub fn with_name<'a>(named: &'a Named, name: &str) -> Option<&'a Vec<String>> {
    named.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, columns)| columns)
}

fn offers_of(table: &str) -> Offers {
    if stores::is_of_events(table) { Offers::Events } else { Offers::Columns(columns_of_table(table)) }
}

/// Adds the names of a query's WITH to those around it.
pub fn with_names(query: &Query, around: &Named, stores: &Stores) -> Result<Named, SqlError> {
    let mut named = around.clone();
    for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
        let columns = match cte.alias.columns.is_empty() {
            true => columns_of(&cte.query, &named, stores)?,
            false => cte.alias.columns.iter().map(|column| column.name.value.clone()).collect(),
        };
        named.push((cte.alias.name.value.to_lowercase(), columns));
    }
    Ok(named)
}

/// The columns that a query answers with, as they are spelled.
pub fn columns_of(query: &Query, around: &Named, stores: &Stores) -> Result<Vec<String>, SqlError> {
    let named = with_names(query, around, stores)?;
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => return columns_of(query, &named, stores),
            SetExpr::Select(select) => return columns_of_select(select, &named, stores),
            _ => return Ok(Vec::new()),
        }
    }
}

fn columns_of_select(select: &Select, named: &Named, stores: &Stores) -> Result<Vec<String>, SqlError> {
    let scope = of_select(select, named, stores)?;
    let mut columns = Vec::new();
    for (at, item) in select.projection.iter().enumerate() {
        match item {
            SelectItem::Wildcard(_) => scope.relations.iter().for_each(|relation| columns.extend(all_of(relation))),
            SelectItem::QualifiedWildcard(kind, _) => {
                columns.extend(scope.relation(&wildcard_of(kind)).map(all_of).unwrap_or_default())
            }
            other => columns.push(super::projection::header(other, at)),
        }
    }
    Ok(columns)
}

/// The relation that `name.*` means.
pub fn wildcard_of(kind: &SelectItemQualifiedWildcardKind) -> String {
    match kind {
        SelectItemQualifiedWildcardKind::ObjectName(name) => table_name(name).to_lowercase(),
        SelectItemQualifiedWildcardKind::Expr(_) => String::new(),
    }
}

fn all_of(relation: &Relation) -> Vec<String> {
    match &relation.offers {
        Offers::Events => paths::top_level_fields().into_iter().map(str::to_owned).collect(),
        Offers::Columns(columns) => columns.clone(),
    }
}

impl Relation {
    fn has(&self, name: &str) -> bool {
        match &self.offers {
            Offers::Events => paths::is_top_level(name) || paths::column(name).is_some(),
            Offers::Columns(columns) => columns.iter().any(|column| column.eq_ignore_ascii_case(name)),
        }
    }
}

impl Scope {
    /// A relation by its name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| !relation.name.is_empty() && relation.name == name)
    }

    /// Notes a column of USING in the join of the relations up to `before` with that after them. A side without a name cannot be asked for it.
    fn merge(&mut self, name: String, before: usize, keeps: Keeps) {
        let at = self.merged.iter().position(|merged| merged.name == name);
        let known = at.map(|at| self.merged.remove(at).of);
        let (left, right) = self.relations.split_at(before.min(self.relations.len()));
        let first = || left.iter().find(|relation| relation.has(&name)).into_iter().cloned().collect();
        let (left, right): (Vec<Relation>, Vec<Relation>) =
            (known.unwrap_or_else(first), right.first().cloned().into_iter().collect());
        let of = match keeps {
            Keeps::Left => left,
            Keeps::Right => right,
            Keeps::Both => [left, right].concat(),
        };
        if !of.is_empty() && of.iter().all(|relation| !relation.name.is_empty()) {
            self.merged.push(Merged { name, of });
        }
    }

    /// A column of USING, if a name is one here.
    pub fn merged(&self, name: &str) -> Result<Option<Expr>, SqlError> {
        let Some(merged) = self.merged.iter().find(|merged| merged.name == name) else { return Ok(None) };
        let mut columns = Vec::new();
        for relation in &merged.of {
            let own = build::name(name);
            let found = match relation.offers {
                Offers::Events => paths::expression(Some(&relation.name), std::slice::from_ref(&own))?,
                Offers::Columns(_) => None,
            };
            columns.push(found.unwrap_or_else(|| Expr::CompoundIdentifier(vec![build::name(&relation.name), own])));
        }
        Ok(Some(if columns.len() > 1 { build::call("coalesce", columns) } else { columns.swap_remove(0) }))
    }

    /// Whether a name is a column of something other than events here.
    pub fn has_other(&self, name: &str) -> bool {
        let is_other = |relation: &Relation| relation.offers != Offers::Events && relation.has(name);
        self.outputs.iter().any(|output| output == name) || self.relations.iter().any(is_other)
    }

    /// Whether `*` stands for columns that are known, each by a name of its own.
    pub fn is_known(&self) -> bool {
        let has_columns = |relation: &Relation| relation.offers != Offers::Columns(Vec::new());
        let mut names: Vec<String> = self.relations.iter().flat_map(all_of).map(|name| name.to_lowercase()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        self.relations.iter().all(has_columns) && names.len() == count
    }

    /// Whether events are among the relations.
    pub fn has_events(&self) -> bool {
        self.relations.iter().any(|relation| relation.offers == Offers::Events)
    }
}
