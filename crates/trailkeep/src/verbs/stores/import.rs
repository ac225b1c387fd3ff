//! `trailkeep stores import`

use clap::Args;
use lake::Lake;
use lake::ledger::Status;
use lake::stores::{Enrolled, Period};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};
use crate::when::When;
use crate::{figures, output, outside, sealing};

/// Failures that are shown to people.
const FAILURES_SHOWN_MAX: usize = 10;

/// What to bring in.
#[derive(Args, Debug)]
pub struct Import {
    /// Name, id or ARN of the store
    store: String,

    /// Only events from this time on: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Imported {
    store: String,
    #[serde(flatten)]
    counts: Enrolled,
    failures: Vec<Failed>,
}

/// A delivery of the period that the lake could not read, so that nothing of it can be imported.
#[derive(Debug, Serialize)]
struct Failed {
    location: String,
    reason: String,
}

impl Import {
    /// Imports and shows what came of it.
    pub async fn run(self, lake: &Lake, format: SummaryFormat, context: &Context) -> Result<Exit, Failure> {
        let micros = |when: Option<When>| when.map(|when| when.resolve(outside::now()).timestamp_micros());
        let period = Period { since_us: micros(self.since), until_us: micros(self.until) };
        let reporter = Reporter::new(self.progress, &format!("Importing into {}", output::clean(&self.store)));
        let told = |done, total| reporter.counted("files of the archive", done, Some(total));
        let counts = lake.import_watched(&self.store, period, told).await?;
        reporter.finish();
        sealing::seal(lake, context).await;
        let imported = Imported { store: lake.store(&self.store).await?.name, counts, failures: failures(lake, period).await? };
        match format {
            SummaryFormat::Json => output::line(summary::to_json(&imported)?)?,
            SummaryFormat::Table => output::line(text(&imported, context))?,
        }
        let is_whole = imported.failures.is_empty() && imported.counts.unreadable == 0;
        Ok(if is_whole { Exit::Fine } else { Exit::Partial })
    }
}

/// Refused deliveries of the period, by the day in their keys.
async fn failures(lake: &Lake, period: Period) -> Result<Vec<Failed>, Failure> {
    let day = |us: i64| record::time::event_day(Some(us));
    let (first, last) = (period.since_us.map(day), period.until_us.map(|us| day(us.saturating_sub(1))));
    let mut failed = Vec::new();
    for of in lake.delivery_days().await? {
        let is_within = first.as_ref().is_none_or(|first| of >= *first) && last.as_ref().is_none_or(|last| of <= *last);
        if !is_within && of != "unknown" {
            continue;
        }
        let refused = lake.deliveries(&of).await?.into_iter().filter(|entry| entry.status == Status::Refused);
        failed.extend(refused.map(|entry| Failed {
            location: format!("{}/{}", entry.origin.trim_end_matches('/'), entry.key),
            reason: entry.reason.unwrap_or_default(),
        }));
    }
    Ok(failed)
}

fn text(imported: &Imported, context: &Context) -> String {
    let counts = &imported.counts;
    let mut lines = vec![context.screen.bold(&format!("Imported into {}", output::clean(&imported.store)))];
    let rows = [
        ("records", counts.records),
        ("imported", counts.imported),
        ("in it before", counts.members),
        ("not selected", counts.unwanted),
        ("expired", counts.expired),
        ("unreadable", counts.unreadable),
        ("files", counts.files),
    ];
    lines.extend(rows.iter().map(|(name, count)| format!("  {name:<13} {:>12}", figures::count(*count))));
    if !imported.failures.is_empty() {
        lines.push(format!(
            "{} could not be read when they were collected:",
            figures::counted_as(imported.failures.len() as u64, "delivery", "deliveries")
        ));
        let shown = imported.failures.iter().take(FAILURES_SHOWN_MAX);
        lines.extend(shown.map(|failed| format!("  {}: {}", output::clean(&failed.location), output::clean(&failed.reason))));
    }
    lines.join("\n")
}
