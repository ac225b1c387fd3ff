//! Shell scripts: which calls their AWS CLI commands make.

use metrics::{MetricAlarm, MetricTransformation};
use predicate::selector::{self, Owner, Selectors};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::command::{Aws, commands};
use super::options::Options;
use super::{Call, Files, Found, documents, lexer, shorthand};
use crate::finding::Place;

/// Takes in every call of a script that can be judged.
pub fn read(text: &str, files: &Files<'_>, found: &mut Found) {
    let script = lexer::read(text);
    let (commands, broken) = commands(&script.commands);
    for line in broken {
        let place = Place { line, what: String::new() };
        found.notes.push((place, "the line before ends without a backslash: the shell runs two commands".to_owned()));
    }
    if let (Some(line), false) = (script.open_quote, commands.is_empty()) {
        found.notes.push((Place { line, what: String::new() }, "the quotation mark on this line is never closed".to_owned()));
    }
    let files = |path: &str| script.files.get(path.trim_start_matches("./")).cloned().or_else(|| files(path));
    for command in &commands {
        one(command, &files, found);
    }
}

fn one(command: &Aws, files: &Files<'_>, found: &mut Found) {
    let options = Options::new(command, files);
    let name = ["trail-name", "name", "filter-name", "alarm-name"].iter().find_map(|option| options.text(option));
    let what = format!("{} {} {}", command.service, command.operation, name.unwrap_or_default());
    let place = Place { line: command.line, what: what.trim_end().to_owned() };
    if let Some(input) = options.words("cli-input-json") {
        let is_judged = matches!(
            command.operation.as_str(),
            "put-event-selectors" | "put-insight-selectors" | "put-metric-filter" | "put-metric-alarm" | "create-event-data-store"
        );
        if is_judged && !input.is_empty() {
            input_json(&options, &place, found);
        }
        return;
    }
    match (command.service.as_str(), command.operation.as_str()) {
        ("cloudtrail", operation) => of_cloudtrail(operation, &options, &place, found),
        ("logs", operation) => of_logs(operation, &options, &place, found),
        ("cloudwatch", "put-metric-alarm") => alarm(&options, &place, found),
        _ => {}
    }
}

fn input_json(options: &Options<'_>, place: &Place, found: &mut Found) {
    if let Some(value) = options.text("cli-input-json").and_then(|text| found.parsed(place, &text)) {
        documents::read(&value, place, found);
    }
}

fn of_cloudtrail(operation: &str, options: &Options<'_>, place: &Place, found: &mut Found) {
    let text = |name: &str| options.text(name);
    match operation {
        "create-trail" | "update-trail" => {
            let log_group = text("cloud-watch-logs-log-group-arn").map(|arn| log_group_of(&arn));
            let (name, bucket) = (text("name").unwrap_or_default(), text("s3-bucket-name"));
            found.push(place, Call::Trail { name, is_new: operation == "create-trail", bucket, log_group });
        }
        "stop-logging" | "delete-trail" => found.push(place, Call::StopTrail { name: text("name").unwrap_or_default() }),
        "put-event-selectors" => put_event_selectors(options, place, found),
        "create-event-data-store" | "update-event-data-store" => {
            let name = text("name").or_else(|| text("event-data-store"));
            if options.words("advanced-event-selectors").is_some() {
                selectors("advanced-event-selectors", name, Owner::EventDataStore, options, place, found);
            }
        }
        "put-insight-selectors" => put_insight_selectors(options, place, found),
        "lookup-events" => {
            let attributes = options.words("lookup-attributes").unwrap_or_default().iter().filter_map(|word| attribute(word));
            found.push(place, Call::LookupEvents { attributes: attributes.collect(), category: text("event-category") });
        }
        _ => {}
    }
}

fn put_event_selectors(options: &Options<'_>, place: &Place, found: &mut Found) {
    let given: Vec<&str> =
        ["event-selectors", "advanced-event-selectors"].into_iter().filter(|name| options.words(name).is_some()).collect();
    match given.as_slice() {
        [name] => selectors(name, options.text("trail-name"), Owner::Trail, options, place, found),
        [] => found.unread.push((place.clone(), "there is neither --event-selectors nor --advanced-event-selectors".to_owned())),
        _ => found.unread.push((place.clone(), selector::DocumentError::BothKinds.to_string())),
    }
}

