//! Predicates and metric filters, run on events.

use metrics::{MetricValue, Minutes, Transformation};
use predicate::pattern::{Pattern, Semantics};
use predicate::{Expr, Matcher, Set};
use serde_json::Value;

/// Something that holds for some events.
#[derive(Debug)]
pub struct Running(What);

#[derive(Debug)]
enum What {
    Set(Set),
    /// Terms and space-delimited patterns see an event as a line of text.
    Line(Pattern),
}

impl Running {
    /// A predicate; `None` if it is larger than the limits.
    pub fn expr(expr: &Expr) -> Option<Running> {
        Set::new([expr]).ok().map(|set| Running(What::Set(set)))
    }

    /// A filter pattern; `None` if it is larger than the limits.
    pub fn pattern(pattern: &Pattern) -> Option<Running> {
        match pattern.lower(Semantics::default()) {
            Some(expr) => Running::expr(&expr),
            None => Some(Running(What::Line(pattern.clone()))),
        }
    }

    /// Whether it holds for an event.
    pub fn holds(&self, event: &Value) -> bool {
        self.holds_for(&event.to_string())
    }

    /// Whether it holds for an event that is given as JSON text.
    pub fn holds_for(&self, json: &str) -> bool {
        match &self.0 {
            What::Line(pattern) => pattern.matches_line(json),
            What::Set(set) => {
                let mut hits = Vec::new();
                Matcher::new(set).text(json, &mut hits);
                !hits.is_empty()
            }
        }
    }
}

/// A metric filter that counts.
#[derive(Debug)]
pub struct Counter {
    running: Running,
    transformation: Transformation,
    minutes: Minutes,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    /// It matched and counts for this.
    For(f64),
    /// It matched, but has no number where the filter looks for one.
    WithoutNumber,
    /// It did not match.
    Not,
}

impl Counter {
    /// A filter before its first event.
    pub fn new(running: Running, transformation: Transformation) -> Counter {
        let minutes = Minutes::new(transformation.clone());
        Counter { running, transformation, minutes }
    }

    /// Counts an event that came to the log group at this second.
    pub fn take(&mut self, json: &str, at_s: i64) -> Counted {
        let holds = self.running.holds_for(json);
        self.count(json, at_s, holds)
    }

    /// The same, where it is known whether the event matches.
    fn count(&mut self, json: &str, at_s: i64, holds: bool) -> Counted {
        self.minutes.arrived(at_s);
        if !holds {
            return Counted::Not;
        }
        let event = if self.needs_event() { serde_json::from_str(json).unwrap_or_default() } else { Value::Null };
        let value = match &self.transformation.value {
            MetricValue::Constant(value) => Some(*value),
            MetricValue::Selector(selector) => at(&event, selector).and_then(number),
        };
        let Some(value) = value else { return Counted::WithoutNumber };
        let dimensions: Option<Vec<(String, String)>> = self
            .transformation
            .dimensions
            .iter()
            .map(|(name, selector)| Some((name.clone(), text(at(&event, selector)?)?)))
            .collect();
        self.minutes.matched(at_s, value, dimensions.unwrap_or_default());
        Counted::For(value)
    }

    /// The points so far.
    pub fn minutes(&self) -> &Minutes {
        &self.minutes
    }

    fn needs_event(&self) -> bool {
        matches!(self.transformation.value, MetricValue::Selector(_)) || !self.transformation.dimensions.is_empty()
    }
}

/// Metric filters that count together: what their patterns share is asked once for an event.
#[derive(Debug)]
pub struct Counters {
    set: Set,
    /// Counter of each predicate of the set.
    of: Vec<usize>,
    counters: Vec<Counter>,
}

/// Puts events to [`Counters`].
pub struct Counting<'c> {
    matcher: Matcher<'c>,
    hits: Vec<usize>,
    of: &'c [usize],
    counters: &'c mut [Counter],
    holds: Vec<bool>,
}

impl Counters {
    /// Filters before their first event; `None` if their patterns are larger than the limits.
    pub fn new(filters: Vec<(Pattern, Transformation)>) -> Option<Counters> {
        let (mut exprs, mut of, mut counters) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (pattern, transformation)) in filters.into_iter().enumerate() {
            if let Some(expr) = pattern.lower(Semantics::default()) {
                exprs.push(expr);
                of.push(number);
            }
            counters.push(Counter::new(Running(What::Line(pattern)), transformation));
        }
        Some(Counters { set: Set::new(&exprs).ok()?, of, counters })
    }

    /// Ready for events.
    pub fn counting(&mut self) -> Counting<'_> {
        let holds = vec![false; self.counters.len()];
        Counting { matcher: Matcher::new(&self.set), hits: Vec::new(), of: &self.of, counters: &mut self.counters, holds }
    }

    /// The filters, in the order given.
    pub fn each(&self) -> &[Counter] {
        &self.counters
    }
}

impl Counting<'_> {
    /// Counts an event that came to the log group at this second; says for each filter what became of it.
    pub fn take(&mut self, json: &str, at_s: i64, each: &mut dyn FnMut(usize, Counted)) {
        let Counting { matcher, hits, of, counters, holds } = self;
        matcher.text(json, hits);
        holds.fill(false);
        for number in hits.iter().filter_map(|hit| of.get(*hit)) {
            if let Some(holds) = holds.get_mut(*number) {
                *holds = true;
            }
        }
        for (number, (counter, holds)) in counters.iter_mut().zip(holds.iter()).enumerate() {
            // A pattern of a line has no predicate in the set.
            let holds = *holds || (of.binary_search(&number).is_err() && counter.running.holds_for(json));
            each(number, counter.count(json, at_s, holds));
        }
    }
}

/// The value at `$.a.b[0]`.
fn at<'e>(event: &'e Value, selector: &str) -> Option<&'e Value> {
    let pattern = Pattern::parse(&format!("{{ {selector} = * }}")).ok()?;
    let condition = pattern.conditions().first().map(|condition| condition.selector.path.clone())?;
    condition.steps.iter().try_fold(event, |value, step| match step {
        predicate::Step::Key(key) => value.get(key),
        predicate::Step::Index(index) => value.get(index),
        predicate::Step::Each => None,
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
