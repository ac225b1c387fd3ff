//! What a file asks for: calls to CloudTrail, CloudWatch Logs and CloudWatch, from JSON documents, filter patterns and shell scripts.

mod command;
mod documents;
mod lexer;
mod options;
mod script;
mod shorthand;

use metrics::{MetricAlarm, MetricTransformation};
use predicate::selector::{self, InsightSelector, Owner, Selectors};

use crate::finding::Place;
use crate::limits::REQUESTS_MAX;

/// Gives the text of a file that a script names (`file://selectors.json`); `None` if it is not there.
pub type Files<'f> = dyn Fn(&str) -> Option<String> + 'f;

/// A call, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// What.
    pub call: Call,
}

/// A call that can be judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// `create-trail`, `update-trail`: what is given, is set.
    Trail {
        /// Its name.
        name: String,
        /// Whether it is a new one.
        is_new: bool,
        /// The bucket of its logs.
        bucket: Option<String>,
        /// The log group that it delivers to; the name, not the ARN.
        log_group: Option<String>,
    },
    /// `stop-logging`, `delete-trail`.
    StopTrail {
        /// Its name.
        name: String,
    },
    /// `put-event-selectors`, or a document of selectors.
    EventSelectors {
        /// The trail or store, if it is named.
        name: Option<String>,
        /// Trail or store.
        owner: Owner,
        /// The selectors.
        selectors: Selectors,
        /// Whether it is one selector and not a list.
        is_fragment: bool,
    },
    /// `put-insight-selectors`.
    InsightSelectors {
        /// The trail, if it is named.
        name: Option<String>,
        /// The selectors.
        list: Vec<InsightSelector>,
    },
    /// `lookup-events`.
    LookupEvents {
        /// Attributes: key and value.
        attributes: Vec<(String, String)>,
        /// `--event-category`.
        category: Option<String>,
    },
    /// `put-metric-filter`.
    MetricFilter {
        /// The log group, if it is named.
        log_group: Option<String>,
        /// The filter's name.
        name: String,
        /// The pattern.
        pattern: String,
        /// What is counted.
        transformations: Vec<MetricTransformation>,
    },
    /// A filter pattern without a filter.
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// `put-metric-alarm`.
    Alarm(Box<MetricAlarm>),
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Calls in their order.
    pub requests: Vec<Request>,
    /// What could not be read, and why.
    pub unread: Vec<(Place, String)>,
    /// What was mended.
    pub notes: Vec<(Place, String)>,
}

/// Reads a text of any of the kinds.
pub fn read(text: &str, files: &Files<'_>) -> Found {
    let mut found = Found::default();
    let place = Place { line: 1, what: String::new() };
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    match kind(trimmed) {
        Kind::Nothing => found.unread.push((place, "the file is empty".to_owned())),
        Kind::Json => found.json(&place, trimmed),
        Kind::Pattern => {
            let place = Place { line: 1, what: "filter pattern".to_owned() };
            found.requests.push(Request { place, call: Call::Pattern { pattern: trimmed.to_owned() } });
        }
        Kind::Script => {
            script::read(text, files, &mut found);
            if found == Found::default() {
                let why = "there is no JSON, no filter pattern and no AWS CLI command in it that sets selectors, metric filters or alarms";
                found.unread.push((place, why.to_owned()));
            }
        }
    }
    found
}

enum Kind {
    Nothing,
    Json,
    Pattern,
    Script,
}

/// Patterns begin like JSON, with `{` or `[`, and go on like none.
fn kind(text: &str) -> Kind {
    let mut chars = text.chars().filter(|c| !c.is_whitespace());
    match (chars.next(), chars.next()) {
        (None, _) => Kind::Nothing,
        (Some('{'), Some('$' | '(')) => Kind::Pattern,
        (Some('['), Some('{' | '"' | '[' | ']')) | (Some('{'), _) => Kind::Json,
        (Some('['), _) => Kind::Pattern,
        _ => Kind::Script,
    }
}

impl Found {
    /// Takes in a call.
    fn push(&mut self, place: &Place, call: Call) {
        if self.requests.len() < REQUESTS_MAX {
            self.requests.push(Request { place: place.clone(), call });
        }
    }

    /// Takes in a JSON text, mended if it has to be.
    fn json(&mut self, place: &Place, text: &str) {
        if let Some(value) = self.parsed(place, text) {
            documents::read(&value, place, self);
        }
    }

    /// A JSON text as a value, mended if it has to be.
    fn parsed(&mut self, place: &Place, text: &str) -> Option<serde_json::Value> {
        let error = match serde_json::from_str(text) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let mended = selector::mend(text).and_then(|mended| Some((serde_json::from_str(&mended.text).ok()?, mended.lines)));
        match mended {
            Some((value, lines)) => {
                let first = place.line + lines.first().copied().unwrap_or(1) - 1;
                self.notes
                    .push((place.clone(), format!("this is not JSON: a string that begins on line {first} is not closed there")));
                Some(value)
            }
            None => {
                self.unread.push((place.clone(), format!("this is not JSON: {error}")));
                None
            }
        }
    }
}
