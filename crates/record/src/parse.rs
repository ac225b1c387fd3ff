//! Takes records apart: flat fields, the shape that puts them together again, and the rest.
//!
//! A record's *shape* is the order of its keys, one character each; AWS writes without blanks, so punctuation is implied. A
//! record with blanks gets a *literal* shape (it begins with `~`), which holds everything between the values. A value that its
//! column cannot give back exactly is kept in `otherfields`, and so is every key that we do not know.
//! INVARIANT: each record is rebuilt and compared before it is accepted, or lies byte for byte on the [track](crate::track) of one
//! that was; one that differs is kept raw.

mod one_pass;
mod values;

use crate::columns::{Column, known};
use crate::content::Content;
use crate::envelope::{Envelope, EnvelopeError, Frame};
use crate::flaw::{Flaw, Flaws};
use crate::hash::hash_all;
use crate::limits::{RECORD_SIZE_BYTES_MAX, SHAPE_SIZE_BYTES_MAX};
use crate::parsed::{Entry, Field, InOrder, Parsed, RecordView, Value};
use crate::path::{HOT_INNER_KEY, NODE_PREFIX, Node, Step, TOP, find, token_char};
use crate::rebuild::{Row, rebuild};
use crate::scan::{Scanner, Str, has_duplicates, peek, skip_space, string};
use crate::time;
use crate::track::{Left, Tracks};

/// Takes records apart, one after the other.
#[derive(Default)]
pub struct Parser {
    scanner: Scanner,
    shape: String,
    other: Vec<u8>,
    rebuilt: Vec<u8>,
    literal: bool,
    literal_from: usize,
    seen: u128,
    left: Vec<Left>,
    tracks: Tracks,
    dates: time::Dates,
}

/// Why a walk over a record ended early.
enum Stop {
    /// Blanks between its parts: walk again with a literal shape.
    Spaced,
    /// It cannot be taken apart.
    Flaw(Flaw),
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Stop {
        Stop::Flaw(flaw)
    }
}

/// What every step of a walk needs.
struct Walk<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begins in the content.
    base: u32,
    out: &'a mut Parsed,
    flaws: Flaws,
}

/// A known key whose value is being taken.
#[derive(Clone, Copy)]
struct Member {
    node: Node,
    key: Str,
    token: char,
}

impl Parser {
    /// Finds and takes apart the records of a delivery; returns what stands between them.
    pub fn delivery(&mut self, content: &Content, out: &mut Parsed) -> Result<Frame, EnvelopeError> {
        self.delivery_and_sha256(content, out).map(|(frame, _)| frame)
    }

    /// The same, with the SHA-256 of the content, which costs little beside those of the records.
    pub fn delivery_and_sha256(&mut self, content: &Content, out: &mut Parsed) -> Result<(Frame, [u8; 32]), EnvelopeError> {
        let frame = self.find_and_take_apart(content, out)?;
        Ok((frame, hash_all(content.as_bytes(), &mut out.records)))
    }

    /// The same without any hash: those of the records are left empty, for readers that need few of them or none.
    pub fn delivery_unhashed(&mut self, content: &Content, out: &mut Parsed) -> Result<Frame, EnvelopeError> {
        self.find_and_take_apart(content, out)
    }

    fn find_and_take_apart(&mut self, content: &Content, out: &mut Parsed) -> Result<Frame, EnvelopeError> {
        if self.in_one_pass(content, out).is_some() {
            return Ok(Frame::as_aws_writes(out.records.len()));
        }
        out.clear();
        let envelope = Envelope::split(content.as_bytes())?;
        for (from, to) in &envelope.records {
            self.unhashed_record(content, *from as usize, *to as usize, out);
        }
        Ok(envelope.frame(content.as_bytes()))
    }

    /// Takes apart the record at `content[from..to]`.
    pub fn record(&mut self, content: &Content, from: usize, to: usize, out: &mut Parsed) {
        self.unhashed_record(content, from, to, out);
        if let Some(entry) = out.records.last_mut() {
            entry.hash = crate::record_hash(content.as_bytes().get(from..to).unwrap_or_default());
        }
    }

