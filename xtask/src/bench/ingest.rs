//! `cargo xtask bench ingest`

use clap::Args;

use super::duckdb::{self, Mode};
use super::figures::{Spread, Table, number};
use super::measure::Used;
use super::set::{self, Families, Set};
use super::stages::Stages;
use super::trailkeep::{self, Home};
use super::{Places, Tools};
use crate::failure::Failure;
use crate::outside;

/// Ingest the same files with trailkeep and with DuckDB, turn by turn
///
/// trailkeep as its users run it: hashes, byte check, bloom filters, exactly-once commit. DuckDB as fast as it can, keeping no
/// original. Every run is checked against the generator's totals. Figures are smallest / median / largest.
#[derive(Args, Debug)]
pub struct Ingest {
    #[command(flatten)]
    places: Places,

    /// Events generated for files of 2,500; of 100 about 92 are management and data events, which are taken
    #[arg(long, value_name = "N", default_value_t = 334_600)]
    large: u64,

    /// Events in files as real ones are, half of them with five events or fewer
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    real: u64,

    /// Runs of each program
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    repetitions: u16,

    /// Numbers of threads
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,

    /// Run DuckDB with a detected schema too, which takes it more than twice as long
    #[arg(long)]
    detected: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Trailkeep,
    DuckDb(Mode),
}

const FASTEST: &[Program] = &[Program::Trailkeep, Program::DuckDb(Mode::Given)];
const ALL: &[Program] = &[Program::Trailkeep, Program::DuckDb(Mode::Given), Program::DuckDb(Mode::Detected)];

impl Program {
    fn name(self) -> &'static str {
        match self {
            Program::Trailkeep => "trailkeep",
            Program::DuckDb(mode) => mode.name(),
        }
    }
}

/// The runs of one program, in their order.
struct Runs {
    program: Program,
    runs: Vec<Used>,
}

impl Runs {
    fn spread(&self, figure: impl Fn(&Used) -> f64) -> Spread {
        Spread::of(self.runs.iter().map(figure))
    }
}

impl Ingest {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let (repetitions, threads) = (usize::from(self.repetitions), self.threads);
        let programs = if self.detected { ALL } else { FASTEST };
        let tools = self.places.find()?;
        let large = Set::prepare(tools.scratch.join("large"), &set::large_files(self.large), Families::Records)?;
        let real = Set::prepare(tools.scratch.join("real"), &set::real_files(self.real), Families::Records)?;
        println!("{} cores, load {} at the start, {repetitions} runs each", outside::cores(), outside::load());
        let stages = Stages::measure(&large, repetitions)?;
        let mut whole = None;
        for (name, set) in [("Large files", &large), ("Real-sized files", &real)] {
            for threads in &threads {
                let compared = compare(&tools, set, programs, *threads, repetitions)?;
                print_runs(&format!("{name}, {threads} thread(s): {}", contents(set)), set, &compared);
                let ours = compared.first().map(|ours| ours.spread(|run| run.cpu_s));
                whole = whole.or(ours.filter(|_| *threads == 1));
            }
        }
        if let Some(whole) = whole {
            stages.print(&large, whole);
        }
        print_sizes(&tools, &[("large files", &large), ("real-sized files", &real)])?;
        println!("\nload {} at the end", outside::load());
        Ok(())
    }
}

fn contents(set: &Set) -> String {
    let truth = &set.truth;
    let mb = |bytes: u64| number(bytes as f64 / 1e6, 0);
    let (files, records, distinct) = (truth.files as f64, truth.records as f64, truth.distinct as f64);
    format!(
        "{} files, {} records ({} distinct), {} MB of JSON in {} MB of gzip",
        number(files, 0),
        number(records, 0),
        number(distinct, 0),
        mb(truth.content_bytes),
        mb(truth.stored_bytes)
    )
}

/// Turn by turn, so that what else happens on the machine meets all of them.
fn compare(tools: &Tools, set: &Set, programs: &[Program], threads: usize, repetitions: usize) -> Result<Vec<Runs>, Failure> {
    let mut compared: Vec<Runs> = programs.iter().map(|program| Runs { program: *program, runs: Vec::new() }).collect();
    for turn in 1..=repetitions {
        for runs in &mut compared {
            eprintln!("turn {turn}, {threads} thread(s), {}: {}", set.truth.records, runs.program.name());
            runs.runs.push(match runs.program {
                Program::Trailkeep => trailkeep::collect(tools, set, threads)?.0,
                Program::DuckDb(mode) => duckdb::ingest(tools, set, threads, mode)?,
            });
        }
    }
    Ok(compared)
}

fn print_runs(heading: &str, set: &Set, compared: &[Runs]) {
    let records = set.truth.records as f64;
    let mut table = Table::new(&["", "wall s", "CPU s", "peak MB", "rows/s", "events/s per CPU second", "files/s"]);
    for runs in compared {
        table.row(&[
            runs.program.name().to_owned(),
            runs.spread(|run| run.wall_s).text(2),
            runs.spread(|run| run.cpu_s).text(2),
            runs.spread(|run| run.rss_bytes as f64 / 1e6).text(0),
            runs.spread(|run| records / run.wall_s).text(0),
            runs.spread(|run| records / run.cpu_s).text(0),
            runs.spread(|run| set.truth.files as f64 / run.wall_s).text(0),
        ]);
    }
    table.print(heading);
    let Some((ours, others)) = compared.split_first() else { return };
    let mut table = Table::new(&["trailkeep against", "rows/s", "events/s per CPU second", "memory"]);
    for theirs in others {
        let ratio = |figure: fn(&Used) -> f64| {
            let pairs = ours.runs.iter().zip(&theirs.runs);
            Spread::of(pairs.map(|(our, their)| figure(their) / figure(our))).text(2)
        };
        let memory =
            Spread::of(ours.runs.iter().zip(&theirs.runs).map(|(our, their)| our.rss_bytes as f64 / their.rss_bytes as f64));
        table.row(&[theirs.program.name().to_owned(), ratio(|run| run.wall_s), ratio(|run| run.cpu_s), memory.text(2)]);
    }
    table.print("Ratios, pair by pair");
}

/// Collects once more, compacts, and says what an event takes.
fn print_sizes(tools: &Tools, sets: &[(&str, &Set)]) -> Result<(), Failure> {
    let columns =
        ["bytes per stored event", "archive as collected", "archive compacted", "ledger", "logs", "kept raw", "DuckDB's file"];
    let mut table = Table::new(&columns);
    for (name, set) in sets {
        let (_, home) = trailkeep::collect(tools, set, outside::cores())?;
        table.row(&sizes(tools, name, set, &home)?);
    }
    table.print("Sizes");
    Ok(())
}

fn sizes(tools: &Tools, name: &str, set: &Set, home: &Home) -> Result<[String; 7], Failure> {
    let collected = home.sizes()?;
    home.compact(tools)?;
    let compacted = home.sizes()?;
    let raw = home.raw(tools)?;
    duckdb::ingest(tools, set, 1, Mode::Given)?;
    let each = |bytes: u64| number(bytes as f64 / set.truth.distinct.max(1) as f64, 1);
    Ok([
        name.to_owned(),
        each(collected.archive_bytes),
        each(compacted.archive_bytes),
        each(compacted.ledger_bytes),
        each(compacted.logs_bytes),
        format!("{raw} ({} %)", number(raw as f64 / set.truth.distinct.max(1) as f64 * 100.0, 3)),
        number(duckdb::size_bytes(tools)? as f64 / set.truth.records.max(1) as f64, 1),
    ])
}
