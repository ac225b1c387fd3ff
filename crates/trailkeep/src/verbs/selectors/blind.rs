//! Detections that would go blind: those of whose events the selectors drop some or all.

use std::path::Path;

use check::Running;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents;
use crate::exit::Failure;

/// A detection that would see less.
#[derive(Debug, Serialize)]
pub struct Blind {
    /// The control or rule.
    pub name: String,
    /// Events made for it that would be dropped.
    pub dropped: usize,
    /// Of so many.
    pub of: usize,
}

#[derive(Deserialize)]
struct Case {
    event: Option<Value>,
    #[serde(default)]
    events: Vec<Value>,
}

/// Looks at the CIS monitoring set, and at every rule of a folder.
pub fn look(running: &Running, rules: Option<&Path>) -> Result<Vec<Blind>, Failure> {
    let mut blind = Vec::new();
    for control in check::cis::controls() {
        let events: Vec<Value> = control.fires().into_iter().map(|witness| witness.event).collect();
        blind.extend(judged(running, format!("CIS: {} ({})", control.title, control.named()), &events));
    }
    let Some(folder) = rules else { return Ok(blind) };
    let listed = std::fs::read_dir(folder).map_err(Failure::reading(folder.display()))?;
    let mut names: Vec<_> =
        listed.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.join("fires.json").is_file()).collect();
    names.sort();
    for rule in names {
        let text = documents::read(&rule.join("fires.json"))?;
        let cases: Vec<Case> = serde_json::from_str(&text).map_err(|error| {
            Failure::failed(format!("`{}` is no list of cases: {error}", rule.join("fires.json").display()), "")
        })?;
        let events: Vec<Value> = cases.into_iter().flat_map(|case| case.event.into_iter().chain(case.events)).collect();
        let name = rule.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        blind.extend(judged(running, format!("rule: {name}"), &events));
    }
    Ok(blind)
}

fn judged(running: &Running, name: String, events: &[Value]) -> Option<Blind> {
    let dropped = events.iter().filter(|event| !running.holds(event)).count();
    (dropped > 0).then_some(Blind { name, dropped, of: events.len() })
}
