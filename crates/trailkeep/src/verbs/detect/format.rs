//! Findings for programs.

use std::str::FromStr;

use detect::Report;
use finding::Severity;
use serde::Serialize;

use crate::detecting::reading::Files;
use crate::exit::Failure;
use crate::output;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// One document: counts of every rule, and findings.
    Json,
    /// A finding a line.
    Ndjson,
    /// For code hosts.
    Sarif,
    /// For pipelines.
    Junit,
    /// For tickets.
    Md,
}

/// A format, and the file that is written; standard output without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// How.
    pub format: Format,
    /// Where.
    pub file: Option<String>,
}

/// The level from which findings fail a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailOn(pub Severity);

const FORMATS: [(&str, Format); 6] = [
    ("table", Format::Table),
    ("json", Format::Json),
    ("ndjson", Format::Ndjson),
    ("sarif", Format::Sarif),
    ("junit", Format::Junit),
    ("md", Format::Md),
];

const LEVELS: [Severity; 5] = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Sink, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("there is no file name after `=`".to_owned()),
            Some((name, file)) => (name, Some(file.to_owned())),
            None => (text, None),
        };
        let format = FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format);
        let format = format.ok_or_else(|| format!("`{name}` is no format; write table, json, ndjson, sarif, junit or md"))?;
        Ok(Sink { format, file })
    }
}

impl Sink {
    /// Writes the text, and a line break after it.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        match &self.file {
            None => output::line(text),
            Some(file) => std::fs::write(file, format!("{text}\n")).map_err(Failure::writing(file)),
        }
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<FailOn, String> {
        let found = LEVELS.iter().find(|level| level.word() == text).map(|level| FailOn(*level));
        found.ok_or_else(|| format!("`{text}` is no level; write informational, low, medium, high or critical"))
    }
}

/// The whole report.
#[derive(Serialize)]
struct Whole<'r> {
    #[serde(flatten)]
    report: &'r Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'r Files>,
}

/// One document.
pub fn json(report: &Report, files: Option<&Files>) -> Result<String, Failure> {
    serde_json::to_string_pretty(&Whole { report, files }).map_err(wrong)
}

/// A finding a line.
pub fn ndjson(report: &Report) -> Result<String, Failure> {
    let lines: Result<Vec<String>, _> = report.findings.iter().map(serde_json::to_string).collect();
    Ok(lines.map_err(wrong)?.join("\n"))
}

/// A SARIF log.
pub fn sarif(report: &Report) -> Result<String, Failure> {
    serde_json::to_string_pretty(&finding::sarif(&report.findings, env!("CARGO_PKG_VERSION"))).map_err(wrong)
}

/// A JUnit report.
pub fn junit(report: &Report, fail_on: Severity) -> String {
    let rules: Vec<(String, String)> = report.rules.iter().map(|rule| (rule.id.clone(), rule.title.clone())).collect();
    finding::junit(&rules, &report.findings, fail_on)
}

fn wrong(error: serde_json::Error) -> Failure {
    Failure::failed(format!("the findings could not be written as JSON: {error}"), "")
}
