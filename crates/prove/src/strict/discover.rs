//! What there is below the roots of the stores: accounts and Regions, found by listing folder after folder as the layout has them.
//!
//! Other services' folders are not entered. What looks like a log file where CloudTrail delivers none is not passed over.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use layout::{Family, Kind, Level};

use super::content::Scratch;
use super::listing::{Continue, pages};
use super::outside::Outside;
use super::pool::Pool;
use crate::store::Refusal;

/// Most folders outside of CloudTrail's layout that are looked into.
const FOLDERS_OUTSIDE_MAX: usize = 10_000;
/// Most objects of one sort that are told one by one.
const TOLD_MAX: usize = 200;

/// One account and Region at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellId {
    pub(super) prefix: String,
    pub(super) organization: Option<String>,
    pub(super) account: String,
    pub(super) region: String,
}

/// A folder that CloudTrail delivers one family to, down to the Region.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) site: usize,
    pub(super) family: Family,
    /// The family's folder: `CloudTrail-Insight`.
    pub(super) name: String,
    /// Down to the Region, ending in `/`.
    pub(super) prefix: String,
    /// Where listing begins: the same, or deeper if the user pointed deeper.
    pub(super) from: String,
}

/// A cell and its folders.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) id: CellId,
    pub(super) folders: Vec<Folder>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) plans: Vec<Plan>,
    pub(super) strays: Strays,
    /// Folders that could not be listed.
    pub(super) unlisted: Vec<(usize, String, Refusal)>,
    /// Whether folders outside the layout were left out.
    pub(super) is_cut: bool,
}

/// Objects that stand where CloudTrail delivers nothing.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// Log files and digests by their names, below `AWSLogs/`.
    pub(super) inside: Told,
    /// Log files and digests by their names, elsewhere.
    pub(super) outside: Told,
    /// Other objects.
    pub(super) others: u64,
}

/// Objects that are counted; some are told.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) count: u64,
    pub(super) keys: Vec<(usize, String, Option<DateTime<Utc>>)>,
}

/// A folder's sub-folders, and what of its objects is worth telling.
#[derive(Default)]
struct Contents {
    folders: Vec<String>,
    strays: Strays,
}

/// Finds the cells.
pub(super) fn discover<'env>(outside: &'env Outside<'env>, pool: &Pool<'env>, scratch: &mut Scratch) -> Found {
    let mut found = Found::default();
    let mut cells: BTreeMap<CellId, Vec<Folder>> = BTreeMap::new();
    let roots = outside.sites.0.iter().enumerate().map(|(site, of)| (site, of.store.root().to_owned()));
    let mut waiting: Vec<(usize, String)> = roots.filter(|(site, root)| !take(outside, &mut cells, *site, root)).collect();
    let mut odd = 0;
    while !waiting.is_empty() {
        let folders = Arc::new(std::mem::take(&mut waiting));
        let listed = pool.reads(scratch, Arc::clone(&folders), move |_, (site, prefix)| contents(outside, *site, prefix));
        for ((site, prefix), contents) in folders.iter().zip(listed) {
            let contents = match contents {
                Ok(contents) => contents,
                Err(refusal) => {
                    found.unlisted.push((*site, prefix.clone(), refusal));
                    continue;
                }
            };
            found.strays.add(contents.strays);
            for folder in contents.folders.into_iter().filter(|folder| !take(outside, &mut cells, *site, folder)) {
                if is_odd(&folder) {
                    odd += 1;
                }
                if odd > FOLDERS_OUTSIDE_MAX && is_odd(&folder) {
                    found.is_cut = true;
                } else if is_entered(outside, &folder) {
                    waiting.push((*site, folder));
                }
            }
        }
    }
    found.plans = cells.into_iter().map(|(id, folders)| Plan { id, folders }).collect();
    found
}

fn is_odd(folder: &str) -> bool {
    matches!(layout::spot(folder).level, Level::Outside | Level::Odd)
}

fn is_entered(outside: &Outside<'_>, folder: &str) -> bool {
    let spot = layout::spot(folder);
    let is_wanted = spot.account.is_none_or(|account| outside.wants_account(&account));
    spot.level != Level::Service && is_wanted
}

/// Takes a folder of a Region, or one below that the user pointed to; `false` if it is none.
fn take(outside: &Outside<'_>, cells: &mut BTreeMap<CellId, Vec<Folder>>, site: usize, prefix: &str) -> bool {
    let spot = layout::spot(prefix);
    let is_below = matches!(spot.level, Level::Region | Level::Year | Level::Month | Level::Day);
    let (true, Some(account), Some(family), Some(region)) = (is_below, spot.account, spot.family, spot.region) else {
        return false;
    };
    if !outside.wants_account(&account) || !outside.wants_region(&region) {
        return true;
    }
    let Some((whole, name)) = down_to_region(prefix, &spot.prefix, &region) else { return false };
    let id = CellId { prefix: spot.prefix, organization: spot.organization, account, region };
    let folder = Folder { site, family, name, prefix: whole, from: prefix.to_owned() };
    cells.entry(id).or_default().push(folder);
    true
}

/// The part of a folder's prefix that ends with its Region, and the name of the folder above.
fn down_to_region(prefix: &str, before: &str, region: &str) -> Option<(String, String)> {
    let names: Vec<&str> = prefix.strip_prefix(before)?.split('/').collect();
    let at = names.iter().position(|name| *name == region)?;
    let family = names.get(at.checked_sub(1)?)?;
    let whole: String = names.iter().take(at + 1).flat_map(|name| [*name, "/"]).collect();
    Some((format!("{before}{whole}"), (*family).to_owned()))
}

fn contents(outside: &Outside<'_>, site: usize, prefix: &str) -> Result<Contents, Refusal> {
    let mut contents = Contents::default();
    let Some(store) = outside.sites.store(site) else { return Ok(contents) };
    pages(store.as_ref(), prefix, None, |folders, objects| {
        contents.folders.extend(folders);
        objects.iter().for_each(|object| contents.strays.meet(site, &object.key));
        Continue::Yes
    })?;
    Ok(contents)
}

impl Strays {
    /// An object that stands where CloudTrail delivers nothing.
    pub(super) fn meet(&mut self, site: usize, key: &str) {
        let named = match layout::kind(key) {
            Kind::Log | Kind::Digest => layout::place(key).filter(|place| place.family != Family::LakeQuery),
            Kind::Other(_) => None,
        };
        let Some(place) = named else {
            self.others += 1;
            return;
        };
        let is_below = layout::spot(key.rsplit_once('/').map_or("", |(folder, _)| folder)).level != Level::Outside;
        let told = if is_below { &mut self.inside } else { &mut self.outside };
        told.add(site, key, place.delivered);
    }

    pub(super) fn add(&mut self, other: Strays) {
        self.inside.extend(other.inside);
        self.outside.extend(other.outside);
        self.others += other.others;
    }
}

impl Told {
    fn add(&mut self, site: usize, key: &str, delivered: Option<DateTime<Utc>>) {
        self.count += 1;
        if self.keys.len() < TOLD_MAX {
            self.keys.push((site, key.to_owned(), delivered));
        }
    }

    fn extend(&mut self, other: Told) {
        self.count += other.count;
        self.keys.extend(other.keys);
        self.keys.truncate(TOLD_MAX);
    }
}
