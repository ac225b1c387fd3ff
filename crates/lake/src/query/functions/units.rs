//! Bytes and their spellings; texts made by a format.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, BooleanArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Result, ScalarValue};

use super::{Call, Give, Outcome, Run, Spec, Take, spec};
use crate::limits::TEXT_BYTES_MAX;

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("to_utf8", (1, 1), &[Take::Text], Give::By(binary), Run::Columns(to_utf8)),
    spec("to_hex", (1, 1), &[Take::Any], Give::Text, Run::Columns(to_hex)),
    spec("from_hex", (1, 1), &[Take::Text], Give::By(binary), Run::Columns(from_hex)),
    spec("format", (1, usize::MAX), &[Take::Any], Give::Text, Run::Columns(format)),
    spec("lake_is_true", (1, 1), &[Take::Any], Give::Bool, Run::Columns(is_true)),
];

fn binary(_: &[DataType], _: &[Option<&ScalarValue>]) -> Result<DataType> {
    Ok(DataType::Binary)
}

fn to_utf8(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| call.row(at).text_or_null(0).map(str::as_bytes));
    Ok(Arc::new(each.collect::<BinaryArray>()))
}

fn bytes(call: &Call) -> Result<BinaryArray> {
    Ok(cast(&call.column(0)?, &DataType::Binary)?.as_binary::<i32>().clone())
}

/// Bytes as text; what is no UTF-8 becomes U+FFFD.
pub fn from_utf8(call: &Call) -> Result<ArrayRef> {
    let bytes = bytes(call)?;
    Ok(Arc::new(bytes.iter().map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())).collect::<StringArray>()))
}

fn to_hex(call: &Call) -> Result<ArrayRef> {
    let column = call.column(0)?;
    if column.data_type().is_integer() {
        let numbers = cast(&column, &DataType::Int64)?;
        let numbers =
            numbers.as_primitive::<arrow::datatypes::Int64Type>().iter().map(|number| number.map(|number| format!("{number:X}")));
        return Ok(Arc::new(numbers.collect::<StringArray>()));
    }
    Ok(Arc::new(bytes(call)?.iter().map(|bytes| bytes.map(hex::encode_upper)).collect::<StringArray>()))
}

fn from_hex(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| match call.row(at).text_or_null(0) {
        Some(text) => call.judged(hex::decode(text).map(Some).map_err(|_| format!("`{text}` is not hexadecimal"))),
        None => Ok(None),
    });
    let all = each.collect::<Result<Vec<Option<Vec<u8>>>>>()?;
    Ok(Arc::new(all.iter().map(|bytes| bytes.as_deref()).collect::<BinaryArray>()))
}

/// `'true'` and `'false'` in any case.
fn is_true(call: &Call) -> Result<ArrayRef> {
    let each = (0..call.rows).map(|at| match call.row(at).text_or_null(0)?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    Ok(Arc::new(each.collect::<BooleanArray>()))
}

/// `format('%s has %d of %.2f', ...)`, as in Java.
fn format(call: &Call) -> Result<ArrayRef> {
    let columns = (1..call.count()).map(|at| call.column(at)).collect::<Result<Vec<_>>>()?;
    let options = FormatOptions::new().with_null("null").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
    let shown = columns.iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options)).collect::<Result<Vec<_>, _>>()?;
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        let Some(pattern) = row.text_or_null(0) else { return Ok(None) };
        let values: Vec<String> = shown.iter().map(|column| column.value(at).to_string()).collect();
        call.judged(formatted(pattern, &values))
    });
    Ok(Arc::new(each.collect::<Result<StringArray>>()?))
}

/// One `%...` of a format.
#[derive(Default)]
struct Placeholder {
    flags: String,
    width: usize,
    precision: Option<usize>,
    position: Option<usize>,
}

