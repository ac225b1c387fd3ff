//! Functions: which are others under Trino's name, and which are rewritten.

use datafusion::sql::sqlparser::ast::{BinaryOperator, DateTimeField, Expr, Function, ObjectName, UnaryOperator};

use super::{aggregates, conditionals, docs, lambdas, literals};
use crate::query::build;
use crate::query::dialect::{CAST, TRY_CAST};
use crate::query::errors::SqlError;
use crate::query::functions;

/// Name of the function that makes a map of whatever is one.
pub const AS_MAP: &str = "lake_as_map";
/// Name of the function that makes a list of whatever is one.
pub const AS_LIST: &str = "lake_as_list";

/// Functions whose first argument is a list.
const OF_LISTS: [&str; 31] = [
    "array_histogram",
    "contains_sequence",
    "ngrams",
    "combinations",
    "cardinality",
    "contains",
    "any_match",
    "all_match",
    "none_match",
    "filter",
    "transform",
    "reduce",
    "zip",
    "zip_with",
    "array_distinct",
    "array_except",
    "array_intersect",
    "array_join",
    "array_max",
    "array_min",
    "array_position",
    "array_remove",
    "array_sort",
    "array_union",
    "arrays_overlap",
    "reverse",
    "slice",
    "flatten",
    "array_first",
    "array_last",
    "trim_array",
];

/// Functions whose first argument is a list and that take text for one.
const LIST_WITH_LAMBDA: [&str; 6] = ["any_match", "filter", "transform", "reduce", "zip_with", "array_sort"];

/// Functions whose arguments are maps.
const OF_MAPS: [&str; 3] = ["map_keys", "map_values", "map_entries"];

/// Functions that the engine has under another name.
const RENAMED: [(&str, &str); 35] = [
    ("every", "bool_and"),
    ("set_agg", "array_agg"),
    ("row", "struct"),
    ("filter", "array_filter"),
    ("transform", "array_transform"),
    ("any_match", "array_any_match"),
    ("slice", "lake_slice"),
    ("sequence", "lake_sequence"),
    ("array_first", "lake_array_first"),
    ("array_histogram", "lake_histogram"),
    ("pow", "power"),
    ("array_join", "lake_array_join"),
    ("arrays_overlap", "lake_arrays_overlap"),
    ("levenshtein_distance", "levenshtein"),
    ("truncate", "trunc"),
    ("ceiling", "ceil"),
    ("rand", "random"),
    ("bitwise_and_agg", "bit_and"),
    ("bitwise_or_agg", "bit_or"),
    ("bitwise_xor_agg", "bit_xor"),
    ("variance", "var_samp"),
    ("stddev", "stddev_samp"),
    ("dow", "day_of_week"),
    ("doy", "day_of_year"),
    ("week_of_year", "week"),
    ("yow", "year_of_week"),
    ("day_of_month", "day"),
    ("date", "lake_date"),
    ("length", "lake_length"),
    ("is_nan", "isnan"),
    ("zip", "lake_zip"),
    ("repeat", "array_repeat"),
    ("array_position", "lake_array_position"),
    ("e", "lake_e"),
    ("substring", "substr"),
];

/// What is done before a call's arguments are seen.
pub fn before(function: &mut Function) -> Result<(), SqlError> {
    if build::name_of(function).as_deref() == Some("try") && build::args_of(function).is_none_or(|args| args.len() != 1) {
        return Err(SqlError::new("`try` takes one expression").named("try"));
    }
    Ok(())
}

/// What a call becomes when its arguments have been seen; `None` leaves it where it is. `of_events` says whether its first argument is a
/// column of a store's own table.
pub fn after(function: &mut Function, in_try: bool, of_events: bool) -> Result<Option<Expr>, SqlError> {
    let Some(name) = build::name_of(function) else { return Ok(None) };
    lambdas::only_where_known(function, &name)?;
    if let Some(replaced) = replaced(function, &name, of_events)? {
        return Ok(Some(replaced));
    }
    if OF_LISTS.contains(&name.as_str()) {
        docs::first_as_rows(function);
    }
    if name == "element_at" {
        docs::element_of_rows(function);
    }
    if LIST_WITH_LAMBDA.contains(&name.as_str()) {
        wrap_first(function, AS_LIST);
    }
    if OF_MAPS.contains(&name.as_str()) {
        wrap_first(function, AS_MAP);
    }
    if let Some((_, other)) = RENAMED.iter().find(|(trino, _)| *trino == name) {
        build::rename(function, other);
    }
    if name == "set_agg"
        && let datafusion::sql::sqlparser::ast::FunctionArguments::List(list) = &mut function.args
    {
        list.duplicate_treatment = Some(datafusion::sql::sqlparser::ast::DuplicateTreatment::Distinct);
    }
    if name == "array_sort" {
        let sorts_by = build::args_of(function).is_some_and(|args| args.len() == 2);
        build::rename(function, if sorts_by { "lake_sort_by" } else { "lake_array_sort" });
    }
    let name = build::name_of(function).unwrap_or_default();
    if in_try && name == CAST {
        build::rename(function, TRY_CAST);
    } else if in_try && name != TRY_CAST && functions::can_fail(&name) {
        build::rename(function, &format!("{}{name}", functions::TRYING));
    }
    Ok(None)
}

