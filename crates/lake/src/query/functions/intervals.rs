//! Intervals: their text, and multiples of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, DurationMicrosecondType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::{Result, plan_err};

use super::{Call, Give, Run, Spec, Take, spec};

/// Name of the function that writes what only Trino writes its own way.
pub const SHOWN: &str = "lake_shown";
/// Name of the function behind `2 * INTERVAL '1' DAY`.
pub const TIMES: &str = "lake_interval_times";

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec(SHOWN, (1, 1), &[Take::Any], Give::Text, Run::Columns(shown)),
    spec(
        TIMES,
        (2, 2),
        &[Take::Any, Take::Double],
        Give::By(|_, _| Ok(DataType::Interval(IntervalUnit::MonthDayNano))),
        Run::Columns(times),
    ),
];

/// Whether values of a type are spans of time.
pub fn is_span(kind: &DataType) -> bool {
    matches!(kind, DataType::Interval(_) | DataType::Duration(_))
}

fn shown(call: &Call) -> Result<ArrayRef> {
    let column = call.column(0)?;
    if is_span(column.data_type()) {
        return texts(&column);
    }
    let DataType::Timestamp(_, Some(zone)) = column.data_type().clone() else {
        return plan_err!("`{}` is not written apart", super::type_name(column.data_type()));
    };
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() {
            return Ok(None);
        }
        let local = row.local(0).map(|(local, _)| Some(format!("{} {zone}", local.format("%Y-%m-%d %H:%M:%S%.3f"))));
        call.judged(local)
    });
    Ok(Arc::new(each.collect::<Result<StringArray>>()?))
}

/// Spans as Trino writes them: `2 03:00:00.000`, and months as `3-5`.
pub fn texts(spans: &ArrayRef) -> Result<ArrayRef> {
    let each: StringArray = match spans.data_type() {
        DataType::Duration(_) => {
            let spans = cast(spans, &DataType::Duration(TimeUnit::Microsecond))?;
            spans.as_primitive::<DurationMicrosecondType>().iter().map(|us| us.map(|us| of_days(i128::from(us)))).collect()
        }
        _ => {
            let spans = cast(spans, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            spans.as_primitive::<IntervalMonthDayNanoType>().iter().map(|span| span.map(text)).collect()
        }
    };
    Ok(Arc::new(each))
}

fn text(span: IntervalMonthDayNano) -> String {
    if span.months != 0 {
        let sign = if span.months < 0 { "-" } else { "" };
        let months = span.months.unsigned_abs();
        return format!("{sign}{}-{}", months / 12, months % 12);
    }
    of_days(i128::from(span.days) * 86_400_000_000 + i128::from(span.nanoseconds / 1_000))
}

fn of_days(us: i128) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let ms = us.unsigned_abs() / 1_000;
    let (days, hours, minutes) = (ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
    format!("{sign}{days} {hours:02}:{minutes:02}:{:02}.{:03}", ms / 1_000 % 60, ms % 1_000)
}

fn times(call: &Call) -> Result<ArrayRef> {
    let spans = cast(&call.column(0)?, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() || spans.is_null(at) {
            return Ok(None);
        }
        let (span, factor) = (spans.value(at), row.double(1));
        let days_and_rest = (f64::from(span.days) * 86_400e9 + span.nanoseconds as f64) * factor;
        let months = (f64::from(span.months) * factor).trunc();
        if !factor.is_finite() || days_and_rest.abs() > 9e18 || months.abs() > 2e9 {
            return call.judged(Err("the interval is too long".to_owned()));
        }
        Ok(Some(IntervalMonthDayNano { months: months as i32, days: 0, nanoseconds: days_and_rest.round() as i64 }))
    });
    Ok(Arc::new(each.collect::<Result<IntervalMonthDayNanoArray>>()?))
}
