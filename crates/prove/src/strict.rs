//! The strict judgment: was any log file altered, removed or forged, and can everything else be proven?
//!
//! All accounts, Regions and trails below a place are judged in one run. What counts is what AWS signed: a digest proves the log files
//! that it names and the digest before it. What nothing vouches for is told, never passed over: unknown is not proven.
//!
//! Work goes cell by cell (one account and Region) and in each day by day, newest first, so that memory does not grow with the number of
//! objects. Pure but for its stores: the clock, the keys and whoever watches are handed in.

mod interface;
mod outside;
mod range;

mod days;
mod discover;
mod keys;
mod listing;
mod sites;

mod aside;
mod authentic;
mod cell;
mod chains;
mod checking;
mod closing;
mod comparing;
mod content;
mod digests;
mod ended;
mod expiry;
mod handles;
mod judge;
mod judging;
mod opt_in;
mod parse;
mod second_trail;
mod slots;

mod facts;
mod findings;
mod hours;
mod intervals;
mod pool;

pub use facts::Facts;
pub use interface::{Advance, KeySource, KeysFound, ListedKeys, Options, Outcome, Progress, Stores};

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::report::{Cell, Report};
use content::Scratch;
use discover::{CellId, Found, Plan};
use outside::Outside;
use pool::Pool;

/// Judges everything below the main store's root.
pub fn verify(stores: &Stores, keys: &dyn KeySource, options: &Options, now: DateTime<Utc>, progress: &dyn Progress) -> Report {
    let outside = Outside::new(stores, keys, options, now, progress);
    let pool = Pool::new(options.threads);
    let (found, outcomes) = pool.run(|pool| {
        let mut found = discover::discover(&outside, pool, &mut Scratch::default());
        let outcomes = judge_all(&outside, pool, &mut found, options);
        (found, outcomes)
    });
    judge::report(&outside, found, outcomes, stores.main.name(), now)
}

/// Judges all cells but those that were finished before.
fn judge_all<'env>(outside: &'env Outside<'env>, pool: &Pool<'env>, found: &mut Found, options: &Options) -> Vec<Outcome> {
    let mut plans = std::mem::take(&mut found.plans);
    outside.progress.found(plans.len() as u64);
    let finished: Vec<Outcome> =
        options.finished.iter().filter(|outcome| plans.iter().any(|plan| is_of(&plan.id, &outcome.cell))).cloned().collect();
    plans.retain(|plan| !finished.iter().any(|outcome| is_of(&plan.id, &outcome.cell)));
    let mut outcomes = pool.cells(Arc::new(plans), move |pool, scratch, plan: &Plan| {
        let outcome = cell::judge(outside, pool, scratch, plan);
        outside.progress.finished(&outcome);
        outcome
    });
    outcomes.extend(finished);
    outcomes
}

fn is_of(id: &CellId, cell: &Cell) -> bool {
    id.prefix == cell.prefix && id.organization == cell.organization && id.account == cell.account && id.region == cell.region
}
