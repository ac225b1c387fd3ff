//! Commands as they should be.

use metrics::MetricTransformation;

use super::Wire;
use crate::cis::Control;
use crate::world::Filter;

/// The control's complete filter, under the name and for the metric that was asked for.
pub fn filter(control: &Control, wire: Option<&Wire>) -> String {
    let Some(wire) = wire else { return control.complete.clone() };
    command(control, wire, if wire.name.is_empty() { control.id.as_str() } else { &wire.name })
}

/// A second filter beside the one that was asked for, whose text Security Hub wants to see.
pub fn second_filter(control: &Control, wire: Option<&Wire>) -> String {
    let Some(wire) = wire else { return control.complete.clone() };
    command(control, wire, &format!("{}Complete", if wire.name.is_empty() { control.id.as_str() } else { &wire.name }))
}

fn command(control: &Control, wire: &Wire, name: &str) -> String {
    let metric = wire.transformations.first().cloned().unwrap_or_else(|| MetricTransformation {
        metric_name: control.metric.clone(),
        metric_namespace: "LogMetrics".to_owned(),
        ..MetricTransformation::default()
    });
    format!(
        "aws logs put-metric-filter --log-group-name {} --filter-name {name} \\\n  --filter-pattern '{}' \\\n  \
         --metric-transformations metricName={},metricNamespace={},metricValue=1,defaultValue=0",
        wire.log_group.as_deref().unwrap_or("LOG-GROUP"),
        control.complete,
        metric.metric_name,
        metric.metric_namespace
    )
}

/// An alarm on a filter's metric.
pub fn alarm(filter: &Filter) -> String {
    let (namespace, metric) = &filter.metric;
    format!(
        "aws cloudwatch put-metric-alarm --alarm-name {metric} --metric-name {metric} --namespace {namespace} --statistic Sum --period 300 \\\n  \
         --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \\\n  \
         --alarm-actions TOPIC-ARN"
    )
}
