//! `trailkeep rules why`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use detect::{Book, Entry, Kind, Miss, closest_miss};
use record::{Envelope, Inflater};
use serde::de::IgnoredAny;

use crate::detecting::Rules;
use crate::exit::{Exit, Failure};
use crate::output::{self, clean};
use crate::settings::Context;
use crate::verbs::collect::{SummaryFormat, summary};

/// Largest file of events, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// What a file of events is.
const HINT: &str = "give a log file, a JSON event, a list of them or one a line";
/// Events of a file that are told when none fires: the closest ones.
const CLOSEST_MAX: usize = 3;

/// Say why a rule fires on an event, or what keeps it from it: the closest miss.
///
/// FILE is a log file, a JSON event, a list of them or one a line. Of many, those on which the rule fires are told, or those that come
/// closest.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep rules why cloudtrail-trail-stopped --event event.json")]
pub struct Why {
    /// Its id, name, title or folder
    #[arg(value_name = "RULE")]
    rule: String,

    /// A file of events
    #[arg(long, value_name = "FILE")]
    event: PathBuf,

    #[command(flatten)]
    rules: Rules,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl Why {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let book = self.rules.read()?;
        let entry = find(&book, &self.rule)?;
        let Kind::Rule(rule) = &entry.kind else {
            return Err(Failure::usage(
                format!("`{}` is a correlation, which one event cannot fire", entry.id),
                "name one of the rules that it is over",
            ));
        };
        let mut misses: Vec<(usize, Miss)> = events(&self.event)?
            .iter()
            .map(|event| closest_miss(rule, event))
            .enumerate()
            .map(|(at, miss)| (at + 1, miss))
            .collect();
        let met = |miss: &Miss| miss.clauses.iter().filter(|(_, _, holds)| *holds).count();
        misses.sort_by_key(|(at, miss)| (!miss.fires, usize::MAX - met(miss), *at));
        let fired = misses.iter().filter(|(_, miss)| miss.fires).count();
        misses.truncate(CLOSEST_MAX);
        match self.output {
            SummaryFormat::Json => {
                let told: Vec<_> = misses.iter().map(|(at, miss)| json(*at, miss)).collect();
                output::line(summary::to_json(&serde_json::json!({ "rule": entry.id, "fired": fired, "events": told }))?)?;
            }
            SummaryFormat::Table => {
                let told: Vec<String> = misses.iter().map(|(at, miss)| text(*at, miss, context)).collect();
                output::line(told.join("\n\n"))?;
            }
        }
        Ok(Exit::Fine)
    }
}

/// The rule that is called so.
pub fn find<'b>(book: &'b Book, called: &str) -> Result<&'b Entry, Failure> {
    book.find(called).ok_or_else(|| {
        let near =
            book.rules.iter().find(|entry| entry.stem().contains(called) || entry.meta().title.to_lowercase().contains(called));
        let hint =
            near.map_or_else(|| "`trailkeep rules list` has all".to_owned(), |entry| format!("did you mean `{}`?", entry.stem()));
        Failure::usage(format!("there is no rule `{called}`"), hint)
    })
}

/// The events of a file, as JSON texts.
fn events(file: &PathBuf) -> Result<Vec<String>, Failure> {
    let name = file.display();
    let bytes = std::fs::read(file).map_err(Failure::reading(&name))?;
    let content = Inflater::default().content(&bytes, FILE_BYTES_MAX);
    let content = content.map_err(|error| Failure::usage(format!("`{name}`: {error}"), "give a smaller file"))?;
    // One JSON object of any kind is an event too.
    let records = Envelope::split(&content)
        .map_or_else(|_| vec![(0, u32::try_from(content.len()).unwrap_or(u32::MAX))], |envelope| envelope.records);
    let of = |(from, to): &(u32, u32)| content.get(*from as usize..*to as usize).unwrap_or_default();
    let events: Vec<&[u8]> = records.iter().map(of).collect();
    match events.iter().position(|event| !is_object(event)) {
        None if !events.is_empty() => Ok(events.iter().map(|event| String::from_utf8_lossy(event).trim().to_owned()).collect()),
        Some(at) if events.len() > 1 => Err(Failure::usage(format!("event {} of `{name}` is no JSON object", at + 1), HINT)),
        _ => Err(Failure::usage(format!("`{name}` holds no event"), HINT)),
    }
}

fn is_object(text: &[u8]) -> bool {
    serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(text).is_ok()
}

fn text(at: usize, miss: &Miss, context: &Context) -> String {
    let mark = |holds: bool| if holds { context.screen.good("yes") } else { context.screen.bad("no ") };
    let verdict = if miss.fires { "fires" } else { "does not fire" };
    let mut lines = vec![context.screen.bold(&format!("event {at}: the rule {verdict}"))];
    lines.push(format!("     {}", clean(&miss.conditions.join(", and "))));
    for (search, holds) in &miss.searches {
        lines.push(format!("{}  {}", mark(*holds), clean(search)));
        for (_, clause, holds) in miss.clauses.iter().filter(|(of, _, _)| of == search) {
            lines.push(format!("     {}  {}", mark(*holds), clean(clause)));
        }
    }
    lines.join("\n")
}

fn json(at: usize, miss: &Miss) -> serde_json::Value {
    let clauses: Vec<_> = miss
        .clauses
        .iter()
        .map(|(search, clause, holds)| serde_json::json!({ "selection": search, "clause": clause, "holds": holds }))
        .collect();
    let searches: Vec<_> =
        miss.searches.iter().map(|(name, holds)| serde_json::json!({ "selection": name, "holds": holds })).collect();
    serde_json::json!({ "event": at, "fires": miss.fires, "conditions": miss.conditions, "selections": searches, "clauses": clauses })
}
