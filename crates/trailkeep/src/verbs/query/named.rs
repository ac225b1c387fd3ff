//! `query --name`: a named query with its range and parameters.

use std::collections::BTreeMap;

use investigate::named::{self, NamedError, NamedQuery};
use lake::Lake;

use crate::ask::{ask_small, text};
use crate::exit::Failure;
use crate::output::{self, Screen};
use crate::when::{Span, When};
use crate::{figures, outside};

/// A named query that is asked.
pub struct AskedByName {
    /// The statement.
    pub sql: String,
    query: NamedQuery,
    since_us: i64,
    until_us: i64,
}

/// `key=value` of `--param`.
pub fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is no parameter; write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Finds the query and fills it in.
pub fn resolve(name: &str, given: &[(String, String)], since: Option<When>, until: Option<When>) -> Result<AskedByName, Failure> {
    let wrong = |error: NamedError| Failure::usage(error.to_string(), "");
    let query = named::named(name).map_err(wrong)?;
    let now = outside::now();
    let until_us = until.map_or(now, |until| until.resolve(now)).timestamp_micros();
    let span: Span =
        query.range.parse().map_err(|error| Failure::failed(format!("the range of `{name}` is wrong: {error}"), ""))?;
    let default_us = until_us.saturating_sub(i64::try_from(span.s).unwrap_or_default().saturating_mul(1_000_000));
    let since_us = since.map_or(default_us, |since| since.resolve(now).timestamp_micros());
    if since_us >= until_us {
        return Err(Failure::usage("the range ends before it begins", "give --since an earlier time than --until"));
    }
    let given: BTreeMap<String, String> = given.iter().cloned().collect();
    let sql = query.statement(since_us, until_us, &given).map_err(wrong)?;
    Ok(AskedByName { sql, query, since_us, until_us })
}

impl AskedByName {
    /// The line above the answer.
    pub fn heading(&self, screen: Screen) -> String {
        let time = |us: i64| figures::iso(us).get(..16).unwrap_or_default().replace('T', " ");
        let range = format!("{} to {} UTC", time(self.since_us), time(self.until_us));
        format!("{}  {}", screen.bold(&self.query.question), screen.dim(&range))
    }

    /// Column headings for people; the statement's own where they do not fit.
    pub fn headings(&self, own: Vec<String>) -> Vec<String> {
        if own.len() == self.query.columns.len() { self.query.columns.clone() } else { own }
    }

    /// Says why nothing was found, if the lake has nothing in the range.
    pub async fn explain_nothing(&self, lake: &Lake) -> Result<(), Failure> {
        let rows = ask_small(lake, "SELECT min(eventTime), max(eventTime) FROM events").await?;
        let Some((first, last)) = rows.first().map(|row| (text(row, 0), text(row, 1))) else { return Ok(()) };
        let day = |us: i64| figures::iso(us).get(..19).unwrap_or_default().replace('T', " ");
        if last.is_empty() {
            output::note("the lake holds no events");
        } else if last < day(self.since_us).as_str() || first > day(self.until_us).as_str() {
            output::note(format!("the lake holds events from {first} to {last} only; choose the range with --since and --until"));
        }
        Ok(())
    }
}
