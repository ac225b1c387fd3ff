//! An answer as a Parquet file.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Writer, headed, under, unwritable};
use crate::exit::Failure;

/// Writes Parquet.
pub struct Parquet {
    writer: Option<ArrowWriter<Box<dyn Write + Send>>>,
    schema: SchemaRef,
}

impl Parquet {
    /// A writer for rows of this schema under these names.
    pub fn new(out: Box<dyn Write + Send>, headers: Vec<String>, schema: &SchemaRef) -> Result<Parquet, Failure> {
        let schema = headed(schema, &headers);
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer =
            ArrowWriter::try_new(out, std::sync::Arc::clone(&schema), Some(properties)).map_err(|error| unwritable(&error))?;
        Ok(Parquet { writer: Some(writer), schema })
    }
}

impl Writer for Parquet {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let batch = under(batch, &self.schema)?;
        match &mut self.writer {
            Some(writer) => writer.write(&batch).map_err(|error| unwritable(&error)),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        match self.writer.take() {
            Some(writer) => writer.close().map(drop).map_err(|error| unwritable(&error)),
            None => Ok(()),
        }
    }
}
