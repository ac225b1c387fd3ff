//! Mutants: a rule with one part taken away. If no case beside the rule notices, the part is not tested.

use predicate::Expr;
use predicate::sigma::{Condition, Detection, Link, Rule};

use crate::clauses::text_of;

/// A rule with one part taken away.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What was taken away.
    pub without: String,
    /// What is left, in parts.
    pub detection: Detection,
    /// What is left.
    pub expr: Expr,
}

/// All mutants of a rule: without each selection, alternative, line, value, and part of the condition.
pub fn mutants(rule: &Rule) -> Vec<Mutant> {
    let whole = rule.expr();
    let mut mutants = Vec::new();
    let mut push = |without: String, detection: Detection| {
        let expr = Rule { detection: detection.clone(), ..rule.clone() }.expr();
        // A part without which the rule means the same (a selection that the condition does not use) cannot be tested.
        if expr != whole {
            mutants.push(Mutant { without, detection, expr });
        }
    };
    let detection = &rule.detection;
    for (at, search) in detection.searches.iter().enumerate() {
        without_parts(detection, at, &mut push);
        if detection.conditions.iter().all(|condition| !condition.names_search(&search.name)) {
            let mut changed = detection.clone();
            changed.searches.remove(at);
            push(format!("the selection `{}`", search.name), changed);
        }
    }
    for (at, condition) in detection.conditions.iter().enumerate() {
        for (without, smaller) in smaller_conditions(condition) {
            let mut changed = detection.clone();
            if let Some(slot) = changed.conditions.get_mut(at) {
                *slot = smaller;
            }
            push(format!("`{without}` in the condition"), changed);
        }
    }
    mutants
}

/// Without each group, line and value of one search.
fn without_parts(detection: &Detection, at: usize, push: &mut impl FnMut(String, Detection)) {
    let Some(search) = detection.searches.get(at) else { return };
    for (g, group) in search.groups.iter().enumerate() {
        if search.groups.len() > 1 {
            let mut changed = detection.clone();
            changed.searches.iter_mut().skip(at).take(1).for_each(|search| drop(search.groups.remove(g)));
            push(format!("alternative {} of `{}`", g + 1, search.name), changed);
        }
        for (t, test) in group.tests.iter().enumerate() {
            if group.tests.len() > 1 {
                let mut changed = detection.clone();
                groups_of(&mut changed, at, g).for_each(|group| drop(group.tests.remove(t)));
                push(format!("`{}` of `{}`", text_of(test), search.name), changed);
            }
            for (v, value) in test.values.iter().enumerate().filter(|_| test.values.len() > 1) {
                let mut changed = detection.clone();
                let tests = groups_of(&mut changed, at, g).flat_map(|group| group.tests.iter_mut().skip(t).take(1));
                tests.for_each(|test| drop(test.values.remove(v)));
                let link = if test.link == Link::All { "all of " } else { "" };
                push(format!("the value `{}` of {link}`{}` of `{}`", value.text, test.field, search.name), changed);
            }
        }
    }
}

fn groups_of(detection: &mut Detection, search: usize, group: usize) -> impl Iterator<Item = &mut predicate::sigma::Group> {
    detection.searches.iter_mut().skip(search).take(1).flat_map(move |search| search.groups.iter_mut().skip(group).take(1))
}

/// The condition without each of its operands. The searches that `1 of` and `all of` stand for are taken away one by one elsewhere.
fn smaller_conditions(condition: &Condition) -> Vec<(String, Condition)> {
    let mut smaller = Vec::new();
    match condition {
        Condition::All(inner) | Condition::Any(inner) => {
            for (at, operand) in inner.iter().enumerate() {
                let rest: Vec<Condition> = inner.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, c)| c.clone()).collect();
                smaller.push((operand.to_string(), same_kind(condition, rest)));
                for (without, changed) in smaller_conditions(operand) {
                    let mut all = inner.clone();
                    if let Some(slot) = all.get_mut(at) {
                        *slot = changed;
                    }
                    smaller.push((without, same_kind(condition, all)));
                }
            }
        }
        Condition::Not(inner) => {
            let below = smaller_conditions(inner).into_iter();
            smaller.extend(below.map(|(without, changed)| (without, Condition::Not(Box::new(changed)))));
        }
        Condition::Search(_) | Condition::Of(..) => {}
    }
    smaller
}

fn same_kind(condition: &Condition, mut inner: Vec<Condition>) -> Condition {
    match (condition, inner.len()) {
        (_, 1) => inner.remove(0),
        (Condition::Any(_), _) => Condition::Any(inner),
        _ => Condition::All(inner),
    }
}
