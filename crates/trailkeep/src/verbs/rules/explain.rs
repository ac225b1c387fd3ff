//! `trailkeep rules explain`

use clap::Args;
use detect::{Clause, Entry, Kind, clauses};
use predicate::sigma::{CorrelationKind, Measure, Threshold};

use super::why::find;
use crate::detecting::Rules;
use crate::exit::{Exit, Failure};
use crate::output::{self, clean};
use crate::settings::Context;

/// Say what a rule looks for, and why.
#[derive(Args, Debug)]
#[command(before_help = "Examples:
  trailkeep rules explain cloudtrail-trail-stopped
  trailkeep rules explain 4db60cc0-36fb-42b7-9b58-a5b53019fb74 --rules ./sigma")]
pub struct Explain {
    /// Its id, name, title or folder
    #[arg(value_name = "RULE")]
    rule: String,

    #[command(flatten)]
    rules: Rules,
}

impl Explain {
    pub fn run(self, context: &Context) -> Result<Exit, Failure> {
        let book = self.rules.read()?;
        let entry = find(&book, &self.rule)?;
        // A folder that holds a correlation is explained by it; the rules that it is over have names of their own.
        let is_above = |other: &&Entry| matches!(other.kind, Kind::Correlation(_)) && other.stem() == self.rule;
        output::line(text(book.rules.iter().find(is_above).unwrap_or(entry), context))?;
        Ok(Exit::Fine)
    }
}

fn text(entry: &Entry, context: &Context) -> String {
    let meta = entry.meta();
    let mut lines = vec![context.screen.bold(&clean(&meta.title)), String::new()];
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("{name:<12} {}", clean(text)));
        }
    };
    let attack = finding::attack(&meta.tags);
    add("id", &entry.id);
    add("level", entry.severity.word());
    add("status", meta.status.as_deref().unwrap_or_default());
    add("about", meta.description.trim());
    add("ATT&CK", &attack.tactics.join(", "));
    add("  in v19", &attack.v19.join(", "));
    add("  up to v18", &attack.v18.join(", "));
    let others: Vec<&str> = meta.tags.iter().filter(|tag| !tag.starts_with("attack.")).map(String::as_str).collect();
    add("tags", &others.join(", "));
    add("controls", &meta.custom("controls").join(", "));
    add("to do", meta.custom("response").first().map_or("", String::as_str));
    add("author", &meta.author);
    add("file", &entry.file);
    meta.references.iter().for_each(|link| add("see", link));
    meta.false_positives.iter().for_each(|what| add("also seen", what));
    lines.push(String::new());
    match &entry.kind {
        Kind::Rule(rule) => {
            lines.push("looks for a record with".to_owned());
            let conditions: Vec<String> = rule.detection.conditions.iter().map(ToString::to_string).collect();
            lines.push(format!("  {}", clean(&conditions.join(", or "))));
            lines.extend(clauses(rule).iter().map(clause));
        }
        Kind::Correlation(correlation) => {
            lines.push(format!("looks for {}", kind(&correlation.kind)));
            lines.push(format!("  of {}", clean(&correlation.rules.join(", "))));
            lines.push(format!("  within {} s, with the same {}", correlation.timespan_s, clean(&correlation.group_by.join(", "))));
        }
    }
    lines.join("\n")
}

fn clause(clause: &Clause) -> String {
    format!("  {}: {}", clean(&clause.search), clean(&clause.text))
}

fn kind(kind: &CorrelationKind) -> String {
    let numbers = |thresholds: &[Threshold]| {
        let each = thresholds.iter().map(|threshold| format!("{} {}", sign(threshold), threshold.number.value()));
        each.collect::<Vec<_>>().join(" and ")
    };
    match kind {
        CorrelationKind::EventCount(thresholds) => format!("a number of matches {}", numbers(thresholds)),
        CorrelationKind::ValueCount(fields, thresholds) => {
            format!("a number of different `{}` {}", clean(&fields.join(", ")), numbers(thresholds))
        }
        CorrelationKind::Measured(measure, field, thresholds) => {
            let measure = match measure {
                Measure::Sum => "sum".to_owned(),
                Measure::Average => "mean".to_owned(),
                Measure::Percentile(percent) => format!("{}th percentile", percent.value()),
            };
            format!("matches whose `{}` has a {measure} {}", clean(field), numbers(thresholds))
        }
        CorrelationKind::Temporal(thresholds) if thresholds.is_empty() => "matches of each of the rules, in any order".to_owned(),
        CorrelationKind::Temporal(thresholds) => format!("matches of a number of the rules {}", numbers(thresholds)),
        CorrelationKind::TemporalOrdered => "matches of each of the rules, in this order".to_owned(),
    }
}

fn sign(threshold: &Threshold) -> &'static str {
    if threshold.is_negated { "!=" } else { threshold.order.sign() }
}
