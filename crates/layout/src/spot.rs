//! What the prefix of a folder says, segment by segment.

use chrono::NaiveDate;

use crate::{Family, is_account, is_organization, is_region};

pub(crate) const LOGS: &str = "AWSLogs";

/// How deep in the layout a folder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not below `AWSLogs/`.
    Outside,
    /// `AWSLogs/`.
    Logs,
    /// `AWSLogs/o-id/`.
    Organization,
    /// `.../account/`.
    Account,
    /// `.../account/<a service that is not CloudTrail>/`, or saved query results: no deliveries below.
    Service,
    /// `.../CloudTrail/` and its sisters.
    Family,
    /// `.../Region/`.
    Region,
    /// `.../2023/`.
    Year,
    /// `.../2023/07/`.
    Month,
    /// `.../2023/07/10/`.
    Day,
    /// Below `AWSLogs/`, but where the layout has nothing.
    Odd,
}

/// What a folder's prefix says, as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// How deep it stands.
    pub level: Level,
    /// What stands before `AWSLogs/`.
    pub prefix: String,
    /// Organization ID.
    pub organization: Option<String>,
    /// Account ID.
    pub account: Option<String>,
    /// What is delivered here.
    pub family: Option<Family>,
    /// Region.
    pub region: Option<String>,
    /// Year.
    pub year: Option<i32>,
    /// Month, 1 to 12.
    pub month: Option<u32>,
    /// Day.
    pub day: Option<NaiveDate>,
}

/// What a folder's prefix (`""` or ending in `/`) says.
pub fn spot(prefix: &str) -> Spot {
    let mut spot = Spot {
        level: Level::Outside,
        prefix: prefix.to_owned(),
        organization: None,
        account: None,
        family: None,
        region: None,
        year: None,
        month: None,
        day: None,
    };
    let segments: Vec<&str> = prefix.strip_suffix('/').unwrap_or(prefix).split('/').collect();
    let Some(logs) = segments.iter().rposition(|segment| *segment == LOGS) else { return spot };
    let (before, below) = segments.split_at(logs);
    spot.prefix = before.iter().flat_map(|segment| [*segment, "/"]).collect();
    spot.level = Level::Logs;
    for segment in below.iter().skip(1) {
        descend(&mut spot, segment);
    }
    spot
}

/// The day that a folder's last three names spell (`.../2023/07/10/`), wherever it stands.
pub fn trailing_day(prefix: &str) -> Option<NaiveDate> {
    let mut names = prefix.strip_suffix('/')?.rsplit('/');
    let (day, month, year) = (names.next()?, names.next()?, names.next()?);
    NaiveDate::from_ymd_opt(number(year, 4)?.try_into().ok()?, number(month, 2)?, number(day, 2)?)
}

/// A number of exactly `width` digits, as date folders are named.
pub fn number(name: &str, width: usize) -> Option<u32> {
    let digits = name.len() == width && name.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten()
}

/// One folder deeper.
fn descend(spot: &mut Spot, name: &str) {
    spot.level = match spot.level {
        Level::Logs | Level::Organization => below_logs(spot, name),
        Level::Account => below_account(spot, name),
        Level::Family if is_region(name) => {
            spot.region = Some(name.to_owned());
            Level::Region
        }
        Level::Region => below_region(spot, name),
        Level::Year => below_year(spot, name),
        Level::Month => below_month(spot, name),
        Level::Service => Level::Service,
        Level::Outside | Level::Family | Level::Day | Level::Odd => Level::Odd,
    };
}

fn below_logs(spot: &mut Spot, name: &str) -> Level {
    if spot.level == Level::Logs && is_organization(name) {
        spot.organization = Some(name.to_owned());
        return Level::Organization;
    }
    if is_account(name) {
        spot.account = Some(name.to_owned());
        return Level::Account;
    }
    // Hive-style folders of VPC flow logs: `aws-account-id=.../aws-service=vpcflowlogs/`.
    if name.starts_with("aws-account-id=") { Level::Service } else { Level::Odd }
}

fn below_account(spot: &mut Spot, name: &str) -> Level {
    spot.family = Family::of_folder(name);
    match spot.family {
        None | Some(Family::LakeQuery) => Level::Service,
        Some(_) => Level::Family,
    }
}

fn below_region(spot: &mut Spot, name: &str) -> Level {
    let year = number(name, 4).and_then(|year| i32::try_from(year).ok());
    spot.year = year.filter(|year| *year > 0);
    spot.year.map_or(Level::Odd, |_| Level::Year)
}

fn below_year(spot: &mut Spot, name: &str) -> Level {
    spot.month = number(name, 2).filter(|month| (1..=12).contains(month));
    spot.month.map_or(Level::Odd, |_| Level::Month)
}

fn below_month(spot: &mut Spot, name: &str) -> Level {
    spot.day = match (spot.year, spot.month, number(name, 2)) {
        (Some(year), Some(month), Some(day)) => NaiveDate::from_ymd_opt(year, month, day),
        _ => None,
    };
    spot.day.map_or(Level::Odd, |_| Level::Day)
}
