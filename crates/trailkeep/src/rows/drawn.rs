//! Tables for people: aligned columns, one record under the other where there are too many columns, and Markdown.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cell::{self, Cells};
use super::{Writer, trouble};
use crate::exit::Failure;
use crate::figures;
use crate::output::{self, Align, Screen, Table, clean};

/// Rows of a drawn table: all have to be in memory to be aligned.
const ROWS_MAX: usize = 1_000;
/// Columns that stand side by side; more are written one record under the other.
const COLUMNS_MAX: usize = 14;
/// Characters of one cell.
const CELL_CHARS_MAX: usize = 300;

/// Draws a table at the end.
pub struct Drawn {
    out: Box<dyn Write + Send>,
    headers: Vec<String>,
    table: Table,
    screen: Screen,
    rows: u64,
}

impl Drawn {
    /// A table with these columns; numbers stand to the right.
    pub fn new(out: Box<dyn Write + Send>, headers: Vec<String>, schema: &SchemaRef, screen: Screen) -> Drawn {
        let align = |field: &arrow::datatypes::FieldRef| if field.data_type().is_numeric() { Align::Right } else { Align::Left };
        let table = Table::with(headers.clone(), schema.fields().iter().map(align).collect());
        Drawn { out, headers, table, screen, rows: 0 }
    }

    /// One record under the other, without the fields that it does not have.
    fn record(&mut self, fields: &[(String, String)]) -> Result<(), Failure> {
        let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let title = format!("── record {} ", figures::count(self.rows));
        writeln!(self.out, "{}", self.screen.dim(&format!("{title:─<60}"))).map_err(trouble)?;
        for (name, text) in fields {
            writeln!(self.out, "{:>width$}  {}", clean(name), clean(text)).map_err(trouble)?;
        }
        Ok(())
    }
}

impl Writer for Drawn {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let cells = Cells::of(batch)?;
        for at in 0..batch.num_rows() {
            self.rows += 1;
            if self.headers.len() > COLUMNS_MAX {
                self.record(&cell::fields(batch, &self.headers, at)?)?;
            } else if self.table.len() < ROWS_MAX {
                self.table.row(cells.row(at).map(|cell| cell.map(shortened).unwrap_or_default()));
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        if self.headers.len() <= COLUMNS_MAX {
            writeln!(self.out, "{}", self.table.draw(self.screen, 0)).map_err(trouble)?;
        }
        self.out.flush().map_err(trouble)?;
        let hidden = self.rows.saturating_sub(self.table.len() as u64);
        if hidden > 0 && self.headers.len() <= COLUMNS_MAX {
            output::note(format!("… and {} more; `-o ndjson` or `-o csv` writes all of them", figures::counted(hidden, "row")));
        }
        Ok(())
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(CELL_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Writes a Markdown table.
pub struct Markdown {
    out: Box<dyn Write + Send>,
    headers: Option<Vec<String>>,
}

impl Markdown {
    /// A writer that begins with the headers.
    pub fn new(out: Box<dyn Write + Send>, headers: Vec<String>) -> Markdown {
        Markdown { out, headers: Some(headers) }
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Failure> {
        let cells: Vec<String> = cells.collect();
        writeln!(self.out, "| {} |", cells.join(" | ")).map_err(trouble)
    }

    fn head(&mut self) -> Result<(), Failure> {
        let Some(headers) = self.headers.take() else { return Ok(()) };
        self.line(headers.iter().map(|header| markdown(header)))?;
        self.line(headers.iter().map(|_| "---".to_owned()))
    }
}

impl Writer for Markdown {
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.head()?;
        let cells = Cells::of(batch)?;
        (0..batch.num_rows()).try_for_each(|at| self.line(cells.row(at).map(|cell| markdown(&cell.unwrap_or_default()))))
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.head()?;
        self.out.flush().map_err(trouble)
    }
}

/// Text that stays text in Markdown: no links, no HTML, no new columns.
fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => safe.extend(['\\', character]),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            other => safe.push(other),
        }
    }
    safe
}
