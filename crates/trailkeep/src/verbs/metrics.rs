//! `trailkeep metrics`

mod commands;
mod replayed_filters;
mod shown;

use std::path::PathBuf;

use check::requests;
use clap::{Args, Subcommand};

use super::collect::{SummaryFormat, summary};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::when::When;
use crate::{documents, output, outside, replayed};
use replayed_filters::Replay;

/// Run metric filters and alarms on history: when each alarm would have changed its state.
///
/// FILE has metric filters and alarms: a shell script of `aws` commands, or JSON as `trailkeep check` reads it. Without one, the CIS monitoring set
/// is run, complete, each filter with an alarm on one event in five minutes. Points are counted per minute, missing data is treated as
/// CloudWatch treats it, and an alarm acts when its state changes, not while it stays.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep metrics replay                            the CIS monitoring set on the lake
  trailkeep metrics replay alarms.sh --since 30d      your own filters and alarms
  trailkeep metrics replay alarms.sh --source ./my-trail-bucket
  trailkeep metrics cis > alarms.sh                   the set as commands for the AWS CLI")]
pub struct Metrics {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run filters and alarms on history
    #[command(before_help = "Examples:
  trailkeep metrics replay alarms.sh --since 30d")]
    Replay(ReplayArguments),
    /// Print the CIS monitoring set as AWS CLI commands
    #[command(before_help = "Examples:
  trailkeep metrics cis --log-group CloudTrail/logs --topic arn:aws:sns:us-east-1:111122223333:alerts
  trailkeep metrics cis --published 5.0               as a version of the benchmark prints them")]
    Cis(commands::Cis),
}

#[derive(Args, Debug)]
struct ReplayArguments {
    /// Filters and alarms; `-` is standard input [default: the CIS monitoring set]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Only events from this time on: 24h, 30d, 2026-11-01
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// A folder of log files instead of the lake
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
}

impl Metrics {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action {
            Action::Replay(arguments) => arguments.run(context).await,
            Action::Cis(cis) => cis.run(),
        }
    }
}

impl ReplayArguments {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (name, text) = match &self.file {
            Some(file) => (file.clone(), documents::read(file)?),
            None => (PathBuf::from("."), commands::complete_set()),
        };
        let found = requests::read(&text, &documents::beside(&name));
        let mut replay = Replay::new(found)?;
        let since = self.since.map(|since| since.resolve(outside::now()));
        let mut taking = replay.taking();
        let mut take = |event: replayed::Event<'_>| taking.take(event.at_s, event.json);
        let reporter = Reporter::new(self.progress, "Replaying the alarms");
        let unreadable = replayed::each(context, self.source.as_deref(), since, &reporter, &mut take).await?;
        reporter.finish();
        let answer = replay.answer(unreadable);
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&answer)?)?,
            SummaryFormat::Table => output::line(shown::text(&answer, context.screen))?,
        }
        Ok(if unreadable > 0 { Exit::Partial } else { Exit::Fine })
    }
}
