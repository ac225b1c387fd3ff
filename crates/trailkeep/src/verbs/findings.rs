//! `trailkeep findings`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Args;
use finding::{Finding, Severity};
use serde::Serialize;
use tell::{Kept, Outbox, Place};

use super::detect::table::findings as drawn;
use super::detect::{FailOn, Format, Sink};
use crate::exit::{Exit, Failure};
use crate::live::{self, told};
use crate::output::Screen;
use crate::settings::Context;
use crate::when::When;
use crate::{figures, lakes, outside};

/// Findings that are drawn; the JSON has all.
const DRAWN_MAX: usize = 200;

/// List the findings that the home holds: what `collect --follow` and `collect --detect` have found.
///
/// Newest first. told: the targets of `collect --tell` that have taken it. A finding is kept as it was when it was found; how many events
/// of its kind came on the same day in the end, `trailkeep detect` counts.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep findings
  trailkeep findings --since 7d --level high
  trailkeep findings -o ndjson | jq -r '[.id, .rule.title, .entity.value] | @tsv'
  trailkeep findings -o sarif=findings.sarif")]
pub struct Findings {
    /// Only findings whose first event is from this time on: 24h, 7d, 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only findings whose first event is before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// Only findings of this level and above: informational, low, medium, high, critical
    #[arg(long, value_name = "LEVEL")]
    level: Option<FailOn>,

    /// End with exit code 3 if there is a finding of this level or above
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,

    /// table, json, ndjson, sarif, junit or md; with =FILE to write a file
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "table")]
    output: Sink,
}

/// A finding, and who has taken it.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    kept: Kept,
    told: Vec<String>,
}

/// All of them, for programs.
#[derive(Serialize)]
struct Whole<'a> {
    findings: &'a [Listed],
}

impl Findings {
    /// Lists them.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let lake = lakes::open(context).await?;
        let listed = self.list(&live::outbox(&Arc::new(lake))).await?;
        let text = self.text(&listed, context.screen.filed(self.output.file.is_some()))?;
        let written = self.output.write(text.trim_end_matches('\n'));
        let is_bad = |level: FailOn| listed.iter().any(|listed| listed.kept.finding.severity >= level.0);
        let exit = if self.fail_on.is_some_and(is_bad) { Exit::Findings } else { Exit::Fine };
        exit.after(written)
    }

    async fn list(&self, outbox: &Outbox) -> Result<Vec<Listed>, Failure> {
        let now = outside::now();
        let (since, until) = (self.since.map(|when| when.resolve(now)), self.until.map(|when| when.resolve(now)));
        let mut taken: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
        for target in outbox.targets().await.map_err(told)?.into_keys() {
            let places = outbox.told(&target).await.map_err(told)?;
            taken.insert(target, places);
        }
        let mut listed = Vec::new();
        for place in outbox.found().await.map_err(told)? {
            if !may_be_within(&place, since, until) {
                continue;
            }
            let Some(kept) = outbox.read(&place).await.map_err(told)? else { continue };
            if is_within(&kept.finding, since, until) && self.level.is_none_or(|level| kept.finding.severity >= level.0) {
                let told = taken.iter().filter(|(_, places)| places.contains(&place)).map(|(target, _)| target.clone()).collect();
                listed.push(Listed { kept, told });
            }
        }
        listed.sort_by(|a, b| order(&b.kept).cmp(&order(&a.kept)));
        Ok(listed)
    }

    fn text(&self, listed: &[Listed], screen: Screen) -> Result<String, Failure> {
        let findings = || listed.iter().map(|listed| listed.kept.finding.clone()).collect::<Vec<Finding>>();
        Ok(match self.output.format {
            Format::Table => table(listed, screen),
            Format::Json => serde_json::to_string_pretty(&Whole { findings: listed }).map_err(wrong)?,
            Format::Ndjson => {
                let lines: Result<Vec<String>, _> = listed.iter().map(serde_json::to_string).collect();
                lines.map_err(wrong)?.join("\n")
            }
            Format::Sarif => {
                serde_json::to_string_pretty(&finding::sarif(&findings(), env!("CARGO_PKG_VERSION"))).map_err(wrong)?
            }
            Format::Junit => {
                let rules: BTreeSet<(String, String)> = listed
                    .iter()
                    .map(|listed| (listed.kept.finding.rule.id.clone(), listed.kept.finding.rule.title.clone()))
                    .collect();
                let fail_on = self.fail_on.map_or(Severity::Informational, |level| level.0);
                finding::junit(&rules.into_iter().collect::<Vec<_>>(), &findings(), fail_on)
            }
            Format::Md => finding::markdown(&findings()),
        })
    }
}

fn order(kept: &Kept) -> (&str, Severity, &str) {
    (&kept.finding.first_event_time, kept.finding.severity, &kept.finding.id)
}

/// Whether a finding of that day can be within a time.
fn may_be_within(place: &Place, since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> bool {
    let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
    since.is_none_or(|since| place.day() >= day(since).as_str()) && until.is_none_or(|until| place.day() <= day(until).as_str())
}

fn is_within(finding: &Finding, since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> bool {
    // One without a time is within every beginning and no end, as its day sorts.
    let time = DateTime::parse_from_rfc3339(&finding.first_event_time).map_or(DateTime::<Utc>::MAX_UTC, |time| time.to_utc());
    since.is_none_or(|since| time >= since) && until.is_none_or(|until| time < until)
}

fn table(listed: &[Listed], screen: Screen) -> String {
    let head = screen.bold(&figures::counted(listed.len() as u64, "finding"));
    if listed.is_empty() {
        return format!(
            "{head}\n\nWhat is collected is judged with `collect --follow` or `collect --detect`; `detect` judges what is there."
        );
    }
    let told = |told: &[String]| if told.is_empty() { "-".to_owned() } else { told.join(", ") };
    let all = listed.iter().map(|one| (&one.kept.finding, Some(told(&one.told))));
    format!("{head}\n\n{}", drawn(all, Some("told"), DRAWN_MAX, screen))
}

fn wrong(error: serde_json::Error) -> Failure {
    Failure::failed(format!("the findings could not be written as JSON: {error}"), "")
}
