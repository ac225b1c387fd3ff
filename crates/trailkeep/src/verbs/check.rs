//! `trailkeep check`

mod drawn;

use std::path::PathBuf;

use check::{Report, Severity};
use clap::{Args, ValueEnum};

use super::collect::summary;
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::{documents, output};

/// Say what selectors, metric filters and alarms really do, before AWS does it.
///
/// FILE is a JSON document (event selectors of either kind, Insights selectors, a metric filter, an alarm, what the AWS CLI prints of them,
/// or a CloudFormation template), a filter pattern, a file of Sigma rules, or a shell script of `aws` commands, which is read and not run. A script's commands are
/// carried out in their order on a picture of the account: `put-event-selectors` replaces what an earlier one set.
///
/// Each thing is judged by running it on events that were made for it: a filter misses what goes past it, an alarm is walked over a quiet day and
/// over one event. A finding says what, why, by which event, and what to write instead; -o json has the events whole.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep check selectors.json
  trailkeep check my-rules/*.yml
  trailkeep check setup.sh --fail-on high -o sarif > check.sarif
  aws cloudtrail get-event-selectors --trail-name t | trailkeep check -
  echo '{ $.eventName = ConsoleLogin }' | trailkeep check -")]
pub struct Check {
    /// Documents, filter patterns, scripts; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,

    /// End with exit code 3 if there is a finding at least as bad
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Json,
    Md,
    Sarif,
}

/// From which severity on a run fails.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
}

impl Check {
    /// Checks and prints. A file that cannot be read at all is an error; one that is read in part ends with 5.
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut reports = Vec::new();
        for file in &self.files {
            let text = documents::read(file)?;
            reports.push(check::check(&file.display().to_string(), &text, &documents::beside(file)));
        }
        let written = self.write(&reports, context);
        let worst = reports.iter().filter_map(Report::worst).max();
        if self.fail_on.is_some_and(|least| worst.is_some_and(|worst| worst >= least.severity())) {
            return Exit::Findings.after(written);
        }
        if reports.iter().all(|report| report.requests == 0) {
            written?;
            return Err(Failure::failed("nothing could be judged", "see above; `trailkeep check --help` says what can be read"));
        }
        let exit = if reports.iter().any(|report| !report.unread.is_empty()) { Exit::Partial } else { Exit::Fine };
        exit.after(written)
    }

    fn write(&self, reports: &[Report], context: &Context) -> Result<(), Failure> {
        match self.output {
            Format::Table => output::line(drawn::table(reports, context.screen)),
            Format::Json => output::line(summary::to_json(&reports)?),
            Format::Md => output::line(check::markdown(reports).trim_end()),
            Format::Sarif => output::line(summary::to_json(&check::sarif(reports, env!("CARGO_PKG_VERSION")))?),
        }
    }
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            FailOn::Low => Severity::Low,
            FailOn::Medium => Severity::Medium,
            FailOn::High => Severity::High,
        }
    }
}
