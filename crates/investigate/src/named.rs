//! Named queries: questions that come again, as data. One file of `queries/` is one question: its SQL, the chart that suits the
//! answer, column headings, a default range.
//!
//! `$StartTime$` and `$EndTime$` stand for the range, as in CloudTrail's own dashboards, and `$name$` for a parameter. All of them
//! stand inside quotes, and a quote in a value is doubled: a value stays a text.

mod files;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedQuery {
    /// What it is called: the name of its file.
    #[serde(default)]
    pub name: String,
    /// A heading.
    pub title: String,
    /// The question in plain words.
    pub question: String,
    /// What it belongs to.
    pub group: String,
    /// How the answer is drawn best.
    pub chart: Chart,
    /// The default range: so long before now (`7d`).
    pub range: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// The statement, in CloudTrail Lake's SQL.
    pub sql: String,
    /// What has to be said.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// How an answer is drawn best: the four kinds of CloudTrail's dashboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// Rows.
    Table,
    /// A line over time.
    Line,
    /// Columns.
    Column,
    /// Bars.
    Bar,
}

/// Something that has to be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// One value that it could have.
    pub example: String,
}

/// Why a named query cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedError {
    /// There is none of that name.
    Unknown(String),
    /// A parameter was not given.
    Missing(String, Parameter),
    /// A parameter was given that it does not have.
    Surplus(String, String),
    /// A file of `queries/` is wrong.
    Broken(String, String),
}

impl fmt::Display for NamedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamedError::Unknown(name) => write!(f, "there is no query `{name}`; `trailkeep query --list` has them all"),
            NamedError::Missing(query, Parameter { name, about, example }) => {
                write!(f, "`{query}` needs to know the {name} ({about}); for example --param {name}={example}")
            }
            NamedError::Surplus(query, name) => {
                write!(f, "`{query}` has no parameter `{name}`; `trailkeep query --list` says which it has")
            }
            NamedError::Broken(name, why) => write!(f, "the query `{name}` cannot be read: {why}"),
        }
    }
}

impl std::error::Error for NamedError {}

/// All named queries, in reading order.
pub fn all() -> Result<Vec<NamedQuery>, NamedError> {
    files::FILES.iter().map(|(name, text)| read(name, text)).collect()
}

/// The query of a name.
pub fn named(name: &str) -> Result<NamedQuery, NamedError> {
    let found = files::FILES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map_or_else(|| Err(NamedError::Unknown(name.to_owned())), |(name, text)| read(name, text))
}

fn read(name: &str, text: &str) -> Result<NamedQuery, NamedError> {
    let query: NamedQuery = toml::from_str(text).map_err(|error| NamedError::Broken(name.to_owned(), error.to_string()))?;
    Ok(NamedQuery { name: name.to_owned(), ..query })
}

impl NamedQuery {
    /// The statement over a range (in microseconds), with the parameters that were given.
    pub fn statement(&self, since_us: i64, until_us: i64, given: &BTreeMap<String, String>) -> Result<String, NamedError> {
        if let Some(surplus) = given.keys().find(|name| !self.parameters.iter().any(|parameter| parameter.name == **name)) {
            return Err(NamedError::Surplus(self.name.clone(), surplus.clone()));
        }
        let mut values = vec![("StartTime".to_owned(), moment(since_us)), ("EndTime".to_owned(), moment(until_us))];
        for parameter in &self.parameters {
            let value = given.get(&parameter.name).ok_or_else(|| NamedError::Missing(self.name.clone(), parameter.clone()))?;
            values.push((parameter.name.clone(), value.clone()));
        }
        Ok(filled(&self.sql, &values))
    }
}

/// Puts values in, in one pass, so that a value is not looked at again.
fn filled(sql: &str, values: &[(String, String)]) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, behind)) = rest.split_once('$') {
        text.push_str(before);
        let value = behind.split_once('$').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| known == name)?;
            Some((value, after))
        });
        match value {
            Some((value, after)) => {
                text.push_str(&value.replace('\'', "''"));
                rest = after;
            }
            None => {
                text.push('$');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text
}

fn moment(time_us: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(time_us).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../queries");
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().trim_end_matches(".toml").to_owned();
        let mut there: Vec<String> = std::fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
        let mut listed: Vec<String> = all().unwrap().into_iter().map(|query| query.name).collect();
        there.sort();
        listed.sort();
        assert_eq!(listed, there);
    }

    #[test]
    fn every_query_is_whole() {
        for query in all().unwrap() {
            let name = &query.name;
            assert!(query.title.len() < 60 && query.question.ends_with('?'), "{name}");
            assert!(query.range.ends_with('d') && !query.columns.is_empty(), "{name}");
            for value in ["StartTime", "EndTime"].into_iter().chain(query.parameters.iter().map(|p| p.name.as_str())) {
                assert!(query.sql.contains(&format!("'${value}$'")), "{name} does not use {value}");
            }
            let given = query.parameters.iter().map(|p| (p.name.clone(), p.example.clone())).collect();
            assert!(!query.statement(0, 1, &given).unwrap().contains('$'), "{name}");
        }
    }

    #[test]
    fn values_stay_texts() {
        let query = named("credential-activity").unwrap();
        let given = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let sql = query.statement(0, 1, &given("id", "x' OR '1'='1 $EndTime$")).unwrap();
        assert!(sql.contains("userIdentity.arn = 'x'' OR ''1''=''1 $EndTime$'"), "{sql}");
        assert!(matches!(query.statement(0, 1, &BTreeMap::new()), Err(NamedError::Missing(..))));
        assert!(matches!(query.statement(0, 1, &given("key", "x")), Err(NamedError::Surplus(..))));
        assert!(named("nothing").unwrap_err().to_string().contains("--list"));
    }
}
