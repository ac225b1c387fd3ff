//! Functions of lists.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StringArray, StructArray, UInt32Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Fields};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;

use super::{Call, Give, JSON, Run, Spec, Take, failed, is_text, json, list_of, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("cardinality", (1, 1), &[Take::Any], Give::Int, Run::Columns(cardinality)),
    Spec { simpler: Some(is_list), ..spec("lake_as_list", (1, 1), &[Take::Any], Give::By(as_list_kind), Run::Columns(as_list)) },
    Spec {
        simpler: Some(is_list),
        ..spec("lake_resources", (1, 1), &[Take::Any], Give::By(resources_kind), Run::Columns(resources))
    },
    Spec { simpler: Some(is_list), ..spec("lake_resource_tags", (1, 1), &[Take::Any], Give::By(tags_kind), Run::Columns(tags)) },
    spec("lake_elements", (2, 2), &[Take::Any, Take::Int], Give::By(elements_kind), Run::Columns(elements)),
    spec("lake_array_join", (2, 3), &[Take::Any, Take::Text], Give::Text, Run::Columns(join)),
    spec("lake_array_position", (2, 2), &[Take::Any], Give::Int, Run::Columns(position)),
    spec("lake_slice", (3, 3), &[Take::Any, Take::Int], Give::By(same), Run::Columns(slice)),
    spec("trim_array", (2, 2), &[Take::Any, Take::Int], Give::By(same), Run::Columns(trim)),
    spec("lake_zip", (2, 5), &[Take::Any], Give::By(zip_kind), Run::Columns(zip)),
    spec("lake_ordinals", (1, usize::MAX), &[Take::Any], Give::By(|_, _| Ok(list_of(DataType::Int64))), Run::Columns(ordinals)),
    spec("array_last", (1, 1), &[Take::Any], Give::By(element), Run::Columns(last)),
    spec("reverse", (1, 1), &[Take::Any], Give::By(reversed_kind), Run::Columns(reverse)),
];

fn same(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(kind @ DataType::List(_)) => Ok(kind.clone()),
        Some(DataType::LargeList(field) | DataType::FixedSizeList(field, _)) => Ok(list_of(field.data_type().clone())),
        _ => plan_err!("the first argument must be a list"),
    }
}

fn element(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(DataType::List(field) | DataType::LargeList(field)) => Ok(field.data_type().clone()),
        _ => plan_err!("the argument must be a list"),
    }
}

fn reversed_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(kind) if is_text(kind) => Ok(DataType::Utf8),
        _ => same(kinds, literals),
    }
}

/// Lists stay, the text of a JSON array becomes a list of its elements' texts, JSON one of JSON.
fn as_list_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(kind @ (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))) => Ok(kind.clone()),
        Some(DataType::LargeUtf8) => Ok(list_of(JSON)),
        Some(DataType::Utf8 | DataType::Utf8View | DataType::Null) => Ok(list_of(DataType::Utf8)),
        Some(other) => plan_err!("a list is needed, this is of type {other}"),
        None => plan_err!("a list is needed"),
    }
}

fn is_list(args: &[Expr], kinds: &[DataType]) -> Result<Option<Expr>> {
    let is_list = matches!(kinds.first(), Some(DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)));
    Ok(args.first().filter(|_| is_list).cloned())
}

fn as_list(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    if !is_text(from.data_type()) {
        return Ok(from);
    }
    let stays_json = from.data_type() == &JSON;
    let rows = (0..call.rows).map(|at| {
        let elements = json::elements(call.row(at).text_or_null(0)?)?;
        Some(
            elements
                .into_iter()
                .map(|element| if stays_json { Some(element.to_owned()) } else { json::text_of(element) })
                .collect(),
        )
    });
    let texts = super::texts(rows.collect());
    Ok(cast(&texts, &call.kind)?)
}

/// What UNNEST makes rows of: a list's elements, a map's entries, and the members of a document where key and value are named.
fn elements_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(DataType::Map(entries, _)) => Ok(list_of(entries.data_type().clone())),
        Some(kind) if is_text(kind) && names_two(literals) => Ok(list_of(entry_kind())),
        _ => as_list_kind(kinds, literals),
    }
}

fn names_two(literals: &[Option<&ScalarValue>]) -> bool {
    matches!(literals.get(1), Some(Some(ScalarValue::Int64(Some(2)))))
}

