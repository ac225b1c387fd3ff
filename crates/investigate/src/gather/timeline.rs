//! What happened, in order: the same step again and again is one run.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::event::Event;
use crate::limits::{ACTS_MAX, RUN_TARGETS_COUNTED_MAX, RUN_TARGETS_MAX, RUNS_MAX, STEPS_MAX};
use crate::model::{Class, Run, Times};

/// The same step after a longer pause begins a new run, in microseconds.
const PAUSE_US: i64 = 30 * 60 * 1_000_000;

/// A kind of step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Act {
    by: usize,
    service: String,
    event: String,
    region: String,
    address: String,
    error: Option<String>,
    is_write: bool,
    class: Option<Class>,
}

/// One step: 40 bytes.
#[derive(Clone, Copy)]
struct Step {
    time_us: i64,
    act: u32,
    /// Index of its target's name, where that is kept.
    target: u32,
    target_hash: u64,
    id: Id,
}

/// An `eventID`: its 128 bits, so that a million of them are small. Other IDs are looked up by position.
type Id = u128;

/// The steps as they come.
#[derive(Default)]
pub struct Timeline {
    acts: Vec<Act>,
    by_act: HashMap<Act, u32>,
    targets: Vec<String>,
    by_target: HashMap<String, u32>,
    steps: Vec<Step>,
    omitted: u64,
}

/// No name is kept.
const NO_TARGET: u32 = u32::MAX;

impl Timeline {
    /// Takes an event in.
    pub fn take(&mut self, event: &Event<'_>, by: usize, target: Option<&str>, class: Option<Class>) {
        let error = match (event.error, event.failed()) {
            ("", true) => Some(event.message.to_owned()),
            ("", false) => None,
            (code, _) => Some(code.to_owned()),
        };
        let act = Act {
            by,
            service: event.service().to_owned(),
            event: event.name.to_owned(),
            region: event.region.to_owned(),
            address: event.address.to_owned(),
            error,
            is_write: event.writes(),
            class,
        };
        let Some(act) = self.act(act).filter(|_| self.steps.len() < STEPS_MAX) else {
            self.omitted += 1;
            return;
        };
        let target_hash = target.map_or(0, hash);
        let target = target.map_or(NO_TARGET, |target| self.target(target));
        self.steps.push(Step { time_us: event.time_us, act, target, target_hash, id: packed(event.id) });
    }

    fn act(&mut self, act: Act) -> Option<u32> {
        if let Some(at) = self.by_act.get(&act) {
            return Some(*at);
        }
        let at = u32::try_from(self.acts.len()).ok().filter(|_| self.acts.len() < ACTS_MAX)?;
        self.acts.push(act.clone());
        self.by_act.insert(act, at);
        Some(at)
    }

    fn target(&mut self, target: &str) -> u32 {
        if let Some(at) = self.by_target.get(target) {
            return *at;
        }
        let at = u32::try_from(self.targets.len()).unwrap_or(NO_TARGET);
        if self.targets.len() >= ACTS_MAX || at == NO_TARGET {
            return NO_TARGET;
        }
        self.targets.push(target.to_owned());
        self.by_target.insert(target.to_owned(), at);
        at
    }

    /// The runs in order, and how many steps and runs are missing.
    pub fn runs(mut self, is_new: &dyn Fn(&str, &str) -> bool) -> (Vec<Run>, u64) {
        self.steps.sort_by_key(|step| (step.time_us, step.id));
        let mut open: HashMap<u32, usize> = HashMap::new();
        let mut counting: Vec<(Run, HashSet<u64>)> = Vec::new();
        let mut omitted = self.omitted;
        for step in &self.steps {
            let going_on = open.get(&step.act).copied().filter(|at| {
                let last = counting.get(*at).and_then(|(run, _)| run.times.last_us);
                last.is_some_and(|last| step.time_us - last <= PAUSE_US)
            });
            let at = going_on.unwrap_or(counting.len());
            if going_on.is_none() {
                let Some(act) = self.acts.get(step.act as usize).filter(|_| counting.len() < RUNS_MAX) else {
                    omitted += 1;
                    continue;
                };
                counting.push((run(act, step, is_new), HashSet::new()));
                open.insert(step.act, at);
            }
            if let Some((run, seen)) = counting.get_mut(at) {
                self.count(run, seen, step);
            }
        }
        let runs = counting.into_iter().map(|(run, seen)| Run { targets_total: seen.len() as u64, ..run });
        (runs.collect(), omitted)
    }

    fn count(&self, run: &mut Run, seen: &mut HashSet<u64>, step: &Step) {
        run.count += 1;
        run.times.add(step.time_us);
        let is_first = step.target_hash != 0 && seen.len() < RUN_TARGETS_COUNTED_MAX && seen.insert(step.target_hash);
        if is_first
            && run.targets.len() < RUN_TARGETS_MAX
            && let Some(name) = self.targets.get(step.target as usize)
        {
            run.targets.push(name.clone());
        }
    }
}

fn run(act: &Act, step: &Step, is_new: &dyn Fn(&str, &str) -> bool) -> Run {
    Run {
        by: act.by,
        times: Times::default(),
        count: 0,
        is_new: is_new(&format!("{}:{}", act.service, act.event), &act.address),
        service: act.service.clone(),
        event: act.event.clone(),
        region: act.region.clone(),
        address: act.address.clone(),
        error: act.error.clone(),
        is_write: act.is_write,
        class: act.class,
        targets: Vec::new(),
        targets_total: 0,
        event_id: unpacked(step.id),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    // 0 means that there is none.
    hasher.finish() | 1
}

/// A GUID as its number; 0 for what is none.
fn packed(id: &str) -> Id {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 { u128::from_str_radix(&digits, 16).unwrap_or(0) } else { 0 }
}

fn unpacked(id: Id) -> String {
    if id == 0 {
        return String::new();
    }
    let text = format!("{id:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_with_a_pause() {
        let mut timeline = Timeline::default();
        let minute = 60_000_000;
        for (at, name, target) in
            [(1, "GetObject", "a"), (40, "GetObject", "c"), (2, "GetObject", "b"), (3, "PutObject", "a"), (5, "GetObject", "a")]
        {
            let event = Event { time_us: at * minute, source: "s3.amazonaws.com", name, ..Event::default() };
            timeline.take(&event, 0, Some(target), None);
        }
        let (runs, omitted) = timeline.runs(&|api, _| api == "s3:PutObject");
        let told: Vec<_> = runs.iter().map(|run| (run.event.as_str(), run.count, run.targets_total, run.is_new)).collect();
        assert_eq!(told, [("GetObject", 3, 2, false), ("PutObject", 1, 1, true), ("GetObject", 1, 1, false)]);
        assert_eq!((runs[0].targets.clone(), omitted), (vec!["a".to_owned(), "b".to_owned()], 0));
    }

    #[test]
    fn ids_come_back() {
        let id = "0b5f6c9a-1234-5678-9abc-def012345678";
        assert_eq!(unpacked(packed(id)), id);
        assert_eq!(unpacked(packed("EXAMPLE")), "");
    }
}
