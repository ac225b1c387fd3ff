//! Alarms as `PutMetricAlarm` takes them and `DescribeAlarms` gives them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alarm::{Alarm, Comparison, Statistic, TreatMissing};
use crate::limits::{ACTIONS_MAX, ALARM_NAME_CHARS_MAX, LOOK_BACK_S_MAX, LOOK_BACK_SHORT_S_MAX};
use crate::wrong::Wrong;

/// An alarm on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub struct MetricAlarm {
    pub alarm_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<Dimension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_periods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarm_actions: Vec<String>,
    #[serde(rename = "OKActions", skip_serializing_if = "Vec::is_empty")]
    pub ok_actions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insufficient_data_actions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Value>,
}

/// A dimension of the metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the names are AWS's")]
pub struct Dimension {
    pub name: String,
    pub value: String,
}

/// The alarm, or every reason why AWS would not take it or its state cannot be computed from points alone.
pub fn read_alarm(wire: &MetricAlarm) -> Result<Alarm, Vec<Wrong>> {
    let mut reader = Reader { wire, wrong: Vec::new() };
    let alarm = Alarm {
        name: reader.name(),
        metric: reader.metric(),
        dimensions: wire.dimensions.iter().map(|dimension| (dimension.name.clone(), dimension.value.clone())).collect(),
        statistic: reader.statistic(),
        period_s: reader.period(),
        evaluation_periods: reader.evaluation_periods(),
        datapoints_to_alarm: reader.datapoints_to_alarm(),
        comparison: reader.comparison(),
        threshold: reader.threshold(),
        treat_missing: reader.treat_missing(),
        actions_enabled: wire.actions_enabled.unwrap_or(true),
        alarm_actions: wire.alarm_actions.clone(),
        ok_actions: wire.ok_actions.clone(),
        insufficient_data_actions: wire.insufficient_data_actions.clone(),
    };
    reader.actions();
    if reader.wrong.is_empty() { Ok(alarm) } else { Err(reader.wrong) }
}

/// Collects what is wrong; what is wrong gets a value that is not used.
struct Reader<'w> {
    wire: &'w MetricAlarm,
    wrong: Vec<Wrong>,
}

