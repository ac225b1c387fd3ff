//! Literals as Trino means them: LIKE patterns, `U&'...'`, rows in parentheses, and the types of literals.

use datafusion::sql::sqlparser::ast::{Expr, Value, ValueWithSpan};

use super::paths;
use crate::query::build;

/// Rewrites one expression.
pub fn rewrite(expr: &mut Expr) {
    match expr {
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => escaped(pattern, escape_char),
        Expr::Value(value) => {
            if let Value::UnicodeStringLiteral(text) = &value.value {
                value.value = Value::SingleQuotedString(text.clone());
            }
        }
        Expr::Tuple(parts) if parts.iter().any(|part| matches!(part, Expr::Lambda(_))) => {}
        Expr::Tuple(parts) => {
            *expr = build::call("struct", std::mem::take(parts));
        }
        _ => {}
    }
}

/// A pattern has no escapes but those that it names; the engine's is always the backslash.
fn escaped(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) {
    let Some(text) = build::text_of(pattern).map(str::to_owned) else { return };
    let sign = match escape.as_ref().map(|escape| &escape.value) {
        Some(Value::SingleQuotedString(sign)) => sign.chars().next(),
        None => None,
        Some(_) => return,
    };
    if sign == Some('\\') || (sign.is_none() && !text.contains('\\')) {
        return;
    }
    let mut written = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            letter if Some(letter) == sign => {
                written.push('\\');
                written.extend(letters.next());
            }
            '\\' => written.push_str("\\\\"),
            other => written.push(other),
        }
    }
    *pattern = build::text(&written);
    *escape = Some(Value::SingleQuotedString("\\".to_owned()).into());
}

/// The type of an expression where the syntax tells more of it than the engine knows: literals, documents, times with a zone.
pub fn type_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => type_of(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) if number.parse::<i32>().is_ok() => Some("integer".to_owned()),
            Value::SingleQuotedString(text) => Some(format!("varchar({})", text.chars().count())),
            _ => None,
        },
        Expr::UnaryOp { expr, .. } => type_of(expr),
        Expr::Array(list) => Some(format!("array({})", type_of(list.elem.first()?)?)),
        Expr::Function(function) => of_call(&build::name_of(function)?, &build::args_of(function)?),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => of_document(paths::document(expr)?),
        _ => None,
    }
}

fn of_call(name: &str, args: &[&Expr]) -> Option<String> {
    match name {
        "now"
        | "current_timestamp"
        | "from_iso8601_timestamp"
        | "from_unixtime"
        | "at_timezone"
        | "with_timezone"
        | "parse_datetime" => Some("timestamp(3) with time zone".to_owned()),
        "struct" | "row" => {
            let parts = args.iter().map(|arg| type_of(arg)).collect::<Option<Vec<_>>>()?;
            Some(format!("row({})", parts.join(", ")))
        }
        "map" => {
            let element = |arg: &Expr| type_of(arg)?.strip_prefix("array(")?.strip_suffix(')').map(str::to_owned);
            let [keys, values] = args else { return None };
            Some(format!("map({}, {})", element(keys)?, element(values)?))
        }
        _ => None,
    }
}

fn of_document(name: &str) -> Option<String> {
    Some(match name {
        "resources" => "array(row(accountid varchar, type varchar, arn varchar, arnprefix varchar))".to_owned(),
        _ => "map(varchar, varchar)".to_owned(),
    })
}
