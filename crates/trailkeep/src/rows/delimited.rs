//! CSV as RFC 4180 has it: a header, commas, CRLF only inside quotes.

use std::io::Write;

use arrow::array::RecordBatch;

use super::cell::Cells;
use super::{Formulas, Writer, trouble};
use crate::exit::Failure;

/// Writes CSV.
pub struct Csv {
    out: Box<dyn Write + Send>,
    headers: Option<Vec<String>>,
    formulas: Formulas,
    written: usize,
}

impl Csv {
    /// A writer that begins with the headers.
    pub fn new(out: Box<dyn Write + Send>, headers: Vec<String>, formulas: Formulas) -> Csv {
        Csv { out, headers: Some(headers), formulas, written: 0 }
    }

    fn line(&mut self, cells: impl Iterator<Item = Option<String>>) -> Result<(), Failure> {
        let cells: Vec<String> = cells.map(|cell| cell.map(|text| quoted(text, self.formulas)).unwrap_or_default()).collect();
        let line = cells.join(",");
        self.written += line.len() + 1;
        writeln!(self.out, "{line}").map_err(trouble)
    }

    /// Bytes that were written.
    pub fn written(&self) -> usize {
        self.written
    }

    fn head(&mut self) -> Result<(), Failure> {
        match self.headers.take() {
            Some(headers) => self.line(headers.into_iter().map(Some)),
            None => Ok(()),
        }
    }
}

impl Writer for Csv {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.head()?;
        let cells = Cells::of(batch)?;
        (0..batch.num_rows()).try_for_each(|at| self.line(cells.row(at)))
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.head()?;
        self.out.flush().map_err(trouble)
    }
}

/// A cell, in quotes where it has to be. An empty text is quoted, so that it is not taken for nothing.
fn quoted(text: String, formulas: Formulas) -> String {
    let text = match formulas {
        Formulas::Guarded if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        _ => text,
    };
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
