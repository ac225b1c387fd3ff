//! Lambdas: fields of their parameters, and the functions that others can do.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, LambdaFunction, LambdaFunctionParameter, OneOrManyWithParens, UnaryOperator, VisitMut, VisitorMut,
};
use std::ops::ControlFlow;

use super::paths;
use crate::query::build;
use crate::query::errors::SqlError;

/// A lambda's parameters in lower case.
pub fn parameters(lambda: &LambdaFunction) -> Vec<String> {
    listed(lambda).iter().map(|parameter| parameter.name.value.to_lowercase()).collect()
}

fn listed(lambda: &LambdaFunction) -> Vec<&LambdaFunctionParameter> {
    match &lambda.params {
        OneOrManyWithParens::One(one) => vec![one],
        OneOrManyWithParens::Many(many) => many.iter().collect(),
    }
}

/// `r.type` where `r` is a parameter: a field of its value, not a column of a table.
pub fn field_of_parameter(parts: &mut [Ident]) -> Option<Expr> {
    let (first, rest) = parts.split_first()?;
    let parameter = Expr::Identifier(Ident::new(first.value.to_lowercase()));
    if rest.is_empty() {
        return Some(parameter);
    }
    Some(rest.iter().fold(parameter, |from, part| paths::field(from, &part.value)))
}

/// `all_match(list, x -> p)` is `NOT any_match(list, x -> NOT p)`.
pub fn all_match(function: &mut Function) -> Option<Expr> {
    let mut args = build::args_mut(function);
    let lambda = args.get_mut(1)?;
    let Expr::Lambda(lambda) = &mut **lambda else { return None };
    let body = std::mem::replace(lambda.body.as_mut(), build::nothing());
    *lambda.body = negated(body);
    Some(none_match(function))
}

/// `none_match(list, x -> p)` is `NOT any_match(list, x -> p)`.
pub fn none_match(function: &mut Function) -> Expr {
    build::rename(function, "any_match");
    negated(Expr::Function(function.clone()))
}

fn negated(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(expr))) }
}

/// Functions of maps with a lambda, over the list of the map's entries.
///
/// `map_filter(m, (k, v) -> p)` is `map_from_entries(filter(map_entries(m), e -> p))`, where `k` and `v` are fields of `e`.
pub fn over_entries(function: &Function, name: &str) -> Result<Expr, SqlError> {
    let wrong = || SqlError::new(format!("`{name}` takes a map and a lambda of key and value: `(k, v) -> ...`")).named(name);
    let args = build::args_of(function).unwrap_or_default();
    let [map, Expr::Lambda(lambda)] = args.as_slice() else { return Err(wrong()) };
    let names = parameters(lambda);
    let [key, value] = names.as_slice() else { return Err(wrong()) };
    let mut body = lambda.body.as_ref().clone();
    let _ = VisitMut::visit(&mut body, &mut Entries { names: [(key, "key"), (value, "value")] });
    let part = |field: &str| paths::field(Expr::Identifier(Ident::new(ENTRY)), field);
    let (over, body) = match name {
        "map_filter" => ("filter", body),
        "transform_values" => ("transform", build::call("struct", vec![part("key"), body])),
        _ => ("transform", build::call("struct", vec![body, part("value")])),
    };
    let one = LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: Ident::new(ENTRY), data_type: None }),
        body: Box::new(body),
        syntax: lambda.syntax,
    };
    let entries = build::call("map_entries", vec![build::call(super::calls::AS_MAP, vec![(*map).clone()])]);
    Ok(build::call("map_from_entries", vec![build::call(over, vec![entries, Expr::Lambda(one)])]))
}

/// `x -> x`.
pub fn unchanged() -> Expr {
    let name = Ident::new(ENTRY);
    Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: name.clone(), data_type: None }),
        body: Box::new(Expr::Identifier(name)),
        syntax: datafusion::sql::sqlparser::ast::LambdaSyntax::Arrow,
    })
}

/// Name of the parameter that stands for an entry.
const ENTRY: &str = "lake_entry";

/// `zip_with(a, b, (x, y) -> f)` is `transform(zip(a, b), e -> f)`, where `x` and `y` are fields of `e`.
pub fn zip_with(function: &Function) -> Result<Expr, SqlError> {
    let wrong = || SqlError::new("`zip_with` takes two lists and a lambda of their elements: `(x, y) -> ...`").named("zip_with");
    let args = build::args_of(function).unwrap_or_default();
    let [left, right, Expr::Lambda(lambda)] = args.as_slice() else { return Err(wrong()) };
    let names = parameters(lambda);
    let [x, y] = names.as_slice() else { return Err(wrong()) };
    let mut body = lambda.body.as_ref().clone();
    let _ = VisitMut::visit(&mut body, &mut Entries { names: [(x, "c0"), (y, "c1")] });
    let one = LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: Ident::new(ENTRY), data_type: None }),
        body: Box::new(body),
        syntax: lambda.syntax,
    };
    let as_list = |list: &Expr| build::call(super::calls::AS_LIST, vec![list.clone()]);
    let zipped = build::call("lake_zip", vec![as_list(left), as_list(right)]);
    Ok(build::call("transform", vec![zipped, Expr::Lambda(one)]))
}

