//! Accounts and Regions that came to an end while others went on: an account left its organization, was suspended or closed, or a
//! Region was switched off.
//!
//! That looks like a tail that somebody removed, and nothing in the bucket tells one from the other: it is never proven. What is excused is
//! the time after the last digest and nothing else, and only where everything ended at once and nothing was delivered later.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::Outcome;
use super::findings::minute;
use super::intervals::Time;
use super::judge::{Place, place_of};
use super::opt_in::is_opt_in;
use super::range::less;
use crate::report::Cell;

/// How far apart the Regions of an account may end when the account left.
const ENDS_APART_MAX: TimeDelta = TimeDelta::hours(2);
/// They ended at least this long before what is due.
const ENDED_BEFORE: TimeDelta = TimeDelta::hours(3);

/// What ended.
#[derive(Default)]
pub(super) struct Ended {
    accounts: BTreeSet<Account>,
    /// Regions of accounts that went on elsewhere.
    regions: BTreeSet<(Account, String)>,
}

/// An account at a place.
type Account = (Place, String);

/// Why there is nothing more of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Account,
    Region,
}

impl Ended {
    /// Looks for ends; digests that ended by `due` should be there.
    pub(super) fn new(due: Time, outcomes: &[Outcome]) -> Ended {
        let mut accounts: BTreeMap<Account, Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|outcome| outcome.facts.has_digests) {
            accounts.entry((place_of(&outcome.cell), outcome.cell.account.clone())).or_default().push(outcome);
        }
        let going_on: BTreeSet<&Place> = accounts.iter().filter(|(_, cells)| goes_on(cells)).map(|((place, _), _)| place).collect();
        let mut ended = Ended::default();
        for (account, cells) in &accounts {
            if goes_on(cells) {
                let closed = cells.iter().filter(|cell| is_opt_in(&cell.cell.region) && have_ended(&[**cell], due));
                ended.regions.extend(closed.map(|cell| (account.clone(), cell.cell.region.clone())));
            } else if going_on.contains(&account.0) && have_ended(cells, due) {
                ended.accounts.insert(account.clone());
            }
        }
        ended
    }

    /// Why a cell ended, if it did.
    pub(super) fn of(&self, cell: &Cell) -> Option<End> {
        let account = (place_of(cell), cell.account.clone());
        if self.accounts.contains(&account) {
            return Some(End::Account);
        }
        self.regions.contains(&(account, cell.region.clone())).then_some(End::Region)
    }
}

impl End {
    pub(super) fn told(self, cell: &Cell, from: Time) -> String {
        let (account, region, from) = (&cell.account, &cell.region, minute(from));
        match self {
            End::Account => format!(
                "everything of account {account} ends at {from}, in all Regions at once: it left, was suspended or closed, or its tail was removed"
            ),
            End::Region => format!(
                "everything of the opt-in Region {region} ends at {from}, while other Regions of the account go on: it was disabled, or its tail was removed"
            ),
        }
    }
}

/// Whether any of an account's Regions has all the digests that are due.
fn goes_on(cells: &[&Outcome]) -> bool {
    cells.iter().any(|cell| cell.facts.tails.is_empty())
}

/// Whether all of these ended at the same time, a while ago.
fn have_ended(cells: &[&Outcome], due: Time) -> bool {
    let ends: Vec<Time> = cells.iter().filter_map(|cell| cell.facts.end).collect();
    let (Some(first), Some(last)) = (ends.iter().min(), ends.iter().max()) else { return false };
    let have_tails = cells.iter().all(|cell| !cell.facts.tails.is_empty());
    have_tails && *last - *first <= ENDS_APART_MAX && *last <= less(due, ENDED_BEFORE)
}
