//! What a key says about its delivery, by the layout that CloudTrail and AWS Organizations write.
//!
//! `[prefix/]AWSLogs/[o-id/]account/CloudTrail[-Family]/Region/Y/M/D/file`. A key is a claim, not evidence: whoever can
//! write to the bucket chooses it. It decides what is listed and in which order, never what a record means.
//! Source: CloudTrail user guide, "Finding your CloudTrail log files", and the pages of the single families.

mod digest_name;

pub use digest_name::{DigestName, digest_name};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

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

/// Where the layout puts this key: by its folders, else by its file name alone (flattened folders).
pub fn place(key: &str) -> Option<Place> {
    let (folder, file) = split(key);
    let named = file_place(folder, file);
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
            Family::Digest if is_json(file) => return Kind::Digest,
            Family::Digest => return Kind::Other("no digest, though beside digests"),
            _ => {}
        }
    }
    if level_of(folder, Level::Service) {
        return Kind::Other("delivered by another service");
    }
    kind_of_file(file)
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

const LOGS: &str = "AWSLogs";
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

/// The place that a file name alone tells: `account_Family_Region_time_...`.
fn file_place(folder: &str, file: &str) -> Option<Place> {
    let mut parts = file.splitn(4, '_');
    let account = parts.next().filter(|name| is_account(name))?;
    let family = parts.next().and_then(Family::of_folder)?;
    let region = parts.next().filter(|name| is_region(name))?;
    let delivered = match family {
        Family::Digest => digest_time(parts.next()?),
        _ => parts.next()?.split(['_', '.']).next().and_then(time),
    };
    Some(Place {
        prefix: folder.to_owned(),
        organization: None,
        account: account.to_owned(),
        family,
        region: region.to_owned(),
        day: delivered.map(|delivered| delivered.date_naive()),
        delivered,
    })
}

/// A trail's name may hold `_`, so a digest's time is taken from the end.
fn digest_time(rest: &str) -> Option<DateTime<Utc>> {
    let stem = rest.split('.').next()?;
    // A trail's name may hold `.` as well; the time never does.
    let stem = if stem.ends_with('Z') || stem.ends_with("_backfill") { stem } else { without_extensions(rest) };
    let stem = stem.strip_suffix("_backfill").unwrap_or(stem);
    time(stem.rsplit('_').next()?)
}

fn without_extensions(file: &str) -> &str {
    let stem = file.strip_suffix(".gz").unwrap_or(file);
    stem.strip_suffix(".json").unwrap_or(stem)
}

/// `YYYYMMDDTHHmmZ`, or with seconds.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let format = match text.len() {
        14 => "%Y%m%dT%H%MZ",
        16 => "%Y%m%dT%H%M%SZ",
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(text, format).ok()?;
    (time.year() > 0).then(|| time.and_utc())
}

/// By its extensions: whether a file may hold records.
fn kind_of_file(file: &str) -> Kind {
    let lower = file.to_ascii_lowercase();
    if is_json(&lower) {
        return Kind::Log;
    }
    if [".tar", ".tar.gz", ".tgz", ".zip"].iter().any(|end| lower.ends_with(end)) {
        return Kind::Other("archive inside a folder; collect it by its own name");
    }
    if is_firehose(&lower) {
        return Kind::Log;
    }
    let Some(stem) = lower.strip_suffix(".gz") else { return Kind::Other("no log file by its name") };
    match stem.rsplit_once('.') {
        Some((_, inner)) if NOT_JSON.contains(&inner) => Kind::Other("compressed, but no JSON by its name"),
        _ => Kind::Log,
    }
}

const NOT_JSON: [&str; 12] = ["cap", "csv", "html", "log", "md", "orc", "parquet", "pcap", "svg", "txt", "xml", "yaml"];

/// `stream-1-2026-11-28-22-05-10-<uuid>`, as Firehose names its objects: without an extension, also where they are packed.
fn is_firehose(file: &str) -> bool {
    let mut parts = file.rsplit('-');
    let uuid = parts.by_ref().take(5).collect::<Vec<_>>();
    let time = parts.by_ref().take(6).collect::<Vec<_>>();
    let is_hex = |part: &str, width: usize| part.len() == width && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = |part: &str, width: usize| number(part, width).is_some();
    uuid.iter().zip([12, 4, 4, 4, 8]).all(|(part, width)| is_hex(part, width))
        && time.len() == 6
        && time.iter().zip([2, 2, 2, 2, 2, 4]).all(|(part, width)| is_number(part, width))
        && parts.next().is_some_and(is_account)
}

