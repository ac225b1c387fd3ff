//! AWS's rules for advanced selectors: counts, fields, operators and values. Sources: API reference, "AdvancedFieldSelector" and
//! "PutEventSelectors"; user guide, "Filtering data events by using advanced event selectors".

use std::collections::BTreeSet;

use super::advanced::{AdvancedEventSelector, FieldSelector, Operator};
use super::document::{Owner, Selectors};
use super::fields::{Allowed, Category, Field, allowed, allowed_fields};
use super::insight::InsightSelector;
use super::limits::{FIELD_CHARS_MAX, NAME_CHARS_MAX, STORE_SELECTORS_MAX, VALUE_CHARS_MAX, VALUES_MAX};
use super::lists::{is_data_resource_type, is_network_source, meant_resource_type, network_source_of};
use super::refusal::{Code, Refusal};
use super::rules_basic;

/// Every reason why AWS would not take these selectors; empty if it would.
pub fn check(selectors: &Selectors, owner: Owner) -> Vec<Refusal> {
    match selectors {
        Selectors::Basic(list) if owner == Owner::Trail => rules_basic::check(list),
        Selectors::Basic(_) => vec![invalid(0, "an event data store takes advanced event selectors only")],
        Selectors::Advanced(list) => check_advanced(list, owner),
        Selectors::Insight(list) => check_insights(list),
    }
}

/// Every reason why AWS would not take these Insights selectors, whatever the trail keeps.
pub fn check_insights(list: &[InsightSelector]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (at, selector) in list.iter().enumerate() {
        let unknown = selector.event_categories.iter().filter(|category| !matches!(category.as_str(), "Management" | "Data"));
        refusals.extend(unknown.map(|category| {
            let what = format!("Insights watch no events of category `{category}`");
            Refusal::new(Code::InvalidInsightSelectors, at + 1, what).with_hint("`EventCategories` takes Management and Data")
        }));
    }
    refusals
}

fn check_advanced(list: &[AdvancedEventSelector], owner: Owner) -> Vec<Refusal> {
    let mut refusals = counts(list, owner);
    for (at, selector) in list.iter().enumerate() {
        one(at + 1, selector, owner, &mut refusals);
    }
    refusals
}

fn invalid(selector: usize, what: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidEventSelectors, selector, what)
}

fn counts(list: &[AdvancedEventSelector], owner: Owner) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if list.is_empty() {
        refusals.push(invalid(0, "there is no selector in the list").with_hint("to keep nothing, stop logging instead"));
    }
    if owner == Owner::EventDataStore && list.len() > STORE_SELECTORS_MAX {
        refusals.push(invalid(0, format!("an event data store takes {STORE_SELECTORS_MAX} selectors, these are {}", list.len())));
    }
    let values: usize =
        list.iter().flat_map(|s| &s.field_selectors).flat_map(FieldSelector::conditions).map(|(_, v)| v.len()).sum();
    if values > VALUES_MAX {
        refusals.push(invalid(0, format!("all selectors together may have {VALUES_MAX} values, these have {values}")));
    }
    refusals
}

fn one(index: usize, selector: &AdvancedEventSelector, owner: Owner, refusals: &mut Vec<Refusal>) {
    shape(index, selector, refusals);
    let Some(category) = category(index, selector, owner, refusals) else { return };
    let mut seen = BTreeSet::new();
    for field in &selector.field_selectors {
        if !seen.insert(field.field.as_str()) {
            refusals.push(invalid(index, format!("field `{}` is there twice", field.field)).of_field(&field.field));
        }
        one_field(index, category, field, owner, refusals);
    }
    required(index, category, selector, refusals);
}

/// What the CLI and the SDKs check before they call.
fn shape(index: usize, selector: &AdvancedEventSelector, refusals: &mut Vec<Refusal>) {
    let mut refuse = |what: String| refusals.push(Refusal::new(Code::ParamValidation, index, what));
    if selector.name.as_deref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        refuse(format!("the name is longer than {NAME_CHARS_MAX} characters"));
    }
    if selector.field_selectors.is_empty() {
        refuse("`FieldSelectors` is empty".to_owned());
    }
    for field in &selector.field_selectors {
        if field.field.is_empty() || field.field.chars().count() > FIELD_CHARS_MAX {
            refuse(format!("a field's name has 1 to {FIELD_CHARS_MAX} characters"));
        }
        for value in field.conditions().flat_map(|(_, values)| values) {
            if value.is_empty() || value.chars().count() > VALUE_CHARS_MAX {
                refuse(format!(
                    "a value of `{}` has {} characters; it takes 1 to {VALUE_CHARS_MAX}",
                    field.field,
                    value.chars().count()
                ));
            }
        }
    }
}

fn category(index: usize, selector: &AdvancedEventSelector, owner: Owner, refusals: &mut Vec<Refusal>) -> Option<Category> {
    const FIELD: &str = "eventCategory";
    let hint = "write { \"Field\": \"eventCategory\", \"Equals\": [\"Management\"] }, or Data, or NetworkActivity";
    let Some(field) = selector.field(FIELD) else {
        refusals.push(invalid(index, "`eventCategory` is missing").of_field(FIELD).with_hint(hint));
        return None;
    };
    let [value] = field.equals.as_slice() else {
        refusals.push(invalid(index, "`eventCategory` needs exactly one value of Equals").of_field(FIELD).with_hint(hint));
        return None;
    };
    let Some(category) = Category::of(value) else {
        refusals.push(invalid(index, format!("there is no event category `{value}`")).of_field(FIELD).with_hint(hint));
        return None;
    };
    if owner == Owner::Trail && category.is_of_stores_only() {
        let what = format!("events of category {value} go into event data stores only, not into a trail");
        refusals.push(invalid(index, what).of_field(FIELD));
        return None;
    }
    Some(category)
}

