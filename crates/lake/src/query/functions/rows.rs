//! A function's arguments, row by row.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, LargeStringArray, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;

use super::failed;
use super::patterns::Pattern;

/// What a function makes of a row: a value, null, or a complaint.
pub type Outcome<T> = std::result::Result<Option<T>, String>;

/// One argument.
struct Argument {
    values: Values,
    array: ArrayRef,
    is_constant: bool,
}

enum Values {
    Text(StringArray),
    View(StringViewArray),
    Large(LargeStringArray),
    Int(Int64Array),
    Double(Float64Array),
    Time(TimestampMicrosecondArray, Option<Tz>),
    Other,
}

/// A call of a function with all its rows.
pub struct Call {
    /// The function's name.
    pub name: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// The type that it is to give.
    pub kind: DataType,
    arguments: Vec<Argument>,
    tries: bool,
    patterns: RefCell<HashMap<String, Rc<Pattern>>>,
}

/// One row of a call.
pub struct Row<'a> {
    call: &'a Call,
    at: usize,
}

impl Call {
    /// A call with its arguments.
    pub fn new(name: &'static str, args: &[ColumnarValue], rows: usize, kind: DataType, tries: bool) -> Result<Call> {
        let arguments = args.iter().map(argument).collect::<Result<Vec<_>>>()?;
        Ok(Call { name, rows, kind, arguments, tries, patterns: RefCell::default() })
    }

    /// Number of arguments.
    pub fn count(&self) -> usize {
        self.arguments.len()
    }

    /// An argument as a column of all rows.
    pub fn column(&self, at: usize) -> Result<ArrayRef> {
        let argument = self.arguments.get(at).ok_or_else(|| failed(self.name, format!("argument {} is missing", at + 1)))?;
        if !argument.is_constant || self.rows == 1 {
            return Ok(ArrayRef::clone(&argument.array));
        }
        let zeros = arrow::array::UInt32Array::from_value(0, self.rows);
        Ok(arrow::compute::take(&argument.array, &zeros, None)?)
    }

    /// Works out each row; a row with a null is null.
    pub fn each<T>(&self, work: fn(&Row<'_>) -> Outcome<T>) -> Result<Vec<Option<T>>> {
        let mut all = Vec::with_capacity(self.rows);
        for at in 0..self.rows {
            let row = Row { call: self, at };
            all.push(if row.has_null() { None } else { self.judged(work(&row))? });
        }
        Ok(all)
    }

    /// A row's outcome, where complaints are errors or, inside TRY, nulls.
    pub fn judged<T>(&self, outcome: Outcome<T>) -> Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(value),
            Err(_) if self.tries => Ok(None),
            Err(what) => Err(failed(self.name, what)),
        }
    }

    /// One row.
    pub fn row(&self, at: usize) -> Row<'_> {
        Row { call: self, at }
    }

    /// A compiled pattern.
    pub fn pattern(&self, text: &str) -> std::result::Result<Rc<Pattern>, String> {
        if let Some(known) = self.patterns.borrow().get(text) {
            return Ok(Rc::clone(known));
        }
        let compiled = Rc::new(Pattern::read(text)?);
        let mut patterns = self.patterns.borrow_mut();
        if patterns.len() >= PATTERNS_MAX {
            patterns.clear();
        }
        patterns.insert(text.to_owned(), Rc::clone(&compiled));
        Ok(compiled)
    }
}

/// Patterns of a call that are kept compiled.
const PATTERNS_MAX: usize = 64;