impl Reader<'_> {
    fn name(&mut self) -> String {
        let chars = self.wire.alarm_name.chars().count();
        if chars == 0 || chars > ALARM_NAME_CHARS_MAX {
            self.wrong.push(Wrong::new("AlarmName", format!("it takes 1 to {ALARM_NAME_CHARS_MAX} characters")));
        }
        self.wire.alarm_name.clone()
    }

    fn metric(&mut self) -> (String, String) {
        if !self.wire.metrics.is_empty() {
            let what = "metric math and queries are not computed here, only alarms on one metric";
            self.wrong.push(Wrong::new("Metrics", what));
        } else if self.wire.metric_name.is_none() || self.wire.namespace.is_none() {
            self.wrong.push(Wrong::new("MetricName", "an alarm needs a metric's name and namespace"));
        }
        (self.wire.namespace.clone().unwrap_or_default(), self.wire.metric_name.clone().unwrap_or_default())
    }

    fn statistic(&mut self) -> Statistic {
        match self.wire.statistic.as_deref() {
            Some("SampleCount") => Statistic::SampleCount,
            Some("Average") => Statistic::Average,
            Some("Sum") => Statistic::Sum,
            Some("Minimum") => Statistic::Minimum,
            Some("Maximum") => Statistic::Maximum,
            other => {
                let what = match (other, &self.wire.extended_statistic) {
                    (Some(other), _) => format!("there is no statistic `{other}`"),
                    (None, Some(extended)) => format!("percentiles (`{extended}`) are not computed here"),
                    (None, None) => "an alarm needs a statistic".to_owned(),
                };
                self.wrong.push(Wrong::new("Statistic", what).with_hint("for numbers of events write Sum"));
                Statistic::Sum
            }
        }
    }

    fn period(&mut self) -> u32 {
        match self.wire.period {
            Some(period @ (10 | 20 | 30)) => period,
            Some(period) if period > 0 && period % 60 == 0 => period,
            _ => {
                self.wrong.push(
                    Wrong::new("Period", "it takes 10, 20, 30 or a multiple of 60")
                        .with_hint("metric filters give one point a minute"),
                );
                60
            }
        }
    }

    fn evaluation_periods(&mut self) -> usize {
        let periods = self.wire.evaluation_periods.unwrap_or(0);
        let (period, look_back_s) =
            (self.wire.period.unwrap_or(60), u64::from(periods) * u64::from(self.wire.period.unwrap_or(60)));
        let look_back_s_max = if period >= 3_600 { LOOK_BACK_S_MAX } else { LOOK_BACK_SHORT_S_MAX };
        if periods == 0 {
            self.wrong.push(Wrong::new("EvaluationPeriods", "it takes 1 or more"));
        } else if look_back_s > look_back_s_max {
            let what = format!("{periods} periods of {period} s are more than the {look_back_s_max} s that an alarm may look back");
            self.wrong.push(Wrong::new("EvaluationPeriods", what));
        }
        periods as usize
    }

    fn datapoints_to_alarm(&mut self) -> usize {
        let periods = self.wire.evaluation_periods.unwrap_or(0);
        let points = self.wire.datapoints_to_alarm.unwrap_or(periods);
        if points > periods || self.wire.datapoints_to_alarm == Some(0) {
            let what = format!("{points} data points cannot be found in {periods} periods");
            self.wrong.push(Wrong::new("DatapointsToAlarm", what).with_hint("it takes 1 to EvaluationPeriods"));
        }
        points as usize
    }

    fn comparison(&mut self) -> Comparison {
        match self.wire.comparison_operator.as_deref().unwrap_or_default() {
            "GreaterThanOrEqualToThreshold" => Comparison::GreaterThanOrEqualToThreshold,
            "GreaterThanThreshold" => Comparison::GreaterThanThreshold,
            "LessThanThreshold" => Comparison::LessThanThreshold,
            "LessThanOrEqualToThreshold" => Comparison::LessThanOrEqualToThreshold,
            other => {
                let what = match other {
                    "LessThanLowerOrGreaterThanUpperThreshold" | "LessThanLowerThreshold" | "GreaterThanUpperThreshold" => {
                        format!("anomaly detection (`{other}`) is not computed here")
                    }
                    "" => "an alarm needs a comparison".to_owned(),
                    _ => format!("there is no comparison `{other}`"),
                };
                self.wrong.push(Wrong::new("ComparisonOperator", what).with_hint("write GreaterThanOrEqualToThreshold"));
                Comparison::GreaterThanOrEqualToThreshold
            }
        }
    }

    fn threshold(&mut self) -> f64 {
        let threshold = self.wire.threshold.filter(|threshold| threshold.is_finite());
        if threshold.is_none() {
            self.wrong.push(Wrong::new("Threshold", "an alarm needs a number to compare with"));
        }
        threshold.unwrap_or_default()
    }

    fn treat_missing(&mut self) -> TreatMissing {
        match self.wire.treat_missing_data.as_deref() {
            None | Some("missing") => TreatMissing::Missing,
            Some("ignore") => TreatMissing::Ignore,
            Some("breaching") => TreatMissing::Breaching,
            Some("notBreaching") => TreatMissing::NotBreaching,
            Some(other) => {
                let what = format!("there is no treatment `{other}`");
                self.wrong
                    .push(Wrong::new("TreatMissingData", what).with_hint("missing, ignore, breaching and notBreaching are known"));
                TreatMissing::Missing
            }
        }
    }

    fn actions(&mut self) {
        let wire = self.wire;
        let lists = [
            ("AlarmActions", &wire.alarm_actions),
            ("OKActions", &wire.ok_actions),
            ("InsufficientDataActions", &wire.insufficient_data_actions),
        ];
        for (parameter, list) in lists {
            if list.len() > ACTIONS_MAX {
                self.wrong.push(Wrong::new(parameter, format!("a state takes {ACTIONS_MAX} actions, these are {}", list.len())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"AlarmName": "a", "MetricName": "n", "Namespace": "s", "Statistic": "Sum", "Period": 300,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}"#;

    fn wrong(replaced: &str, by: &str) -> Vec<&'static str> {
        let wire: MetricAlarm = serde_json::from_str(&GOOD.replace(replaced, by)).unwrap();
        read_alarm(&wire).err().unwrap_or_default().iter().map(|wrong| wrong.parameter).collect()
    }

    #[test]
    fn what_aws_takes_and_refuses() {
        for (replaced, by, expected) in [
            ("", "", &[][..]),
            ("300", "10", &[]),
            ("300", "90", &["Period"]),
            ("300", "0", &["Period"]),
            ("\"EvaluationPeriods\": 1", "\"EvaluationPeriods\": 0", &["EvaluationPeriods"]),
            ("\"EvaluationPeriods\": 1", "\"EvaluationPeriods\": 288", &[]),
            ("\"EvaluationPeriods\": 1", "\"EvaluationPeriods\": 289", &["EvaluationPeriods"]),
            ("\"EvaluationPeriods\": 1", "\"EvaluationPeriods\": 3, \"DatapointsToAlarm\": 2", &[]),
            ("\"EvaluationPeriods\": 1", "\"EvaluationPeriods\": 3, \"DatapointsToAlarm\": 4", &["DatapointsToAlarm"]),
            ("Sum", "Median", &["Statistic"]),
            ("GreaterThanOrEqualToThreshold", "GreaterThanUpperThreshold", &["ComparisonOperator"]),
            ("\"Threshold\": 1", "\"TreatMissingData\": \"never\"", &["Threshold", "TreatMissingData"]),
            ("\"AlarmName\": \"a\"", "\"AlarmName\": \"\"", &["AlarmName"]),
            ("\"MetricName\": \"n\", ", "", &["MetricName"]),
            ("\"MetricName\": \"n\"", "\"Metrics\": [{}]", &["Metrics"]),
        ] {
            assert_eq!(wrong(replaced, by), expected, "{by}");
        }
    }
}
