//! YAML as far as rules need it: lists, maps and scalars that know their line. Small, bounded, without guessing.
//!
//! An alias stands for a copy of its anchor, and every copy counts. A key that is written twice is an error, for one of the two
//! would silently not count.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use crate::limits::{YAML_DEPTH_MAX, YAML_DOCUMENTS_MAX, YAML_NODES_MAX, YAML_SIZE_BYTES_MAX};
use crate::sigma::SigmaError;

/// A value and the line on which it begins, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Yaml,
}

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) value: Node,
}

/// Reads all documents of a file.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>, SigmaError> {
    if text.len() > YAML_SIZE_BYTES_MAX {
        return Err(SigmaError::new(
            1,
            format!("the file is longer than {YAML_SIZE_BYTES_MAX} bytes"),
            "split it into several files",
        ));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| not_yaml(&error))?;
        builder.event(event, span.start.line())?;
    }
    Ok(builder.documents)
}

fn not_yaml(error: &ScanError) -> SigmaError {
    SigmaError::new(
        error.marker().line(),
        format!("this is not YAML: {}", error.info()),
        "look for a missing quote or a wrong indent there",
    )
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

/// A list or map that is not complete yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, usize)>,
    /// How many nodes there were before it.
    nodes_before: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), SigmaError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if is_plain { plain(&text) } else { Yaml::Text(text.into_owned()) };
                self.count(1, line)?;
                self.add(Node { line, value }, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => self.begin(Yaml::List(Vec::new()), anchor, line),
            Event::MappingStart(anchor, _) => self.begin(Yaml::Map(Vec::new()), anchor, line),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(SigmaError::new(line, "this alias stands inside its own anchor", "write the value out"));
                };
                self.count(size, line)?;
                self.add(Node { line, ..node }, 0, size)
            }
            Event::DocumentEnd | Event::DocumentStart(_) | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                self.anchors.clear();
                Ok(())
            }
        }
    }

    fn count(&mut self, more: usize, line: usize) -> Result<(), SigmaError> {
        self.nodes += more;
        if self.nodes > YAML_NODES_MAX {
            let what = format!("the file holds more than {YAML_NODES_MAX} values, aliases counted each time");
            return Err(SigmaError::new(line, what, "split it into several files"));
        }
        Ok(())
    }

    fn begin(&mut self, value: Yaml, anchor: usize, line: usize) -> Result<(), SigmaError> {
        if self.open.len() >= YAML_DEPTH_MAX {
            return Err(SigmaError::new(line, format!("lists and maps are nested deeper than {YAML_DEPTH_MAX}"), "flatten them"));
        }
        let nodes_before = self.nodes;
        self.count(1, line)?;
        self.open.push(Open { node: Node { line, value }, anchor, key: None, nodes_before });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SigmaError> {
        let Some(mut done) = self.open.pop() else { return Ok(()) };
        let size = self.nodes - done.nodes_before;
        merge(&mut done.node)?;
        self.add(done.node, done.anchor, size)
    }

    /// Puts a complete node where it belongs.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), SigmaError> {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            if self.documents.len() >= YAML_DOCUMENTS_MAX {
                let what = format!("the file holds more than {YAML_DOCUMENTS_MAX} documents");
                return Err(SigmaError::new(node.line, what, "split it into several files"));
            }
            self.documents.push(node);
            return Ok(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Yaml::List(items), _) => items.push(node),
            (Yaml::Map(members), Some((key, line))) => members.push(Member { key, line, value: node }),
            (Yaml::Map(members), None) => {
                let key = key(&node)?;
                if members.iter().any(|member| member.key == key) {
                    let hint = "YAML keeps one of the two; write both values as a list, or use two selections";
                    return Err(SigmaError::new(node.line, format!("the key `{key}` stands twice in one map"), hint));
                }
                open.key = Some((key, node.line));
            }
            _ => {}
        }
        Ok(())
    }
}

