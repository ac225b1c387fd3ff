//! Functions of lists that look at several elements at once: order, extremes, overlaps, sequences and groups of elements.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, TimestampMicrosecondArray,
    UInt32Array, make_comparator,
};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::{DataType, Float64Type, Int64Type, IntervalMonthDayNanoType};
use chrono::{DateTime, Months, NaiveDateTime};
use datafusion::common::{Result, ScalarValue, plan_err};

use super::lists::{list_array, range};
use super::{Call, Give, Outcome, Run, Spec, Take, failed, is_text, list_of, spec, time_type};
use crate::limits::LIST_ELEMENTS_MAX;

const ANY: &[Take] = &[Take::Any];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("lake_array_sort", (1, 1), ANY, Give::By(same), Run::Columns(sort)),
    spec("array_max", (1, 1), ANY, Give::By(element), Run::Columns(|call| extreme(call, Ordering::Greater))),
    spec("array_min", (1, 1), ANY, Give::By(element), Run::Columns(|call| extreme(call, Ordering::Less))),
    spec("lake_array_first", (1, 1), ANY, Give::By(element), Run::Columns(first)),
    spec("lake_only", (1, 1), ANY, Give::By(element), Run::Columns(only)),
    spec("lake_list_sum", (1, 1), ANY, Give::By(sum_kind), Run::Columns(sum)),
    spec("lake_arrays_overlap", (2, 2), ANY, Give::Bool, Run::Columns(overlap)),
    spec("contains_sequence", (2, 2), ANY, Give::Bool, Run::Columns(has_sequence)),
    spec("ngrams", (2, 2), &[Take::Any, Take::Int], Give::By(groups_kind), Run::Columns(|call| groups(call, ngrams))),
    spec("combinations", (2, 2), &[Take::Any, Take::Int], Give::By(groups_kind), Run::Columns(|call| groups(call, combinations))),
    spec("lake_sequence", (2, 3), ANY, Give::By(sequence_kind), Run::Columns(sequence)),
];

fn same(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    match kinds.first() {
        Some(DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _)) => {
            Ok(list_of(field.data_type().clone()))
        }
        Some(DataType::Null) => Ok(list_of(DataType::Utf8)),
        Some(kind) if is_text(kind) => Ok(list_of(DataType::Utf8)),
        _ => plan_err!("the argument must be a list"),
    }
}

fn element(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    match same(kinds, literals)? {
        DataType::List(field) => Ok(field.data_type().clone()),
        other => Ok(other),
    }
}

fn groups_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(list_of(same(kinds, literals)?))
}

fn sum_kind(kinds: &[DataType], literals: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(if element(kinds, literals)?.is_integer() { DataType::Int64 } else { DataType::Float64 })
}

/// A list, also one that is a JSON text.
fn lists(call: &Call, at: usize) -> Result<ListArray> {
    if !is_text(call.column(at)?.data_type()) {
        return super::lists::lists(call, at);
    }
    let texts = (0..call.rows).map(|row| {
        let elements = super::json::elements(call.row(row).text_or_null(at)?)?;
        Some(elements.into_iter().map(super::json::text_of).collect())
    });
    Ok(super::texts(texts.collect()))
}

fn place(at: usize) -> Option<u32> {
    u32::try_from(at).ok()
}

/// Nulls stand last.
fn sort(call: &Call) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let values = list.values();
    let compare = make_comparator(values, values, SortOptions { descending: false, nulls_first: false })?;
    let (mut places, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let range = range(&list, row);
        valid.push(range.is_some());
        let mut own: Vec<usize> = range.into_iter().flatten().collect();
        own.sort_by(|left, right| compare(*left, *right));
        lengths.push(own.len());
        places.extend(own.into_iter().filter_map(place));
    }
    list_array(lengths, take(values, &UInt32Array::from(places), None)?, valid)
}

/// The largest or smallest element; null if one of them is.
fn extreme(call: &Call, wanted: Ordering) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let values = list.values();
    let compare = make_comparator(values, values, SortOptions::default())?;
    let each = (0..call.rows).map(|row| {
        let range = range(&list, row)?;
        if range.clone().any(|at| values.is_null(at)) {
            return None;
        }
        range.reduce(|best, at| if compare(at, best) == wanted { at } else { best }).and_then(place)
    });
    Ok(take(values, &each.collect::<UInt32Array>(), None)?)
}

fn first(call: &Call) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let each = (0..call.rows).map(|row| range(&list, row)?.next().and_then(place));
    Ok(take(list.values(), &each.collect::<UInt32Array>(), None)?)
}

/// A scalar subquery has at most one row.
fn only(call: &Call) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let each = (0..call.rows).map(|row| {
        let mut range = range(&list, row).unwrap_or_default();
        match range.len() {
            0 | 1 => Ok(range.next().and_then(place)),
            more => {
                Err(failed("SELECT", format!("a subquery that stands for one value has {more} rows; add LIMIT 1 or an aggregate")))
            }
        }
    });
    Ok(take(list.values(), &each.collect::<Result<UInt32Array>>()?, None)?)
}

