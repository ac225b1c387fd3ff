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
    /// So many different values of a field, or of several fields taken together.
    ValueCount(Vec<String>, Vec<Threshold>),
    /// A measure of the numbers in a field; events without a number in it do not count.
    Measured(Measure, String, Vec<Threshold>),
    /// Each of the rules (or so many of them), in any order.
    Temporal(Vec<Threshold>),
    /// Each of the rules, in this order.
    TemporalOrdered,
}

/// What is made of several numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The number below which so many percent of them lie, between two of them in proportion.
    Percentile(Number),
}

/// A comparison with a number; several must hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// How it compares.
    pub order: Order,
    /// Whether it must not compare so: `neq`.
    pub is_negated: bool,
    /// With what.
    pub number: Number,
}

impl Threshold {
    /// Whether a count or a measure passes.
    pub fn holds(&self, value: f64) -> bool {
        self.order.holds(value, self.number.value()) != self.is_negated
    }
}

impl CorrelationKind {
    /// The fields whose values are counted or measured.
    pub fn fields(&self) -> &[String] {
        match self {
            CorrelationKind::ValueCount(fields, _) => fields,
            CorrelationKind::Measured(_, field, _) => std::slice::from_ref(field),
            CorrelationKind::EventCount(_) | CorrelationKind::Temporal(_) | CorrelationKind::TemporalOrdered => &[],
        }
    }
}

const KINDS: [&str; 8] =
    ["event_count", "value_count", "value_sum", "value_avg", "value_percentile", "value_median", "temporal", "temporal_ordered"];
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
    if let Some(Node { line, value: Yaml::Text(_) }) = condition {
        let hint = "leave it away to ask for all rules, or write a number of them as `condition: {gte: 2}`";
        return Err(SigmaError::new(*line, "a condition over the names of rules is not supported", hint));
    }
    let numbers = || thresholds(condition, node.line);
    let measured = |measure: Measure| Ok(CorrelationKind::Measured(measure, field(condition, &written, node.line)?, numbers()?));
    match written.as_str() {
        "event_count" => Ok(CorrelationKind::EventCount(numbers()?)),
        "value_count" => Ok(CorrelationKind::ValueCount(fields(condition, &written, node.line)?, numbers()?)),
        "value_sum" => measured(Measure::Sum),
        "value_avg" => measured(Measure::Average),
        "value_percentile" => measured(Measure::Percentile(percentile(condition, node.line)?)),
        "value_median" => measured(Measure::Percentile(Number::parse("50").ok_or_else(|| no_percentile(node.line))?)),
        "temporal" if condition.is_some() => Ok(CorrelationKind::Temporal(numbers()?)),
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

/// The fields of `value_count`, one or several.
fn fields(condition: Option<&Node>, kind: &str, line: usize) -> Result<Vec<String>, SigmaError> {
    let fields = condition.and_then(|condition| condition.get("field")).map(texts).unwrap_or_default();
    if fields.is_empty() {
        let what = format!("`{kind}` needs the field whose values are looked at");
        return Err(SigmaError::new(line, what, "add `field: ...` under `condition:`"));
    }
    Ok(fields)
}

fn field(condition: Option<&Node>, kind: &str, line: usize) -> Result<String, SigmaError> {
    match fields(condition, kind, line)?.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(SigmaError::new(line, format!("`{kind}` measures one field"), "name one; for several write several correlations")),
    }
}

/// Which percentile; the middle if it does not say.
fn percentile(condition: Option<&Node>, line: usize) -> Result<Number, SigmaError> {
    let written = condition.and_then(|condition| condition.get("percentile"));
    let text = written.map_or_else(|| Some("50".to_owned()), Node::scalar).unwrap_or_default();
    let number = Number::parse(&text).filter(|number| (0.0..=100.0).contains(&number.value()));
    number.ok_or_else(|| no_percentile(written.map_or(line, |node| node.line)))
}

fn no_percentile(line: usize) -> SigmaError {
    SigmaError::new(line, "`percentile` must be a number from 0 to 100", "write it as in `percentile: 95`")
}

/// Keys of a condition that are no comparisons.
const BESIDE: [&str; 2] = ["field", "percentile"];

fn thresholds(node: Option<&Node>, line: usize) -> Result<Vec<Threshold>, SigmaError> {
    let missing = || SigmaError::new(line, "the correlation has no threshold", "add one, as in `condition: {gte: 10}`");
    let mut thresholds = Vec::new();
    for member in node.ok_or_else(missing)?.members().iter().filter(|member| !BESIDE.contains(&member.key.as_str())) {
        let order = match member.key.as_str() {
            "gt" => Order::Greater,
            "gte" => Order::GreaterOrEqual,
            "lt" => Order::Less,
            "lte" => Order::LessOrEqual,
            "eq" | "neq" => Order::Equal,
            other => {
                let hint = "write gt, gte, lt, lte, eq or neq";
                return Err(SigmaError::new(member.line, format!("`{other}` is no comparison"), hint));
            }
        };
        let number = member.value.scalar().and_then(|text| Number::parse(&text)).ok_or_else(|| {
            SigmaError::new(member.line, format!("`{}` must be a number", member.key), "write it without quotes or units")
        })?;
        thresholds.push(Threshold { order, is_negated: member.key == "neq", number });
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
