//! Correlations over matches, in event time: the order in which log files arrive does not matter.

use std::collections::HashMap;
use std::sync::Arc;

use finding::{Entity, Event};
use predicate::sigma::{Correlation, CorrelationKind, Threshold};
use predicate::{Number, Order};

use crate::book::Entry;
use crate::gauge::Gauge;

/// A match that takes part in a correlation.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// When, in microseconds since 1970 UTC.
    pub(crate) time: i64,
    /// The rule's place among the correlation's rules.
    pub(crate) place: usize,
    pub(crate) value: String,
    pub(crate) entity: Arc<Entity>,
    pub(crate) event: Arc<Event>,
    /// What it is to the correlations over this one.
    pub(crate) above: Vec<Part>,
}

/// The part that a match takes in a correlation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which correlation.
    pub(crate) correlation: usize,
    /// The group that it falls into.
    pub(crate) group: String,
    /// The value that is counted or measured.
    pub(crate) value: String,
}

/// A correlation that came true: the hits from the first to the last that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    pub(crate) first: i64,
    /// How many of the hits it took; the others followed without a pause.
    pub(crate) enough: usize,
    pub(crate) hits: Vec<Hit>,
}

/// The fields by which a rule's matches are grouped, `(name, field)`, and those whose values are counted. The rule may be meant by its own name, or by
/// that of a correlation over it.
pub(crate) fn fields_of(correlation: &Correlation, meant: &[&Entry]) -> (Vec<(String, String)>, Vec<String>) {
    let field = |name: &String| {
        let alias = correlation.aliases.iter().find(|(alias, _)| alias == name);
        let is_meant = |called: &str| meant.iter().any(|entry| entry.is_called(called));
        let of_rule = alias.and_then(|(_, of)| of.iter().find(|(rule, _)| is_meant(rule)));
        of_rule.map_or_else(|| name.clone(), |(_, field)| field.clone())
    };
    let counted = correlation.kind.fields().iter().map(field).collect();
    (correlation.group_by.iter().map(|name| (name.clone(), field(name))).collect(), counted)
}

/// Where a correlation came true among the hits of one group.
pub(crate) fn firings(correlation: &Correlation, mut hits: Vec<Hit>) -> Vec<Firing> {
    hits.sort_by(|a, b| (a.time, a.place, &a.event).cmp(&(b.time, b.place, &b.event)));
    let span = correlation.timespan_s.saturating_mul(1_000_000);
    let all = [Threshold { order: Order::GreaterOrEqual, is_negated: false, number: all_of(correlation) }];
    let thresholds = match &correlation.kind {
        CorrelationKind::EventCount(thresholds)
        | CorrelationKind::ValueCount(_, thresholds)
        | CorrelationKind::Measured(_, _, thresholds) => thresholds,
        CorrelationKind::Temporal(thresholds) if !thresholds.is_empty() => thresholds,
        CorrelationKind::Temporal(_) => &all[..],
        CorrelationKind::TemporalOrdered => return ordered(&hits, span, correlation.rules.len()),
    };
    let passes = |gauge: &Gauge<'_>| gauge.value().is_some_and(|value| thresholds.iter().all(|threshold| threshold.holds(value)));
    if slides(correlation) {
        reached(&correlation.kind, &hits, span, passes)
    } else {
        side_by_side(&correlation.kind, &hits, span, passes)
    }
}

/// Whether it is looked for at every event, because more events can only help; others are looked for at the end of windows side by side.
pub(crate) fn slides(correlation: &Correlation) -> bool {
    let grows = |threshold: &Threshold| !threshold.is_negated && matches!(threshold.order, Order::Greater | Order::GreaterOrEqual);
    match &correlation.kind {
        CorrelationKind::EventCount(thresholds)
        | CorrelationKind::ValueCount(_, thresholds)
        | CorrelationKind::Measured(_, _, thresholds)
        | CorrelationKind::Temporal(thresholds) => thresholds.iter().all(grows),
        CorrelationKind::TemporalOrdered => true,
    }
}

fn all_of(correlation: &Correlation) -> Number {
    Number::parse(&correlation.rules.len().to_string()).unwrap_or_else(zero)
}

fn zero() -> Number {
    #[expect(clippy::expect_used, reason = "zero is finite")]
    Number::new(0.0).expect("zero is finite")
}

