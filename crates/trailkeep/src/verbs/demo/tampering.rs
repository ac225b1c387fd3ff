//! Somebody covers their tracks in the bucket: a log file is changed, a digest is deleted. Both are found, and the lake still has what
//! was delivered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use custody::Trust;
use flate2::Compression;
use flate2::write::GzEncoder;
use lake::Lake;
use prove::report::{Finding, Judgment, Kind, Level, Report};
use prove::store::{Folder, Metadata, Overlay};
use prove::strict::{self, ListedKeys, Options, Stores};
use record::Inflater;

use crate::ask::{ask_small, literal, text};
use crate::collecting::public_keys::Answer;
use crate::exit::Failure;
use crate::output::{self, Screen, clean};
use crate::sampling::Places;
use crate::settings::Context;
use crate::{figures, sealing};

/// What is written in place of the event's name, in a log file.
const STOPPED: &str = "\"eventName\":\"StopLogging\"";
const INSTEAD: &str = "\"eventName\":\"DescribeTrails\"";

/// Most violations that are shown.
const SHOWN_MAX: usize = 8;

/// What was done to the bucket.
pub struct Tampered {
    /// The log file that was changed.
    log: String,
    /// The digest that was deleted.
    digest: String,
}

/// Changes the log file that tells of `StopLogging`, and deletes the digest that vouches for the sign-in.
pub async fn tamper(lake: &Lake, places: &Places) -> Result<Tampered, Failure> {
    let log = key_of(lake, "StopLogging").await?;
    let signed_in = key_of(lake, "CreateAccessKey").await?;
    let sql = format!("SELECT digestkey FROM verdicts WHERE key = {} AND digestkey IS NOT NULL LIMIT 1", literal(&signed_in));
    let digest = first(lake, &sql).await?;
    change(&places.bucket.join(&log))?;
    let path = places.bucket.join(&digest);
    fs::remove_file(&path).map_err(Failure::io(format!("deleting `{}`", path.display())))?;
    Ok(Tampered { log, digest })
}

/// The key of the last log file that tells of an event that succeeded.
async fn key_of(lake: &Lake, event: &str) -> Result<String, Failure> {
    let sql = format!(
        "SELECT key FROM deliveries WHERE delivery IN
         (SELECT delivery FROM events WHERE eventName = {} AND errorCode IS NULL ORDER BY eventTime DESC LIMIT 1)",
        literal(event)
    );
    first(lake, &sql).await
}

async fn first(lake: &Lake, sql: &str) -> Result<String, Failure> {
    let rows = ask_small(lake, sql).await?;
    let found = rows.first().map(|row| text(row, 0).to_owned()).filter(|found| !found.is_empty());
    found.ok_or_else(|| Failure::failed("the sample lacks what the demonstration is about", "report this"))
}

/// Writes a log file anew, as whoever can write to a bucket does.
fn change(path: &Path) -> Result<(), Failure> {
    let doing = || format!("changing `{}`", path.display());
    let stored = fs::read(path).map_err(Failure::io(doing()))?;
    let content = Inflater::default().content(&stored, record::limits::DELIVERY_SIZE_BYTES_MAX);
    let content = content.map_err(|error| Failure::failed(format!("{}: {error}", doing()), ""))?;
    let changed = String::from_utf8_lossy(&content).replacen(STOPPED, INSTEAD, 1);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut packed, changed.as_bytes()).map_err(Failure::io(doing()))?;
    fs::write(path, packed.finish().map_err(Failure::io(doing()))?).map_err(Failure::io(doing()))
}

/// Holds the bucket against its digests, as `trailkeep verify` does.
pub async fn verify_bucket(places: &Places, until: DateTime<Utc>, context: &Context) -> Result<Report, Failure> {
    let keys = Answer::read(&places.public_keys)?.into_keys();
    let (places, options) = (places.clone(), options(until, context));
    let work = tokio::task::spawn_blocking(move || {
        let failed = |error: &dyn std::fmt::Display| Failure::failed(error.to_string(), "");
        let folder = Folder::open(&places.bucket).map_err(|error| failed(&error))?;
        let metadata = Metadata::load(&places.metadata).map_err(|error| failed(&error))?;
        let store = Overlay::new(Box::new(folder), Arc::new(metadata)).map_err(|error| failed(&error))?;
        let stores = Stores { main: Arc::new(store), mapped: Default::default() };
        let keys = ListedKeys { origin: "the demonstration's own key".to_owned(), keys };
        Ok(strict::verify(&stores, &keys, &options, until, &()))
    });
    work.await.map_err(|error| Failure::failed(format!("the verification stopped: {error}"), ""))?
}

