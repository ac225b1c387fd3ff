//! Selectors as JSON again, as `--advanced-event-selectors` and its like take them: one field a line.

use serde::Serialize;

use super::advanced::{AdvancedEventSelector, FieldSelector};
use super::document::Selectors;

/// The list as JSON.
pub fn to_json(selectors: &Selectors) -> String {
    match selectors {
        Selectors::Advanced(list) => advanced(list),
        Selectors::Basic(list) => lines(list),
        Selectors::Insight(list) => lines(list),
    }
}

fn lines<T: Serialize>(list: &[T]) -> String {
    let items: Vec<String> = list.iter().map(|item| format!("  {}", text(item))).collect();
    format!("[\n{}\n]", items.join(",\n"))
}

fn advanced(list: &[AdvancedEventSelector]) -> String {
    let items: Vec<String> = list.iter().map(one).collect();
    format!("[\n{}\n]", items.join(",\n"))
}

fn one(selector: &AdvancedEventSelector) -> String {
    let name = selector.name.as_ref().map(|name| format!("\"Name\": {},\n    ", text(name))).unwrap_or_default();
    let fields: Vec<String> = selector.field_selectors.iter().map(|field| format!("      {}", one_field(field))).collect();
    format!("  {{\n    {name}\"FieldSelectors\": [\n{}\n    ]\n  }}", fields.join(",\n"))
}

fn one_field(field: &FieldSelector) -> String {
    let conditions = field.conditions().map(|(operator, values)| {
        let values: Vec<String> = values.iter().map(text).collect();
        format!(", \"{}\": [{}]", operator.name(), values.join(", "))
    });
    format!("{{ \"Field\": {}{} }}", text(&field.field), conditions.collect::<String>())
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
