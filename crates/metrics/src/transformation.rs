//! What a matching event counts for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::{DIMENSION_CHARS_MAX, DIMENSIONS_MAX, METRIC_NAME_CHARS_MAX, METRIC_VALUE_CHARS_MAX};
use crate::wrong::Wrong;

/// A transformation as `PutMetricFilter` takes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub struct MetricTransformation {
    pub metric_name: String,
    pub metric_namespace: String,
    pub metric_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A transformation that AWS would take.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformation {
    /// Namespace and name of the metric.
    pub metric: (String, String),
    /// What an event counts for.
    pub value: MetricValue,
    /// What a minute counts for in which events arrived and none matched.
    pub default: Option<f64>,
    /// Dimensions by name, with the selector of their value.
    pub dimensions: Vec<(String, String)>,
    /// The unit.
    pub unit: String,
}

/// A number, or where it stands in the event.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// The same for every event.
    Constant(f64),
    /// A selector: `$.size` of a JSON event, `$size` of a space-delimited one. An event without a number there gives no point.
    Selector(String),
}

/// AWS's units.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

impl MetricTransformation {
    /// The transformation, or every reason why AWS would not take it.
    pub fn check(&self) -> Result<Transformation, Vec<Wrong>> {
        let mut wrong = Vec::new();
        name("metricName", &self.metric_name, &mut wrong);
        name("metricNamespace", &self.metric_namespace, &mut wrong);
        let value = value(&self.metric_value).map_err(|reason| wrong.push(reason)).ok();
        self.check_dimensions(&mut wrong);
        let unit = self.unit.clone().unwrap_or_else(|| "None".to_owned());
        if !UNITS.contains(&unit.as_str()) {
            wrong.push(Wrong::new("unit", format!("there is no unit `{unit}`")).with_hint("for numbers of events write Count"));
        }
        if self.default_value.is_some_and(|value| !value.is_finite()) {
            wrong.push(Wrong::new("defaultValue", "it is no number"));
        }
        match value {
            Some(value) if wrong.is_empty() => Ok(Transformation {
                metric: (self.metric_namespace.clone(), self.metric_name.clone()),
                value,
                default: self.default_value,
                dimensions: self.dimensions.clone().into_iter().collect(),
                unit,
            }),
            _ => Err(wrong),
        }
    }

    fn check_dimensions(&self, wrong: &mut Vec<Wrong>) {
        if self.dimensions.len() > DIMENSIONS_MAX {
            let what = format!("a metric takes {DIMENSIONS_MAX} dimensions, these are {}", self.dimensions.len());
            wrong.push(Wrong::new("dimensions", what));
        }
        if !self.dimensions.is_empty() && self.default_value.is_some() {
            wrong.push(
                Wrong::new("defaultValue", "a metric with dimensions takes no default value").with_hint("leave one of the two out"),
            );
        }
        for (name, value) in &self.dimensions {
            let fits = |text: &str| !text.is_empty() && text.chars().count() <= DIMENSION_CHARS_MAX;
            if !fits(name) || !fits(value) {
                wrong.push(Wrong::new(
                    "dimensions",
                    format!("`{name}` or its value is empty or longer than {DIMENSION_CHARS_MAX} characters"),
                ));
            } else if !value.starts_with('$') {
                let hint = format!("write {name}=$.FIELD");
                wrong.push(Wrong::new("dimensions", format!("the value of `{name}` is no selector")).with_hint(hint));
            }
        }
    }
}

fn name(parameter: &'static str, text: &str, wrong: &mut Vec<Wrong>) {
    if text.is_empty() || text.chars().count() > METRIC_NAME_CHARS_MAX {
        wrong.push(Wrong::new(parameter, format!("it takes 1 to {METRIC_NAME_CHARS_MAX} characters")));
    }
    if let Some(odd) = text.chars().find(|c| ":*$".contains(*c)) {
        wrong.push(Wrong::new(parameter, format!("`{odd}` may not stand in it")));
    }
}

fn value(text: &str) -> Result<MetricValue, Wrong> {
    let wrong = |what: String| Wrong::new("metricValue", what).with_hint("write 1, or a selector such as $.size");
    if text.is_empty() || text.chars().count() > METRIC_VALUE_CHARS_MAX {
        return Err(wrong(format!("it takes 1 to {METRIC_VALUE_CHARS_MAX} characters")));
    }
    if text.len() > 1 && text.starts_with('$') {
        return Ok(MetricValue::Selector(text.to_owned()));
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.map(MetricValue::Constant).ok_or_else(|| wrong(format!("`{text}` is neither a number nor a selector")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> Vec<&'static str> {
        let read: MetricTransformation = serde_json::from_str(json).unwrap();
        read.check().err().unwrap_or_default().iter().map(|wrong| wrong.parameter).collect()
    }

    #[test]
    fn what_aws_takes_and_refuses() {
        let base = r#""metricName": "n", "metricNamespace": "s""#;
        for (more, expected) in [
            (r#""metricValue": "1""#, &[][..]),
            (r#""metricValue": "$.size", "unit": "Bytes""#, &[]),
            (r#""metricValue": "$size", "dimensions": {"ip": "$ip"}"#, &[]),
            (r#""metricValue": "1e-3", "defaultValue": 0"#, &[]),
            (r#""metricValue": "one""#, &["metricValue"]),
            (r#""metricValue": "$""#, &["metricValue"]),
            (r#""metricValue": "inf""#, &["metricValue"]),
            (r#""metricValue": "1", "unit": "Events""#, &["unit"]),
            (r#""metricValue": "1", "defaultValue": 0, "dimensions": {"a": "$.a"}"#, &["defaultValue"]),
            (r#""metricValue": "1", "dimensions": {"a": "x"}"#, &["dimensions"]),
            (r#""metricValue": "1", "dimensions": {"a": "$.a", "b": "$.b", "c": "$.c", "d": "$.d"}"#, &["dimensions"]),
        ] {
            assert_eq!(wrong(&format!("{{{base}, {more}}}")), expected, "{more}");
        }
        assert_eq!(wrong(r#"{"metricValue": "1"}"#), ["metricName", "metricNamespace"]);
        assert_eq!(wrong(r#"{"metricName": "a:b", "metricNamespace": "s", "metricValue": "1"}"#), ["metricName"]);
    }
}
