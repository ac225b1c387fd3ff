//! `trailkeep measured`: what `cargo xtask bench query` speaks with.
//!
//! A program that has to start, open its home and read its log says little about how fast questions are answered. Here the home is opened
//! once; every line of standard input is a question, and every line of standard output says what its answer took.

use std::fs;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use investigate::{Question, WhoQuestion};
use lake::inspect::Table;
use lake::{Lake, LakeError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::ask::{Asked, ask};
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{lakes, output, outside};

/// How far before its scope an investigation compares, in seconds: as `investigate` does.
const BASELINE_S: u64 = 30 * 86_400;
/// Writes that `who` tells.
const WRITES_MAX: usize = 10;

/// Answer questions, a line each, and say what every answer took.
///
/// For benchmarks: the home is opened once. A line is {"sql": "..."} for the number of rows, {"cells": "..."} for the rows as well,
/// {"flat": "..."} for the statement over flat columns, {"investigate": "..."}, {"session": "..."}, {"who": "..."}, or "files" for the
/// archive's live files. The answer is one line of JSON with wall_s and cpu_s.
#[derive(Args, Debug)]
#[command(
    hide = true,
    before_help = "Examples:
  echo '{\"sql\": \"SELECT count(*) FROM events\"}' | trailkeep measured"
)]
pub struct Measured {
    /// Number of threads
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// A question.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Sql(String),
    Cells(String),
    Flat(String),
    Investigate(String),
    Session(String),
    Who(String),
    Files,
}

impl Measured {
    /// Answers until standard input ends.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open_watched(context, outside::unwatched(self.threads.unwrap_or(context.threads))).await?;
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let reading = || Failure::io("reading standard input".to_owned());
        while let Some(line) = lines.next_line().await.map_err(reading())? {
            let asked = serde_json::from_str::<Line>(&line)
                .map_err(|error| Failure::usage(format!("`{line}` is no question: {error}"), "see trailkeep measured --help"))?;
            let (before_s, watch) = (cpu_s().await, outside::stopwatch());
            let answer = answer(&lake, &asked).await?;
            let wall_s = watch.elapsed().as_secs_f64();
            let took = json!({ "wall_s": wall_s, "cpu_s": cpu_s().await - before_s });
            output::line(merged(took, answer))?;
        }
        Ok(Exit::Fine)
    }
}

fn merged(mut took: Value, answer: Value) -> String {
    if let (Some(members), Value::Object(more)) = (took.as_object_mut(), answer) {
        members.extend(more);
    }
    took.to_string()
}

async fn answer(lake: &Lake, asked: &Line) -> Result<Value, Failure> {
    Ok(match asked {
        Line::Sql(sql) => json!({ "rows": rows(lake, sql).await?.iter().map(RecordBatch::num_rows).sum::<usize>() }),
        Line::Cells(sql) => json!({ "cells": cells(&rows(lake, sql).await?)? }),
        Line::Flat(sql) => json!({ "flat": lake.rewritten(sql).await? }),
        Line::Files => json!({ "files": files(lake).await? }),
        Line::Investigate(asked) => {
            let question = Question { asked: asked.clone(), baseline_s: BASELINE_S, ..Question::default() };
            json!({ "rows": investigate::investigate(&Asked(lake), &question).await?.map_or(0, |found| found.card.events) })
        }
        Line::Session(asked) => {
            json!({ "rows": investigate::chains(&Asked(lake), asked).await?.map_or(0, |found| found.chains.len()) })
        }
        Line::Who(asked) => {
            let question = WhoQuestion { asked: asked.clone(), writes_max: WRITES_MAX, ..WhoQuestion::default() };
            let found = investigate::who(&Asked(lake), &question).await?;
            json!({ "rows": found.writes.len() as u64 + found.writes_omitted })
        }
    })
}

async fn files(lake: &Lake) -> Result<Vec<String>, Failure> {
    let folder = lake.home().folder.clone().unwrap_or_default();
    let files = lake.live(Table::Archive).await?.into_iter();
    Ok(files.map(|file| folder.join(file.path).display().to_string()).collect())
}

async fn rows(lake: &Lake, sql: &str) -> Result<Vec<RecordBatch>, Failure> {
    let mut rows = ask(lake, sql).await?.rows;
    let mut all = Vec::new();
    while let Some(batch) = rows.next().await? {
        all.push(batch);
    }
    Ok(all)
}

/// Every cell as text, or null.
fn cells(batches: &[RecordBatch]) -> Result<Vec<Vec<Option<String>>>, Failure> {
    let mut all = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter().map(texts).collect::<Result<Vec<_>, LakeError>>()?;
        all.extend((0..batch.num_rows()).map(|at| columns.iter().map(|column| column.get(at).cloned().flatten()).collect()));
    }
    Ok(all)
}

fn texts(column: &ArrayRef) -> Result<Vec<Option<String>>, LakeError> {
    let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f"));
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    // A column of nothing but nulls says so only when it is asked for what its nulls mean.
    let nulls = column.logical_nulls();
    let is_there = |at: &usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*at));
    Ok((0..column.len()).map(|at| is_there(&at).then(|| formatter.value(at).to_string())).collect())
}

/// Seconds of processor time that the threads of this process have used, as Linux tells it; 0 elsewhere. A thread's time is only brought up
/// to date when it rests, so it rests.
async fn cpu_s() -> f64 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let told = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let nanoseconds = told.filter_map(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.sum::<f64>() / 1e9
}
