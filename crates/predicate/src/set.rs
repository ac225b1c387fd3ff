//! Many predicates over the same records: work that they share is done once.
//!
//! A predicate that asks for an exact value of a flat field - nearly all ask for an `eventName` - is looked up by that value and
//! otherwise not looked at; many of one name are told apart by the other texts that they need. Of those that are left, each distinct test is answered at most once for a record.

mod anchor;
mod cost;
mod literals;
mod memo;

use std::collections::HashMap;

use record::RecordView;

use crate::asked::{Asked, Within};
use crate::check::Check;
use crate::expr::Expr;
use crate::facts::{Facts, Memory, Record};
use crate::limits::{EXPR_DEPTH_MAX, EXPR_NODES_MAX};
use crate::path::Path;
use crate::place::Place;
use anchor::{Anchors, Room};

/// No node has this number.
const NOWHERE: u32 = u32::MAX;

/// A predicate that is larger than the limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a predicate has more than {EXPR_NODES_MAX} tests or is nested deeper than {EXPR_DEPTH_MAX}; split it")]
pub struct TooLarge;

/// Predicates made ready.
#[derive(Debug, Default)]
pub struct Set {
    tests: Vec<Test>,
    nodes: Vec<Node>,
    /// Root node of each predicate.
    roots: Vec<u32>,
    /// Root node of each part.
    parts: Vec<u32>,
    /// What each predicate costs where it is looked at, roughly.
    costs: Vec<u32>,
    anchors: Anchors,
}

#[derive(Debug)]
struct Test {
    place: Place,
    asked: Asked,
}

/// A node of the trees; inner nodes come before outer ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    All(Box<[u32]>),
    Any(Box<[u32]>),
    Not(u32),
    Test(u32),
}

/// Puts records to a [`Set`]; one for each thread.
pub struct Matcher<'s> {
    set: &'s Set,
    memory: Memory,
    answers: Answers,
    candidates: Vec<u32>,
    /// For how many records each predicate was looked at.
    looks: Vec<u64>,
    room: Room,
    /// Paths that were asked for, made ready.
    places: HashMap<Path, Place>,
}

/// A record that was put to a [`Set`], for what else is asked about it.
pub struct Put<'m, 'a> {
    set: &'m Set,
    facts: Facts<'a, 'm>,
    answers: &'m mut Answers,
    places: &'m mut HashMap<Path, Place>,
}

/// Answers to tests for the record of this round.
struct Answers {
    round: u64,
    /// For each test, the round in which it was answered, and the answer in the lowest bit.
    known: Vec<u64>,
    /// For each predicate, the round in which it became a candidate.
    listed: Vec<u64>,
}

impl Set {
    /// Makes predicates ready. Each is known by its place in the order given.
    pub fn new<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Set, TooLarge> {
        Set::with_parts(exprs, [])
    }

    /// The same, with parts of the predicates that are asked about only where [`Put::part`] does: most of their tests have been answered
    /// by then. A part that is larger than the limits does not hold.
    pub fn with_parts<'e>(
        exprs: impl IntoIterator<Item = &'e Expr>,
        parts: impl IntoIterator<Item = &'e Expr>,
    ) -> Result<Set, TooLarge> {
        let exprs: Vec<&Expr> = exprs.into_iter().collect();
        let mut builder = Builder::default();
        for expr in &exprs {
            if is_too_large(expr) {
                return Err(TooLarge);
            }
            let root = builder.node(expr);
            builder.set.roots.push(root);
            builder.set.costs.push(cost::cost(expr));
        }
        for part in parts {
            let root = if is_too_large(part) { NOWHERE } else { builder.node(part) };
            builder.set.parts.push(root);
        }
        builder.set.anchors = Anchors::new(&exprs);
        Ok(builder.set)
    }

    /// Number of predicates.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Number of distinct tests in all of them.
    pub fn distinct_tests(&self) -> usize {
        self.tests.len()
    }
}

fn is_too_large(expr: &Expr) -> bool {
    let (nodes, depth) = expr.extent();
    nodes > EXPR_NODES_MAX || depth > EXPR_DEPTH_MAX
}

#[derive(Default)]
struct Builder<'e> {
    set: Set,
    tests: HashMap<Key<'e>, u32>,
    nodes: HashMap<Node, u32>,
}

/// What makes two tests the same.
#[derive(PartialEq, Eq, Hash)]
enum Key<'e> {
    Test(&'e Path, &'e Check),
    Element(&'e Path, &'e Expr),
}

impl<'e> Builder<'e> {
    fn node(&mut self, expr: &'e Expr) -> u32 {
        let node = match expr {
            Expr::All(inner) => Node::All(self.inner(inner)),
            Expr::Any(inner) => Node::Any(self.inner(inner)),
            Expr::Not(inner) => Node::Not(self.node(inner)),
            Expr::Test(path, check) => Node::Test(self.test(Key::Test(path, check))),
            Expr::Element(path, inner) => Node::Test(self.test(Key::Element(path, inner))),
        };
        let next = self.set.nodes.len() as u32;
        let number = *self.nodes.entry(node.clone()).or_insert(next);
        if number == next {
            self.set.nodes.push(node);
        }
        number
    }