fn one_field(index: usize, category: Category, selector: &FieldSelector, owner: Owner, refusals: &mut Vec<Refusal>) {
    let refuse = |what: String| invalid(index, what).of_field(&selector.field);
    let may = || format!("{} events take {}", category.name(), allowed_fields(category, owner).join(", "));
    let Some(field) = Field::of(&selector.field) else {
        let hint = Field::meant(&selector.field).map_or_else(may, |meant| format!("write `{}`", meant.name()));
        refusals.push(refuse(format!("there is no field `{}`", selector.field)).with_hint(hint));
        return;
    };
    let Some(allowed) = allowed(category, field, owner) else {
        refusals.push(not_of_category(index, category, selector, owner));
        return;
    };
    if selector.conditions().next().is_none() {
        let what = format!("field `{}` has no values", selector.field);
        refusals.push(refuse(what).with_hint("add Equals, StartsWith, EndsWith, or one of the three with Not"));
    }
    for (operator, values) in selector.conditions() {
        if !allowed.operators.contains(&operator) {
            refusals.push(refuse(wrong_operator(category, &selector.field, operator, &allowed)));
        }
        refusals.extend(values.iter().filter_map(|value| wrong_value(category, field, operator, value, &allowed)).map(
            |(what, sure)| {
                let refusal = refuse(what);
                if sure { refusal } else { refusal.unlisted() }
            },
        ));
    }
}

/// A field that events of the category do not have, with what was probably meant.
fn not_of_category(index: usize, category: Category, selector: &FieldSelector, owner: Owner) -> Refusal {
    let what = format!("{} events cannot be selected by `{}`", category.name(), selector.field);
    let refusal = invalid(index, what).of_field(&selector.field);
    let source = selector.equals.first().and_then(|value| network_source_of(value));
    match (category, source) {
        (Category::NetworkActivity, Some(source)) => {
            refusal.with_hint(format!("write {{ \"Field\": \"eventSource\", \"Equals\": [\"{source}\"] }} instead"))
        }
        _ => refusal.with_hint(format!("{} events take {}", category.name(), allowed_fields(category, owner).join(", "))),
    }
}

fn wrong_operator(category: Category, field: &str, operator: Operator, allowed: &Allowed) -> String {
    let names: Vec<&str> = allowed.operators.iter().map(|operator| operator.name()).collect();
    format!("`{field}` of {} events does not take {}, only {}", category.name(), operator.name(), names.join(" and "))
}

/// What is wrong with a value, and whether that is certain.
fn wrong_value(category: Category, field: Field, operator: Operator, value: &str, allowed: &Allowed) -> Option<(String, bool)> {
    let name = field.name();
    if !allowed.values.is_empty() && !allowed.values.contains(&value) {
        return Some((format!("`{name}` takes {}, not `{value}`", allowed.values.join(" or ")), true));
    }
    match (category, field) {
        (_, Field::ResourcesType) if !is_data_resource_type(value) => Some(match meant_resource_type(value) {
            Some(meant) => (format!("there is no resource type `{value}`; write `{meant}`"), true),
            None => (format!("`{value}` is not among the resource types that have data events"), false),
        }),
        (Category::NetworkActivity, Field::EventSource) if !is_network_source(value) => {
            Some((format!("`{value}` is not among the services that have network activity events"), false))
        }
        (Category::Data, Field::ResourcesArn) if matches!(operator, Operator::Equals | Operator::NotEquals) && !is_arn(value) => {
            Some((format!("`{value}` is no ARN; {} wants a whole one, StartsWith takes a part", operator.name()), true))
        }
        _ => None,
    }
}

fn is_arn(value: &str) -> bool {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, _, resource] if !partition.is_empty() && !service.is_empty() && !resource.is_empty())
}

/// Fields without which a category cannot be selected.
fn required(index: usize, category: Category, selector: &AdvancedEventSelector, refusals: &mut Vec<Refusal>) {
    // Somebody who named a type of resource meant its service.
    let meant = selector.only_value("resources.type").and_then(network_source_of);
    let (field, example) = match category {
        Category::Data => ("resources.type", "AWS::S3::Object"),
        Category::NetworkActivity => ("eventSource", meant.unwrap_or("s3.amazonaws.com")),
        _ => return,
    };
    let hint = format!("write {{ \"Field\": \"{field}\", \"Equals\": [\"{example}\"] }}");
    match selector.field(field) {
        None => {
            let what = format!("`{field}` is missing, and {} events need it", category.name());
            refusals.push(invalid(index, what).of_field(field).with_hint(hint));
        }
        Some(found) if found.equals.len() > 1 => {
            let what = format!("`{field}` of {} events takes one value, not {}", category.name(), found.equals.len());
            refusals.push(invalid(index, what).of_field(field).with_hint("write one selector for each"));
        }
        Some(_) => {}
    }
}
