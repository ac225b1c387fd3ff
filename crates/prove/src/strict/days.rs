//! The days of one folder: which of them are there, of those that the range wants.
//!
//! Years and months outside of the range are not listed. Where nothing of the range is there, the newest day before it is: it tells when a
//! chain ended.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use layout::Level;

use super::discover::{Folder, Strays};
use super::listing::{Continue, pages};
use super::range::Range;
use crate::store::{Refusal, Store};

/// Most folders below a Region that are not days.
const ODD_FOLDERS_MAX: usize = 10_000;

/// What stands below the folder of one Region.
#[derive(Default)]
pub(super) struct DaysFound {
    /// Days of the range.
    pub(super) days: BTreeSet<NaiveDate>,
    /// Folders older than the range, by their first day; not listed yet.
    older: BTreeSet<(NaiveDate, String)>,
    /// Objects that are not in a day's folder.
    pub(super) strays: Strays,
    /// Folders that could not be listed.
    pub(super) unlisted: Vec<(String, Refusal)>,
    /// Whether folders that the layout does not have were left out.
    pub(super) is_cut: bool,
}

/// Lists what is below a folder, down to the days.
pub(super) fn days(store: &dyn Store, folder: &Folder, range: &Range) -> DaysFound {
    let mut found = DaysFound::default();
    let mut waiting = vec![folder.from.clone()];
    let mut odd = 0;
    while let Some(prefix) = waiting.pop() {
        let spot = layout::spot(&prefix);
        match period(&spot) {
            Some((first, _)) if spot.level == Level::Day && range.has_day(first) => {
                found.days.insert(first);
            }
            Some((first, last)) if last < range.first_day() => {
                found.older.insert((first, prefix));
            }
            Some((first, _)) if spot.level == Level::Day || first > range.last_day() => {}
            _ => {
                odd += usize::from(spot.level == Level::Odd);
                if odd > ODD_FOLDERS_MAX {
                    found.is_cut = true;
                } else {
                    found.list(store, folder.site, &prefix, &mut waiting);
                }
            }
        }
    }
    found
}

/// Lists everything below folders that the layout does not have.
pub(super) fn tree(store: &dyn Store, site: usize, folders: Vec<String>) -> DaysFound {
    let mut found = DaysFound::default();
    let mut waiting = folders;
    let mut listed = 0;
    while let Some(prefix) = waiting.pop() {
        listed += 1;
        if listed > ODD_FOLDERS_MAX {
            found.is_cut = true;
            break;
        }
        found.list(store, site, &prefix, &mut waiting);
    }
    found
}

impl DaysFound {
    fn list(&mut self, store: &dyn Store, site: usize, prefix: &str, waiting: &mut Vec<String>) {
        let listed = pages(store, prefix, None, |folders, objects| {
            waiting.extend(folders);
            objects.iter().for_each(|object| self.strays.meet(site, &object.key));
            Continue::Yes
        });
        if let Err(refusal) = listed {
            self.unlisted.push((prefix.to_owned(), refusal));
        }
    }

    /// Takes the newest day before the range, listing what it has to; `None` when there is none left.
    pub(super) fn take_older(&mut self, store: &dyn Store, site: usize) -> Option<NaiveDate> {
        while let Some((first, prefix)) = self.older.pop_last() {
            if layout::spot(&prefix).level == Level::Day {
                return Some(first);
            }
            let mut below = Vec::new();
            self.list(store, site, &prefix, &mut below);
            let known = below.into_iter().filter_map(|prefix| Some((period(&layout::spot(&prefix))?.0, prefix)));
            self.older.extend(known);
        }
        None
    }
}

/// The first and last day of a folder.
fn period(spot: &layout::Spot) -> Option<(NaiveDate, NaiveDate)> {
    match (spot.level, spot.year, spot.month, spot.day) {
        (Level::Day, _, _, Some(day)) => Some((day, day)),
        (Level::Month, Some(year), Some(month), _) => {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            Some((first, first.checked_add_months(chrono::Months::new(1))?.pred_opt()?))
        }
        (Level::Year, Some(year), _, _) => Some((NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)),
        _ => None,
    }
}

/// The prefix of a day's folder.
pub(super) fn day_prefix(folder: &Folder, day: NaiveDate) -> String {
    format!("{}{}/", folder.prefix, day.format("%Y/%m/%d"))
}
