//! An alarm that AWS would take and whose state can be computed.

/// What an alarm watches, and when it says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Namespace and name of its metric.
    pub metric: (String, String),
    /// Dimensions of its metric, by name.
    pub dimensions: Vec<(String, String)>,
    /// What is computed from a period's points.
    pub statistic: Statistic,
    /// Length of a period, in seconds.
    pub period_s: u32,
    /// Periods that are looked at (N).
    pub evaluation_periods: usize,
    /// Periods of those that must breach (M).
    pub datapoints_to_alarm: usize,
    /// How a value compares with the threshold when it breaches.
    pub comparison: Comparison,
    /// The threshold.
    pub threshold: f64,
    /// What a period without data counts for.
    pub treat_missing: TreatMissing,
    /// Whether there are actions at all.
    pub actions_enabled: bool,
    /// What is done on ALARM.
    pub alarm_actions: Vec<String>,
    /// What is done on OK.
    pub ok_actions: Vec<String>,
    /// What is done on INSUFFICIENT_DATA.
    pub insufficient_data_actions: Vec<String>,
}

/// What is computed from the points of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

/// Which side of the threshold breaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

/// What a period without data counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreatMissing {
    /// For nothing; if all are missing, the state is INSUFFICIENT_DATA.
    Missing,
    /// The state stays as it is.
    Ignore,
    /// For a breach.
    Breaching,
    /// For none.
    NotBreaching,
}

impl Comparison {
    /// Whether a value breaches.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => value >= threshold,
            Comparison::GreaterThanThreshold => value > threshold,
            Comparison::LessThanThreshold => value < threshold,
            Comparison::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    /// As AWS's reasons say it.
    pub fn words(self) -> &'static str {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => "greater than or equal to",
            Comparison::GreaterThanThreshold => "greater than",
            Comparison::LessThanThreshold => "less than",
            Comparison::LessThanOrEqualToThreshold => "less than or equal to",
        }
    }
}