    /// Those that cost least first.
    fn inner(&mut self, exprs: &'e [Expr]) -> Box<[u32]> {
        let mut by_cost: Vec<&Expr> = exprs.iter().collect();
        by_cost.sort_by_cached_key(|expr| cost::cost(expr));
        by_cost.into_iter().map(|expr| self.node(expr)).collect()
    }

    fn test(&mut self, key: Key<'e>) -> u32 {
        if let Some(number) = self.tests.get(&key) {
            return *number;
        }
        let test = match key {
            Key::Test(path, check) => Test { place: Place::new(path), asked: Asked::new(check) },
            Key::Element(path, inner) => Test { place: Place::new(path), asked: Asked::Inner(Box::new(Within::new(inner))) },
        };
        let number = self.set.tests.len() as u32;
        self.set.tests.push(test);
        self.tests.insert(key, number);
        number
    }
}

impl<'s> Matcher<'s> {
    /// A matcher before its first record.
    pub fn new(set: &'s Set) -> Matcher<'s> {
        let answers = Answers { round: 0, known: vec![0; set.tests.len()], listed: vec![0; set.roots.len()] };
        let (memory, room) = (Memory::default(), Room::default());
        let looks = vec![0; set.roots.len()];
        Matcher { set, memory, answers, candidates: Vec::new(), looks, room, places: HashMap::new() }
    }

    /// The predicates that hold for a record, in ascending order.
    pub fn view(&mut self, record: RecordView<'_>, hits: &mut Vec<usize>) {
        self.record(Record::View(record), hits);
    }

    /// The predicates that hold for a record that is given as JSON text.
    pub fn text(&mut self, json: &str, hits: &mut Vec<usize>) {
        self.record(Record::Text(json), hits);
    }

    /// The predicates that hold for a record that is given as a JSON value.
    pub fn value(&mut self, value: &serde_json::Value, hits: &mut Vec<usize>) {
        self.record(Record::Text(&value.to_string()), hits);
    }

    /// For how many records each predicate was looked at so far, and about how much work that was: a cheap test of a column is 2.
    pub fn work(&self) -> impl Iterator<Item = (u64, u64)> {
        self.looks.iter().zip(&self.set.costs).map(|(looks, cost)| (*looks, looks.saturating_mul(u64::from(*cost))))
    }

    /// The same as [`view`](Matcher::view), and the record for what else is asked about it.
    pub fn put<'m, 'a>(&'m mut self, record: RecordView<'a>, hits: &mut Vec<usize>) -> Put<'m, 'a> {
        self.record(Record::View(record), hits)
    }

    fn record<'m, 'a>(&'m mut self, record: Record<'a>, hits: &mut Vec<usize>) -> Put<'m, 'a> {
        hits.clear();
        let Matcher { set, memory, answers, candidates, looks, room, places } = self;
        answers.round += 1;
        let mut facts = Facts::new(record, memory);
        candidates.clear();
        set.anchors.candidates(&mut facts, room, &mut |number| answers.list(number, candidates));
        candidates.sort_unstable();
        for number in candidates.iter() {
            let (Some(root), Some(looks)) = (set.roots.get(*number as usize), looks.get_mut(*number as usize)) else { continue };
            *looks += 1;
            if holds(set, *root, &mut facts, answers) {
                hits.push(*number as usize);
            }
        }
        Put { set, facts, answers, places }
    }
}

impl Put<'_, '_> {
    /// Whether a part of [`Set::with_parts`] holds, by its place in the order given.
    pub fn part(&mut self, number: usize) -> bool {
        self.set.parts.get(number).is_some_and(|root| holds(self.set, *root, &mut self.facts, self.answers))
    }

    /// The texts that a path reaches.
    pub fn texts(&mut self, path: &Path, each: &mut dyn FnMut(&str)) {
        if !self.places.contains_key(path) {
            self.places.insert(path.clone(), Place::new(path));
        }
        if let Some(place) = self.places.get(path) {
            self.facts.texts(place, each);
        }
    }
}

/// Whether a node holds. The depth of the trees was checked when the set was made.
fn holds(set: &Set, node: u32, facts: &mut Facts<'_, '_>, answers: &mut Answers) -> bool {
    match set.nodes.get(node as usize) {
        Some(Node::All(inner)) => inner.iter().all(|inner| holds(set, *inner, facts, answers)),
        Some(Node::Any(inner)) => inner.iter().any(|inner| holds(set, *inner, facts, answers)),
        Some(Node::Not(inner)) => !holds(set, *inner, facts, answers),
        Some(Node::Test(test)) => answers.of(set, *test, facts),
        None => false,
    }
}

impl Answers {
    fn of(&mut self, set: &Set, number: u32, facts: &mut Facts<'_, '_>) -> bool {
        let (Some(test), Some(known)) = (set.tests.get(number as usize), self.known.get_mut(number as usize)) else { return false };
        if *known >> 1 != self.round {
            *known = self.round << 1 | u64::from(facts.test(&test.place, &test.asked));
        }
        *known & 1 == 1
    }

    fn list(&mut self, number: u32, candidates: &mut Vec<u32>) {
        if let Some(listed) = self.listed.get_mut(number as usize)
            && *listed != self.round
        {
            *listed = self.round;
            candidates.push(number);
        }
    }
}

#[cfg(test)]
mod tests;
