//! The lake as the investigator's source: cells of a batch as text and numbers, without copying them.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, StringViewArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use investigate::{Row, Source};
use lake::{Lake, LakeError};

use super::ask;
use crate::exit::Failure;
use crate::outside;

/// A lake that is investigated.
pub struct Asked<'l>(pub &'l Lake);

impl Source for Asked<'_> {
    type Error = Failure;

    async fn each(&self, sql: &str, take: &mut (dyn FnMut(&dyn Row) + Send)) -> Result<(), Failure> {
        let watch = outside::stopwatch();
        let mut rows = ask(self.0, sql).await?.rows;
        let mut count = 0;
        while let Some(batch) = rows.next().await? {
            count += batch.num_rows();
            let columns = batch.columns().iter().map(Column::of).collect::<Result<Vec<_>, _>>()?;
            for at in 0..batch.num_rows() {
                take(&Cells { columns: &columns, at });
            }
        }
        tracing::debug!(rows = count, took_ms = watch.elapsed().as_millis(), sql, "asked");
        Ok(())
    }
}

/// A column of a batch.
enum Column {
    View(StringViewArray),
    Text(StringArray),
    Number(Int64Array),
    Flag(BooleanArray),
    Time(TimestampMicrosecondArray),
}

impl Column {
    fn of(array: &ArrayRef) -> Result<Column, LakeError> {
        let as_kind = |kind: DataType| cast(array, &kind).map_err(LakeError::from);
        Ok(match array.data_type() {
            DataType::Utf8View => Column::View(array.as_string_view().clone()),
            DataType::Utf8 => Column::Text(array.as_string::<i32>().clone()),
            DataType::Boolean => Column::Flag(array.as_boolean().clone()),
            DataType::Timestamp(..) => {
                let zone = if let DataType::Timestamp(_, zone) = array.data_type() { zone.clone() } else { None };
                let array = as_kind(DataType::Timestamp(TimeUnit::Microsecond, zone))?;
                Column::Time(array.as_primitive::<TimestampMicrosecondType>().clone())
            }
            kind if kind.is_numeric() => Column::Number(as_kind(DataType::Int64)?.as_primitive::<Int64Type>().clone()),
            _ => Column::Text(as_kind(DataType::Utf8)?.as_string::<i32>().clone()),
        })
    }

    fn array(&self) -> &dyn Array {
        match self {
            Column::View(array) => array,
            Column::Text(array) => array,
            Column::Number(array) => array,
            Column::Flag(array) => array,
            Column::Time(array) => array,
        }
    }
}

/// A row of a batch.
struct Cells<'b> {
    columns: &'b [Column],
    at: usize,
}

impl Cells<'_> {
    /// The column, where this row has something in it.
    fn column(&self, at: usize) -> Option<&Column> {
        self.columns.get(at).filter(|column| column.array().is_valid(self.at))
    }
}

impl Row for Cells<'_> {
    fn text(&self, at: usize) -> Option<&str> {
        match self.column(at)? {
            Column::View(array) => Some(array.value(self.at)),
            Column::Text(array) => Some(array.value(self.at)),
            _ => None,
        }
    }

    fn number(&self, at: usize) -> Option<i64> {
        match self.column(at)? {
            Column::Number(array) => Some(array.value(self.at)),
            Column::Flag(array) => Some(i64::from(array.value(self.at))),
            Column::Time(array) => Some(array.value(self.at)),
            _ => None,
        }
    }
}

/// The rows of a batch.
#[cfg(test)]
fn cells(batch: &arrow::array::RecordBatch) -> Vec<Vec<(Option<String>, Option<i64>)>> {
    let columns: Vec<Column> = batch.columns().iter().map(|array| Column::of(array).unwrap()).collect();
    let row = |at| Cells { columns: &columns, at };
    let cell = |row: &Cells<'_>, at| (row.text(at).map(str::to_owned), row.number(at));
    (0..batch.num_rows()).map(|at| (0..columns.len()).map(|column| cell(&row(at), column)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, RecordBatch, TimestampSecondArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn cells_of_all_kinds() {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringViewArray::from(vec![Some("a"), None])),
            Arc::new(StringArray::from(vec!["b", "c"])),
            Arc::new(BooleanArray::from(vec![true, false])),
            Arc::new(Int32Array::from(vec![7, 8])),
            Arc::new(TimestampSecondArray::from(vec![1, 2]).with_timezone("UTC")),
        ];
        let fields = arrays.iter().map(|array| Field::new("f", array.data_type().clone(), true)).collect::<Vec<_>>();
        let found = cells(&RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap());
        let text = |text: &str| (Some(text.to_owned()), None);
        let number = |number| (None, Some(number));
        assert_eq!(found[0], [text("a"), text("b"), number(1), number(7), number(1_000_000)]);
        assert_eq!(found[1], [(None, None), text("c"), number(0), number(8), number(2_000_000)]);
    }
}
