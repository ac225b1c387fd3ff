//! Anchors: exact values of flat fields without which a predicate cannot hold.

use std::collections::HashMap;

use record::columns::{Column, known};

use crate::check::Check;
use crate::expr::Expr;
use crate::facts::Facts;
use crate::path::Path;
use crate::place::Place;

/// Most values by which one predicate is found; one that asks for more is asked about every record.
const VALUES_PER_PREDICATE_MAX: usize = 10_000;

/// Predicates by the values that they ask for.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    fields: Vec<AnchoredField>,
    /// Those without an anchor.
    always: Vec<u32>,
}

#[derive(Debug)]
struct AnchoredField {
    place: Place,
    column: Column,
    by_value: HashMap<Box<str>, Vec<u32>>,
}

/// A value that a field must have, in lower case.
type Needed = Vec<(Column, String)>;

impl Anchors {
    /// Takes in a predicate.
    pub(super) fn add(&mut self, number: u32, expr: &Expr) {
        match needed(expr) {
            Some(values) if values.len() <= VALUES_PER_PREDICATE_MAX => {
                for (column, value) in values {
                    let listed = self.field(column).by_value.entry(value.into_boxed_str()).or_default();
                    if listed.last() != Some(&number) {
                        listed.push(number);
                    }
                }
            }
            _ => self.always.push(number),
        }
    }

    fn field(&mut self, column: Column) -> &mut AnchoredField {
        let at = self.fields.iter().position(|field| field.column == column).unwrap_or_else(|| {
            let place = Place::new(&Path::loose(column.spec().path));
            self.fields.push(AnchoredField { place, column, by_value: HashMap::new() });
            self.fields.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made just now")]
        &mut self.fields[at]
    }

    /// Hands every predicate that may hold to `each`, some of them more than once.
    pub(super) fn candidates(&self, facts: &mut Facts<'_, '_>, folded: &mut String, each: &mut dyn FnMut(u32)) {
        for number in &self.always {
            each(*number);
        }
        for field in &self.fields {
            facts.texts(&field.place, &mut |text| {
                fold(text, folded);
                for number in field.by_value.get(folded.as_str()).into_iter().flatten() {
                    each(*number);
                }
            });
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
