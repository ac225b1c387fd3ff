//! `--resume FILE`: what an interrupted verification has finished, so that the next run goes on from there.
//!
//! A line of JSON for the run (what it verifies, and its clock) and one for each account and Region that is finished. The file goes when
//! the run is over: it is for going on, not for trusting an old verdict. Another source, other options or other keys make it another
//! run, and it is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use prove::strict::Outcome;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// Version of the file.
const FORMAT: u32 = 1;
/// How a file begins that is ours.
const BEGIN: &[u8] = b"{\"format\":";
/// Longest line, in bytes: an account and Region has a limited number of findings.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Oldest run that is gone on with: what was proven then may have changed since.
const AGE_MAX: TimeDelta = TimeDelta::days(14);

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Of source, options and keys.
    fingerprint: String,
    /// The clock of the run: going on, ranges that count back from now stay where they were.
    begun: DateTime<Utc>,
}

/// A file that is written to while a run goes on.
pub struct Checkpoint {
    path: PathBuf,
    file: Mutex<File>,
    /// The first thing that went wrong with writing.
    trouble: Mutex<Option<std::io::Error>>,
}

/// What a file says about a run.
pub struct Begun {
    /// Where to write on.
    pub checkpoint: Checkpoint,
    /// The clock of the run.
    pub now: DateTime<Utc>,
    /// What is finished.
    pub finished: Vec<Outcome>,
}

impl Checkpoint {
    /// Opens the file of an interrupted run, or begins one.
    pub fn open(path: &Path, fingerprint: &str, now: DateTime<Utc>) -> Result<Begun, Failure> {
        let doing = || format!("opening `{}`", path.display());
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = options.map_err(Failure::io(doing()))?;
        if file.try_lock().is_err() {
            let hint = "wait for it, or name another file";
            return Err(Failure::failed(format!("`{}` is in use by another trailkeep", path.display()), hint));
        }
        let head = Head { format: FORMAT, fingerprint: fingerprint.to_owned(), begun: now.trunc_subsecs(0) };
        let (begun, finished, length) = match read(&file, path)? {
            None => (head.begun, Vec::new(), 0),
            Some(earlier) => {
                earlier.head.check(&head, path)?;
                (earlier.head.begun, earlier.finished, earlier.length)
            }
        };
        let checkpoint = Checkpoint { path: path.to_owned(), file: Mutex::new(file), trouble: Mutex::default() };
        checkpoint.cut(length).map_err(Failure::io(format!("writing `{}`", path.display())))?;
        if length == 0 {
            checkpoint.append(&head).map_err(Failure::io(format!("writing `{}`", path.display())))?;
        }
        Ok(Begun { checkpoint, now: begun, finished })
    }

    /// Writes down that an account and Region is finished. That this failed is told at the end: the verdict does not depend on it.
    pub fn add(&self, outcome: &Outcome) {
        if let Err(error) = self.append(outcome) {
            self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Ends a run that is complete: nothing is left to go on with.
    pub fn end(self) -> Result<(), Failure> {
        fs::remove_file(&self.path).map_err(Failure::io(format!("removing `{}`", self.path.display())))
    }

    /// What went wrong with writing, if anything.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map(|error| format!("`{}` could not be written: {error}", self.path.display()))
    }

    /// Drops what was not written whole.
    fn cut(&self, length: u64) -> std::io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length)).map(drop)
    }

    fn append(&self, line: &impl Serialize) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&bytes)?;
        file.sync_data()
    }
}

impl Head {
    fn check(&self, now: &Head, path: &Path) -> Result<(), Failure> {
        let name = path.display();
        if (self.format, &self.fingerprint) != (now.format, &now.fingerprint) {
            let what = format!("`{name}` belongs to a verification of another source, or with other options or keys");
            return Err(Failure::failed(what, "delete it to begin anew, or name another file"));
        }
        if now.begun - self.begun > AGE_MAX {
            let what =
                format!("the verification in `{name}` began on {}: what it proved may have changed", self.begun.date_naive());
            return Err(Failure::failed(what, "delete it to begin anew"));
        }
        Ok(())
    }
}

struct Earlier {
    head: Head,
    finished: Vec<Outcome>,
    /// Bytes of whole lines.
    length: u64,
}

