//! Rows of an answer in the format that was asked for.
//!
//! Everything but `table` and `md` is written as it comes, so that memory does not grow with the answer.

mod cell;
mod delimited;
mod drawn;
mod jsons;
mod parquets;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::str::FromStr;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::ask::Answer;
use crate::exit::Failure;
use crate::output::{Screen, Washed};

/// A format for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, for people.
    Table,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// RFC 4180.
    Csv,
    /// A Markdown table.
    Markdown,
    /// A Parquet file.
    Parquet,
}

/// A format, and the file to write if it is not standard output: `-o csv`, `-o parquet=rows.parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: Option<String>,
}

/// Whether cells that a spreadsheet would run as a formula are disarmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formulas {
    /// Cells are written as they are.
    Kept,
    /// Cells that begin like a formula get a `'` in front.
    Guarded,
}

impl Sink {
    /// Whether it is drawn on standard output for a person.
    pub fn is_for_people(&self) -> bool {
        self.file.is_none() && self.format == Format::Table
    }
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Sink, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file.to_owned())));
        let format = match name {
            "table" => Format::Table,
            "json" => Format::Json,
            "ndjson" => Format::Ndjson,
            "csv" => Format::Csv,
            "md" => Format::Markdown,
            "parquet" => Format::Parquet,
            _ => {
                return Err(format!(
                    "`{name}` is no format; take table, json, ndjson, csv, md or parquet, with =FILE to write a file"
                ));
            }
        };
        match file {
            Some(file) if file.is_empty() => Err(format!("name the file: {name}=FILE")),
            file => Ok(Sink { format, file }),
        }
    }
}

pub use delimited::Csv;

/// Takes rows batch by batch.
pub trait Writer {
    /// Some rows.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure>;
    /// No more rows.
    fn end(&mut self) -> Result<(), Failure>;
}

/// Writes an answer; returns its number of rows.
pub async fn write(answer: Answer, sink: &Sink, formulas: Formulas, screen: Screen) -> Result<u64, Failure> {
    let screen = if sink.file.is_some() { screen.without_terminal() } else { screen };
    if sink.format == Format::Parquet && screen.is_terminal {
        return Err(Failure::usage("Parquet is not for the eyes", "write it to a file: -o parquet=rows.parquet"));
    }
    let Answer { headers, schema, mut rows, .. } = answer;
    let out: Box<dyn Write + Send> = match &sink.file {
        Some(file) => Box::new(BufWriter::new(File::create(file).map_err(Failure::writing(file))?)),
        None if screen.is_terminal && sink.format != Format::Table => Box::new(BufWriter::new(Washed::new(io::stdout()))),
        None => Box::new(BufWriter::with_capacity(64 << 10, io::stdout())),
    };
    let mut writer = writer(out, headers, &schema, sink.format, formulas, screen)?;
    let mut count = 0;
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows() as u64;
        writer.batch(&batch)?;
    }
    writer.end()?;
    Ok(count)
}

fn writer(
    out: Box<dyn Write + Send>,
    headers: Vec<String>,
    schema: &SchemaRef,
    format: Format,
    formulas: Formulas,
    screen: Screen,
) -> Result<Box<dyn Writer>, Failure> {
    Ok(match format {
        Format::Table => Box::new(drawn::Drawn::new(out, headers, schema, screen)),
        Format::Markdown => Box::new(drawn::Markdown::new(out, headers)),
        Format::Csv => Box::new(Csv::new(out, headers, formulas)),
        Format::Ndjson => Box::new(jsons::Lines::new(out, headers, schema)),
        Format::Json => Box::new(jsons::Array::new(out, headers, schema)),
        Format::Parquet => Box::new(parquets::Parquet::new(out, headers, schema)?),
    })
}

/// What went wrong while writing.
fn trouble(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Io { doing: "writing the answer".to_owned(), source: error },
    }
}

/// What went wrong while a batch was turned into something else.
fn unwritable(error: &dyn std::fmt::Display) -> Failure {
    let text = error.to_string();
    if text.contains("Broken pipe") {
        return Failure::Closed;
    }
    Failure::failed(format!("the answer could not be written: {text}"), "")
}

/// A schema whose fields are called as the statement calls them; a name that is there twice gets a number.
fn headed(schema: &SchemaRef, headers: &[String]) -> SchemaRef {
    let mut seen: Vec<String> = Vec::new();
    let fields = schema.fields().iter().zip(headers).map(|(field, header)| {
        let mut name = header.clone();
        let mut number = 2;
        while seen.contains(&name) {
            name = format!("{header}_{number}");
            number += 1;
        }
        seen.push(name.clone());
        field.as_ref().clone().with_name(name)
    });
    std::sync::Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

/// The batch under another schema of the same types.
fn under(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Failure> {
    RecordBatch::try_new(std::sync::Arc::clone(schema), batch.columns().to_vec()).map_err(|error| unwritable(&error))
}

#[cfg(test)]
mod tests;
