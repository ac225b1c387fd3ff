//! What the user wants to have judged and told.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use detect::Book;
use tell::{Target, TellError};

use crate::detecting::Rules;
use crate::exit::Failure;
use crate::settings::Context;
use crate::verbs::detect::FailOn;
use crate::when::{Span, When};
use crate::{output, outside};

/// Detection while collecting.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Findings")]
pub struct Watching {
    /// Put what is new to the rules and keep the findings in the home; --follow does so anyway
    #[arg(long)]
    detect: bool,

    /// With --follow: judge nothing
    #[arg(long, conflicts_with_all = ["detect", "tell", "tell_config"])]
    no_detect: bool,

    #[command(flatten)]
    rules: Rules,

    /// Events from this time on are judged; older ones are for `detect --since` [default: 24h, and what came since the last run]
    #[arg(long, value_name = "TIME")]
    detect_since: Option<When>,

    /// How long log files may be late: rules over several events wait so long for those that are missing
    #[arg(long, value_name = "TIME", default_value = "20m")]
    detect_lateness: Span,

    /// Tell new findings: webhook=URL (signed if TRAILKEEP_TELL_SECRET is set), slack (TRAILKEEP_SLACK_URL), slack=@FILE, file=PATH, stdout
    #[arg(long, value_name = "TARGET")]
    tell: Vec<String>,

    /// The lowest level that --tell tells
    #[arg(long, value_name = "LEVEL", default_value = "low")]
    tell_level: FailOn,

    /// Targets in a TOML file, with names, levels and secrets of their own [env: TRAILKEEP_TELL_CONFIG]
    #[arg(long, value_name = "FILE")]
    tell_config: Option<PathBuf>,
}

/// The same, read.
pub struct Prepared {
    /// Where the rules are: they are read again each day, since suppressions end.
    pub(super) rules: Rules,
    /// The rules.
    pub(super) book: Book,
    /// Who is told.
    pub(super) targets: Vec<Target>,
    /// Events from here on are judged, if the user says so.
    pub(super) since: Option<DateTime<Utc>>,
    /// How late log files may be.
    pub(super) lateness: TimeDelta,
    /// Whether it is listened for what does not come.
    pub(super) listens: bool,
    /// Whether the source goes on.
    pub(super) goes_on: bool,
}

impl Watching {
    /// Reads rules and targets; `None` if nothing is to be judged. `goes_on`: the sources are where things are delivered, no copies.
    pub fn prepare(&self, follows: bool, goes_on: bool, context: &Context) -> Result<Option<Prepared>, Failure> {
        if self.no_detect || !(follows || self.detect || !self.tell.is_empty() || self.tell_config.is_some()) {
            return Ok(None);
        }
        let targets = self.targets(context)?;
        let book = self.rules.read()?;
        for refused in &book.refused {
            output::complain(&format!("`{}`, line {}: {}", refused.file, refused.line, refused.what), &refused.hint);
        }
        let lateness = TimeDelta::seconds(i64::try_from(self.detect_lateness.s).unwrap_or_default());
        let since = self.detect_since.map(|since| since.resolve(outside::now()));
        let listens = !self.rules.only_given_rules;
        Ok(Some(Prepared { rules: self.rules.clone(), book, targets, since, lateness, listens, goes_on: goes_on || follows }))
    }

    fn targets(&self, context: &Context) -> Result<Vec<Target>, Failure> {
        let variable = |name: &str| context.environment.get(name).map(str::to_owned);
        let mut targets = Vec::new();
        let file = self.tell_config.clone().or_else(|| variable("TRAILKEEP_TELL_CONFIG").map(PathBuf::from));
        if let Some(file) = file {
            targets.extend(tell::from_file(&file, &variable).map_err(wrong)?);
        }
        for text in &self.tell {
            targets.push(tell::from_flag(text, self.tell_level.0, &variable).map_err(wrong)?);
        }
        for (at, target) in targets.iter().enumerate() {
            if targets.iter().take(at).any(|other| other.name == target.name) {
                return Err(Failure::usage(format!("the target `{}` is named twice", target.name), "name it once"));
            }
        }
        if targets.len() > tell::limits::TARGETS_MAX {
            return Err(Failure::usage(format!("there are more than {} targets", tell::limits::TARGETS_MAX), "name fewer"));
        }
        Ok(targets)
    }
}

fn wrong(error: TellError) -> Failure {
    match error {
        TellError::Target { what, hint } => Failure::usage(what, hint),
        other => Failure::failed(other.to_string(), ""),
    }
}
