//! `trailkeep doctor`

mod clock;

use std::path::{Path, PathBuf};

use aws::doctor::{Check, Verdict, check_source};
use aws::sqs::address::is_queue;
use aws::sqs::doctor::check_queue;
use clap::Args;
use collect::archive::Opened;
use collect::source::Source;
use rustix::fs::Access;

use super::collect::{SummaryFormat, summary};
use crate::exit::{Exit, Failure};
use crate::output::{Align, Table};
use crate::settings::{Context, Setting};
use crate::{figures, lakes, output};

/// Less free space than this is not enough, in bytes.
const DISK_FREE_BYTES_MIN: u64 = 1_000_000_000;

/// Check settings, credentials, rights, clock, disk and home, and say what is missing.
///
/// With a SOURCE, every right that collecting from it needs is tried; a missing one comes with the policy that grants it.
/// What could not be tried is `unknown`, never fine. Exit code 1 if a check failed, 5 if a right is unknown.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep doctor
  trailkeep doctor s3://my-trail-bucket --profile security
  trailkeep doctor sqs://trail-events")]
pub struct Doctor {
    /// What will be collected: a folder, an archive, s3://bucket/prefix or sqs://queue
    #[arg(value_name = "SOURCE")]
    source: Option<String>,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Doctor {
    /// Checks and prints.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let seal = [&context.seal_key, &context.seal_anchor];
        let settings =
            [[&context.home, &context.profile].as_slice(), &[&context.aws_region, &context.endpoint_url], &seal].concat();
        let mut checks = vec![check_home(context).await];
        checks.extend(check_disk(context.home_name()));
        checks.push(clock::check(context, self.source.as_deref()).await);
        let of_source = match self.source.as_deref() {
            Some(source) if source.starts_with("s3://") => check_source(source, &lakes::access(context)).await,
            Some(source) if is_queue(source) => check_queue(source, &lakes::access(context)).await,
            Some(source) => vec![check_local(source).await],
            None => Vec::new(),
        };
        let is_unknown = of_source.iter().any(|check| check.verdict == Verdict::Unknown);
        checks.extend(of_source);
        match self.output {
            SummaryFormat::Json => output::line(json(&settings, &checks)?)?,
            SummaryFormat::Table => output::line(text(&settings, &checks, context))?,
        }
        if checks.iter().any(|check| check.verdict == Verdict::Failed) {
            return Err(Failure::failed("at least one check failed", "see above; run doctor again afterwards"));
        }
        Ok(if is_unknown { Exit::Partial } else { Exit::Fine })
    }
}

/// A check that ended.
fn check(name: &'static str, verdict: Verdict, message: impl Into<String>) -> Check {
    Check { name, verdict, message: message.into(), policy: None }
}

async fn check_home(context: &Context) -> Check {
    match lakes::open(context).await {
        Ok(lake) => match lake.home().try_to_write().await {
            Ok(()) => check("home", Verdict::Ok, format!("the lake opens and can be written; format {}", lake::home::FORMAT)),
            Err(error) => {
                let why = Failure::from(error).text();
                check("home", Verdict::Failed, format!("the lake opens and can be asked, but not be written: {why}"))
            }
        },
        Err(Failure::Lake(lake::LakeError::NoHome(name))) => check_new_home(&name),
        Err(failure) => check("home", Verdict::Failed, failure.text()),
    }
}

/// A home that is not there is made by the first collection, if its folder can be.
fn check_new_home(name: &str) -> Check {
    let missing = format!("there is no lake at `{name}` yet");
    let folder = folder_of(name);
    if name.starts_with("s3://") || rustix::fs::access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        return check("home", Verdict::Ok, format!("{missing}; it will be made by `trailkeep collect`"));
    }
    let why = format!("{missing}, and it cannot be made: this user may not write in `{}`", folder.display());
    check("home", Verdict::Failed, format!("{why}; name another one with --home"))
}

/// The folder of a home, or the nearest one above that is there.
fn folder_of(home: &str) -> PathBuf {
    let absolute = std::path::absolute(home).unwrap_or_else(|_| PathBuf::from(home));
    absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Free space where the home is, or will be.
fn check_disk(home: &str) -> Option<Check> {
    if home.starts_with("s3://") {
        return None;
    }
    Some(match rustix::fs::statvfs(folder_of(home)) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let verdict = if free < DISK_FREE_BYTES_MIN { Verdict::Failed } else { Verdict::Ok };
            let more = if verdict == Verdict::Ok { "" } else { "; make room, or take another --home" };
            check("disk", verdict, format!("{} free at the home{more}", figures::size(free)))
        }
        Err(error) => check("disk", Verdict::Unknown, format!("free space could not be read: {error}")),
    })
}

/// Whether a local source can be opened and listed.
async fn check_local(name: &str) -> Check {
    match collect::archive::open(Path::new(name)) {
        Ok(Opened::Stream(_)) => check("source", Verdict::Ok, format!("the archive `{name}` can be opened")),
        Ok(Opened::Tree(source)) => match first_page(source.as_ref()).await {
            Ok(()) => check("source", Verdict::Ok, format!("`{name}` can be listed")),
            Err(error) => check("source", Verdict::Failed, error.to_string()),
        },
        Err(error) => check("source", Verdict::Failed, error.to_string()),
    }
}

async fn first_page(source: &dyn Source) -> Result<(), collect::source::SourceError> {
    source.list(source.root(), None).await.map(drop)
}

fn json(settings: &[&Setting], checks: &[Check]) -> Result<String, Failure> {
    let settings: Vec<_> = settings
        .iter()
        .map(|setting| serde_json::json!({ "name": setting.name, "value": setting.value, "origin": setting.origin }))
        .collect();
    summary::to_json(&serde_json::json!({ "settings": settings, "checks": checks }))
}

fn text(settings: &[&Setting], checks: &[Check], context: &Context) -> String {
    let screen = context.screen;
    let mut table = Table::new(&[("setting", Align::Left), ("value", Align::Left), ("from", Align::Left)]);
    for setting in settings {
        let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
        table.row([setting.name.to_owned(), value, setting.origin.clone()]);
    }
    let mut lines = vec![table.draw(screen, 0), String::new()];
    for check in checks {
        let word = match check.verdict {
            Verdict::Ok => screen.good("ok     "),
            Verdict::Failed => screen.bad("failed "),
            Verdict::Unknown => screen.bold("unknown"),
        };
        lines.push(format!("{word}  {:<12} {}", check.name, output::clean(&check.message)));
    }
    if let Some(policy) = policy_of(checks) {
        lines.push(format!("\nThis policy grants what is needed:\n{policy}"));
    }
    lines.join("\n")
}

/// The policy to show: of a right that is missing; if nothing failed, of one that could not be tried.
fn policy_of(checks: &[Check]) -> Option<&str> {
    let of = |verdict| checks.iter().filter(move |check| check.verdict == verdict);
    match of(Verdict::Failed).next() {
        Some(_) => of(Verdict::Failed).find_map(|check| check.policy.as_deref()),
        None => of(Verdict::Unknown).find_map(|check| check.policy.as_deref()),
    }
}
