//! From coded records to a file of rows.
//!
//! Rows are gone through once: every field is dropped into its column, as a number where it has one. Then the columns are encoded,
//! over several threads. A column becomes a dictionary where that is smaller than its values.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnDescPtr;
use record::columns::{COLUMNS, Column, Kind, Spec, known};
use record::{Flaws, RecordView, Value};

use crate::batch::{Batch, Body};
use crate::error::LakeError;
use crate::limits::ROW_GROUP_ROWS;
use crate::pages::{self, Chunk, Distinct, Encoder, Present, Range, Values};
use crate::schema;
use crate::words::{Coded, Dictionary, NONE, Words};

/// One row to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// When it happened.
    pub(crate) time: Option<i64>,
    /// Which delivery of the batch it came in.
    pub(crate) at: usize,
    /// The delivery's hash.
    pub(crate) delivery: i64,
    /// Its position there.
    pub(crate) index: u32,
    /// Its flaws, with `conflict` where that is one.
    pub(crate) flaws: Flaws,
    /// Which stores hold it, one bit each.
    pub(crate) membership: i64,
}

/// Writes rows as a Parquet file.
pub(crate) fn encode(batch: &Batch, rows: &[Row], properties: WriterProperties, threads: usize) -> Result<Vec<u8>, LakeError> {
    // Parquet's own types say everything: the Arrow schema would double the footer of a small file.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema::archive(), options)?;
    let (mut file, _) = writer.into_serialized_writer()?;
    for group in rows.chunks(ROW_GROUP_ROWS) {
        let columns = Columns::of(batch, group);
        let chunks = columns.encode(&batch.words, file.schema_descr().columns(), threads)?;
        let mut row_group = file.next_row_group()?;
        for chunk in chunks {
            row_group.append_column(&chunk.bytes, chunk.close)?;
        }
        row_group.close()?;
    }
    file.finish()?;
    Ok(std::mem::take(file.inner_mut()))
}

/// Text of one column: numbers where it has them, else itself.
struct Texts<'a> {
    present: Present,
    numbers: Vec<u32>,
    /// The values whose number is [`NONE`], in their order.
    plain: Vec<&'a [u8]>,
}

/// One of a record's own columns.
enum Cells<'a> {
    Texts(Texts<'a>),
    Bools(Present, Vec<bool>),
    Times(Present, Vec<i64>),
}

/// Columns of a row group.
struct Columns<'a> {
    rows: usize,
    own: Vec<Cells<'a>>,
    delivery: Vec<i64>,
    index: Vec<i32>,
    membership: Vec<i64>,
    flaws: Vec<i32>,
    hash: Vec<&'a [u8]>,
    shape: Texts<'a>,
    other: Texts<'a>,
    raw: Texts<'a>,
}

impl<'a> Texts<'a> {
    fn new(rows: usize) -> Texts<'a> {
        Texts { present: Present::new(rows), numbers: Vec::new(), plain: Vec::new() }
    }

    fn push(&mut self, row: usize, number: u32, bytes: impl FnOnce() -> Option<&'a [u8]>) {
        if self.numbers.capacity() == 0 {
            self.numbers.reserve(self.present.rows());
        }
        if number != NONE {
            if self.present.set(row) {
                self.numbers.push(number);
            }
        } else if let Some(bytes) = bytes()
            && self.present.set(row)
        {
            self.numbers.push(NONE);
            self.plain.push(bytes);
        }
    }

    /// The values, as a dictionary where that is smaller.
    fn values(&self, dictionary: Option<&'a Dictionary>) -> Values<'a> {
        let Some(dictionary) = dictionary else { return Values::Bytes(self.plain.clone()) };
        if !self.plain.is_empty() {
            let mut plain = self.plain.iter();
            let value = |number: &u32| if *number == NONE { plain.next().copied() } else { Some(dictionary.value(*number)) };
            return Values::Bytes(self.numbers.iter().filter_map(value).collect());
        }
        let mut new = vec![NONE; dictionary.len()];
        let mut distinct: Vec<&[u8]> = Vec::new();
        let (mut numbers, mut bytes, mut distinct_bytes) = (Vec::with_capacity(self.numbers.len()), 0, 0);
        for number in &self.numbers {
            let Some(new) = new.get_mut(*number as usize) else { continue };
            if *new == NONE {
                *new = distinct.len() as u32;
                let value = dictionary.value(*number);
                distinct_bytes += value.len() + 4;
                distinct.push(value);
            }
            bytes += distinct.get(*new as usize).map_or(0, |value| value.len());
            numbers.push(*new);
        }
        let width = (usize::BITS - distinct.len().leading_zeros()) as usize;
        if distinct_bytes + numbers.len() * width / 8 < bytes || distinct.len() == 1 {
            return Values::Words(numbers, Distinct::Bytes(distinct));
        }
        Values::Bytes(numbers.iter().filter_map(|number| distinct.get(*number as usize).copied()).collect())
    }
}

