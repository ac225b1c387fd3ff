//! Filters that count events, and alarms that are walked over what they counted.

use check::requests::{Call, Found};
use check::{Counted, Counter, Running};
use metrics::{Alarm, Metric, Watch, read_alarm};
use predicate::pattern::Pattern;
use serde::Serialize;

use crate::exit::Failure;

/// Filters and alarms, and the events so far.
pub struct Replay {
    filters: Vec<Filter>,
    alarms: Vec<Alarm>,
    events: u64,
    first_s: i64,
    last_s: i64,
}

struct Filter {
    name: String,
    counter: Counter,
    matched: u64,
    without_number: u64,
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
        let mut replay = Replay { filters: Vec::new(), alarms: Vec::new(), events: 0, first_s: i64::MAX, last_s: i64::MIN };
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
                        let running = Running::pattern(&pattern).ok_or_else(|| wrong("the pattern is too large".to_owned()))?;
                        let counter = Counter::new(running, checked);
                        replay.filters.push(Filter { name: name.clone(), counter, matched: 0, without_number: 0 });
                    }
                }
                Call::Alarm(wire) => {
                    let wrong = |list: Vec<metrics::Wrong>| {
                        let what = list.first().map(ToString::to_string).unwrap_or_default();
                        Failure::usage(format!("alarm `{}`: {what}", wire.alarm_name), "`trailkeep check FILE` says more")
                    };
                    replay.alarms.push(read_alarm(&wire).map_err(wrong)?);
                }
                _ => {}
            }
        }
        if replay.filters.is_empty() {
            return Err(Failure::usage("there is no metric filter in the file", "without a FILE, the CIS monitoring set is run"));
        }
        Ok(replay)
    }

    /// Counts an event.
    pub fn take(&mut self, at_s: i64, json: &str) {
        self.events += 1;
        self.first_s = self.first_s.min(at_s);
        self.last_s = self.last_s.max(at_s);
        for filter in &mut self.filters {
            match filter.counter.take(json, at_s) {
                Counted::For(_) => filter.matched += 1,
                Counted::WithoutNumber => filter.without_number += 1,
                Counted::Not => {}
            }
        }
    }

    /// Walks the alarms from the first event to an hour after the last.
    pub fn answer(&self, files_unread: u64) -> Answer {
        let filters = self.filters.iter().map(|filter| FilterAnswer {
            name: filter.name.clone(),
            matched: filter.matched,
            without_number: filter.without_number,
            minutes: filter.counter.minutes().matched_minutes() as u64,
        });
        Answer {
            events: self.events,
            files_unread,
            filters: filters.collect(),
            alarms: self.alarms.iter().map(|alarm| self.walked(alarm)).collect(),
        }
    }

    fn walked(&self, alarm: &Alarm) -> AlarmAnswer {
        let metric =
            Metric { namespace: alarm.metric.0.clone(), name: alarm.metric.1.clone(), dimensions: alarm.dimensions.clone() };
        let mut series: Option<metrics::Series> = None;
        for filter in &self.filters {
            for (minute, point) in filter.counter.minutes().series().remove(&metric).into_iter().flatten() {
                let series = series.get_or_insert_default();
                series.entry(minute).and_modify(|before: &mut metrics::Point| *before = before.and(point)).or_insert(point);
            }
        }
        let mut watch = Watch::new(alarm.clone());
        if self.events > 0 {
            watch.walk(series.as_ref().unwrap_or(&metrics::Series::new()), self.first_s, self.last_s + 3_600);
        }
        let history: Vec<Change> = watch.history().iter().map(change).collect();
        AlarmAnswer {
            name: alarm.name.clone(),
            state: watch.state().name(),
            raised: history.iter().filter(|change| change.to == "ALARM").count() as u64,
            actions: history.iter().filter(|change| !change.actions.is_empty()).count() as u64,
            is_fed: self.filters.iter().any(|filter| filter.counter.minutes().feeds(&alarm.metric)),
            history,
        }
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
