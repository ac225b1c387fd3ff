//! Every limit, by name. Sources: botocore 1.44.5, logs/2014-03-28 and cloudwatch/2010-08-01; CloudWatch Logs quotas.

/// Characters of a metric's name or namespace in a transformation.
pub const METRIC_NAME_CHARS_MAX: usize = 255;
/// Characters of a metric value.
pub const METRIC_VALUE_CHARS_MAX: usize = 100;
/// Dimensions of a transformation.
pub const DIMENSIONS_MAX: usize = 3;
/// Characters of a dimension's name or value.
pub const DIMENSION_CHARS_MAX: usize = 255;
/// Different sets of dimension values after which AWS may disable a filter.
pub const DIMENSION_SETS_MAX: usize = 1_000;
/// Characters of an alarm's name.
pub const ALARM_NAME_CHARS_MAX: usize = 255;
/// Actions of an alarm for one state.
pub const ACTIONS_MAX: usize = 5;
/// Longest time that an alarm may look back over, in seconds: seven days.
pub const LOOK_BACK_S_MAX: u64 = 7 * 86_400;
/// Evaluation periods of an alarm with short periods look back one day at most, in seconds.
pub const LOOK_BACK_SHORT_S_MAX: u64 = 86_400;
/// Periods beyond those evaluated that are looked at for data; AWS's examples show two.
pub const EXTRA_PERIODS: usize = 2;
/// Changes of state that a history keeps; ours.
pub const TRANSITIONS_MAX: usize = 100_000;
