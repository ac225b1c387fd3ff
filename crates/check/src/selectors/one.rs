//! Events made for one selector: whether it can keep anything at all.

use predicate::selector::{AdvancedEventSelector, FieldSelector, Selectors};
use serde_json::{Value, json};

use crate::witness;
use crate::world;

/// Most events that are tried for one selector.
const TRIES_MAX: usize = 256;
/// A value that no selector names.
const OTHER: &str = "zzz-other";

/// Whether a selector is about objects of S3 in a way that an exclusion by ARN can be added.
pub fn keeps_log_deliveries(selector: &AdvancedEventSelector) -> bool {
    selector.only_value("resources.type") == Some("AWS::S3::Object")
}

/// An event that the selector keeps, made from its own values; `None` if all of those contradict each other.
pub fn witness_of(selector: &AdvancedEventSelector) -> Option<Value> {
    let running = world::running(&Selectors::Advanced(vec![selector.clone()]))?;
    let choices: Vec<(&str, Vec<String>)> =
        selector.field_selectors.iter().map(|field| (field.field.as_str(), candidates(field))).collect();
    let total = choices.iter().map(|(_, values)| values.len()).product::<usize>().min(TRIES_MAX);
    (0..total).find_map(|number| {
        let event = made(selector, &choices, number);
        running.holds(&event).then_some(event)
    })
}

/// Values that could satisfy a field.
fn candidates(field: &FieldSelector) -> Vec<String> {
    let begin = field.starts_with.iter().map(|value| format!("{value}x"));
    let end = field.ends_with.iter().map(|value| format!("x{value}"));
    let mut values: Vec<String> = field.equals.iter().cloned().chain(begin).chain(end).take(16).collect();
    if values.is_empty() {
        values.push(OTHER.to_owned());
    }
    values
}

/// The event whose values are those of the number-th combination.
fn made(selector: &AdvancedEventSelector, choices: &[(&str, Vec<String>)], mut number: usize) -> Value {
    let mut event = base(selector);
    let (mut kind, mut arn) =
        (selector.only_value("resources.type").unwrap_or_default().to_owned(), "arn:aws:zzz:::other".to_owned());
    for (field, values) in choices {
        let value = values.get(number % values.len().max(1)).cloned().unwrap_or_default();
        number /= values.len().max(1);
        match *field {
            "resources.type" => kind = value,
            "resources.ARN" => arn = value,
            // As CloudTrail writes them: booleans and text.
            "readOnly" => witness::set(&mut event, &["readOnly"], json!(value == "true")),
            dotted => witness::set(&mut event, &dotted.split('.').collect::<Vec<_>>(), json!(value)),
        }
    }
    if !kind.is_empty() {
        witness::set(&mut event, &["resources"], json!([{ "type": kind, "ARN": arn }]));
    }
    event
}

fn base(selector: &AdvancedEventSelector) -> Value {
    match selector.only_value("eventCategory") {
        Some("Data") => witness::data_on("", "", "zzz.amazonaws.com", OTHER),
        Some("NetworkActivity") => witness::network_denial("zzz.amazonaws.com", OTHER),
        _ => witness::call("zzz.amazonaws.com", OTHER),
    }
}
