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
        "geometric_mean" => Some(geometric_mean(function).ok_or_else(|| takes(name, "one number"))?),
        "skewness" | "kurtosis" => Some(moments(function, name == "kurtosis").ok_or_else(|| takes(name, "one number"))?),
        "approx_most_frequent" => {
            Some(most_frequent(function).ok_or_else(|| takes(name, "a number of values, a value and a capacity"))?)
        }
        "reduce_agg" => Some(reduce_agg(function).ok_or_else(|| takes(name, "a value, a start and two lambdas"))?),
        "checksum" => Some(Expr::Function(checksum(function)?)),
        "approx_percentile" => approx_percentile(function),
        "approx_distinct" if count_of_args(function) == 2 => {
            build::only_first(function);
            None
        }
        _ => None,
    })
}

fn takes(name: &str, what: &str) -> SqlError {
    SqlError::new(format!("`{name}` takes {what}")).named(name)
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
    if let (FunctionArguments::List(from), FunctionArguments::List(to)) = (&function.args, &mut text.args) {
        to.duplicate_treatment = from.duplicate_treatment;
    }
    let keys = std::mem::take(&mut function.within_group);
    if !keys.is_empty() {
        build::ordered_by(&mut text, keys);
    }
    Some(Expr::Function(text))
}

fn aggregate(name: &str, arg: Expr, like: &Function) -> Expr {
    let mut call = build::function(name, vec![arg]);
    (call.filter, call.over) = (like.filter.clone(), like.over.clone());
    Expr::Function(call)
}

fn only_arg(function: &Function) -> Option<Expr> {
    match build::args_of(function)?.as_slice() {
        [value] => Some(build::call(crate::query::dialect::CAST, vec![(*value).clone(), build::text("double")])),
        _ => None,
    }
}

/// The exponential of the mean logarithm.
fn geometric_mean(function: &Function) -> Option<Expr> {
    let mean = aggregate("avg", build::call("ln", vec![only_arg(function)?]), function);
    Some(build::call("exp", vec![mean]))
}

/// Skewness and excess kurtosis from the sums of powers.
fn moments(function: &Function, is_kurtosis: bool) -> Option<Expr> {
    let value = only_arg(function)?;
    let power = |exponent| build::call("power", vec![value.clone(), build::number(exponent)]);
    let sums = [1, 2, 3, 4].map(|exponent| aggregate("sum", power(exponent), function));
    let name = if is_kurtosis { "lake_kurtosis" } else { "lake_skewness" };
    Some(build::call(name, [aggregate("count", value, function)].into_iter().chain(sums).collect()))
}

/// `approx_most_frequent(n, x, capacity)`: counted exactly.
fn most_frequent(function: &mut Function) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let [count, value, _] = args.as_slice() else { return None };
    let mut all = build::function("array_agg", vec![value.clone()]);
    (all.filter, all.over) = (function.filter.take(), function.over.take());
    build::filtered(&mut all, Expr::IsNotNull(Box::new(value.clone())));
    let counted = build::call("lake_histogram", vec![Expr::Function(all)]);
    Some(build::call("lake_most_frequent", vec![counted, count.clone()]))
}

/// `reduce_agg(x, start, merge, combine)` is `reduce` over the list of the values.
fn reduce_agg(function: &mut Function) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let [value, start, merge, _] = args.as_slice() else { return None };
    let mut all = build::function("array_agg", vec![value.clone()]);
    (all.filter, all.over) = (function.filter.take(), function.over.take());
    build::filtered(&mut all, Expr::IsNotNull(Box::new(value.clone())));
    let list = build::call(super::calls::AS_LIST, vec![Expr::Function(all)]);
    Some(build::call("reduce", vec![list, start.clone(), merge.clone(), super::lambdas::unchanged()]))
}

/// The sum of the values' hashes, as bytes.
fn checksum(function: &Function) -> Result<Function, SqlError> {
    let args = build::args_of(function).unwrap_or_default();
    let [value] = args.as_slice() else {
        return Err(SqlError::new("`checksum` takes one value").named("checksum"));
    };
    // The halves of 64 bits are summed apart: a sum must not overflow.
    let hash = build::call("lake_checksum_hash", vec![(*value).clone()]);
    let half = |name: &str| aggregate("sum", build::call(name, vec![hash.clone()]), function);
    Ok(build::function("lake_checksum", vec![half("lake_high_half"), half("lake_low_half")]))
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
        // Whole numbers have whole percentiles: the smallest value says of which type they are.
        let mut sample = build::function("min", vec![args.first()?.clone()]);
        (sample.filter, sample.over) = (function.filter.clone(), function.over.clone());
        Some(build::call("lake_rounded_as", vec![Expr::Function(call), Expr::Function(sample)]))
    };
    match args.last()? {
        Expr::Array(list) => Some(build::call("make_array", list.elem.iter().map(one).collect::<Option<Vec<_>>>()?)),
        percentage => one(percentage),
    }
}
