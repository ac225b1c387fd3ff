//! `trailkeep detect`

mod format;
mod table;

use clap::Args;
use detect::Report;

use crate::detecting::reading::{Files, Reading};
use crate::detecting::{Rules, home};
use crate::exit::{Exit, Failure};
use crate::settings::Context;
use crate::when::When;
use crate::{collecting, lakes, output, outside};

pub use format::{FailOn, Format, Sink};

/// Run detection rules over logs: where they lie, or in the lake.
///
/// SOURCE is a folder, a file, an archive, - (standard input) or s3://bucket/prefix, read and not stored; without one, the lake is
/// searched. The rules are Sigma rules: those that come with trailkeep, and yours. Every rule that ran is told with its count, also
/// with none; a rule that cannot be read is refused with its line, and the exit code is 5.
///
/// Matches of one rule by one principal on one day are one finding. Its id is a hash of rule, version, principal and day: the same
/// finding told twice has the same id. A record that was delivered twice counts once.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep detect ./logs                        a folder, with the rules that come along
  trailkeep detect --since 90d                   the lake: hits per rule and day
  trailkeep detect logs.zip --rules ./my-rules --only-given-rules
  trailkeep detect s3://my-trail-bucket --since 24h -o json
  trailkeep detect ./logs -o sarif=findings.sarif --fail-on high")]
pub struct Detect {
    /// Folders, files, archives, - or s3://bucket/prefix [default: the lake]
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,

    /// Only events from this time on: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    #[command(flatten)]
    rules: Rules,

    /// End with exit code 3 if there is a finding of this level or above: informational, low, medium, high, critical
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,

    /// table, json, ndjson, sarif, junit or md; with =FILE to write a file
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Sink,
}

impl Detect {
    /// Detects and prints.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let book = self.rules.read()?;
        for refused in &book.refused {
            output::complain(&format!("`{}`, line {}: {}", refused.file, refused.line, refused.what), &refused.hint);
        }
        if book.rules.is_empty() {
            return Err(Failure::usage(
                "there is no rule to run",
                "name a file or folder of Sigma rules for CloudTrail with --rules",
            ));
        }
        let now = outside::now();
        let (since, until) = (self.since.map(|when| when.resolve(now)), self.until.map(|when| when.resolve(now)));
        let (report, files) = if self.sources.is_empty() {
            let lake = lakes::open(context).await?;
            let mut report = home::watch(&lake, &book, since, until).await?.report(&book);
            home::name_deliveries(&lake, &mut report).await?;
            (report, None)
        } else {
            let mut reading = Reading::new(&book, since, until, context.threads);
            for source in &self.sources {
                let input = collecting::open(source, context).await?;
                reading.read(input).await?;
            }
            let (tally, files) = reading.into_tally();
            (tally.report(&book), Some(files))
        };
        self.print(&report, files.as_ref(), context)?;
        Ok(self.exit(&report, files.as_ref()))
    }

    fn exit(&self, report: &Report, files: Option<&Files>) -> Exit {
        let is_bad = |level: FailOn| report.findings.iter().any(|finding| finding.severity >= level.0);
        if self.fail_on.is_some_and(is_bad) {
            return Exit::Findings;
        }
        let is_partial = !report.refused.is_empty() || !report.notes.is_empty() || files.is_some_and(|files| files.refused > 0);
        if is_partial { Exit::Partial } else { Exit::Fine }
    }

    fn print(&self, report: &Report, files: Option<&Files>, context: &Context) -> Result<(), Failure> {
        let fail_on = self.fail_on.map_or(finding::Severity::Informational, |level| level.0);
        let text = match self.output.format {
            Format::Table => table::text(report, files, context.screen.filed(self.output.file.is_some())),
            Format::Json => format::json(report, files)?,
            Format::Ndjson => format::ndjson(report)?,
            Format::Sarif => format::sarif(report)?,
            Format::Junit => format::junit(report, fail_on),
            Format::Md => finding::markdown(&report.findings),
        };
        self.output.write(text.trim_end_matches('\n'))?;
        if let Some(files) = files {
            for (key, reason) in &files.refusals {
                output::note(format!("could not read `{}`: {}", output::clean(key), output::clean(reason)));
            }
        }
        report.notes.iter().for_each(output::note);
        Ok(())
    }
}
