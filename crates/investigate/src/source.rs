//! Where rows come from.

use std::future::Future;

/// One row of an answer; columns in the order of the statement.
pub trait Row {
    /// A cell's text; `None` where nothing is.
    fn text(&self, at: usize) -> Option<&str>;
    /// A cell's number: an integer, 1 or 0 for a boolean, microseconds since 1970 for a time.
    fn number(&self, at: usize) -> Option<i64>;
}

/// Answers SELECT statements over `events` and `deliveries`.
pub trait Source: Sync {
    /// What can go wrong.
    type Error: Send;

    /// Hands every row of the answer to `take`, as it comes.
    fn each(&self, sql: &str, take: &mut (dyn FnMut(&dyn Row) + Send)) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
