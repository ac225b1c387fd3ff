//! From parsed records to columns.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use record::columns::{COLUMNS, Kind};
use record::{Flaws, RecordView, Row, Value};

use crate::error::LakeError;
use crate::schema;

/// One row to be written.
#[derive(Clone, Copy)]
pub struct NewRow<'a> {
    /// The record.
    pub view: RecordView<'a>,
    /// Which delivery it came in.
    pub delivery: i64,
    /// Its position there.
    pub index: u32,
    /// Its flaws, with `conflict` where that is one.
    pub flaws: Flaws,
    /// Which stores hold it, one bit each.
    pub membership: i64,
}

/// One column that is being filled; rows that say nothing are filled with nulls when the next one speaks.
enum Filling {
    Text(StringBuilder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Filling {
    fn new(kind: Kind, rows: usize) -> Filling {
        match kind {
            Kind::Text | Kind::Doc | Kind::Hot => Filling::Text(StringBuilder::with_capacity(rows, 0)),
            Kind::Bool => Filling::Bool(BooleanBuilder::with_capacity(rows)),
            Kind::Time => Filling::Time(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC")),
        }
    }

    fn nulls_up_to(&mut self, row: usize) {
        match self {
            Filling::Text(b) => b.append_nulls(row - b.len()),
            Filling::Bool(b) => b.append_nulls(row - b.len()),
            Filling::Time(b) => b.append_nulls(row - b.len()),
        }
    }

    fn push(&mut self, row: usize, view: &RecordView, value: Value) {
        self.nulls_up_to(row);
        match (self, value) {
            (Filling::Bool(b), Value::Bool(value)) => b.append_value(value),
            (Filling::Time(b), Value::Time(value)) => b.append_value(value),
            (Filling::Text(b), value) => b.append_option(view.text_of(value)),
            (Filling::Bool(b), _) => b.append_null(),
            (Filling::Time(b), _) => b.append_null(),
        }
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.nulls_up_to(rows);
        match self {
            Filling::Text(mut b) => Arc::new(b.finish()),
            Filling::Bool(mut b) => Arc::new(b.finish()),
            Filling::Time(mut b) => Arc::new(b.finish()),
        }
    }
}

/// The rows as one batch of the archive's schema.
pub fn to_batch(rows: &[NewRow]) -> Result<RecordBatch, LakeError> {
    let mut columns: Vec<Filling> = COLUMNS.iter().map(|spec| Filling::new(spec.kind, rows.len())).collect();
    for (at, row) in rows.iter().enumerate() {
        let mut timed = false;
        for field in row.view.fields() {
            timed |= field.column == record::columns::known::EVENT_TIME;
            if let Some(column) = columns.get_mut(usize::from(field.column.0)) {
                column.push(at, &row.view, field.value);
            }
        }
        // An aggregated event has no eventTime; its window's start serves queries by time.
        if !timed
            && let Some(time) = row.view.entry().time
            && let Some(column) = columns.get_mut(usize::from(record::columns::known::EVENT_TIME.0))
        {
            column.push(at, &row.view, Value::Time(time));
        }
    }
    let mut arrays: Vec<ArrayRef> = columns.into_iter().map(|column| column.finish(rows.len())).collect();
    arrays.extend(placement(rows));
    Ok(RecordBatch::try_new(schema::archive(), arrays)?)
}

fn placement(rows: &[NewRow]) -> Vec<ArrayRef> {
    let mut delivery = Int64Builder::with_capacity(rows.len());
    let mut index = Int32Builder::with_capacity(rows.len());
    let mut members = Int64Builder::with_capacity(rows.len());
    let mut flaws = Int32Builder::with_capacity(rows.len());
    let mut hash = BinaryBuilder::with_capacity(rows.len(), rows.len() * 16);
    let mut shape = StringBuilder::with_capacity(rows.len(), rows.len() * 64);
    let mut other = StringBuilder::new();
    let mut raw = BinaryBuilder::new();
    for row in rows {
        delivery.append_value(row.delivery);
        index.append_value(row.index as i32);
        members.append_value(row.membership);
        flaws.append_value(i32::from(row.flaws.bits()));
        hash.append_value(row.view.entry().hash);
        let is_raw = row.view.is_raw();
        shape.append_option((!is_raw).then(|| row.view.shape()));
        other.append_option(Some(row.view.other()).filter(|text| !is_raw && !text.is_empty()));
        raw.append_option(is_raw.then(|| row.view.bytes()));
    }
    vec![
        Arc::new(delivery.finish()),
        Arc::new(index.finish()),
        Arc::new(members.finish()),
        Arc::new(flaws.finish()),
        Arc::new(hash.finish()),
        Arc::new(shape.finish()),
        Arc::new(other.finish()),
        Arc::new(raw.finish()),
    ]
}