impl<'a> Cells<'a> {
    fn new(kind: Kind, rows: usize) -> Cells<'a> {
        match kind {
            Kind::Text | Kind::Doc | Kind::Hot => Cells::Texts(Texts::new(rows)),
            Kind::Bool => Cells::Bools(Present::new(rows), Vec::new()),
            Kind::Time => Cells::Times(Present::new(rows), Vec::new()),
        }
    }

    /// A value of another kind than the column's is none; there can be none.
    fn push(&mut self, row: usize, view: &RecordView<'a>, value: Value, number: u32) {
        match (self, value) {
            (Cells::Texts(texts), value) => texts.push(row, number, || view.bytes_of(value)),
            (Cells::Bools(present, values), Value::Bool(value)) => values.extend(present.set(row).then_some(value)),
            (Cells::Times(present, values), Value::Time(value)) => values.extend(present.set(row).then_some(value)),
            (Cells::Bools(..) | Cells::Times(..), _) => {}
        }
    }

    fn column(&'a self, at: usize, spec: Spec, rows: usize, description: ColumnDescPtr, words: &'a Words) -> pages::Column<'a> {
        let (present, values) = match self {
            Cells::Texts(texts) => (&texts.present, texts.values(words.of(Column(at as u8)))),
            Cells::Bools(present, values) => (present, Values::Bools(values)),
            Cells::Times(present, values) if Column(at as u8) == known::EVENT_TIME => (present, Values::Longs(values)),
            Cells::Times(present, values) => (present, repeated(values)),
        };
        let range = match spec.kind {
            Kind::Doc => Range::Untold,
            _ if Column(at as u8) == known::EVENT_TIME => Range::Pages,
            _ => Range::Chunk,
        };
        pages::Column { description, rows, present: Some(present), values, bloom: spec.bloom, range }
    }
}