fn formatted(pattern: &str, values: &[String]) -> Outcome<String> {
    let mut written = String::new();
    let mut next = 0;
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        written.push_str(before);
        let (placeholder, kind, after) = placeholder(after)?;
        rest = after;
        match kind {
            '%' => written.push('%'),
            'n' => written.push('\n'),
            kind => {
                let at = placeholder.position.unwrap_or(next);
                next += usize::from(placeholder.position.is_none());
                let value =
                    values.get(at).ok_or_else(|| format!("the format has more places than there are values ({})", values.len()))?;
                written.push_str(&place(&placeholder, kind, value)?);
            }
        }
        if written.len() > TEXT_BYTES_MAX {
            return Err(super::text::too_long());
        }
    }
    written.push_str(rest);
    Ok(Some(written))
}

fn placeholder(text: &str) -> Result<(Placeholder, char, &str), String> {
    let mut found = Placeholder::default();
    let mut rest = text;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let count = digits(rest);
    if count > 0 && rest.get(count..).is_some_and(|after| after.starts_with('$')) {
        found.position = rest.get(..count).and_then(|number| number.parse::<usize>().ok()).and_then(|number| number.checked_sub(1));
        rest = rest.get(count + 1..).unwrap_or_default();
    }
    let flags = rest.bytes().take_while(|byte| b"-+ 0,(#".contains(byte)).count();
    found.flags = rest.get(..flags).unwrap_or_default().to_owned();
    rest = rest.get(flags..).unwrap_or_default();
    let width = digits(rest);
    found.width = rest.get(..width).and_then(|number| number.parse().ok()).unwrap_or(0);
    rest = rest.get(width..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix('.') {
        let count = digits(after);
        found.precision = after.get(..count).and_then(|number| number.parse().ok());
        rest = after.get(count..).unwrap_or_default();
    }
    if found.width > 10_000 || found.precision.is_some_and(|precision| precision > 300) {
        return Err("a place of the format is too wide".to_owned());
    }
    let mut letters = rest.chars();
    let kind = letters.next().ok_or("the format ends with %")?;
    Ok((found, kind, letters.as_str()))
}

fn place(placeholder: &Placeholder, kind: char, value: &str) -> Result<String, String> {
    let number = || value.parse::<f64>().map_err(|_| format!("`{value}` is no number for %{kind}"));
    let plain = match kind {
        'S' => value.to_uppercase(),
        's' => value.chars().take(placeholder.precision.unwrap_or(usize::MAX)).collect(),
        'b' => value.to_owned(),
        'd' => {
            let whole: i64 = value.parse().map_err(|_| format!("`{value}` is no whole number for %d"))?;
            signed(placeholder, grouped(placeholder, &whole.unsigned_abs().to_string()), whole < 0)
        }
        'x' => format!("{:x}", value.parse::<i64>().map_err(|_| format!("`{value}` is no whole number for %x"))?),
        'X' => format!("{:X}", value.parse::<i64>().map_err(|_| format!("`{value}` is no whole number for %X"))?),
        'f' => {
            let number = number()?;
            let digits = format!("{:.*}", placeholder.precision.unwrap_or(6), number.abs());
            signed(placeholder, grouped(placeholder, &digits), number < 0.0)
        }
        'e' => {
            let text = format!("{:.*e}", placeholder.precision.unwrap_or(6), number()?);
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        other => return Err(format!("%{other} is not known")),
    };
    Ok(padded(placeholder, plain))
}

fn grouped(placeholder: &Placeholder, digits: &str) -> String {
    if !placeholder.flags.contains(',') {
        return digits.to_owned();
    }
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut written = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written + fraction
}

fn signed(placeholder: &Placeholder, digits: String, is_negative: bool) -> String {
    let sign = if is_negative {
        "-"
    } else if placeholder.flags.contains('+') {
        "+"
    } else if placeholder.flags.contains(' ') {
        " "
    } else {
        ""
    };
    let room = placeholder.width.saturating_sub(sign.len());
    if placeholder.flags.contains('0') { format!("{sign}{digits:0>room$}") } else { format!("{sign}{digits}") }
}

fn padded(placeholder: &Placeholder, text: String) -> String {
    let width = placeholder.width;
    if placeholder.flags.contains('-') { format!("{text:<width$}") } else { format!("{text:>width$}") }
}
