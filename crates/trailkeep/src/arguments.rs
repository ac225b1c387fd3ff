//! The command line as clap sees it.

use clap::{Parser, Subcommand};

use crate::settings::Place;
use crate::verbs::check::Check;
use crate::verbs::collect::Collect;
use crate::verbs::compact::Compact;
use crate::verbs::completions::Completions;
use crate::verbs::demo::Demo;
use crate::verbs::detect::Detect;
use crate::verbs::doctor::Doctor;
use crate::verbs::evidence::Evidence;
use crate::verbs::export::Export;
use crate::verbs::findings::Findings;
use crate::verbs::investigate::Investigate;
use crate::verbs::measured::Measured;
use crate::verbs::metrics::Metrics;
use crate::verbs::query::Query;
use crate::verbs::rules::Rules;
use crate::verbs::sample::Sample;
use crate::verbs::seal::Seal;
use crate::verbs::selectors::SelectorsVerb;
use crate::verbs::session::Session;
use crate::verbs::status::Status;
use crate::verbs::stores::Stores;
use crate::verbs::verify::Verify;
use crate::verbs::who::Who;

/// The verified CloudTrail lake that you run yourself.
///
/// trailkeep reads the log files that AWS CloudTrail delivers, keeps every record exactly once and byte for byte in an open
/// format (Parquet and Delta), and answers SQL. Alone, it says what the lake holds and what to do next.
#[derive(Debug, Parser)]
#[command(
    name = "trailkeep",
    version,
    before_help = "Examples:
  trailkeep demo                            start here: a sample, with an attack
  trailkeep collect s3://my-trail-bucket    an organization's logs into the lake
  trailkeep query \"SELECT eventName, count(*) FROM events GROUP BY 1\"
  trailkeep investigate AKIAIOSFODNN7EXAMPLE  what that key did, and where it led
  trailkeep                                 what the lake holds, and what is next",
    after_help = "Exit codes: 0 fine, 1 error, 2 usage, 3 findings, 4 integrity violated, 5 partial, 130 interrupted.
Settings: flag, TRAILKEEP_* variable, configuration file (--config), AWS's own variable, default: the first one counts;
`trailkeep doctor` shows where each value came from.",
    max_term_width = 120
)]
pub struct Arguments {
    /// Settings.
    #[command(flatten)]
    pub place: Place,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    Demo(Demo),
    Collect(Collect),
    Verify(Verify),
    Evidence(Evidence),
    Seal(Seal),
    Query(Query),
    Detect(Detect),
    Findings(Findings),
    Rules(Rules),
    Investigate(Investigate),
    Who(Who),
    Session(Session),
    Status(Status),
    Stores(Stores),
    Check(Check),
    Selectors(SelectorsVerb),
    Metrics(Metrics),
    Export(Export),
    Compact(Compact),
    Sample(Sample),
    Doctor(Doctor),
    Completions(Completions),
    Measured(Measured),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_begins_its_help_with_examples() {
        for verb in Arguments::command().get_subcommands_mut() {
            let help = verb.render_long_help().to_string();
            assert!(help.starts_with("Examples:\n"), "{help}");
        }
    }

    #[test]
    fn ordinary_options_stand_below_options() {
        for (verb, option) in [("collect", "--threads"), ("collect", "--progress"), ("verify", "--resume"), ("verify", "--output")]
        {
            let mut line = Arguments::command();
            let help = line.find_subcommand_mut(verb).unwrap().render_long_help().to_string();
            let (_, options) = help.split_once("\nOptions:\n").unwrap();
            let first = options.lines().find(|line| !line.is_empty() && !line.starts_with(' ')).unwrap_or_default();
            let ordinary = options.split(first).next().unwrap();
            assert!(ordinary.contains(option), "{option} of {verb} stands elsewhere:\n{help}");
        }
    }

    #[test]
    fn rules_in_examples_come_along() {
        let help = |command: &mut clap::Command| command.render_long_help().to_string();
        let mut line = Arguments::command();
        let rules = line.find_subcommand_mut("rules").unwrap();
        let mut texts = vec![help(rules)];
        texts.extend(rules.get_subcommands_mut().map(help));
        let lines = texts.iter().flat_map(|text| text.lines());
        let named = lines.filter_map(|line| line.split_once("rules explain ").or_else(|| line.split_once("rules why ")));
        let names: Vec<&str> =
            named.filter(|(_, rest)| !rest.contains("--rules")).filter_map(|(_, rest)| rest.split_whitespace().next()).collect();
        assert!(names.len() >= 4, "{names:?}");
        for name in names {
            assert!(crate::detecting::pack::PACK.iter().any(|rule| rule.name == name), "no rule `{name}` comes along");
        }
    }

    #[test]
    fn help_is_a_verb_too() {
        let error = Arguments::try_parse_from(["trailkeep", "help", "collect"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp);
    }

    #[test]
    fn the_home_may_stand_anywhere() {
        for line in [&["trailkeep", "--home", "h", "status"][..], &["trailkeep", "status", "--home", "h"]] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert_eq!(arguments.place.home.as_deref(), Some("h"));
        }
    }

    #[test]
    fn what_does_not_parse() {
        for line in [
            &["trailkeep", "collect"][..],
            &["trailkeep", "collect", "x", "--since", "yesterday"],
            &["trailkeep", "collect", "x", "--max-object-size", "big"],
            &["trailkeep", "query", "SELECT 1", "-o", "xml"],
            &["trailkeep", "export", "files"],
            &["trailkeep", "export", "ddl", "--for", "oracle"],
            &["trailkeep", "compact", "--grace", "soon"],
            &["trailkeep", "sample", "--out", "d", "--days", "0"],
            &["trailkeep", "verify", "--like-aws"],
            &["trailkeep", "verify", "d", "-o", "xml"],
            &["trailkeep", "verify", "d", "-o", "junit="],
            &["trailkeep", "verify", "d", "--map", "bucket"],
            &["trailkeep", "verify", "d", "--until", "later"],
            &["trailkeep", "verify", "d", "--threads", "0"],
            &["trailkeep", "evidence", "--out", "x.zip"],
            &["trailkeep", "evidence", "--event", "1"],
            &["trailkeep", "evidence", "--event", "1", "--sql", "SELECT 1", "--out", "x.zip"],
            &["trailkeep", "check"],
            &["trailkeep", "findings", "--level", "worst"],
            &["trailkeep", "collect", "x", "--follow", "--no-detect", "--tell", "stdout"],
            &["trailkeep", "check", "f", "-o", "xml"],
            &["trailkeep", "check", "f", "--fail-on", "never"],
            &["trailkeep", "selectors", "try"],
            &["trailkeep", "metrics"],
            &["trailkeep", "nonsense"],
        ] {
            assert!(Arguments::try_parse_from(line).is_err(), "{line:?}");
        }
    }
}