impl<'a> Columns<'a> {
    fn of(batch: &'a Batch, rows: &[Row]) -> Columns<'a> {
        let count = rows.len();
        let mut columns = Columns {
            rows: count,
            own: COLUMNS.iter().map(|spec| Cells::new(spec.kind, count)).collect(),
            delivery: Vec::with_capacity(count),
            index: Vec::with_capacity(count),
            membership: Vec::with_capacity(count),
            flaws: Vec::with_capacity(count),
            hash: Vec::with_capacity(count),
            shape: Texts::new(count),
            other: Texts::new(count),
            raw: Texts::new(count),
        };
        for row in rows {
            let (Some(incoming), Some(coded)) = (batch.deliveries.get(row.at), batch.coded.get(row.at)) else { continue };
            let Body::Read { content, parsed, .. } = &incoming.body else { continue };
            let Some(entry) = parsed.records.get(row.index as usize) else { continue };
            columns.push(row, RecordView::new(content, parsed, entry), coded);
        }
        columns
    }

    fn push(&mut self, row: &Row, view: RecordView<'a>, coded: &Coded) {
        let at = self.delivery.len();
        let entry = view.entry();
        let numbers = coded.fields.get(entry.fields.0 as usize..entry.fields.1 as usize).unwrap_or_default();
        for (field, number) in view.fields().iter().zip(numbers) {
            if let Some(cells) = self.own.get_mut(usize::from(field.column.0)) {
                cells.push(at, &view, field.value, *number);
            }
        }
        // An aggregated event has no eventTime; its window's start serves queries by time. Where there is one, it is there already.
        if let (Some(time), Some(cells)) = (entry.time, self.own.get_mut(usize::from(known::EVENT_TIME.0))) {
            cells.push(at, &view, Value::Time(time), NONE);
        }
        self.delivery.push(row.delivery);
        self.index.push(row.index as i32);
        self.membership.push(row.membership);
        self.flaws.push(i32::from(row.flaws.bits()));
        self.hash.push(&entry.hash);
        let number = |numbers: &[u32]| numbers.get(row.index as usize).copied().unwrap_or(NONE);
        if view.is_raw() {
            self.raw.push(at, NONE, || Some(view.bytes()));
            return;
        }
        self.shape.push(at, number(&coded.shapes), || Some(view.shape_text().as_bytes()));
        self.other.push(at, number(&coded.others), || Some(view.other_text().as_bytes()).filter(|text| !text.is_empty()));
    }

    /// All columns in the schema's order.
    fn encode(&self, words: &Words, descriptions: &[ColumnDescPtr], threads: usize) -> Result<Vec<Chunk>, LakeError> {
        let next = AtomicUsize::new(0);
        let done: Vec<Mutex<Option<Chunk>>> = descriptions.iter().map(|_| Mutex::new(None)).collect();
        let work = || -> Result<(), LakeError> {
            let mut encoder = Encoder::new(1)?;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(description), Some(slot)) = (descriptions.get(at), done.get(at)) else { return Ok(()) };
                let chunk = encoder.encode(&self.column(at, Arc::clone(description), words))?;
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(chunk);
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let own = work();
            let joined = others.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(LakeError::Worker("a column".to_owned()))));
            std::iter::once(own).chain(joined).collect::<Result<(), LakeError>>()
        })?;
        let chunks = done.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(chunks.collect())
    }

    fn column<'c>(&'c self, at: usize, description: ColumnDescPtr, words: &'c Words) -> pages::Column<'c> {
        if let (Some(cells), Some(spec)) = (self.own.get(at), COLUMNS.get(at)) {
            return cells.column(at, *spec, self.rows, description, words);
        }
        let (present, values, range) = match description.name() {
            "delivery" => (None, repeated(&self.delivery), Range::Chunk),
            "recordindex" => (None, Values::Ints(&self.index), Range::Untold),
            "membership" => (None, Values::Longs(&self.membership), Range::Untold),
            "flaws" => (None, Values::Ints(&self.flaws), Range::Untold),
            "recordhash" => (None, Values::Bytes(self.hash.clone()), Range::Untold),
            "shape" => (Some(&self.shape.present), self.shape.values(words.shapes()), Range::Untold),
            "otherfields" => (Some(&self.other.present), self.other.values(words.others()), Range::Untold),
            _ => (Some(&self.raw.present), self.raw.values(None), Range::Untold),
        };
        pages::Column { description, rows: self.rows, present, values, bloom: false, range }
    }
}

/// Numbers that stand for each other's like again and again.
fn repeated(values: &[i64]) -> Values<'_> {
    let mut known: HashMap<i64, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut distinct = Vec::new();
    let mut numbers = Vec::with_capacity(values.len());
    for value in values {
        numbers.push(*known.entry(*value).or_insert_with(|| {
            distinct.push(*value);
            distinct.len() as u32 - 1
        }));
    }
    if distinct.len() * 2 > values.len() { Values::Longs(values) } else { Values::Words(numbers, Distinct::Longs(distinct)) }
}

#[cfg(test)]
mod tests;
