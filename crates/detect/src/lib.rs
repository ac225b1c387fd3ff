//! Rules and correlations: which records matter.
//!
//! A [`Book`] is read from files of Sigma rules; what cannot be read is refused by name, what is meant for another log is skipped by
//! name. A [`Watcher`] (one for each thread) puts records to the rules; a [`Tally`] gathers what all watchers saw, each record once
//! however often it was delivered, whatever the order; a [`Report`] says it: counts for every rule that ran, and findings.
//!
//! Pure: records come in, a report goes out; no clock, no environment.

pub mod blind;
mod book;
mod case;
mod clauses;
mod correlate;
mod event;
mod gauge;
pub mod limits;
mod live;
mod miss;
mod mutation;
mod narrow;
mod ordered;
mod report;
mod suite;
mod tally;
mod watcher;

pub use book::{Book, Entry, File, Kind, Refused, Skipped, Suppression};
pub use case::{Case, CaseError, cases_of, fires, quiet};
pub use clauses::{Clause, clauses};
pub use live::{Live, Memory, Moment};
pub use miss::{Miss, closest_miss};
pub use mutation::{Mutant, mutants};
pub use narrow::{NameAndSource, Narrowed};
pub use report::{Report, RuleCount};
pub use suite::{Suite, Verdict, check};
pub use tally::Tally;
pub use watcher::{Seen, Watcher};
