//! Benchmarks and chores of trailkeep, run as `cargo xtask ...`.
//!
//! Builds nothing and knows nothing about the inside of the program: it runs the binary that stands beside it, as a user would.

mod bench;
mod failure;
mod outside;
mod tamper;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::tamper::Tamper;

/// Benchmarks and chores of trailkeep.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Measure the release build of trailkeep
    #[command(subcommand)]
    Bench(Bench),
    Tamper(Tamper),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Bench(bench) => bench.run(),
        Chore::Tamper(tamper) => tamper.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
