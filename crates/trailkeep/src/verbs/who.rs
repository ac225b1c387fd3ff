//! `trailkeep who`

use std::fmt::Write as _;

use clap::Args;
use investigate::WhoQuestion;
use investigate::model::{Change, Difference, Who as Found, Write};
use serde_json::Value;

use crate::ask::Asked;
use crate::exit::{Exit, Failure};
use crate::output::{Screen, clean};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};
use crate::verbs::coverage;
use crate::when::When;
use crate::{figures, lakes, output, outside};

/// Changes of a write that are shown.
const CHANGES_SHOWN_MAX: usize = 12;
/// Longest value that is shown, in characters.
const VALUE_CHARS_MAX: usize = 120;

/// Tell who changed a resource, and what each of them changed.
///
/// The writes of the resource, newest first: when, who, from where - and how the request differs from the preceding write of the
/// same resource (the last one with the same API, else the last one with any). Writes that failed are told and changed nothing.
///
/// RESOURCE is an ARN, an ID such as i-0abc... or sg-0abc..., a name (of a bucket, role, function, trail, ...), or
/// s3://bucket/key for one object. Of any service: a resource is known by `resources`, by the keys of request and response, and by IDs
/// in them.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep who i-0123456789abcdef0
  trailkeep who arn:aws:iam::111122223333:role/Deploy --limit 1
  trailkeep who payroll-bucket --since 30d
  trailkeep who sg-0123456789abcdef0 -o json | jq '.writes[0].difference'")]
pub struct Who {
    /// The resource
    #[arg(value_name = "RESOURCE")]
    resource: String,

    /// Begin of the period: 24h, 7d (ago), 2026-11-01, 2026-11-01T10:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<When>,

    /// End of the period
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,

    /// Writes that are told, newest first
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,

    /// Also list the events that merely name the resource
    #[arg(long)]
    mentions: bool,

    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Who {
    /// Finds the writers and prints them.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.resource.trim().is_empty() {
            return Err(Failure::usage("there is no resource", "for example: trailkeep who i-0123456789abcdef0"));
        }
        let now = outside::now();
        let moment = |when: Option<When>| when.map(|when| when.resolve(now).timestamp_micros());
        let question = WhoQuestion {
            asked: self.resource.trim().to_owned(),
            since_us: moment(self.since),
            until_us: moment(self.until),
            writes_max: usize::from(self.limit),
        };
        let lake = lakes::open(context).await?;
        let found = investigate::who(&Asked(&lake), &question).await?;
        match self.output {
            SummaryFormat::Json => output::line(summary::to_json(&found)?)?,
            SummaryFormat::Table => {
                let mentions = if self.mentions { Mentions::Listed } else { Mentions::Counted };
                output::line(context.screen.page(&text(&found, mentions, context.screen)))?
            }
        }
        Ok(Exit::Fine)
    }
}

/// How events are told that merely name the resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mentions {
    Counted,
    Listed,
}

fn text(found: &Found, mentioned: Mentions, screen: Screen) -> String {
    let total = found.writes.len() as u64 + found.writes_omitted;
    let mut lines = vec![format!("{}  {}", screen.bold(&clean(&found.asked)), figures::counted(total, "write"))];
    if found.writes.is_empty() {
        lines.push(format!("nobody wrote it in the {} that the lake holds", figures::counted(found.coverage.events, "event")));
    }
    for write in &found.writes {
        lines.push(String::new());
        lines.extend(one(write, screen));
    }
    if found.writes_omitted > 0 {
        lines.push(screen.dim(&format!("\n… and {} before that; --limit shows more", figures::count(found.writes_omitted))));
    }
    lines.extend(mentions(found, mentioned, screen));
    lines.push(String::new());
    lines.extend(coverage::warnings(&found.coverage).into_iter().map(|warning| format!("?  {}", clean(&warning))));
    lines.extend(coverage::section(&found.coverage, screen));
    lines.join("\n")
}

