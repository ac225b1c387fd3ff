//! What a test costs, roughly, so that cheap ones are asked first. The order of a conjunction's parts does not change what it says.

use crate::check::Check;
use crate::expr::Expr;
use crate::place::Place;

/// Of a tree: if every test in it is asked.
pub(super) fn cost(expr: &Expr) -> u32 {
    match expr {
        Expr::All(inner) | Expr::Any(inner) => inner.iter().map(cost).fold(0, u32::saturating_add),
        Expr::Not(inner) => cost(inner),
        Expr::Test(path, check) => of_place(&Place::new(path)).saturating_add(of_check(check)),
        Expr::Element(path, inner) => of_place(&Place::new(path)).saturating_add(cost(inner)).saturating_add(10),
    }
}

/// A column is at hand, a document has to be laid out, a record first of all written.
fn of_place(place: &Place) -> u32 {
    match place.column {
        Some(_) if place.taken == place.steps.len() => 1,
        Some(_) => 8,
        None if place.is_foreign => 4,
        None => 60,
    }
}

fn of_check(check: &Check) -> u32 {
    match check {
        Check::Exists | Check::Filled | Check::Null | Check::Is(_) => 1,
        Check::Text(glob, _) if glob.as_exact().is_some() => 1,
        Check::Text(..) | Check::Number(..) => 3,
        Check::Network(_) => 5,
        Check::Regex(_) | Check::Same(..) => 20,
    }
}
