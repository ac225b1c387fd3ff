//! Basic selectors as advanced ones: what they keep is the same, and more can be said.

use predicate::selector::{AdvancedEventSelector, EventSelector, FieldSelector};

/// The advanced selectors that keep what a basic one keeps.
pub fn advanced(selector: &EventSelector) -> Vec<AdvancedEventSelector> {
    let read_only = selector.read_write_type.read_only();
    let read_only = read_only.map(|wanted| FieldSelector::equals("readOnly", &[if wanted { "true" } else { "false" }]));
    let mut converted = Vec::new();
    if selector.include_management_events {
        let mut fields = vec![FieldSelector::equals("eventCategory", &["Management"])];
        fields.extend(read_only.clone());
        if !selector.exclude_management_event_sources.is_empty() {
            fields.push(FieldSelector {
                field: "eventSource".to_owned(),
                not_equals: selector.exclude_management_event_sources.clone(),
                ..FieldSelector::default()
            });
        }
        converted.push(AdvancedEventSelector { name: Some("Management events".to_owned()), field_selectors: fields });
    }
    for resource in &selector.data_resources {
        let mut fields =
            vec![FieldSelector::equals("eventCategory", &["Data"]), FieldSelector::equals("resources.type", &[&resource.kind])];
        fields.extend(read_only.clone());
        if !resource.values.iter().any(|value| resource.stands_for_all(value)) {
            let starts_with = resource.values.clone();
            fields.push(FieldSelector { field: "resources.ARN".to_owned(), starts_with, ..FieldSelector::default() });
        }
        converted.push(AdvancedEventSelector { name: Some(format!("Data events of {}", resource.kind)), field_selectors: fields });
    }
    converted
}
