//! Event selectors: which events a trail or an event data store keeps.
//!
//! Three kinds: basic selectors (trails), advanced selectors (trails and event data stores) and Insights selectors. They are read from
//! JSON in every shape in which people have them ([`read`]), held against AWS's rules ([`check`]) and put into the common form
//! ([`lower`]). AWS publishes its error codes but not its texts: codes here are AWS's, texts are ours.

mod advanced;
mod basic;
mod document;
mod fields;
mod insight;
mod lists;
mod lower;
mod mend;
mod refusal;
mod rules;
mod rules_basic;
mod write;

pub mod limits;

pub use advanced::{AdvancedEventSelector, FieldSelector, Operator};
pub use basic::{DataResource, EventSelector, ReadWrite};
pub use document::{Document, DocumentError, Owner, Selectors, read, read_value};
pub use fields::{Category, Field, allowed_fields};
pub use insight::{InsightSelector, InsightType};
pub use lists::{is_data_resource_type, is_network_source, network_source_of};
pub use lower::lower;
pub use mend::{Mended, mend};
pub use refusal::{Certainty, Code, Refusal};
pub use rules::{check, check_insights};
pub use write::to_json;

#[cfg(test)]
mod tests;
