//! Functions of maps. A document's text is a map of texts wherever one is needed.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, MapArray, StringArray, StructArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;

use super::{Call, Give, Run, Spec, Take, failed, is_text, json, list_of, lists, map_of, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    Spec { simpler: Some(is_map), ..spec("lake_as_map", (1, 1), &[Take::Any], Give::By(as_map_kind), Run::Columns(as_map)) },
    spec("map_from_entries", (1, 1), &[Take::Any], Give::By(from_entries_kind), Run::Columns(from_entries)),
    spec("lake_map_agg", (1, 1), &[Take::Any], Give::By(from_entries_kind), Run::Columns(from_entries)),
    spec("lake_multimap_agg", (1, 1), &[Take::Any], Give::By(multimap_kind), Run::Columns(multimap)),
    spec("multimap_from_entries", (1, 1), &[Take::Any], Give::By(multimap_kind), Run::Columns(multimap)),
    spec("lake_histogram", (1, 1), &[Take::Any], Give::By(histogram_kind), Run::Columns(histogram)),
    spec("lake_map_union", (1, 1), &[Take::Any], Give::By(union_kind), Run::Columns(union)),
    spec("map_concat", (2, 8), &[Take::Any], Give::By(first_kind), Run::Columns(map_concat)),
    spec("lake_empty_map", (0, 0), &[], Give::By(texts_kind), Run::Columns(|call| text_map(vec![Some(Vec::new()); call.rows]))),
    spec("split_to_multimap", (3, 3), &[Take::Text], Give::By(multi_kind), Run::Columns(split_to_multimap)),
    spec("lake_most_frequent", (2, 2), &[Take::Any, Take::Int], Give::By(first_kind), Run::Columns(most_frequent)),
    spec("split_to_map", (3, 3), &[Take::Text], Give::By(texts_kind), Run::Columns(split_to_map)),
];

fn first_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    as_map_kind(kinds, literals)
}

fn texts_kind(_: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(map_of(DataType::Utf8, DataType::Utf8))
}

fn as_map_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(kind @ DataType::Map(..)) => Ok(kind.clone()),
        Some(kind) if is_text(kind) || kind.is_null() => Ok(map_of(DataType::Utf8, DataType::Utf8)),
        Some(other) => plan_err!("a map is needed, this is of type {other}"),
        None => plan_err!("a map is needed"),
    }
}

fn is_map(args: &[Expr], kinds: &[DataType]) -> Result<Option<Expr>> {
    Ok(args.first().filter(|_| matches!(kinds.first(), Some(DataType::Map(..)))).cloned())
}

/// Entries by rows: which values each row has, as places in two columns.
#[derive(Default)]
struct Entries {
    keys: Vec<u32>,
    values: Vec<Option<u32>>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Entries {
    fn end_row(&mut self, from: usize, is_valid: bool) {
        self.lengths.push(self.keys.len() - from);
        self.valid.push(is_valid);
    }

    fn build(self, keys: &ArrayRef, values: &ArrayRef) -> Result<ArrayRef> {
        let keys = take(keys, &UInt32Array::from(self.keys), None)?;
        let values = take(values, &UInt32Array::from(self.values), None)?;
        map(keys, values, self.lengths, self.valid)
    }
}

/// A map array.
pub fn map(keys: ArrayRef, values: ArrayRef, lengths: Vec<usize>, valid: Vec<bool>) -> Result<ArrayRef> {
    let fields: Fields =
        vec![Field::new("key", keys.data_type().clone(), false), Field::new("value", values.data_type().clone(), true)].into();
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    let field = Arc::new(Field::new("entries", DataType::Struct(fields), false));
    Ok(Arc::new(MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, Some(NullBuffer::from(valid)), false)?))
}

fn as_map(call: &Call) -> Result<ArrayRef> {
    let from = call.column(0)?;
    if matches!(from.data_type(), DataType::Map(..)) {
        return Ok(from);
    }
    let rows = (0..call.rows).map(|at| {
        let members = json::members(call.row(at).text_or_null(0)?)?;
        Some(members.into_iter().map(|(key, value)| (key, json::text_of(value))).collect())
    });
    text_map(rows.collect())
}

