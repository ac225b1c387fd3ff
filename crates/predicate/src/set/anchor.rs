//! Anchors: exact values of flat fields without which a predicate cannot hold.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use record::columns::{Column, known};

use crate::check::Check;
use crate::expr::Expr;
use crate::facts::Facts;
use crate::path::Path;
use crate::place::Place;

use super::literals::{Bucket, Of};
use super::memo::Memos;

/// Most values by which one predicate is found; one that asks for more is asked about every record.
const VALUES_PER_PREDICATE_MAX: usize = 10_000;

/// Predicates by the values that they ask for.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    fields: Vec<AnchoredField>,
    buckets: Vec<Bucket>,
    /// Those without an anchor.
    always: Bucket,
}

#[derive(Debug)]
struct AnchoredField {
    place: Place,
    /// Number of the bucket for each value.
    by_value: HashMap<Box<str>, usize, RandomState>,
}

/// Memory that is used again from record to record.
#[derive(Debug, Default)]
pub(super) struct Room {
    folded: String,
    buckets: Vec<usize>,
    memos: Memos,
}

/// A value that a field must have, in lower case.
type Needed = Vec<(Column, String)>;

/// Predicates of one anchor, with what they ask.
type Members<'e> = Vec<(u32, &'e Expr)>;

impl Anchors {
    /// Of predicates, each known by its place.
    pub(super) fn new(exprs: &[&Expr]) -> Anchors {
        let mut always = Members::new();
        let mut by_column: BTreeMap<u8, HashMap<String, Members<'_>>> = BTreeMap::new();
        for (number, expr) in exprs.iter().enumerate() {
            let member = (number as u32, *expr);
            match needed(expr) {
                Some(values) if values.len() <= VALUES_PER_PREDICATE_MAX => {
                    for (column, value) in values {
                        let listed = by_column.entry(column.0).or_default().entry(value).or_default();
                        if listed.last().is_none_or(|last| last.0 != member.0) {
                            listed.push(member);
                        }
                    }
                }
                _ => always.push(member),
            }
        }
        let mut searches = 0;
        let mut anchors = Anchors { always: Bucket::new(&always, Of::EveryRecord, &mut searches), ..Anchors::default() };
        by_column.into_iter().for_each(|(column, by_value)| anchors.add_field(Column(column), by_value, &mut searches));
        anchors
    }

    fn add_field(&mut self, column: Column, members: HashMap<String, Members<'_>>, searches: &mut usize) {
        let path = Path::loose(column.spec().path);
        let mut by_value = HashMap::with_capacity_and_hasher(members.len(), RandomState::default());
        for (value, members) in members {
            by_value.insert(value.into_boxed_str(), self.buckets.len());
            self.buckets.push(Bucket::new(&members, Of::RecordsWith(&path), searches));
        }
        self.fields.push(AnchoredField { place: Place::new(&path), by_value });
    }

    /// Hands every predicate that may hold to `each`, some of them more than once.
    pub(super) fn candidates(&self, facts: &mut Facts<'_, '_>, room: &mut Room, each: &mut dyn FnMut(u32)) {
        let Room { folded, buckets, memos } = room;
        self.always.candidates(facts, memos, each);
        buckets.clear();
        for field in &self.fields {
            facts.texts(&field.place, &mut |text| {
                fold(text, folded);
                buckets.extend(field.by_value.get(folded.as_str()));
            });
        }
        for bucket in buckets.iter().filter_map(|number| self.buckets.get(*number)) {
            bucket.candidates(facts, memos, each);
        }
    }
}

/// The text in lower case, as [`Case::Ignored`](crate::Case::Ignored) compares it.
fn fold(text: &str, folded: &mut String) {
    folded.clear();
    if text.is_ascii() {
        folded.push_str(text);
        folded.make_ascii_lowercase();
    } else {
        folded.push_str(&text.to_lowercase());
    }
}

/// Values of which a record must have one for the predicate to hold; `None` if there is no such list.
fn needed(expr: &Expr) -> Option<Needed> {
    match expr {
        Expr::All(inner) => inner.iter().filter_map(needed).min_by_key(cost),
        Expr::Any(inner) => inner.iter().map(needed).try_fold(Vec::new(), |mut all, more| {
            all.extend(more?);
            (all.len() <= VALUES_PER_PREDICATE_MAX).then_some(all)
        }),
        Expr::Test(path, Check::Text(glob, _)) => {
            let value = glob.as_exact()?.to_lowercase();
            let place = Place::new(path);
            let column = place.column.filter(|_| place.taken == place.steps.len())?;
            Some(vec![(column, value)])
        }
        Expr::Not(_) | Expr::Test(..) | Expr::Element(..) => None,
    }
}

/// How often such a value is met, roughly: names of events are the rarest, then sources, then whatever else.
fn cost(values: &Needed) -> (u8, usize) {
    let rank = |column: Column| match column {
        known::EVENT_NAME => 0,
        known::EVENT_SOURCE => 2,
        known::REGION | known::ACCOUNT | known::CATEGORY => 4,
        _ => 3,
    };
    (values.iter().map(|(column, _)| rank(*column)).max().unwrap_or(0), values.len())
}