fn entry_kind() -> DataType {
    DataType::Struct(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)].into())
}

fn elements(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    if let Some(map) = from.as_map_opt() {
        let entries = Arc::new(map.entries().clone());
        let field = Arc::new(Field::new_list_field(entries.data_type().clone(), true));
        return Ok(Arc::new(ListArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned())?));
    }
    let makes_entries = matches!(&call.kind, DataType::List(field) if field.data_type() == &entry_kind());
    if !is_text(from.data_type()) || !makes_entries {
        return as_list(call);
    }
    let (mut keys, mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..call.rows {
        let members = call.row(at).text_or_null(0).and_then(json::members);
        valid.push(members.is_some());
        let members = members.unwrap_or_default();
        lengths.push(members.len());
        for (key, value) in members {
            keys.push(Some(key));
            values.push(json::text_of(value));
        }
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(keys.into_iter().collect::<StringArray>()), Arc::new(values.into_iter().collect::<StringArray>())];
    let DataType::Struct(fields) = entry_kind() else { return plan_err!("entries are rows") };
    list_array(lengths, Arc::new(StructArray::try_new(fields, columns, None)?), valid)
}

/// The fields of one of an event's resources, as Lake has them.
const RESOURCE: &[&str] = &["accountId", "type", "arn", "arnPrefix"];
/// The fields of one of `eventContext.tagContext.resourceTags`; `tags` is a document.
const RESOURCE_TAGS: &[&str] = &["arn", "tags"];

fn resources_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(rows_kind(kinds, RESOURCE))
}

fn resources(call: &Call) -> Result<ArrayRef> {
    rows(call, RESOURCE)
}

fn tags_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(rows_kind(kinds, RESOURCE_TAGS))
}

fn tags(call: &Call) -> Result<ArrayRef> {
    rows(call, RESOURCE_TAGS)
}

fn fields_of(names: &[&str]) -> Fields {
    names.iter().map(|name| Field::new(name.to_lowercase(), DataType::Utf8, true)).collect()
}

fn rows_kind(kinds: &[DataType], names: &[&str]) -> DataType {
    match kinds.first().filter(|kind| !is_text(kind) && !kind.is_null()) {
        Some(kind) => kind.clone(),
        None => list_of(DataType::Struct(fields_of(names))),
    }
}

/// The elements of a document as rows with these fields.
fn rows(call: &Call, names: &[&str]) -> Result<ArrayRef> {
    let from = call.column(0)?;
    if !is_text(from.data_type()) && !from.data_type().is_null() {
        return Ok(from);
    }
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    let mut lengths = Vec::with_capacity(call.rows);
    let mut valid = Vec::with_capacity(call.rows);
    for at in 0..call.rows {
        let elements = call.row(at).text_or_null(0).and_then(json::elements);
        valid.push(elements.is_some());
        let elements = elements.unwrap_or_default();
        lengths.push(elements.len());
        for element in elements {
            for (column, name) in columns.iter_mut().zip(names) {
                // AWS writes both `ARN` and `arn`.
                column.push(json::member(element, name).and_then(json::text_of));
            }
        }
    }
    let arrays = columns.into_iter().map(|column| Arc::new(column.into_iter().collect::<StringArray>()) as ArrayRef).collect();
    let rows = StructArray::try_new(fields_of(names), arrays, None)?;
    list_array(lengths, Arc::new(rows), valid)
}

/// A list array of values cut into pieces.
pub fn list_array(lengths: Vec<usize>, values: ArrayRef, valid: Vec<bool>) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(valid.into()))?))
}

fn cardinality(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    let lengths = |offsets: &[i32]| {
        offsets.windows(2).map(|pair| i64::from(pair.last().unwrap_or(&0) - pair.first().unwrap_or(&0))).collect::<Vec<_>>()
    };
    let counts: Int64Array = match from.data_type() {
        DataType::List(_) => valid_only(&from, lengths(from.as_list::<i32>().value_offsets())),
        DataType::Map(..) => valid_only(&from, lengths(from.as_map().value_offsets())),
        kind if is_text(kind) => {
            (0..call.rows).map(|at| call.row(at).text_or_null(0).map(|document| json::children(document).len() as i64)).collect()
        }
        DataType::Null => new_null_array(&DataType::Int64, call.rows).as_primitive().clone(),
        other => return plan_err!("`cardinality` takes a list or a map, not {}", super::type_name(other)),
    };
    Ok(Arc::new(counts))
}

