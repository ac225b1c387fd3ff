//! Which records of a lake the rules can match at all, by what a query can tell cheaply: names and sources of events.

use predicate::Path;
use predicate::narrow::may_hold;
use predicate::sql::at_most;

use crate::book::{Book, Kind};

/// A name and a source of events; `None` where the lake has none, or no plain text.
pub type NameAndSource = (Option<String>, Option<String>);

/// What has to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// All records: a rule may match any.
    All,
    /// Records of these names and sources (by position), and those for which one of the SQL conditions holds.
    Some {
        /// Positions in the list that was given.
        pairs: Vec<usize>,
        /// Conditions of rules that do not depend on names.
        conditions: Vec<String>,
    },
}

impl Book {
    /// Narrows the records of a lake that has these names and sources.
    pub fn narrow(&self, pairs: &[NameAndSource]) -> Narrowed {
        let mut wanted = vec![false; pairs.len()];
        let mut conditions = Vec::new();
        for rule in self.rules.iter().filter_map(|entry| if let Kind::Rule(rule) = &entry.kind { Some(rule) } else { None }) {
            let expr = rule.expr();
            let possible: Vec<bool> = pairs.iter().map(|pair| may_hold(&expr, &|path| known(pair, path))).collect();
            if possible.iter().all(|possible| *possible) && pairs.len() > 1 {
                let condition = at_most(&expr);
                if condition == "TRUE" {
                    return Narrowed::All;
                }
                conditions.push(condition);
            } else {
                wanted.iter_mut().zip(possible).for_each(|(wanted, possible)| *wanted |= possible);
            }
        }
        let pairs = wanted.iter().enumerate().filter(|(_, wanted)| **wanted).map(|(at, _)| at);
        Narrowed::Some { pairs: pairs.collect(), conditions }
    }
}

fn known((name, source): &NameAndSource, path: &Path) -> Option<String> {
    match path.dotted().as_deref() {
        Some("eventName") => name.clone(),
        Some("eventSource") => source.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use predicate::sigma::Placeholders;

    use super::*;
    use crate::book::File;

    #[test]
    fn names_and_conditions() {
        let rule = |id: &str, selection: &str| File {
            name: id.to_owned(),
            text: format!("title: {id}\nlogsource: {{product: aws}}\ndetection: {{s: {{{selection}}}, condition: s}}\n"),
        };
        let pair = |name: &str, source: &str| (Some(name.to_owned()), Some(source.to_owned()));
        let pairs = [pair("StopLogging", "c"), pair("GetObject", "s"), (None, None)];
        let narrow = |files: &[File]| Book::read(files, &Placeholders::default(), "").narrow(&pairs);
        let named = rule("a", "eventName: stoplogging, errorCode: x");
        assert_eq!(narrow(std::slice::from_ref(&named)), Narrowed::Some { pairs: vec![0, 2], conditions: Vec::new() });
        let Narrowed::Some { pairs: found, conditions } = narrow(&[named.clone(), rule("b", "userIdentity.type: Root")]) else {
            panic!()
        };
        assert!(found == [0, 2] && conditions.len() == 1 && conditions[0].contains("useridentity_type"));
        assert_eq!(narrow(&[named, rule("c", "status: x")]), Narrowed::All);
    }
}
