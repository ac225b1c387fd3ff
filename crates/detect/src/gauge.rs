//! What a correlation looks at in a window: a count or a measure that grows and shrinks with the hits in it, so that a window which slides over
//! many hits costs little for each.

use std::collections::HashMap;

use predicate::Number;
use predicate::sigma::{CorrelationKind, Measure};

use crate::correlate::Hit;

/// The hits of a window, as far as their correlation asks.
#[derive(Debug)]
pub(crate) enum Gauge<'h> {
    Events(usize),
    /// How often each value is there.
    Values(HashMap<&'h str, usize>),
    /// How often each rule has a hit.
    Rules(HashMap<usize, usize>),
    Sum {
        numbers: Numbers,
    },
    Average {
        numbers: Numbers,
    },
    Percentile {
        percent: f64,
        sorted: Vec<f64>,
    },
}

/// Numbers of which only the sum and the count are kept. Whole numbers, which nearly all are, are summed exactly.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    sum: f64,
    count: usize,
}

impl<'h> Gauge<'h> {
    /// Of an empty window.
    pub(crate) fn new(kind: &CorrelationKind) -> Gauge<'h> {
        match kind {
            CorrelationKind::EventCount(_) => Gauge::Events(0),
            CorrelationKind::ValueCount(..) => Gauge::Values(HashMap::new()),
            CorrelationKind::Measured(Measure::Sum, ..) => Gauge::Sum { numbers: Numbers::default() },
            CorrelationKind::Measured(Measure::Average, ..) => Gauge::Average { numbers: Numbers::default() },
            CorrelationKind::Measured(Measure::Percentile(percent), ..) => {
                Gauge::Percentile { percent: percent.value(), sorted: Vec::new() }
            }
            CorrelationKind::Temporal(_) | CorrelationKind::TemporalOrdered => Gauge::Rules(HashMap::new()),
        }
    }

    /// A hit comes into the window.
    pub(crate) fn add(&mut self, hit: &'h Hit) {
        match self {
            Gauge::Events(count) => *count += 1,
            Gauge::Values(values) => *values.entry(&hit.value).or_default() += 1,
            Gauge::Rules(rules) => *rules.entry(hit.place).or_default() += 1,
            Gauge::Sum { numbers } | Gauge::Average { numbers } => {
                if let Some(number) = number(hit) {
                    *numbers = Numbers { sum: numbers.sum + number, count: numbers.count + 1 };
                }
            }
            Gauge::Percentile { sorted, .. } => {
                if let Some(number) = number(hit) {
                    sorted.insert(sorted.partition_point(|other| *other < number), number);
                }
            }
        }
    }

    /// A hit leaves the window.
    pub(crate) fn take(&mut self, hit: &'h Hit) {
        match self {
            Gauge::Events(count) => *count = count.saturating_sub(1),
            Gauge::Values(values) => less(values, hit.value.as_str()),
            Gauge::Rules(rules) => less(rules, hit.place),
            Gauge::Sum { numbers } | Gauge::Average { numbers } => {
                if let Some(number) = number(hit) {
                    *numbers = Numbers { sum: numbers.sum - number, count: numbers.count.saturating_sub(1) };
                }
            }
            Gauge::Percentile { sorted, .. } => {
                let at = number(hit).map(|number| sorted.partition_point(|other| *other < number));
                if let Some(at) = at.filter(|at| *at < sorted.len()) {
                    sorted.remove(at);
                }
            }
        }
    }

    /// What it shows; `None` where there is nothing to measure.
    pub(crate) fn value(&self) -> Option<f64> {
        match self {
            Gauge::Events(count) => Some(*count as f64),
            Gauge::Values(values) => Some(values.len() as f64),
            Gauge::Rules(rules) => Some(rules.len() as f64),
            Gauge::Sum { numbers } => (numbers.count > 0).then_some(numbers.sum),
            Gauge::Average { numbers } => (numbers.count > 0).then(|| numbers.sum / numbers.count as f64),
            Gauge::Percentile { percent, sorted } => percentile(sorted, *percent),
        }
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

fn number(hit: &Hit) -> Option<f64> {
    Number::parse(&hit.value).map(Number::value)
}

/// Between the two numbers that the place lies between, in proportion.
fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let place = percent / 100.0 * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        for (sorted, percent, expected) in [
            (&[][..], 50.0, None),
            (&[7.0], 99.0, Some(7.0)),
            (&[1.0, 2.0, 3.0], 50.0, Some(2.0)),
            (&[1.0, 2.0, 3.0, 4.0], 50.0, Some(2.5)),
            (&[0.0, 10.0], 95.0, Some(9.5)),
            (&[1.0, 2.0], 0.0, Some(1.0)),
            (&[1.0, 2.0], 100.0, Some(2.0)),
        ] {
            assert_eq!(percentile(sorted, percent), expected, "{sorted:?} {percent}");
        }
    }
}
