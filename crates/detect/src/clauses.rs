//! The clauses of a rule: every line of its selections, for people who ask why it fired or why it did not.

use predicate::Expr;
use predicate::sigma::{Detection, FieldTest, Rule};

/// A line of a selection.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The selection that it stands in.
    pub search: String,
    /// The line as people read it: `eventName = StopLogging | DeleteTrail`.
    pub text: String,
    /// What it means.
    pub expr: Expr,
}

/// All clauses of a rule, those of its filters last.
pub fn clauses(rule: &Rule) -> Vec<Clause> {
    std::iter::once(&rule.detection).chain(&rule.filters).flat_map(of_detection).collect()
}

fn of_detection(detection: &Detection) -> impl Iterator<Item = Clause> {
    detection.searches.iter().flat_map(|search| {
        let tests = search.groups.iter().flat_map(|group| &group.tests);
        tests.map(|test| Clause { search: search.name.clone(), text: text_of(test), expr: test.expr() })
    })
}

/// A test as text.
pub(crate) fn text_of(test: &FieldTest) -> String {
    const VALUES_MAX: usize = 8;
    let values: Vec<&str> = test.values.iter().take(VALUES_MAX).map(|value| value.text.as_str()).collect();
    let more = if test.values.len() > VALUES_MAX { " | ..." } else { "" };
    let field = if test.field.is_empty() { "(anywhere)" } else { &test.field };
    format!("{field} = {}{more}", values.join(" | "))
}
