//! A value of JSON as Python has it.

/// A value, with dictionaries in their order; a key that was there before has been replaced.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    None,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, as Python prints it: they have no limit.
    Int(String),
    /// Any other number; may be infinite or none at all.
    Float(f64),
    /// Text.
    Str(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// A value of a dictionary; of keys that are there twice, the last one counts.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Dict(pairs) => pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// What `bool(value)` is.
    pub fn is_true(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(is_true) => *is_true,
            Value::Int(digits) => digits != "0",
            Value::Float(number) => *number != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(values) => !values.is_empty(),
            Value::Dict(pairs) => !pairs.is_empty(),
        }
    }

    /// What `type(value).__name__` is.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::List(_) => "list",
            Value::Dict(_) => "dict",
        }
    }

    /// What `str(value)` is; what is in a list or a dictionary is left out.
    pub fn to_text(&self) -> String {
        match self {
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(digits) => digits.clone(),
            Value::Float(number) => float(*number),
            Value::Str(text) => text.clone(),
            Value::List(values) => if values.is_empty() { "[]" } else { "[...]" }.to_owned(),
            Value::Dict(pairs) => if pairs.is_empty() { "{}" } else { "{...}" }.to_owned(),
        }
    }

    /// What `value[name]` raises where `value` is no dictionary that has it.
    pub fn not_there(&self, name: &str) -> String {
        match self {
            Value::Dict(_) => format!("'{name}'"),
            Value::List(_) => LIST_INDEX.to_owned(),
            Value::Str(_) => "string indices must be integers, not 'str'".to_owned(),
            other => format!("'{}' object is not subscriptable", other.type_name()),
        }
    }

    /// What `value[name] = ...` raises; `None` for a dictionary.
    pub fn not_assigned(&self) -> Option<String> {
        match self {
            Value::Dict(_) => None,
            Value::List(_) => Some(LIST_INDEX.to_owned()),
            other => Some(format!("'{}' object does not support item assignment", other.type_name())),
        }
    }
}

const LIST_INDEX: &str = "list indices must be integers or slices, not str";

/// What `repr(number)` is: the shortest digits, an exponent of at least two of them, always a sign of being no whole number.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_python_prints_them() {
        let cases = [
            (1.5, "1.5"),
            (1000.0, "1000.0"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1.25e17, "1.25e+17"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1e300, "1e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (number, text) in cases {
            assert_eq!(Value::Float(number).to_text(), text);
        }
    }
}
