//! The old aggregation (`| count() by x > 5`), which was taken out of Sigma: refused, with the modern form written out.

use super::error::SigmaError;
use crate::yaml::Node;

/// The error for a condition that has a pipe in it.
pub(crate) fn aggregation(condition: &str, detection: &Node, line: usize) -> Option<SigmaError> {
    let (searched, aggregated) = condition.split_once('|')?;
    let timespan = detection.get("timeframe").and_then(Node::scalar).unwrap_or_else(|| "10m".to_owned());
    let form = Form::of(aggregated.trim());
    let what = format!("the old aggregation `|{}` was taken out of Sigma in 2022", aggregated.trim_end());
    let hint = match form {
        Some(form) => format!(
            "give this rule a `name: ...`, `condition: {}` and no `timeframe`, and add a second document to the file:\n{}",
            searched.trim(),
            form.document(&timespan)
        ),
        None => "write a correlation instead: https://sigmahq.io/docs/meta/correlations.html".to_owned(),
    };
    Some(SigmaError::new(line, what, hint))
}

/// The error for a `timeframe` that nothing uses.
pub(crate) fn timeframe(line: usize) -> SigmaError {
    let hint = format!(
        "make each selection a rule of its own with a `name: ...`, and add a document that correlates them:\n{}",
        Form::near().document("5m")
    );
    SigmaError::new(line, "`timeframe` belongs to the old aggregation, which was taken out of Sigma in 2022", hint)
}

/// What a modern correlation has to say.
struct Form {
    kind: &'static str,
    group_by: Option<String>,
    /// `gt: 5`, and the field whose values are counted.
    condition: Option<(&'static str, String, Option<String>)>,
}

impl Form {
    fn near() -> Form {
        Form { kind: "temporal", group_by: Some("userIdentity.arn".to_owned()), condition: None }
    }

    /// Reads `count(field) by group > number`.
    fn of(text: &str) -> Option<Form> {
        if text.to_ascii_lowercase().starts_with("near") {
            return Some(Form::near());
        }
        let (field, rest) = text.strip_prefix("count")?.trim_start().strip_prefix('(')?.split_once(')')?;
        let at = rest.find(['<', '>', '='])?;
        let (group, comparison) = rest.split_at(at);
        let sign: String = comparison.chars().take_while(|c| matches!(c, '<' | '>' | '=')).collect();
        let operator = match sign.as_str() {
            ">" => "gt",
            ">=" => "gte",
            "<" => "lt",
            "<=" => "lte",
            "=" | "==" => "eq",
            _ => return None,
        };
        let number = comparison.trim_start_matches(['<', '>', '=']).trim().to_owned();
        let field = Some(field.trim().to_owned()).filter(|field| !field.is_empty());
        let group_by = group.trim().strip_prefix("by").map(|group| group.trim().to_owned()).filter(|group| !group.is_empty());
        let kind = if field.is_some() { "value_count" } else { "event_count" };
        Some(Form { kind, group_by, condition: Some((operator, number, field)) })
    }

    fn document(&self, timespan: &str) -> String {
        let mut text = format!(
            "---\ntitle: ...\nname: ...\nlevel: medium\ncorrelation:\n    type: {}\n    rules:\n        - ...\n",
            self.kind
        );
        let group = self.group_by.as_deref().unwrap_or("recipientAccountId");
        text += &format!("    group-by:\n        - {group}\n    timespan: {timespan}\n");
        if let Some((operator, number, field)) = &self.condition {
            text += &format!("    condition:\n        {operator}: {number}\n");
            if let Some(field) = field {
                text += &format!("        field: {field}\n");
            }
        }
        text
    }
}