fn valid_only(from: &ArrayRef, lengths: Vec<i64>) -> Int64Array {
    lengths.into_iter().enumerate().map(|(row, length)| from.is_valid(row).then_some(length)).collect()
}

/// A list, of whichever kind.
pub fn lists(call: &Call, at: usize) -> Result<ListArray> {
    let column = call.column(at)?;
    match column.data_type() {
        DataType::List(_) => Ok(column.as_list::<i32>().clone()),
        DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Ok(cast(&column, &list_of(field.data_type().clone()))?.as_list::<i32>().clone())
        }
        DataType::Null => Ok(new_null_array(&list_of(DataType::Utf8), call.rows).as_list::<i32>().clone()),
        other => Err(failed(call.name, format!("a list is needed, this is of type {}", super::type_name(other)))),
    }
}

fn join(call: &Call) -> Result<ArrayRef> {
    joined(call, 0, 1)
}

/// The elements of the list at one place as one text, with the separator at another.
pub fn joined(call: &Call, list: usize, separator: usize) -> Result<ArrayRef> {
    let list = lists(call, list)?;
    let options = FormatOptions::new();
    let values = ArrayFormatter::try_new(list.values().as_ref(), &options)?;
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let (separator, range) = (row.text_or_null(separator)?, range(&list, at)?);
        let instead = row.text_or_null(2);
        let parts = range.filter_map(|at| {
            if list.values().is_null(at) { instead.map(str::to_owned) } else { Some(values.value(at).to_string()) }
        });
        Some(parts.collect::<Vec<_>>().join(separator))
    });
    Ok(Arc::new(each.collect::<StringArray>()))
}

/// Where the values of a row's list are; nothing where it is null.
pub fn range(list: &ListArray, row: usize) -> Option<std::ops::Range<usize>> {
    let offsets = list.value_offsets();
    let (start, end) = (*offsets.get(row)?, *offsets.get(row + 1)?);
    list.is_valid(row).then_some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A list's values beside the value that is looked for, all as text.
fn as_texts(call: &Call) -> Result<(ListArray, StringArray, StringArray)> {
    let list = lists(call, 0)?;
    let values = cast(list.values(), &DataType::Utf8)?.as_string::<i32>().clone();
    let wanted = cast(&call.column(1)?, &DataType::Utf8)?.as_string::<i32>().clone();
    Ok((list, values, wanted))
}

/// Whether a list holds a value; null where it does not, but holds a null.
pub fn has(call: &Call) -> Result<ArrayRef> {
    let (list, values, wanted) = as_texts(call)?;
    let each = (0..call.rows).map(|at| {
        let range = range(&list, at)?;
        if wanted.is_null(at) {
            return None;
        }
        let wanted = wanted.value(at);
        let found = range.clone().any(|at| values.is_valid(at) && values.value(at) == wanted);
        (found || range.clone().all(|at| values.is_valid(at))).then_some(found)
    });
    Ok(Arc::new(each.collect::<BooleanArray>()))
}

/// Counted from 1; 0 where it is not.
fn position(call: &Call) -> Result<ArrayRef> {
    let (list, values, wanted) = as_texts(call)?;
    let each = (0..call.rows).map(|at| {
        let mut range = range(&list, at)?;
        if wanted.is_null(at) {
            return None;
        }
        let (start, wanted) = (range.start, wanted.value(at));
        Some(range.find(|at| values.is_valid(*at) && values.value(*at) == wanted).map_or(0, |found| (found - start) as i64 + 1))
    });
    Ok(Arc::new(each.collect::<Int64Array>()))
}

/// Pieces of a list.
fn pieces(call: &Call, piece: impl Fn(&super::Row<'_>, std::ops::Range<usize>) -> super::Outcome<Vec<u32>>) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let (mut indices, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..call.rows {
        let row = call.row(at);
        let taken = match range(&list, at).filter(|_| !row.has_null()) {
            Some(range) => call.judged(piece(&row, range))?,
            None => None,
        };
        valid.push(taken.is_some());
        let taken = taken.unwrap_or_default();
        lengths.push(taken.len());
        indices.extend(taken);
    }
    list_array(lengths, take(list.values(), &UInt32Array::from(indices), None)?, valid)
}

fn indices(range: std::ops::Range<usize>) -> Vec<u32> {
    range.filter_map(|at| u32::try_from(at).ok()).collect()
}

/// `slice(list, start, length)`: counted from 1, or from the end.
fn slice(call: &Call) -> Result<ArrayRef> {
    pieces(call, |row, range| {
        let length = usize::try_from(row.int(2)).map_err(|_| "the length must not be negative")?;
        let start = match row.int(1) {
            0 => return Err("the start is counted from 1".to_owned()),
            start @ 1.. => range.start as i64 + start - 1,
            start => range.end as i64 + start,
        };
        let Some(start) = usize::try_from(start).ok().filter(|start| range.contains(start)) else { return Ok(Some(Vec::new())) };
        Ok(Some(indices(start..start.saturating_add(length).min(range.end))))
    })
}

/// Without the last so many elements.
fn trim(call: &Call) -> Result<ArrayRef> {
    pieces(call, |row, range| match usize::try_from(row.int(1)).ok().filter(|count| *count <= range.len()) {
        Some(count) => Ok(Some(indices(range.start..range.end - count))),
        None => Err("the list does not have as many elements".to_owned()),
    })
}

fn reverse(call: &Call) -> Result<ArrayRef> {
    if is_text(call.column(0)?.data_type()) {
        let each = (0..call.rows).map(|at| call.row(at).text_or_null(0).map(|text| text.chars().rev().collect::<String>()));
        return Ok(Arc::new(each.collect::<StringArray>()));
    }
    pieces(call, |_, range| Ok(Some(indices(range).into_iter().rev().collect())))
}

fn last(call: &Call) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let each = (0..call.rows).map(|at| range(&list, at)?.next_back().and_then(|at| u32::try_from(at).ok()));
    Ok(take(list.values(), &each.collect::<UInt32Array>(), None)?)
}