fn sum(call: &Call) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    if call.kind == DataType::Int64 {
        let values = cast(list.values(), &DataType::Int64)?;
        let values = values.as_primitive::<Int64Type>();
        let each = (0..call.rows).map(|row| {
            let Some(mut range) = range(&list, row) else { return Ok(None) };
            let total =
                range.try_fold(0_i64, |total, at| total.checked_add(if values.is_valid(at) { values.value(at) } else { 0 }));
            total.map(Some).ok_or_else(|| failed("sum", "the sum is too large for a bigint"))
        });
        return Ok(Arc::new(each.collect::<Result<Int64Array>>()?));
    }
    let values = cast(list.values(), &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    let each = (0..call.rows)
        .map(|row| Some(range(&list, row)?.filter(|at| values.is_valid(*at)).map(|at| values.value(at)).sum::<f64>()));
    Ok(Arc::new(each.collect::<Float64Array>()))
}

/// Two lists, the second one's values of the first one's type.
fn both(call: &Call) -> Result<(ListArray, ListArray, ArrayRef)> {
    let (left, right) = (lists(call, 0)?, lists(call, 1)?);
    let values = if left.values().data_type() == right.values().data_type() {
        Arc::clone(right.values())
    } else {
        cast(right.values(), left.values().data_type())?
    };
    Ok((left, right, values))
}

/// Whether lists share an element; null if that cannot be told for a null.
fn overlap(call: &Call) -> Result<ArrayRef> {
    let (left, right, values) = both(call)?;
    let compare = make_comparator(left.values(), &values, SortOptions::default())?;
    let each = (0..call.rows).map(|row| {
        let (ours, theirs) = (range(&left, row)?, range(&right, row)?);
        let known = |range: &Range<usize>, values: &ArrayRef| range.clone().filter(|at| values.is_valid(*at)).collect::<Vec<_>>();
        let (a, b) = (known(&ours, left.values()), known(&theirs, &values));
        if a.iter().any(|one| b.iter().any(|other| compare(*one, *other) == Ordering::Equal)) {
            return Some(true);
        }
        let has_null = a.len() < ours.len() || b.len() < theirs.len();
        (!has_null || ours.is_empty() || theirs.is_empty()).then_some(false)
    });
    Ok(Arc::new(each.collect::<BooleanArray>()))
}

fn has_sequence(call: &Call) -> Result<ArrayRef> {
    let (left, right, values) = both(call)?;
    let compare = make_comparator(left.values(), &values, SortOptions::default())?;
    let each = (0..call.rows).map(|row| {
        let (ours, theirs) = (range(&left, row)?, range(&right, row)?);
        let length = theirs.len();
        let begins_at =
            |start: usize| (start..start + length).zip(theirs.clone()).all(|(one, other)| compare(one, other) == Ordering::Equal);
        Some(length == 0 || (ours.start..(ours.end + 1).saturating_sub(length)).any(begins_at))
    });
    Ok(Arc::new(each.collect::<BooleanArray>()))
}

/// Groups of so many of these places.
type Grouped = fn(Range<usize>, usize) -> Outcome<Vec<Vec<usize>>>;

