//! The log files in which records stand. A record may stand in several, when two trails delivered it; one that is proven is enough.

use std::collections::{BTreeMap, HashMap};
use std::io::{Seek, Write};

use lake::Lake;
use lake::ledger::Entry;
use lake::rebuild::Rebuilt;
use prove::evidence::{Bundle, Cited, Log};

use super::chains::Chains;
use super::failed;
use super::found::{Found, Record};
use crate::ask::{ask_small, number, text};
use crate::exit::Failure;
use crate::output::clean;

/// Deliveries whose day is asked for in one statement.
const DELIVERIES_AT_ONCE: usize = 1_000;
/// Content that is rebuilt together, in bytes.
const CONTENT_BYTES_AT_ONCE: u64 = 64 << 20;

/// A log file, and the records in it that are evidence.
struct Case {
    entry: Entry,
    /// Position in it, and which record that is.
    cited: Vec<(u32, usize)>,
}

/// Everything that is to be written.
pub struct Cases {
    records: Vec<Record>,
    cases: Vec<Case>,
    missing: Vec<String>,
}

impl Cases {
    /// Finds the log files of records, and reads the digests that may vouch for them.
    pub async fn gather(lake: &Lake, found: Found, chains: &mut Chains<'_>) -> Result<Cases, Failure> {
        let mut all = Cases { records: found.records, cases: Vec::new(), missing: found.missing };
        let mut by_place: HashMap<(i64, u32), usize> = HashMap::new();
        for (at, record) in all.records.iter().enumerate() {
            by_place.insert((record.delivery, record.index), at);
        }
        let mut chosen: BTreeMap<i64, Case> = BTreeMap::new();
        let mut open = all.records.len();
        for day in days_of(lake, &all.records).await? {
            let candidates = candidates(lake, &day, &by_place).await?;
            for entries in candidates.values() {
                for entry in entries.iter().map(|(entry, _)| entry) {
                    chains.read(entry, &day).await?;
                }
                let proven = entries.iter().position(|(entry, _)| entries.len() > 1 && chains.proves(entry));
                let Some((entry, index)) = entries.get(proven.unwrap_or(0)) else { continue };
                let Some(record) = entries.first().and_then(|(first, index)| by_place.get(&(first.delivery, *index))) else {
                    continue;
                };
                let case = chosen.entry(entry.delivery).or_insert_with(|| Case { entry: entry.clone(), cited: Vec::new() });
                case.cited.push((*index, *record));
                open = open.saturating_sub(1);
            }
        }
        if open > 0 {
            all.missing.push(format!("{open} records belong to no delivery of the ledger; run `trailkeep verify --home`"));
        }
        all.cases = chosen.into_values().collect();
        Ok(all)
    }

    /// Rebuilds the log files and writes them.
    pub async fn write<W: Write + Seek>(mut self, lake: &Lake, bundle: &mut Bundle<W>, chains: &Chains<'_>) -> Result<(), Failure> {
        self.missing.iter().for_each(|missing| bundle.missing(missing.clone()));
        let cited: HashMap<i64, Vec<(u32, usize)>> =
            self.cases.iter_mut().map(|case| (case.entry.delivery, std::mem::take(&mut case.cited))).collect();
        let mut group: Vec<Entry> = Vec::new();
        for case in self.cases {
            if let Some(why) = chains.why_unnamed(&case.entry) {
                bundle.missing(why);
            }
            let bytes: u64 = group.iter().map(|entry| entry.content_bytes).sum();
            if bytes + case.entry.content_bytes > CONTENT_BYTES_AT_ONCE {
                write_group(lake, std::mem::take(&mut group), bundle, &cited, &self.records).await?;
            }
            group.push(case.entry);
        }
        write_group(lake, group, bundle, &cited, &self.records).await
    }
}

/// The delivery days of records.
async fn days_of(lake: &Lake, records: &[Record]) -> Result<Vec<String>, Failure> {
    let mut deliveries: Vec<i64> = records.iter().map(|record| record.delivery).collect();
    deliveries.sort_unstable();
    deliveries.dedup();
    let mut days = std::collections::BTreeSet::new();
    for part in deliveries.chunks(DELIVERIES_AT_ONCE) {
        let list: Vec<String> = part.iter().map(i64::to_string).collect();
        let sql = format!("SELECT deliveryday, count(*) FROM deliveries WHERE delivery IN ({}) GROUP BY 1", list.join(", "));
        days.extend(ask_small(lake, &sql).await?.iter().filter(|row| number(row, 1) > 0).map(|row| text(row, 0).to_owned()));
    }
    Ok(days.into_iter().collect())
}

/// For each record of a day, by its own place: the log files in which it stands and its position there; its own is the first.
async fn candidates(
    lake: &Lake,
    day: &str,
    wanted: &HashMap<(i64, u32), usize>,
) -> Result<BTreeMap<usize, Vec<(Entry, u32)>>, Failure> {
    let mut own: BTreeMap<usize, Vec<(Entry, u32)>> = BTreeMap::new();
    let mut twins: Vec<(usize, Entry, u32)> = Vec::new();
    let by_delivery: HashMap<i64, Vec<u32>> = wanted.keys().fold(HashMap::new(), |mut all, (delivery, index)| {
        all.entry(*delivery).or_default().push(*index);
        all
    });
    for entry in lake.deliveries(day).await? {
        for index in by_delivery.get(&entry.delivery).into_iter().flatten() {
            if let Some(record) = wanted.get(&(entry.delivery, *index)) {
                own.entry(*record).or_default().push((entry.clone(), *index));
            }
        }
        for placement in &entry.placements {
            if let Some(record) = wanted.get(&(placement.delivery, placement.at)) {
                twins.push((*record, entry.clone(), placement.index));
            }
        }
    }
    for (record, entry, index) in twins {
        // The twin of a record of another day comes with that day.
        if let Some(entries) = own.get_mut(&record) {
            entries.push((entry, index));
        }
    }
    Ok(own)
}

async fn write_group<W: Write + Seek>(
    lake: &Lake,
    group: Vec<Entry>,
    bundle: &mut Bundle<W>,
    cited: &HashMap<i64, Vec<(u32, usize)>>,
    records: &[Record],
) -> Result<(), Failure> {
    let mut trouble = None;
    let each = &mut |rebuilt: Rebuilt| {
        if trouble.is_none() {
            trouble = write_log(&rebuilt, bundle, cited, records).err();
        }
        Ok(())
    };
    lake.rebuild_group(group, each).await?;
    trouble.map_or(Ok(()), Err)
}

fn write_log<W: Write + Seek>(
    rebuilt: &Rebuilt,
    bundle: &mut Bundle<W>,
    cited: &HashMap<i64, Vec<(u32, usize)>>,
    records: &[Record],
) -> Result<(), Failure> {
    let entry = &rebuilt.entry;
    let content = match &rebuilt.content {
        Ok(content) => content,
        Err(error) => {
            bundle.missing(clean(&error.to_string()));
            return Ok(());
        }
    };
    let of_log = cited.get(&entry.delivery).into_iter().flatten();
    let cited: Vec<Cited<'_>> = of_log
        .filter_map(|(index, at)| {
            let record = records.get(*at)?;
            Some(Cited { event_id: &record.event_id, index: *index, hash: record.hash })
        })
        .collect();
    bundle.log(Log { origin: &entry.origin, key: &entry.key, content }, &cited).map_err(failed)
}
