//! An answer's rows within the limits of its query: its time and its number of rows. Its memory is the pool's to guard.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_plan::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::sql::sqlparser::tokenizer::TokenWithSpan;
use futures::{Stream, StreamExt};

use super::alarm::Alarm;
use super::errors::SqlError;
use crate::limits::{QUERY_MEMORY_BYTES_MAX, QUERY_SPILL_BYTES_MAX, QUERY_TIME_S_MAX};

/// What a query may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Memory before it spills to disk, in bytes.
    pub memory_bytes: usize,
    /// Time.
    pub time: Duration,
    /// Rows of the answer; no limit if `None`.
    pub rows: Option<u64>,
}

impl Default for QueryLimits {
    fn default() -> QueryLimits {
        QueryLimits { memory_bytes: QUERY_MEMORY_BYTES_MAX, time: Duration::from_secs(QUERY_TIME_S_MAX), rows: None }
    }
}

/// What is said when the time is over.
pub fn out_of_time(limits: &QueryLimits) -> DataFusionError {
    let text = format!(
        "it has run for its {} s (--timeout); ask for fewer days with eventTime > ..., or give it more time",
        limits.time.as_secs_f64()
    );
    DataFusionError::ResourcesExhausted(text)
}

fn too_many_rows(limit: u64) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!("it has more than {limit} rows (--max-rows); ask for fewer with WHERE or LIMIT"))
}

/// What is said of a limit, given what the engine says. What it says of memory is about its own parts.
pub fn in_words(reason: &str) -> String {
    if reason.starts_with("Failed to allocate") || reason.contains("Memory Exhausted") {
        let hint = "ask for fewer columns or days, join on equal values, or give it more";
        return format!("it needs more memory than it may use (--max-memory); {hint}");
    }
    if reason.contains("disk space") {
        let hint = "ask for fewer columns or days, or sort less";
        return format!(
            "it needs more room on disk than it may use ({QUERY_SPILL_BYTES_MAX} bytes, QUERY_SPILL_BYTES_MAX); {hint}"
        );
    }
    reason.to_owned()
}

/// The rows.
pub struct Limited {
    inner: SendableRecordBatchStream,
    alarm: Alarm,
    limits: QueryLimits,
    tokens: Vec<TokenWithSpan>,
    rows: u64,
    is_over: bool,
}

impl Limited {
    /// Rows that end with an error when a limit is reached; the statement's tokens tell the places of errors.
    pub fn new(inner: SendableRecordBatchStream, limits: QueryLimits, alarm: Alarm, tokens: Vec<TokenWithSpan>) -> Limited {
        Limited { inner, alarm, limits, tokens, rows: 0, is_over: false }
    }

    fn placed(&self, error: DataFusionError) -> DataFusionError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => error,
            other if other.to_string().contains("disk space") => error,
            _ => DataFusionError::External(Box::new(SqlError::failed(&error).placed(&self.tokens))),
        }
    }
}

impl Stream for Limited {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if Pin::new(&mut self.alarm).poll(context).is_ready() {
            self.is_over = true;
            return Poll::Ready(Some(Err(out_of_time(&self.limits))));
        }
        let next = self.inner.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(batch))) = &next {
            self.rows += batch.num_rows() as u64;
            if let Some(limit) = self.limits.rows.filter(|limit| self.rows > *limit) {
                self.is_over = true;
                return Poll::Ready(Some(Err(too_many_rows(limit))));
            }
        }
        next.map(|next| next.map(|rows| rows.map_err(|error| self.placed(error))))
    }
}

impl RecordBatchStream for Limited {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
}
