//! Advanced selectors, as the API writes them.

use serde::{Deserialize, Serialize};

/// Selects the events for which all of its fields hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedEventSelector {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// What must hold.
    pub field_selectors: Vec<FieldSelector>,
}

/// What must hold for one field: one of the positive values if there are any, and none of the negative ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it")]
pub struct FieldSelector {
    pub field: String,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub equals: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub starts_with: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ends_with: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_equals: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_starts_with: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_ends_with: Vec<String>,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operator {
    Equals,
    StartsWith,
    EndsWith,
    NotEquals,
    NotStartsWith,
    NotEndsWith,
}

impl Operator {
    /// AWS's word.
    pub fn name(self) -> &'static str {
        match self {
            Operator::Equals => "Equals",
            Operator::StartsWith => "StartsWith",
            Operator::EndsWith => "EndsWith",
            Operator::NotEquals => "NotEquals",
            Operator::NotStartsWith => "NotStartsWith",
            Operator::NotEndsWith => "NotEndsWith",
        }
    }

    /// Whether it says what must not be.
    pub fn is_negative(self) -> bool {
        matches!(self, Operator::NotEquals | Operator::NotStartsWith | Operator::NotEndsWith)
    }

    /// Whether it holds between a value of an event and one of the selector's; case matters, there are no wildcards.
    pub fn holds(self, actual: &str, wanted: &str) -> bool {
        match self {
            Operator::Equals => actual == wanted,
            Operator::StartsWith => actual.starts_with(wanted),
            Operator::EndsWith => actual.ends_with(wanted),
            Operator::NotEquals => actual != wanted,
            Operator::NotStartsWith => !actual.starts_with(wanted),
            Operator::NotEndsWith => !actual.ends_with(wanted),
        }
    }
}

impl AdvancedEventSelector {
    /// The selector on a field, if there is one.
    pub fn field(&self, name: &str) -> Option<&FieldSelector> {
        self.field_selectors.iter().find(|selector| selector.field == name)
    }

    /// The only value that a field may have, if the selector names exactly one.
    pub fn only_value(&self, name: &str) -> Option<&str> {
        match self.field(name)?.equals.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

impl FieldSelector {
    /// A field that must be one of these.
    pub fn equals(field: &str, values: &[&str]) -> FieldSelector {
        let equals = values.iter().map(|value| (*value).to_owned()).collect();
        FieldSelector { field: field.to_owned(), equals, ..FieldSelector::default() }
    }

    /// The operators that are used, with their values.
    pub fn conditions(&self) -> impl Iterator<Item = (Operator, &[String])> {
        let all = [
            (Operator::Equals, &self.equals),
            (Operator::StartsWith, &self.starts_with),
            (Operator::EndsWith, &self.ends_with),
            (Operator::NotEquals, &self.not_equals),
            (Operator::NotStartsWith, &self.not_starts_with),
            (Operator::NotEndsWith, &self.not_ends_with),
        ];
        all.into_iter().filter(|(_, values)| !values.is_empty()).map(|(operator, values)| (operator, values.as_slice()))
    }
}
