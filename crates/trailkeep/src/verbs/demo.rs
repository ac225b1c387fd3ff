//! `trailkeep demo`

mod checking;
mod questions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use collect::collector::{Options, Stop};
use collect::summary::Summary;
use lake::Lake;
use sample::{Plan, Totals};

use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::{Context, Setting, quoted};
use crate::{collecting, figures, lakes, output, outside, sampling};

/// See what trailkeep does, on a sample organization with an attack in it.
///
/// Makes 30 days of logs of six accounts in a temporary folder (about 400,000 events in 60,000 files), collects them into a
/// lake, checks every sum against the generator's own totals, and answers five questions that an investigator would ask.
/// Needs no AWS account and no network; takes less than 90 seconds and 500 MB.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep demo
  trailkeep demo --keep ~/trailkeep-demo    leave logs and lake there")]
pub struct Demo {
    /// Put logs and lake into this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Demo {
    /// Makes, collects, checks, asks.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let screen = context.screen;
        let watch = outside::stopwatch();
        let folder = self.folder(context)?;
        let (logs, home) = (folder.join("logs"), folder.join("lake"));
        output::line(
            screen.bold("A sample organization: six accounts, five Regions, 30 days - and somebody who should not be there."),
        )?;
        output::line("")?;

        let reporter = Arc::new(Reporter::new(Manner::Auto, "Making log files"));
        let totals = make(logs.clone(), Arc::clone(&reporter)).await?;
        reporter.finish();
        done("made", &made_text(&totals), watch.elapsed().as_secs_f64(), context)?;

        let begun = watch.elapsed().as_secs_f64();
        let context = &with_home(context, &home);
        let (lake, summary) = collect(&logs, context).await?;
        done("collected", &collected_text(&summary), watch.elapsed().as_secs_f64() - begun, context)?;

        let begun = watch.elapsed().as_secs_f64();
        let checks = checking::check(&lake, &totals, &summary).await?;
        let is_right = checks.iter().all(checking::Checked::is_right);
        let verdict = if is_right { "every sum is the generator's" } else { "sums differ" };
        done("checked", verdict, watch.elapsed().as_secs_f64() - begun, context)?;
        output::line(checking::text(&checks, screen))?;

        let begun = watch.elapsed().as_secs_f64();
        questions::ask_all(&lake, context).await?;
        if let Some(attack) = &totals.attack {
            output::line(questions::truth(attack, screen))?;
        }
        let asked_s = watch.elapsed().as_secs_f64() - begun;
        output::line(format!(
            "\nFive questions in {}; everything in {}.",
            figures::span(asked_s),
            figures::span(watch.elapsed().as_secs_f64())
        ))?;
        next(&folder, &logs, &home, self.keep.is_some(), context)?;
        if is_right { Ok(Exit::Fine) } else { Ok(Exit::Integrity) }
    }

    /// The folder for logs and lake, which must be new or empty.
    fn folder(&self, context: &Context) -> Result<PathBuf, Failure> {
        let folder = match &self.keep {
            Some(folder) => folder.clone(),
            None => {
                let unique: String = outside::unique().chars().take(8).collect();
                context.temporary.join(format!("trailkeep-demo-{unique}"))
            }
        };
        let name = folder.display().to_string();
        std::fs::create_dir_all(&folder).map_err(Failure::io(format!("making the folder `{name}`")))?;
        let mut entries = std::fs::read_dir(&folder).map_err(Failure::io(format!("reading the folder `{name}`")))?;
        match entries.next() {
            None => Ok(folder),
            Some(_) => Err(Failure::usage(format!("`{name}` is not empty"), "name a new folder for --keep")),
        }
    }
}

async fn make(logs: PathBuf, reporter: Arc<Reporter>) -> Result<Totals, Failure> {
    let plan = Plan::demo(outside::now().date_naive());
    let expected = plan.events;
    let work = move || sampling::write(&plan, &logs, |records| reporter.step("Making log files", "records", records, expected));
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::failed(format!("making the logs stopped: {error}"), ""))?
}

async fn collect(logs: &Path, context: &Context) -> Result<(Arc<Lake>, Summary), Failure> {
    let reporter = Arc::new(Reporter::new(Manner::Auto, "Collecting them"));
    let outside = outside::outside(context.threads, Arc::clone(&reporter) as Arc<_>);
    let lake = Arc::new(lakes::open_or_create(context, outside).await?);
    let input = collecting::open(&logs.display().to_string(), context).await?;
    let options = Options { threads: context.threads, ..Options::default() };
    let summary = collecting::collect(&lake, input, &options, &reporter, &Stop::default()).await;
    reporter.finish();
    Ok((lake, summary?))
}

fn with_home(context: &Context, home: &Path) -> Context {
    let home = Setting { name: "home", value: Some(home.display().to_string()), origin: "--home".to_owned() };
    Context { home, ..context.clone() }
}

fn made_text(totals: &Totals) -> String {
    format!(
        "{} in {} ({}, unpacked {})",
        figures::counted(totals.records, "record"),
        figures::counted(totals.deliveries, "log file"),
        figures::size(totals.stored_bytes),
        figures::size(totals.content_bytes)
    )
}

fn collected_text(summary: &Summary) -> String {
    format!(
        "{} new, {} were in the lake already, {} refused",
        figures::counted(summary.records.stored, "event"),
        figures::counted(summary.records.duplicate, "duplicate"),
        figures::count(summary.objects.refused)
    )
}

fn done(word: &str, text: &str, seconds: f64, context: &Context) -> Result<(), Failure> {
    let tick = context.screen.good("✓");
    output::line(format!("{tick} {word:<10} {text}  {}", context.screen.dim(&format!("({})", figures::span(seconds)))))
}

fn next(folder: &Path, logs: &Path, home: &Path, is_kept: bool, context: &Context) -> Result<(), Failure> {
    let shell = |path: &Path| quoted(&path.display().to_string());
    let home = shell(home);
    let screen = context.screen;
    output::line(screen.bold("\nWhat to try next"))?;
    let commands = [
        (format!("trailkeep collect {} --home {home}", shell(logs)), "again: nothing is new"),
        (format!("trailkeep status --home {home}"), "accounts, Regions, gaps, silence"),
        (
            format!("trailkeep query \"SELECT * FROM events WHERE eventName = 'StopLogging'\" --home {home}"),
            "one record, field by field",
        ),
        (format!("trailkeep compact --home {home}"), "fewer and smaller files"),
        (
            format!("trailkeep export files --out {} --home {home}", shell(&folder.join("again"))),
            "the log files again, byte for byte",
        ),
        ("trailkeep collect s3://YOUR-TRAIL-BUCKET --plan".to_owned(), "your own logs: what it would take"),
    ];
    for (command, why) in commands {
        output::line(format!("  {command}\n      {}", screen.dim(why)))?;
    }
    if !is_kept {
        output::line(format!("\nLogs and lake stay in {} until you remove them.", shell(folder)))?;
    }
    Ok(())
}
