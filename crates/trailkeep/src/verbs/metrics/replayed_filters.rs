//! Filters that count events, and alarms that are walked over what they counted.

use check::requests::{Call, Found};
use check::{Counted, Counters, Counting};
use metrics::{Alarm, Metric, Watch, read_alarm};
use predicate::pattern::Pattern;
use serde::Serialize;

use crate::exit::Failure;

/// Filters and alarms, and the events so far.
pub struct Replay {
    filters: Vec<Filter>,
    counters: Counters,
    alarms: Vec<Alarm>,
    span: Span,
}

/// What became of a filter's events.
struct Filter {
    name: String,
    matched: u64,
    without_number: u64,
}

/// How many events there were, and from when to when.
struct Span {
    events: u64,
    first_s: i64,
    last_s: i64,
}

/// Takes events.
pub struct Taking<'r> {
    filters: &'r mut [Filter],
    counting: Counting<'r>,
    span: &'r mut Span,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Events that were looked at.
    pub events: u64,
    /// Files that could not be read.
    pub files_unread: u64,
    /// What each filter counted.
    pub filters: Vec<FilterAnswer>,
    /// What became of each alarm.
    pub alarms: Vec<AlarmAnswer>,
}

/// What a filter counted.
#[derive(Debug, Serialize)]
pub struct FilterAnswer {
    /// Its name.
    pub name: String,
    /// Events that matched.
    pub matched: u64,
    /// Of those, events without a number where the filter looks for one.
    pub without_number: u64,
    /// Minutes with a point from a match.
    pub minutes: u64,
}

/// What became of an alarm.
#[derive(Debug, Serialize)]
pub struct AlarmAnswer {
    /// Its name.
    pub name: String,
    /// The state at the end.
    pub state: &'static str,
    /// Times that it went into ALARM.
    pub raised: u64,
    /// Times that its actions were carried out.
    pub actions: u64,
    /// Whether any filter of the file feeds it.
    pub is_fed: bool,
    /// Changes of state.
    pub history: Vec<Change>,
}

/// A change of state.
#[derive(Debug, Serialize)]
pub struct Change {
    /// When.
    pub at: String,
    /// Before.
    pub from: &'static str,
    /// After.
    pub to: &'static str,
    /// Why.
    pub reason: String,
    /// Whom it told.
    pub actions: Vec<String>,
}

impl Replay {
    /// What a file asks for; calls that are neither filters nor alarms are passed over.
    pub fn new(found: Found) -> Result<Replay, Failure> {
        let (mut names, mut filters, mut alarms) = (Vec::new(), Vec::new(), Vec::new());
        if let Some((place, why)) = found.unread.first() {
            return Err(Failure::usage(format!("line {}: {why}", place.line), "`trailkeep check FILE` says what it reads"));
        }
        for request in found.requests {
            match request.call {
                Call::MetricFilter { name, pattern, transformations, .. } => {
                    let wrong =
                        |what: String| Failure::usage(format!("filter `{name}`: {what}"), "`trailkeep check FILE` says more");
                    let pattern = Pattern::parse(&pattern).map_err(|error| wrong(error.to_string()))?;
                    for transformation in transformations {
                        let checked = transformation
                            .check()
                            .map_err(|list| wrong(list.first().map(ToString::to_string).unwrap_or_default()))?;
                        names.push(Filter { name: name.clone(), matched: 0, without_number: 0 });
                        filters.push((pattern.clone(), checked));
                    }
                }
                Call::Alarm(wire) => {
                    let wrong = |list: Vec<metrics::Wrong>| {
                        let what = list.first().map(ToString::to_string).unwrap_or_default();
                        Failure::usage(format!("alarm `{}`: {what}", wire.alarm_name), "`trailkeep check FILE` says more")
                    };
                    alarms.push(read_alarm(&wire).map_err(wrong)?);
                }
                _ => {}
            }
        }
        if names.is_empty() {
            return Err(Failure::usage("there is no metric filter in the file", "without a FILE, the CIS monitoring set is run"));
        }
        let too_large = || Failure::usage("a filter's pattern is too large", "split it into several filters on one metric");
        let counters = Counters::new(filters).ok_or_else(too_large)?;
        Ok(Replay { filters: names, counters, alarms, span: Span { events: 0, first_s: i64::MAX, last_s: i64::MIN } })
    }

    /// Ready for events.
    pub fn taking(&mut self) -> Taking<'_> {
        Taking { filters: &mut self.filters, counting: self.counters.counting(), span: &mut self.span }
    }

    /// Walks the alarms from the first event to an hour after the last.
    pub fn answer(&self, files_unread: u64) -> Answer {
        let filters = self.filters.iter().zip(self.counters.each()).map(|(filter, counter)| FilterAnswer {
            name: filter.name.clone(),
            matched: filter.matched,
            without_number: filter.without_number,
            minutes: counter.minutes().matched_minutes() as u64,
        });
        Answer {
            events: self.span.events,
            files_unread,
            filters: filters.collect(),
            alarms: self.alarms.iter().map(|alarm| self.walked(alarm)).collect(),
        }
    }

    fn walked(&self, alarm: &Alarm) -> AlarmAnswer {
        let metric =
            Metric { namespace: alarm.metric.0.clone(), name: alarm.metric.1.clone(), dimensions: alarm.dimensions.clone() };
        let mut series: Option<metrics::Series> = None;
        for counter in self.counters.each() {
            for (minute, point) in counter.minutes().series().remove(&metric).into_iter().flatten() {
                let series = series.get_or_insert_default();
                series.entry(minute).and_modify(|before: &mut metrics::Point| *before = before.and(point)).or_insert(point);
            }
        }
        let mut watch = Watch::new(alarm.clone());
        if self.span.events > 0 {
            watch.walk(series.as_ref().unwrap_or(&metrics::Series::new()), self.span.first_s, self.span.last_s + 3_600);
        }
        let history: Vec<Change> = watch.history().iter().map(change).collect();
        AlarmAnswer {
            name: alarm.name.clone(),
            state: watch.state().name(),
            raised: history.iter().filter(|change| change.to == "ALARM").count() as u64,
            actions: history.iter().filter(|change| !change.actions.is_empty()).count() as u64,
            is_fed: self.counters.each().iter().any(|counter| counter.minutes().feeds(&alarm.metric)),
            history,
        }
    }
}

impl Taking<'_> {
    /// Counts an event.
    pub fn take(&mut self, at_s: i64, json: &str) {
        let Taking { filters, counting, span } = self;
        span.events += 1;
        span.first_s = span.first_s.min(at_s);
        span.last_s = span.last_s.max(at_s);
        counting.take(json, at_s, &mut |number, counted| {
            if let Some(filter) = filters.get_mut(number) {
                filter.matched += u64::from(matches!(counted, Counted::For(_)));
                filter.without_number += u64::from(counted == Counted::WithoutNumber);
            }
        });
    }
}

fn change(transition: &metrics::Transition) -> Change {
    let at = chrono::DateTime::from_timestamp(transition.at_s, 0).map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    Change {
        at: at.unwrap_or_default(),
        from: transition.from.name(),
        to: transition.to.name(),
        reason: transition.reason.clone(),
        actions: transition.actions.clone(),
    }
}
