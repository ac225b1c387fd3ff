//! `trailkeep status`

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::collect::{SummaryFormat, summary};
use crate::exit::{Exit, Failure};
use crate::live::{self, Telling};
use crate::output::{Align, Screen, Table};
use crate::settings::Context;
use crate::standing::log_files::{self, LogFiles};
use crate::standing::{Area, Standing};
use crate::{figures, lakes, output, outside, standing};

/// An area is called silent when the rest of the lake is this much further, in seconds.
const SILENT_S: i64 = 86_400;
/// Gaps that are shown to people.
const GAPS_SHOWN_MAX: usize = 10;

/// Show what the lake holds and what is missing, by account and Region.
///
/// lag: from the last event until now. gaps: days without an event between the first and the last. silence: how far an
/// account and Region is behind the newest event of the whole lake, if that is a day or more.
///
/// Log files: how many of each account and Region are what CloudTrail's digests say, altered, named by a digest and not here, and pending:
/// not named by any digest yet, because that has not come or there is none. `trailkeep verify` proves it anew.
///
/// Below: the findings in the home, and for each target that is told (`collect --tell`) how many it has taken, how many wait and since
/// when, and what went wrong last.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep status
  trailkeep status -o json | jq '.areas[] | select(.silence_s > 86400)'")]
pub struct Status {
    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Status {
    /// Looks and prints.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open(context).await?;
        let standing = standing::look(&lake, outside::now().timestamp_micros()).await?;
        let log_files = log_files::log_files(&lake).await?;
        let telling = Telling::look(&live::outbox(&Arc::new(lake))).await?;
        match self.output {
            SummaryFormat::Json => {
                output::line(summary::to_json(&Whole { standing: &standing, log_files: &log_files, telling: &telling })?)?;
            }
            SummaryFormat::Table => {
                let judged = judged(&log_files, standing.totals.digests, context);
                let page = format!("{}{judged}{}", text(&standing, context.screen), told(&telling));
                output::line(context.screen.page(&page))?;
            }
        }
        Ok(Exit::Fine)
    }
}

/// A home's standing for programs.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    standing: &'a Standing,
    log_files: &'a [LogFiles],
    telling: &'a Telling,
}

/// What digests say of the log files, for people; nothing where no digest was collected.
fn judged(log_files: &[LogFiles], digests: u64, context: &Context) -> String {
    if digests == 0 || log_files.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("account", Align::Left),
        ("region", Align::Left),
        ("verified", Align::Right),
        ("altered", Align::Right),
        ("not here", Align::Right),
        ("pending", Align::Right),
    ]);
    for files in log_files {
        let named = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let counts = [files.verified, files.altered, files.missing, files.pending].map(figures::count);
        let [verified, altered, missing, pending] = counts;
        table.row([named(&files.account), named(&files.region), verified, altered, missing, pending]);
    }
    let mut text =
        format!("\n\nLog files, by CloudTrail's digests (pending: none has named it yet)\n{}", table.draw(context.screen, 0));
    let sum = LogFiles::sum(log_files);
    let wrongs = sum.wrongs();
    if !wrongs.is_empty() {
        let files = figures::counted_as(sum.altered + sum.missing, "log file is", "log files are");
        text += &format!("\n{}  {files} not as CloudTrail delivered: {wrongs}", context.screen.bad("wrong"));
        text += &format!("\n       which: trailkeep query \"{}\"{}", log_files::SQL_OF_WRONG, context.home_flag());
        text += &format!("\n       prove it anew: trailkeep verify{}", context.home_flag());
    }
    text
}