/// Lists of groups of a list's elements.
fn groups(call: &Call, grouped: Grouped) -> Result<ArrayRef> {
    let list = lists(call, 0)?;
    let (mut places, mut inner, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..call.rows {
        let row = call.row(at);
        let found = match range(&list, at).filter(|_| !row.has_null()) {
            Some(range) => {
                let size = usize::try_from(row.int(1)).ok().filter(|size| *size > 0);
                call.judged(size.ok_or_else(|| "the size must be above 0".to_owned()).and_then(|size| grouped(range, size)))?
            }
            None => None,
        };
        valid.push(found.is_some());
        let found = found.unwrap_or_default();
        lengths.push(found.len());
        for group in found {
            inner.push(group.len());
            places.extend(group.into_iter().filter_map(place));
        }
    }
    let values = take(list.values(), &UInt32Array::from(places), None)?;
    let all_valid = vec![true; inner.len()];
    list_array(lengths, list_array(inner, values, all_valid)?, valid)
}

fn ngrams(range: Range<usize>, size: usize) -> Outcome<Vec<Vec<usize>>> {
    if range.len() <= size {
        return Ok(Some(vec![range.collect()]));
    }
    if (range.len() - size + 1).saturating_mul(size) > LIST_ELEMENTS_MAX {
        return Err(too_many());
    }
    Ok(Some((range.start..=range.end - size).map(|start| (start..start + size).collect()).collect()))
}

/// What is said of a list that would be too long.
fn too_many() -> String {
    format!("the list would have more than {LIST_ELEMENTS_MAX} elements (LIST_ELEMENTS_MAX)")
}

/// Groups of so many elements, in the order in which Trino gives them: the first element varies fastest.
fn combinations(range: Range<usize>, size: usize) -> Outcome<Vec<Vec<usize>>> {
    if size > 5 {
        return Err("the size must not be above 5".to_owned());
    }
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..size {
        let longer = found.iter().flat_map(|group| {
            let next = group.last().map_or(range.start, |last| last + 1);
            (next..range.end).map(move |at| group.iter().copied().chain([at]).collect::<Vec<_>>())
        });
        found = longer.take(LIST_ELEMENTS_MAX + 1).collect();
        if found.len() > LIST_ELEMENTS_MAX {
            return Err(too_many());
        }
    }
    found.sort_by(|left, right| left.iter().rev().cmp(right.iter().rev()));
    Ok(Some(found))
}

fn sequence_kind(kinds: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(list_of(match kinds.first() {
        Some(DataType::Date32 | DataType::Date64) => DataType::Date32,
        Some(DataType::Timestamp(..)) => time_type(),
        Some(kind) if kind.is_integer() || kind.is_null() => DataType::Int64,
        Some(other) => return plan_err!("`sequence` takes whole numbers, dates or times, not {}", super::type_name(other)),
        None => return plan_err!("`sequence` takes a start and an end"),
    }))
}

/// A step: months, and microseconds or a number.
#[derive(Clone, Copy)]
struct Step {
    months: i32,
    rest: i64,
}

impl Step {
    fn is_zero(self) -> bool {
        self.months == 0 && self.rest == 0
    }

    fn is_down(self) -> bool {
        self.months < 0 || (self.months == 0 && self.rest < 0)
    }

    /// The n-th value after a start.
    fn nth(self, start: i64, number: usize) -> Option<i64> {
        let number = i64::try_from(number).ok()?;
        let start = if self.months == 0 {
            start
        } else {
            let time = DateTime::from_timestamp_micros(start)?.naive_utc();
            let months = i64::from(self.months).checked_mul(number)?;
            let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
            let moved: Option<NaiveDateTime> =
                if months < 0 { time.checked_sub_months(count) } else { time.checked_add_months(count) };
            moved?.and_utc().timestamp_micros()
        };
        start.checked_add(self.rest.checked_mul(number)?)
    }
}

fn sequence(call: &Call) -> Result<ArrayRef> {
    let DataType::List(field) = &call.kind else { return plan_err!("`sequence` gives a list") };
    let is_number = field.data_type() == &DataType::Int64;
    let ends = |at: usize| -> Result<Int64Array> {
        let column = call.column(at)?;
        let column = if is_number { column } else { cast(&column, &time_type())? };
        Ok(cast(&column, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    };
    let (starts, stops, steps) = (ends(0)?, ends(1)?, steps(call, is_number)?);
    let (mut all, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let is_valid = starts.is_valid(row) && stops.is_valid(row);
        let found = match steps.get(row).copied().flatten().filter(|_| is_valid) {
            Some(given) => {
                let (start, stop) = (starts.value(row), stops.value(row));
                let step = given.unwrap_or(Step {
                    months: 0,
                    rest: if is_number { 1 } else { 86_400_000_000 } * if stop < start { -1 } else { 1 },
                });
                call.judged(counted(start, stop, step))?
            }
            None => None,
        };
        valid.push(found.is_some());
        let found = found.unwrap_or_default();
        lengths.push(found.len());
        all.extend(found);
    }
    let values: ArrayRef = match field.data_type() {
        DataType::Date32 => {
            Arc::new(all.iter().map(|us| i32::try_from(us.div_euclid(86_400_000_000)).ok()).collect::<Date32Array>())
        }
        DataType::Int64 => Arc::new(Int64Array::from(all)),
        _ => Arc::new(TimestampMicrosecondArray::from(all).with_timezone("UTC")),
    };
    list_array(lengths, values, valid)
}

/// Each row's step; the inner nothing where none is given.
fn steps(call: &Call, is_number: bool) -> Result<Vec<Option<Option<Step>>>> {
    if call.count() < 3 {
        return Ok(vec![Some(None); call.rows]);
    }
    let column = call.column(2)?;
    if is_number {
        let numbers = cast(&column, &DataType::Int64)?;
        return Ok(numbers
            .as_primitive::<Int64Type>()
            .iter()
            .map(|rest| rest.map(|rest| Some(Step { months: 0, rest })))
            .collect());
    }
    let intervals = cast(&column, &DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano))
        .map_err(|_| failed(call.name, "the step must be an interval such as INTERVAL '1' DAY"))?;
    let each = intervals.as_primitive::<IntervalMonthDayNanoType>().iter().map(|interval| {
        interval
            .map(|step| Some(Step { months: step.months, rest: i64::from(step.days) * 86_400_000_000 + step.nanoseconds / 1_000 }))
    });
    Ok(each.collect())
}

fn counted(start: i64, stop: i64, step: Step) -> Outcome<Vec<i64>> {
    if step.is_zero() {
        return Err("the step must not be 0".to_owned());
    }
    if start != stop && (stop < start) != step.is_down() {
        return Err("the end must be on the step's side of the start".to_owned());
    }
    let mut found = Vec::new();
    while let Some(next) = step.nth(start, found.len()) {
        if (step.is_down() && next < stop) || (!step.is_down() && next > stop) {
            break;
        }
        if found.len() == LIST_ELEMENTS_MAX {
            return Err(too_many());
        }
        found.push(next);
    }
    Ok(Some(found))
}