/// The texts of one map.
type Texts = Vec<(String, Option<String>)>;

fn text_map(rows: Vec<Option<Texts>>) -> Result<ArrayRef> {
    let lengths = rows.iter().map(|row| row.as_ref().map_or(0, Vec::len)).collect();
    let valid = rows.iter().map(Option::is_some).collect();
    let (keys, values): (Vec<String>, Vec<Option<String>>) = rows.into_iter().flatten().flatten().unzip();
    map(Arc::new(StringArray::from(keys)), Arc::new(StringArray::from(values)), lengths, valid)
}

fn split_to_map(call: &Call) -> Result<ArrayRef> {
    let mut rows = Vec::with_capacity(call.rows);
    for at in 0..call.rows {
        let row = call.row(at);
        let pairs = match row.has_null() || row.text(0).is_empty() {
            true => Ok((!row.has_null()).then(Vec::new)),
            false => row
                .text(0)
                .split(row.text(1))
                .map(|pair| pair.split_once(row.text(2)).map(|(key, value)| (key.to_owned(), Some(value.to_owned()))))
                .collect::<Option<Vec<_>>>()
                .map(Some)
                .ok_or_else(|| "a part has no key and value".to_owned()),
        };
        rows.push(call.judged(pairs)?);
    }
    text_map(rows)
}

fn pair_kinds(kinds: &[DataType]) -> Result<(DataType, DataType)> {
    if let Some(DataType::List(field)) = kinds.first()
        && let DataType::Struct(fields) = field.data_type()
        && let [key, value] = fields.iter().as_slice()
    {
        return Ok((key.data_type().clone(), value.data_type().clone()));
    }
    plan_err!("a list of rows of key and value is needed")
}

fn from_entries_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    pair_kinds(kinds).map(|(key, value)| map_of(key, value))
}

fn multimap_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    pair_kinds(kinds).map(|(key, value)| map_of(key, list_of(value)))
}

/// A list of pairs, its keys as text to compare them by.
fn pairs(call: &Call) -> Result<(ListArray, ArrayRef, ArrayRef, StringArray)> {
    let list = call.column(0)?.as_list_opt::<i32>().cloned().ok_or_else(|| failed(call.name, "a list is needed"))?;
    let rows = list.values().as_struct_opt().cloned().ok_or_else(|| failed(call.name, "a list of rows is needed"))?;
    let [keys, values] = rows.columns() else { return Err(failed(call.name, "rows of key and value are needed")) };
    let texts = cast(keys, &DataType::Utf8)?.as_string::<i32>().clone();
    Ok((list, Arc::clone(keys), Arc::clone(values), texts))
}

/// Of two entries with one key the first counts; an entry without a key is left out.
fn from_entries(call: &Call) -> Result<ArrayRef> {
    let (list, keys, values, texts) = pairs(call)?;
    let mut entries = Entries::default();
    for row in 0..call.rows {
        let from = entries.keys.len();
        let range = lists::range(&list, row);
        let is_valid = range.is_some();
        let mut seen: HashMap<&str, ()> = HashMap::new();
        for at in range.into_iter().flatten().filter(|at| texts.is_valid(*at)) {
            if seen.insert(texts.value(at), ()).is_none()
                && let Ok(at) = u32::try_from(at)
            {
                entries.keys.push(at);
                entries.values.push(Some(at));
            }
        }
        entries.end_row(from, is_valid);
    }
    entries.build(&keys, &values)
}

/// Places with the same text, in the order of their first.
fn grouped(texts: &StringArray, range: impl Iterator<Item = usize>) -> Vec<Vec<u32>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for at in range.filter(|at| texts.is_valid(*at)) {
        let group = *places.entry(texts.value(at)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let (Some(group), Ok(at)) = (groups.get_mut(group), u32::try_from(at)) {
            group.push(at);
        }
    }
    groups
}

