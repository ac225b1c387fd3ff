//! `action`: how collections of rules shared their common keys before Sigma 2. Public rule sets still hold such files, so they are read as they were
//! meant: `global` keys go into every document that follows, `repeat` takes the document before and changes it, `reset` forgets.

use super::error::SigmaError;
use crate::yaml::{Member, Node, Yaml};

/// The documents of a file, each with all its keys.
pub(crate) fn complete(documents: Vec<Node>) -> Result<Vec<Node>, SigmaError> {
    let mut complete: Vec<Node> = Vec::new();
    let (mut global, mut previous): (Option<Node>, Option<Node>) = (None, None);
    for mut document in documents {
        let is_own = document.get("id").is_some();
        match take_action(&mut document)?.as_deref() {
            Some("global") => {
                global = Some(global.map_or(document.clone(), |before| merged(before, document)));
                continue;
            }
            Some("reset") => {
                global = None;
                continue;
            }
            Some("repeat") => {
                let Some(before) = previous.take() else {
                    return Err(SigmaError::new(document.line, "`action: repeat` stands before any rule", "write the rule out"));
                };
                document = merged(before, document);
            }
            Some(other) => {
                let what = format!("`{other}` is no action of a collection");
                return Err(SigmaError::new(document.line, what, "write global, repeat or reset"));
            }
            None => {
                if let Some(global) = &global {
                    document = merged(global.clone(), document);
                }
            }
        }
        previous = Some(document.clone());
        if !is_own {
            tell_apart(&mut document, &complete);
        }
        complete.push(document);
    }
    Ok(complete)
}

fn take_action(document: &mut Node) -> Result<Option<String>, SigmaError> {
    let Yaml::Map(members) = &mut document.value else { return Ok(None) };
    let Some(at) = members.iter().position(|member| member.key == "action") else { return Ok(None) };
    let action = members.remove(at);
    let missing = || SigmaError::new(action.line, "`action` must be a word", "write global, repeat or reset");
    action.value.scalar().map(Some).ok_or_else(missing)
}

/// The first with the keys of the second: maps are put together, anything else of the second counts. How deep is bounded where YAML is read.
fn merged(first: Node, second: Node) -> Node {
    match (first.value, second.value) {
        (Yaml::Map(mut members), Yaml::Map(more)) => {
            for member in more {
                match members.iter().position(|known| known.key == member.key) {
                    Some(at) => {
                        let known = members.swap_remove(at);
                        members.push(Member { value: merged(known.value, member.value), ..known });
                        let last = members.len() - 1;
                        members.swap(at, last);
                    }
                    None => members.push(member),
                }
            }
            Node { line: second.line, value: Yaml::Map(members) }
        }
        (_, value) => Node { line: second.line, value },
    }
}

/// Documents that share an id, or have none and share a title, are numbered.
fn tell_apart(document: &mut Node, others: &[Node]) {
    let called = |node: &Node| node.get("id").or_else(|| node.get("title")).and_then(Node::scalar);
    let Some(name) = called(document) else { return };
    let is_alike = |other: &&Node| called(other).is_some_and(|other| other == name || other.starts_with(&format!("{name} (")));
    let alike = others.iter().filter(is_alike).count();
    if let (Yaml::Map(members), 1..) = (&mut document.value, alike) {
        members.retain(|member| member.key != "id");
        let value = Node { line: document.line, value: Yaml::Text(format!("{name} ({})", alike + 1)) };
        members.push(Member { key: "id".to_owned(), line: document.line, value });
    }
}
