//! What the name of a file says: whose delivery it is, and whether it may be one.

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

use crate::{Family, Kind, Place, is_account, is_region, number};

/// The place that a file name alone tells: `account_Family_Region_time_...`.
pub(crate) fn place(folder: &str, file: &str) -> Option<Place> {
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
pub(crate) fn time(text: &str) -> Option<DateTime<Utc>> {
    let format = match text.len() {
        14 => "%Y%m%dT%H%MZ",
        16 => "%Y%m%dT%H%M%SZ",
        _ => return None,
    };
    let time = NaiveDateTime::parse_from_str(text, format).ok()?;
    (time.year() > 0).then(|| time.and_utc())
}

/// By its extensions: whether a file may hold records.
pub(crate) fn kind(file: &str) -> Kind {
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

pub(crate) fn is_json(file: &str) -> bool {
    let lower = file.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    [".json", ".jsonl", ".ndjson"].iter().any(|end| stem.ends_with(end))
}
