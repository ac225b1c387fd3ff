//! Which trails a bucket has digests of, by their names: what `DescribeTrails` and `DescribeOrganization` tell the AWS CLI.
//!
//! The account that owns an organization trail stands in no digest: it is taken from the ARN that is asked for.

use std::collections::{BTreeSet, VecDeque};

use chrono::{NaiveDate, TimeDelta};
use layout::{DigestName, Family, Level, Spot};
use record::Inflater;
use seal::digest::{DIGEST_BYTES_MAX, Digest};

use super::wanted::{Place, TrailArn, Wanted};
use crate::store::{Body, Listed, Refusal, Store};

/// Folders outside of `AWSLogs/` that are looked into.
const FOLDERS_OUTSIDE_MAX: usize = 1_000;
/// Digests that are asked for the bucket that they were written to.
const DIGESTS_ASKED_MAX: usize = 5;

/// A trail, and one account and Region of which it has digests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trail {
    /// What stands before `AWSLogs/`, with its slash.
    pub prefix: String,
    /// Organization ID of an organization trail.
    pub organization: Option<String>,
    /// Account whose digests they are.
    pub account: String,
    /// Region whose digests they are.
    pub region: String,
    /// The trail's name.
    pub name: String,
    /// The trail's home Region.
    pub home: String,
}

/// What is known of an ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// There are digests of this trail.
    Found {
        /// What stands before `AWSLogs/`.
        prefix: String,
        /// Organization ID, if it is an organization trail.
        organization: Option<String>,
        /// The bucket that it delivers to.
        bucket: String,
    },
    /// There are digests, but not of this trail.
    Other,
    /// There are no digests.
    Nothing,
}

