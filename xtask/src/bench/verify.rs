//! `cargo xtask bench verify`

mod bare;
mod chain;
mod rivals;
mod server;

use std::path::Path;

use clap::Args;

use super::figures::{Spread, Table, number};
use super::measure::{self, Used};
use super::{Places, Tools};
use crate::failure::Failure;
use crate::outside;
use chain::Chain;
use rivals::Run;
use server::Server;

/// Verify the same day with trailkeep and with the AWS CLI, turn by turn
///
/// 2,016 log files of 50 and of 1,000 events with a day of digests, from one endpoint on loopback that is held in memory. Then trailkeep
/// alone from the folder, against inflating and hashing the same files and nothing else. Every verdict is checked before its figures
/// count. Figures are smallest / median / largest.
#[derive(Args, Debug)]
pub struct Verify {
    #[command(flatten)]
    places: Places,

    /// Events of a file, a set for each
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "50,1000")]
    events: Vec<usize>,

    /// Runs of each program
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    repetitions: u16,

    /// Threads of trailkeep from the folder, and of the bare work
    #[arg(long, value_name = "N", default_value_t = outside::cores())]
    threads: usize,
}

impl Verify {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let tools = self.places.find()?;
        let aws = tools.python.with_file_name("aws");
        if !aws.is_file() {
            return Err(Failure::Missing { what: format!("`{}`", aws.display()), hint: "let ./test make it (./test --no-build)" });
        }
        for events in &self.events {
            let chain = Chain::prepare(&tools.scratch.join(format!("verify-{events}")), *events)?;
            from_endpoint(&tools, &aws, &chain, self.repetitions)?;
            from_folder(&tools, &chain, self.repetitions, self.threads)?;
        }
        println!("\nLoad of the machine at the end: {}", outside::load());
        Ok(())
    }
}

/// Both programs over the endpoint, turn by turn.
fn from_endpoint(tools: &Tools, aws: &Path, chain: &Chain, repetitions: u16) -> Result<(), Failure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let server = Server::start(chain)?;
    for _ in 0..repetitions {
        theirs.push(rivals::aws_cli(tools, aws, chain, &server)?);
        ours.push(rivals::trailkeep_of_bucket(tools, chain, &server)?);
    }
    let mut table = Table::new(&["from the endpoint", "wall s", "CPU s", "CPU s of the endpoint", "peak MB"]);
    for (name, runs) in [("AWS CLI", &theirs), ("trailkeep", &ours)] {
        table.row(&[
            name.to_owned(),
            spread(runs, |run| run.used.wall_s, 2),
            spread(runs, |run| run.used.cpu_s, 2),
            spread(runs, |run| run.server_cpu_s, 2),
            spread(runs, |run| run.used.rss_bytes as f64 / 1e6, 0),
        ]);
    }
    table.print(&chain.described());
    let ratio = |figure: fn(&Used) -> f64| {
        let pairs = theirs.iter().zip(&ours).map(|(theirs, ours)| figure(&theirs.used) / figure(&ours.used).max(1e-9));
        Spread::of(pairs).text(1)
    };
    println!(
        "\nPair by pair, the AWS CLI takes {} times our wall time and {} times our CPU time.",
        ratio(|used| used.wall_s),
        ratio(|used| used.cpu_s)
    );
    Ok(())
}

/// trailkeep from the folder, and the least that any verifier does, turn by turn.
fn from_folder(tools: &Tools, chain: &Chain, repetitions: u16, threads: usize) -> Result<(), Failure> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..repetitions {
        bare.push(bare::inflate_and_hash(chain, threads)?);
        ours.push(rivals::trailkeep_of_folder(tools, chain, threads)?);
    }
    let mut table = Table::new(&["from the folder", "wall s", "CPU s", "MB/s of raw log, wall", "MB/s per CPU second"]);
    let rate = |used: f64| chain.content_bytes as f64 / 1e6 / used.max(1e-9);
    for (name, runs) in [("gunzip + SHA-256 alone", &bare), ("trailkeep", &ours)] {
        table.row(&[
            format!("{name}, {threads} threads"),
            spread(runs, |run| run.used.wall_s, 2),
            spread(runs, |run| run.used.cpu_s, 2),
            spread(runs, |run| rate(run.used.wall_s), 0),
            spread(runs, |run| rate(run.used.cpu_s), 0),
        ]);
    }
    table.print(&chain.described());
    Ok(())
}

fn spread(runs: &[Run], figure: impl Fn(&Run) -> f64, decimals: usize) -> String {
    Spread::of(runs.iter().map(figure)).text(decimals)
}

impl Chain {
    fn described(&self) -> String {
        format!(
            "{} log files, {} MB of JSON, {} MB packed, 24 digests",
            number(self.files as f64, 0),
            number(self.content_bytes as f64 / 1e6, 0),
            number(self.stored_bytes as f64 / 1e6, 0)
        )
    }
}
