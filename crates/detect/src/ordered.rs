//! JSON that keeps the order of its keys. A record's text counts where a rule looks into a document as text, so that a case must not be
//! sorted on its way.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ordered {
    Object(Vec<(String, Ordered)>),
    List(Vec<Ordered>),
    Scalar(Value),
}

impl Ordered {
    /// A member of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Ordered> {
        let Ordered::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// A string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Ordered::Scalar(Value::String(text)) = self { Some(text) } else { None }
    }

    fn is_null(&self) -> bool {
        matches!(self, Ordered::Scalar(Value::Null))
    }

    /// The value changed by a JSON merge patch (RFC 7386). The nesting of both was bounded when they were parsed.
    pub(crate) fn patched(self, patch: &Ordered) -> Ordered {
        let Ordered::Object(changes) = patch else { return patch.clone() };
        let mut members = if let Ordered::Object(members) = self { members } else { Vec::new() };
        for (key, change) in changes {
            let at = members.iter().position(|(name, _)| name == key);
            match (at, change.is_null()) {
                (Some(at), true) => drop(members.remove(at)),
                (None, true) => {}
                (Some(at), false) => {
                    if let Some((_, value)) = members.get_mut(at) {
                        *value = value.clone().patched(change);
                    }
                }
                (None, false) => members.push((key.clone(), Ordered::Object(Vec::new()).patched(change))),
            }
        }
        Ordered::Object(members)
    }
}

impl fmt::Display for Ordered {
    /// As AWS writes it: without blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ordered::Scalar(value) => write!(f, "{value}"),
            Ordered::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Ordered::Object(members) => {
                f.write_str("{")?;
                for (at, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if at == 0 { "" } else { "," }, Value::String(key.clone()))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ordered, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Ordered::Object(members))
    }
}
