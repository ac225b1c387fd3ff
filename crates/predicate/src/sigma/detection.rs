//! The detection of a rule: named searches and the condition over them, kept in parts.

use super::condition::{self, Condition};
use super::error::{SigmaError, closest};
use super::lower::Field;
use super::modifier::Modifiers;
use super::old;
use super::placeholder::Placeholders;
use crate::expr::Expr;
use crate::limits::FIELD_KEYS_MAX;
use crate::path::Path;
use crate::yaml::{Member, Node, Yaml};

/// Whether one or all of several parts must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// One of them.
    Any,
    /// All of them.
    All,
}

/// One value that a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// The value as it is written.
    pub text: String,
    /// What it means.
    pub expr: Expr,
}

/// A line of a selection: a field, how it is compared, and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTest {
    /// The field with its modifiers, as it is written; empty for keywords.
    pub field: String,
    /// Where it stands.
    pub line: usize,
    /// Whether one or all of the values must fit.
    pub link: Link,
    /// Whether the whole line is negated (`neq`).
    pub is_negated: bool,
    /// The values.
    pub values: Vec<Tested>,
}

/// Tests of which all must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Where it stands.
    pub line: usize,
    /// The tests.
    pub tests: Vec<FieldTest>,
}

/// A named search: one of its groups must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub line: usize,
    /// Its groups.
    pub groups: Vec<Group>,
}

/// Searches and the conditions over them; one of the conditions must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The searches, in their order.
    pub searches: Vec<Search>,
    /// The conditions; nearly always one.
    pub conditions: Vec<Condition>,
}

/// Keys beside the searches that mean something else.
const NOT_SEARCHES: [&str; 2] = ["condition", "timeframe"];

impl Detection {
    /// Reads a `detection` (or the searches of a `filter`, whose other keys are named).
    pub(crate) fn read(node: &Node, others: &[&str], placeholders: &Placeholders) -> Result<Detection, SigmaError> {
        let is_search = |member: &&Member| !NOT_SEARCHES.contains(&member.key.as_str()) && !others.contains(&member.key.as_str());
        let searches: Vec<Search> =
            node.members().iter().filter(is_search).map(|member| search(member, placeholders)).collect::<Result<_, _>>()?;
        if searches.is_empty() {
            return Err(SigmaError::new(
                node.line,
                "there is no selection",
                "write one, as in `selection: {eventName: StopLogging}`",
            ));
        }
        let Some(written) = node.get("condition") else {
            let hint = format!("write `condition: {}`", searches.first().map_or("selection", |search| &search.name));
            return Err(SigmaError::new(node.line, "there is no condition", hint));
        };
        let names: Vec<&str> = searches.iter().map(|search| search.name.as_str()).collect();
        let mut conditions = Vec::new();
        for one in written.each() {
            let text = one
                .scalar()
                .ok_or_else(|| SigmaError::new(one.line, "a condition must be a text", "write `condition: selection`"))?;
            if let Some(error) = old::aggregation(&text, node, one.line) {
                return Err(error);
            }
            let parsed = condition::parse(&text, one.line)?;
            check_names(&parsed, &names, one.line)?;
            conditions.push(parsed);
        }
        match node.get("timeframe") {
            Some(timeframe) => Err(old::timeframe(timeframe.line)),
            None => Ok(Detection { searches, conditions }),
        }
    }

    /// One that holds for no record.
    pub(crate) fn never() -> Detection {
        Detection { searches: Vec::new(), conditions: Vec::new() }
    }

    /// The predicate.
    pub fn expr(&self) -> Expr {
        one_or_any(self.conditions.iter().map(|condition| condition.expr(&self.searches)).collect())
    }
}

fn check_names(condition: &Condition, names: &[&str], line: usize) -> Result<(), SigmaError> {
    for (written, count) in condition.names(names) {
        if count == 0 {
            let hint = match closest(&written, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", names.join(", ")),
            };
            return Err(SigmaError::new(line, format!("the condition asks for `{written}`, and there is no such selection"), hint));
        }
    }
    Ok(())
}

