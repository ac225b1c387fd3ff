//! The tables that verify.sh reads: tabs between the columns, one line of headers, `-` where nothing is. Nothing from outside
//! stands in them but names as JSON spells them, in which no tab and no line feed can be.

use super::bundle::Written;
use super::judge::{Found, Standing};

/// Which piece of which log file each record is.
pub(super) const RECORDS: &str = "records.tsv";
/// Which digest vouches for each log file, and where in it.
pub(super) const LOGS: &str = "logs.tsv";
/// Which key signed each digest, and which digest comes after it; newest first.
pub(super) const DIGESTS: &str = "digests.tsv";

/// One line a place; the places of a record follow one another.
pub(super) fn records(written: &Written) -> String {
    let mut text = line(&["record", "log", "offset", "length", "sha256"]);
    for row in &written.records {
        for place in &row.places {
            let log = written.logs.get(place.log).map_or("-", |log| log.name.as_str());
            text += &line(&[&row.name, log, &place.offset.to_string(), &place.length.to_string(), &hex::encode(row.sha256)]);
        }
    }
    text
}

/// One line a log file.
pub(super) fn logs(written: &Written) -> String {
    let mut text = line(&["log", "sha256", "digest", "offset", "length", "s3Bucket", "s3Object"]);
    for row in &written.logs {
        let hash = hex::encode(row.sha256);
        let found = row.vouching.as_ref().and_then(|vouched| Some((written.digest(vouched.digest)?, &vouched.spelling)));
        text += &match found {
            Some((digest, at)) => {
                let (offset, length) = (at.offset.to_string(), at.length.to_string());
                line(&[&row.name, &hash, &digest.name, &offset, &length, &at.bucket, &at.object])
            }
            None => line(&[&row.name, &hash, "-", "-", "-", "-", "-"]),
        };
    }
    text
}

/// One line a digest.
pub(super) fn digests(written: &Written) -> String {
    let mut text = line(&["digest", "sha256", "key", "signature", "next"]);
    for row in &written.digests {
        let found = match row.found {
            Some(Found::Metadata) => "metadata",
            Some(Found::Next) => "next",
            None if row.is_unreadable => "unreadable",
            None => "-",
        };
        let next = row.next.and_then(|at| written.digest(at)).map_or("-", |next| next.name.as_str());
        text += &line(&[&row.name, &hex::encode(row.sha256), row.key.as_deref().unwrap_or("-"), found, next]);
    }
    text
}

/// Why a log file is not proven; `None` if it is.
pub(super) fn why_not(written: &Written, log: usize) -> Option<String> {
    let log = written.logs.get(log).filter(|log| !log.is_proven)?;
    let name = &log.name;
    let Some(vouched) = &log.vouching else { return Some(format!("no digest names `{name}` with its hash")) };
    let digest = written.digest(vouched.digest)?;
    match &digest.standing {
        Standing::Unproven(reason) | Standing::Contradicted(reason) => {
            Some(format!("`{name}` is named by `{}`, which is not proven: {}", digest.name, reason))
        }
        Standing::Signed | Standing::Vouched => None,
    }
}

fn line(cells: &[&str]) -> String {
    format!("{}\n", cells.join("\t"))
}