/// Fires when a window that ends with an event passes; what follows without a gap as long as the window belongs to it.
fn reached(kind: &CorrelationKind, hits: &[Hit], span: i64, passes: impl Fn(&Gauge<'_>) -> bool) -> Vec<Firing> {
    let mut firings: Vec<Firing> = Vec::new();
    let (mut from, mut gauge, mut is_open) = (0, Gauge::new(kind), false);
    for (at, hit) in hits.iter().enumerate() {
        if is_open
            && let Some(open) = firings.last_mut()
            && open.hits.last().is_some_and(|last| hit.time - last.time <= span)
        {
            open.hits.push(hit.clone());
            from = at + 1;
            continue;
        }
        is_open = false;
        while let Some(first) = hits.get(from..at).and_then(<[Hit]>::first).filter(|first| hit.time - first.time > span) {
            gauge.take(first);
            from += 1;
        }
        gauge.add(hit);
        if passes(&gauge) {
            let window = hits.get(from..=at).unwrap_or_default();
            let first = window.first().map_or(hit.time, |first| first.time);
            firings.push(Firing { first, enough: window.len(), hits: window.to_vec() });
            (is_open, from, gauge) = (true, at + 1, Gauge::new(kind));
        }
    }
    firings
}

/// Fires for each window that passes; a window begins with the first event after the one before.
fn side_by_side(kind: &CorrelationKind, hits: &[Hit], span: i64, passes: impl Fn(&Gauge<'_>) -> bool) -> Vec<Firing> {
    let mut firings = Vec::new();
    let mut rest = hits;
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|hit| hit.time - first.time > span).unwrap_or(rest.len());
        let (window, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let mut gauge = Gauge::new(kind);
        window.iter().for_each(|hit| gauge.add(hit));
        if passes(&gauge) {
            firings.push(Firing { first: first.time, enough: window.len(), hits: window.to_vec() });
        }
        rest = after;
    }
    firings
}

impl Firing {
    /// What it is to the correlation above of this number: a hit for each group that its hits fall into, when it came true. A correlation of
    /// rules in time also gets what followed: the burst goes on, and what it waits for may come only after that.
    pub(crate) fn seen_from(&self, above: usize, place: usize, with_following: bool) -> Vec<(String, Hit)> {
        let came_true = self.hits.get(self.enough.saturating_sub(1)).map_or(self.first, |hit| hit.time);
        let mut seen: Vec<(String, Hit)> = Vec::new();
        for (number, hit) in self.hits.iter().enumerate().filter(|(number, _)| *number < self.enough || with_following) {
            let Some(part) = hit.above.iter().find(|part| part.correlation == above) else { continue };
            let time = hit.time.max(came_true);
            if number < self.enough && seen.iter().any(|(group, _)| *group == part.group) {
                continue;
            }
            seen.push((part.group.clone(), Hit { time, place, value: part.value.clone(), ..hit.clone() }));
        }
        seen
    }
}

/// Fires when hits of all rules come in their order within the timespan. For each length of a beginning, the latest one counts.
fn ordered(hits: &[Hit], span: i64, rules: usize) -> Vec<Firing> {
    let mut firings = Vec::new();
    let mut begun: HashMap<usize, Vec<Hit>> = HashMap::new();
    for hit in hits {
        let chain = match hit.place.checked_sub(1) {
            None => vec![hit.clone()],
            Some(before) => match begun.get(&before) {
                Some(chain) if chain.first().is_some_and(|first| hit.time - first.time <= span) => {
                    chain.iter().chain([hit]).cloned().collect()
                }
                _ => continue,
            },
        };
        if chain.len() == rules {
            let first = chain.first().map_or(hit.time, |first| first.time);
            firings.push(Firing { first, enough: chain.len(), hits: chain });
            begun.clear();
        } else {
            begun.insert(hit.place, chain);
        }
    }
    firings
}

#[cfg(test)]
mod tests {
    use predicate::sigma::{Document, Placeholders, read};

    use super::*;

    fn correlation(says: &str) -> Correlation {
        let text = format!("title: t\ncorrelation: {{rules: [a, b, c], timespan: 10s, {says}}}");
        let Document::Correlation(correlation) = read(&text, &Placeholders::default()).unwrap().remove(0) else { panic!() };
        correlation
    }

    /// Hits at seconds, each with the place of its rule; the value is the place too.
    fn told(says: &str, hits: &[(i64, usize)]) -> Vec<(i64, usize)> {
        let entity = Arc::new(Entity { kind: "unknown".to_owned(), value: String::new(), account: String::new() });
        let hits = hits.iter().map(|(time, place)| Hit {
            time: time * 1_000_000,
            place: *place,
            value: place.to_string(),
            entity: Arc::clone(&entity),
            event: Arc::new(event(*time)),
            above: Vec::new(),
        });
        firings(&correlation(says), hits.collect()).into_iter().map(|f| (f.first / 1_000_000, f.hits.len())).collect()
    }

    fn event(time: i64) -> Event {
        Event {
            event_time: time.to_string(),
            event_id: String::new(),
            event_name: String::new(),
            event_source: String::new(),
            aws_region: String::new(),
            recipient_account_id: String::new(),
            source_ip_address: String::new(),
            user_identity_arn: String::new(),
            error_code: String::new(),
            delivery: String::new(),
            index: 0,
        }
    }

    #[test]
    fn counts_slide_and_bursts_are_told_once() {
        let three = "type: event_count, condition: {gte: 3}";
        assert_eq!(told(three, &[(0, 0), (9, 0), (18, 0)]), []);
        assert_eq!(told(three, &[(18, 0), (0, 0), (9, 0), (10, 0)]), [(0, 4)], "in any order; what follows belongs to it");
        assert_eq!(told(three, &[(0, 0), (1, 0), (2, 0), (50, 0), (51, 0), (52, 0)]), [(0, 3), (50, 3)]);
        assert_eq!(told("type: event_count, condition: {gt: 3}", &[(0, 0), (1, 0), (2, 0)]), []);
        assert_eq!(told("type: event_count, condition: {lt: 3}", &[(0, 0), (20, 0), (21, 0), (22, 0)]), [(0, 1)]);
        assert_eq!(told("type: event_count, condition: {gte: 2, lte: 3}", &[(0, 0), (1, 0)]), [(0, 2)]);
    }

    #[test]
    fn measures() {
        let sum = "type: value_sum, condition: {gte: 3, field: x}";
        assert_eq!(told(sum, &[(0, 1), (1, 1), (2, 0)]), [], "1 + 1 + 0");
        assert_eq!(told(sum, &[(0, 1), (9, 2), (20, 2), (40, 2)]), [(0, 2)]);
        let average = "type: value_avg, condition: {gt: 1, field: x}";
        assert_eq!(told(average, &[(0, 0), (1, 2), (2, 1)]), [], "0, 1, 1");
        assert_eq!(told(average, &[(0, 0), (5, 2), (12, 2)]), [(5, 2)], "the zero has left the window");
        let percentile = |says: &str| format!("type: value_percentile, condition: {{{says}, field: x}}");
        assert_eq!(told(&percentile("gte: 2, percentile: 90"), &[(0, 0), (1, 0), (2, 2)]), []);
        assert_eq!(told(&percentile("gte: 1, percentile: 75"), &[(0, 0), (1, 0), (2, 2)]), [(0, 3)]);
        assert_eq!(told("type: value_median, condition: {lt: 1, field: x}", &[(0, 0), (1, 0), (2, 2)]), [(0, 3)]);
        assert_eq!(told("type: event_count, condition: {neq: 2}", &[(0, 0), (1, 0), (30, 0)]), [(30, 1)]);
    }

    #[test]
    fn long_windows_are_cheap() {
        let hits: Vec<(i64, usize)> = (0..200_000).map(|at| (0, at % 3)).collect();
        assert_eq!(told("type: value_count, condition: {gte: 4, field: x}", &hits), []);
        assert_eq!(told("type: value_median, condition: {gte: 4, field: x}", &hits[..20_000]), []);
    }

    #[test]
    fn values_rules_and_order() {
        assert_eq!(told("type: value_count, condition: {gte: 2, field: x}", &[(0, 0), (1, 0), (2, 1)]), [(0, 3)]);
        assert_eq!(told("type: value_count, condition: {gte: 3, field: x}", &[(0, 0), (1, 0), (2, 1)]), []);
        assert_eq!(told("type: temporal", &[(0, 2), (5, 0), (9, 1)]), [(0, 3)]);
        assert_eq!(told("type: temporal", &[(0, 2), (5, 0), (11, 1)]), []);
        assert_eq!(told("type: temporal_ordered", &[(0, 2), (5, 0), (9, 1)]), []);
        assert_eq!(told("type: temporal_ordered", &[(0, 0), (5, 1), (10, 2)]), [(0, 3)]);
        assert_eq!(told("type: temporal_ordered", &[(0, 0), (4, 0), (5, 1), (12, 2)]), [(4, 3)], "the latest beginning counts");
        assert_eq!(told("type: temporal_ordered", &[(3, 2), (3, 1), (3, 0)]), [(3, 3)], "in the same second any order will do");
    }
}
