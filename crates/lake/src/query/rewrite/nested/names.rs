//! What the columns of an UNNEST are called, as parts of one element.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, TableAlias, VisitMut, VisitorMut,
};

use super::super::paths;
use crate::query::build;

/// Name of the parameter that stands for an element.
const ELEMENT: &str = "lake_element";
/// The fields of one of an event's resources.
const OF_RESOURCE: [&str; 4] = ["accountid", "type", "arn", "arnprefix"];

/// The names.
pub struct Names {
    relation: Option<String>,
    /// Each column's name with the path to it inside an element: places, counted from 1.
    columns: Vec<(String, Vec<i64>)>,
    of_values: usize,
    /// No column is named: they are the fields of the element.
    are_fields: bool,
    is_resources: bool,
}

impl Names {
    /// Reads an UNNEST's alias.
    pub fn of(alias: Option<&TableAlias>, lists: &[Expr], with_ordinality: bool) -> Names {
        let given: Vec<String> =
            alias.map(|alias| alias.columns.iter().map(|column| column.name.value.to_lowercase()).collect()).unwrap_or_default();
        let of_values = given.len().saturating_sub(usize::from(with_ordinality));
        let zipped = lists.len() > 1 || with_ordinality;
        let spreads = lists.len() == 1 && of_values > 1;
        let path = |at: usize| -> Vec<i64> {
            let place = i64::try_from(at).unwrap_or_default() + 1;
            match (spreads, zipped) {
                (true, true) if at >= of_values => vec![2],
                (true, true) => vec![1, place],
                (true, false) | (false, true) => vec![place],
                (false, false) => Vec::new(),
            }
        };
        let is_resources = lists.first().is_some_and(|list| paths::document(list) == Some("resources"));
        Names {
            relation: alias.map(|alias| alias.name.value.to_lowercase()),
            are_fields: given.is_empty() && !zipped,
            columns: given.into_iter().enumerate().map(|(at, name)| (name, path(at))).collect(),
            of_values,
            is_resources,
        }
    }

    /// How many columns are named for the values.
    pub fn of_values(&self) -> usize {
        self.of_values
    }

    /// `function(list, element -> body)`.
    pub fn over(&self, function: &str, list: Expr, body: &Expr) -> Expr {
        let mut body = body.clone();
        let _ = VisitMut::visit(&mut body, &mut Replacing(self));
        build::call(function, vec![list, lambda(body)])
    }

    /// What a name stands for, if it is one of these columns.
    fn found(&self, parts: &[Ident]) -> Option<Expr> {
        let (first, rest) = parts.split_first()?;
        let first = first.value.to_lowercase();
        if self.relation.as_deref() == Some(first.as_str())
            && let Some((second, rest)) = rest.split_first()
        {
            return self.column(&second.value.to_lowercase(), rest, true);
        }
        self.column(&first, rest, false)
    }

    fn column(&self, name: &str, rest: &[Ident], is_qualified: bool) -> Option<Expr> {
        let element = Expr::Identifier(Ident::new(ELEMENT));
        let own = match self.columns.iter().find(|(column, _)| column == name) {
            Some((_, path)) => path
                .iter()
                .fold(element, |from, place| build::call(crate::query::functions::FIELD, vec![from, build::number(*place)])),
            None if self.are_fields && (is_qualified || (self.is_resources && OF_RESOURCE.contains(&name))) => {
                paths::field(element, name)
            }
            None => return None,
        };
        Some(rest.iter().fold(own, |from, part| paths::field(from, &part.value)))
    }
}

fn lambda(body: Expr) -> Expr {
    Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: Ident::new(ELEMENT), data_type: None }),
        body: Box::new(body),
        syntax: LambdaSyntax::Arrow,
    })
}

/// `function(list, element -> body)` where the body is about the element itself.
pub fn of_element(function: &str, list: Expr, body: fn(Expr) -> Expr) -> Expr {
    build::call(function, vec![list, lambda(body(Expr::Identifier(Ident::new(ELEMENT))))])
}

/// Puts parts of the element where the columns' names are.
struct Replacing<'a>(&'a Names);

impl VisitorMut for Replacing<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let found = match &*expr {
            Expr::Identifier(name) => self.0.found(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(parts) => self.0.found(parts),
            _ => None,
        };
        if let Some(found) = found {
            *expr = found;
        }
        ControlFlow::Continue(())
    }
}
