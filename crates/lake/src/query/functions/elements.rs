//! Reaching into values: `element_at`, `x['key']`, `x[1]` and `x.field`, whatever `x` is - a map, a list, a row, or a document's text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::functions::expr_fn::get_field;
use datafusion::logical_expr::Expr;

use super::{Call, Give, JSON, Run, Spec, Take, failed, is_text, json, spec};

/// Name of the function behind `x.field`.
pub const FIELD: &str = "lake_field";

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    Spec { simpler: Some(simpler), ..spec("element_at", (2, 2), &[Take::Any], Give::By(kind_of), Run::Columns(element_at)) },
    Spec { simpler: Some(simpler), ..spec(FIELD, (2, 2), &[Take::Any], Give::By(kind_of), Run::Columns(element_at)) },
];

fn kind_of(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    let [from, key] = kinds else { return plan_err!("`element_at` takes a value and a key") };
    match from {
        DataType::LargeUtf8 => Ok(JSON),
        text if is_text(text) => Ok(DataType::Utf8),
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) if key.is_integer() => {
            Ok(field.data_type().clone())
        }
        DataType::List(_) | DataType::LargeList(_) => plan_err!("a list is asked for an element by its number, counted from 1"),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                fields.get(1).map_or_else(|| plan_err!("a map without values"), |value| Ok(value.data_type().clone()))
            }
            _ => plan_err!("a map without entries"),
        },
        DataType::Struct(fields) => {
            if let Some(place) = place(literals.get(1).copied().flatten()) {
                let field = place.checked_sub(1).and_then(|place| fields.get(place));
                return field.map(|field| field.data_type().clone()).ok_or_else(|| no_place(place, fields.len()));
            }
            let name = literal(literals).ok_or_else(|| failed("element_at", "a row's field is named by a literal"))?;
            match fields.iter().find(|field| field.name().eq_ignore_ascii_case(&name)) {
                Some(field) => Ok(field.data_type().clone()),
                None => {
                    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
                    plan_err!("there is no field `{name}`; the fields are {}", names.join(", "))
                }
            }
        }
        DataType::Null => Ok(DataType::Utf8),
        _ => plan_err!("there is nothing inside a value of type {}", super::type_name(from)),
    }
}

fn literal(literals: &[Option<&ScalarValue>]) -> Option<String> {
    literals.get(1).copied().flatten().and_then(|value| value.try_as_str().flatten()).map(str::to_owned)
}

/// A row's field by its place, counted from 1.
fn place(value: Option<&ScalarValue>) -> Option<usize> {
    match value? {
        ScalarValue::Int64(Some(place)) => usize::try_from(*place).ok(),
        _ => None,
    }
}

fn no_place(place: usize, fields: usize) -> datafusion::common::DataFusionError {
    failed("element_at", format!("the row has {fields} fields, no field {place}"))
}

/// A row's field is the engine's own access, which it can push down to the file.
fn simpler(args: &[Expr], kinds: &[DataType]) -> Result<Option<Expr>> {
    let ([from, Expr::Literal(name, _)], [DataType::Struct(fields), _]) = (args, kinds) else { return Ok(None) };
    if let Some(field) = place(Some(name)).and_then(|place| fields.get(place.checked_sub(1)?)) {
        return Ok(Some(get_field(from.clone(), field.name().as_str())));
    }
    let name = name.try_as_str().flatten().unwrap_or_default();
    let field = fields.iter().find(|field| field.name().eq_ignore_ascii_case(name));
    Ok(field.map(|field| get_field(from.clone(), field.name().as_str())))
}

