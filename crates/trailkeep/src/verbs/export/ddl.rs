//! `trailkeep export ddl`

use clap::{Args, ValueEnum};

use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{lakes, output};

/// Print the statements that let another engine read the lake.
///
/// The archive is a Delta table: the first statement names it, the second one makes a view with CloudTrail's nested
/// columns.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep export ddl --for duckdb | duckdb
  trailkeep export ddl --for athena --location s3://my-lake/home
  trailkeep export ddl --for spark > trailkeep.sql")]
pub struct Ddl {
    /// The engine
    #[arg(long = "for", value_name = "ENGINE")]
    engine: Engine,

    /// Where that engine finds the home, such as s3://bucket/prefix [default: the home]
    #[arg(long, value_name = "URL")]
    location: Option<String>,
}

/// An engine that reads Delta tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Athena,
    Duckdb,
    Spark,
}

impl Ddl {
    /// Prints them.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let location = match self.location {
            Some(location) => location,
            None => {
                let lake = lakes::open(context).await?;
                lake.home().folder.as_ref().map_or_else(|| lake.home().name.clone(), |folder| folder.display().to_string())
            }
        };
        let engine = match self.engine {
            Engine::Athena => lake::ddl::Engine::Athena,
            Engine::Duckdb => lake::ddl::Engine::DuckDb,
            Engine::Spark => lake::ddl::Engine::Spark,
        };
        let archive = format!("{}/archive", location.trim_end_matches('/'));
        output::line(lake::ddl::ddl(engine, &archive).trim_end())?;
        Ok(Exit::Fine)
    }
}
