//! CAST and TRY_CAST with Trino's meaning: JSON to and from everything, times from every spelling, rounding, nested types.
//!
//! Where the engine's own cast means the same, it is used, so that it can be folded and pushed down.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast as plain_cast, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Schema};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{Expr, cast as cast_expr, try_cast};

use super::{Call, Give, JSON, Run, Spec, Take, failed, is_text, json, list_of, lists, map_of, maps, spec, time_type};
use crate::query::dialect::{CAST, TRY_CAST};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        simpler: Some(|args, kinds| Ok(plainly(args, kinds)?.map(|(value, kind)| cast_expr(value, kind)))),
        ..spec(CAST, (2, 2), &[Take::Any, Take::Text], Give::By(target), Run::Columns(cast))
    },
    Spec {
        simpler: Some(|args, kinds| Ok(plainly(args, kinds)?.map(|(value, kind)| try_cast(value, kind)))),
        ..spec(TRY_CAST, (2, 2), &[Take::Any, Take::Text], Give::By(target), Run::Columns(cast))
    },
    spec("typeof", (1, 1), &[Take::Any], Give::Text, Run::Columns(type_of)),
];

fn target(_: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    let text = literals.get(1).copied().flatten().and_then(|value| value.try_as_str().flatten()).unwrap_or_default();
    kind_of(text)
}

/// A type by its text.
fn kind_of(text: &str) -> Result<DataType> {
    let Some((name, inside)) = text.split_once('(').and_then(|(name, inside)| Some((name, inside.strip_suffix(')')?))) else {
        return scalar_kind(text);
    };
    let parts = parts(inside);
    match (name, parts.as_slice()) {
        ("varchar", [_]) => Ok(DataType::Utf8),
        ("array", [element]) => Ok(list_of(kind_of(element)?)),
        ("map", [key, value]) => Ok(map_of(kind_of(key)?, kind_of(value)?)),
        ("row", fields) => {
            let fields = fields.iter().enumerate().map(|(at, field)| {
                let (name, kind) = match field.split_once(' ').filter(|(name, _)| !name.contains('(')) {
                    Some((name, kind)) => (name.to_owned(), kind),
                    None => (format!("c{at}"), *field),
                };
                Ok(Field::new(name, kind_of(kind)?, true))
            });
            Ok(DataType::Struct(fields.collect::<Result<Fields>>()?))
        }
        ("decimal", [precision]) => decimal(precision, "0"),
        ("decimal", [precision, scale]) => decimal(precision, scale),
        _ => plan_err!("there is no type `{text}`"),
    }
}

fn decimal(precision: &str, scale: &str) -> Result<DataType> {
    match (precision.parse::<u8>(), scale.parse::<i8>()) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale >= 0 && scale.unsigned_abs() <= precision => {
            Ok(DataType::Decimal128(precision, scale))
        }
        _ => plan_err!("there is no type `decimal({precision},{scale})`"),
    }
}

fn scalar_kind(name: &str) -> Result<DataType> {
    Ok(match name {
        "boolean" => DataType::Boolean,
        "tinyint" => DataType::Int8,
        "smallint" => DataType::Int16,
        "integer" | "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "real" | "float" => DataType::Float32,
        "double" => DataType::Float64,
        "decimal" => DataType::Decimal128(38, 0),
        "varchar" | "ipaddress" | "uuid" => DataType::Utf8,
        "varbinary" => DataType::Binary,
        "json" => JSON,
        "date" => DataType::Date32,
        "timestamp" => time_type(),
        "time" => DataType::Time64(arrow::datatypes::TimeUnit::Microsecond),
        other => {
            return plan_err!(
                "there is no type `{other}`; there are varchar, bigint, integer, double, decimal, boolean, date, timestamp, json, array, map and row"
            );
        }
    })
}

/// Parts between commas, outside of parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut all, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                all.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    all.extend(text.get(from..));
    all
}

