//! `cargo xtask bench memory`

use clap::Args;

use super::figures::{Table, number};
use super::set::{self, Families, Set};
use super::{Places, trailkeep};
use crate::failure::Failure;
use crate::outside;

/// Collect a large backlog and twice as large a one, and compare the memory
///
/// Files are as small as real ones and a second trail repeats a tenth, some of it up to 29 days later. The default makes about
/// 650,000 and 1,300,000 files (some 8 GB) and takes long; they are kept for the next time.
#[derive(Args, Debug)]
pub struct Memory {
    #[command(flatten)]
    places: Places,

    /// Events of the smaller backlog, apart from what is repeated
    #[arg(long, value_name = "N", default_value_t = 4_500_000)]
    events: u64,

    /// Number of threads
    #[arg(long, value_name = "N", default_value_t = outside::cores())]
    threads: usize,
}

impl Memory {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        let tools = self.places.find()?;
        let mut table = Table::new(&["events", "records", "distinct", "files", "wall s", "CPU s", "files/s", "peak MB"]);
        let mut peaks = Vec::new();
        for events in [self.events, self.events * 2] {
            let plan = set::real_files(events);
            let set = Set::prepare(tools.scratch.join(format!("memory-{events}")), &plan, Families::All)?;
            eprintln!("collecting {} files", set.truth.files);
            let (used, _) = trailkeep::collect(&tools, &set, self.threads)?;
            let count = |value: u64| number(value as f64, 0);
            table.row(&[
                count(events),
                count(set.truth.records),
                count(set.truth.distinct),
                count(set.truth.files),
                number(used.wall_s, 1),
                number(used.cpu_s, 1),
                number(set.truth.files as f64 / used.wall_s, 0),
                number(used.rss_bytes as f64 / 1e6, 0),
            ]);
            peaks.push(used.rss_bytes as f64);
        }
        table.print(&format!("Memory, {} thread(s)", self.threads));
        if let [once, twice] = peaks.as_slice() {
            println!("\nTwice the events take {} times the memory.", number(twice / once, 3));
        }
        Ok(())
    }
}