/// How findings are told, for people; nothing where there are none.
fn told(telling: &Telling) -> String {
    if telling.findings == 0 && telling.targets.is_empty() {
        return String::new();
    }
    let mut text = format!("\n\n{} in the home: trailkeep findings", figures::counted(telling.findings, "finding"));
    for target in &telling.targets {
        let told = figures::count(target.told);
        text += &format!("\n  {} ({}): {told} told", output::clean(&target.target), output::clean(&target.what));
        if let Some(since) = &target.waiting_since {
            text += &format!(", {} waiting since {}", figures::count(target.waiting), output::clean(since));
        }
        if let Some(trouble) = &target.trouble {
            text += &format!("\n    {}: {}", output::clean(&trouble.at), output::clean(&trouble.reason));
        }
    }
    text
}

/// A lake's standing for people.
fn text(standing: &Standing, screen: Screen) -> String {
    let mut lines = vec![head(standing, screen), String::new(), table(&standing.areas).draw(screen, 0)];
    let unplaced = standing.areas.iter().any(|area| area.deliveries.is_none());
    if unplaced {
        lines.push(screen.dim("deliveries -: the names of these log files do not say account and Region"));
    }
    if !standing.gaps.is_empty() {
        lines.push(String::new());
        for gap in standing.gaps.iter().take(GAPS_SHOWN_MAX) {
            let place = format!("{} {}", output::clean(&gap.account), output::clean(&gap.region));
            lines.push(format!("gap  {place}: nothing between {} and {}", gap.after, gap.before));
        }
        let hidden = standing.gaps.len().saturating_sub(GAPS_SHOWN_MAX);
        if hidden > 0 {
            lines.push(format!("     … and {hidden} more; `-o json` lists them"));
        }
    }
    lines.join("\n")
}

/// The first lines: what is there altogether.
pub fn head(standing: &Standing, screen: Screen) -> String {
    let totals = &standing.totals;
    let mut lines = vec![screen.bold(&format!("Lake {}", output::clean(&standing.home)))];
    let day = |time: &Option<String>| time.as_deref().and_then(|time| time.get(..10)).unwrap_or("-").to_owned();
    lines.push(format!(
        "{} from {} ({} of logs), {} to {}",
        figures::counted(totals.events, "event"),
        figures::counted_as(totals.deliveries, "delivery", "deliveries"),
        figures::size(totals.content_bytes),
        day(&totals.first_event),
        day(&totals.last_event)
    ));
    let odd = [
        (totals.duplicate, "duplicate kept once", "duplicates kept once"),
        (totals.conflicting, "conflicting record", "conflicting records"),
        (totals.flawed, "flawed record", "flawed records"),
        (totals.without_time, "record without a sensible time", "records without a sensible time"),
        (totals.digests, "digest", "digests"),
        (totals.refused, "refused object", "refused objects"),
    ];
    let odd: Vec<String> =
        odd.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| figures::counted_as(*count, one, many)).collect();
    if !odd.is_empty() {
        lines.push(odd.join(" · "));
    }
    lines.join("\n")
}

fn table(areas: &[Area]) -> Table {
    let mut table = Table::new(&[
        ("account", Align::Left),
        ("region", Align::Left),
        ("deliveries", Align::Right),
        ("events", Align::Right),
        ("last event (UTC)", Align::Left),
        ("lag", Align::Right),
        ("gaps", Align::Right),
        ("silence", Align::Right),
    ]);
    for area in areas {
        let dash = || "-".to_owned();
        let named = |text: &str| if text.is_empty() { dash() } else { text.to_owned() };
        let silent = area.silence_s.filter(|silence| *silence >= SILENT_S);
        table.row([
            named(&area.account),
            named(&area.region),
            area.deliveries.map_or_else(dash, figures::count),
            figures::count(area.events),
            area.last_event.as_deref().map_or_else(dash, |time| time.get(..19).unwrap_or(time).replace('T', " ")),
            area.lag_s.map_or_else(dash, figures::ago),
            if area.gap_days == 0 { dash() } else { figures::counted(area.gap_days.unsigned_abs(), "day") },
            silent.map_or_else(dash, figures::ago),
        ]);
    }
    table
}
