//! Correlations: several events that mean something together.

use super::error::{SigmaError, closest};
use super::meta::{Level, Meta};
use crate::check::{Number, Order};
use crate::yaml::{Node, Yaml};

/// A rule over the matches of other rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// What it says about itself.
    pub meta: Meta,
    /// Where it stands in its file.
    pub line: usize,
    /// What is looked for.
    pub kind: CorrelationKind,
    /// The rules, by id, name or title.
    pub rules: Vec<String>,
    /// Fields (or aliases) whose values must be the same.
    pub group_by: Vec<String>,
    /// Within how many seconds.
    pub timespan_s: i64,
    /// Fields that are called differently in some rules: `(alias, [(rule, field)])`.
    pub aliases: Vec<Alias>,
    /// Whether the rules below also give findings of their own.
    pub generates: bool,
}

/// A name, and the field that it stands for in each rule.
pub type Alias = (String, Vec<(String, String)>);

/// What a correlation looks for within its timespan.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrelationKind {
    /// So many events.
    EventCount(Vec<Threshold>),
    /// So many different values of a field.
    ValueCount(String, Vec<Threshold>),
    /// Each of the rules (or so many of them), in any order.
    Temporal(Vec<Threshold>),
    /// Each of the rules, in this order.
    TemporalOrdered,
}

/// A comparison with a number; several must hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// How it compares.
    pub order: Order,
    /// With what.
    pub number: Number,
}

impl Threshold {
    /// Whether a count passes.
    pub fn holds(&self, count: usize) -> bool {
        self.order.holds(count as f64, self.number.value())
    }
}

const KINDS: [&str; 4] = ["event_count", "value_count", "temporal", "temporal_ordered"];
const KEYS: [&str; 7] = ["type", "rules", "group-by", "timespan", "aliases", "generate", "condition"];
/// Longest timespan, in seconds: 90 days.
const TIMESPAN_MAX_S: i64 = 90 * 86_400;

impl Correlation {
    /// Reads a document that has `correlation`.
    pub(crate) fn read(document: &Node, node: &Node) -> Result<Correlation, SigmaError> {
        if let Some(member) = node.members().iter().find(|member| !KEYS.contains(&member.key.as_str())) {
            let hint = closest(&member.key, KEYS)
                .map_or_else(|| format!("there are: {}", KEYS.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(SigmaError::new(member.line, format!("a correlation has no `{}`", member.key), hint));
        }
        let rules: Vec<String> = node.get("rules").map(texts).unwrap_or_default();
        if rules.is_empty() {
            return Err(SigmaError::new(node.line, "the correlation names no rules", "add `rules:` with a list of names or ids"));
        }
        Ok(Correlation {
            meta: Meta { level: Some(Meta::read(document)?.level.unwrap_or(Level::Medium)), ..Meta::read(document)? },
            line: node.line,
            kind: kind(node)?,
            rules,
            group_by: node.get("group-by").map(texts).unwrap_or_default(),
            timespan_s: timespan(node)?,
            aliases: node.get("aliases").map(aliases).transpose()?.unwrap_or_default(),
            generates: node.get("generate").is_some_and(|value| value.value == Yaml::Bool(true)),
        })
    }
}

fn texts(node: &Node) -> Vec<String> {
    node.each().iter().filter_map(Node::scalar).collect()
}

fn kind(node: &Node) -> Result<CorrelationKind, SigmaError> {
    let written = node.get("type").and_then(Node::scalar).unwrap_or_default();
    let condition = node.get("condition");
    match written.as_str() {
        "event_count" => Ok(CorrelationKind::EventCount(thresholds(condition, node.line)?)),
        "value_count" => {
            let field = condition.and_then(|condition| condition.get("field")).and_then(Node::scalar).ok_or_else(|| {
                SigmaError::new(
                    node.line,
                    "`value_count` needs the field whose values are counted",
                    "add `field: ...` under `condition:`",
                )
            })?;
            Ok(CorrelationKind::ValueCount(field, thresholds(condition, node.line)?))
        }
        "temporal" if condition.is_some() => Ok(CorrelationKind::Temporal(thresholds(condition, node.line)?)),
        "temporal" => Ok(CorrelationKind::Temporal(Vec::new())),
        "temporal_ordered" => Ok(CorrelationKind::TemporalOrdered),
        _ => {
            let line = node.get("type").map_or(node.line, |value| value.line);
            let hint = closest(&written, KINDS)
                .map_or_else(|| format!("write one of: {}", KINDS.join(", ")), |near| format!("did you mean `{near}`?"));
            Err(SigmaError::new(line, format!("`{written}` is no type of correlation that is supported"), hint))
        }
    }
}

fn thresholds(node: Option<&Node>, line: usize) -> Result<Vec<Threshold>, SigmaError> {
    let missing = || SigmaError::new(line, "the correlation has no threshold", "add one, as in `condition: {gte: 10}`");
    let mut thresholds = Vec::new();
    for member in node.ok_or_else(missing)?.members().iter().filter(|member| member.key != "field") {
        let order = match member.key.as_str() {
            "gt" => Order::Greater,
            "gte" => Order::GreaterOrEqual,
            "lt" => Order::Less,
            "lte" => Order::LessOrEqual,
            "eq" => Order::Equal,
            other => {
                let hint = "write gt, gte, lt, lte or eq";
                return Err(SigmaError::new(member.line, format!("`{other}` is no comparison"), hint));
            }
        };
        let number = member.value.scalar().and_then(|text| Number::parse(&text)).ok_or_else(|| {
            SigmaError::new(member.line, format!("`{}` must be a number", member.key), "write it without quotes or units")
        })?;
        thresholds.push(Threshold { order, number });
    }
    if thresholds.is_empty() { Err(missing()) } else { Ok(thresholds) }
}

fn timespan(node: &Node) -> Result<i64, SigmaError> {
    let written = node.get("timespan").or_else(|| node.get("timeframe"));
    let line = written.map_or(node.line, |value| value.line);
    let text = written.and_then(Node::scalar).unwrap_or_default();
    let seconds = text.char_indices().last().and_then(|(at, unit)| {
        let number: i64 = text.get(..at)?.trim().parse().ok()?;
        let unit = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        number.checked_mul(unit)
    });
    seconds.filter(|seconds| (1..=TIMESPAN_MAX_S).contains(seconds)).ok_or_else(|| {
        let hint = format!("write a number and s, m, h, d or w, as in `timespan: 10m`; at most {} days", TIMESPAN_MAX_S / 86_400);
        SigmaError::new(line, format!("`{text}` is no timespan"), hint)
    })
}

fn aliases(node: &Node) -> Result<Vec<Alias>, SigmaError> {
    let fields = |alias: &Node| {
        let of_rule = alias.members().iter().map(|member| {
            let field = member.value.scalar().ok_or_else(|| {
                SigmaError::new(member.line, format!("the alias of `{}` must be a field", member.key), "write `rule: field`")
            })?;
            Ok((member.key.clone(), field))
        });
        of_rule.collect::<Result<Vec<_>, SigmaError>>()
    };
    node.members().iter().map(|member| Ok((member.key.clone(), fields(&member.value)?))).collect()
}
