//! Finds what is worth listing, with as few list requests as the layout allows, and orders it newest day first.
//!
//! The walk knows the layout and uses it: other services' folders are counted, never entered; years and months outside the
//! wanted time are never listed. What stands where the layout has nothing is not lost: it becomes a loose branch, listed
//! last. A folder that cannot be listed is a problem to report, not an end.

mod days;
mod discover;

pub use days::{DayWork, Days, Listing};
pub(crate) use discover::area;

use std::collections::BTreeMap;

use chrono::{DateTime, Days as DayCount, NaiveDate, Utc};

use crate::source::{Listed, Page, Source, SourceError};
use layout::Family;

/// List requests under way at the same time.
pub const LISTS_AT_ONCE_MAX: usize = 32;

/// Days that a delivery's folder may differ from its events' days.
const SLACK_DAYS: DayCount = DayCount::new(1);

/// What the user wants collected. Empty lists want everything.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Events from this time on.
    pub since: Option<DateTime<Utc>>,
    /// Events before this time.
    pub until: Option<DateTime<Utc>>,
    /// Account IDs.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
}

/// One series of day folders: an account's deliveries of one family for one Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Area {
    /// Prefix down to the Region, ending in `/`.
    pub prefix: String,
    /// Where listing begins: the prefix, or deeper if the user pointed deeper.
    pub from: String,
    /// Organization ID.
    pub organization: Option<String>,
    /// Account ID.
    pub account: String,
    /// What is delivered here.
    pub family: Family,
    /// Region.
    pub region: String,
}

/// How far below a branch its listing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// What stands directly in the folder.
    Folder,
    /// Everything below.
    Tree,
}

/// A folder to list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Branch {
    /// `""` or ending in `/`.
    pub prefix: String,
    /// How far the listing goes.
    pub depth: Depth,
}

/// Folders that were seen and not entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Other services' folders, by the service's name.
    pub services: BTreeMap<String, u64>,
    /// Accounts and Regions that were not asked for.
    pub unwanted: u64,
}

/// A folder that could not be listed.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The folder.
    pub prefix: String,
    /// Why.
    pub error: SourceError,
}

/// What was found below a source's root.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Areas of the layout, sorted.
    pub areas: Vec<Area>,
    /// Folders outside the layout that hold plain files, sorted.
    pub loose: Vec<Branch>,
    /// The object itself, if the root names one.
    pub single: Option<Listed>,
    /// What was not entered.
    pub skipped: Skipped,
    /// What could not be listed.
    pub problems: Vec<Problem>,
}

impl Walk {
    /// Descends from the source's root down to the Regions. Fails only if the root itself cannot be listed.
    pub async fn discover(source: &dyn Source, wanted: &Wanted) -> Result<Walk, SourceError> {
        discover::discover(source, wanted).await
    }

    /// The days to collect, newest first; listed as they are asked for.
    pub fn days<'a>(&'a self, source: &'a dyn Source, wanted: &Wanted) -> Days<'a> {
        Days::new(self, source, wanted)
    }
}

impl Wanted {
    /// Whether this account is asked for.
    pub fn has_account(&self, account: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|wanted| wanted == account)
    }

    /// Whether this Region is asked for.
    pub fn has_region(&self, region: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|wanted| wanted == region)
    }

    /// Whether deliveries of any of these days may hold wanted events.
    pub fn has_days(&self, first: NaiveDate, last: NaiveDate) -> bool {
        let since = self.since.map(|since| less_slack(since.date_naive()));
        let until = self.until.map(|until| more_slack(until.date_naive()));
        since.is_none_or(|since| last >= since) && until.is_none_or(|until| first <= until)
    }
}

fn less_slack(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(SLACK_DAYS).unwrap_or(day)
}

fn more_slack(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(SLACK_DAYS).unwrap_or(day)
}

/// A whole folder, or as much of it as had to be seen.
#[derive(Debug, Default)]
struct Contents {
    folders: Vec<String>,
    has_objects: bool,
    /// Listing stopped early: plain files fill more than a page.
    is_long: bool,
}

/// When to stop listing a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    /// At the first page that does not fit and holds plain files: they would have to be listed twice.
    PlainFiles,
}

/// Lists a folder's sub-folders, page by page.
async fn contents(source: &dyn Source, prefix: &str, until: Until) -> Result<Contents, SourceError> {
    let mut contents = Contents::default();
    let mut after: Option<String> = None;
    loop {
        let Page { folders, objects, next } = source.list(prefix, after.as_deref()).await?;
        contents.folders.extend(folders);
        contents.has_objects |= !objects.is_empty();
        if next.is_none() {
            return Ok(contents);
        }
        if contents.has_objects && until == Until::PlainFiles {
            contents.is_long = true;
            return Ok(contents);
        }
        after = next;
    }
}

/// The last name of a folder's prefix.
fn folder_name(prefix: &str) -> &str {
    let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

#[cfg(test)]
mod tests;