fn one(write: &Write, screen: Screen) -> Vec<String> {
    let failed = write.error.as_ref().map(|error| screen.bad(&clean(&format!("  FAILED: {error}")))).unwrap_or_default();
    let time = figures::iso(write.time_us).replace('T', " ");
    let mut lines = vec![format!(
        "{} UTC  {}{failed}",
        time.trim_end_matches('Z'),
        screen.bold(&clean(&format!("{} {}", write.service, write.event)))
    )];
    let key = write.key.as_ref().map(|key| format!(" ({key})")).unwrap_or_default();
    let by = write.invoked_by.as_ref().map(|service| format!(" through {service}")).unwrap_or_default();
    lines.push(clean(&format!("   by    {}{key}{by}", write.arn.as_deref().unwrap_or(&write.actor))));
    lines.push(clean(&format!("   from  {}, {} in {}", write.address, write.account, write.region)));
    let agent: String = write.agent.chars().take(VALUE_CHARS_MAX).collect();
    lines.push(screen.dim(&clean(&format!("   with  {agent}; event {}", write.event_id))));
    lines.extend(write.difference.as_ref().map(|difference| changed(write, difference, screen)).unwrap_or_default());
    lines
}

fn changed(write: &Write, difference: &Difference, screen: Screen) -> Vec<String> {
    let to = figures::iso(difference.to_time_us).replace('T', " ");
    let to = format!("{} at {} UTC", difference.to_event, to.trim_end_matches('Z'));
    if difference.changes.is_empty() {
        return vec![clean(&format!("   the same request as {to}"))];
    }
    // Requests of two APIs say different things: only what both say is comparable at a glance.
    let is_same_api = write.event == difference.to_event;
    let shown: Vec<&Change> = difference
        .changes
        .iter()
        .filter(|change| is_same_api || change.path.contains(['.', '[']) || (change.before.is_some() && change.after.is_some()))
        .collect();
    if shown.is_empty() {
        return vec![screen.dim(&clean(&format!("   the write before was {to}: another request; -o json compares them")))];
    }
    let mut lines = vec![clean(&format!("   against {to}:"))];
    lines.extend(shown.iter().take(CHANGES_SHOWN_MAX).flat_map(|change| lines_of(change, screen)));
    let hidden = (shown.len().saturating_sub(CHANGES_SHOWN_MAX)) as u64 + difference.changes_omitted;
    if hidden > 0 {
        lines.push(format!("     … and {}; -o json has them", figures::counted(hidden, "more change")));
    }
    lines
}

fn lines_of(change: &Change, screen: Screen) -> Vec<String> {
    let value = |value: &Value| {
        let text = clean(&value.to_string());
        let cut: String = text.chars().take(VALUE_CHARS_MAX).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { cut }
    };
    let path = clean(&change.path);
    let minus = change.before.as_ref().map(|before| screen.bad(&format!("   - {path}: {}", value(before))));
    let plus = change.after.as_ref().map(|after| screen.good(&format!("   + {path}: {}", value(after))));
    minus.into_iter().chain(plus).collect()
}

fn mentions(found: &Found, mentioned: Mentions, screen: Screen) -> Vec<String> {
    if found.mentions.is_empty() {
        return Vec::new();
    }
    let count = figures::counted(found.mentions.len() as u64, "other write");
    if mentioned == Mentions::Counted {
        return vec![String::new(), screen.dim(&format!("{count} of other things name it; --mentions lists them"))];
    }
    let mut lines = vec![String::new(), screen.bold(&format!("NAMED BY ({count})"))];
    for mention in &found.mentions {
        let mut line = String::new();
        let time = figures::iso(mention.time_us).replace('T', " ");
        let _ = write!(line, "{} UTC  {} {}  by {}", time.trim_end_matches('Z'), mention.service, mention.event, mention.actor);
        lines.push(clean(&line));
    }
    lines
}