fn replaced(function: &mut Function, name: &str, of_events: bool) -> Result<Option<Expr>, SqlError> {
    Ok(match name {
        "if" => Some(conditionals::if_as_case(function)?),
        "try" => Some(conditionals::tried(function)?),
        "element_at" if of_events => docs::hot_key(function),
        "lake_cast" | "lake_try_cast" => docs::cast_as_json(function),
        "all_match" => {
            prepare_list(function);
            lambdas::all_match(function).map(renamed_inside)
        }
        "none_match" => {
            prepare_list(function);
            Some(renamed_inside(lambdas::none_match(function)))
        }
        "map_filter" | "transform_values" | "transform_keys" => Some(renamed_over(lambdas::over_entries(function, name)?)),
        "zip_with" => Some(renamed(lambdas::zip_with(function)?)),
        "at_timezone" => at_timezone(function),
        "with_timezone" => in_zone(function, "lake_with_timezone", 2),
        "from_unixtime" => in_zone(function, "from_unixtime", 1),
        "greatest" | "least" if !is_ours(function) => Some(null_if_any(function)),
        "localtime" => Some(build::call("current_time", Vec::new())),
        "current_time" if build::args_of(function).is_some_and(|args| !args.is_empty()) => {
            Some(build::call("current_time", Vec::new()))
        }
        "localtimestamp" | "current_timestamp" => Some(build::call("now", Vec::new())),
        "now" if !build::args_of(function).is_none_or(|args| args.is_empty()) => Some(build::call("now", Vec::new())),
        "random" | "rand" => random(function),
        "map" if build::args_of(function).is_some_and(|args| args.is_empty()) => Some(build::call("lake_empty_map", Vec::new())),
        "map_zip_with" => Some(lambdas::map_zip_with(function)?),
        "regexp_replace" => lambdas::regexp_replace(function),
        "typeof" => build::args_of(function).and_then(|args| literals::type_of(args.first()?)).map(|kind| build::text(&kind)),
        "md5" if !is_ours(function) => Some(md5(function)),
        "mod" => binary(function, BinaryOperator::Modulo),
        "concat" => concat(function),
        "to_base64" => Some(coded(function, "encode", "base64pad")),
        "from_base64" => Some(coded(function, "decode", "base64")),
        _ => aggregates::replaced(function, name)?,
    })
}

fn prepare_list(function: &mut Function) {
    docs::first_as_rows(function);
    wrap_first(function, AS_LIST);
}

/// `NOT (any_match(...))`: the call inside under the engine's name.
fn renamed_inside(mut expr: Expr) -> Expr {
    if let Expr::UnaryOp { expr: inner, .. } = &mut expr
        && let Expr::Nested(inner) = inner.as_mut()
        && let Expr::Function(function) = inner.as_mut()
    {
        build::rename(function, "array_any_match");
    }
    expr
}

/// `map_from_entries(filter(...))`: the call inside under the engine's name.
fn renamed_over(mut expr: Expr) -> Expr {
    if let Expr::Function(outer) = &mut expr {
        for inner in build::args_mut(outer) {
            if let Expr::Function(inner) = inner {
                let name = if build::name_of(inner).as_deref() == Some("filter") { "array_filter" } else { "array_transform" };
                build::rename(inner, name);
            }
        }
    }
    expr
}

/// Wraps the first argument, once.
fn wrap_first(function: &mut Function, wrapper: &str) {
    let Some(first) = build::args_mut(function).into_iter().next() else { return };
    if matches!(first, Expr::Function(inner) if build::name_of(inner).is_some_and(|name| [wrapper, docs::RESOURCES, docs::RESOURCE_TAGS].contains(&name.as_str())))
    {
        return;
    }
    let inner = std::mem::replace(first, build::nothing());
    *first = build::call(wrapper, vec![inner]);
}

/// The call itself under the engine's name.
fn renamed(mut expr: Expr) -> Expr {
    if let Expr::Function(function) = &mut expr {
        build::rename(function, "array_transform");
    }
    expr
}

/// Whether a call was put there by us: its name is quoted.
fn is_ours(function: &Function) -> bool {
    matches!(function.name.0.as_slice(), [part] if part.as_ident().is_some_and(|name| name.quote_style.is_some()))
}

