//! `trailkeep export files`

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use lake::Lake;
use lake::ledger::Entry;
use lake::rebuild::Rebuilt;
use serde::Serialize;

use super::place::{Packing, Place, Written};
use crate::ask::{ask_small, number, text};
use crate::exit::{Exit, Failure};
use crate::progress::{Manner, Reporter};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};
use crate::when::When;
use crate::{figures, lakes, output, outside};

/// Failures that are listed.
const FAILURES_LISTED_MAX: usize = 100;

/// Write the deliveries again, byte for byte in their uncompressed content.
///
/// Each file is put together from the lake's rows and written only if its SHA-256 is the one of the delivery that came in.
/// It goes to DIR/key; if the lake holds deliveries of several origins, to DIR/origin/key. Nothing is written outside of
/// DIR, and no file that is there is replaced by other content. A delivery that came again under its old key with other
/// content gets `.changed-` and a part of its hash behind its name. Exit code 5 if anything could not be written.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep export files --out DIR
  trailkeep export files --out DIR --uncompressed --since 7d --region us-east-1")]
pub struct Files {
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Write plain JSON where the delivery was gzip
    #[arg(long)]
    uncompressed: bool,

    /// Only deliveries from this time on: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only deliveries before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// Only these accounts
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    account: Vec<String>,

    /// Only these Regions
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,

    /// Format of the summary
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,

    /// How progress is shown on standard error
    #[arg(long, value_name = "MANNER", default_value = "auto")]
    progress: Manner,
}

/// What was exported.
#[derive(Debug, Default, Serialize)]
struct Exported {
    out: String,
    /// Files that are new.
    written: u64,
    /// Files that were there already, with the same content.
    there: u64,
    /// Deliveries that could not be written.
    failed: u64,
    /// Refused objects, which are kept as evidence and not exported.
    evidence: u64,
    /// Uncompressed bytes of the files.
    content_bytes: u64,
    /// The first of those that could not be written.
    failures: Vec<Failed>,
}

#[derive(Debug, Serialize)]
struct Failed {
    key: String,
    reason: String,
}

/// Which deliveries.
struct Wanted {
    since_us: Option<i64>,
    until_us: Option<i64>,
    accounts: Vec<String>,
    regions: Vec<String>,
}

impl Files {
    /// Exports and prints what it did.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open(context).await?;
        let packing = if self.uncompressed { Packing::Unpacked } else { Packing::AsDelivered };
        let place = Place::make(&self.out, packing).map_err(Failure::writing(&self.out))?;
        let wanted = self.wanted();
        let mut exported = Exported { out: self.out.display().to_string(), ..Exported::default() };
        let counts = by_status(&lake).await?;
        let of_status = |status: &str| counts.get(status).copied().unwrap_or_default();
        exported.evidence = of_status("refused");
        let (mut done, total) = (0, of_status("ingested"));
        let reporter = Reporter::new(self.progress, &format!("Exporting to {}", output::clean(&exported.out)));
        let has_origins =
            ask_small(&lake, "SELECT DISTINCT origin FROM deliveries WHERE status = 'ingested' LIMIT 2").await?.len() > 1;
        for day in lake.delivery_days().await? {
            lake.rebuild_day(&day, |rebuilt| {
                done += 1;
                reporter.counted("log files", done, Some(total));
                if wanted.has(&rebuilt.entry) {
                    exported.take(&place, has_origins, rebuilt);
                }
                Ok(())
            })
            .await?;
        }
        reporter.finish();
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&exported)?)?,
            SummaryFormat::Table => output::line(exported.text(context))?,
        }
        Ok(if exported.failed > 0 { Exit::Partial } else { Exit::Fine })
    }

    fn wanted(&self) -> Wanted {
        let now: DateTime<Utc> = outside::now();
        let us = |when: Option<When>| when.map(|when| when.resolve(now).timestamp_micros());
        Wanted { since_us: us(self.since), until_us: us(self.until), accounts: self.account.clone(), regions: self.region.clone() }
    }
}

/// How many deliveries have each status.
async fn by_status(lake: &Lake) -> Result<BTreeMap<String, u64>, Failure> {
    let rows = ask_small(lake, "SELECT status, count(*) FROM deliveries GROUP BY status").await?;
    Ok(rows.iter().map(|row| (text(row, 0).to_owned(), number(row, 1).unsigned_abs())).collect())
}

impl Wanted {
    /// By the time in the key; where it has none, by the times of the records.
    fn has(&self, entry: &Entry) -> bool {
        let named =
            |list: &[String], name: &Option<String>| list.is_empty() || name.as_ref().is_some_and(|name| list.contains(name));
        let first = entry.delivered_us.or(entry.first_us);
        let last = entry.delivered_us.or(entry.last_us);
        named(&self.accounts, &entry.account)
            && named(&self.regions, &entry.region)
            && self.since_us.is_none_or(|since| last.is_some_and(|last| last >= since))
            && self.until_us.is_none_or(|until| first.is_some_and(|first| first < until))
    }
}

impl Exported {
    /// Writes one delivery, or says why not.
    fn take(&mut self, place: &Place, has_origins: bool, rebuilt: Rebuilt) {
        let Rebuilt { entry, content, .. } = rebuilt;
        let subfolder = has_origins.then(|| folder_of(&entry.origin));
        let done = match content {
            Ok(content) => {
                let written = place.write(subfolder.as_deref(), &name_of(&entry), &content);
                written.inspect(|_| self.content_bytes += content.len() as u64)
            }
            Err(error) => Err(error.to_string()),
        };
        match done {
            Ok(Written::New) => self.written += 1,
            Ok(Written::There) => self.there += 1,
            Err(reason) => {
                self.failed += 1;
                if self.failures.len() < FAILURES_LISTED_MAX {
                    self.failures.push(Failed { key: entry.key, reason });
                }
            }
        }
    }

    fn text(&self, context: &Context) -> String {
        let mut lines = vec![
            context.screen.bold(&format!("Exported to {}", output::clean(&self.out))),
            format!("  {:>9}  written, {} uncompressed", figures::count(self.written), figures::size(self.content_bytes)),
            format!("  {:>9}  there already, with the same content", figures::count(self.there)),
            format!("  {:>9}  could not be written", figures::count(self.failed)),
            format!("  {:>9}  refused when collected: kept as evidence, not exported", figures::count(self.evidence)),
        ];
        for failed in &self.failures {
            lines.push(format!(
                "  {}  {} · {}",
                context.screen.bad("failed"),
                output::clean(&failed.key),
                output::clean(&failed.reason)
            ));
        }
        lines.join("\n")
    }
}

/// A delivery that changed under its key stands beside the first one.
fn name_of(entry: &Entry) -> String {
    let is_changed = entry.reason.as_deref().is_some_and(|reason| reason.contains("other content"));
    match entry.content_sha256.filter(|_| is_changed) {
        Some(hash) => format!("{}.changed-{}", entry.key, hex::encode(hash.get(..4).unwrap_or_default())),
        None => entry.key.clone(),
    }
}

/// `s3://bucket` becomes `s3-bucket`, `file:///a/b` becomes `file-a-b`.
fn folder_of(origin: &str) -> String {
    let (scheme, rest) = origin.split_once(':').unwrap_or(("", origin));
    let rest: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    if rest.is_empty() { scheme.to_owned() } else { format!("{scheme}-{}", rest.join("-")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_origins() {
        assert_eq!(folder_of("s3://bucket"), "s3-bucket");
        assert_eq!(folder_of("file:///a/b.tar"), "file-a-b.tar");
        assert_eq!(folder_of("stdin:"), "stdin");
    }
}
