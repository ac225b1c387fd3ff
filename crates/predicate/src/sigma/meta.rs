//! What a document says about itself.

use std::fmt;

use super::error::{SigmaError, closest};
use crate::yaml::{Member, Node, Yaml};

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing, no more.
    Informational,
    /// Rarely an attack.
    Low,
    /// Should be looked at.
    #[default]
    Medium,
    /// Must be looked at soon.
    High,
    /// Must be looked at now.
    Critical,
}

/// The log that a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSource {
    /// `aws`, `windows`, ...
    pub product: Option<String>,
    /// `process_creation`, ...
    pub category: Option<String>,
    /// `cloudtrail`, ...
    pub service: Option<String>,
}

/// What a document says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// One line.
    pub title: String,
    /// Its UUID, as it is written.
    pub id: Option<String>,
    /// The name by which correlations know it.
    pub name: Option<String>,
    /// `stable`, `test`, `experimental`, `deprecated`, `unsupported`.
    pub status: Option<String>,
    /// What it is about.
    pub description: String,
    /// Who wrote it.
    pub author: String,
    /// When it was written and changed last.
    pub dates: (String, String),
    /// `attack.t1562.008` and others.
    pub tags: Vec<String>,
    /// Links.
    pub references: Vec<String>,
    /// What else looks like this.
    pub false_positives: Vec<String>,
    /// Fields to look at.
    pub fields: Vec<String>,
    /// How bad it is; `None` if it does not say.
    pub level: Option<Level>,
    /// Everything that the specification does not know, as text or lists of texts: `(key, values)`.
    pub custom: Vec<(String, Vec<String>)>,
}

/// Keys of the specification.
const KNOWN: [&str; 26] = [
    "title",
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "logsource",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "tags",
    "scope",
    "correlation",
    "filter",
    "action",
    "global",
    "simulation",
    "regression_tests_path",
    "maturity",
];

/// All levels with their words.
const LEVELS: [(Level, &str); 5] = [
    (Level::Informational, "informational"),
    (Level::Low, "low"),
    (Level::Medium, "medium"),
    (Level::High, "high"),
    (Level::Critical, "critical"),
];

const STATUSES: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        LEVELS.iter().find(|(level, _)| *level == self).map_or("medium", |(_, word)| word)
    }

    /// The level of a word.
    pub fn parse(word: &str) -> Option<Level> {
        LEVELS.iter().find(|(_, known)| *known == word).map(|(level, _)| *level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl LogSource {
    pub(crate) fn read(node: &Node) -> Result<LogSource, SigmaError> {
        let text = |key: &str| match node.get(key) {
            Some(value) => value.scalar().map(Some).ok_or_else(|| {
                SigmaError::new(
                    value.line,
                    format!("`{key}` of the log source must be a text"),
                    "write `product: aws` and `service: cloudtrail`",
                )
            }),
            None => Ok(None),
        };
        let source = LogSource { product: text("product")?, category: text("category")?, service: text("service")? };
        if source == LogSource::default() {
            return Err(SigmaError::new(node.line, "the log source is empty", "write `product: aws` and `service: cloudtrail`"));
        }
        Ok(source)
    }

    /// Whether CloudTrail's records are meant: what it says of product and service must not be something else. Of categories there is `cloud`.
    pub fn is_cloudtrail(&self) -> bool {
        let is = |field: &Option<String>, wanted: &str| field.as_deref().is_none_or(|value| value.eq_ignore_ascii_case(wanted));
        is(&self.product, "aws") && is(&self.service, "cloudtrail") && is(&self.category, "cloud")
    }
}

impl fmt::Display for LogSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.product, &self.category, &self.service].into_iter().flatten();
        f.write_str(&parts.map(String::as_str).collect::<Vec<_>>().join("/"))
    }
}

impl Meta {
    pub(crate) fn read(node: &Node) -> Result<Meta, SigmaError> {
        let text = |key: &str| node.get(key).and_then(Node::scalar);
        let title = text("title").filter(|title| !title.trim().is_empty());
        let Some(title) = title else {
            return Err(SigmaError::new(node.line, "the document has no title", "begin it with `title: ...`, in one line"));
        };
        Ok(Meta {
            title,
            id: text("id"),
            name: text("name"),
            status: word(node, "status", &STATUSES)?,
            description: text("description").unwrap_or_default(),
            author: text("author").unwrap_or_default(),
            dates: (text("date").unwrap_or_default(), text("modified").unwrap_or_default()),
            tags: texts(node.get("tags")),
            references: texts(node.get("references")),
            false_positives: texts(node.get("falsepositives")),
            fields: texts(node.get("fields")),
            level: word(node, "level", &LEVELS.map(|(_, word)| word))?.and_then(|word| Level::parse(&word)),
            custom: node.members().iter().filter(|member| !KNOWN.contains(&member.key.as_str())).map(custom).collect(),
        })
    }

    /// What the document is called by: its UUID, else its name, else its title.
    pub fn id(&self) -> &str {
        self.id.as_deref().or(self.name.as_deref()).unwrap_or(&self.title)
    }

    /// Whether it is meant by that id, name or title.
    pub fn is_called(&self, called: &str) -> bool {
        self.id() == called || self.name.as_deref() == Some(called) || self.title == called
    }

    /// Values of a key that the specification does not know.
    pub fn custom(&self, key: &str) -> &[String] {
        self.custom.iter().find(|(known, _)| known == key).map_or(&[], |(_, values)| values)
    }
}

fn custom(member: &Member) -> (String, Vec<String>) {
    (member.key.clone(), texts(Some(&member.value)))
}

/// One of a few words.
fn word(node: &Node, key: &str, words: &[&str]) -> Result<Option<String>, SigmaError> {
    let Some(value) = node.get(key) else { return Ok(None) };
    let written = value.scalar().unwrap_or_default();
    let word = written.to_ascii_lowercase();
    if words.contains(&word.as_str()) {
        return Ok(Some(word));
    }
    let hint = match closest(&word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of: {}", words.join(", ")),
    };
    Err(SigmaError::new(value.line, format!("`{written}` is no {key}"), hint))
}

/// A text or a list of texts; whatever else is there does not count.
fn texts(node: Option<&Node>) -> Vec<String> {
    match node {
        Some(Node { value: Yaml::Null, .. }) | None => Vec::new(),
        Some(node) => node.each().iter().filter_map(Node::scalar).collect(),
    }
}
