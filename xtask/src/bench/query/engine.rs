//! A program that answers questions, a line of JSON each.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Rows of an answer; a cell is text or nothing.
pub type Cells = Vec<Vec<Option<String>>>;

/// What an answer took.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Took {
    /// Seconds from question to answer.
    pub wall_s: f64,
    /// Seconds of processor time of all threads.
    pub cpu_s: f64,
    /// Rows of the answer.
    pub rows: u64,
}

/// The program.
pub struct Engine {
    name: &'static str,
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Engine {
    /// Starts it.
    pub fn start(name: &'static str, program: &Path, arguments: &[OsString]) -> Result<Engine, Failure> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Failure::io(program))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Wrong(format!("{name} has no standard input or output")));
        };
        Ok(Engine { name, child, questions, answers: BufReader::new(answers) })
    }

    /// Asks one question.
    pub fn ask(&mut self, question: &Value) -> Result<Value, Failure> {
        let io = |error| Failure::Wrong(format!("{}: {error}", self.name));
        let mut line = question.to_string();
        line.push('\n');
        self.questions.write_all(line.as_bytes()).and_then(|()| self.questions.flush()).map_err(io)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(io)?;
        let wrong = |why: String| Failure::Wrong(format!("{} to {question}: {why}", self.name));
        let answer: Value = serde_json::from_str(&answer).map_err(|error| wrong(error.to_string()))?;
        match answer.get("error") {
            Some(error) => Err(wrong(error.to_string())),
            None => Ok(answer),
        }
    }

    /// Asks a question for its time.
    pub fn time(&mut self, question: &Value) -> Result<Took, Failure> {
        let answer = self.ask(question)?;
        serde_json::from_value(answer).map_err(|error| Failure::Wrong(format!("{}: {error}", self.name)))
    }

    /// Asks a statement for its rows, in an order of their own.
    pub fn cells(&mut self, sql: &str) -> Result<Cells, Failure> {
        let mut answer = self.ask(&json!({ "cells": sql }))?;
        let cells = answer.get_mut("cells").map(Value::take).unwrap_or_default();
        let mut cells: Cells = serde_json::from_value(cells).map_err(|error| Failure::Wrong(format!("{}: {error}", self.name)))?;
        cells.iter_mut().flatten().flatten().for_each(plain);
        cells.sort();
        Ok(cells)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It ends when nobody can ask any more; nothing of it is needed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Spelled in one way: DuckDB writes `+00` behind a time, and no `.0` behind a whole number.
fn plain(cell: &mut String) {
    let is_time = cell.len() > 19 && cell.get(4..5) == Some("-") && cell.get(13..14) == Some(":");
    if is_time {
        let end = cell.find("+00").unwrap_or(cell.len());
        cell.truncate(end);
    }
    let is_number = cell.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
    if (is_time || is_number) && cell.contains('.') {
        let end = cell.trim_end_matches('0').trim_end_matches('.').len();
        cell.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_spelled_in_one_way() {
        for (cell, expected) in [
            ("2026-10-30 12:00:00+00", "2026-10-30 12:00:00"),
            ("2026-10-30 12:00:00.500000", "2026-10-30 12:00:00.5"),
            ("7.0", "7"),
            ("0.250", "0.25"),
            ("100", "100"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            let mut cell = cell.to_owned();
            plain(&mut cell);
            assert_eq!(cell, expected);
        }
    }
}
