//! `trailkeep detect`

mod format;
pub mod table;

use chrono::{DateTime, Utc};
use clap::Args;
use detect::blind::Signs;
use detect::{Book, Report};
use finding::Finding;
use lake::Lake;

use crate::detecting::reading::{Files, Reading};
use crate::detecting::{Rules, home, silences};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::when::When;
use crate::{collecting, lakes, live, output, outside};

pub use format::{FailOn, Format, Sink};

/// Run detection rules over logs: where they lie, or in the lake.
///
/// SOURCE is a folder, a file, an archive, - (standard input) or s3://bucket/prefix, read and not stored; without one, the lake is
/// searched. The rules are Sigma rules: those that come with trailkeep, and yours. Every rule that ran is told with its count, also
/// with none; a rule that cannot be read is refused with its line, and the exit code is 5.
///
/// Matches of one rule by one principal on one day are one finding. Its id is a hash of rule, version, principal and day: the same
/// finding told twice has the same id. A record that was delivered twice counts once.
///
/// What is not delivered any more is found as well: digests that are overdue, accounts, Regions and trails that fell silent - up to the
/// newest delivery, or up to --until.
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

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
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
        let reporter = Reporter::new(self.progress, &format!("Detecting in {}", output::clean(&self.searched(context))));
        let (report, files) = if self.sources.is_empty() {
            (self.in_lake(&book, &reporter, context).await?, None)
        } else {
            let (report, files) = self.in_sources(&book, &reporter, context).await?;
            (report, Some(files))
        };
        reporter.finish();
        self.exit(&report, files.as_ref()).after(self.print(&report, files.as_ref(), context))
    }

    fn searched(&self, context: &Context) -> String {
        if self.sources.is_empty() { context.home_name().to_owned() } else { self.sources.join(", ") }
    }

    async fn in_lake(&self, book: &Book, reporter: &Reporter, context: &Context) -> Result<Report, Failure> {
        let now = outside::now();
        let (since, until) = (self.since.map(|when| when.resolve(now)), self.until.map(|when| when.resolve(now)));
        let lake = lakes::open(context).await?;
        let mut report = home::watch(&lake, book, since, until, reporter).await?.report(book);
        home::name_deliveries(&lake, &mut report).await?;
        if !self.rules.only_given_rules {
            let clock = self.clock(live::listened_until(&lake).await?, now);
            report.add_silences(silences_of(&lake, since, clock, now).await?);
        }
        Ok(report)
    }

    async fn in_sources(&self, book: &Book, reporter: &Reporter, context: &Context) -> Result<(Report, Files), Failure> {
        let now = outside::now();
        let (since, until) = (self.since.map(|when| when.resolve(now)), self.until.map(|when| when.resolve(now)));
        let mut reading = Reading::new(book, since, until, context.threads, reporter);
        for source in &self.sources {
            let input = collecting::open(source, context).await?;
            reading.read(input).await?;
        }
        let goes_on = self.sources.iter().any(|source| source.contains("://")).then_some(now);
        let clock = self.clock(goes_on, now).or(reading.keys.signs.newest().and_then(DateTime::from_timestamp_micros));
        let noticed = micros(since, i64::MIN)..micros(clock, i64::MIN).saturating_add(1);
        let silences = reading.keys.silences(&noticed, micros(clock, i64::MIN));
        let (tally, files) = reading.into_tally();
        let mut report = tally.report(book);
        if !self.rules.only_given_rules {
            report.add_silences(silences);
        }
        Ok((report, files))
    }

    /// Until when what did not come did not come: as the user says, else as whoever listened last knows.
    fn clock(&self, listened: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.map(|until| until.resolve(now).min(now)).or(listened)
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
        let written = self.output.write(text.trim_end_matches('\n'));
        if let Some(files) = files {
            for (key, reason) in &files.refusals {
                output::note(format!("could not read `{}`: {}", output::clean(key), output::clean(reason)));
            }
            if files.read == 0 && files.refused == 0 {
                output::note(collecting::nothing_found(files.ignored));
            }
        }
        report.notes.iter().for_each(output::note);
        written
    }
}

/// Silences of a lake. Without a clock its newest delivery is its end: what should have come after that is not known.
async fn silences_of(
    lake: &Lake,
    since: Option<DateTime<Utc>>,
    clock: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, Failure> {
    let mut signs = Signs::default();
    let earliest = clock.unwrap_or(now) - silences::LOOKED_BACK_MAX;
    let since = since.map_or(earliest, |since| since.max(earliest));
    silences::note_lake(lake, &mut signs, silences::history(since)).await?;
    let newest = signs.newest().unwrap_or_default();
    let clock = clock.map_or(newest, |clock| clock.timestamp_micros());
    silences::of_lake(lake, &signs, &(since.timestamp_micros()..clock.saturating_add(1)), clock).await
}

fn micros(time: Option<DateTime<Utc>>, otherwise: i64) -> i64 {
    time.map_or(otherwise, |time| time.timestamp_micros())
}
