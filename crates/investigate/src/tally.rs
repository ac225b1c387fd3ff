//! Counting values of an attribute, within a limit.

use std::collections::HashMap;

use crate::event::Event;
use crate::limits::VALUES_MAX;
use crate::model::{Counted, Times};

/// What is known about one value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Events.
    pub events: u64,
    /// Events that changed something.
    pub writes: u64,
    /// Events that were refused.
    pub denied: u64,
    /// First and last event.
    pub times: Times,
}

impl Count {
    /// Counts an event.
    pub fn add(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.writes += u64::from(event.writes());
        self.denied += u64::from(event.denied());
        self.times.add(event.time_us);
    }
}

/// Counts by value.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    values: HashMap<String, Count>,
    /// Events whose value came too late to be kept.
    pub beyond: u64,
}

impl Tally {
    /// Counts an event under a value; empty values are not counted.
    pub fn add(&mut self, value: &str, event: &Event<'_>) {
        if value.is_empty() {
            return;
        }
        if let Some(count) = self.values.get_mut(value) {
            count.add(event);
        } else if self.values.len() < VALUES_MAX {
            self.values.entry(value.to_owned()).or_default().add(event);
        } else {
            self.beyond += 1;
        }
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Count)> {
        self.values.iter().map(|(value, count)| (value.as_str(), count))
    }

    /// The values, new ones first, then by number of events; `earlier` says how many events a value had before, `None` where
    /// there is no past to compare with.
    pub fn counted(&self, earlier: &dyn Fn(&str) -> Option<u64>) -> Vec<Counted> {
        let mut all: Vec<Counted> = self
            .values()
            .map(|(value, count)| {
                let earlier = earlier(value);
                Counted {
                    value: value.to_owned(),
                    events: count.events,
                    writes: count.writes,
                    denied: count.denied,
                    times: count.times,
                    earlier_events: earlier,
                    is_new: earlier == Some(0),
                    remark: None,
                }
            })
            .collect();
        all.sort_by(|a, b| {
            (b.is_new, b.events)
                .cmp(&(a.is_new, a.events))
                .then(a.times.first_us.cmp(&b.times.first_us))
                .then(a.value.cmp(&b.value))
        });
        all
    }
}
