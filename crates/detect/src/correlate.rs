//! Correlations over matches, in event time: the order in which log files arrive does not matter.

use std::collections::HashMap;
use std::sync::Arc;

use finding::{Entity, Event};
use predicate::Order;
use predicate::sigma::{Correlation, CorrelationKind, Threshold};

use crate::book::Entry;

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
}

/// A correlation that came true: the hits from the first to the last that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Firing {
    pub(crate) first: i64,
    pub(crate) hits: Vec<Hit>,
}

/// The fields by which a rule's matches are grouped, `(name, field)`, and the field whose values are counted.
pub(crate) fn fields_of(correlation: &Correlation, entry: &Entry) -> (Vec<(String, String)>, Option<String>) {
    let field = |name: &String| {
        let alias = correlation.aliases.iter().find(|(alias, _)| alias == name);
        let of_rule = alias.and_then(|(_, of)| of.iter().find(|(rule, _)| entry.is_called(rule)));
        of_rule.map_or_else(|| name.clone(), |(_, field)| field.clone())
    };
    let counted = match &correlation.kind {
        CorrelationKind::ValueCount(name, _) => Some(field(name)),
        _ => None,
    };
    (correlation.group_by.iter().map(|name| (name.clone(), field(name))).collect(), counted)
}

/// Where a correlation came true among the hits of one group.
pub(crate) fn firings(correlation: &Correlation, mut hits: Vec<Hit>) -> Vec<Firing> {
    hits.sort_by(|a, b| (a.time, a.place, &a.event).cmp(&(b.time, b.place, &b.event)));
    let span = correlation.timespan_s.saturating_mul(1_000_000);
    match &correlation.kind {
        CorrelationKind::EventCount(thresholds) => counted(&hits, span, thresholds, |hits| hits.len()),
        CorrelationKind::ValueCount(_, thresholds) => counted(&hits, span, thresholds, distinct_values),
        CorrelationKind::Temporal(thresholds) => {
            let all = [Threshold { order: Order::GreaterOrEqual, number: all_of(correlation) }];
            let thresholds = if thresholds.is_empty() { &all[..] } else { thresholds };
            counted(&hits, span, thresholds, distinct_rules)
        }
        CorrelationKind::TemporalOrdered => ordered(&hits, span, correlation.rules.len()),
    }
}

fn all_of(correlation: &Correlation) -> predicate::Number {
    predicate::Number::parse(&correlation.rules.len().to_string()).unwrap_or_else(zero)
}

fn zero() -> predicate::Number {
    #[expect(clippy::expect_used, reason = "zero is finite")]
    predicate::Number::new(0.0).expect("zero is finite")
}

fn distinct_values(hits: &[Hit]) -> usize {
    hits.iter().map(|hit| hit.value.as_str()).collect::<std::collections::HashSet<_>>().len()
}

fn distinct_rules(hits: &[Hit]) -> usize {
    hits.iter().map(|hit| hit.place).collect::<std::collections::HashSet<_>>().len()
}

/// Thresholds that more events can only help are looked for at every event; others at the end of windows side by side.
fn counted(hits: &[Hit], span: i64, thresholds: &[Threshold], count: fn(&[Hit]) -> usize) -> Vec<Firing> {
    let grows = thresholds.iter().all(|threshold| matches!(threshold.order, Order::Greater | Order::GreaterOrEqual));
    let passes = |hits: &[Hit]| thresholds.iter().all(|threshold| threshold.holds(count(hits)));
    if grows { reached(hits, span, passes) } else { side_by_side(hits, span, passes) }
}

/// Fires when a window that ends with an event passes; what follows without a gap as long as the window belongs to it.
fn reached(hits: &[Hit], span: i64, passes: impl Fn(&[Hit]) -> bool) -> Vec<Firing> {
    let mut firings: Vec<Firing> = Vec::new();
    let mut from = 0;
    let mut is_open = false;
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
        while hits.get(from).is_some_and(|first| hit.time - first.time > span) {
            from += 1;
        }
        let window = hits.get(from..=at).unwrap_or_default();
        if passes(window) {
            firings.push(Firing { first: window.first().map_or(hit.time, |first| first.time), hits: window.to_vec() });
            (is_open, from) = (true, at + 1);
        }
    }
    firings
}

/// Fires for each window that passes; a window begins with the first event after the one before.
fn side_by_side(hits: &[Hit], span: i64, passes: impl Fn(&[Hit]) -> bool) -> Vec<Firing> {
    let mut firings = Vec::new();
    let mut rest = hits;
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|hit| hit.time - first.time > span).unwrap_or(rest.len());
        let (window, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if passes(window) {
            firings.push(Firing { first: first.time, hits: window.to_vec() });
        }
        rest = after;
    }
    firings
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
            firings.push(Firing { first: chain.first().map_or(hit.time, |first| first.time), hits: chain });
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
