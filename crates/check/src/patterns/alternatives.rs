//! A pattern as alternatives of conditions that must all hold, and for each an event that is made to satisfy it. If not even that event
//! matches, nothing does.

use predicate::Order;
use predicate::pattern::{Comparison, Condition, Expression, Pattern, Test, Value};
use serde_json::{Value as Json, json};

use crate::limits::ALTERNATIVES_MAX;
use crate::running::Running;
use crate::witness;

/// Alternatives that no event can satisfy, with the event that was made for them. What cannot be judged is left out.
pub fn that_never_match(pattern: &Pattern) -> Vec<(String, Json)> {
    let Pattern::Json(expression) = pattern else { return Vec::new() };
    let Some(alternatives) = alternatives(expression) else { return Vec::new() };
    alternatives.iter().filter_map(|conditions| never(conditions)).collect()
}

/// An event for each alternative that can be made one, and matches.
pub fn witnesses(pattern: &Pattern) -> Vec<Json> {
    let Pattern::Json(expression) = pattern else { return Vec::new() };
    let alternatives = alternatives(expression).unwrap_or_default();
    let made = alternatives.iter().filter_map(|conditions| made(conditions));
    let running = Running::pattern(pattern);
    made.filter(|event| running.as_ref().is_some_and(|running| running.holds(event))).collect()
}

/// The disjunctive normal form; `None` if it is larger than the limit.
fn alternatives(expression: &Expression) -> Option<Vec<Vec<&Condition>>> {
    match expression {
        Expression::Condition(condition) => Some(vec![vec![condition]]),
        Expression::Any(inner) => {
            let mut all = Vec::new();
            for inner in inner {
                all.extend(alternatives(inner)?);
            }
            (all.len() <= ALTERNATIVES_MAX).then_some(all)
        }
        Expression::All(inner) => inner.iter().try_fold(vec![Vec::new()], |before, inner| {
            let more = alternatives(inner)?;
            if before.len() * more.len() > ALTERNATIVES_MAX {
                return None;
            }
            Some(before.iter().flat_map(|left| more.iter().map(move |right| [left.as_slice(), right].concat())).collect())
        }),
    }
}

fn never(conditions: &[&Condition]) -> Option<(String, Json)> {
    let event = made(conditions)?;
    let all = Expression::All(conditions.iter().map(|condition| Expression::Condition((*condition).clone())).collect());
    let running = Running::pattern(&Pattern::Json(all))?;
    let shown: Vec<String> = conditions.iter().map(|condition| described(condition)).collect();
    (!running.holds(&event)).then(|| (shown.join(" && "), event))
}

/// An event that satisfies the conditions if any can; `None` where that cannot be told: indices, wildcards, regular expressions, or two
/// patterns with stars for one field.
fn made(conditions: &[&Condition]) -> Option<Json> {
    let mut event = witness::call("zzz.amazonaws.com", "ZzzOther");
    let mut positive: Vec<(String, &Condition)> = Vec::new();
    for condition in conditions {
        let path = condition.selector.dotted()?;
        if is_positive(condition) {
            positive.push((path, condition));
        }
    }
    for (path, condition) in &positive {
        let same = positive.iter().filter(|(other, _)| other == path).count();
        if same > 1 && !positive.iter().filter(|(other, _)| other == path).all(|(_, condition)| is_exact(condition)) {
            return None;
        }
        set(&mut event, path, value_for(condition)?);
    }
    for condition in conditions.iter().filter(|condition| !is_positive(condition)) {
        let path = condition.selector.dotted()?;
        let keys: Vec<&str> = path.split('.').collect();
        match &condition.test {
            Test::NotExists if !positive.iter().any(|(other, _)| *other == path) => witness::unset(&mut event, &keys),
            Test::Compare(Comparison::NotEqual, _) if !has_leaf(&event, &keys) => set(&mut event, &path, json!("zzz-other")),
            _ => {}
        }
    }
    Some(event)
}

fn is_positive(condition: &Condition) -> bool {
    !matches!(condition.test, Test::NotExists | Test::Compare(Comparison::NotEqual, _))
}

fn is_exact(condition: &Condition) -> bool {
    match &condition.test {
        Test::Compare(Comparison::Equal, value) => value.text().is_some_and(|text| !text.contains('*')),
        Test::IsNull | Test::Is(_) => true,
        _ => false,
    }
}

fn value_for(condition: &Condition) -> Option<Json> {
    match &condition.test {
        Test::Compare(Comparison::Equal, Value::Number(number, _)) => Some(json!(number.value())),
        Test::Compare(Comparison::Equal, Value::Text(text) | Value::Quoted(text)) => Some(json!(text.replace('*', "x"))),
        Test::Order(order, bound) => Some(json!(match order {
            Order::Less | Order::LessOrEqual => bound.value() - 1.0,
            Order::Equal => bound.value(),
            Order::Greater | Order::GreaterOrEqual => bound.value() + 1.0,
        })),
        Test::IsNull => Some(Json::Null),
        Test::Is(wanted) => Some(json!(wanted)),
        _ => None,
    }
}

fn set(event: &mut Json, path: &str, value: Json) {
    witness::set(event, &path.split('.').collect::<Vec<_>>(), value);
}

fn has_leaf(event: &Json, keys: &[&str]) -> bool {
    let found = keys.iter().try_fold(event, |value, key| value.get(key));
    found.is_some_and(|value| !value.is_object() && !value.is_array())
}

fn described(condition: &Condition) -> String {
    let name = &condition.selector.text;
    match &condition.test {
        Test::Compare(comparison, Value::Quoted(text)) => format!("{name} {comparison} \"{text}\""),
        Test::Compare(comparison, value) => format!("{name} {comparison} {}", value.text().unwrap_or("%...%")),
        Test::Order(order, number) => format!("{name} {} {}", order.sign(), number.value()),
        Test::IsNull => format!("{name} IS NULL"),
        Test::Is(wanted) => format!("{name} IS {}", if *wanted { "TRUE" } else { "FALSE" }),
        Test::NotExists => format!("{name} NOT EXISTS"),
    }
}