fn is_json(file: &str) -> bool {
    let lower = file.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    [".json", ".jsonl", ".ndjson"].iter().any(|end| stem.ends_with(end))
}

fn level_of(folder: &str, level: Level) -> bool {
    spot(folder).level == level
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `key | prefix organization account family region day delivered`, `-` where there is nothing.
    const PLACES: &str = "
AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/123456789012_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz | - - 123456789012 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
AWSLogs/o-exampleorgid/123456789012/CloudTrail/eu-west-1/2023/07/10/123456789012_CloudTrail_eu-west-1_20230710T1145Z_a.json.gz | - o-exampleorgid 123456789012 CloudTrail eu-west-1 2023-07-10 2023-07-10T11:45
o-abc123/AWSLogs/o-abc123/123456789012/CloudTrail/eu-west-1/2023/07/10/x.json.gz | o-abc123/ o-abc123 123456789012 CloudTrail eu-west-1 2023-07-10 -
my/own/prefix/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x.json.gz | my/own/prefix/ - 123456789012 CloudTrail us-east-1 2023-07-10 -
AWSLogs/old/AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x.json.gz | AWSLogs/old/ - 123456789012 CloudTrail us-east-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/cn-north-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail cn-north-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/us-gov-west-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail us-gov-west-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail/eusc-de-east-1/2023/07/10/x.json.gz | - - 123456789012 CloudTrail eusc-de-east-1 2023-07-10 -
AWSLogs/123456789012/CloudTrail-Insight/us-east-1/2023/07/10/123456789012_CloudTrail-Insight_us-east-1_20230710T1145Z_a.json.gz | - - 123456789012 Insight us-east-1 2023-07-10 2023-07-10T11:45
AWSLogs/123456789012/CloudTrail-NetworkActivity/us-east-1/2025/07/10/f.json.gz | - - 123456789012 NetworkActivity us-east-1 2025-07-10 -
AWSLogs/123456789012/CloudTrail-Aggregated/us-east-1/2025/12/10/f.json.gz | - - 123456789012 Aggregated us-east-1 2025-12-10 -
AWSLogs/123456789012/CloudTrail-Novelty/us-east-1/2031/12/10/f.json.gz | - - 123456789012 Other us-east-1 2031-12-10 -
AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2023/07/10/123456789012_CloudTrail-Digest_us-east-1_my_trail_eu-west-1_20230710T110203Z.json.gz | - - 123456789012 Digest us-east-1 2023-07-10 2023-07-10T11:02:03
AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2023/07/10/123456789012_CloudTrail-Digest_us-east-1_t.x_us-east-1_20230710T110203Z_backfill.json.gz | - - 123456789012 Digest us-east-1 2023-07-10 2023-07-10T11:02:03
AWSLogs/123456789012/CloudTrail-Lake/Query/2023/07/10/2f1c/result_1.csv.gz | - - 123456789012 LakeQuery - 2023-07-10 -
218007301253_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json | - - 218007301253 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
case/files/218007301253_CloudTrail_us-east-1_20230710T1145Z_7x.json | case/files/ - 218007301253 CloudTrail us-east-1 2023-07-10 2023-07-10T11:45
us-east-1/2023/07/10/218007301253_CloudTrail-Digest_us-east-1_t_us-east-1_20230710T114501Z.json.gz | us-east-1/2023/07/10/ - 218007301253 Digest us-east-1 2023-07-10 2023-07-10T11:45:01
AWSLogs/123456789012/CloudTrail/us-east-1/2023/02/30/x.json | - - 123456789012 CloudTrail us-east-1 - -
AWSLogs/123456789012/CloudTrail/us-east-1/x.json | - - 123456789012 CloudTrail us-east-1 - -
";

    #[test]
    fn places() {
        for line in PLACES.lines().filter(|line| !line.is_empty()) {
            let (key, told) = line.split_once(" | ").unwrap();
            let place = place(key).unwrap_or_else(|| panic!("{key} has no place"));
            let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
            let delivered =
                place.delivered.map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string().trim_end_matches(":00").to_owned());
            let found = [
                or_dash(place.prefix),
                or_dash(place.organization.unwrap_or_default()),
                place.account,
                format!("{:?}", place.family),
                or_dash(place.region),
                or_dash(place.day.map(|day| day.to_string()).unwrap_or_default()),
                or_dash(delivered.unwrap_or_default()),
            ];
            assert_eq!(found.join(" "), told, "{key}");
        }
    }

    #[test]
    fn no_place() {
        for key in
            ["", "/", "AWSLogs/", "README.md", "a/b/c.json", "AWSLogs/123/Config/us-east-1/2023/7/1/x.json.gz", "x_y_z_w.json"]
        {
            assert_eq!(place(key), None, "{key}");
        }
    }

    #[test]
    fn kinds() {
        let area = "AWSLogs/123456789012";
        let cases = [
            ("a.json", "log"),
            ("a.JSON.GZ", "log"),
            ("a.jsonl", "log"),
            ("a.ndjson.gz", "log"),
            ("events.gz", "log"),
            ("x/y.z/events.gz", "log"),
            (&format!("{area}/CloudTrail/us-east-1/2023/07/10/x.json.gz"), "log"),
            (&format!("{area}/CloudTrail-Novelty/us-east-1/2023/07/10/x.json.gz"), "log"),
            (&format!("{area}/CloudTrail-Digest/us-east-1/2023/07/10/x.json.gz"), "digest"),
            ("1_CloudTrail-Digest_us-east-1_t_us-east-1_20230710T114501Z.json.gz", "digest"),
            (&format!("{area}/CloudTrail-Digest/us-east-1/2023/07/10/notes.txt"), "no digest, though beside digests"),
            (&format!("{area}/CloudTrail-Lake/Query/2023/07/10/id/result_sign.json"), "saved query result"),
            (&format!("{area}/Config/us-east-1/2023/7/1/ConfigHistory/x.json.gz"), "delivered by another service"),
            (&format!("{area}/elasticloadbalancing/us-east-1/2023/07/10/x.log.gz"), "delivered by another service"),
            ("AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/x.json.gz", "delivered by another service"),
            ("2026/11/28/22/trail-to-s3-1-2026-11-28-22-05-10-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "log"),
            ("trail-to-s3-1-2026-11-28-22-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "no log file by its name"),
            ("0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "no log file by its name"),
            ("README.md", "no log file by its name"),
            ("LICENSE", "no log file by its name"),
            ("a.csv", "no log file by its name"),
            ("a.csv.gz", "compressed, but no JSON by its name"),
            ("a.log.gz", "compressed, but no JSON by its name"),
            ("logs.tar.gz", "archive inside a folder; collect it by its own name"),
            ("logs.zip", "archive inside a folder; collect it by its own name"),
        ];
        for (key, told) in cases {
            let found = match kind(key) {
                Kind::Log => "log",
                Kind::Digest => "digest",
                Kind::Other(reason) => reason,
            };
            assert_eq!(found, told, "{key}");
        }
    }

    #[test]
    fn levels() {
        let cases = [
            ("", Level::Outside),
            ("some/where/", Level::Outside),
            ("AWSLogs/", Level::Logs),
            ("o-1/AWSLogs/o-1/", Level::Organization),
            ("AWSLogs/1/", Level::Account),
            ("AWSLogs/o-1/1/CloudTrail/", Level::Family),
            ("AWSLogs/1/CloudTrail/us-east-1/", Level::Region),
            ("AWSLogs/1/CloudTrail/us-east-1/2023/", Level::Year),
            ("AWSLogs/1/CloudTrail/us-east-1/2023/07/", Level::Month),
            ("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/", Level::Day),
            ("AWSLogs/1/CloudTrail/us-east-1/2023/07/10/x/", Level::Odd),
            ("AWSLogs/1/CloudTrail/us-east-1/tmp/", Level::Odd),
            ("AWSLogs/1/Config/us-east-1/", Level::Service),
            ("AWSLogs/1/CloudTrail-Lake/", Level::Service),
            ("AWSLogs/notes/", Level::Odd),
        ];
        for (prefix, level) in cases {
            assert_eq!(spot(prefix).level, level, "{prefix}");
        }
        assert_eq!(trailing_day("x/2024/02/29/"), NaiveDate::from_ymd_opt(2024, 2, 29));
        assert_eq!(trailing_day("x/2024/2/29/"), None);
    }
}
