//! `trailkeep rules list`

use clap::Args;
use detect::blind::BLIND_RULES;
use detect::{Entry, Kind};

use crate::detecting::Rules;
use crate::exit::{Exit, Failure};
use crate::figures;
use crate::output::{self, Align, Table};
use crate::settings::Context;
use crate::verbs::collect::SummaryFormat;

/// List the rules: those that come with trailkeep, and yours.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep rules list
  trailkeep rules list --rules ./my-rules -o json")]
pub struct List {
    #[command(flatten)]
    rules: Rules,

    /// Format
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: SummaryFormat,
}

impl List {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let book = self.rules.read()?;
        for refused in &book.refused {
            output::complain(&format!("`{}`, line {}: {}", refused.file, refused.line, refused.what), &refused.hint);
        }
        match self.output {
            SummaryFormat::Json => {
                let rules: Vec<_> = book.rules.iter().map(json).collect();
                let whole = serde_json::json!({ "rules": rules, "refused": book.refused, "skipped": book.skipped });
                output::line(crate::verbs::collect::summary::to_json(&whole)?)?;
            }
            SummaryFormat::Table => {
                let mut table = Table::with(["level", "rule", "title", "ATT&CK"].map(str::to_owned).to_vec(), vec![Align::Left; 4]);
                for entry in &book.rules {
                    let techniques = finding::attack(&entry.meta().tags).v19.join(" ");
                    table.row([entry.severity.word().to_owned(), entry.stem().to_owned(), entry.meta().title.clone(), techniques]);
                }
                output::line(table.draw(context.screen, 0))?;
                output::note(sum(&book.rules));
            }
        }
        Ok(if book.refused.is_empty() { Exit::Fine } else { Exit::Partial })
    }
}

/// How many there are; `detect` and `collect --follow` listen for silence as well, which is no rule.
fn sum(rules: &[Entry]) -> String {
    let correlations = rules.iter().filter(|entry| !matches!(entry.kind, Kind::Rule(_))).count() as u64;
    let rules = figures::counted(rules.len() as u64, "rule");
    let built_in = figures::counted(BLIND_RULES.len() as u64, "built-in detector");
    format!("{rules}, of which {}; `detect` has {built_in} of silence besides", figures::counted(correlations, "correlation"))
}

fn json(entry: &Entry) -> serde_json::Value {
    let meta = entry.meta();
    serde_json::json!({
        "id": entry.id,
        "name": entry.stem(),
        "title": meta.title,
        "level": entry.severity,
        "kind": if matches!(entry.kind, Kind::Rule(_)) { "rule" } else { "correlation" },
        "status": meta.status,
        "tags": meta.tags,
        "attack": finding::attack(&meta.tags),
        "file": entry.file,
        "version": entry.version,
    })
}