/// The value and its new type, where the engine's own cast does the same.
fn plainly(args: &[Expr], kinds: &[DataType]) -> Result<Option<(Expr, DataType)>> {
    let ([value, Expr::Literal(kind, _)], [from, _]) = (args, kinds) else { return Ok(None) };
    let to = kind_of(kind.try_as_str().flatten().unwrap_or_default())?;
    let same = match (from, &to) {
        (from, to) if from == to => true,
        (DataType::Utf8View, DataType::Utf8) => true,
        (DataType::Utf8 | DataType::Utf8View, to) => to.is_numeric() || to == &DataType::Boolean,
        (from, to) if from.is_integer() => to.is_numeric() || to == &DataType::Utf8 || to == &DataType::Boolean,
        (DataType::Float32 | DataType::Float64, to) => to.is_floating() || to.is_decimal(),
        (DataType::Boolean, to) => to.is_numeric() || to == &DataType::Utf8,
        (DataType::Date32, DataType::Timestamp(..) | DataType::Utf8) => true,
        (DataType::Timestamp(_, None), DataType::Date32 | DataType::Timestamp(..)) => true,
        (DataType::Timestamp(_, Some(zone)), DataType::Date32) => zone.as_ref() == "UTC",
        (DataType::Timestamp(_, zone), DataType::Timestamp(..)) => zone.as_ref().is_none_or(|zone| zone.as_ref() == "UTC"),
        (DataType::Null, _) => true,
        _ => false,
    };
    Ok(same.then(|| (value.clone(), to)))
}

fn cast(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    let tries = call.name == TRY_CAST;
    converted(call, &from, &call.kind, tries)
}

fn converted(call: &Call, from: &ArrayRef, to: &DataType, tries: bool) -> Result<ArrayRef> {
    match (from.data_type(), to) {
        (from_kind, to) if from_kind == to => Ok(Arc::clone(from)),
        (_, &JSON) => to_json(from),
        (kind, to) if is_text(kind) && to.is_nested() => from_documents(&texts(from)?, to, call, tries),
        (kind, to) if kind == &JSON => from_scalars(&scalars(from)?, to, call, tries),
        (kind, to) if is_text(kind) => from_scalars(&texts(from)?, to, call, tries),
        (DataType::Float32 | DataType::Float64, to) if to.is_integer() => rounded(from, to, call, tries),
        (DataType::Timestamp(..), DataType::Utf8) => written(call),
        (kind, DataType::Utf8) if super::is_span(kind) => super::intervals::texts(from),
        (DataType::Float32 | DataType::Float64, DataType::Utf8) => Ok(numbers_written(from)?),
        (DataType::Timestamp(..), DataType::Date32) => {
            let days = (0..call.rows).map(|at| {
                let row = call.row(at);
                if row.has_null() {
                    Ok(None)
                } else {
                    call.judged(row.local(0).map(|(local, _)| i32::try_from(local.and_utc().timestamp().div_euclid(86_400)).ok()))
                }
            });
            Ok(Arc::new(days.collect::<Result<arrow::array::Date32Array>>()?))
        }
        (DataType::Timestamp(_, Some(_)), DataType::Timestamp(..)) => wall_time(call),
        (_, to) => Ok(cast_with_options(from, to, &CastOptions { safe: tries, format_options: Default::default() })
            .map_err(|error| failed("cast", plain(&error)))?),
    }
}

fn plain(error: &arrow::error::ArrowError) -> String {
    error.to_string().replace("Cast error: ", "").replace("Invalid argument error: ", "")
}

