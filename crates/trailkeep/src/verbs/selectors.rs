//! `trailkeep selectors`

mod blind;
mod prices;
mod shown;
mod tally;

use std::path::PathBuf;

use check::requests::{self, Call};
use clap::{Args, Subcommand};
use predicate::selector::{Selectors, lower};

use super::collect::{SummaryFormat, summary};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::when::When;
use crate::{documents, output, outside, replayed};
use prices::Copy;
use tally::Tally;

/// Try event selectors on history: what would be kept, what would be dropped, what it would cost.
///
/// FILE has selectors in any shape that `trailkeep check` reads. Every event of the lake (or of a folder of log files) is run through them. What
/// the lake does not hold cannot be tried: a trail that never kept data events does not show how many there would be. The lake has every event once; a
/// folder has those twice that two trails delivered.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep selectors try new-selectors.json --since 30d
  trailkeep selectors try new-selectors.json --source ./my-trail-bucket -o json
  trailkeep selectors try new-selectors.json --rules rules      which detections would go blind")]
pub struct SelectorsVerb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run history through selectors
    #[command(before_help = "Examples:
  trailkeep selectors try new-selectors.json --since 30d")]
    Try(Try),
}

/// What to try.
#[derive(Args, Debug)]
struct Try {
    /// The selectors; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only events from this time on: 24h, 30d, 2026-11-01
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// A folder of log files instead of the lake
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,

    /// Which copy of the management events this would be; AWS delivers the first for nothing
    #[arg(long, value_name = "COPY", default_value = "first")]
    copy: Copy,

    /// Folders of rules with the events that each must catch (fires.json)
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
}

impl SelectorsVerb {
    /// Tries and prints.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Action::Try(what) = self.action;
        what.run(context).await
    }
}

impl Try {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let selectors = self.selectors()?;
        let expr = lower(&selectors).ok_or_else(|| Failure::usage("Insights selectors keep no events", "give event selectors"))?;
        let running =
            check::Running::expr(&expr).ok_or_else(|| Failure::usage("the selectors are too large", "AWS takes 500 values"))?;
        let since = self.since.map(|since| since.resolve(outside::now()));
        let mut tally = Tally::default();
        let mut take = |event: replayed::Event<'_>| tally.take(event.at_s, event.json, running.holds_for(event.json));
        let reporter = Reporter::new(self.progress, "Trying the selectors");
        let unreadable = replayed::each(context, self.source.as_deref(), since, &reporter, &mut take).await?;
        reporter.finish();
        let blind = blind::look(&running, self.rules.as_deref())?;
        let answer = shown::Answer::new(&selectors, &tally, &blind, self.copy, unreadable);
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&answer)?)?,
            SummaryFormat::Table => output::line(answer.text(context.screen))?,
        }
        Ok(if unreadable > 0 { Exit::Partial } else { Exit::Fine })
    }

    /// The last selectors of the file, as AWS would have them in force.
    fn selectors(&self) -> Result<Selectors, Failure> {
        let text = documents::read(&self.file)?;
        let found = requests::read(&text, &documents::beside(&self.file));
        let why = found.unread.first().map(|(_, why)| why.clone());
        let last = found.requests.into_iter().rev().find_map(|request| match request.call {
            Call::EventSelectors { selectors, .. } => Some(selectors),
            _ => None,
        });
        last.ok_or_else(|| {
            let why = why.unwrap_or_else(|| "there are no event selectors in it".to_owned());
            Failure::usage(format!("`{}`: {why}", self.file.display()), "`trailkeep check FILE` says what it reads")
        })
    }
}
