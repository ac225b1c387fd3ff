//! Events one by one, out of the lake or out of a folder of log files: for what is to be tried on history.

use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::{Array, Int64Array};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};
use record::{Content, Inflater, Parsed, Parser};

use crate::exit::Failure;
use crate::progress::Reporter;
use crate::settings::Context;
use crate::{ask, lakes};

/// Most folders that wait to be looked into.
const FOLDERS_MAX: usize = 1_000_000;

/// An event.
pub struct Event<'e> {
    /// When, in seconds since 1970.
    pub at_s: i64,
    /// The record.
    pub json: &'e str,
}

/// Hands every event with a time from `since` on to `take`; gives the number of files that could not be read.
pub async fn each(
    context: &Context,
    folder: Option<&Path>,
    since: Option<DateTime<Utc>>,
    reporter: &Reporter,
    take: &mut dyn FnMut(Event<'_>),
) -> Result<u64, Failure> {
    match folder {
        Some(folder) => of_folder(folder, since, reporter, take),
        None => of_lake(context, since, reporter, take).await.map(|()| 0),
    }
}

async fn of_lake(
    context: &Context,
    since: Option<DateTime<Utc>>,
    reporter: &Reporter,
    take: &mut dyn FnMut(Event<'_>),
) -> Result<(), Failure> {
    let lake = lakes::open(context).await?;
    let from =
        since.map(|since| format!(" AND eventTime >= TIMESTAMP '{}'", since.format("%Y-%m-%d %H:%M:%S"))).unwrap_or_default();
    let from = format!("FROM events WHERE eventTime IS NOT NULL{from}");
    let counted = ask::ask_small(&lake, &format!("SELECT count(*) {from}")).await?;
    let total = counted.first().map_or(0, |row| ask::number(row, 0).unsigned_abs());
    let (sql, mut done) = (format!("SELECT CAST(eventTime AS BIGINT), eventJson {from}"), 0);
    let mut rows = ask::ask(&lake, &sql).await?.rows;
    let options = FormatOptions::new();
    while let Some(batch) = rows.next().await? {
        let Some(times) = batch.column(0).as_any().downcast_ref::<Int64Array>() else { continue };
        let events = ArrayFormatter::try_new(batch.column(1).as_ref(), &options).map_err(lake::LakeError::from)?;
        for at in 0..batch.num_rows() {
            if !times.is_null(at) {
                let json = events.value(at).to_string();
                take(Event { at_s: times.value(at).div_euclid(1_000_000), json: &json });
            }
        }
        done += batch.num_rows() as u64;
        reporter.counted("events", done, Some(total));
    }
    Ok(())
}

/// Log files below a folder; digests are none.
fn of_folder(
    folder: &Path,
    since: Option<DateTime<Utc>>,
    reporter: &Reporter,
    take: &mut dyn FnMut(Event<'_>),
) -> Result<u64, Failure> {
    std::fs::metadata(folder).map_err(Failure::reading(folder.display()))?;
    let mut done = 0;
    let since_us = since.map(|since| since.timestamp_micros());
    let (mut open, mut unreadable, mut inflater) = (vec![folder.to_path_buf()], 0, Inflater::default());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let listed = std::fs::read_dir(&path).map_err(Failure::reading(path.display()))?;
            let mut below: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
            below.sort_by(|a, b| b.cmp(a));
            open.extend(below.into_iter().filter(|path| is_wanted(path)).take(FOLDERS_MAX));
        } else {
            unreadable += u64::from(of_file(&path, since_us, &mut inflater, take).is_none());
            done += 1;
            reporter.counted("files", done, None);
        }
    }
    Ok(unreadable)
}

/// Folders but those of digests, and files whose name ends as log files' do. Links lead anywhere and are left.
fn is_wanted(path: &Path) -> bool {
    if path.is_symlink() {
        return false;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if path.is_dir() { name != "CloudTrail-Digest" } else { name.ends_with(".json.gz") || name.ends_with(".json") }
}

fn of_file(path: &Path, since_us: Option<i64>, inflater: &mut Inflater, take: &mut dyn FnMut(Event<'_>)) -> Option<()> {
    let mut stored = Vec::new();
    let limit = record::limits::DELIVERY_STORED_BYTES_MAX;
    std::fs::File::open(path).ok()?.take(limit + 1).read_to_end(&mut stored).ok().filter(|read| *read as u64 <= limit)?;
    let is_packed = record::inflate::is_gzip(&stored);
    let bytes = if is_packed { inflater.content(&stored, record::limits::DELIVERY_SIZE_BYTES_MAX).ok()? } else { stored };
    let (content, mut parsed) = (Content::from(bytes), Parsed::default());
    Parser::default().delivery(&content, &mut parsed).ok()?;
    for view in parsed.views(&content) {
        let Some(at_us) = view.entry().time.filter(|at_us| since_us.is_none_or(|since_us| *at_us >= since_us)) else { continue };
        if let Ok(json) = std::str::from_utf8(view.bytes()) {
            take(Event { at_s: at_us.div_euclid(1_000_000), json });
        }
    }
    Some(())
}