fn texts(from: &ArrayRef) -> Result<StringArray> {
    Ok(plain_cast(from, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// A time without a zone is what the clock of its zone showed.
fn wall_time(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() { Ok(None) } else { call.judged(row.local(0).map(|(local, _)| Some(local.and_utc().timestamp_micros()))) }
    });
    Ok(Arc::new(each.collect::<Result<TimestampMicrosecondArray>>()?.with_timezone("UTC")))
}

/// JSON's scalars without their quotes.
fn scalars(from: &ArrayRef) -> Result<StringArray> {
    Ok(texts(from)?.iter().map(|text| text.and_then(json::text_of)).collect())
}

/// Texts to a type that is not nested.
fn from_scalars(texts: &StringArray, to: &DataType, call: &Call, tries: bool) -> Result<ArrayRef> {
    match to {
        DataType::Utf8 => Ok(Arc::new(texts.clone())),
        DataType::Timestamp(..) | DataType::Date32 => {
            let each = texts.iter().map(|text| match text.map(super::times::from_text) {
                Some(Ok(time)) => Ok(Some(time)),
                Some(Err(what)) if !tries => call.judged(Err(what)),
                _ => Ok(None),
            });
            let times = each.collect::<Result<TimestampMicrosecondArray>>()?.with_timezone("UTC");
            Ok(plain_cast(&times, to)?)
        }
        to => {
            let trimmed: StringArray = texts.iter().map(|text| text.map(str::trim)).collect();
            let strict = CastOptions { safe: true, format_options: Default::default() };
            let done = cast_with_options(&trimmed, to, &strict)?;
            let first_lost = (0..texts.len()).find(|at| done.is_null(*at) && texts.is_valid(*at));
            if let Some(at) = first_lost.filter(|_| !tries) {
                let what: std::result::Result<Option<()>, String> =
                    Err(format!("`{}` cannot be made {}", super::shown(texts.value(at)), type_name(to)));
                call.judged(what)?;
            }
            Ok(done)
        }
    }
}

/// Half is rounded away from zero, as in Trino.
fn rounded(from: &ArrayRef, to: &DataType, call: &Call, tries: bool) -> Result<ArrayRef> {
    let numbers = plain_cast(from, &DataType::Float64)?;
    let each = numbers.as_primitive::<Float64Type>().iter().map(|number| match number {
        Some(number) if number.is_finite() && number.abs() < 9.2e18 => Ok(Some(number.round() as i64)),
        Some(number) if !tries => call.judged(Err(format!("{number} cannot be made {}", type_name(to)))),
        _ => Ok(None),
    });
    let whole = each.collect::<Result<Int64Array>>()?;
    Ok(cast_with_options(&whole, to, &CastOptions { safe: tries, format_options: Default::default() })?)
}

/// Numbers as Trino writes them, which is Java's way: `0.5`, `1.0E10`, `Infinity`.
fn numbers_written(from: &ArrayRef) -> Result<ArrayRef> {
    let numbers = plain_cast(from, &DataType::Float64)?;
    let shown = arrow::util::display::ArrayFormatter::try_new(from.as_ref(), &Default::default())?;
    let each = numbers.as_primitive::<Float64Type>().iter().enumerate().map(|(at, number)| {
        let number = number?;
        let size = number.abs();
        Some(match number {
            _ if number.is_nan() => "NaN".to_owned(),
            _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            _ if size == 0.0 || (1e-3..1e7).contains(&size) => shown.value(at).to_string(),
            _ => scientific(number),
        })
    });
    Ok(Arc::new(each.collect::<StringArray>()))
}

fn scientific(number: f64) -> String {
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// As Lake writes times: `2023-07-10 12:00:05.000`.
fn written(call: &Call) -> Result<ArrayRef> {
    let zone = match call.column(0)?.data_type() {
        DataType::Timestamp(_, Some(zone)) if zone.as_ref() != "UTC" => format!(" {zone}"),
        _ => String::new(),
    };
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() {
            Ok(None)
        } else {
            call.judged(row.local(0).map(|(local, _)| Some(format!("{}{zone}", local.format("%Y-%m-%d %H:%M:%S%.3f")))))
        }
    });
    Ok(Arc::new(each.collect::<Result<StringArray>>()?))
}

