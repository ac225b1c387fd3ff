//! Aggregates over the elements of one value, as functions of its list.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, OrderByExpr,
    Visit, VisitMut, Visitor, VisitorMut,
};

use super::names::{Names, of_element};
use super::{is_not_empty, size, sorted};
use crate::query::build;

const KNOWN: [&str; 18] = [
    "count",
    "count_if",
    "array_agg",
    "set_agg",
    "max",
    "min",
    "sum",
    "avg",
    "bool_or",
    "bool_and",
    "every",
    "arbitrary",
    "any_value",
    "listagg",
    "map_agg",
    "approx_distinct",
    "max_by",
    "min_by",
];

/// Whether an expression has an aggregate in it.
pub fn has_any(expr: &Expr) -> bool {
    struct Looking;
    impl Visitor for Looking {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if function.over.is_none() && is_aggregate(function) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Looking).is_break()
}

fn is_aggregate(function: &Function) -> bool {
    build::name_of(function).is_some_and(|name| KNOWN.contains(&name.as_str()))
}

/// An expression whose aggregates are worked out over a list; `None` if one of them cannot be.
pub fn over(item: &Expr, list: &Expr, names: &Names) -> Option<Expr> {
    let mut item = item.clone();
    match VisitMut::visit(&mut item, &mut Replacing { list, names }) {
        ControlFlow::Continue(()) => Some(Expr::Nested(Box::new(item))),
        ControlFlow::Break(()) => None,
    }
}

struct Replacing<'a> {
    list: &'a Expr,
    names: &'a Names,
}

impl VisitorMut for Replacing<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Function(function) = &*expr else { return ControlFlow::Continue(()) };
        if function.over.is_some() || !is_aggregate(function) {
            return ControlFlow::Continue(());
        }
        match self.replaced(function) {
            Some(found) => {
                *expr = found;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    }
}

impl Replacing<'_> {
    fn replaced(&self, function: &Function) -> Option<Expr> {
        let name = build::name_of(function)?;
        let list = match &function.filter {
            Some(condition) => self.names.over("filter", self.list.clone(), condition),
            None => self.list.clone(),
        };
        let FunctionArguments::List(arguments) = &function.args else { return None };
        if name == "count" && matches!(arguments.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) {
            return Some(size(list));
        }
        let args = build::args_of(function)?;
        let (first, second) = (*args.first()?, args.get(1).copied());
        let each = |value: &Expr| self.names.over("transform", list.clone(), value);
        let distinct = arguments.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let unique = |values: Expr| if distinct { build::call("array_distinct", vec![values]) } else { values };
        let known = || unique(not_null(each(first)));
        Some(match name.as_str() {
            "count" => size(known()),
            "approx_distinct" => size(build::call("array_distinct", vec![known()])),
            "count_if" => size(self.names.over("filter", list.clone(), first)),
            "array_agg" => or_null(sorted(unique(each(first)), order_of(function, &arguments.clauses)?, first)?),
            "set_agg" => or_null(build::call("array_distinct", vec![each(first)])),
            "max" if second.is_none() => build::call("array_max", vec![known()]),
            "min" if second.is_none() => build::call("array_min", vec![known()]),
            "sum" => sum(known()),
            "avg" => average(known()),
            "bool_or" => build::call("if", vec![is_not_empty(known()), of_element("any_match", known(), |element| element)]),
            "bool_and" | "every" => {
                build::call("if", vec![is_not_empty(known()), of_element("all_match", known(), |element| element)])
            }
            "arbitrary" | "any_value" => build::call("array_min", vec![known()]),
            "listagg" => {
                let values = sorted(known(), order_of(function, &arguments.clauses)?, first)?;
                or_null_of(values, |values| {
                    build::call("array_join", vec![values, second.cloned().unwrap_or_else(|| build::text(""))])
                })
            }
            "map_agg" => {
                let entries = self.names.over("transform", list.clone(), &build::call("row", vec![first.clone(), second?.clone()]));
                build::call("map_from_entries", vec![entries])
            }
            _ => return None,
        })
    }
}

fn order_of<'a>(function: &'a Function, clauses: &'a [FunctionArgumentClause]) -> Option<&'a [OrderByExpr]> {
    match (function.within_group.as_slice(), clauses) {
        (keys, []) => Some(keys),
        ([], [FunctionArgumentClause::OrderBy(keys)]) => Some(keys),
        _ => None,
    }
}

fn not_null(list: Expr) -> Expr {
    of_element("filter", list, |element| Expr::IsNotNull(Box::new(element)))
}

fn or_null_of(list: Expr, of: impl Fn(Expr) -> Expr) -> Expr {
    build::call("if", vec![is_not_empty(list.clone()), of(list)])
}

/// An aggregate of nothing is null.
fn or_null(list: Expr) -> Expr {
    or_null_of(list, |list| list)
}

fn sum(list: Expr) -> Expr {
    or_null_of(list, |list| build::call("lake_list_sum", vec![list]))
}

fn average(list: Expr) -> Expr {
    let op = datafusion::sql::sqlparser::ast::BinaryOperator::Divide;
    or_null_of(list, |list| {
        let total =
            build::call(crate::query::dialect::CAST, vec![build::call("lake_list_sum", vec![list.clone()]), build::text("double")]);
        Expr::BinaryOp { left: Box::new(total), op: op.clone(), right: Box::new(build::call("cardinality", vec![list])) }
    })
}