fn argument(value: &ColumnarValue) -> Result<Argument> {
    let (array, is_constant) = match value {
        ColumnarValue::Array(array) => (ArrayRef::clone(array), false),
        ColumnarValue::Scalar(scalar) => (scalar.to_array_of_size(1)?, true),
    };
    let values = match array.data_type() {
        DataType::Utf8 => Values::Text(array.as_string::<i32>().clone()),
        DataType::Utf8View => Values::View(array.as_string_view().clone()),
        DataType::LargeUtf8 => Values::Large(array.as_string::<i64>().clone()),
        DataType::Int64 => Values::Int(array.as_primitive::<Int64Type>().clone()),
        DataType::Float64 => Values::Double(array.as_primitive::<Float64Type>().clone()),
        DataType::Timestamp(_, zone) => {
            let wanted = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            let zone = zone.as_deref().filter(|zone| *zone != "UTC" && *zone != "+00:00").map(str::parse::<Tz>).transpose()?;
            Values::Time(cast(&array, &wanted)?.as_primitive::<TimestampMicrosecondType>().clone(), zone)
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let of_day = cast(&cast(&array, &DataType::Time64(TimeUnit::Microsecond))?, &DataType::Int64)?;
            let us = of_day.as_primitive::<Int64Type>().iter().collect::<TimestampMicrosecondArray>();
            Values::Time(us, None)
        }
        DataType::Date32 | DataType::Date64 => {
            let midnights = cast(&array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            Values::Time(midnights.as_primitive::<TimestampMicrosecondType>().clone(), None)
        }
        _ => Values::Other,
    };
    Ok(Argument { values, array, is_constant })
}

impl<'a> Row<'a> {
    fn argument(&self, at: usize) -> Option<(&'a Argument, usize)> {
        let argument = self.call.arguments.get(at)?;
        let row = if argument.is_constant { 0 } else { self.at };
        (row < argument.array.len() && argument.array.is_valid(row)).then_some((argument, row))
    }

    /// Number of arguments.
    pub fn count(&self) -> usize {
        self.call.arguments.len()
    }

    /// Whether an argument is null.
    pub fn has_null(&self) -> bool {
        (0..self.count()).any(|at| self.argument(at).is_none())
    }

    /// A text; empty where it is null.
    pub fn text(&self, at: usize) -> &'a str {
        self.text_or_null(at).unwrap_or_default()
    }

    /// A text, or nothing.
    pub fn text_or_null(&self, at: usize) -> Option<&'a str> {
        let (argument, row) = self.argument(at)?;
        match &argument.values {
            Values::Text(array) => Some(array.value(row)),
            Values::View(array) => Some(array.value(row)),
            Values::Large(array) => Some(array.value(row)),
            _ => None,
        }
    }

    /// A whole number; 0 where it is null.
    pub fn int(&self, at: usize) -> i64 {
        match self.argument(at) {
            Some((Argument { values: Values::Int(array), .. }, row)) => array.value(row),
            _ => 0,
        }
    }

    /// A number; 0 where it is null.
    pub fn double(&self, at: usize) -> f64 {
        match self.argument(at) {
            Some((Argument { values: Values::Double(array), .. }, row)) => array.value(row),
            Some((Argument { values: Values::Int(array), .. }, row)) => array.value(row) as f64,
            _ => 0.0,
        }
    }

    /// A point in time, in microseconds since 1970 UTC.
    pub fn time(&self, at: usize) -> i64 {
        match self.argument(at) {
            Some((Argument { values: Values::Time(array, _), .. }, row)) => array.value(row),
            _ => 0,
        }
    }

    /// A point in time as clocks in its zone show it, with the zone's distance from UTC in seconds.
    pub fn local(&self, at: usize) -> Result<(NaiveDateTime, i32), String> {
        let utc = DateTime::from_timestamp_micros(self.time(at)).ok_or("the time is out of range")?;
        match self.argument(at) {
            Some((Argument { values: Values::Time(_, Some(zone)), .. }, _)) => {
                let there = zone.from_utc_datetime(&utc.naive_utc());
                Ok((there.naive_local(), there.offset().fix().local_minus_utc()))
            }
            _ => Ok((utc.naive_utc(), 0)),
        }
    }

    /// Back from a clock in the zone of an argument to a point in time.
    pub fn instant(&self, at: usize, local: NaiveDateTime) -> Result<i64, String> {
        let zone = match self.argument(at) {
            Some((Argument { values: Values::Time(_, Some(zone)), .. }, _)) => *zone,
            _ => return Ok(local.and_utc().timestamp_micros()),
        };
        let there = zone.from_local_datetime(&local).earliest().ok_or("there is no such time in that zone")?;
        Ok(there.timestamp_micros())
    }

    /// A compiled pattern.
    pub fn pattern(&self, text: &str) -> std::result::Result<Rc<Pattern>, String> {
        self.call.pattern(text)
    }
}