/// Any values as JSON documents.
fn to_json(from: &ArrayRef) -> Result<ArrayRef> {
    if from.data_type().is_null() {
        return Ok(arrow::array::new_null_array(&JSON, from.len()));
    }
    let schema = Arc::new(Schema::new(vec![Field::new("v", from.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::clone(from)])?;
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_timestamp_tz_format("%Y-%m-%d %H:%M:%S%.3f".to_owned())
        .build::<_, arrow::json::writer::LineDelimited>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let lines = String::from_utf8(writer.into_inner()).map_err(|error| failed("cast", error))?;
    let mut values = lines.lines().map(|line| line.strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}')));
    let each = (0..from.len()).map(|at| {
        let value = values.next().flatten();
        value.filter(|_| from.is_valid(at)).map(str::to_owned)
    });
    Ok(plain_cast(&each.collect::<StringArray>(), &JSON)?)
}

/// Documents to lists, maps and rows of what they hold.
fn from_documents(documents: &StringArray, to: &DataType, call: &Call, tries: bool) -> Result<ArrayRef> {
    let complain = |text: &str| -> Result<()> {
        let what: std::result::Result<Option<()>, String> =
            Err(format!("`{}` cannot be made {}", super::shown(text), type_name(to)));
        if tries { Ok(()) } else { call.judged(what).map(|_| ()) }
    };
    let value = |at: usize| documents.is_valid(at).then(|| documents.value(at)).filter(|text| text.trim() != "null");
    match to {
        DataType::List(field) => {
            let (mut lengths, mut valid, mut inner) = (Vec::new(), Vec::new(), Vec::new());
            for text in (0..documents.len()).map(value) {
                let elements = text.and_then(json::elements);
                if let (Some(text), None) = (text, &elements) {
                    complain(text)?;
                }
                valid.push(elements.is_some());
                lengths.push(elements.as_ref().map_or(0, Vec::len));
                inner.extend(elements.unwrap_or_default());
            }
            lists::list_array(lengths, inner_values(&inner, field.data_type(), call, tries)?, valid)
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else { return plan_err!("a map without entries") };
            let [key, value_field] = fields.iter().as_slice() else { return plan_err!("a map without entries") };
            let (mut lengths, mut valid, mut keys, mut inner) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for text in (0..documents.len()).map(value) {
                let members = text.and_then(json::members);
                if let (Some(text), None) = (text, &members) {
                    complain(text)?;
                }
                valid.push(members.is_some());
                lengths.push(members.as_ref().map_or(0, Vec::len));
                for (key, value) in members.unwrap_or_default() {
                    keys.push(key);
                    inner.push(value);
                }
            }
            let keys = from_scalars(&StringArray::from(keys), key.data_type(), call, tries)?;
            maps::map(keys, inner_values(&inner, value_field.data_type(), call, tries)?, lengths, valid)
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().enumerate().map(|(at, field)| {
                let inner: Vec<&str> = (0..documents.len())
                    .map(|row| value(row).and_then(|text| part(text, field.name(), at)).unwrap_or("null"))
                    .collect();
                inner_values(&inner, field.data_type(), call, tries)
            });
            let valid: Vec<bool> = (0..documents.len()).map(|row| value(row).is_some()).collect();
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns.collect::<Result<Vec<_>>>()?, Some(valid.into()))?))
        }
        other => plan_err!("{other} is not nested"),
    }
}

/// A row's field: by its name from an object, by its place from an array.
fn part<'a>(text: &'a str, name: &str, at: usize) -> Option<&'a str> {
    match json::elements(text) {
        Some(elements) => elements.get(at).copied(),
        None => json::member(text, name),
    }
}

fn inner_values(values: &[&str], kind: &DataType, call: &Call, tries: bool) -> Result<ArrayRef> {
    let raw: StringArray = values.iter().map(|value| Some(*value)).collect();
    match kind {
        &JSON => Ok(plain_cast(&raw, &JSON)?),
        kind if kind.is_nested() => from_documents(&raw, kind, call, tries),
        kind => {
            let texts: StringArray = values.iter().map(|value| json::text_of(value)).collect();
            from_scalars(&texts, kind, call, tries)
        }
    }
}

fn type_of(call: &Call) -> Result<ArrayRef> {
    let name = type_name(call.column(0)?.data_type());
    Ok(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(name, call.rows))))
}

/// A type as Trino calls it.
pub fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        kind if kind.is_integer() => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::LargeUtf8 => "json".to_owned(),
        kind if is_text(kind) => "varchar".to_owned(),
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => "varbinary".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, Some(zone)) if zone.as_ref() != "UTC" => "timestamp(3) with time zone".to_owned(),
        DataType::Timestamp(..) => "timestamp(3)".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval day to second".to_owned(),
        DataType::Null => "unknown".to_owned(),
        DataType::List(field) | DataType::LargeList(field) => format!("array({})", type_name(field.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                format!("map({})", fields.iter().map(|field| type_name(field.data_type())).collect::<Vec<_>>().join(", "))
            }
            _ => "map".to_owned(),
        },
        DataType::Struct(fields) => format!(
            "row({})",
            fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string().to_lowercase(),
    }
}
