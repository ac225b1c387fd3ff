//! Numbers of events, gathered by minute: a metric as CloudWatch keeps it for a metric filter.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::DIMENSION_SETS_MAX;
use crate::transformation::Transformation;

/// Seconds of a minute.
pub(crate) const MINUTE_S: i64 = 60;

/// A metric: namespace, name, and dimensions with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Dimensions by name.
    pub dimensions: Vec<(String, String)>,
}

/// What a metric holds for a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Of the values.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

/// Points by the second at which their minute begins.
pub type Series = BTreeMap<i64, Point>;

/// Collects what a filter matched.
#[derive(Clone, Debug)]
pub struct Minutes {
    transformation: Transformation,
    /// Minutes in which events came, whether they matched or not.
    arrived: BTreeSet<i64>,
    by_dimensions: BTreeMap<Vec<(String, String)>, Series>,
    /// Events whose dimensions were one set too many.
    refused: u64,
}

impl Point {
    /// Of one value.
    pub fn of(value: f64) -> Point {
        Point { sum: value, count: 1, minimum: value, maximum: value }
    }

    /// Of both.
    #[must_use]
    pub fn and(self, other: Point) -> Point {
        Point {
            sum: self.sum + other.sum,
            count: self.count + other.count,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }
}

impl Minutes {
    /// Before the first event.
    pub fn new(transformation: Transformation) -> Minutes {
        Minutes { transformation, arrived: BTreeSet::new(), by_dimensions: BTreeMap::new(), refused: 0 }
    }

    /// An event came to the log group at this time.
    pub fn arrived(&mut self, at_s: i64) {
        self.arrived.insert(minute(at_s));
    }

    /// An event that came matched, and counts for this. Values of dimensions stand in the order of the transformation; an event that
    /// lacks one gives no point.
    pub fn matched(&mut self, at_s: i64, value: f64, dimensions: Vec<(String, String)>) {
        self.arrived(at_s);
        if dimensions.len() != self.transformation.dimensions.len() || !value.is_finite() {
            return;
        }
        if !self.by_dimensions.contains_key(&dimensions) && self.by_dimensions.len() >= DIMENSION_SETS_MAX {
            self.refused += 1;
            return;
        }
        let series = self.by_dimensions.entry(dimensions).or_default();
        let point = Point::of(value);
        series.entry(minute(at_s)).and_modify(|before| *before = before.and(point)).or_insert(point);
    }

    /// Events that were not counted, because there were more sets of dimension values than AWS bears.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Minutes in which an event matched.
    pub fn matched_minutes(&self) -> usize {
        self.by_dimensions.values().map(Series::len).sum()
    }

    /// Whether it counts in this metric, by namespace and name.
    pub fn feeds(&self, metric: &(String, String)) -> bool {
        self.transformation.metric == *metric
    }

    /// The metrics, with a default value for minutes in which events came and none matched.
    pub fn series(&self) -> BTreeMap<Metric, Series> {
        let (namespace, name) = &self.transformation.metric;
        let metric = |dimensions: &[(String, String)]| Metric {
            namespace: namespace.clone(),
            name: name.clone(),
            dimensions: dimensions.to_vec(),
        };
        let mut all: BTreeMap<Metric, Series> =
            self.by_dimensions.iter().map(|(dimensions, series)| (metric(dimensions), series.clone())).collect();
        if self.transformation.dimensions.is_empty() {
            let series = all.entry(metric(&[])).or_default();
            if let Some(default) = self.transformation.default {
                for minute in &self.arrived {
                    series.entry(*minute).or_insert_with(|| Point::of(default));
                }
            }
        }
        all
    }
}

/// The second at which the minute begins.
fn minute(at_s: i64) -> i64 {
    at_s.div_euclid(MINUTE_S) * MINUTE_S
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricTransformation;

    fn minutes(json: &str) -> Minutes {
        let read: MetricTransformation = serde_json::from_str(json).unwrap();
        Minutes::new(read.check().unwrap())
    }

    #[test]
    fn values_of_a_minute_are_added() {
        let mut minutes = minutes(r#"{"metricName": "n", "metricNamespace": "s", "metricValue": "$.size"}"#);
        for (at_s, value) in [(60, 2.0), (61, 3.0), (119, -1.0), (120, 7.0), (121, f64::NAN)] {
            minutes.matched(at_s, value, Vec::new());
        }
        let series = minutes.series().into_values().next().unwrap();
        assert_eq!(series[&60], Point { sum: 4.0, count: 3, minimum: -1.0, maximum: 3.0 });
        assert_eq!(series[&120], Point::of(7.0));
    }

    #[test]
    fn the_default_stands_where_events_came_and_none_matched() {
        let text = r#"{"metricName": "n", "metricNamespace": "s", "metricValue": "1", "defaultValue": 0}"#;
        let mut with = minutes(text);
        let mut without = minutes(&text.replace(", \"defaultValue\": 0", ""));
        for minutes in [&mut with, &mut without] {
            minutes.arrived(-1);
            minutes.arrived(30);
            minutes.matched(61, 1.0, Vec::new());
        }
        let sums = |minutes: &Minutes| -> Vec<(i64, f64)> {
            minutes.series().into_values().flatten().map(|(at, point)| (at, point.sum)).collect()
        };
        assert_eq!(sums(&with), [(-60, 0.0), (0, 0.0), (60, 1.0)]);
        assert_eq!(sums(&without), [(60, 1.0)]);
    }

    #[test]
    fn each_set_of_dimension_values_is_a_metric_up_to_a_limit() {
        let text = r#"{"metricName": "n", "metricNamespace": "s", "metricValue": "1", "dimensions": {"ip": "$.ip"}}"#;
        let mut minutes = minutes(text);
        for number in 0..DIMENSION_SETS_MAX + 5 {
            minutes.matched(0, 1.0, vec![("ip".to_owned(), number.to_string())]);
        }
        minutes.matched(0, 1.0, Vec::new());
        assert_eq!((minutes.series().len(), minutes.refused()), (DIMENSION_SETS_MAX, 5));
    }
}
