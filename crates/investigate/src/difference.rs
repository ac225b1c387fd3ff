//! What differs between two requests, leaf by leaf. Documents inside of texts (policies) are looked into.
//!
//! Members of an array have no names: those that are equal on both sides are no difference wherever they stand; of the rest, plain
//! values are gone or new, and objects are compared in their order.

use serde_json::Value;

use crate::json;
use crate::limits::{CHANGES_MAX, DEPTH_MAX};
use crate::model::Change;

/// Keys that are different in every request and mean nothing.
const TOKENS: [&str; 4] = ["clientToken", "clientRequestToken", "idempotencyToken", "requestId"];

/// A pair that is still to be compared.
struct Pair {
    path: String,
    before: Option<Value>,
    after: Option<Value>,
    depth: usize,
}

/// The changes from one request to another, by path, and how many more there are.
pub fn changes(before: Option<&Value>, after: Option<&Value>) -> (Vec<Change>, u64) {
    let (mut found, mut omitted) = (Vec::new(), 0);
    let mut waiting = vec![Pair { path: String::new(), before: before.cloned(), after: after.cloned(), depth: 0 }];
    while let Some(pair) = waiting.pop() {
        if pair.before == pair.after {
            continue;
        }
        let Pair { path, before, after, depth } = pair;
        let (before, after) = (before.map(opened), after.map(opened));
        match (before, after) {
            (before, after) if depth > DEPTH_MAX => push(&mut found, &mut omitted, path, before, after),
            (Some(Value::Object(before)), Some(Value::Object(after))) => objects(&mut waiting, &path, before, after, depth),
            (Some(Value::Array(before)), Some(Value::Array(after))) => arrays(&mut waiting, &path, before, after, depth),
            (None, Some(Value::Object(after))) if !after.is_empty() && path.is_empty() => {
                objects(&mut waiting, &path, serde_json::Map::new(), after, depth);
            }
            (Some(Value::Object(before)), None) if !before.is_empty() && path.is_empty() => {
                objects(&mut waiting, &path, before, serde_json::Map::new(), depth);
            }
            (before, after) if before == after => {}
            (before, after) => push(&mut found, &mut omitted, path, before, after),
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    (found, omitted)
}

fn push(found: &mut Vec<Change>, omitted: &mut u64, path: String, before: Option<Value>, after: Option<Value>) {
    if found.len() < CHANGES_MAX {
        found.push(Change { path, before, after });
    } else {
        *omitted += 1;
    }
}

/// A document in a text becomes the document.
fn opened(value: Value) -> Value {
    match &value {
        Value::String(text) => json::inner(text).unwrap_or(value),
        _ => value,
    }
}

type Object = serde_json::Map<String, Value>;

fn objects(waiting: &mut Vec<Pair>, path: &str, mut before: Object, after: Object, depth: usize) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, after) in after {
        let before = before.remove(&key);
        if !TOKENS.contains(&key.as_str()) {
            waiting.push(Pair { path: below(&key), before, after: Some(after), depth: depth + 1 });
        }
    }
    for (key, before) in before.into_iter().filter(|(key, _)| !TOKENS.contains(&key.as_str())) {
        waiting.push(Pair { path: below(&key), before: Some(before), after: None, depth: depth + 1 });
    }
}

fn arrays(waiting: &mut Vec<Pair>, path: &str, before: Vec<Value>, after: Vec<Value>, depth: usize) {
    let mut rest: Vec<(usize, Value)> = Vec::new();
    let mut gone: Vec<Option<(usize, Value)>> = before.into_iter().enumerate().map(Some).collect();
    for (at, value) in after.into_iter().enumerate() {
        let equal = gone.iter_mut().find(|member| member.as_ref().is_some_and(|(_, known)| *known == value));
        match equal {
            Some(member) => *member = None,
            None => rest.push((at, value)),
        }
    }
    let mut gone: Vec<(usize, Value)> = gone.into_iter().flatten().collect();
    let is_nested = |value: &Value| value.is_object() || value.is_array();
    for (at, value) in rest {
        let partner = if is_nested(&value) { gone.iter().position(|(_, known)| is_nested(known)) } else { None };
        let before = partner.map(|partner| gone.remove(partner).1);
        waiting.push(Pair { path: format!("{path}[{at}]"), before, after: Some(value), depth: depth + 1 });
    }
    for (at, value) in gone {
        waiting.push(Pair { path: format!("{path}[{at}]"), before: Some(value), after: None, depth: depth + 1 });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: Value, after: Value) -> Vec<String> {
        let (found, omitted) = changes(Some(&before), Some(&after));
        assert_eq!(omitted, 0);
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        found.iter().map(|change| format!("{}: {} > {}", change.path, text(&change.before), text(&change.after))).collect()
    }

    #[test]
    fn differences() {
        assert!(told(json!({"a": 1, "clientToken": "x"}), json!({"a": 1, "clientToken": "y"})).is_empty());
        assert_eq!(told(json!({"a": 1, "b": 2}), json!({"a": 2, "c": 3})), ["a: 1 > 2", "b: 2 > -", "c: - > 3"]);
        assert_eq!(told(json!({"a": ["x", "y"]}), json!({"a": ["z", "x"]})), ["a[0]: - > \"z\"", "a[1]: \"y\" > -"]);
        assert_eq!(
            told(json!({"a": [{"p": 22}, {"p": 80}]}), json!({"a": [{"p": 80}, {"p": 23}, {"p": 1}]})),
            ["a[1].p: 22 > 23", "a[2]: - > {\"p\":1}"]
        );
        assert_eq!(
            told(json!({"policy": r#"{"S":[{"P":"x"}]}"#}), json!({"policy": r#"{"S":[{"P":"*"}]}"#})),
            [r#"policy.S[0].P: "x" > "*""#]
        );
        assert_eq!(told(json!({"a": {"b": null}}), json!({"a": "t"})), [r#"a: {"b":null} > "t""#]);
    }

    #[test]
    fn from_nothing() {
        let (found, _) = changes(None, Some(&json!({"a": 1})));
        assert_eq!((found[0].path.as_str(), found[0].after.clone()), ("a", Some(json!(1))));
        assert!(changes(None, None).0.is_empty());
    }
}
