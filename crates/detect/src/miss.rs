//! The closest miss: how far an event is from a rule, and which clauses stand between them.

use predicate::sigma::Rule;
use predicate::{Matcher, Set};

use crate::clauses::clauses;

/// How a rule takes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Whether it fires.
    pub fires: bool,
    /// Each clause of the rule, and whether it holds: `(selection, clause, holds)`.
    pub clauses: Vec<(String, String, bool)>,
    /// Each selection, and whether it holds.
    pub searches: Vec<(String, bool)>,
    /// The conditions as they are written.
    pub conditions: Vec<String>,
}

/// How a rule takes an event, given as JSON text.
pub fn closest_miss(rule: &Rule, event: &str) -> Miss {
    let all = clauses(rule);
    let searches: Vec<_> =
        std::iter::once(&rule.detection).chain(&rule.filters).flat_map(|detection| &detection.searches).collect();
    let whole = rule.expr();
    let exprs: Vec<_> =
        all.iter().map(|clause| clause.expr.clone()).chain(searches.iter().map(|search| search.expr())).chain([whole]).collect();
    let set = Set::new(&exprs).unwrap_or_default();
    let mut hits = Vec::new();
    Matcher::new(&set).text(event, &mut hits);
    let holds = |number: usize| hits.binary_search(&number).is_ok();
    let conditions = std::iter::once(&rule.detection).chain(&rule.filters).flat_map(|detection| &detection.conditions);
    Miss {
        fires: holds(exprs.len() - 1),
        clauses: all.iter().enumerate().map(|(at, clause)| (clause.search.clone(), clause.text.clone(), holds(at))).collect(),
        searches: searches.iter().enumerate().map(|(at, search)| (search.name.clone(), holds(all.len() + at))).collect(),
        conditions: conditions.map(ToString::to_string).collect(),
    }
}
