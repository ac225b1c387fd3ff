//! Documents: values by path, and all texts in a document. Nothing here calls itself: documents are hostile.

use serde_json::Value;

use crate::limits::DEPTH_MAX;

/// A text in a document, and the nearest key above it (empty in a bare array).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'v> {
    /// The nearest key.
    pub key: &'v str,
    /// The text.
    pub text: &'v str,
    /// Keys and arrays above it.
    pub depth: usize,
}

/// The value at a path such as `accessKey.accessKeyId`; in arrays, the first element counts. Keys are compared without case.
pub fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    let mut here = document;
    for key in path.split('.') {
        while let Value::Array(items) = here {
            here = items.first()?;
        }
        here = here.get(key).or_else(|| {
            let object = here.as_object()?;
            object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
        })?;
    }
    (!here.is_null()).then_some(here)
}

/// The text at a path; numbers and flags are spelled out, other values are JSON.
pub fn text_at(document: &Value, path: &str) -> Option<String> {
    at(document, path).map(spelled)
}

/// A value as people write it.
pub fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every text of a document, in its order.
pub fn leaves(document: &Value) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    let mut waiting: Vec<(&str, &Value, usize)> = vec![("", document, 0)];
    while let Some((key, value, depth)) = waiting.pop() {
        if depth > DEPTH_MAX {
            continue;
        }
        match value {
            Value::String(text) => found.push(Leaf { key, text, depth }),
            Value::Array(items) => waiting.extend(items.iter().rev().map(|item| (key, item, depth + 1))),
            Value::Object(object) => {
                waiting.extend(object.iter().rev().map(|(name, value)| (name.as_str(), value, depth + 1)));
            }
            _ => {}
        }
    }
    found
}

/// A document that is written inside a text, as policies are.
pub fn inner(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_and_leaves() {
        let document = json!({"a": {"B": [{"c": "x"}, {"c": "y"}]}, "n": 5, "z": null});
        assert_eq!(text_at(&document, "a.b.c"), Some("x".to_owned()));
        assert_eq!(text_at(&document, "n"), Some("5".to_owned()));
        assert_eq!((at(&document, "z"), at(&document, "a.q")), (None, None));
        let texts: Vec<_> = leaves(&document).into_iter().map(|leaf| (leaf.key, leaf.text)).collect();
        assert_eq!(texts, [("c", "x"), ("c", "y")]);
    }

    #[test]
    fn nothing_calls_itself() {
        let mut deep = json!("end");
        for _ in 0..100_000 {
            deep = Value::Array(vec![deep]);
        }
        assert!(leaves(&deep).is_empty());
        // Not dropped in one call of 100,000 levels.
        std::mem::forget(deep);
    }
}
