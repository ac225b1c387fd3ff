//! `cargo xtask bench query`

mod engine;
mod home;
mod questions;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::figures::{Spread, Table, number};
use super::{Places, Tools};
use crate::failure::Failure;
use crate::outside;
use engine::{Engine, Took};
use questions::{Kind, Question};

const DUCKDB_PY: &str = include_str!("query/duckdb.py");

/// Answer the same questions by trailkeep and by DuckDB, from the same Parquet files
///
/// Statements as people write them, every named query over its default range, and needles that are there and that are not. Each answer is first
/// compared cell by cell; then both engines, each in a process that stays, answer in turns. Makes homes of 5 and 20 million events
/// the first time, which takes long and some 6 GB; they are kept.
#[derive(Args, Debug)]
pub struct Query {
    #[command(flatten)]
    places: Places,

    /// Events of the homes
    #[arg(long, value_name = "N", default_values_t = [5_000_000, 20_000_000], value_delimiter = ',')]
    events: Vec<u64>,

    /// Measurements of each question
    #[arg(long, value_name = "N", default_value_t = 5)]
    repetitions: usize,

    /// Threads of both
    #[arg(long, value_name = "N", default_value_t = outside::cores())]
    threads: usize,

    /// Only questions whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// What a question took, run by run.
struct Measured {
    name: String,
    kind: Option<Kind>,
    rows: u64,
    ours: Vec<Took>,
    theirs: Vec<Took>,
}

impl Query {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let tools = self.places.clone().find()?;
        let mut growth: Vec<(u64, Vec<Measured>)> = Vec::new();
        for events in &self.events {
            let home = home::prepare(&tools, *events)?;
            let load = outside::load();
            let measured = self.home(&tools, &home)?;
            println!("\n## {} events, {} thread(s), load {load} to {}", number(*events as f64, 0), self.threads, outside::load());
            compared(&measured);
            verbs(&measured);
            growth.push((*events, measured));
        }
        if let [(few, small), (many, large)] = growth.as_slice() {
            grown(*many as f64 / *few as f64, small, large);
        }
        Ok(())
    }

