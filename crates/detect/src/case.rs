//! The cases beside a rule: events that it fires on, and near misses on which it stays quiet.

use crate::ordered::Ordered;

/// A named event.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The record as JSON text, its keys in the order of the file; several for a correlation.
    pub events: Vec<String>,
}

/// A file of cases that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// Not JSON.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// Not a list of cases.
    #[error("this is no list of cases; write [{{\"name\": ..., \"event\": {{...}}}}]")]
    NoList,
    /// A case without a name.
    #[error("case {0} has no `name`; say in a few words what it shows")]
    NoName(usize),
    /// A case without an event.
    #[error("the case `{0}` has neither `event`, `events` nor `like`; add the record as `event`")]
    NoEvent(String),
    /// A case that is like none.
    #[error("the case `{0}` is like `{1}`, and `fires.json` has no case of that name")]
    NoSuchCase(String, String),
}

/// Reads `fires.json`.
pub fn fires(text: &str) -> Result<Vec<Case>, CaseError> {
    cases_of(text, &[])
}

/// Reads `quiet.json`: a case may be `like` one that fires, with a `change` (a JSON merge patch, RFC 7386).
pub fn quiet(text: &str, fires: &[Case]) -> Result<Vec<Case>, CaseError> {
    cases_of(text, fires)
}

/// Reads a file of cases; `like` refers to `others` and to the cases before.
pub fn cases_of(text: &str, others: &[Case]) -> Result<Vec<Case>, CaseError> {
    let Ordered::List(items) = parsed(text)? else { return Err(CaseError::NoList) };
    let mut cases: Vec<Case> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let name = item.get("name").and_then(Ordered::as_str).ok_or(CaseError::NoName(at + 1))?.to_owned();
        let events = match (item.get("event"), item.get("events"), item.get("like").and_then(Ordered::as_str)) {
            (Some(event), _, _) => vec![event.to_string()],
            (_, Some(Ordered::List(events)), _) => events.iter().map(ToString::to_string).collect(),
            (_, _, Some(like)) => {
                let found = others.iter().chain(&cases).find(|case| case.name == like);
                let found = found.ok_or_else(|| CaseError::NoSuchCase(name.clone(), like.to_owned()))?;
                changed(found, item.get("change"))?
            }
            _ => return Err(CaseError::NoEvent(name)),
        };
        cases.push(Case { name, events });
    }
    Ok(cases)
}

fn parsed(text: &str) -> Result<Ordered, CaseError> {
    serde_json::from_str(text).map_err(|error| CaseError::NotJson(error.to_string()))
}

/// The events of a case, each changed by a merge patch.
fn changed(case: &Case, change: Option<&Ordered>) -> Result<Vec<String>, CaseError> {
    let Some(change) = change else { return Ok(case.events.clone()) };
    case.events.iter().map(|event| Ok(parsed(event)?.patched(change).to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness() {
        let fires = fires(r#"[{"name":"a","event":{"x":1,"y":{"z":2,"w":3}}}]"#).unwrap();
        let text = r#"[{"name":"b","like":"a","change":{"x":null,"y":{"z":{"q":[1]}}}},{"name":"c","event":{"k":null}}]"#;
        let quiet = quiet(text, &fires).unwrap();
        assert_eq!(quiet[0].events, [r#"{"y":{"z":{"q":[1]},"w":3}}"#]);
        assert_eq!(quiet[1].events, [r#"{"k":null}"#]);
        for (text, error) in [
            ("{}", CaseError::NoList),
            ("[{}]", CaseError::NoName(1)),
            (r#"[{"name":"x"}]"#, CaseError::NoEvent("x".to_owned())),
            (r#"[{"name":"x","like":"y"}]"#, CaseError::NoSuchCase("x".to_owned(), "y".to_owned())),
        ] {
            assert_eq!(cases_of(text, &fires).unwrap_err(), error);
        }
    }
}