    /// The same without its hash.
    pub fn unhashed_record(&mut self, content: &Content, from: usize, to: usize, out: &mut Parsed) {
        let bytes = content.as_bytes().get(from..to).unwrap_or_default();
        let (fields_from, text_from) = (out.fields.len(), out.text.len());
        let is_text = matches!(content, Content::Text(_)) || std::str::from_utf8(bytes).is_ok();
        let walked = self.take_apart(bytes, is_text, from, out);
        if walked.is_err() {
            out.fields.truncate(fields_from);
            out.text.truncate(text_from);
        }
        self.file(content, (from, to), fields_from, walked, out);
    }

    /// Files the record that was walked over last.
    fn file(
        &mut self,
        content: &Content,
        (from, to): (usize, usize),
        fields_from: usize,
        walked: Result<Flaws, Flaw>,
        out: &mut Parsed,
    ) {
        let mut entry = entry((from, to), fields_from, out);
        entry.flaws = walked.unwrap_or_else(|flaw| Flaws::NONE.with(flaw));
        if walked.is_ok() {
            entry.shape = push_text(&mut out.text, &self.shape);
            entry.other = push_text(&mut out.text, std::str::from_utf8(&self.other).unwrap_or_default());
            if !self.gives_back(content, out, &entry) {
                entry.shape = (0, 0);
            }
        }
        push_record(content, entry, out);
    }

    fn take_apart(&mut self, bytes: &[u8], is_text: bool, from: usize, out: &mut Parsed) -> Result<Flaws, Flaw> {
        if bytes.len() > RECORD_SIZE_BYTES_MAX {
            return Err(Flaw::TooLarge);
        }
        if !is_text {
            return Err(Flaw::InvalidUtf8);
        }
        if peek(bytes, 0) != b'{' {
            let whole = self.scanner.value(bytes, 0, 0, &mut Flaws::default());
            return Err(if whole == Ok(bytes.len()) { Flaw::NotAnObject } else { Flaw::InvalidJson });
        }
        let (fields_from, text_from) = (out.fields.len(), out.text.len());
        for literal in [false, true] {
            self.begin(literal);
            out.fields.truncate(fields_from);
            out.text.truncate(text_from);
            let mut walk = Walk { bytes, base: from as u32, out, flaws: Flaws::NONE };
            match self.object(&mut walk, 1, TOP) {
                Ok(end) if end == bytes.len() => {
                    self.finish(bytes);
                    return if self.shape.len() <= SHAPE_SIZE_BYTES_MAX { Ok(walk.flaws) } else { Err(Flaw::TooLarge) };
                }
                Ok(_) => return Err(Flaw::InvalidJson),
                Err(Stop::Spaced) => {}
                Err(Stop::Flaw(flaw)) => return Err(flaw),
            }
        }
        Err(Flaw::InvalidJson)
    }

    fn begin(&mut self, literal: bool) {
        self.shape.clear();
        self.other.clear();
        self.seen = 0;
        self.left.clear();
        self.literal = literal;
        self.literal_from = 0;
        if literal {
            self.shape.push('~');
        }
    }

    fn finish(&mut self, bytes: &[u8]) {
        if self.literal {
            self.literal_up_to(bytes, bytes.len());
        }
        if !self.other.is_empty() {
            self.other.push(b'}');
        }
    }

    /// INVARIANT: what is accepted gives back its exact bytes.
    fn gives_back(&mut self, content: &Content, out: &Parsed, entry: &Entry) -> bool {
        self.rebuilt.clear();
        let view = RecordView::new(content, out, entry);
        rebuild(&InOrder::new(view), &mut self.rebuilt).is_ok() && self.rebuilt == view.bytes()
    }

