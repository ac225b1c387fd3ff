//! What a key says about its delivery, by the layout that CloudTrail and AWS Organizations write.
//!
//! `[prefix/]AWSLogs/[o-id/]account/CloudTrail[-Family]/Region/Y/M/D/file`. A key is a claim, not evidence: whoever can
//! write to the bucket chooses it. It decides what is listed and in which order, never what a record means.
//! Source: CloudTrail user guide, "Finding your CloudTrail log files", and the pages of the single families.

mod digest_name;
mod file;
mod spot;
#[cfg(test)]
mod tests;

pub use digest_name::{DigestName, digest_name};
pub use spot::{Level, Spot, number, spot, trailing_day};

use chrono::{DateTime, NaiveDate, Utc};

/// What CloudTrail delivers, by the folder that it delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub enum Family {
    /// `CloudTrail/`: management and data events.
    CloudTrail,
    /// `CloudTrail-Insight/`: Insights events.
    Insight,
    /// `CloudTrail-NetworkActivity/`: network activity events.
    NetworkActivity,
    /// `CloudTrail-Aggregated/`: aggregated data events.
    Aggregated,
    /// `CloudTrail-Digest/`: signed lists of deliveries.
    Digest,
    /// `CloudTrail-Lake/Query/`: saved query results; no deliveries.
    LakeQuery,
    /// `CloudTrail-<something new>/`: read like events, so that a new family is not lost.
    Other,
}

/// Where the layout puts a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands before `AWSLogs/` (`""` or ending in `/`); for a file outside the layout, its folder.
    pub prefix: String,
    /// Organization ID (`o-...`) of an organization trail.
    pub organization: Option<String>,
    /// Account ID.
    pub account: String,
    /// What was delivered.
    pub family: Family,
    /// Region whose events these are (`""` for saved query results).
    pub region: String,
    /// Day of the folder, else of the file name: the day of *delivery* (of a digest: of its end), in UTC.
    pub day: Option<NaiveDate>,
    /// Time in the file name: delivery to the minute, or a digest's end to the second.
    pub delivered: Option<DateTime<Utc>>,
}

/// Whether a key is a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Event records.
    Log,
    /// A digest.
    Digest,
    /// Neither, and why: counted as ignored.
    Other(&'static str),
}

/// Where the layout puts this key: by its folders, else by its file name alone (flattened folders).
pub fn place(key: &str) -> Option<Place> {
    let (folder, file) = split(key);
    let named = file::place(folder, file);
    let Some(place) = folder_place(folder) else { return named };
    let delivered = named.and_then(|named| named.delivered);
    Some(Place { delivered, ..place })
}

/// Whether this key is a delivery.
pub fn kind(key: &str) -> Kind {
    let (folder, file) = split(key);
    if let Some(place) = place(key) {
        match place.family {
            Family::LakeQuery => return Kind::Other("saved query result"),
            Family::Digest if file::is_json(file) => return Kind::Digest,
            Family::Digest => return Kind::Other("no digest, though beside digests"),
            _ => {}
        }
    }
    if spot(folder).level == Level::Service {
        return Kind::Other("delivered by another service");
    }
    file::kind(file)
}

const LAKE_QUERY: &str = "CloudTrail-Lake";

impl Family {
    /// The family that delivers to a folder of this name; `None` if it is another service's.
    pub fn of_folder(name: &str) -> Option<Family> {
        match name {
            "CloudTrail" => Some(Family::CloudTrail),
            "CloudTrail-Insight" => Some(Family::Insight),
            "CloudTrail-NetworkActivity" => Some(Family::NetworkActivity),
            "CloudTrail-Aggregated" => Some(Family::Aggregated),
            "CloudTrail-Digest" => Some(Family::Digest),
            LAKE_QUERY => Some(Family::LakeQuery),
            other => other.starts_with("CloudTrail-").then_some(Family::Other),
        }
    }
}

/// The place of a file in a folder that follows the layout at least down to the Region.
fn folder_place(folder: &str) -> Option<Place> {
    let spot = spot(folder);
    if spot.family == Some(Family::LakeQuery) {
        return Some(Place {
            prefix: spot.prefix,
            organization: spot.organization,
            account: spot.account?,
            family: Family::LakeQuery,
            region: String::new(),
            day: folder
                .strip_suffix('/')
                .and_then(|path| path.rsplit_once('/'))
                .and_then(|(day, _)| trailing_day(&format!("{day}/"))),
            delivered: None,
        });
    }
    Some(Place {
        prefix: spot.prefix,
        organization: spot.organization,
        account: spot.account?,
        family: spot.family?,
        region: spot.region?,
        day: spot.day,
        delivered: None,
    })
}

/// Account IDs have 12 digits; blinded ones may have fewer or more.
fn is_account(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_organization(name: &str) -> bool {
    name.strip_prefix("o-").is_some_and(|rest| !rest.is_empty())
}

/// `us-east-1`, `us-gov-west-1`, `cn-north-1`, `eusc-de-east-1`: by shape, since Regions are added all the time.
fn is_region(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let number = name.rsplit('-').next().is_some_and(|last| last.len() <= 2 && is_account(last));
    plain && number && name.split('-').count() >= 3 && !name.contains("--")
}

fn split(key: &str) -> (&str, &str) {
    let cut = key.rfind('/').map_or(0, |slash| slash + 1);
    key.split_at_checked(cut).unwrap_or(("", key))
}
