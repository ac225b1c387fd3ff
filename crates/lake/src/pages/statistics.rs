//! Extremes and counts, of a column chunk and of its pages.

use parquet::basic::{BoundaryOrder, Type};
use parquet::data_type::ByteArray;
use parquet::file::metadata::ColumnIndexBuilder;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::{Column, Distinct, Part, Values};
use crate::error::LakeError;
use crate::limits::STATISTICS_BYTES_MAX;

/// Which extremes of a column are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// None: nothing is pruned by them.
    Untold,
    /// Those of the whole chunk.
    Chunk,
    /// Those of every page too.
    Pages,
}

/// Extremes of the pages so far.
pub(super) struct Pages(Option<PageRanges>);

struct PageRanges {
    index: ColumnIndexBuilder,
    last: Option<(i64, i64)>,
    ascending: bool,
}

impl Pages {
    /// Before the first page.
    pub(super) fn new(column: &Column) -> Pages {
        let wanted = column.range == Range::Pages && matches!(column.values, Values::Longs(_));
        Pages(wanted.then(|| PageRanges { index: ColumnIndexBuilder::new(Type::INT64), last: None, ascending: true }))
    }

    /// Takes in a page.
    pub(super) fn add(&mut self, column: &Column, part: &Part) {
        let (Some(ranges), Values::Longs(values)) = (&mut self.0, &column.values) else { return };
        let values = values.get(part.value..part.value + part.values).unwrap_or_default();
        let nulls = (part.rows - part.values) as i64;
        match extremes(values.iter().copied()) {
            Some((least, most)) => {
                ranges.ascending &= ranges.last.is_none_or(|last| last.0 <= least && last.1 <= most);
                ranges.last = Some((least, most));
                ranges.index.append(false, least.to_le_bytes().to_vec(), most.to_le_bytes().to_vec(), nulls);
            }
            None => ranges.index.append(true, Vec::new(), Vec::new(), nulls),
        }
    }

    /// What the footer and the index say.
    pub(super) fn finish(self, column: &Column) -> Result<(Statistics, Option<ColumnIndexMetaData>), LakeError> {
        let index = match self.0 {
            Some(mut ranges) => {
                let order = if ranges.ascending { BoundaryOrder::ASCENDING } else { BoundaryOrder::UNORDERED };
                ranges.index.set_boundary_order(order);
                Some(ranges.index.build()?)
            }
            None => None,
        };
        Ok((of_chunk(column), index))
    }
}

fn of_chunk(column: &Column) -> Statistics {
    let nulls = Some((column.rows - column.values.len()) as u64);
    match &column.values {
        Values::Words(_, Distinct::Longs(values)) => {
            let (least, most) = told_extremes(column.range, values);
            Statistics::int64(least, most, None, nulls, false)
        }
        Values::Longs(values) => {
            let (least, most) = told_extremes(column.range, values);
            Statistics::int64(least, most, None, nulls, false)
        }
        Values::Ints(values) => {
            let (least, most) = told_extremes(column.range, values);
            Statistics::int32(least, most, None, nulls, false)
        }
        Values::Bools(values) => {
            let (least, most) = told_extremes(column.range, values);
            Statistics::boolean(least, most, None, nulls, false)
        }
        Values::Words(_, Distinct::Bytes(values)) | Values::Bytes(values) => text(values, nulls, column.range),
    }
}

fn told_extremes<T: Ord + Copy>(range: Range, values: &[T]) -> (Option<T>, Option<T>) {
    let range = if range != Range::Untold { extremes(values.iter().copied()) } else { None };
    range.map_or((None, None), |(least, most)| (Some(least), Some(most)))
}

/// Long extremes are cut: the least to its beginning, the most to the next text after it.
fn text(values: &[&[u8]], nulls: Option<u64>, range: Range) -> Statistics {
    let range = if range != Range::Untold { extremes(values.iter().copied()) } else { None };
    let least = range.map(|(least, _)| least.get(..cut(least)).unwrap_or(least));
    let most = range.and_then(|(_, most)| if cut(most) == most.len() { Some(most.to_vec()) } else { next(most.get(..cut(most))?) });
    // A least without a most would be read as one that has both.
    let (least, most) = least.zip(most).map_or((None, None), |(least, most)| (Some(least), Some(most)));
    let exact = |bound: Option<&[u8]>, value: Option<&[u8]>| bound == value;
    let least_exact = exact(least, range.map(|range| range.0));
    let most_exact = exact(most.as_deref(), range.map(|range| range.1));
    let statistics =
        ValueStatistics::new(least.map(|v| ByteArray::from(v.to_vec())), most.map(ByteArray::from), None, nulls, false);
    Statistics::from(statistics.with_min_is_exact(least_exact).with_max_is_exact(most_exact))
}

/// Where text is cut: a whole character before the limit.
fn cut(text: &[u8]) -> usize {
    if text.len() <= STATISTICS_BYTES_MAX {
        return text.len();
    }
    let is_begin = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 != 0x80);
    (0..=STATISTICS_BYTES_MAX).rev().find(is_begin).unwrap_or(0)
}

/// The shortest text behind all that begin with this one; none if its last character is not a plain one.
fn next(text: &[u8]) -> Option<Vec<u8>> {
    let mut text = text.to_vec();
    let last = text.last_mut().filter(|last| **last < 0x7f)?;
    *last += 1;
    Some(text)
}

fn extremes<T: Ord + Copy>(mut values: impl Iterator<Item = T>) -> Option<(T, T)> {
    let first = values.next()?;
    Some(values.fold((first, first), |(least, most), value| (least.min(value), most.max(value))))
}
