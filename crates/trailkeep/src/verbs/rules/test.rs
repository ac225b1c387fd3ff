//! `trailkeep rules test`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use detect::{Verdict, check};
use finding::xml::escaped;

use crate::detecting::{Rules, cases};
use crate::exit::{Exit, Failure};
use crate::figures::counted;
use crate::output;
use crate::settings::Context;
use crate::verbs::collect::summary;

/// Test rules with the cases beside them: they fire where they should, stay quiet where they should, and every part is needed.
///
/// A rule is a folder with `rule.yml`, `fires.json` and `quiet.json`. Cases are a list of {"name", "event"}; for a correlation
/// {"name", "events"}. A quiet case may be {"name", "like": a case that fires, "change": a JSON merge patch}. Each selection, line,
/// value and operand is taken away in turn: a case must notice. Without DIR the rules that come with trailkeep are tested.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep rules test
  trailkeep rules test ./my-rules -o junit")]
pub struct Test {
    /// A rule's folder, or a folder of such folders
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Values for `expand`: a YAML file of `name: [value, ...]`
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TestFormat,
}

/// Format of a test's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    Table,
    Json,
    Junit,
}

impl Test {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let suites = match &self.folder {
            Some(folder) => cases::of_folder(folder)?,
            None => cases::packed(),
        };
        if suites.is_empty() {
            return Err(Failure::usage("no rules come with this build", "name a folder of rules"));
        }
        let rules = Rules { placeholders: self.placeholders, ..Rules::default() };
        let placeholders = rules.placeholders()?;
        let verdicts: Vec<Verdict> = suites.iter().map(|suite| check(suite, &placeholders)).collect();
        let failed = verdicts.iter().filter(|verdict| !verdict.problems.is_empty()).count();
        match self.output {
            TestFormat::Json => output::line(summary::to_json(&serde_json::json!({ "rules": verdicts, "failed": failed }))?)?,
            TestFormat::Junit => output::line(junit(&verdicts, failed))?,
            TestFormat::Table => output::line(text(&verdicts, context))?,
        }
        if failed > 0 {
            let what = format!("{} of {} failed", failed, counted(verdicts.len() as u64, "rule"));
            return Err(Failure::failed(what, "add the case that is missing, or take away the part that nothing needs"));
        }
        Ok(Exit::Fine)
    }
}

fn text(verdicts: &[Verdict], context: &Context) -> String {
    let mut lines = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| !verdict.problems.is_empty()) {
        lines.push(format!("{}  {}", context.screen.bad("failed"), output::clean(&verdict.name)));
        lines.extend(verdict.problems.iter().map(|problem| format!("        {}", output::clean(problem))));
    }
    let sum = |of: fn(&Verdict) -> usize| verdicts.iter().map(of).sum::<usize>() as u64;
    lines.push(format!(
        "{}, {}, {} taken away in turn",
        counted(verdicts.len() as u64, "rule"),
        counted(sum(|verdict| verdict.cases), "case"),
        counted(sum(|verdict| verdict.mutants), "part"),
    ));
    lines.join("\n")
}

fn junit(verdicts: &[Verdict], failed: usize) -> String {
    let case = |verdict: &Verdict| {
        let name = escaped(&verdict.name);
        if verdict.problems.is_empty() {
            return format!("    <testcase classname=\"trailkeep.rules\" name=\"{name}\"/>\n");
        }
        let told = escaped(&verdict.problems.join("\n"));
        format!("    <testcase classname=\"trailkeep.rules\" name=\"{name}\"><failure message=\"{told}\"/></testcase>\n")
    };
    let cases: String = verdicts.iter().map(case).collect();
    let counts = format!("tests=\"{}\" failures=\"{failed}\"", verdicts.len());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"trailkeep.rules\" {counts}>\n{cases}  \
         </testsuite>\n</testsuites>"
    )
}
