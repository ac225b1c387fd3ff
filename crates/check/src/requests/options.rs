//! The options of an AWS CLI command.

use super::command::Aws;
use super::{Files, Found, shorthand};
use crate::finding::Place;
use serde_json::Value;

/// Options by name, without their dashes, with the words that follow them.
pub struct Options<'a> {
    command: &'a Aws,
    files: &'a Files<'a>,
}

impl<'a> Options<'a> {
    /// Of a command.
    pub fn new(command: &'a Aws, files: &'a Files<'a>) -> Options<'a> {
        Options { command, files }
    }

    /// The words of an option; the CLI takes any beginning of a name that is the only one.
    pub fn words(&self, name: &str) -> Option<&'a [String]> {
        let exact = self.command.options.iter().rev().find(|(given, _)| given == name);
        let begun = || self.command.options.iter().rev().find(|(given, _)| given.len() >= 5 && name.starts_with(given.as_str()));
        exact.or_else(begun).map(|(_, words)| words.as_slice())
    }

    /// The text of an option, read from its file if it names one.
    pub fn text(&self, name: &str) -> Option<String> {
        let word = self.words(name)?.first()?;
        match word.strip_prefix("file://") {
            Some(path) => Some((self.files)(path).unwrap_or_else(|| word.clone())),
            None => Some(word.clone()),
        }
    }

    /// Whether an option is given at all.
    pub fn has(&self, name: &str) -> bool {
        self.command.options.iter().any(|(given, _)| given == name)
    }

    /// A parameter as JSON: written as JSON, in a file, or in shorthand; several words are a list.
    pub fn value(&self, name: &str, place: &Place, found: &mut Found) -> Option<Value> {
        let words = self.words(name)?;
        let Some(first) = words.first() else {
            found.unread.push((place.clone(), format!("--{name} has no value")));
            return None;
        };
        let text = self.text(name).unwrap_or_default();
        if first.starts_with("file://") && text == *first {
            found.unread.push((place.clone(), format!("the file of --{name}, `{first}`, could not be read")));
            return None;
        }
        if text.trim_start().starts_with(['{', '[']) {
            return found.parsed(place, &text);
        }
        let items: Option<Vec<Value>> = words.iter().map(|word| shorthand::read(word)).collect();
        if items.is_none() {
            found.unread.push((place.clone(), format!("the value of --{name} is neither JSON nor shorthand: `{first}`")));
        }
        items.map(Value::Array)
    }
}