    fn home(&self, tools: &Tools, home: &Path) -> Result<Vec<Measured>, Failure> {
        let mut ours = self.trailkeep(tools, home)?;
        let mut theirs = self.duckdb(tools)?;
        let files = ours.ask(&json!("files"))?;
        theirs.ask(&files_of(&files))?;
        let values = questions::values(&mut theirs)?;
        let mut measured = Vec::new();
        for question in questions::all(tools, &values)?.iter().filter(|question| self.is_wanted(&question.name)) {
            let flat = same_rows(question, &mut ours, &mut theirs)?;
            measured.push(self.question(question, &flat, &mut ours, &mut theirs)?);
        }
        for (name, question) in questions::verbs(&values).iter().filter(|(name, _)| self.is_wanted(name)) {
            measured.push(self.verb(name, question, &mut ours)?);
        }
        Ok(measured)
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    fn trailkeep(&self, tools: &Tools, home: &Path) -> Result<Engine, Failure> {
        let threads = self.threads.to_string();
        let words = ["measured".into(), "--threads".into(), threads.into(), "--home".into(), home.as_os_str().to_owned()];
        Engine::start("trailkeep", &tools.binary, &words)
    }

    fn duckdb(&self, tools: &Tools) -> Result<Engine, Failure> {
        let script = tools.scratch.join("duckdb_query.py");
        fs::write(&script, DUCKDB_PY).map_err(Failure::io(&script))?;
        let words = [script.into_os_string(), OsString::from(self.threads.to_string())];
        Engine::start("DuckDB", &tools.python, &words)
    }

    /// In turns, and in both orders, so that what else happens on the machine meets both.
    fn question(&self, asked: &Question, flat: &str, ours: &mut Engine, theirs: &mut Engine) -> Result<Measured, Failure> {
        let (mine, flat) = (json!({ "sql": asked.sql }), json!({ "sql": flat }));
        let mut measured =
            Measured { name: asked.name.clone(), kind: Some(asked.kind), rows: 0, ours: Vec::new(), theirs: Vec::new() };
        for run in 0..self.repetitions {
            if run % 2 == 0 {
                measured.ours.push(ours.time(&mine)?);
            }
            measured.theirs.push(theirs.time(&flat)?);
            if run % 2 == 1 {
                measured.ours.push(ours.time(&mine)?);
            }
        }
        measured.rows = measured.ours.first().map_or(0, |took| took.rows);
        eprintln!("{}: {}", measured.name, measured.cells().join(" | "));
        Ok(measured)
    }

    fn verb(&self, name: &str, question: &Value, ours: &mut Engine) -> Result<Measured, Failure> {
        ours.time(question)?;
        let runs = (0..self.repetitions).map(|_| ours.time(question)).collect::<Result<Vec<_>, _>>()?;
        let rows = runs.first().map_or(0, |took| took.rows);
        Ok(Measured { name: name.to_owned(), kind: None, rows, ours: runs, theirs: Vec::new() })
    }
}

fn files_of(answer: &Value) -> Value {
    json!({ "files": answer.get("files") })
}

/// Compares all cells of both answers; returns the statement for DuckDB.
fn same_rows(question: &Question, ours: &mut Engine, theirs: &mut Engine) -> Result<String, Failure> {
    let flat = match &question.theirs {
        Some(theirs) => theirs.clone(),
        None => flat_of(&question.sql, ours)?,
    };
    let mine = ours.cells(&questions::unlimited(&question.sql))?;
    let other = theirs.cells(&questions::unlimited(&flat))?;
    if mine == other {
        return Ok(flat);
    }
    let differing = mine.iter().zip(&other).find(|(mine, other)| mine != other);
    Err(Failure::Wrong(format!(
        "{}: {} rows by trailkeep, {} by DuckDB; the first that differ: {differing:?}\n{}\n{flat}",
        question.name,
        mine.len(),
        other.len(),
        question.sql
    )))
}

fn flat_of(sql: &str, ours: &mut Engine) -> Result<String, Failure> {
    let answer = ours.ask(&json!({ "flat": sql }))?;
    Ok(answer.get("flat").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// The middle of some runs.
fn middle(runs: &[Took], figure: fn(&Took) -> f64) -> f64 {
    Spread::of(runs.iter().map(figure)).median
}

fn fastest(runs: &[Took], figure: fn(&Took) -> f64) -> f64 {
    Spread::of(runs.iter().map(figure)).min
}

const WALL: fn(&Took) -> f64 = |took| took.wall_s * 1e3;
const CPU: fn(&Took) -> f64 = |took| took.cpu_s * 1e3;

impl Measured {
    /// Our time in times of theirs: of the fastest runs, which other work disturbed least.
    fn ratio(&self, figure: fn(&Took) -> f64) -> f64 {
        fastest(&self.ours, figure) / fastest(&self.theirs, figure).max(1e-9)
    }

    fn cells(&self) -> Vec<String> {
        let both = |runs: &[Took], figure| format!("{} / {}", ms(fastest(runs, figure)), ms(middle(runs, figure)));
        vec![
            number(self.rows as f64, 0),
            both(&self.ours, WALL),
            both(&self.theirs, WALL),
            number(self.ratio(WALL), 2),
            ms(fastest(&self.ours, CPU)),
            ms(fastest(&self.theirs, CPU)),
            number(self.ratio(CPU), 2),
        ]
    }
}

fn ms(value: f64) -> String {
    number(value, if value < 10.0 { 1 } else { 0 })
}

fn compared(measured: &[Measured]) {
    let columns = ["rows", "ms: min / median", "DuckDB ms", "ratio", "CPU ms", "DuckDB CPU ms", "CPU ratio"];
    for (kind, heading) in [(Kind::Statement, "Statements"), (Kind::Named, "Named queries"), (Kind::Needle, "Needles")] {
        let chosen: Vec<&Measured> = measured.iter().filter(|one| one.kind == Some(kind)).collect();
        let mut table = Table::new(&[&["question"], &columns[..]].concat());
        for one in &chosen {
            table.row(&[vec![one.name.clone()], one.cells()].concat());
        }
        table.print(heading);
        summary(&chosen);
    }
    println!("\nAll together:");
    summary(&measured.iter().filter(|one| one.kind.is_some()).collect::<Vec<_>>());
}

fn summary(chosen: &[&Measured]) {
    let ratios = |figure| Spread::of(chosen.iter().map(|one| one.ratio(figure)));
    let (wall, cpu) = (ratios(WALL), ratios(CPU));
    let p50 = Spread::of(chosen.iter().map(|one| middle(&one.ours, WALL))).median;
    println!(
        "\n{} questions: ratio to DuckDB, median {} (largest {}), by processor time {} (largest {}); half of them take less than {} ms.",
        chosen.len(),
        number(wall.median, 2),
        number(wall.max, 2),
        number(cpu.median, 2),
        number(cpu.max, 2),
        ms(p50)
    );
}

fn verbs(measured: &[Measured]) {
    let mut table = Table::new(&["verb", "events or answers", "ms: min / median", "CPU ms"]);
    for one in measured.iter().filter(|one| one.kind.is_none()) {
        let wall = format!("{} / {}", ms(fastest(&one.ours, WALL)), ms(middle(&one.ours, WALL)));
        table.row(&[one.name.clone(), number(one.rows as f64, 0), wall, ms(fastest(&one.ours, CPU))]);
    }
    table.print("An investigator's verbs");
}

/// How cost grows.
fn grown(times: f64, small: &[Measured], large: &[Measured]) {
    let mut table = Table::new(&["question", "ms", "ms", "times"]);
    for (few, many) in small.iter().zip(large) {
        let (few_ms, many_ms) = (fastest(&few.ours, WALL), fastest(&many.ours, WALL));
        table.row(&[few.name.clone(), ms(few_ms), ms(many_ms), number(many_ms / few_ms.max(1e-9), 1)]);
    }
    table.print(&format!("{} times the events", number(times, 0)));
}