impl Search {
    /// The predicate.
    pub fn expr(&self) -> Expr {
        one_or_any(self.groups.iter().map(Group::expr).collect())
    }
}

impl Group {
    /// The predicate.
    pub fn expr(&self) -> Expr {
        one_or_all(self.tests.iter().map(FieldTest::expr).collect())
    }
}

impl FieldTest {
    /// The predicate.
    pub fn expr(&self) -> Expr {
        let values: Vec<Expr> = self.values.iter().map(|value| value.expr.clone()).collect();
        let expr = match self.link {
            Link::Any => one_or_any(values),
            Link::All => one_or_all(values),
        };
        if self.is_negated { Expr::not(expr) } else { expr }
    }

    /// The field's name without modifiers.
    pub fn name(&self) -> &str {
        self.field.split('|').next().unwrap_or_default()
    }
}

/// `Any`, without a level that says nothing.
pub(crate) fn one_or_any(mut exprs: Vec<Expr>) -> Expr {
    if exprs.len() == 1 { exprs.remove(0) } else { Expr::Any(exprs) }
}

/// `All`, without a level that says nothing.
pub(crate) fn one_or_all(mut exprs: Vec<Expr>) -> Expr {
    if exprs.len() == 1 { exprs.remove(0) } else { Expr::All(exprs) }
}

fn search(member: &Member, placeholders: &Placeholders) -> Result<Search, SigmaError> {
    let (name, line) = (member.key.clone(), member.line);
    let groups = match &member.value.value {
        Yaml::Map(_) => vec![group(&member.value, placeholders)?],
        Yaml::List(items) if !items.is_empty() => items
            .iter()
            .map(|item| match item.value {
                Yaml::Map(_) => group(item, placeholders),
                _ => Ok(Group { line: item.line, tests: vec![field_test("", item, item.line, placeholders)?] }),
            })
            .collect::<Result<_, _>>()?,
        Yaml::Text(_) | Yaml::Number(_) | Yaml::Bool(_) => {
            vec![Group { line, tests: vec![field_test("", &member.value, line, placeholders)?] }]
        }
        Yaml::Null | Yaml::List(_) => {
            return Err(SigmaError::new(
                line,
                format!("the selection `{name}` is empty"),
                "give it a field and a value, or take it away",
            ));
        }
    };
    Ok(Search { name, line, groups })
}

fn group(node: &Node, placeholders: &Placeholders) -> Result<Group, SigmaError> {
    if node.members().is_empty() {
        return Err(SigmaError::new(node.line, "this selection is empty", "give it a field and a value, or take it away"));
    }
    let tests = node.members().iter().map(|member| field_test(&member.key, &member.value, member.line, placeholders));
    Ok(Group { line: node.line, tests: tests.collect::<Result<_, _>>()? })
}

fn field_test(written: &str, node: &Node, line: usize, placeholders: &Placeholders) -> Result<FieldTest, SigmaError> {
    let mut words = written.split('|');
    let name = words.next().unwrap_or_default().trim();
    let modifiers = Modifiers::read(words.map(str::trim), line)?;
    if name.split('.').count() > FIELD_KEYS_MAX {
        return Err(SigmaError::new(line, format!("a field has more than {FIELD_KEYS_MAX} keys"), "shorten it"));
    }
    let path = (!name.is_empty()).then(|| Path::loose(name));
    let field = Field { path, modifiers: &modifiers, placeholders };
    let mut values = Vec::new();
    for value in node.each() {
        values.extend(field.value(value)?);
    }
    if values.is_empty() {
        return Err(SigmaError::new(
            line,
            format!("the field `{written}` has no value"),
            "give it one, or write null for a field that is empty",
        ));
    }
    let link = if modifiers.is_all { Link::All } else { Link::Any };
    Ok(FieldTest { field: written.to_owned(), line, link, is_negated: modifiers.is_negated, values })
}