fn multimap(call: &Call) -> Result<ArrayRef> {
    let (list, keys, values, texts) = pairs(call)?;
    let (mut first, mut inner, mut inner_lengths): (Vec<u32>, Vec<u32>, Vec<usize>) = Default::default();
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for row in 0..call.rows {
        let range = lists::range(&list, row);
        valid.push(range.is_some());
        let groups = grouped(&texts, range.into_iter().flatten());
        lengths.push(groups.len());
        for group in groups {
            first.extend(group.first());
            inner_lengths.push(group.len());
            inner.extend(group);
        }
    }
    let keys = take(&keys, &UInt32Array::from(first), None)?;
    let all_valid = vec![true; inner_lengths.len()];
    let values = lists::list_array(inner_lengths, take(&values, &UInt32Array::from(inner), None)?, all_valid)?;
    map(keys, values, lengths, valid)
}

fn histogram_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(DataType::List(field)) => Ok(map_of(field.data_type().clone(), DataType::Int64)),
        _ => plan_err!("`histogram` takes values that can be compared"),
    }
}

fn histogram(call: &Call) -> Result<ArrayRef> {
    let list = call.column(0)?.as_list_opt::<i32>().cloned().ok_or_else(|| failed(call.name, "a list is needed"))?;
    let texts = cast(list.values(), &DataType::Utf8)?.as_string::<i32>().clone();
    let (mut first, mut counts, mut lengths, mut valid): (Vec<u32>, Vec<i64>, Vec<usize>, Vec<bool>) = Default::default();
    for row in 0..call.rows {
        let range = lists::range(&list, row);
        valid.push(range.is_some());
        let groups = grouped(&texts, range.into_iter().flatten());
        lengths.push(groups.len());
        for group in groups {
            first.extend(group.first());
            counts.push(group.len() as i64);
        }
    }
    map(take(list.values(), &UInt32Array::from(first), None)?, Arc::new(Int64Array::from(counts)), lengths, valid)
}

fn union_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(DataType::List(field)) => as_map_kind(&[field.data_type().clone()], &[]),
        _ => plan_err!("`map_union` takes maps"),
    }
}

/// All entries of a list of maps; of two with one key the first counts.
fn union(call: &Call) -> Result<ArrayRef> {
    let list = call.column(0)?.as_list_opt::<i32>().cloned().ok_or_else(|| failed(call.name, "a list is needed"))?;
    if is_text(&list.value_type()) {
        let texts = cast(list.values(), &DataType::Utf8)?.as_string::<i32>().clone();
        let rows = (0..call.rows).map(|row| {
            let members = lists::range(&list, row)?
                .filter(|at| texts.is_valid(*at))
                .filter_map(|at| json::members(texts.value(at)))
                .flatten();
            let mut seen = std::collections::HashSet::new();
            Some(members.filter(|(key, _)| seen.insert(key.clone())).map(|(key, value)| (key, json::text_of(value))).collect())
        });
        return text_map(rows.collect());
    }
    let maps = list.values().as_map_opt().cloned().ok_or_else(|| failed(call.name, "maps are needed"))?;
    let rows = (0..call.rows).map(|row| lists::range(&list, row).map(Iterator::collect::<Vec<usize>>));
    united(&maps, rows.collect())
}

/// One map of several, row by row.
fn united(maps: &MapArray, rows: Vec<Option<Vec<usize>>>) -> Result<ArrayRef> {
    let texts = cast(maps.keys(), &DataType::Utf8)?.as_string::<i32>().clone();
    let mut entries = Entries::default();
    for row in rows {
        let from = entries.keys.len();
        let is_valid = row.is_some();
        let mut seen: HashMap<&str, ()> = HashMap::new();
        for at in row.into_iter().flatten().filter(|at| maps.is_valid(*at)).flat_map(|at| entry_range(maps, at)) {
            if seen.insert(texts.value(at), ()).is_none()
                && let Ok(at) = u32::try_from(at)
            {
                entries.keys.push(at);
                entries.values.push(Some(at));
            }
        }
        entries.end_row(from, is_valid);
    }
    entries.build(maps.keys(), maps.values())
}

