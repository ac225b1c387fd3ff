//! Selectors from JSON, in every shape in which people have them: a list, one selector, the input of `put-event-selectors` or
//! `create-event-data-store`, the answer of `get-event-selectors`, of `get-event-data-store` or of `get-channel`.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use super::advanced::AdvancedEventSelector;
use super::basic::EventSelector;
use super::insight::InsightSelector;
use super::limits::DOCUMENT_BYTES_MAX;

/// Whose selectors they are; stores may say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A trail.
    Trail,
    /// An event data store.
    EventDataStore,
}

/// Selectors of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selectors {
    /// Basic selectors.
    Basic(Vec<EventSelector>),
    /// Advanced selectors.
    Advanced(Vec<AdvancedEventSelector>),
    /// Insights selectors.
    Insight(Vec<InsightSelector>),
}

/// What a document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its selectors.
    pub selectors: Selectors,
    /// Whose they are, if it says so.
    pub owner: Option<Owner>,
    /// The trail or store that it names.
    pub name: Option<String>,
    /// Whether it is one selector and not a list, which no call takes.
    pub is_fragment: bool,
}

/// Why a document has no selectors that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Not JSON.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// Too long.
    #[error("the document has {0} bytes, more than {DOCUMENT_BYTES_MAX}")]
    TooLong(usize),
    /// JSON of something else.
    #[error(
        "there are no event selectors in it; they are a list of objects with `FieldSelectors`, `ReadWriteType` or `InsightType`"
    )]
    NoSelectors,
    /// Both kinds at once.
    #[error("`EventSelectors` and `AdvancedEventSelectors` exclude each other; put-event-selectors takes one of them")]
    BothKinds,
    /// A list of which nobody can say what it lists.
    #[error("the list is empty, so that it cannot be told which selectors it would replace")]
    EmptyList,
    /// A selector that the AWS CLI would not send.
    #[error("selector {index}: {what}")]
    Shape {
        /// Its place in the list, from 1.
        index: usize,
        /// What is wrong.
        what: String,
    },
}

/// Reads a document.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLong(text.len()));
    }
    let value = serde_json::from_str(text).map_err(|error| DocumentError::NotJson(error.to_string()))?;
    read_value(&value)
}

/// Reads a document that has been parsed.
pub fn read_value(value: &Value) -> Result<Document, DocumentError> {
    match value {
        Value::Array(list) => Ok(Document { selectors: of_list(list)?, owner: None, name: None, is_fragment: false }),
        Value::Object(object) => of_object(object),
        _ => Err(DocumentError::NoSelectors),
    }
}

fn of_object(object: &Map<String, Value>) -> Result<Document, DocumentError> {
    if let Some(Value::Object(inner)) = object.get("SourceConfig") {
        return of_object(inner);
    }
    let list = |key: &str| object.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    let selectors = match (list("EventSelectors"), list("AdvancedEventSelectors"), list("InsightSelectors")) {
        (Some(_), Some(_), _) => return Err(DocumentError::BothKinds),
        (Some(basic), None, _) => Selectors::Basic(shapes(basic)?),
        (None, Some(advanced), _) => Selectors::Advanced(shapes(advanced)?),
        (None, None, Some(insight)) => Selectors::Insight(shapes(insight)?),
        (None, None, None) => return of_fragment(object),
    };
    Ok(Document { selectors, owner: owner(object), name: name(object), is_fragment: false })
}

/// One selector alone, or one of the lists, empty.
fn of_fragment(object: &Map<String, Value>) -> Result<Document, DocumentError> {
    let fragment = |selectors| Ok(Document { selectors, owner: None, name: None, is_fragment: true });
    let one = [Value::Object(object.clone())];
    match kind_of(object) {
        Some(Kind::Advanced) => fragment(Selectors::Advanced(shapes(&one)?)),
        Some(Kind::Insight) => fragment(Selectors::Insight(shapes(&one)?)),
        Some(Kind::Basic) => fragment(Selectors::Basic(shapes(&one)?)),
        None => {
            let whole = |selectors| Ok(Document { selectors, owner: owner(object), name: name(object), is_fragment: false });
            if object.contains_key("InsightSelectors") {
                whole(Selectors::Insight(Vec::new()))
            } else if object.contains_key("AdvancedEventSelectors") {
                whole(Selectors::Advanced(Vec::new()))
            } else if object.contains_key("EventSelectors") {
                whole(Selectors::Basic(Vec::new()))
            } else {
                Err(DocumentError::NoSelectors)
            }
        }
    }
}

enum Kind {
    Basic,
    Advanced,
    Insight,
}

fn kind_of(object: &Map<String, Value>) -> Option<Kind> {
    const BASIC: [&str; 4] = ["ReadWriteType", "IncludeManagementEvents", "DataResources", "ExcludeManagementEventSources"];
    if object.contains_key("FieldSelectors") {
        Some(Kind::Advanced)
    } else if object.contains_key("InsightType") {
        Some(Kind::Insight)
    } else if BASIC.iter().any(|key| object.contains_key(*key)) {
        Some(Kind::Basic)
    } else {
        None
    }
}

fn of_list(list: &[Value]) -> Result<Selectors, DocumentError> {
    let Some(first) = list.first() else { return Err(DocumentError::EmptyList) };
    match first.as_object().and_then(kind_of) {
        Some(Kind::Advanced) => Ok(Selectors::Advanced(shapes(list)?)),
        Some(Kind::Insight) => Ok(Selectors::Insight(shapes(list)?)),
        Some(Kind::Basic) => Ok(Selectors::Basic(shapes(list)?)),
        None => Err(DocumentError::NoSelectors),
    }
}

/// Selectors of one kind, as the AWS CLI checks them: no unknown keys, text where text belongs.
fn shapes<T: DeserializeOwned>(list: &[Value]) -> Result<Vec<T>, DocumentError> {
    let one = |(at, value): (usize, &Value)| {
        T::deserialize(value).map_err(|error| DocumentError::Shape { index: at + 1, what: error.to_string() })
    };
    list.iter().enumerate().map(one).collect()
}

fn owner(object: &Map<String, Value>) -> Option<Owner> {
    let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
    let is_store_arn = |key: &str| object.get(key).and_then(Value::as_str).is_some_and(|arn| arn.contains(":eventdatastore/"));
    if has(&["EventDataStoreArn", "EventDataStore", "RetentionPeriod", "TerminationProtectionEnabled"]) || is_store_arn("ARN") {
        Some(Owner::EventDataStore)
    } else if has(&["TrailARN", "TrailName"]) {
        Some(Owner::Trail)
    } else {
        None
    }
}

fn name(object: &Map<String, Value>) -> Option<String> {
    let keys = ["TrailName", "TrailARN", "Name", "EventDataStoreArn", "EventDataStore"];
    let found = keys.iter().find_map(|key| object.get(*key).and_then(Value::as_str))?;
    Some(found.rsplit(":trail/").next().unwrap_or(found).to_owned())
}
