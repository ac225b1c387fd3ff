//! Benchmarks: generated logs through the release build, every result checked against the generator before a figure is printed.

mod detect;
mod ingest;
mod memory;
mod query;
mod verify;
mod verify_memory;
mod verify_server;

mod duckdb;
mod trailkeep;

mod figures;
mod measure;
mod set;
mod stages;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::outside;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Detect(detect::Detect),
    Ingest(ingest::Ingest),
    Memory(memory::Memory),
    Query(query::Query),
    Verify(verify::Verify),
    VerifyMemory(verify_memory::VerifyMemory),
    VerifyServer(verify_server::VerifyServer),
}

impl Bench {
    /// Measures and prints.
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Bench::Detect(detect) => detect.run(),
            Bench::Ingest(ingest) => ingest.run(),
            Bench::Memory(memory) => memory.run(),
            Bench::Query(query) => query.run(),
            Bench::Verify(verify) => verify.run(),
            Bench::VerifyMemory(memory) => memory.run(),
            Bench::VerifyServer(server) => server.run(),
        }
    }
}

/// Where things are.
#[derive(Args, Clone, Debug, Default)]
pub struct Places {
    /// Folder for the generated logs, which are used again, and for the homes [default: trailkeep-bench among temporary files]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,

    /// The program to measure [default: the trailkeep beside this program]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Python with the package duckdb [default: the one that ./test made]
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_PYTHON")]
    python: Option<PathBuf>,
}

/// The same, found.
struct Tools {
    scratch: PathBuf,
    binary: PathBuf,
    python: PathBuf,
}

impl Places {
    fn find(self) -> Result<Tools, Failure> {
        let tools = Tools {
            scratch: self.scratch.unwrap_or_else(outside::scratch),
            binary: self.binary.unwrap_or_else(outside::binary),
            python: self.python.unwrap_or_else(outside::python),
        };
        let wanted = [
            (&tools.binary, "build it (cargo build --release -p trailkeep) or name it with --binary"),
            (&tools.python, "let ./test make it (./test --no-build) or name one that has duckdb with TRAILKEEP_PYTHON"),
        ];
        for (path, hint) in wanted {
            if !path.is_file() {
                return Err(Failure::Missing { what: format!("`{}`", path.display()), hint });
            }
        }
        std::fs::create_dir_all(&tools.scratch).map_err(Failure::io(&tools.scratch))?;
        Ok(tools)
    }
}