fn element_at(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    match from.data_type() {
        kind if is_text(kind) => in_text(call),
        DataType::Map(..) => in_map(&from, &call.column(1)?),
        DataType::List(_) => in_list(&from, &call.column(1)?),
        DataType::Struct(_) => {
            let key = call.column(1)?;
            if key.data_type().is_integer() {
                let place = usize::try_from(call.row(0).int(1)).unwrap_or_default();
                let found = from.as_struct_opt().and_then(|rows| rows.columns().get(place.checked_sub(1)?).cloned());
                return found.ok_or_else(|| no_place(place, from.as_struct_opt().map_or(0, |rows| rows.columns().len())));
            }
            let name = call.row(0).text(1).to_owned();
            let found = from.as_struct_opt().and_then(|rows| {
                let at = rows.fields().iter().position(|field| field.name().eq_ignore_ascii_case(&name))?;
                rows.columns().get(at).cloned()
            });
            found.ok_or_else(|| failed(call.name, format!("there is no field `{name}`")))
        }
        DataType::Null => Ok(arrow::array::new_null_array(&call.kind, call.rows)),
        other => {
            let list = cast(&from, &super::list_of(call.kind.clone()))
                .map_err(|_| failed(call.name, format!("there is nothing inside a value of type {other}")))?;
            in_list(&list, &call.column(1)?)
        }
    }
}

/// Documents and JSON: members by their key, elements by their number. JSON stays JSON, documents give text as Lake's maps do.
fn in_text(call: &Call) -> Result<ArrayRef> {
    let key = call.column(1)?;
    let by_number = key.data_type().is_integer();
    let numbers = if by_number { Some(cast(&key, &DataType::Int64)?) } else { None };
    let numbers = numbers.as_ref().map(|numbers| numbers.as_primitive::<Int64Type>());
    let stays_json = call.kind == JSON;
    let any_case = call.name == FIELD;
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let document = row.text_or_null(0)?;
        let found = match numbers {
            Some(numbers) => {
                nth(&json::elements(document)?, numbers.iter().nth(if numbers.len() == 1 { 0 } else { at }).flatten()?).copied()?
            }
            None if any_case => json::member(document, row.text_or_null(1)?)?,
            None => json::exact_member(document, row.text_or_null(1)?)?,
        };
        if stays_json { Some(found.to_owned()) } else { json::text_of(found) }
    });
    Ok(Arc::new(each.collect::<StringArray>()))
}

/// Counted from 1, or from the end.
fn nth<T>(all: &[T], number: i64) -> Option<&T> {
    let index = if number < 0 { number + all.len() as i64 } else { number - 1 };
    all.get(usize::try_from(index).ok()?)
}

fn in_list(from: &ArrayRef, numbers: &ArrayRef) -> Result<ArrayRef> {
    let list = from.as_list::<i32>();
    let numbers = cast(numbers, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let offsets = list.value_offsets();
    let each = offsets.windows(2).zip(numbers.iter()).enumerate().map(|(row, (pair, number))| {
        let (start, end) = (i64::from(*pair.first()?), i64::from(*pair.last()?));
        let number = number.filter(|_| list.is_valid(row))?;
        let at = if number < 0 { end + number } else { start + number - 1 };
        (number != 0 && at >= start && at < end).then(|| u32::try_from(at).ok()).flatten()
    });
    Ok(take(list.values(), &each.collect::<UInt32Array>(), None)?)
}

fn in_map(from: &ArrayRef, key: &ArrayRef) -> Result<ArrayRef> {
    let map = from.as_map();
    let keys = cast(map.keys(), &DataType::Utf8)?;
    let keys = keys.as_string::<i32>();
    let wanted = cast(key, &DataType::Utf8)?;
    let wanted = wanted.as_string::<i32>();
    let offsets = map.value_offsets();
    let each = offsets.windows(2).zip(wanted.iter()).enumerate().map(|(row, (pair, wanted))| {
        let (start, end) = (usize::try_from(*pair.first()?).ok()?, usize::try_from(*pair.last()?).ok()?);
        let wanted = wanted.filter(|_| map.is_valid(row))?;
        (start..end).find(|at| keys.value(*at) == wanted).and_then(|at| u32::try_from(at).ok())
    });
    Ok(take(map.values(), &each.collect::<UInt32Array>(), None)?)
}
