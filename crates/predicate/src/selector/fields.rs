//! What advanced selectors may say about which events: the table of the API reference, "AdvancedFieldSelector".

use super::advanced::Operator;
use super::document::Owner;

/// A family of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Category {
    Management,
    Data,
    NetworkActivity,
    Insight,
    ConfigurationItem,
    Evidence,
    ActivityAuditLog,
}

/// A field that advanced selectors know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub enum Field {
    EventCategory,
    ResourcesType,
    ResourcesArn,
    EventSource,
    EventName,
    EventType,
    ReadOnly,
    SessionCredentialFromConsole,
    UserIdentityArn,
    ErrorCode,
    VpcEndpointId,
}

/// Every field, with AWS's spelling.
const FIELDS: [(Field, &str); 11] = [
    (Field::EventCategory, "eventCategory"),
    (Field::ResourcesType, "resources.type"),
    (Field::ResourcesArn, "resources.ARN"),
    (Field::EventSource, "eventSource"),
    (Field::EventName, "eventName"),
    (Field::EventType, "eventType"),
    (Field::ReadOnly, "readOnly"),
    (Field::SessionCredentialFromConsole, "sessionCredentialFromConsole"),
    (Field::UserIdentityArn, "userIdentity.arn"),
    (Field::ErrorCode, "errorCode"),
    (Field::VpcEndpointId, "vpcEndpointId"),
];

const CATEGORIES: [(Category, &str); 7] = [
    (Category::Management, "Management"),
    (Category::Data, "Data"),
    (Category::NetworkActivity, "NetworkActivity"),
    (Category::Insight, "Insight"),
    (Category::ConfigurationItem, "ConfigurationItem"),
    (Category::Evidence, "Evidence"),
    (Category::ActivityAuditLog, "ActivityAuditLog"),
];

const EQUALS: &[Operator] = &[Operator::Equals];
const EITHER: &[Operator] = &[Operator::Equals, Operator::NotEquals];
const NOT_EQUALS: &[Operator] = &[Operator::NotEquals];
const ANY: &[Operator] = &[
    Operator::Equals,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::NotEquals,
    Operator::NotStartsWith,
    Operator::NotEndsWith,
];

/// Management event sources that a trail may leave out.
pub const EXCLUDABLE: &[&str] = &["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// What a field may say.
pub struct Allowed {
    /// With these operators.
    pub operators: &'static [Operator],
    /// Only these values; empty where any will do.
    pub values: &'static [&'static str],
}

impl Field {
    /// Reads AWS's spelling.
    pub fn of(name: &str) -> Option<Field> {
        FIELDS.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }

    /// AWS's spelling.
    pub fn name(self) -> &'static str {
        FIELDS.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }

    /// The field that somebody meant who spelled it in another case.
    pub fn meant(name: &str) -> Option<Field> {
        FIELDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(field, _)| *field)
    }
}

impl Category {
    /// Reads AWS's spelling.
    pub fn of(name: &str) -> Option<Category> {
        CATEGORIES.iter().find(|(_, known)| *known == name).map(|(category, _)| *category)
    }

    /// AWS's spelling.
    pub fn name(self) -> &'static str {
        CATEGORIES.iter().find(|(category, _)| *category == self).map_or("", |(_, name)| name)
    }

    /// Whether only event data stores have it.
    pub fn is_of_stores_only(self) -> bool {
        !matches!(self, Category::Management | Category::Data | Category::NetworkActivity)
    }
}

/// What a field may say about events of a category; `None` if it may not be used.
pub fn allowed(category: Category, field: Field, owner: Owner) -> Option<Allowed> {
    let with = |operators: &'static [Operator], values: &'static [&'static str]| Some(Allowed { operators, values });
    let on_trail = owner == Owner::Trail;
    match (category, field) {
        (_, Field::EventCategory) => with(EQUALS, &[]),
        (Category::Management, Field::EventSource) if on_trail => with(NOT_EQUALS, EXCLUDABLE),
        (Category::Management | Category::Data, Field::ReadOnly) => with(EQUALS, &["true", "false"]),
        (Category::Management, Field::ResourcesType | Field::ResourcesArn | Field::ErrorCode | Field::VpcEndpointId) => None,
        (Category::Management, _) if on_trail => None,
        (Category::Management | Category::Data, Field::SessionCredentialFromConsole) => with(EITHER, &["true"]),
        (Category::Management, _) => with(ANY, &[]),
        (Category::Data, Field::ResourcesType) => with(EQUALS, &[]),
        (Category::Data, Field::ErrorCode | Field::VpcEndpointId) => None,
        (Category::Data, _) => with(ANY, &[]),
        (Category::NetworkActivity, Field::EventSource) => with(EQUALS, &[]),
        (Category::NetworkActivity, Field::ErrorCode) => with(EQUALS, &["VpceAccessDenied"]),
        (Category::NetworkActivity, Field::EventName | Field::VpcEndpointId) => with(ANY, &[]),
        (Category::NetworkActivity, Field::UserIdentityArn) if on_trail => with(ANY, &[]),
        _ => None,
    }
}

/// The fields that may be used with a category, in AWS's order.
pub fn allowed_fields(category: Category, owner: Owner) -> Vec<&'static str> {
    FIELDS.iter().filter(|(field, _)| allowed(category, *field, owner).is_some()).map(|(_, name)| *name).collect()
}
