//! Metric points per minute, and the alarm state machine: what CloudWatch makes of the events that a metric filter matched.
//!
//! A [`Transformation`] says which number a matching event counts for, [`Minutes`] collects those numbers, and a [`Watch`] walks an
//! [`Alarm`] over them minute by minute, with AWS's rules for data that is missing. Which events match is not known here.
//!
//! Pure: time is handed in, in seconds since 1970. Sources: CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch
//! alarms treat missing data"; CloudWatch Logs API reference, "MetricTransformation".

mod alarm;
mod definition;
mod evaluate;
mod minutes;
mod transformation;
mod watch;
mod wrong;

pub mod limits;

pub use alarm::{Alarm, Comparison, Statistic, TreatMissing};
pub use definition::{MetricAlarm, read_alarm};
pub use evaluate::{Rule, State, judge};
pub use minutes::{Metric, Minutes, Point, Series};
pub use transformation::{MetricTransformation, MetricValue, Transformation};
pub use watch::{Transition, Watch};
pub use wrong::Wrong;