fn zip_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    let fields = kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| Ok(Field::new(format!("c{at}"), element(std::slice::from_ref(kind), literals)?, true)));
    Ok(list_of(DataType::Struct(fields.collect::<Result<Fields>>()?)))
}

/// Rows of the n-th elements of lists; the shorter ones filled with nulls.
fn zip(call: &Call) -> Result<ArrayRef> {
    let all = (0..call.count()).map(|at| lists(call, at)).collect::<Result<Vec<_>>>()?;
    let mut indices: Vec<Vec<Option<u32>>> = vec![Vec::new(); all.len()];
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for row in 0..call.rows {
        let ranges: Option<Vec<_>> = all.iter().map(|list| range(list, row)).collect();
        valid.push(ranges.is_some());
        let ranges = ranges.unwrap_or_default();
        let longest = ranges.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        lengths.push(longest);
        for (range, indices) in ranges.into_iter().zip(&mut indices) {
            let own = range.map(|at| u32::try_from(at).ok()).collect::<Vec<_>>();
            let missing = longest - own.len();
            indices.extend(own);
            indices.extend(std::iter::repeat_n(None, missing));
        }
    }
    let DataType::List(field) = &call.kind else { return plan_err!("`zip` makes a list") };
    let DataType::Struct(fields) = field.data_type() else { return plan_err!("`zip` makes rows") };
    let columns = all
        .iter()
        .zip(indices)
        .map(|(list, indices)| take(list.values(), &UInt32Array::from(indices), None))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = StructArray::try_new(fields.clone(), columns, None)?;
    list_array(lengths, Arc::new(rows), valid)
}

/// 1, 2, 3 ... for the elements of the longest list.
fn ordinals(call: &Call) -> Result<ArrayRef> {
    let all = (0..call.count()).map(|at| lists(call, at)).collect::<Result<Vec<_>>>()?;
    let lengths: Vec<usize> = (0..call.rows)
        .map(|row| all.iter().filter_map(|list| range(list, row)).map(|range| range.len()).max().unwrap_or(0))
        .collect();
    let numbers: Int64Array = lengths.iter().flat_map(|length| 1..=*length as i64).map(Some).collect();
    let valid = vec![true; lengths.len()];
    list_array(lengths, Arc::new(numbers), valid)
}
