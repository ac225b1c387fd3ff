//! `trailkeep demo`

mod checking;
mod questions;
mod tampering;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Utc};
use clap::Args;
use collect::beside::{self, Beside};
use collect::collector::{Options, Stop};
use collect::summary::Summary;
use lake::Lake;
use sample::{Plan, Totals};

use crate::collecting::noted::Noted;
use crate::collecting::public_keys::{self, Answer};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::sampling::{self, Places};
use crate::settings::{Context, Setting, quoted};
use crate::{collecting, figures, lakes, output, outside, sealing};

/// See what trailkeep does, on a sample organization with an attack in it.
///
/// Makes 30 days of logs of six accounts in a temporary folder (about 400,000 events in 60,000 files, and a signed digest for every
/// hour), collects them into a lake, checks every sum against the generator's own totals, and answers five questions that an
/// investigator would ask. Then a log file is changed and a digest deleted, as an intruder would, and both are found.
/// Needs no AWS account and no network; takes less than 90 seconds and 600 MB.
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
        let (plan, home) = (Plan::demo(outside::now().date_naive()), folder.join("lake"));
        let places = Places::under(&folder.join("logs"), &plan);
        let until = plan.end.and_time(NaiveTime::MIN).and_utc();
        output::line(
            screen.bold("A sample organization: six accounts, five Regions, 30 days - and somebody who should not be there."),
        )?;
        output::line("")?;

        let reporter = Arc::new(Reporter::new(Manner::Auto, "Making log files"));
        let totals = make(plan, places.clone(), Arc::clone(&reporter)).await?;
        reporter.finish();
        done("made", &made_text(&totals), watch.elapsed().as_secs_f64(), context)?;

        let begun = watch.elapsed().as_secs_f64();
        let context = &with_home(context, &home);
        let (lake, summary) = collect(&places, context).await?;
        done("collected", &collected_text(&summary), watch.elapsed().as_secs_f64() - begun, context)?;

        let begun = watch.elapsed().as_secs_f64();
        let vouched = custody::vouch::vouch(&lake, None).await?;
        sealing::seal(&lake, context).await;
        done("vouched", &vouched_text(&vouched), watch.elapsed().as_secs_f64() - begun, context)?;

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
        let is_found = tampered(&lake, &places, until, context).await?;
        output::line(format!(
            "\nFive questions in {}; everything in {}.",
            figures::span(asked_s),
            figures::span(watch.elapsed().as_secs_f64())
        ))?;
        next(&folder, &places, &home, until, context)?;
        if self.keep.is_none() {
            output::line(format!("\nLogs and lake stay in {} until you remove them.", quoted(&folder.display().to_string())))?;
        }
        if is_right && is_found { Ok(Exit::Fine) } else { Ok(Exit::Integrity) }
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
        sampling::new_folder(&folder, "--keep")?;
        Ok(folder)
    }
}

/// Somebody changes the bucket; whether that is found, and the lake holds what was delivered.
async fn tampered(lake: &Arc<Lake>, places: &Places, until: DateTime<Utc>, context: &Context) -> Result<bool, Failure> {
    let (screen, watch) = (context.screen, outside::stopwatch());
    tampering::heading(screen)?;
    let done_to = tampering::tamper(lake, places).await?;
    let report = tampering::verify_bucket(places, until, context).await?;
    output::line(done_to.text(&report, screen))?;
    let is_found = done_to.is_found_in(&report);
    let verdict = if is_found { "both were found" } else { "not everything was found" };
    done("verified", verdict, watch.elapsed().as_secs_f64(), context)?;
    let begun = watch.elapsed().as_secs_f64();
    let home = tampering::verify_home(lake, until, context).await?;
    output::line(tampering::still_there(lake, &home, screen).await?)?;
    let is_proven = tampering::is_proven(&home);
    let verdict =
        if is_proven { "the lake, from its own rows: it still holds what was delivered" } else { "the lake is not proven" };
    done("proven", verdict, watch.elapsed().as_secs_f64() - begun, context)?;
    Ok(is_found && is_proven)
}

async fn make(plan: Plan, places: Places, reporter: Arc<Reporter>) -> Result<Totals, Failure> {
    let expected = plan.events;
    let work = move || {
        let key = seal::RsaKey::generate().map_err(|error| Failure::failed(error.to_string(), ""))?;
        let watch = |records| reporter.step("Making log files", "records", records, expected);
        sampling::write_with_digests(&plan, &key, &places, watch)
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::failed(format!("making the logs stopped: {error}"), ""))?
}

async fn collect(places: &Places, context: &Context) -> Result<(Arc<Lake>, Summary), Failure> {
    let reporter = Arc::new(Reporter::new(Manner::Auto, "Collecting them"));
    let outside = outside::outside(context.threads, Arc::clone(&reporter) as Arc<_>);
    let lake = Arc::new(lakes::open_or_create(context, outside).await?);
    public_keys::keep(&lake, &[Answer::read(&places.public_keys)?]).await?;
    let noted: Arc<dyn Beside> = Noted::read(&places.metadata)?;
    let input = beside::lay_over(collecting::open(&places.bucket.display().to_string(), context).await?, &noted);
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
        "{} in {}, {} ({}, unpacked {})",
        figures::counted(totals.records, "record"),
        figures::counted(totals.deliveries, "log file"),
        figures::counted(totals.digests, "signed digest"),
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

fn vouched_text(vouched: &custody::vouch::Vouched) -> String {
    format!(
        "{} by {}: none altered, none missing",
        figures::counted(vouched.verified, "log file"),
        figures::counted(vouched.digests, "signed digest")
    )
}

fn done(word: &str, text: &str, seconds: f64, context: &Context) -> Result<(), Failure> {
    let tick = context.screen.good("✓");
    output::line(format!("{tick} {word:<10} {text}  {}", context.screen.dim(&format!("({})", figures::span(seconds)))))
}

/// The logs end at a midnight: `--until` says that no later digests are to be expected.
fn next(folder: &Path, places: &Places, home: &Path, until: DateTime<Utc>, context: &Context) -> Result<(), Failure> {
    let shell = |path: &Path| quoted(&path.display().to_string());
    let (home, until) = (shell(home), until.format("%Y-%m-%dT%H:%MZ"));
    let screen = context.screen;
    output::line(screen.bold("\nWhat to try next"))?;
    let commands = [
        (format!("trailkeep verify --until {until} --home {home}"), "the lake, proven hour by hour without the bucket"),
        (
            format!(
                "trailkeep verify {} --until {until} --public-keys {} --metadata {}",
                shell(&places.bucket),
                shell(&places.public_keys),
                shell(&places.metadata)
            ),
            "the bucket that was tampered with, hour by hour",
        ),
        (
            format!(
                "trailkeep evidence --sql \"SELECT eventID FROM events WHERE eventName = 'StopLogging'\" --out {} --home {home}",
                shell(&folder.join("evidence.zip"))
            ),
            "what proves it to others, who need nothing but sha256sum and openssl",
        ),
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
    Ok(())
}