    /// Walks over the object whose `{` is just before `at`; returns the position after its `}`. Calls itself only along the
    /// known paths, which are four deep.
    fn object(&mut self, walk: &mut Walk, at: usize, node: Node) -> Result<usize, Stop> {
        let mut unknown: Vec<(u32, u32)> = Vec::new();
        let mut at = self.space(walk.bytes, at)?;
        if peek(walk.bytes, at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            if peek(walk.bytes, at) != b'"' {
                return Err(Flaw::InvalidJson.into());
            }
            let key = string(walk.bytes, at, &mut walk.flaws)?;
            at = self.space(walk.bytes, key.end + 1)?;
            if peek(walk.bytes, at) != b':' {
                return Err(Flaw::InvalidJson.into());
            }
            at = self.space(walk.bytes, at + 1)?;
            at = self.member(walk, at, node, key, &mut unknown)?;
            at = self.space(walk.bytes, at)?;
            match peek(walk.bytes, at) {
                b',' => at = self.space(walk.bytes, at + 1)?,
                b'}' => break,
                _ => return Err(Flaw::InvalidJson.into()),
            }
        }
        if has_duplicates(walk.bytes, &mut unknown) {
            walk.flaws = walk.flaws.with(Flaw::DuplicateKey);
        }
        Ok(at + 1)
    }

    /// Takes the value at `at` of a key; returns its end.
    fn member(&mut self, walk: &mut Walk, at: usize, node: Node, key: Str, unknown: &mut Vec<(u32, u32)>) -> Result<usize, Stop> {
        let name = walk.bytes.get(key.start..key.end).unwrap_or_default();
        let Some((token, known)) = find(node, name) else {
            unknown.push((key.start as u32, key.end as u32));
            let end = self.scanner.value(walk.bytes, at, depth_of(node), &mut walk.flaws)?;
            self.hole(walk.bytes, '?', None, at, end);
            self.other_field(walk.bytes, node, key, at, end);
            return Ok(end);
        };
        let member = Member { node, key, token: token_char(token) };
        if !self.first_time(known.step) {
            // The column keeps the first value; this one is kept beside it.
            walk.flaws = walk.flaws.with(Flaw::DuplicateKey);
            return self.beside(walk, at, member);
        }
        match known.step {
            Step::Object(inner) if peek(walk.bytes, at) == b'{' => self.inner_object(walk, at, member, inner),
            Step::Object(_) => self.beside(walk, at, member),
            Step::Leaf(column) => self.leaf(walk, at, member, column),
        }
    }

    fn first_time(&mut self, step: Step) -> bool {
        let bit = match step {
            Step::Leaf(column) => 1_u128 << column.0,
            Step::Object(inner) => 1_u128 << (u128::BITS - 1 - u32::from(inner)),
        };
        let first = self.seen & bit == 0;
        self.seen |= bit;
        first
    }

    fn inner_object(&mut self, walk: &mut Walk, at: usize, member: Member, inner: Node) -> Result<usize, Stop> {
        if !self.literal {
            self.shape.push(member.token);
        }
        let end = self.object(walk, at + 1, inner)?;
        if !self.literal {
            self.shape.push('}');
        }
        Ok(end)
    }

    /// Keeps the value of a known key in `otherfields`.
    fn beside(&mut self, walk: &mut Walk, at: usize, member: Member) -> Result<usize, Stop> {
        let end = self.scanner.value(walk.bytes, at, depth_of(member.node), &mut walk.flaws)?;
        self.hole(walk.bytes, member.token, Some('o'), at, end);
        self.other_field(walk.bytes, member.node, member.key, at, end);
        Ok(end)
    }

    /// The value of [`HOT_INNER_KEY`] in the (already checked) object at `at`.
    fn inner_value(&mut self, bytes: &[u8], at: usize) -> Result<Option<(usize, usize)>, Flaw> {
        let mut flaws = Flaws::NONE;
        let mut at = skip_space(bytes, at + 1);
        while peek(bytes, at) == b'"' {
            let key = string(bytes, at, &mut flaws)?;
            at = skip_space(bytes, skip_space(bytes, key.end + 1) + 1);
            let end = self.scanner.value(bytes, at, 3, &mut flaws)?;
            if bytes.get(key.start..key.end) == Some(HOT_INNER_KEY) {
                return Ok(Some((at, end)));
            }
            at = skip_space(bytes, skip_space(bytes, end) + 1);
        }
        Ok(None)
    }