/// `<<`: takes in the members of other maps, as far as the map has none of its own by that name.
fn merge(node: &mut Node) -> Result<(), SigmaError> {
    let Yaml::Map(members) = &mut node.value else { return Ok(()) };
    let Some(at) = members.iter().position(|member| member.key == "<<") else { return Ok(()) };
    let merged = members.remove(at);
    for other in merged.value.each() {
        let Yaml::Map(more) = &other.value else {
            return Err(SigmaError::new(
                merged.line,
                "`<<` takes in a map, or a list of maps",
                "write `<<: *name` of an anchored map",
            ));
        };
        for member in more {
            if !members.iter().any(|known| known.key == member.key) {
                members.push(member.clone());
            }
        }
    }
    Ok(())
}

fn key(node: &Node) -> Result<String, SigmaError> {
    match &node.value {
        Yaml::Text(text) | Yaml::Number(text) => Ok(text.clone()),
        Yaml::Bool(value) => Ok(value.to_string()),
        Yaml::Null => Ok("null".to_owned()),
        Yaml::List(_) | Yaml::Map(_) => Err(SigmaError::new(node.line, "a key must be a text", "put the list or map behind a key")),
    }
}

/// What an unquoted scalar is, by YAML 1.2's core rules.
fn plain(text: &str) -> Yaml {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Yaml::Null,
        "true" | "True" | "TRUE" => Yaml::Bool(true),
        "false" | "False" | "FALSE" => Yaml::Bool(false),
        _ if crate::check::Number::parse(text).is_some() => Yaml::Number(text.to_owned()),
        _ => Yaml::Text(text.to_owned()),
    }
}

impl Node {
    /// The value behind a key, if this is a map and has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// The members of a map; none of anything else.
    pub(crate) fn members(&self) -> &[Member] {
        if let Yaml::Map(members) = &self.value { members } else { &[] }
    }

    /// A scalar as text; null, lists and maps have none.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Yaml::Text(text) | Yaml::Number(text) => Some(text.clone()),
            Yaml::Bool(value) => Some(value.to_string()),
            Yaml::Null | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }

    /// A list's elements, or the value itself as the only one.
    pub(crate) fn each(&self) -> &[Node] {
        if let Yaml::List(items) = &self.value { items } else { std::slice::from_ref(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lines() {
        let documents = documents("a: 1\nb: ['1', ~, no, TRUE]\n---\nc: &x\n  d: |\n    e\nf: *x\n").unwrap();
        let [first, second] = documents.as_slice() else { panic!("{documents:?}") };
        assert_eq!(first.get("a").unwrap().value, Yaml::Number("1".to_owned()));
        let values: Vec<_> = first.get("b").unwrap().each().iter().map(|node| node.value.clone()).collect();
        assert_eq!(values, [Yaml::Text("1".into()), Yaml::Null, Yaml::Text("no".into()), Yaml::Bool(true)]);
        assert_eq!(second.get("f").unwrap().get("d").unwrap().value, Yaml::Text("e\n".to_owned()));
        assert_eq!((second.get("f").unwrap().line, second.members()[1].line), (7, 7));
    }

    #[test]
    fn maps_are_merged() {
        let documents = documents("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [{z: 4}, *a]}\n").unwrap();
        let said = |key: &str| {
            let members = documents[0].get(key).unwrap().members();
            members.iter().map(|member| format!("{}{}", member.key, member.value.scalar().unwrap())).collect::<String>()
        };
        assert_eq!((said("b").as_str(), said("c").as_str()), ("y3x1", "z4x1y2"));
    }

    #[test]
    fn what_is_refused() {
        let bomb =
            (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| text + &format!("a{n}: &a{n} [*a{m}, *a{m}]\n", m = n - 1));
        let deep = "[".repeat(YAML_DEPTH_MAX + 1) + &"]".repeat(YAML_DEPTH_MAX + 1);
        let deeper = "[".repeat(10_000);
        let many = "---\na\n".repeat(YAML_DOCUMENTS_MAX + 1);
        for (text, part) in [
            (bomb.as_str(), "aliases counted each time"),
            (deep.as_str(), "nested deeper"),
            (deeper.as_str(), "line 1"),
            (many.as_str(), "documents"),
            ("a: 1\na: 2\n", "stands twice"),
            ("a: {<<: x}\n", "takes in a map"),
            ("a: 'x\n", "not YAML"),
            ("a: *b\n", "not YAML"),
            ("? [a]\n: 1\n", "must be a text"),
        ] {
            let error = documents(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