/// Reads what is there; `None` if not even the first line is whole.
fn read(file: &File, path: &Path) -> Result<Option<Earlier>, Failure> {
    let mut lines = BufReader::new(file);
    let begin = lines.fill_buf().map_err(Failure::io(format!("reading `{}`", path.display())))?;
    let compared = begin.len().min(BEGIN.len());
    if begin.get(..compared) != BEGIN.get(..compared) {
        return Err(foreign(path, "it begins otherwise"));
    }
    let Some((head, mut length)) = line::<Head>(&mut lines, path)? else { return Ok(None) };
    let mut finished = Vec::new();
    while let Some((outcome, bytes)) = line(&mut lines, path)? {
        finished.push(outcome);
        length += bytes;
    }
    Ok(Some(Earlier { head, finished, length }))
}

/// The next whole line and its length; the last one may have been cut off by a crash and then does not count.
fn line<T: for<'a> Deserialize<'a>>(lines: &mut impl BufRead, path: &Path) -> Result<Option<(T, u64)>, Failure> {
    let mut bytes = Vec::new();
    let doing = || format!("reading `{}`", path.display());
    lines.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(Failure::io(doing()))?;
    let length = bytes.len() as u64;
    if bytes.last() != Some(&b'\n') && length < LINE_BYTES_MAX {
        return Ok(None);
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Some((value, length))),
        Err(error) => Err(foreign(path, &error.to_string())),
    }
}

fn foreign(path: &Path, why: &str) -> Failure {
    let what = format!("`{}` is no state of an interrupted verification: {why}", path.display());
    Failure::failed(what, "name another file for --resume, or delete it to begin anew")
}

#[cfg(test)]
mod tests {
    use prove::report::{Cell, Counts, Judgment, Totals};

    use super::*;

    fn outcome(account: &str) -> Outcome {
        let cell = Cell {
            prefix: String::new(),
            organization: None,
            account: account.to_owned(),
            region: "us-east-1".to_owned(),
            judgment: Judgment::Proven,
            chains: Vec::new(),
            hours: Vec::new(),
            counts: Counts::default(),
        };
        Outcome { cell, totals: Totals::default(), findings: Vec::new(), facts: Default::default() }
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn told(begun: Result<Begun, Failure>) -> String {
        begun.map(|_| ()).map_err(|failure| format!("{failure:?}")).unwrap_err()
    }

    #[test]
    fn a_run_goes_on_where_it_was_with_the_clock_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (first, second) = (at("2026-11-22T07:00:00Z"), at("2026-11-23T09:00:00Z"));
        let begun = Checkpoint::open(&path, "f", first).unwrap();
        assert!(begun.finished.is_empty());
        begun.checkpoint.add(&outcome("1"));
        begun.checkpoint.add(&outcome("2"));
        assert!(told(Checkpoint::open(&path, "f", second)).contains("in use"));
        drop(begun);
        // A crash in the middle of a line.
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], &b"{\"cell\":{\"pre"[..]].concat()).unwrap();
        let again = Checkpoint::open(&path, "f", second).unwrap();
        assert_eq!((again.now, again.finished.len()), (first, 2));
        again.checkpoint.add(&outcome("3"));
        drop(again);
        let last = Checkpoint::open(&path, "f", second).unwrap();
        assert_eq!(last.finished.iter().map(|done| done.cell.account.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        assert_eq!(last.checkpoint.trouble(), None);
        last.checkpoint.end().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn another_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let now = at("2026-11-22T07:00:00Z");
        drop(Checkpoint::open(&path, "f", now).unwrap());
        assert!(told(Checkpoint::open(&path, "g", now)).contains("another source"));
        assert!(told(Checkpoint::open(&path, "f", at("2026-12-24T07:00:00Z"))).contains("2026-11-22"));
        for foreign in ["a diary", "a diary\n", "{\"a\":1}\n", "{\"format\":1}\n"] {
            fs::write(&path, foreign).unwrap();
            assert!(told(Checkpoint::open(&path, "f", now)).contains("no state"), "{foreign}");
            assert_eq!(fs::read(&path).unwrap(), foreign.as_bytes(), "a file that is not ours is left alone");
        }
        assert!(told(Checkpoint::open(folder.path(), "f", now)).contains("opening"));
    }

    #[test]
    fn a_run_that_was_cut_off_at_once_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        fs::write(&path, "{\"format\":1,\"fing").unwrap();
        let begun = Checkpoint::open(&path, "f", at("2026-11-22T07:00:00Z")).unwrap();
        assert!(begun.finished.is_empty());
        drop(begun);
        Checkpoint::open(&path, "f", at("2026-11-22T08:00:00Z")).unwrap();
    }
}