    /// Skips blanks; in a record without blanks so far, the first one ends the walk.
    fn space(&self, bytes: &[u8], at: usize) -> Result<usize, Stop> {
        let next = skip_space(bytes, at);
        if next != at && !self.literal { Err(Stop::Spaced) } else { Ok(next) }
    }

    /// Writes a value's place into the shape.
    fn hole(&mut self, bytes: &[u8], token: char, mark: Option<char>, at: usize, end: usize) {
        if self.literal {
            self.literal_up_to(bytes, at);
            self.literal_from = end;
            self.shape.push('\u{1}');
            self.shape.push(token);
            self.shape.push(mark.unwrap_or('='));
        } else {
            self.shape.push(token);
            self.shape.extend(mark);
            self.left.push(one_pass::left(bytes, token, mark, at, end));
        }
    }

    fn literal_up_to(&mut self, bytes: &[u8], at: usize) {
        let between = bytes.get(self.literal_from..at).unwrap_or_default();
        self.shape.push_str(std::str::from_utf8(between).unwrap_or_default());
    }

    fn other_field(&mut self, bytes: &[u8], node: Node, key: Str, at: usize, end: usize) {
        self.other.push(if self.other.is_empty() { b'{' } else { b',' });
        self.other.push(b'"');
        self.other.extend_from_slice(NODE_PREFIX.get(usize::from(node)).map_or(b"", |prefix| prefix.as_bytes()));
        self.other.extend_from_slice(bytes.get(key.start..key.end).unwrap_or_default());
        self.other.extend_from_slice(b"\":");
        self.other.extend_from_slice(bytes.get(at..end).unwrap_or_default());
    }
}

impl Walk<'_> {
    fn source(&self, from: usize, to: usize) -> Value {
        Value::Source(self.base + from as u32, self.base + to as u32)
    }

    fn push(&mut self, column: Column, value: Value) {
        self.out.fields.push(Field { column, value });
    }
}

/// A record before anything is known of it but its fields; its hash comes last.
fn entry((from, to): (usize, usize), fields_from: usize, out: &Parsed) -> Entry {
    Entry {
        bytes: (from as u32, to as u32),
        fields: (fields_from as u32, out.fields.len() as u32),
        shape: (0, 0),
        other: (0, 0),
        flaws: Flaws::NONE,
        time: None,
        hash: [0; 16],
    }
}

fn push_record(content: &Content, mut entry: Entry, out: &mut Parsed) {
    entry.time = event_time(content, out, &entry);
    if !entry.time.is_some_and(time::is_believable) {
        entry.flaws = entry.flaws.with(Flaw::OddTime);
    }
    out.records.push(entry);
}

fn push_text(text: &mut String, more: &str) -> (u32, u32) {
    let from = text.len() as u32;
    text.push_str(more);
    (from, text.len() as u32)
}

/// How deep the values of a node's keys stand.
fn depth_of(node: Node) -> usize {
    NODE_PREFIX.get(usize::from(node)).map_or(1, |prefix| 1 + prefix.matches('.').count())
}

/// `eventTime`, or the start of an aggregated event's window.
fn event_time(content: &Content, parsed: &Parsed, entry: &Entry) -> Option<i64> {
    let view = RecordView::new(content, parsed, entry);
    view.time(known::EVENT_TIME).or_else(|| {
        let (_, start) = view.text(known::TIME_WINDOW)?.split_once("\"windowStart\"")?;
        time::parse_lenient(start.trim_start_matches([' ', ':']).strip_prefix('"')?.split('"').next()?)
    })
}

#[cfg(test)]
mod tests;
