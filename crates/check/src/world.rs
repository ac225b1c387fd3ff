//! What a file has set up so far: trails with their selectors, metric filters, alarms. Calls change it as AWS would change it; one that
//! AWS refuses changes nothing.

use std::collections::BTreeMap;

use metrics::Alarm;
use predicate::selector::{EventSelector, Owner, Selectors, lower};
use serde_json::Value;

use crate::finding::Place;
use crate::report::Report;
use crate::requests::Call;
use crate::running::Running;
use crate::witness::Witness;
use crate::{alarms, filters, insights, looking_up, patterns, selectors};

/// Everything that is known.
#[derive(Default)]
pub struct World {
    trails: BTreeMap<String, Trail>,
    stores: BTreeMap<String, Trail>,
    pub filters: Vec<Filter>,
    pub alarms: Vec<(Place, Alarm)>,
}

/// A trail, or an event data store.
#[derive(Clone, Debug)]
pub struct Trail {
    /// What it keeps.
    pub selectors: Selectors,
    /// Where that was said; `None` for what AWS begins with.
    pub said: Option<Place>,
    /// Where its logs go.
    pub bucket: Option<String>,
    /// The log group that it delivers to.
    pub log_group: Option<String>,
}

/// A metric filter that AWS took.
#[derive(Debug)]
pub struct Filter {
    pub place: Place,
    pub name: String,
    pub log_group: Option<String>,
    pub metric: (String, String),
    pub default: Option<f64>,
    /// What one event counts for; 1 where that stands in the event.
    pub value: f64,
    /// Events that it catches.
    pub catches: Vec<Witness>,
}

impl Trail {
    /// A fresh trail: all management events.
    pub fn fresh() -> Trail {
        Trail { selectors: Selectors::Basic(vec![EventSelector::default()]), said: None, bucket: None, log_group: None }
    }

    /// The events that it keeps.
    pub fn running(&self) -> Option<Running> {
        running(&self.selectors)
    }
}

/// Selectors, ready to be run.
pub fn running(selectors: &Selectors) -> Option<Running> {
    Running::expr(&lower(selectors)?)
}

impl World {
    /// Carries out a call and judges it.
    pub fn take(&mut self, call: Call, report: &mut Report) {
        match call {
            Call::Trail { name, is_new, bucket, log_group } => {
                if is_new {
                    self.trails.insert(name.clone(), Trail::fresh());
                }
                let trail = self.trails.entry(name).or_insert_with(Trail::fresh);
                trail.bucket = bucket.or(trail.bucket.take());
                trail.log_group = log_group.or(trail.log_group.take());
            }
            Call::StopTrail { name } => report.does(format!("stops trail `{name}`: nothing is logged any more")),
            Call::EventSelectors { name, owner, selectors, is_fragment } => {
                let name = name.unwrap_or_default();
                let trail = self.trail_or_store(&name, owner).cloned();
                if let Some(kept) = selectors::put(&name, owner, &selectors, is_fragment, trail.as_ref(), report) {
                    let trails = if owner == Owner::Trail { &mut self.trails } else { &mut self.stores };
                    let trail = trails.entry(name).or_insert_with(Trail::fresh);
                    trail.selectors = kept;
                    trail.said = Some(report.place.clone());
                }
            }
            Call::InsightSelectors { name, list } => {
                let trail = name.as_ref().and_then(|name| self.trails.get(name));
                insights::put(name.as_deref(), &list, trail, report);
            }
            Call::LookupEvents { attributes, category } => looking_up::judge(&attributes, category.as_deref(), report),
            Call::Pattern { pattern } => {
                if let Some(pattern) = patterns::judge(&pattern, report) {
                    filters::judge_pattern(&pattern, report);
                }
            }
            Call::MetricFilter { log_group, name, pattern, transformations } => {
                let wire = filters::Wire { log_group, name, pattern, transformations };
                if let Some(filter) = filters::put(&wire, report) {
                    self.filters.retain(|other| other.name != filter.name || other.log_group != filter.log_group);
                    self.filters.push(filter);
                }
            }
            Call::Alarm(wire) => {
                if let Some(alarm) = alarms::put(&wire, report) {
                    self.alarms.retain(|(_, other)| other.name != alarm.name);
                    self.alarms.push((report.place.clone(), alarm));
                }
            }
        }
    }

    fn trail_or_store(&self, name: &str, owner: Owner) -> Option<&Trail> {
        match owner {
            Owner::Trail => self.trails.get(name),
            Owner::EventDataStore => self.stores.get(name),
        }
    }

    /// Judges what only the whole file shows.
    pub fn look_back(&mut self, report: &mut Report) {
        for filter in &self.filters {
            if let Some((name, trail)) = self.trail_of(filter) {
                filters::judge_delivery(filter, name, trail, report);
            }
            if !self.alarms.is_empty() && !self.alarms.iter().any(|(_, alarm)| alarm.metric == filter.metric) {
                filters::unwatched(filter, report);
            }
        }
        for (place, alarm) in &self.alarms {
            let filter = self.filters.iter().find(|filter| filter.metric == alarm.metric);
            alarms::judge(place, alarm, filter, &self.filters, report);
        }
    }

    /// The trail that delivers to a filter's log group; if no group is known, the only trail there is.
    fn trail_of(&self, filter: &Filter) -> Option<(&str, &Trail)> {
        let of_group = |trail: &Trail| filter.log_group.is_some() && trail.log_group == filter.log_group;
        let found = self.trails.iter().find(|(_, trail)| of_group(trail));
        let only = || self.trails.iter().next().filter(|(_, trail)| self.trails.len() == 1 && trail.log_group.is_none());
        found.or_else(only).map(|(name, trail)| (name.as_str(), trail))
    }
}

/// Which of these events are kept, by their place in the list.
pub fn kept(running: Option<&Running>, events: &[Witness]) -> Vec<bool> {
    events.iter().map(|witness| running.is_some_and(|running| running.holds(&witness.event))).collect()
}

/// Whether an event is of a family.
pub fn is_of(event: &Value, category: &str) -> bool {
    event.get("eventCategory").and_then(Value::as_str) == Some(category)
}
