//! What selectors, metric filters and alarms really do.
//!
//! A file - a JSON document, a filter pattern or a shell script of AWS CLI commands - is read into the *requests* that it makes
//! ([`requests`]). They are carried out, in order, on a small [`World`](world) of trails, filters and alarms, as AWS would carry
//! them out. What comes of it is judged by running it on *witness* events ([`witness`]), never by comparing text: a filter is
//! incomplete because an event that it must catch goes past it, and that event is the evidence. Each [`Finding`] says what, why, by
//! which event, and what to write instead.
//!
//! Pure: files that a script names are handed in.

pub mod cis;
pub mod limits;
pub mod requests;
pub mod witness;

mod alarms;
mod filters;
mod finding;
mod insights;
mod looking_up;
mod patterns;
mod report;
mod running;
mod selectors;
mod sigma;
mod world;

pub use finding::{Evidence, Finding, Place, Severity};
pub use report::{Report, markdown, sarif};
pub use running::{Counted, Counter, Counters, Counting, Running};
pub use selectors::explain;

use requests::{Files, Request};
use world::World;

/// Reads a text and judges what it asks for.
pub fn check(name: &str, text: &str, files: &Files<'_>) -> Report {
    let mut report = Report::new(name);
    if sigma::is_sigma(text) {
        sigma::check(text, &mut report);
        return report;
    }
    let read = requests::read(text, files);
    let mut world = World::default();
    report.requests = read.requests.len();
    report.unread = read.unread;
    for (place, mended) in read.notes {
        report.findings.push(finding::broken_text(&place, &mended));
    }
    for Request { place, call } in read.requests {
        report.place = place;
        world.take(call, &mut report);
    }
    world.look_back(&mut report);
    report.findings.sort_by_key(|finding| (finding.place.line, std::cmp::Reverse(finding.severity)));
    report
}

#[cfg(test)]
mod tests;
