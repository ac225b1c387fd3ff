//! `trailkeep session`

use clap::Args;
use investigate::model::{Chains, Issue, Session as Told, SessionRole};

use super::investigate::unseen;
use crate::ask::Asked;
use crate::exit::{Exit, Failure};
use crate::output::{Screen, clean};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};
use crate::verbs::coverage;
use crate::{figures, lakes, output};

/// Sessions of one tree that are shown.
const LINES_MAX: usize = 200;

/// Tell where a session came from, and where it went.
///
/// A tree for each session of that name: at its root who began the chain, below each session those that began with its credentials, across
/// accounts (`sharedEventID` joins both accounts' records of one AssumeRole). `>` marks what was asked about.
///
/// ID is an access key (ASIA..., or AKIA... for everything that began with a long-term key), the ARN of an assumed role, or a
/// role session's name.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep session ASIAIOSFODNN7EXAMPLE
  trailkeep session arn:aws:sts::111122223333:assumed-role/Deploy/ci-42
  trailkeep session AKIAIOSFODNN7EXAMPLE -o json | jq '.chains[0].children[].name'")]
pub struct Session {
    /// The session
    #[arg(value_name = "ID")]
    id: String,

    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Session {
    /// Finds the chains and prints them.
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.id.trim().is_empty() {
            return Err(Failure::usage("there is no session", "for example: trailkeep session ASIAIOSFODNN7EXAMPLE"));
        }
        let lake = lakes::open(context).await?;
        let found = investigate::chains(&Asked(&lake), &self.id).await?;
        match (self.output, &found) {
            (SummaryFormat::Json, Ok(found)) => output::line(summary::to_json(found)?)?,
            (SummaryFormat::Json, Err(unseen)) => output::line(summary::to_json(unseen)?)?,
            (SummaryFormat::Table, Ok(found)) => output::line(context.screen.page(&text(found, context.screen)))?,
            (SummaryFormat::Table, Err(found)) => output::line(context.screen.page(&unseen(found, "", context.screen)))?,
        }
        Ok(Exit::Fine)
    }
}

fn text(found: &Chains, screen: Screen) -> String {
    let mut lines = vec![format!(
        "{}  {}",
        screen.bold(&clean(&found.asked)),
        figures::counted_as(found.chains.len() as u64 + found.omitted, "chain of sessions", "chains of sessions")
    )];
    for chain in &found.chains {
        lines.push(String::new());
        lines.extend(tree(chain, screen));
    }
    if found.omitted > 0 {
        lines.push(format!("\n… and {} of that name", figures::counted(found.omitted, "more session")));
    }
    lines.push(String::new());
    lines.extend(coverage::section(&found.coverage, screen));
    lines.join("\n")
}

/// The lines of a tree, parents before children.
fn tree(root: &Told, screen: Screen) -> Vec<String> {
    let mut lines = Vec::new();
    let mut waiting = vec![(root, 0)];
    while let Some((session, depth)) = waiting.pop() {
        if lines.len() >= LINES_MAX {
            lines.push(screen.dim("  … and more; -o json has them"));
            break;
        }
        lines.extend(one(session, depth, screen));
        waiting.extend(session.children.iter().rev().map(|child| (child, depth + 1)));
    }
    lines
}

fn one(session: &Told, depth: usize, screen: Screen) -> Vec<String> {
    let indent = "   ".repeat(depth);
    let branch = if depth > 0 { "└ " } else { "" };
    let mark = if session.place == SessionRole::Asked { "> " } else { "" };
    let key = session.key.as_ref().map(|key| format!(" ({key})")).unwrap_or_default();
    let account = session.account.as_ref().filter(|account| !session.name.contains(account.as_str()));
    let account = account.map(|account| format!(" in {account}")).unwrap_or_default();
    let name = clean(&format!("{mark}{}{key}{account}", session.name));
    let name = if session.place == SessionRole::Asked { screen.bold(&name) } else { name };
    let mut lines = vec![format!("{indent}{branch}{name}  {}", screen.dim(&did(session)))];
    let indent = format!("{indent}{}  ", if depth > 0 { "  " } else { "" });
    match &session.issue {
        Some(issue) => lines.push(screen.dim(&clean(&format!("{indent}{}", began(issue))))),
        None if session.key.as_ref().is_some_and(|key| key.starts_with("ASIA")) => {
            lines.push(screen.dim(&format!("{indent}how it began is not in the lake")));
        }
        None => {}
    }
    lines
}

fn did(session: &Told) -> String {
    match (session.events, &session.key) {
        (0, Some(_)) => "not used".to_owned(),
        (0, None) => session.identity_type.clone(),
        (events, _) => {
            let span = |time: Option<i64>| time.map(|time| figures::iso(time).replace('T', " ")).unwrap_or_default();
            let denied = if session.denied > 0 { format!(", {} refused", figures::count(session.denied)) } else { String::new() };
            let (first, last) = (span(session.times.first_us), span(session.times.last_us));
            let times = format!("{} to {}", first.trim_end_matches('Z'), last.trim_end_matches('Z'));
            format!("{}{denied}, {times}", figures::counted(events, "event"))
        }
    }
}

fn began(issue: &Issue) -> String {
    let time = figures::iso(issue.time_us).replace('T', " ");
    let crosses = if issue.crosses_accounts { ", from another account" } else { "" };
    let person = issue.source_identity.as_ref().map(|person| format!(", source identity {person}")).unwrap_or_default();
    format!("{} {} from {}{crosses}{person}; event {}", time.trim_end_matches('Z'), issue.event, issue.address, issue.event_id)
}
