//! The CIS monitoring set as commands of the AWS CLI.

use check::cis::{Control, controls};
use clap::Args;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::settings::quoted;

/// What to print.
#[derive(Args, Debug)]
pub struct Cis {
    /// The log group that the trail delivers to
    #[arg(long, value_name = "GROUP", default_value = "CloudTrail/logs")]
    log_group: String,

    /// Namespace of the metrics
    #[arg(long, value_name = "NAMESPACE", default_value = "LogMetrics")]
    namespace: String,

    /// ARN of the SNS topic that alarms write to
    #[arg(long, value_name = "ARN", default_value = "arn:aws:sns:us-east-1:111122223333:alerts")]
    topic: String,

    /// The patterns that this version of the benchmark prints, instead of the complete ones: 1.2, 1.4, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0
    #[arg(long, value_name = "VERSION")]
    published: Option<String>,
}

impl Cis {
    /// Prints the commands.
    pub fn run(&self) -> Result<Exit, Failure> {
        output::bytes(self.script()?.as_bytes())?;
        Ok(Exit::Fine)
    }

    fn script(&self) -> Result<String, Failure> {
        let mut script = String::new();
        for control in controls() {
            let Some(pattern) = self.pattern(control) else { continue };
            script.push_str(&self.commands(control, pattern));
        }
        if script.is_empty() {
            let version = self.published.as_deref().unwrap_or_default();
            return Err(Failure::usage(
                format!("no version `{version}` is known"),
                "1.2, 1.4, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0 and 7.0 are",
            ));
        }
        Ok(script)
    }

    fn pattern<'c>(&self, control: &'c Control) -> Option<&'c str> {
        let Some(version) = &self.published else { return Some(&control.complete) };
        let of_version = control.published.iter().find(|published| published.versions.contains(version));
        of_version.filter(|_| control.numbers.contains_key(version)).map(|published| published.pattern.as_str())
    }

    fn commands(&self, control: &Control, pattern: &str) -> String {
        let (group, namespace, metric) = (quoted(&self.log_group), quoted(&self.namespace), &control.metric);
        format!(
            "# {}: {}\naws logs put-metric-filter --log-group-name {group} --filter-name {metric} \\\n  --filter-pattern {} \\\n  \
             --metric-transformations metricName={metric},metricNamespace={namespace},metricValue=1,defaultValue=0\n\
             aws cloudwatch put-metric-alarm --alarm-name {metric} --metric-name {metric} --namespace {namespace} --statistic Sum --period 300 \\\n  \
             --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \\\n  \
             --alarm-actions {}\n\n",
            self.published.as_ref().map_or_else(|| control.named(), |version| control.named_in(version)),
            control.title,
            quoted(pattern),
            quoted(&self.topic)
        )
    }
}

/// The complete set with the default names.
pub fn complete_set() -> String {
    let cis = Cis {
        log_group: "CloudTrail/logs".to_owned(),
        namespace: "LogMetrics".to_owned(),
        topic: "arn:aws:sns:us-east-1:111122223333:alerts".to_owned(),
        published: None,
    };
    cis.script().unwrap_or_default()
}
