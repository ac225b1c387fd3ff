//! A second trail may deliver to the same place without validation: no digest names its files, yet nobody forged them.
//!
//! Such a file is told from an added one by its records: each of them, byte for byte, also stands in a file that a digest proves, delivered
//! within an hour. A file with a record of its own, or with none, is not excused.

use std::collections::HashSet;
use std::sync::Arc;

use record::{Envelope, record_hash};
use seal::digest::SHA_256;

use super::authentic::Status;
use super::cell::CellRun;
use super::content::Scratch;
use super::intervals::Time;
use super::outside::Outside;
use super::sites::Meant;

/// Most records that are looked for in one pass over the proven files.
const RECORDS_PER_PASS: usize = 250_000;
/// Proven files that are read at a time.
const BATCH_FILES: usize = 1_024;

type RecordHash = [u8; 16];

/// A file that a digest proves.
struct Proven {
    site: usize,
    key: String,
    sha256: [u8; 32],
}

/// Which of these files hold nothing but records of files that were proven and delivered between two times.
pub(super) fn is_second(run: &mut CellRun<'_, '_>, keys: Vec<(usize, String)>, from: Time, to: Time) -> Vec<bool> {
    let (mut answers, mut pass) = (Vec::with_capacity(keys.len()), Vec::new());
    let mut records = 0;
    for chunk in keys.chunks(BATCH_FILES) {
        for hashes in hashes_of(run, chunk.to_vec()) {
            records += hashes.as_ref().map_or(0, Vec::len);
            pass.push(hashes);
            if records >= RECORDS_PER_PASS {
                answers.extend(look(run, std::mem::take(&mut pass), from, to));
                records = 0;
            }
        }
    }
    answers.extend(look(run, pass, from, to));
    answers
}

/// The records of each file; `None` if there is nothing to compare.
fn hashes_of(run: &mut CellRun<'_, '_>, keys: Vec<(usize, String)>) -> Vec<Option<Vec<RecordHash>>> {
    let outside = run.outside;
    run.pool.reads(run.scratch, Arc::new(keys), move |scratch, (site, key)| {
        let content = read(outside, *site, key, scratch)?;
        let hashes = records(content)?;
        (!hashes.is_empty()).then_some(hashes)
    })
}

/// Which files have all their records among those of the proven ones.
fn look(run: &mut CellRun<'_, '_>, files: Vec<Option<Vec<RecordHash>>>, from: Time, to: Time) -> Vec<bool> {
    let wanted: Arc<HashSet<RecordHash>> = Arc::new(files.iter().flatten().flatten().copied().collect());
    if wanted.is_empty() {
        return vec![false; files.len()];
    }
    let mut found: HashSet<RecordHash> = HashSet::new();
    for proven in proven_files(run, from, to).chunks(BATCH_FILES) {
        let outside = run.outside;
        let batch: Vec<(usize, String, [u8; 32])> = proven.iter().map(|of| (of.site, of.key.clone(), of.sha256)).collect();
        let wanted = Arc::clone(&wanted);
        let hits = run.pool.reads(run.scratch, Arc::new(batch), move |scratch, (site, key, sha256)| {
            let content = read(outside, *site, key, scratch).filter(|content| seal::sha256(content) == *sha256);
            let hashes = content.and_then(records).unwrap_or_default();
            hashes.into_iter().filter(|hash| wanted.contains(hash)).collect::<Vec<RecordHash>>()
        });
        found.extend(hits.into_iter().flatten());
        if found.len() == wanted_len(&files) {
            break;
        }
    }
    files.iter().map(|file| file.as_ref().is_some_and(|hashes| hashes.iter().all(|hash| found.contains(hash)))).collect()
}

fn wanted_len(files: &[Option<Vec<RecordHash>>]) -> usize {
    files.iter().flatten().flatten().collect::<HashSet<_>>().len()
}

/// The files that valid digests name for a time.
fn proven_files(run: &mut CellRun<'_, '_>, from: Time, to: Time) -> Vec<Proven> {
    let mut proven = Vec::new();
    let mut buffers = std::mem::take(&mut run.scratch.digests);
    for handle in run.handles.iter().filter(|handle| handle.status == Status::Valid && handle.reaches(from, to)) {
        let read = handle.each_file(run.outside, &mut buffers, &mut |file| {
            let mut sha256 = [0; 32];
            let is_known =
                file.hash_algorithm.as_deref() == Some(SHA_256) && hex::decode_to_slice(&file.hash_value, &mut sha256).is_ok();
            if let (true, Meant::Here(site, key)) = (is_known, run.places.meant(&file.s3_bucket, &file.s3_object))
                && run.spot(site, &key).and_then(|spot| spot.at).is_none_or(|at| at >= from && at < to)
            {
                proven.push(Proven { site, key, sha256 });
            }
        });
        // A digest that cannot be read once more proves nothing here.
        let _ = read;
    }
    run.scratch.digests = buffers;
    proven
}

fn read<'s>(outside: &Outside<'_>, site: usize, key: &str, scratch: &'s mut Scratch) -> Option<&'s [u8]> {
    scratch.room.content(outside.sites.store(site)?.as_ref(), key, outside.limits)
}

fn records(content: &[u8]) -> Option<Vec<RecordHash>> {
    let envelope = Envelope::split(content).ok()?;
    Some(envelope.records.iter().filter_map(|(from, to)| content.get(*from as usize..*to as usize)).map(record_hash).collect())
}
