//! What a reader leaves of a delivery: its records as ranges into shared buffers, and views of them.

use std::cell::Cell;

use crate::columns::Column;
use crate::content::Content;
use crate::flaw::Flaws;
use crate::rebuild::Row;

/// One value of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Where it belongs.
    pub column: Column,
    /// What it is.
    pub value: Value,
}

/// A value, by reference where it is text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Text in the delivery's content, from and to.
    Source(u32, u32),
    /// Text in [`Parsed::text`], from and to.
    Decoded(u32, u32),
    /// A boolean.
    Bool(bool),
    /// Microseconds since 1970 UTC.
    Time(i64),
}

/// One record of a delivery, as ranges into its [`Parsed`].
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The record's bytes in the content, from and to.
    pub bytes: (u32, u32),
    /// Its fields in [`Parsed::fields`], from and to.
    pub fields: (u32, u32),
    /// Its shape in [`Parsed::text`], from and to; empty when the record is kept raw.
    pub shape: (u32, u32),
    /// Its `otherfields` in [`Parsed::text`], from and to; empty when there are none.
    pub other: (u32, u32),
    /// What is wrong with it.
    pub flaws: Flaws,
    /// When it happened: `eventTime`, or the start of an aggregated event's window.
    pub time: Option<i64>,
    /// The first 16 bytes of its SHA-256.
    pub hash: [u8; 16],
}

/// The records of one delivery.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The records in their order.
    pub records: Vec<Entry>,
    /// All their fields.
    pub fields: Vec<Field>,
    /// Decoded text, shapes and other fields.
    pub text: String,
}

/// A record's view of its [`Parsed`] and the content that it points into.
#[derive(Clone, Copy)]
pub struct RecordView<'a> {
    content: &'a Content,
    parsed: &'a Parsed,
    entry: &'a Entry,
}

impl Parsed {
    /// Forgets everything but its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.fields.clear();
        self.text.clear();
    }

    /// The records with the content that they came from.
    pub fn views<'a>(&'a self, content: &'a Content) -> impl Iterator<Item = RecordView<'a>> {
        self.records.iter().map(move |entry| RecordView { content, parsed: self, entry })
    }
}

impl<'a> RecordView<'a> {
    /// A view of one record.
    pub fn new(content: &'a Content, parsed: &'a Parsed, entry: &'a Entry) -> RecordView<'a> {
        RecordView { content, parsed, entry }
    }

    /// The record's entry.
    #[inline]
    pub fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// Whether the record has to be kept as it is.
    #[inline]
    pub fn is_raw(&self) -> bool {
        self.entry.shape.0 == self.entry.shape.1
    }

    /// The record's exact bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.content.as_bytes().get(self.entry.bytes.0 as usize..self.entry.bytes.1 as usize).unwrap_or_default()
    }

    /// The record's fields.
    #[inline]
    pub fn fields(&self) -> &'a [Field] {
        self.parsed.fields.get(self.entry.fields.0 as usize..self.entry.fields.1 as usize).unwrap_or_default()
    }

    /// A value as text, if it is text.
    pub fn text_of(&self, value: Value) -> Option<&'a str> {
        match value {
            Value::Source(from, to) => self.content.text(from, to),
            Value::Decoded(from, to) => self.parsed.text.get(from as usize..to as usize),
            Value::Bool(_) | Value::Time(_) => None,
        }
    }

    /// The bytes of a value that is text.
    #[inline]
    pub fn bytes_of(&self, value: Value) -> Option<&'a [u8]> {
        match value {
            Value::Source(from, to) => self.content.as_bytes().get(from as usize..to as usize),
            Value::Decoded(from, to) => self.parsed.text.as_bytes().get(from as usize..to as usize),
            Value::Bool(_) | Value::Time(_) => None,
        }
    }

    /// The record's shape, empty when it is kept raw.
    pub fn shape_text(&self) -> &'a str {
        self.part(self.entry.shape)
    }

    /// The record's other fields, empty when there are none.
    pub fn other_text(&self) -> &'a str {
        self.part(self.entry.other)
    }

    fn value(&self, column: Column) -> Option<Value> {
        self.fields().iter().find(|field| field.column == column).map(|field| field.value)
    }

    fn part(&self, (from, to): (u32, u32)) -> &'a str {
        self.parsed.text.get(from as usize..to as usize).unwrap_or_default()
    }
}

impl Row for RecordView<'_> {
    fn shape(&self) -> &str {
        self.part(self.entry.shape)
    }

    fn other(&self) -> &str {
        self.part(self.entry.other)
    }

    fn text(&self, column: Column) -> Option<&str> {
        self.text_of(self.value(column)?)
    }

    fn boolean(&self, column: Column) -> Option<bool> {
        if let Value::Bool(value) = self.value(column)? { Some(value) } else { None }
    }

    fn time(&self, column: Column) -> Option<i64> {
        if let Value::Time(value) = self.value(column)? { Some(value) } else { None }
    }
}

/// A record that is asked for its values in the order in which it has them, as a rebuild does.
pub(crate) struct InOrder<'a> {
    view: RecordView<'a>,
    next: Cell<usize>,
}

impl<'a> InOrder<'a> {
    /// A record before its first value is asked for.
    pub(crate) fn new(view: RecordView<'a>) -> InOrder<'a> {
        InOrder { view, next: Cell::new(0) }
    }

    fn value(&self, column: Column) -> Option<Value> {
        let fields = self.view.fields();
        let from = self.next.get();
        let ahead = fields.get(from..)?.iter().position(|field| field.column == column);
        match ahead {
            Some(steps) => {
                self.next.set(from + steps + 1);
                fields.get(from + steps).map(|field| field.value)
            }
            None => self.view.value(column),
        }
    }
}

impl Row for InOrder<'_> {
    fn shape(&self) -> &str {
        self.view.shape()
    }

    fn other(&self) -> &str {
        self.view.other()
    }

    fn text(&self, column: Column) -> Option<&str> {
        self.view.text_of(self.value(column)?)
    }

    fn boolean(&self, column: Column) -> Option<bool> {
        if let Value::Bool(value) = self.value(column)? { Some(value) } else { None }
    }

    fn time(&self, column: Column) -> Option<i64> {
        if let Value::Time(value) = self.value(column)? { Some(value) } else { None }
    }
}
