//! Trino's aggregate functions by those that the engine has.

use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArgExpr, FunctionArguments};

use crate::query::build;
use crate::query::errors::SqlError;

/// What an aggregate becomes; `None` for everything else.
pub fn replaced(function: &mut Function, name: &str) -> Result<Option<Expr>, SqlError> {
    Ok(match name {
        "count_if" => Some(count_if(function)?),
        "arbitrary" | "any_value" => Some(arbitrary(function)),
        "max_by" => by(function, false),
        "min_by" => by(function, true),
        "max" | "min" if count_of_args(function) == 2 => most(function, name == "min"),
        "map_agg" => collected(function, "lake_map_agg")?,
        "multimap_agg" => collected(function, "lake_multimap_agg")?,
        "histogram" => Some(over_list(function, "lake_histogram")),
        "map_union" => Some(over_list(function, "lake_map_union")),
        "listagg" => listagg(function),
        "approx_percentile" => approx_percentile(function),
        "approx_distinct" if count_of_args(function) == 2 => {
            build::only_first(function);
            None
        }
        _ => None,
    })
}

fn count_of_args(function: &Function) -> usize {
    build::args_of(function).map_or(0, |args| args.len())
}

/// `count_if(c)` is `count(*) FILTER (WHERE c)`.
fn count_if(function: &mut Function) -> Result<Expr, SqlError> {
    let condition = match build::args_of(function).unwrap_or_default().as_slice() {
        [condition] => (*condition).clone(),
        _ => return Err(SqlError::new("`count_if` takes one condition").named("count_if")),
    };
    build::filtered(function, condition);
    build::rename(function, "count");
    if let FunctionArguments::List(list) = &mut function.args {
        list.args = vec![datafusion::sql::sqlparser::ast::FunctionArg::Unnamed(FunctionArgExpr::Wildcard)];
    }
    Ok(Expr::Function(function.clone()))
}

/// Any value will do, so it is the smallest: the same one each time.
fn arbitrary(function: &mut Function) -> Expr {
    build::rename(function, "min");
    Expr::Function(function.clone())
}

/// `max_by(x, y)` is the first `x` by falling `y`, where `y` is not null; with a third argument, the first so many.
fn by(function: &mut Function, ascending: bool) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let (value, key, count) = match args.as_slice() {
        [value, key] => (value, key, None),
        [value, key, count] => (value, key, Some(count)),
        _ => return None,
    };
    let name = if count.is_some() { "array_agg" } else { "first_value" };
    let mut first = build::function(name, vec![value.clone()]);
    first.filter = function.filter.take();
    first.over = function.over.take();
    build::ordered_by(&mut first, vec![build::sort_key(key.clone(), ascending)]);
    build::filtered(&mut first, Expr::IsNotNull(Box::new(key.clone())));
    let first = Expr::Function(first);
    Some(match count {
        Some(count) => build::call("array_slice", vec![first, build::number(1), count.clone()]),
        None => first,
    })
}

/// `max(x, n)`: the n largest.
fn most(function: &mut Function, ascending: bool) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let [value, count] = args.as_slice() else { return None };
    let mut all = build::function("array_agg", vec![value.clone()]);
    all.filter = function.filter.take();
    build::ordered_by(&mut all, vec![build::sort_key(value.clone(), ascending)]);
    build::filtered(&mut all, Expr::IsNotNull(Box::new(value.clone())));
    Some(build::call("array_slice", vec![Expr::Function(all), build::number(1), count.clone()]))
}

/// `map_agg(k, v)` over the list of its pairs.
fn collected(function: &mut Function, finisher: &str) -> Result<Option<Expr>, SqlError> {
    let args: Vec<Expr> = build::args_of(function).unwrap_or_default().into_iter().cloned().collect();
    let [key, value] = args.as_slice() else {
        let name = build::name_of(function).unwrap_or_default();
        return Err(SqlError::new(format!("`{name}` takes a key and a value")).named(&name));
    };
    let mut list = build::function("array_agg", vec![build::call("struct", vec![key.clone(), value.clone()])]);
    list.filter = function.filter.take();
    list.over = function.over.take();
    build::filtered(&mut list, Expr::IsNotNull(Box::new(key.clone())));
    Ok(Some(build::call(finisher, vec![Expr::Function(list)])))
}

/// An aggregate that is a function of the list of its values, nulls left out.
fn over_list(function: &mut Function, finisher: &str) -> Expr {
    let value = build::args_of(function).and_then(|args| args.first().map(|arg| (*arg).clone()));
    build::rename(function, "array_agg");
    if let Some(value) = value {
        build::filtered(function, Expr::IsNotNull(Box::new(value)));
    }
    build::call(finisher, vec![Expr::Function(function.clone())])
}

/// `listagg(x, ',') WITHIN GROUP (ORDER BY y)` is `string_agg(x, ',' ORDER BY y)`.
fn listagg(function: &mut Function) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let separator = args.get(1).cloned().unwrap_or_else(|| build::text(""));
    let mut text = build::function("string_agg", vec![args.first()?.clone(), separator]);
    text.filter = function.filter.take();
    let keys = std::mem::take(&mut function.within_group);
    if !keys.is_empty() {
        build::ordered_by(&mut text, keys);
    }
    Some(Expr::Function(text))
}

/// `approx_percentile(x, p)`; several percentages give a list, a weight stands in the middle.
fn approx_percentile(function: &Function) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let one = |percentage: &Expr| {
        let mut call = match args.as_slice() {
            [value, _] => build::function("approx_percentile_cont", vec![value.clone(), percentage.clone()]),
            [value, weight, _] => {
                build::function("approx_percentile_cont_with_weight", vec![value.clone(), weight.clone(), percentage.clone()])
            }
            _ => return None,
        };
        (call.filter, call.over) = (function.filter.clone(), function.over.clone());
        Some(Expr::Function(call))
    };
    match args.last()? {
        Expr::Array(list) => Some(build::call("make_array", list.elem.iter().map(one).collect::<Option<Vec<_>>>()?)),
        percentage => one(percentage),
    }
}