fn selectors(option: &str, name: Option<String>, owner: Owner, options: &Options<'_>, place: &Place, found: &mut Found) {
    let Some(value) = options.value(option, place, found) else { return };
    if value.as_array().is_some_and(Vec::is_empty) {
        let selectors = if option == "event-selectors" { Selectors::Basic(Vec::new()) } else { Selectors::Advanced(Vec::new()) };
        return found.push(place, Call::EventSelectors { name, owner, selectors, is_fragment: false });
    }
    match selector::read_value(&value) {
        Ok(document) => {
            let is_fragment = document.is_fragment || value.is_object();
            found.push(place, Call::EventSelectors { name, owner, selectors: document.selectors, is_fragment });
        }
        Err(error) => found.unread.push((place.clone(), error.to_string())),
    }
}

fn put_insight_selectors(options: &Options<'_>, place: &Place, found: &mut Found) {
    let Some(value) = options.value("insight-selectors", place, found) else { return };
    let list = match &value {
        Value::Array(list) => list.clone(),
        other => vec![other.clone()],
    };
    match list.iter().map(selector::InsightSelector::deserialize).collect() {
        Ok(list) => found.push(place, Call::InsightSelectors { name: options.text("trail-name"), list }),
        Err(error) => found.unread.push((place.clone(), format!("these are no Insights selectors: {error}"))),
    }
}

fn attribute(word: &str) -> Option<(String, String)> {
    let value = if word.trim_start().starts_with(['{', '[']) { serde_json::from_str(word).ok()? } else { shorthand::read(word)? };
    let object = if let Value::Array(list) = &value { list.first()? } else { &value };
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("AttributeKey")?, text("AttributeValue")?))
}

fn of_logs(operation: &str, options: &Options<'_>, place: &Place, found: &mut Found) {
    let Some(pattern) = options.text("filter-pattern") else { return };
    if operation != "put-metric-filter" {
        return found.push(place, Call::Pattern { pattern });
    }
    let Some(value) = options.value("metric-transformations", place, found) else { return };
    match Vec::<MetricTransformation>::deserialize(&value) {
        Ok(transformations) => {
            let (log_group, name) = (options.text("log-group-name"), options.text("filter-name").unwrap_or_default());
            found.push(place, Call::MetricFilter { log_group, name, pattern, transformations });
        }
        Err(error) => found.unread.push((place.clone(), format!("these are no metric transformations: {error}"))),
    }
}

/// The options of `put-metric-alarm` as its parameters.
fn alarm(options: &Options<'_>, place: &Place, found: &mut Found) {
    const TEXTS: [(&str, &str); 7] = [
        ("alarm-name", "AlarmName"),
        ("metric-name", "MetricName"),
        ("namespace", "Namespace"),
        ("statistic", "Statistic"),
        ("extended-statistic", "ExtendedStatistic"),
        ("comparison-operator", "ComparisonOperator"),
        ("treat-missing-data", "TreatMissingData"),
    ];
    const NUMBERS: [(&str, &str); 4] = [
        ("period", "Period"),
        ("evaluation-periods", "EvaluationPeriods"),
        ("datapoints-to-alarm", "DatapointsToAlarm"),
        ("threshold", "Threshold"),
    ];
    const LISTS: [(&str, &str); 3] =
        [("alarm-actions", "AlarmActions"), ("ok-actions", "OKActions"), ("insufficient-data-actions", "InsufficientDataActions")];
    let mut parameters = Map::new();
    for (option, parameter) in TEXTS {
        parameters.extend(options.text(option).map(|text| (parameter.to_owned(), Value::String(text))));
    }
    for (option, parameter) in NUMBERS {
        parameters.extend(options.text(option).map(|text| (parameter.to_owned(), whole(shorthand::number(text)))));
    }
    for (option, parameter) in LISTS {
        parameters.extend(options.words(option).map(|words| (parameter.to_owned(), json!(words))));
    }
    if options.has("no-actions-enabled") {
        parameters.insert("ActionsEnabled".to_owned(), Value::Bool(false));
    }
    for (option, parameter) in [("dimensions", "Dimensions"), ("metrics", "Metrics")] {
        if options.words(option).is_some() {
            parameters.extend(options.value(option, place, found).map(|value| (parameter.to_owned(), value)));
        }
    }
    match MetricAlarm::deserialize(Value::Object(parameters)) {
        Ok(alarm) => found.push(place, Call::Alarm(Box::new(alarm))),
        Err(error) => found.unread.push((place.clone(), format!("this is no alarm: {error}"))),
    }
}

/// 300 for 300.0, so that it is a whole number to those who want one.
fn whole(value: Value) -> Value {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) => json!(number as u64),
        _ => value,
    }
}

/// The group's name in `arn:aws:logs:us-east-1:111122223333:log-group:NAME:*`.
fn log_group_of(arn: &str) -> String {
    let name = arn.split(":log-group:").nth(1).unwrap_or(arn);
    name.strip_suffix(":*").unwrap_or(name).to_owned()
}
