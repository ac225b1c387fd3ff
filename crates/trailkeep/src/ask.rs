//! SQL against the lake: the one place that knows how the lake answers.

mod rows;

pub use rows::Asked;

use std::pin::Pin;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{Stream, TryStreamExt};
use lake::{Lake, LakeError, Question};

use crate::exit::Failure;

/// An answer, as it comes.
pub struct Answer {
    /// Column headers as the statement spells them.
    pub headers: Vec<String>,
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub rows: Rows,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Rows of an answer, batch by batch.
pub struct Rows(Pin<Box<dyn Stream<Item = Result<RecordBatch, LakeError>> + Send>>);

impl Rows {
    /// Some rows; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        Ok(self.0.try_next().await?)
    }
}

/// Asks the lake.
pub async fn ask(lake: &Lake, sql: &str) -> Result<Answer, Failure> {
    ask_within(lake, &Question { sql, ..Question::default() }).await
}

/// Asks the lake, with parameters and limits.
pub async fn ask_within(lake: &Lake, question: &Question<'_>) -> Result<Answer, Failure> {
    let answer = lake.ask(question).await?;
    let rows = Rows(Box::pin(answer.rows.map_err(LakeError::from)));
    Ok(Answer { headers: answer.headers, schema: answer.schema, rows, notes: answer.notes })
}

/// Asks for an answer that is small; every cell as text, empty where nothing is. Times are in microseconds if the statement
/// casts them, else as Arrow writes them.
pub async fn ask_small(lake: &Lake, sql: &str) -> Result<Vec<Vec<String>>, Failure> {
    let mut rows = ask(lake, sql).await?.rows;
    let mut all = Vec::new();
    let options = FormatOptions::new().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S"));
    while let Some(batch) = rows.next().await? {
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(LakeError::from)?;
        all.extend((0..batch.num_rows()).map(|at| columns.iter().map(|column| column.value(at).to_string()).collect()));
    }
    Ok(all)
}

/// A cell of a small answer as a number; 0 where nothing is.
pub fn number(row: &[String], at: usize) -> i64 {
    row.get(at).and_then(|cell| cell.parse().ok()).unwrap_or(0)
}

/// A cell of a small answer as a number that may be missing.
pub fn number_if_any(row: &[String], at: usize) -> Option<i64> {
    row.get(at).and_then(|cell| cell.parse().ok())
}

/// A cell of a small answer.
pub fn text(row: &[String], at: usize) -> &str {
    row.get(at).map(String::as_str).unwrap_or_default()
}

/// Text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
