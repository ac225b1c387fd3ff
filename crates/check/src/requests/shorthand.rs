//! The AWS CLI's shorthand syntax: `Name=a,Values=b,c`, `k={a=1,b=[x,y]}`. Every value is text; what must be a number or a boolean is
//! made one by the name of its key.

use serde_json::{Map, Value};

use crate::limits::DEPTH_MAX;

struct Shorthand<'t> {
    rest: &'t str,
}

/// Reads one parameter.
pub fn read(text: &str) -> Option<Value> {
    let mut shorthand = Shorthand { rest: text.trim() };
    let object = shorthand.members(0)?;
    shorthand.rest.is_empty().then_some(Value::Object(object))
}

impl Shorthand<'_> {
    fn take(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    /// `key=value,key=value`; a value without a key belongs to the list of the key before it.
    fn members(&mut self, depth: usize) -> Option<Map<String, Value>> {
        let mut object = Map::new();
        loop {
            let key = self.key()?;
            let mut value = self.value(depth)?;
            while self.more_of_list() {
                self.take(',');
                let next = self.value(depth)?;
                match &mut value {
                    Value::Array(list) => list.push(next),
                    first => *first = Value::Array(vec![first.take(), next]),
                }
            }
            object.insert(key.clone(), typed(&key, value));
            if !self.take(',') {
                return Some(object);
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        let end = self.rest.find('=')?;
        let (key, rest) = self.rest.split_at_checked(end)?;
        let key = key.trim();
        if key.is_empty() || key.contains([',', '{', '}', '[', ']']) {
            return None;
        }
        self.rest = rest.get(1..)?.trim_start();
        Some(key.to_owned())
    }

    /// Whether a comma and then a value follow, not another key.
    fn more_of_list(&self) -> bool {
        let Some(rest) = self.rest.strip_prefix(',') else { return false };
        let end = rest.find([',', '}', ']']).unwrap_or(rest.len());
        !rest.get(..end).unwrap_or_default().contains('=')
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        if self.take('{') {
            let object = self.members(depth + 1)?;
            return self.take('}').then_some(Value::Object(object));
        }
        if self.take('[') {
            return self.list(depth + 1);
        }
        self.text().map(Value::String)
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        if self.take(']') {
            return Some(Value::Array(list));
        }
        loop {
            list.push(self.value(depth)?);
            if self.take(']') {
                return Some(Value::Array(list));
            }
            if !self.take(',') {
                return None;
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        for quote in ['"', '\''] {
            if let Some((text, rest)) = self.rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                self.rest = rest.trim_start();
                return Some(text.to_owned());
            }
        }
        let end = self.rest.find([',', '}', ']']).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(text.trim_end().to_owned())
    }
}

/// Values by what their key takes.
fn typed(key: &str, value: Value) -> Value {
    const LISTS: [&str; 12] = [
        "Values",
        "Equals",
        "StartsWith",
        "EndsWith",
        "NotEquals",
        "NotStartsWith",
        "NotEndsWith",
        "FieldSelectors",
        "DataResources",
        "EventCategories",
        "ExcludeManagementEventSources",
        "AlarmActions",
    ];
    match (key, value) {
        ("IncludeManagementEvents", Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        },
        ("defaultValue", Value::String(text)) => number(text),
        (key, value) if LISTS.contains(&key) && !value.is_array() => Value::Array(vec![value]),
        (_, value) => value,
    }
}

/// A number, or the text if it is none.
pub fn number(text: String) -> Value {
    let number = text.parse().ok().and_then(serde_json::Number::from_f64);
    number.map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn as_the_cli_reads_it() {
        let cases = [
            (
                "metricName=a,metricNamespace=b,metricValue=1",
                json!({"metricName": "a", "metricNamespace": "b", "metricValue": "1"}),
            ),
            ("metricValue=1,defaultValue=0", json!({"metricValue": "1", "defaultValue": 0.0})),
            ("Name=a,Values=b,c,d", json!({"Name": "a", "Values": ["b", "c", "d"]})),
            (
                "ReadWriteType=All,IncludeManagementEvents=true,DataResources=[{Type=AWS::S3::Object,Values=[arn:aws:s3]}]",
                json!({"ReadWriteType": "All", "IncludeManagementEvents": true,
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}),
            ),
            (
                "Name='a, b',FieldSelectors=[{Field=readOnly,Equals=false}]",
                json!({"Name": "a, b", "FieldSelectors": [{"Field": "readOnly", "Equals": ["false"]}]}),
            ),
            ("dimensions={ip=$.ip},unit=Count", json!({"dimensions": {"ip": "$.ip"}, "unit": "Count"})),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in ["", "a", "a={b=1", "a=[1", "=1", "a=1}", &format!("a={}", "[".repeat(200))] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