/// Proves the lake from its own rows, as `trailkeep verify --home` does.
pub async fn verify_home(lake: &Arc<Lake>, until: DateTime<Utc>, context: &Context) -> Result<custody::HomeReport, Failure> {
    let name = custody::home_name(lake).await?;
    let anchors = sealing::remembered(name.as_deref(), context)?.into_iter().collect();
    let trust = Trust { anchors, ..Trust::default() };
    let options = options(until, context);
    Ok(custody::verify(Arc::clone(lake), Vec::new(), &trust, &options, until, &context.temporary, Arc::new(())).await?)
}

fn options(until: DateTime<Utc>, context: &Context) -> Options {
    Options { until: Some(until), threads: context.threads, ..Options::default() }
}

impl Tampered {
    /// Whether a verification found both, and nothing else that is wrong.
    pub fn is_found_in(&self, report: &Report) -> bool {
        let names = |finding: &&Finding, kind: Kind| finding.kind == kind;
        let wrong: Vec<&Finding> = violations(report).collect();
        let log = wrong.iter().any(|finding| finding.key.as_deref() == Some(&self.log) && names(finding, Kind::LogAltered));
        let digest = wrong.iter().any(|finding| names(finding, Kind::DigestMissing));
        report.judgment == Judgment::Violated && log && digest
    }

    /// What was done, and what was found, for people.
    pub fn text(&self, report: &Report, screen: Screen) -> String {
        let mut lines = vec![
            format!("    changed   {}", name(&self.log)),
            "              StopLogging became DescribeTrails: as if somebody had only looked at the trail".to_owned(),
            format!("    deleted   {}", name(&self.digest)),
            "              with it went the hash of the log file that tells of the new access key".to_owned(),
            String::new(),
            screen.bold("    What `trailkeep verify` says of the bucket (exit code 4):"),
        ];
        let (followed, wrong): (Vec<&Finding>, Vec<&Finding>) =
            violations(report).partition(|finding| finding.kind == Kind::LogUnvouched);
        lines.extend(wrong.iter().take(SHOWN_MAX).map(|finding| line(finding, screen)));
        if let Some(first) = followed.first() {
            let files = figures::counted(followed.len() as u64, "log file");
            let message = format!("{files} of that hour: nothing vouches for them any longer");
            lines.push(line(&Finding { key: None, message, ..(*first).clone() }, screen));
        }
        lines.join("\n")
    }
}

fn violations(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.level == Level::Violation)
}

fn line(finding: &Finding, screen: Screen) -> String {
    let word = serde_json::to_value(finding.kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned())).unwrap_or_default();
    let at = finding.from.map(|from| from.format("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default();
    let key = finding.key.as_deref().map(|key| format!("\n                       {}", name(key))).unwrap_or_default();
    let place = format!("{} {}", finding.account, finding.region);
    format!("    {}  {at}  {} · {}{}", screen.bad(&format!("{word:<15}")), clean(&place), clean(&finding.message), screen.dim(&key))
}

/// The file's name alone: its folders say what stands in it once more.
fn name(key: &str) -> String {
    clean(PathBuf::from(key).file_name().map(|name| name.to_string_lossy()).unwrap_or_default().as_ref())
}

/// What the lake says, for people.
pub async fn still_there(lake: &Lake, report: &custody::HomeReport, screen: Screen) -> Result<String, Failure> {
    let sql =
        "SELECT eventTime, userIdentity.arn, sourceIPAddress FROM events WHERE eventName = 'StopLogging' AND errorCode IS NULL
               ORDER BY eventTime DESC LIMIT 1";
    let rows = ask_small(lake, sql).await?;
    let row = rows.first().cloned().unwrap_or_default();
    let counts = &report.report.counts;
    Ok(format!(
        "    {} log files put together again from the lake's rows; each has the SHA-256 that its signed digest holds.\n    {}",
        figures::count(counts.logs_verified),
        screen.bold(&format!("StopLogging, at {} by {} from {}", clean(text(&row, 0)), clean(text(&row, 1)), clean(text(&row, 2)))),
    ))
}

/// Whether the lake is proven.
pub fn is_proven(report: &custody::HomeReport) -> bool {
    report.report.judgment == Judgment::Proven
}

/// A heading.
pub fn heading(screen: Screen) -> Result<(), Failure> {
    output::line(format!("\n{}", screen.bold("Then somebody covers their tracks in the bucket.")))
}