fn entry_range(maps: &MapArray, row: usize) -> std::ops::Range<usize> {
    let offsets = maps.value_offsets();
    let at = |row: usize| offsets.get(row).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
    at(row)..at(row + 1)
}

/// Of two entries with one key the last map's counts.
fn map_concat(call: &Call) -> Result<ArrayRef> {
    let mut maps = Vec::new();
    for at in (0..call.count()).rev() {
        let column = call.column(at)?;
        let column = if is_text(column.data_type()) {
            as_map(&Call::new(
                call.name,
                &[datafusion::logical_expr::ColumnarValue::Array(column)],
                call.rows,
                map_of(DataType::Utf8, DataType::Utf8),
                false,
            )?)?
        } else {
            column
        };
        maps.push(if column.data_type() == &call.kind { column } else { cast(&column, &call.kind)? });
    }
    let references: Vec<&dyn Array> = maps.iter().map(AsRef::as_ref).collect();
    let all = concat(&references)?;
    let all = all.as_map_opt().cloned().ok_or_else(|| failed(call.name, "maps are needed"))?;
    let rows = (0..call.rows).map(|row| {
        let places: Vec<usize> = (0..maps.len()).map(|map| map * call.rows + row).collect();
        places.iter().all(|at| all.is_valid(*at)).then_some(places)
    });
    united(&all, rows.collect())
}

fn multi_kind(_: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(map_of(DataType::Utf8, list_of(DataType::Utf8)))
}

/// `a=1;b=2;a=3` as a map of lists.
fn split_to_multimap(call: &Call) -> Result<ArrayRef> {
    let (mut keys, mut lists_of_values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..call.rows {
        let row = call.row(at);
        valid.push(!row.has_null());
        let mut own: Vec<(String, Vec<Option<String>>)> = Vec::new();
        for entry in row.text(0).split(row.text(1)).filter(|entry| !row.has_null() && !entry.is_empty()) {
            let Some((key, value)) = entry.split_once(row.text(2)) else {
                call.judged(Err::<Option<()>, _>(format!("`{entry}` has no `{}` between a key and a value", row.text(2))))?;
                continue;
            };
            match own.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(Some(value.to_owned())),
                None => own.push((key.to_owned(), vec![Some(value.to_owned())])),
            }
        }
        lengths.push(own.len());
        for (key, values) in own {
            keys.push(key);
            lists_of_values.push(Some(values));
        }
    }
    map(Arc::new(StringArray::from(keys)), Arc::new(super::texts(lists_of_values)), lengths, valid)
}

/// The entries of a histogram with the largest counts.
fn most_frequent(call: &Call) -> Result<ArrayRef> {
    let maps = call.column(0)?.as_map_opt().cloned().ok_or_else(|| failed(call.name, "a map is needed"))?;
    let counts = cast(maps.values(), &DataType::Int64)?;
    let counts = counts.as_primitive::<arrow::datatypes::Int64Type>();
    let rows = (0..call.rows).map(|row| {
        let wanted = usize::try_from(call.row(row).int(1)).ok()?;
        let mut places: Vec<usize> = maps.is_valid(row).then(|| entry_range(&maps, row))?.collect();
        places.sort_by_key(|at| std::cmp::Reverse(counts.value(*at)));
        places.truncate(wanted);
        Some(places)
    });
    let mut entries = Entries::default();
    for row in rows.collect::<Vec<_>>() {
        let (from, is_valid) = (entries.keys.len(), row.is_some());
        for at in row.into_iter().flatten().filter_map(|at| u32::try_from(at).ok()) {
            entries.keys.push(at);
            entries.values.push(Some(at));
        }
        entries.end_row(from, is_valid);
    }
    entries.build(maps.keys(), maps.values())
}
