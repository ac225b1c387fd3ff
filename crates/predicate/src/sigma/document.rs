//! The documents of a file.

use super::collection;
use super::correlation::Correlation;
use super::detection::Detection;
use super::error::SigmaError;
use super::meta::{LogSource, Meta};
use super::placeholder::Placeholders;
use crate::expr::Expr;
use crate::limits::{EXPR_DEPTH_MAX, EXPR_NODES_MAX};
use crate::yaml::{self, Node, Yaml};

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// A detection.
    Rule(Rule),
    /// A correlation over detections.
    Correlation(Correlation),
    /// A filter that is laid over detections.
    Filter(Filter),
}

/// A detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What it says about itself.
    pub meta: Meta,
    /// Where it stands in its file.
    pub line: usize,
    /// The log that it is for.
    pub log_source: LogSource,
    /// Its searches and conditions.
    pub detection: Detection,
    /// Detections of the filters that are laid over it; all of them must hold too.
    pub filters: Vec<Detection>,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What it says about itself.
    pub meta: Meta,
    /// Where it stands in its file.
    pub line: usize,
    /// The rules that it is laid over, by id, name or title; empty for all.
    pub rules: Vec<String>,
    /// The log that it is for, if it says so.
    pub log_source: Option<LogSource>,
    /// What must also hold.
    pub detection: Detection,
}

impl Rule {
    /// The predicate.
    pub fn expr(&self) -> Expr {
        if self.filters.is_empty() {
            return self.detection.expr();
        }
        let all = std::iter::once(&self.detection).chain(&self.filters);
        Expr::All(all.map(Detection::expr).collect())
    }

    /// Whether a correlation or a filter means this rule.
    pub fn is_called(&self, called: &str) -> bool {
        self.meta.is_called(called)
    }
}

/// Reads all documents of a file.
pub fn read(text: &str, placeholders: &Placeholders) -> Result<Vec<Document>, SigmaError> {
    let documents = yaml::documents(text)?;
    if documents.is_empty() {
        return Err(SigmaError::new(1, "the file is empty", "write a rule into it, or take it away"));
    }
    collection::complete(documents)?.iter().map(|document| read_one(document, placeholders)).collect()
}

fn read_one(node: &Node, placeholders: &Placeholders) -> Result<Document, SigmaError> {
    if !matches!(node.value, Yaml::Map(_)) {
        return Err(SigmaError::new(node.line, "this is no Sigma document", "a rule is a map that begins with `title: ...`"));
    }
    match (node.get("detection"), node.get("correlation"), node.get("filter")) {
        (Some(detection), None, None) => rule(node, detection, placeholders).map(Document::Rule),
        (None, Some(correlation), None) => Correlation::read(node, correlation).map(Document::Correlation),
        (None, None, Some(filter)) => read_filter(node, filter, placeholders).map(Document::Filter),
        (None, None, None) => {
            let hint = "add the one that the document is: a rule, a correlation or a filter";
            Err(SigmaError::new(node.line, "the document has no `detection`, `correlation` or `filter`", hint))
        }
        _ => {
            let hint = "split it into several documents with `---` between them";
            Err(SigmaError::new(node.line, "the document is more than one of rule, correlation and filter", hint))
        }
    }
}

fn rule(node: &Node, detection: &Node, placeholders: &Placeholders) -> Result<Rule, SigmaError> {
    let Some(log_source) = node.get("logsource") else {
        let hint = "add `logsource:` with `product: aws` and `service: cloudtrail`";
        return Err(SigmaError::new(node.line, "the rule does not say which log it is for", hint));
    };
    let log_source = LogSource::read(log_source)?;
    let read = Detection::read(detection, &[], placeholders);
    // What is meant for another log is passed over by its name: it need not be understood.
    let read = if log_source.is_cloudtrail() { read? } else { read.unwrap_or_else(|_| Detection::never()) };
    let rule = Rule { meta: Meta::read(node)?, line: node.line, log_source, detection: read, filters: Vec::new() };
    check_size(&rule.expr(), detection.line)?;
    Ok(rule)
}

fn read_filter(node: &Node, filter: &Node, placeholders: &Placeholders) -> Result<Filter, SigmaError> {
    let rules = filter.get("rules").map(|rules| rules.each().iter().filter_map(Node::scalar).collect::<Vec<String>>());
    let rules = rules.unwrap_or_default().into_iter().filter(|rule| rule != "any").collect();
    let log_source = node.get("logsource").map(LogSource::read).transpose()?;
    let read = Detection::read(filter, &["rules"], placeholders);
    let is_foreign = log_source.as_ref().is_some_and(|source| !source.is_cloudtrail());
    let detection = if is_foreign { read.unwrap_or_else(|_| Detection::never()) } else { read? };
    check_size(&detection.expr(), filter.line)?;
    Ok(Filter { meta: Meta::read(node)?, line: node.line, rules, log_source, detection })
}

fn check_size(expr: &Expr, line: usize) -> Result<(), SigmaError> {
    let (nodes, depth) = expr.extent();
    if nodes > EXPR_NODES_MAX || depth > EXPR_DEPTH_MAX {
        let what = format!("the detection has more than {EXPR_NODES_MAX} tests, or is nested deeper than {EXPR_DEPTH_MAX}");
        return Err(SigmaError::new(line, what, "split the rule"));
    }
    Ok(())
}
