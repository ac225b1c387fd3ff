//! What selectors keep, in words.

use predicate::selector::{AdvancedEventSelector, EventSelector, FieldSelector, Operator, ReadWrite, Selectors};

/// One sentence for each selector.
pub fn explain(selectors: &Selectors) -> Vec<String> {
    match selectors {
        Selectors::Advanced(list) => list.iter().map(advanced).collect(),
        Selectors::Basic(list) => list.iter().map(basic).collect(),
        Selectors::Insight(_) => Vec::new(),
    }
}

fn advanced(selector: &AdvancedEventSelector) -> String {
    let category = selector.only_value("eventCategory").unwrap_or("(no category)");
    let kind = selector.only_value("resources.type").map(|kind| format!(" of {kind}")).unwrap_or_default();
    let fixed = ["eventCategory", "resources.type"];
    let conditions: Vec<String> = selector
        .field_selectors
        .iter()
        .filter(|field| !(fixed.contains(&field.field.as_str()) && field.equals.len() == 1))
        .map(field)
        .collect();
    let only = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(" and ")) };
    let name = selector.name.as_ref().map(|name| format!("`{name}` ")).unwrap_or_default();
    format!("{name}keeps {category} events{kind}{only}")
}

fn field(selector: &FieldSelector) -> String {
    if selector.field == "readOnly" && selector.equals.len() == 1 {
        let is_read = selector.equals.first().is_some_and(|value| value == "true");
        return if is_read { "the call only reads" } else { "the call writes" }.to_owned();
    }
    let words = |operator: Operator| match operator {
        Operator::Equals => "is",
        Operator::StartsWith => "begins with",
        Operator::EndsWith => "ends with",
        Operator::NotEquals => "is not",
        Operator::NotStartsWith => "does not begin with",
        Operator::NotEndsWith => "does not end with",
    };
    let one = |(operator, values): (Operator, &[String])| {
        let joined = if operator.is_negative() { " nor " } else { " or " };
        format!("{} {} {}", selector.field, words(operator), values.join(joined))
    };
    let positive: Vec<String> = selector.conditions().filter(|(operator, _)| !operator.is_negative()).map(one).collect();
    let negative = selector.conditions().filter(|(operator, _)| operator.is_negative()).map(one);
    let positive = if positive.len() > 1 { vec![format!("({})", positive.join(" or "))] } else { positive };
    positive.into_iter().chain(negative).collect::<Vec<_>>().join(" and ")
}

fn basic(selector: &EventSelector) -> String {
    let calls = match selector.read_write_type {
        ReadWrite::All => "",
        ReadWrite::ReadOnly => "reading ",
        ReadWrite::WriteOnly => "writing ",
    };
    let mut kept = Vec::new();
    if selector.include_management_events {
        let without = &selector.exclude_management_event_sources;
        let without = if without.is_empty() { String::new() } else { format!(" but those of {}", without.join(" and ")) };
        kept.push(format!("{calls}management events{without}"));
    }
    for resource in &selector.data_resources {
        kept.push(format!("{calls}data events of {} in {}", resource.kind, resource.values.join(", ")));
    }
    if kept.is_empty() { "keeps nothing".to_owned() } else { format!("keeps {}", kept.join(" and ")) }
}