/// `greatest(a, b)` is null if one of them is.
fn null_if_any(function: &Function) -> Expr {
    let args = build::args_of(function).unwrap_or_default().into_iter();
    let is_null = |arg: &Expr| Expr::IsNull(Box::new(Expr::Nested(Box::new(arg.clone()))));
    let any = args.map(is_null).reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::Or,
        right: Box::new(right),
    });
    let mut own = function.clone();
    own.name = ObjectName::from(vec![build::name(&build::name_of(function).unwrap_or_default())]);
    let call = Expr::Function(own);
    match any {
        Some(any) => {
            conditionals::case(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(any))) }, call, None)
        }
        None => call,
    }
}

/// The engine's hash is hexadecimal text; Trino's is bytes.
fn md5(function: &Function) -> Expr {
    let mut own = function.clone();
    own.name = ObjectName::from(vec![build::name("md5")]);
    build::call("from_hex", vec![Expr::Function(own)])
}

/// `random(n)` and `random(m, n)`: a whole number from m (or 0), below n.
fn random(function: &Function) -> Option<Expr> {
    let args: Vec<Expr> = build::args_of(function)?.into_iter().cloned().collect();
    let (low, high) = match args.as_slice() {
        [high] => (build::number(0), high.clone()),
        [low, high] => (low.clone(), high.clone()),
        _ => return None,
    };
    let nested = |expr: Expr| Box::new(Expr::Nested(Box::new(expr)));
    let op = |left: Expr, op: BinaryOperator, right: Expr| Expr::BinaryOp { left: nested(left), op, right: nested(right) };
    let span = op(high, BinaryOperator::Minus, low.clone());
    let part = op(build::call("random", Vec::new()), BinaryOperator::Multiply, span);
    let whole = build::call(CAST, vec![build::call("floor", vec![part]), build::text("bigint")]);
    Some(op(whole, BinaryOperator::Plus, low))
}

/// `mod(a, b)` is `a % b`.
fn binary(function: &Function, op: BinaryOperator) -> Option<Expr> {
    let args = build::args_of(function)?;
    let [left, right] = args.as_slice() else { return None };
    let nested = |expr: &Expr| Box::new(Expr::Nested(Box::new(expr.clone())));
    Some(Expr::BinaryOp { left: nested(left), op, right: nested(right) })
}

/// `concat(a, b, c)` is `a || b || c`: one null makes null, and lists are joined too.
fn concat(function: &Function) -> Option<Expr> {
    let args = build::args_of(function)?;
    let nested = |expr: &Expr| Expr::Nested(Box::new(expr.clone()));
    let joined = |left: Expr, right: &&Expr| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::StringConcat,
        right: Box::new(nested(right)),
    };
    let (first, rest) = args.split_first()?;
    Some(rest.iter().fold(nested(first), joined))
}

/// `to_base64(x)` is `encode(x, 'base64pad')`.
fn coded(function: &Function, name: &str, code: &str) -> Expr {
    let mut args: Vec<Expr> = build::args_of(function).unwrap_or_default().into_iter().cloned().collect();
    args.push(build::text(code));
    build::call(name, args)
}

/// `at_timezone(time, 'zone')` is `time AT TIME ZONE 'zone'`.
fn at_timezone(function: &Function) -> Option<Expr> {
    let args = build::args_of(function)?;
    let [time, zone] = args.as_slice() else { return None };
    Some(Expr::AtTimeZone { timestamp: Box::new((*time).clone()), time_zone: Box::new((*zone).clone()) })
}

/// A call whose second argument is the zone that its result is shown in; `kept` of its arguments stay.
fn in_zone(function: &Function, name: &str, kept: usize) -> Option<Expr> {
    let args = build::args_of(function)?;
    let zone = args.get(1)?;
    build::text_of(zone)?;
    let call = build::call(name, args.iter().take(kept).map(|arg| (*arg).clone()).collect());
    Some(Expr::AtTimeZone { timestamp: Box::new(call), time_zone: Box::new((*zone).clone()) })
}

/// `EXTRACT(field FROM time)` is the function of that name.
pub fn extract(field: &DateTimeField, time: Expr) -> Option<Expr> {
    let name = match field.to_string().to_lowercase().as_str() {
        "year" => "year",
        "quarter" => "quarter",
        "month" => "month",
        "week" => "week",
        "day" | "day_of_month" => "day",
        "dow" | "day_of_week" => "day_of_week",
        "doy" | "day_of_year" => "day_of_year",
        "yow" | "year_of_week" => "year_of_week",
        "hour" => "hour",
        "minute" => "minute",
        "second" => "second",
        "timezone_hour" => "timezone_hour",
        "timezone_minute" => "timezone_minute",
        _ => return None,
    };
    Some(build::call(name, vec![time]))
}
