//! Checks made ready, and the part of a tree that looks at one element of a list.

use crate::check::{Case, Check, Number, Order, Regexp, Same};
use crate::expr::Expr;
use crate::fit::Fit;
use crate::glob::Glob;
use crate::network::Network;
use crate::path::Reading;
use crate::place::{Place, walk};
use crate::tape::{Kind, Tape};
use crate::value::{Value, without_escaped_quotes};

/// A check ready to be asked.
#[derive(Debug)]
pub(crate) enum Asked {
    Exists,
    Filled,
    Null,
    Is(bool),
    Fits(Fit),
    Regex(Regexp),
    Number(Order, Number),
    Network(Network),
    Same(Place, Same, Case),
    /// [`Expr::Element`]: what the element must pass.
    Inner(Box<Within>),
}

/// A tree over one element.
#[derive(Debug)]
pub(crate) enum Within {
    All(Vec<Within>),
    Any(Vec<Within>),
    Not(Box<Within>),
    Test(Place, Asked),
}

/// What a check wants to know of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Only values that are not null, as text.
    Text,
    /// Also null, and what the value was in JSON.
    Json,
}

impl Asked {
    pub(crate) fn new(check: &Check) -> Asked {
        match check {
            Check::Exists => Asked::Exists,
            Check::Filled => Asked::Filled,
            Check::Null => Asked::Null,
            Check::Is(value) => Asked::Is(*value),
            Check::Text(glob, case) => Asked::Fits(Fit::new(glob, *case)),
            Check::Regex(regexp) => Asked::Regex(regexp.clone()),
            Check::Number(order, number) => Asked::Number(*order, *number),
            Check::Network(network) => Asked::Network(*network),
            Check::Same(other, same, case) => Asked::Same(Place::new(other), *same, *case),
        }
    }

    pub(crate) fn wanted(&self) -> Wanted {
        match self {
            Asked::Exists | Asked::Null | Asked::Is(_) | Asked::Inner(_) => Wanted::Json,
            _ => Wanted::Text,
        }
    }

    /// Whether a list at the end of the path stands for its elements.
    pub(crate) fn expands(&self, reading: Reading) -> bool {
        match self {
            Asked::Exists | Asked::Filled | Asked::Null => false,
            Asked::Inner(_) => true,
            _ => reading == Reading::Loose,
        }
    }

    /// Whether one value passes, for checks that need nothing else.
    pub(crate) fn passes(&self, value: Value<'_>, reading: Reading) -> bool {
        match self {
            Asked::Exists => true,
            Asked::Filled => value.kind != Kind::Null,
            Asked::Null => value.kind == Kind::Null,
            Asked::Is(true) => value.kind == Kind::True,
            Asked::Is(false) => value.kind == Kind::False,
            Asked::Fits(fit) => text_passes(value, reading, |text| fit.fits(text)),
            Asked::Regex(regexp) => text_passes(value, reading, |text| regexp.finds(text)),
            Asked::Network(network) => text_passes(value, reading, |text| network.holds(text)),
            Asked::Number(order, bound) => matches!(value.kind, Kind::Number | Kind::Text) && compares(value, *order, *bound),
            Asked::Same(..) | Asked::Inner(_) => false,
        }
    }
}

fn compares(value: Value<'_>, order: Order, bound: Number) -> bool {
    let text = value.text(Reading::Strict).unwrap_or_default();
    Number::parse(&text).is_some_and(|number| order.holds(number.value(), bound.value()))
}

fn text_passes(value: Value<'_>, reading: Reading, passes: impl Fn(&str) -> bool) -> bool {
    let Some(text) = value.text(reading) else { return false };
    passes(&text) || (value.kind == Kind::Object && without_escaped_quotes(&text).is_some_and(|text| passes(&text)))
}

/// Whether the texts stand in this relation.
pub(crate) fn related(text: &str, other: &str, same: Same, case: Case) -> bool {
    let glob = match same {
        Same::Equal => Glob::exact(other),
        Same::StartsWith => Glob::prefix(other),
        Same::EndsWith => Glob::suffix(other),
        Same::Contains => Glob::contains(other),
    };
    Fit::new(&glob, case).fits(text)
}

impl Within {
    /// Made ready; the depth of the tree has been checked.
    pub(crate) fn new(expr: &Expr) -> Within {
        match expr {
            Expr::All(inner) => Within::All(inner.iter().map(Within::new).collect()),
            Expr::Any(inner) => Within::Any(inner.iter().map(Within::new).collect()),
            Expr::Not(inner) => Within::Not(Box::new(Within::new(inner))),
            Expr::Test(path, check) => Within::Test(Place::new(path), Asked::new(check)),
            Expr::Element(path, inner) => Within::Test(Place::new(path), Asked::Inner(Box::new(Within::new(inner)))),
        }
    }

    /// Whether the element passes.
    pub(crate) fn holds(&self, tape: &Tape, text: &str, element: u32) -> bool {
        match self {
            Within::All(inner) => inner.iter().all(|within| within.holds(tape, text, element)),
            Within::Any(inner) => inner.iter().any(|within| within.holds(tape, text, element)),
            Within::Not(inner) => !inner.holds(tape, text, element),
            Within::Test(place, asked) => test_element(place, asked, tape, text, element),
        }
    }
}

fn test_element(place: &Place, asked: &Asked, tape: &Tape, text: &str, element: u32) -> bool {
    let mut stack = vec![(element, 0)];
    let reading = place.reading;
    walk(tape, text, &place.steps, reading, asked.expands(reading), &mut stack, &mut |at| {
        let Some(value) = tape.item(at).map(|item| Value::json(item.kind, item.json(text))) else { return false };
        match asked {
            Asked::Inner(within) => within.holds(tape, text, at),
            Asked::Same(other, same, case) => {
                let Some(this) = value.text(reading) else { return false };
                let mut stack = vec![(element, 0)];
                walk(tape, text, &other.steps, other.reading, true, &mut stack, &mut |at| {
                    let that = tape.item(at).and_then(|item| Value::json(item.kind, item.json(text)).text(other.reading));
                    that.is_some_and(|that| related(&this, &that, *same, *case))
                })
            }
            _ => asked.passes(value, reading),
        }
    })
}