/// Functions that take a lambda.
const WITH_LAMBDA: [&str; 17] = [
    "any_match",
    "all_match",
    "none_match",
    "filter",
    "transform",
    "reduce",
    "zip_with",
    "array_sort",
    "map_filter",
    "map_zip_with",
    "transform_keys",
    "transform_values",
    "regexp_replace",
    "reduce_agg",
    "array_filter",
    "array_transform",
    "array_any_match",
];

/// Refuses a lambda where none is taken.
pub fn only_where_known(function: &Function, name: &str) -> Result<(), SqlError> {
    let has_lambda = build::args_of(function).unwrap_or_default().iter().any(|arg| matches!(arg, Expr::Lambda(_)));
    if !has_lambda || WITH_LAMBDA.contains(&name) || name.starts_with("lake_") {
        return Ok(());
    }
    let hint = "transform, filter, reduce, any_match, all_match, none_match, zip_with, array_sort, regexp_replace, map_filter, map_zip_with, \
                transform_keys, transform_values and reduce_agg take one";
    Err(SqlError::new(format!("`{name}` takes no lambda here")).named(name).hint(hint))
}

/// `map_zip_with(a, b, (k, x, y) -> f)` over all keys of both.
pub fn map_zip_with(function: &Function) -> Result<Expr, SqlError> {
    let wrong = || SqlError::new("`map_zip_with` takes two maps and a lambda: `(key, left, right) -> ...`").named("map_zip_with");
    let args = build::args_of(function).unwrap_or_default();
    let [left, right, Expr::Lambda(lambda)] = args.as_slice() else { return Err(wrong()) };
    let names = parameters(lambda);
    let [key, x, y] = names.as_slice() else { return Err(wrong()) };
    let as_map = |map: &Expr| build::call(super::calls::AS_MAP, vec![map.clone()]);
    let own = || Expr::Identifier(Ident::new(ENTRY));
    let value = |map: &Expr| build::call("element_at", vec![as_map(map), own()]);
    let mut body = lambda.body.as_ref().clone();
    let names = vec![(key.clone(), own()), (x.clone(), value(left)), (y.clone(), value(right))];
    let _ = VisitMut::visit(&mut body, &mut Substituting { names });
    let keys =
        build::call("array_union", vec![build::call("map_keys", vec![as_map(left)]), build::call("map_keys", vec![as_map(right)])]);
    let entry = of_entry(lambda, build::call("struct", vec![own(), body]));
    Ok(build::call("map_from_entries", vec![build::call("array_transform", vec![keys, entry])]))
}

fn of_entry(lambda: &LambdaFunction, body: Expr) -> Expr {
    Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(LambdaFunctionParameter { name: Ident::new(ENTRY), data_type: None }),
        body: Box::new(body),
        syntax: lambda.syntax,
    })
}

/// `regexp_replace(text, pattern, groups -> new)`: the text is cut at its matches, and put together again.
pub fn regexp_replace(function: &Function) -> Option<Expr> {
    let args = build::args_of(function)?;
    let [text, pattern, Expr::Lambda(lambda)] = args.as_slice() else { return None };
    let names = parameters(lambda);
    let [groups] = names.as_slice() else { return None };
    let part = |field: &str| paths::field(Expr::Identifier(Ident::new(ENTRY)), field);
    let mut body = lambda.body.as_ref().clone();
    let _ = VisitMut::visit(&mut body, &mut Substituting { names: vec![(groups.clone(), part("groups"))] });
    let new = super::conditionals::case(Expr::IsNotNull(Box::new(part("groups"))), body, None);
    let piece = build::call("concat_ws", vec![build::text(""), part("before"), new]);
    let cut = build::call("lake_regexp_groups", vec![(*text).clone(), (*pattern).clone()]);
    let pieces = build::call("array_transform", vec![cut, of_entry(lambda, piece)]);
    Some(build::call("lake_array_join", vec![pieces, build::text("")]))
}

/// Puts expressions in the place of parameters.
struct Substituting {
    names: Vec<(String, Expr)>,
}

impl VisitorMut for Substituting {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = &*expr
            && let Some((_, found)) = self.names.iter().find(|(parameter, _)| parameter.eq_ignore_ascii_case(&name.value))
        {
            *expr = found.clone();
        }
        ControlFlow::Continue(())
    }
}

/// Replaces two parameters by fields of one.
struct Entries<'a> {
    names: [(&'a str, &'static str); 2],
}

impl VisitorMut for Entries<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Identifier(name) = expr else { return ControlFlow::Continue(()) };
        let lower = name.value.to_lowercase();
        if let Some((_, field)) = self.names.iter().find(|(parameter, _)| *parameter == lower) {
            *expr = paths::field(Expr::Identifier(Ident::new(ENTRY)), field);
        }
        ControlFlow::Continue(())
    }
}
