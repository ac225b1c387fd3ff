//! JSON documents: what the API takes, what it gives back, and CloudFormation templates.

use metrics::{MetricAlarm, MetricTransformation};
use predicate::selector::{self, Document, Owner, Selectors};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Call, Found};
use crate::finding::Place;

/// Takes in everything that a document asks for.
pub fn read(value: &Value, place: &Place, found: &mut Found) {
    match value {
        Value::Array(list) if list.iter().any(|item| item.get("AlarmName").is_some() || item.get("filterPattern").is_some()) => {
            for item in list {
                read(item, place, found);
            }
        }
        Value::Object(object) => of_object(value, object, place, found),
        _ => selectors(value, place, found),
    }
}

fn of_object(value: &Value, object: &Map<String, Value>, place: &Place, found: &mut Found) {
    let list = |key: &str| object.get(key).and_then(Value::as_array);
    if let Some(alarms) = list("MetricAlarms") {
        alarms.iter().for_each(|item| alarm(item, place, found));
    } else if let Some(filters) = list("metricFilters") {
        filters.iter().for_each(|item| filter(item, place, found));
    } else if object.contains_key("AlarmName") {
        alarm(value, place, found);
    } else if object.contains_key("filterPattern") {
        filter(value, place, found);
    } else if let Some(Value::Object(resources)) = object.get("Resources") {
        template(resources, place, found);
    } else {
        selectors(value, place, found);
    }
}

fn named(place: &Place, what: String) -> Place {
    Place { line: place.line, what: if place.what.is_empty() { what } else { place.what.clone() } }
}

fn alarm(value: &Value, place: &Place, found: &mut Found) {
    match MetricAlarm::deserialize(value) {
        Ok(alarm) => found.push(&named(place, format!("alarm {}", alarm.alarm_name)), Call::Alarm(Box::new(alarm))),
        Err(error) => found.unread.push((place.clone(), format!("this is no alarm: {error}"))),
    }
}

/// A filter as `put-metric-filter` takes it and `describe-metric-filters` gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFilter {
    #[serde(default)]
    filter_name: String,
    #[serde(default)]
    log_group_name: Option<String>,
    filter_pattern: String,
    #[serde(default)]
    metric_transformations: Vec<MetricTransformation>,
}

fn filter(value: &Value, place: &Place, found: &mut Found) {
    match WireFilter::deserialize(value) {
        Ok(wire) => {
            let place = named(place, format!("metric filter {}", wire.filter_name));
            let (log_group, name, pattern) = (wire.log_group_name, wire.filter_name, wire.filter_pattern);
            found.push(&place, Call::MetricFilter { log_group, name, pattern, transformations: wire.metric_transformations });
        }
        Err(error) => found.unread.push((place.clone(), format!("this is no metric filter: {error}"))),
    }
}

fn selectors(value: &Value, place: &Place, found: &mut Found) {
    match selector::read_value(value) {
        Ok(Document { selectors: Selectors::Insight(list), name, .. }) => {
            found.push(&named(place, "Insights selectors".to_owned()), Call::InsightSelectors { name, list });
        }
        Ok(document) => {
            let owner = document.owner.unwrap_or_else(|| owner_of(&document.selectors));
            let place = named(place, "event selectors".to_owned());
            let (name, selectors, is_fragment) = (document.name, document.selectors, document.is_fragment);
            found.push(&place, Call::EventSelectors { name, owner, selectors, is_fragment });
        }
        Err(error) => found.unread.push((place.clone(), error.to_string())),
    }
}

/// Selectors of which nobody says whose they are: a trail's, unless only a store can have them.
fn owner_of(selectors: &Selectors) -> Owner {
    let fine = |owner| selector::check(selectors, owner).is_empty();
    if !fine(Owner::Trail) && fine(Owner::EventDataStore) { Owner::EventDataStore } else { Owner::Trail }
}

/// Resources of a CloudFormation template.
fn template(resources: &Map<String, Value>, place: &Place, found: &mut Found) {
    let before = found.requests.len();
    let of_kind = |kind: &'static str| {
        let is_it = move |resource: &Value| resource.get("Type").and_then(Value::as_str) == Some(kind);
        resources
            .iter()
            .filter(move |(_, resource)| is_it(resource))
            .filter_map(|(id, resource)| Some((id, resource.get("Properties")?)))
    };
    for (id, properties) in of_kind("AWS::CloudTrail::Trail") {
        trail(id, properties, place, found);
    }
    for (id, properties) in of_kind("AWS::Logs::MetricFilter") {
        let lowered = lower_first(properties);
        let mut lowered = lowered.as_object().cloned().unwrap_or_default();
        lowered.entry("filterName").or_insert_with(|| Value::String(id.clone()));
        lowered.retain(|key, value| key != "logGroupName" || value.is_string());
        filter(&Value::Object(lowered), &Place { line: place.line, what: format!("metric filter {id}") }, found);
    }
    for (id, properties) in of_kind("AWS::CloudWatch::Alarm") {
        let mut properties = properties.as_object().cloned().unwrap_or_default();
        properties.entry("AlarmName").or_insert_with(|| Value::String(id.clone()));
        for actions in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
            if let Some(Value::Array(list)) = properties.get_mut(actions) {
                list.iter_mut().filter(|action| !action.is_string()).for_each(|action| *action = Value::String(action.to_string()));
            }
        }
        alarm(&Value::Object(properties), &Place { line: place.line, what: format!("alarm {id}") }, found);
    }
    if found.requests.len() == before && found.unread.is_empty() {
        found.unread.push((place.clone(), "the template has no trail, metric filter or alarm".to_owned()));
    }
}

fn trail(id: &str, properties: &Value, place: &Place, found: &mut Found) {
    let text = |key: &str| properties.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("TrailName").unwrap_or_else(|| id.to_owned());
    let place = Place { line: place.line, what: format!("trail {name}") };
    found.push(&place, Call::Trail { name: name.clone(), is_new: true, bucket: text("S3BucketName"), log_group: None });
    for key in ["EventSelectors", "AdvancedEventSelectors", "InsightSelectors"] {
        if let Some(list) = properties.get(key).filter(|list| list.as_array().is_some_and(|list| !list.is_empty())) {
            let mut document = Map::new();
            document.insert("TrailName".to_owned(), Value::String(name.clone()));
            document.insert(key.to_owned(), list.clone());
            selectors(&Value::Object(document), &place, found);
        }
    }
}

/// `FilterPattern` as `filterPattern`, two levels deep: CloudFormation writes CloudWatch Logs' parameters with a capital letter.
fn lower_first(value: &Value) -> Value {
    let key = |key: &String| {
        let mut chars = key.chars();
        chars.next().map(|first| first.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    let object = |object: &Map<String, Value>| object.iter().map(|(name, value)| (key(name), value.clone())).collect::<Map<_, _>>();
    let Value::Object(outer) = value else { return value.clone() };
    let mut lowered = object(outer);
    if let Some(Value::Array(list)) = lowered.get_mut("metricTransformations") {
        for item in list.iter_mut() {
            if let Value::Object(inner) = item {
                let mut inner = object(inner);
                if inner.get("dimensions").is_some_and(Value::is_array) {
                    inner.remove("dimensions");
                }
                *item = Value::Object(inner);
            }
        }
    }
    Value::Object(lowered)
}
