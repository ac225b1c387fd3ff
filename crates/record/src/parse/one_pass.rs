//! A delivery exactly as AWS writes it: its records are found and taken apart in one pass, most of them along tracks.

use super::{Parser, Walk, entry, push_record};
use crate::columns::{Column, Kind};
use crate::content::Content;
use crate::envelope::{AWS_HEAD, AWS_TAIL};
use crate::flaw::Flaws;
use crate::limits::{RECORD_SIZE_BYTES_MAX, RECORDS_PER_DELIVERY_MAX, SHAPE_SIZE_BYTES_MAX};
use crate::parsed::{Parsed, Value};
use crate::path::{self, Step, TOP};
use crate::scan::{peek, string};
use crate::time;
use crate::track::{Hole, Left, START};

/// Content that a field takes up as a rule: room is made for so many of them at once.
const FIELD_BYTES: usize = 56;
/// Content that a record takes up as a rule.
const RECORD_BYTES: usize = 1_200;

impl Parser {
    /// Takes apart a delivery exactly as AWS writes it: no blanks between its parts, nothing wrong with any record.
    pub(super) fn in_one_pass(&mut self, content: &Content, out: &mut Parsed) -> Option<()> {
        let Content::Text(text) = content else { return None };
        let bytes = text.as_bytes();
        let mut at = AWS_HEAD.len();
        if !bytes.starts_with(AWS_HEAD) {
            return None;
        }
        self.tracks.begin_delivery();
        out.fields.reserve(bytes.len() / FIELD_BYTES);
        out.records.reserve(bytes.len() / RECORD_BYTES);
        loop {
            if out.records.len() >= RECORDS_PER_DELIVERY_MAX {
                return None;
            }
            at = match self.next_on_track(content, at, out) {
                Some(end) => end,
                None => self.next_off_track(content, at, out)?,
            };
            match bytes.get(at..)? {
                AWS_TAIL => return Some(()),
                [b',', ..] => at += 1,
                _ => return None,
            }
        }
    }

    /// Takes apart the record at `at` if it lies on a track and nothing is wrong with it; returns its end.
    fn next_on_track(&mut self, content: &Content, at: usize, out: &mut Parsed) -> Option<usize> {
        let rest = content.as_bytes().get(at..)?;
        let (fields_from, text_from) = (out.fields.len(), out.text.len());
        self.begin(false);
        let mut walk = Walk { bytes: rest, base: at as u32, out, flaws: Flaws::NONE };
        let found = self.along_a_track(&mut walk).filter(|(length, _)| *length <= RECORD_SIZE_BYTES_MAX);
        let Some((length, shape)) = found.filter(|_| walk.flaws.is_empty()) else {
            out.fields.truncate(fields_from);
            out.text.truncate(text_from);
            return None;
        };
        let mut entry = entry((at, at + length), fields_from, out);
        entry.shape = self.tracks.shape(shape, &mut out.text);
        push_record(content, entry, out);
        Some(at + length)
    }

    /// Takes apart the record at `at` key by key, and remembers its track; returns its end.
    fn next_off_track(&mut self, content: &Content, at: usize, out: &mut Parsed) -> Option<usize> {
        let rest = content.as_bytes().get(at..).filter(|rest| peek(rest, 0) == b'{')?;
        let fields_from = out.fields.len();
        self.begin(false);
        let mut walk = Walk { bytes: rest, base: at as u32, out, flaws: Flaws::NONE };
        let length = self.object(&mut walk, 1, TOP).ok()?;
        if !walk.flaws.is_empty() || length > RECORD_SIZE_BYTES_MAX || self.shape.len() > SHAPE_SIZE_BYTES_MAX {
            return None;
        }
        self.finish(rest);
        self.file(content, (at, at + length), fields_from, Ok(Flaws::NONE), out);
        let kept = out.records.last().map(|entry| entry.shape).filter(|(from, to)| from < to);
        if let (Some(kept), Some(record)) = (kept, rest.get(..length)) {
            self.tracks.learn(record, &self.left, &self.shape, kept);
        }
        Some(at + length)
    }

    /// Follows the tracks from the record's beginning; returns its length and the number of its shape.
    fn along_a_track(&mut self, walk: &mut Walk) -> Option<(usize, u32)> {
        let (mut at, mut place) = (0, START);
        loop {
            let (bytes, hole, then) = self.tracks.step(place, walk.bytes.get(at..)?)?;
            (at, place) = (at + bytes, then);
            match hole {
                Hole::Null => {}
                Hole::Bool(column, value) => walk.push(column, Value::Bool(value)),
                Hole::Text(column) => at = self.text_on_track(walk, at, column)?,
                Hole::Time(column) => at = self.time_on_track(walk, at, column)?,
                Hole::Doc(column) => {
                    let end = self.document(walk, at, column).ok()?;
                    walk.push(column, walk.source(at, end));
                    at = end;
                }
                Hole::End(shape) => return Some((at, shape)),
            }
        }
    }

    fn text_on_track(&mut self, walk: &mut Walk, at: usize, column: Column) -> Option<usize> {
        let found = string(walk.bytes, at.checked_sub(1)?, &mut walk.flaws).ok()?;
        if !found.escaped {
            walk.push(column, walk.source(found.start, found.end));
        } else if !self.decoded(walk, found, column) {
            return None;
        }
        Some(found.end)
    }

    fn time_on_track(&mut self, walk: &mut Walk, at: usize, column: Column) -> Option<usize> {
        let end = at + time::CANONICAL_LENGTH;
        // INVARIANT: what is read here is written again as it stands (a test of `time` says so).
        let micros = self.dates.parse_canonical(walk.bytes.get(at..end)?)?;
        walk.push(column, Value::Time(micros));
        Some(end)
    }
}

/// What a value leaves for the tracks.
pub(super) fn left(bytes: &[u8], token: char, mark: Option<char>, at: usize, end: usize) -> Left {
    let nothing = |hole| Left { from: end, to: end, hole };
    let Some(Step::Leaf(column)) = path::path_of(token).map(|path| path.step) else { return nothing(None) };
    match (column.spec().kind, mark) {
        (_, Some('n')) => nothing(Some(Hole::Null)),
        (Kind::Bool, None | Some('q')) => {
            nothing(Some(Hole::Bool(column, matches!(peek(bytes, at + usize::from(mark.is_some())), b't'))))
        }
        (Kind::Text, None) => Left { from: at + 1, to: end - 1, hole: Some(Hole::Text(column)) },
        (Kind::Time, None) => Left { from: at + 1, to: end - 1, hole: Some(Hole::Time(column)) },
        (Kind::Doc, None) => Left { from: at, to: end, hole: Some(Hole::Doc(column)) },
        _ => nothing(None),
    }
}
