//! `trailkeep compact`

use std::sync::Arc;

use clap::Args;
use lake::Lake;
use lake::compact::Expiring;
use serde::Serialize;

use super::collect::{SummaryFormat, summary};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::when::Span;
use crate::{figures, lakes, output, outside, sealing};

/// Rewrite small files as few sorted ones, and let expired days go.
///
/// A compaction moves records and changes none: their hashes are summed before and after. Replaced files stay for a grace
/// period, for readers and copies that are under way. Retention is by the time of the event and removes whole days; a home
/// keeps every event until a retention is set. A shorter retention says first what it would remove, and removes it with --yes.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep compact
  trailkeep compact --retention-days 365    keep a year; says what that would remove
  trailkeep compact --retention-days 365 --yes    and removes it
  trailkeep compact --grace 0s              delete replaced files at once")]
pub struct Compact {
    /// From now on, keep events for so many days: 7 to 3653, as in CloudTrail Lake
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,

    /// Remove the events that a shorter retention lets go
    #[arg(long)]
    yes: bool,

    /// Say what retention would remove, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// How long replaced files stay
    #[arg(long, value_name = "SPAN", default_value = "24h")]
    grace: Span,

    /// Format of the figures
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Figures {
    retention_days: Option<u32>,
    days_expired: u64,
    files_before: u64,
    files_after: u64,
    bytes_before: u64,
    bytes_after: u64,
    rows: u64,
    files_deleted: u64,
    bytes_per_event_before: Option<f64>,
    bytes_per_event_after: Option<f64>,
}

impl Compact {
    /// Expires, compacts and cleans.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let title = format!("Compacting {}", output::clean(context.home_name()));
        let reporter = Arc::new(Reporter::new(self.progress, &title));
        let lake = lakes::open_watched(context, outside::outside(context.threads, Arc::clone(&reporter) as Arc<_>)).await?;
        if self.dry_run {
            reporter.finish();
            return self.say_what_expires(&lake).await;
        }
        if let Some(days) = self.retention_days {
            self.retain(&lake, days, &reporter).await.inspect_err(|_| reporter.finish())?;
        }
        let mut done = lake.expire().await?;
        done.add(lake.compact().await?);
        done.add(lake.delete_replaced(self.grace.s).await?);
        sealing::seal(&lake, context).await;
        reporter.finish();
        let per_event = |bytes: u64| (done.rows > 0).then(|| (bytes as f64 / done.rows as f64 * 10.0).round() / 10.0);
        let figures = Figures {
            retention_days: lake.events_store().await?.retention_days,
            days_expired: done.days_expired,
            files_before: done.files_before,
            files_after: done.files_after,
            bytes_before: done.bytes_before,
            bytes_after: done.bytes_after,
            rows: done.rows,
            files_deleted: done.files_deleted,
            bytes_per_event_before: per_event(done.bytes_before),
            bytes_per_event_after: per_event(done.bytes_after),
        };
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&figures)?)?,
            SummaryFormat::Table => output::line(text(&figures, context))?,
        }
        Ok(Exit::Fine)
    }

    /// Sets the retention. Events that a shorter one lets go are gone for good, so that has to be said twice.
    async fn retain(&self, lake: &Lake, days: u32, reporter: &Reporter) -> Result<(), Failure> {
        let expiring = lake.expiring(Some(days)).await?;
        let is_shorter = lake.events_store().await?.retention_days.is_none_or(|before| days < before);
        if is_shorter && expiring.days > 0 {
            let what = told(&expiring);
            if !self.yes {
                return Err(Failure::usage(
                    format!("a retention of {days} days would remove {what} for good; nothing was changed"),
                    "add --yes to remove them, or give more days; --dry-run only looks",
                ));
            }
            reporter.note(&format!("removing {what}"));
        }
        Ok(lake.set_retention(days).await?)
    }

    async fn say_what_expires(&self, lake: &Lake) -> Result<Exit, Failure> {
        let expiring = lake.expiring(self.retention_days).await?;
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&expiring)?)?,
            SummaryFormat::Table if expiring.days == 0 => output::line("would remove no event; nothing was changed")?,
            SummaryFormat::Table => output::line(format!("would remove {}; nothing was changed", told(&expiring)))?,
        }
        Ok(Exit::Fine)
    }
}

/// `1,234 events of 12 days, from 2026-09-01 up to 2026-09-12`.
pub fn told(expiring: &Expiring) -> String {
    let (events, days) = (figures::counted(expiring.events, "event"), figures::counted(expiring.days, "day"));
    let end = |day: &Option<String>| day.clone().unwrap_or_default();
    format!("{events} of {days}, from {} up to {}", end(&expiring.first_day), end(&expiring.last_day))
}

fn text(figures: &Figures, context: &Context) -> String {
    let mut lines = vec![context.screen.bold(&format!("Compacted {}", output::clean(context.home_name())))];
    if figures.rows == 0 {
        lines.push("  nothing to gain: every day is compact already".to_owned());
    } else {
        let change = |before: String, after: String| format!("{before} -> {after}");
        let per_event = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        lines.push(format!("  files       {}", change(figures::count(figures.files_before), figures::count(figures.files_after))));
        lines.push(format!("  size        {}", change(figures::size(figures.bytes_before), figures::size(figures.bytes_after))));
        let (before, after) = (per_event(figures.bytes_per_event_before), per_event(figures.bytes_per_event_after));
        lines.push(format!("  per event   {} bytes ({})", change(before, after), figures::counted(figures.rows, "event")));
    }
    lines.push(format!(
        "  retention   {}, {} expired",
        figures
            .retention_days
            .map_or_else(|| "none set, everything is kept".to_owned(), |days| figures::counted(u64::from(days), "day")),
        figures::counted(figures.days_expired, "day")
    ));
    lines.push(format!("  deleted     {}", figures::counted(figures.files_deleted, "replaced file")));
    lines.join("\n")
}