impl Trail {
    /// Its ARN, if the account is the one that owns it.
    pub fn arn(&self) -> String {
        let partition = match self.home.split('-').next() {
            Some("cn") => "aws-cn",
            Some("eusc") => "aws-eusc",
            Some("us") if self.home.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:cloudtrail:{}:{}:trail/{}", self.home, self.account, self.name)
    }
}

/// The trails that have digests in a range.
pub fn in_range(store: &dyn Store, start: NaiveDate, end: NaiveDate) -> Result<BTreeSet<Trail>, Refusal> {
    let mut trails = BTreeSet::new();
    // A digest may end an hour after the range.
    let end = end + TimeDelta::days(1);
    for (spot, folder) in regions(store)? {
        let days = days(store, &folder)?.into_iter().filter(|(day, _)| day.is_none_or(|day| (start..=end).contains(&day)));
        for (_, folder) in days {
            trails.extend(digests(store, &folder)?.iter().filter_map(|(_, name)| Trail::of(&spot, name)));
        }
    }
    Ok(trails)
}

/// Looks for a trail's digests.
pub fn asked(store: &dyn Store, arn: &TrailArn) -> Result<Asked, Refusal> {
    let regions = regions(store)?;
    let is_it = |name: &DigestName| name.trail == arn.name && name.home == arn.home;
    // A trail of the account itself, else one of its organization, else any.
    let owned = |spot: &Spot| spot.organization.is_none() && spot.account.as_deref() == Some(arn.account.as_str());
    for belongs in [&owned as &dyn Fn(&Spot) -> bool, &|spot| spot.organization.is_some()] {
        for (spot, folder) in regions.iter().filter(|(spot, _)| belongs(spot)) {
            if let Some(keys) = newest(store, folder, &is_it)? {
                let (prefix, organization) = (spot.prefix.clone(), spot.organization.clone());
                return Ok(Asked::Found { prefix, organization, bucket: bucket(store, &keys) });
            }
        }
    }
    for (_, folder) in &regions {
        if newest(store, folder, &|_| true)?.is_some() {
            return Ok(Asked::Other);
        }
    }
    Ok(Asked::Nothing)
}

/// Where the digests of a range are.
pub fn place(store: &dyn Store, wanted: &Wanted, account: Option<&str>, region: &str) -> Result<Place, String> {
    let arn = &wanted.arn;
    let account = || account.unwrap_or(&arn.account).to_owned();
    match asked(store, arn).map_err(|refusal| format!("{}: {refusal}", store.name()))? {
        Asked::Other => Err(format!("A trail could not be found for {}", arn.text)),
        Asked::Nothing => Ok(Place {
            bucket: store.bucket().unwrap_or_default().to_owned(),
            prefix: layout::spot(store.root()).prefix,
            organization: None,
            account: account(),
            region: region.to_owned(),
        }),
        Asked::Found { prefix, organization, bucket } => {
            Ok(Place { bucket, prefix, organization, account: account(), region: region.to_owned() })
        }
    }
}

impl Trail {
    fn of(spot: &Spot, name: &DigestName) -> Option<Trail> {
        Some(Trail {
            prefix: spot.prefix.clone(),
            organization: spot.organization.clone(),
            account: spot.account.clone()?,
            region: spot.region.clone()?,
            name: name.trail.clone(),
            home: name.home.clone(),
        })
    }
}

/// Every Region's folder of digests.
fn regions(store: &dyn Store) -> Result<Vec<(Spot, String)>, Refusal> {
    let mut waiting = VecDeque::from([store.root().to_owned()]);
    let (mut regions, mut outside) = (Vec::new(), 0);
    while let Some(folder) = waiting.pop_front() {
        let spot = layout::spot(&folder);
        let is_digests = spot.family.is_none_or(|family| family == Family::Digest);
        match spot.level {
            Level::Service | Level::Odd => continue,
            Level::Region | Level::Year | Level::Month | Level::Day => {
                regions.extend(is_digests.then_some((spot, folder)));
                continue;
            }
            Level::Outside => {
                outside += 1;
                if outside > FOLDERS_OUTSIDE_MAX {
                    continue;
                }
            }
            Level::Logs | Level::Organization | Level::Account | Level::Family if !is_digests => continue,
            Level::Logs | Level::Organization | Level::Account | Level::Family => {}
        }
        waiting.extend(list(store, &folder)?.0);
    }
    Ok(regions)
}

/// The folders below a Region's that hold digests, oldest first, with their days.
fn days(store: &dyn Store, region: &str) -> Result<Vec<(Option<NaiveDate>, String)>, Refusal> {
    let (mut days, mut waiting) = (Vec::new(), vec![region.to_owned()]);
    while let Some(folder) = waiting.pop() {
        match layout::spot(&folder).level {
            Level::Day => days.push((layout::trailing_day(&folder), folder)),
            Level::Region | Level::Year | Level::Month => waiting.extend(list(store, &folder)?.0),
            _ => {}
        }
    }
    days.sort_unstable();
    Ok(days)
}

/// The keys of the newest day's digests that are wanted, newest first.
fn newest(store: &dyn Store, region: &str, is_it: &dyn Fn(&DigestName) -> bool) -> Result<Option<Vec<String>>, Refusal> {
    for (_, folder) in days(store, region)?.into_iter().rev() {
        let digests = digests(store, &folder)?;
        let keys: Vec<String> = digests.into_iter().rev().filter(|(_, name)| is_it(name)).map(|(key, _)| key).collect();
        if !keys.is_empty() {
            return Ok(Some(keys));
        }
    }
    Ok(None)
}

fn digests(store: &dyn Store, folder: &str) -> Result<Vec<(String, DigestName)>, Refusal> {
    let named = |object: Listed| layout::digest_name(&object.key).map(|name| (object.key, name));
    Ok(list(store, folder)?.1.into_iter().filter_map(named).collect())
}

/// The bucket that a store is: as it says itself if a digest agrees, else as a digest says.
fn bucket(store: &dyn Store, keys: &[String]) -> String {
    let told: Vec<String> = keys.iter().filter_map(|key| written_to(store, key)).take(DIGESTS_ASKED_MAX).collect();
    let own = store.bucket();
    let agreed = own.filter(|own| told.is_empty() || told.iter().any(|told| told == own));
    agreed.map(str::to_owned).or_else(|| told.into_iter().next()).unwrap_or_default()
}

fn written_to(store: &dyn Store, key: &str) -> Option<String> {
    let Body::Stored(stored) = store.read(key, DIGEST_BYTES_MAX).ok()?.body else { return None };
    let content = Inflater::default().content(&stored, DIGEST_BYTES_MAX).ok()?;
    Some(Digest::parse(&content).ok()?.digest_s3_bucket)
}

/// All pages: sub-folders, and objects.
fn list(store: &dyn Store, folder: &str) -> Result<(Vec<String>, Vec<Listed>), Refusal> {
    let (mut folders, mut objects, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = match store.list(folder, after.as_deref()) {
            Err(Refusal::NotFound) => return Ok((folders, objects)),
            page => page?,
        };
        folders.extend(page.folders);
        objects.extend(page.objects);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((folders, objects)),
        }
    }
}
