//! `trailkeep export`

mod ddl;
mod files;
mod place;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};
use crate::settings::Context;

/// Write log files again as they were delivered, or print the tables for other engines.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep export files --out DIR          every delivery again, byte for byte
  trailkeep export files --out DIR --since 2026-11-01 --account 111122223333
  trailkeep export ddl --for athena --location s3://my-lake")]
pub struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Files(files::Files),
    Ddl(ddl::Ddl),
}

impl Export {
    /// Exports.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.what {
            What::Files(files) => files.run(context).await,
            What::Ddl(ddl) => ddl.run(context).await,
        }
    }
}
