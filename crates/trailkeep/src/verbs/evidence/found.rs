//! Which events are meant: by their IDs, or by a statement.

use std::collections::BTreeSet;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use lake::{Lake, LakeError};
use prove::evidence::RECORDS_MAX;

use crate::ask::{ask, ask_small, literal, number, text};
use crate::exit::Failure;
use crate::output::clean;

/// IDs that are looked up in one statement.
const IDS_AT_ONCE: usize = 500;
/// Unknown IDs that are named in an error.
const NAMED_MAX: usize = 5;

/// A record of the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub event_id: String,
    /// The delivery that its row belongs to, and its position there.
    pub delivery: i64,
    pub index: u32,
    /// The first half of the SHA-256 of its bytes.
    pub hash: [u8; 16],
}

/// What was asked for.
#[derive(Debug, Default)]
pub struct Found {
    pub records: Vec<Record>,
    /// What is not there, and why.
    pub missing: Vec<String>,
}

/// Looks events up by their IDs. None of them being there is an error; some of them, a gap in the evidence.
pub async fn by_ids(lake: &Lake, ids: &[String]) -> Result<Found, Failure> {
    let ids: BTreeSet<String> = ids.iter().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    let mut found = Found { records: look_up(lake, &ids).await?, ..Found::default() };
    let known: BTreeSet<&str> = found.records.iter().map(|record| record.event_id.as_str()).collect();
    let unknown: Vec<&String> = ids.iter().filter(|id| !known.contains(id.as_str())).collect();
    if found.records.is_empty() {
        let names: Vec<String> = unknown.iter().take(NAMED_MAX).map(|id| format!("`{}`", clean(id))).collect();
        let what = format!("there is no event {} in the lake", names.join(", "));
        return Err(Failure::failed(
            what,
            "event IDs are whole and case matters: trailkeep query \"SELECT eventID FROM events ...\"",
        ));
    }
    found.missing = unknown.iter().map(|id| format!("there is no event `{}` in the lake", clean(id))).collect();
    Ok(found)
}

/// Looks up the events of a statement.
pub async fn by_sql(lake: &Lake, sql: &str) -> Result<Found, Failure> {
    let ids = ids_of(lake, sql).await?;
    let without = ids.iter().filter(|id| id.is_empty()).count();
    let named: BTreeSet<String> = ids.into_iter().filter(|id| !id.is_empty()).collect();
    if named.is_empty() {
        return Err(Failure::failed("the statement found no event", "try it with `trailkeep query`"));
    }
    let mut found = by_ids(lake, &named.into_iter().collect::<Vec<_>>()).await?;
    if without > 0 {
        found.missing.push(format!("{without} rows of the statement have no event ID"));
    }
    Ok(found)
}

/// The column `eventID` of an answer.
async fn ids_of(lake: &Lake, sql: &str) -> Result<Vec<String>, Failure> {
    let answer = ask(lake, sql).await?;
    let Some(column) = answer.headers.iter().position(|header| header.eq_ignore_ascii_case("eventid")) else {
        let what = "the statement has no column eventID, which says what events are meant";
        return Err(Failure::usage(what, "write `SELECT eventID FROM events WHERE ...`"));
    };
    let (mut rows, mut ids) = (answer.rows, Vec::new());
    let options = FormatOptions::new().with_null("");
    while let Some(batch) = rows.next().await? {
        let cells = ArrayFormatter::try_new(batch.column(column).as_ref(), &options).map_err(LakeError::from)?;
        ids.extend((0..batch.num_rows()).map(|at| cells.value(at).to_string()));
        if ids.len() > RECORDS_MAX {
            let what = format!("the statement finds more than {RECORDS_MAX} events");
            return Err(Failure::usage(what, "ask for fewer, and write several bundles"));
        }
    }
    Ok(ids)
}

async fn look_up(lake: &Lake, ids: &BTreeSet<String>) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    let ids: Vec<&String> = ids.iter().collect();
    for part in ids.chunks(IDS_AT_ONCE) {
        let list: Vec<String> = part.iter().map(|id| literal(id)).collect();
        let sql = format!(
            "SELECT eventid, delivery, recordindex, encode(recordhash, 'hex') FROM events WHERE eventid IN ({})
             ORDER BY eventid, delivery, recordindex LIMIT {}",
            list.join(", "),
            RECORDS_MAX + 1
        );
        records.extend(ask_small(lake, &sql).await?.iter().filter_map(|row| record(row)));
    }
    Ok(records)
}

fn record(row: &[String]) -> Option<Record> {
    let mut hash = [0; 16];
    hex::decode_to_slice(text(row, 3), &mut hash).ok()?;
    let index = u32::try_from(number(row, 2)).ok()?;
    Some(Record { event_id: text(row, 0).to_owned(), delivery: number(row, 1), index, hash })
}
