//! JSON: one object a row, every column present, times in ISO 8601.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonFormat, LineDelimited, Writer as ArrowWriter};

use super::{Writer, headed, trouble, under, unwritable};
use crate::exit::Failure;

/// Milliseconds are shown where there are any.
const TIMESTAMP: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// Writes objects.
pub struct Objects<F: JsonFormat> {
    writer: ArrowWriter<Box<dyn Write + Send>, F>,
    schema: SchemaRef,
}

/// One object a line.
pub type Lines = Objects<LineDelimited>;
/// One array, an object a line.
pub type Array = Objects<Bracketed>;

/// An array whose objects stand on lines of their own.
#[derive(Debug, Default)]
pub struct Bracketed;

impl JsonFormat for Bracketed {
    fn start_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"[")?)
    }

    fn start_row<W: Write>(&self, out: &mut W, is_first_row: bool) -> Result<(), ArrowError> {
        Ok(out.write_all(if is_first_row { b"\n" } else { b",\n" })?)
    }

    fn end_stream<W: Write>(&self, out: &mut W) -> Result<(), ArrowError> {
        Ok(out.write_all(b"\n]\n")?)
    }
}

impl<F: JsonFormat> Objects<F> {
    /// A writer for rows of this schema under these names.
    pub fn new(out: Box<dyn Write + Send>, headers: Vec<String>, schema: &SchemaRef) -> Self {
        let builder = WriterBuilder::new()
            .with_explicit_nulls(true)
            .with_timestamp_format(TIMESTAMP.to_owned())
            .with_timestamp_tz_format(TIMESTAMP.to_owned());
        Objects { writer: builder.build::<_, F>(out), schema: headed(schema, &headers) }
    }
}

impl<F: JsonFormat> Writer for Objects<F> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let batch = under(batch, &self.schema)?;
        self.writer.write(&batch).map_err(|error| unwritable(&error))
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.writer.finish().map_err(|error| unwritable(&error))?;
        self.writer.get_mut().flush().map_err(trouble)
    }
}
