//! How records stand in a delivery: `{"Records":[...]}`, a JSON array, or one after the other (newline-delimited).
//!
//! The *frame* is everything that is not a record. Frame and records together are the content, byte for byte.

use crate::flaw::Flaws;
use crate::limits::RECORDS_PER_DELIVERY_MAX;
use crate::scan::{Scanner, peek, skip_space, string};

/// What stands before the records in a delivery as AWS writes it.
pub(crate) const AWS_HEAD: &[u8] = b"{\"Records\":[";
/// What stands after them.
pub(crate) const AWS_TAIL: &[u8] = b"]}";

/// Why content holds no records that can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Not JSON at all.
    #[error("this is not JSON: it begins with `{0}`")]
    NotJson(String),
    /// The JSON breaks off or is damaged.
    #[error("the JSON is damaged at byte {0}: the list of records does not end as it should")]
    Damaged(usize),
    /// JSON, but of another kind.
    #[error("this is JSON, but no CloudTrail records are in it")]
    NoRecords,
    /// More records than the limit.
    #[error("more than {RECORDS_PER_DELIVERY_MAX} records in one file")]
    TooMany,
}

/// Where the records of a delivery stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// From and to of each record in the content.
    pub records: Vec<(u32, u32)>,
}

/// Everything in a delivery that is not a record, in a compact form: pieces with a 0 byte between them. Either head, separator
/// and tail (the same separator everywhere), or every piece in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(pub Vec<u8>);

impl Envelope {
    /// Finds the records in a delivery's content.
    pub fn split(content: &[u8]) -> Result<Envelope, EnvelopeError> {
        let bom = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let start = skip_space(content, bom);
        let records = match peek(content, start) {
            b'[' => whole_list(content, start)?,
            b'{' => match records_key(content, start) {
                Some(list) => envelope_list(content, start, list)?,
                None => lines(content, start)?,
            },
            _ if start >= content.len() => return Err(EnvelopeError::Empty),
            _ => return Err(EnvelopeError::NotJson(beginning(content, start))),
        };
        if records.len() > RECORDS_PER_DELIVERY_MAX {
            return Err(EnvelopeError::TooMany);
        }
        // A frame is kept with 0 bytes between its pieces, so there must be none in them; JSON has none either.
        match zero_between(content, &records) {
            Some(at) => Err(EnvelopeError::Damaged(at)),
            None => Ok(Envelope { records }),
        }
    }

    /// The frame of the content.
    pub fn frame(&self, content: &[u8]) -> Frame {
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(self.records.len() + 1);
        let mut from = 0;
        for (start, end) in &self.records {
            pieces.push(content.get(from..*start as usize).unwrap_or_default());
            from = *end as usize;
        }
        pieces.push(content.get(from..).unwrap_or_default());
        if let [head, between @ .., tail] = pieces.as_slice()
            && let [separator, _, ..] = between
            && between.iter().all(|piece| piece == separator)
        {
            return Frame([*head, *separator, *tail].join(&0));
        }
        Frame(pieces.join(&0))
    }
}

impl Frame {
    /// The frame of a delivery as AWS writes it.
    pub(crate) fn as_aws_writes(count: usize) -> Frame {
        let pieces = [AWS_HEAD, b",", AWS_TAIL];
        match count {
            0 => Frame([AWS_HEAD, AWS_TAIL].concat()),
            1 => Frame([AWS_HEAD, AWS_TAIL].join(&0)),
            _ => Frame(pieces.join(&0)),
        }
    }

    /// The piece before each of `count` records and the one after the last; `None` when the frame does not fit the count.
    pub fn pieces(&self, count: usize) -> Option<Vec<&[u8]>> {
        let pieces: Vec<&[u8]> = self.0.split(|byte| *byte == 0).collect();
        match pieces.as_slice() {
            [head, separator, tail] if count > 2 => {
                let mut all = vec![*head];
                all.resize(count, *separator);
                all.push(*tail);
                Some(all)
            }
            all if all.len() == count + 1 => Some(all.to_vec()),
            _ => None,
        }
    }
}

/// The first 0 byte that is not in a record.
fn zero_between(content: &[u8], records: &[(u32, u32)]) -> Option<usize> {
    let mut from = 0;
    for (start, end) in records.iter().map(|(start, end)| (*start as usize, *end as usize)).chain([(content.len(), 0)]) {
        if let Some(zero) = memchr::memchr(0, content.get(from..start).unwrap_or_default()) {
            return Some(from + zero);
        }
        from = end;
    }
    None
}

fn beginning(content: &[u8], start: usize) -> String {
    let few = content.get(start..).unwrap_or_default();
    let few = few.get(..24).unwrap_or(few);
    String::from_utf8_lossy(few).chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// Where the list under the top-level key `Records` begins.
fn records_key(content: &[u8], start: usize) -> Option<usize> {
    let mut flaws = Flaws::NONE;
    let mut scanner = Scanner::default();
    let mut at = skip_space(content, start + 1);
    while peek(content, at) == b'"' {
        let key = string(content, at, &mut flaws).ok()?;
        at = skip_space(content, key.end + 1);
        at = skip_space(content, at + usize::from(peek(content, at) == b':'));
        if content.get(key.start..key.end) == Some(b"Records") && peek(content, at) == b'[' {
            return Some(at);
        }
        at = skip_space(content, scanner.value(content, at, 1, &mut flaws).ok()?);
        at = skip_space(content, at + usize::from(peek(content, at) == b','));
    }
    None
}

/// The records of `{"Records":[...], ...}`, which must be the whole content.
fn envelope_list(content: &[u8], start: usize, list: usize) -> Result<Vec<(u32, u32)>, EnvelopeError> {
    let (records, end) = list_items(content, list)?;
    let mut at = skip_space(content, end);
    while peek(content, at) == b',' {
        // Other members after the records: walk over them as values.
        at = skip_value(content, skip_space(content, at + 1)).ok_or(EnvelopeError::Damaged(at))?;
        at = skip_space(content, at);
        if peek(content, at) != b':' {
            return Err(EnvelopeError::Damaged(at));
        }
        at = skip_value(content, skip_space(content, at + 1)).ok_or(EnvelopeError::Damaged(at))?;
        at = skip_space(content, at);
    }
    if peek(content, at) != b'}' {
        return Err(EnvelopeError::Damaged(at));
    }
    let after = skip_space(content, at + 1);
    if after == content.len() {
        return Ok(records);
    }
    // Several log files that were written one after the other.
    if start == 0 && peek(content, after) == b'{' {
        concatenated(content, records, after)
    } else {
        Err(EnvelopeError::Damaged(after))
    }
}

/// Log files that were written one after the other into one file.
fn concatenated(content: &[u8], mut records: Vec<(u32, u32)>, mut at: usize) -> Result<Vec<(u32, u32)>, EnvelopeError> {
    while at < content.len() {
        let list = records_key(content, at).filter(|_| peek(content, at) == b'{').ok_or(EnvelopeError::Damaged(at))?;
        let (more, end) = list_items(content, list)?;
        records.extend(more);
        let close = skip_space(content, end);
        if peek(content, close) != b'}' {
            return Err(EnvelopeError::Damaged(close));
        }
        at = skip_space(content, close + 1);
    }
    Ok(records)
}

fn whole_list(content: &[u8], start: usize) -> Result<Vec<(u32, u32)>, EnvelopeError> {
    let (records, end) = list_items(content, start)?;
    let after = skip_space(content, end);
    if after == content.len() { Ok(records) } else { Err(EnvelopeError::Damaged(after)) }
}

/// The items of the list whose `[` is at `at`, and the position after its `]`.
fn list_items(content: &[u8], at: usize) -> Result<(Vec<(u32, u32)>, usize), EnvelopeError> {
    let mut items = Vec::new();
    let mut at = skip_space(content, at + 1);
    if peek(content, at) == b']' {
        return Ok((items, at + 1));
    }
    loop {
        let end = skip_value(content, at).ok_or(EnvelopeError::Damaged(at))?;
        items.push((at as u32, end as u32));
        at = skip_space(content, end);
        match peek(content, at) {
            b',' => at = skip_space(content, at + 1),
            b']' => return Ok((items, at + 1)),
            _ => return Err(EnvelopeError::Damaged(at)),
        }
    }
}

/// Newline-delimited records; a line that is no JSON becomes a record with a flaw. At least one must look like CloudTrail.
fn lines(content: &[u8], start: usize) -> Result<Vec<(u32, u32)>, EnvelopeError> {
    let mut items = Vec::new();
    let mut at = start;
    while at < content.len() {
        let line_end = memchr::memchr(b'\n', content.get(at..).unwrap_or_default()).map_or(content.len(), |n| at + n);
        // An object may span lines (indented JSON); anything else ends with its line.
        let object = (peek(content, at) == b'{').then(|| skip_value(content, at)).flatten();
        let end = object.unwrap_or_else(|| trimmed_end(content, at, line_end));
        items.push((at as u32, end as u32));
        at = skip_space(content, end);
    }
    if items.iter().any(|item| looks_like_cloudtrail(content, *item)) { Ok(items) } else { Err(EnvelopeError::NoRecords) }
}

fn trimmed_end(content: &[u8], from: usize, mut end: usize) -> usize {
    while end > from + 1 && matches!(peek(content, end - 1), b' ' | b'\r' | b'\t') {
        end -= 1;
    }
    end.max(from + 1)
}

fn looks_like_cloudtrail(content: &[u8], (from, to): (u32, u32)) -> bool {
    let bytes = content.get(from as usize..to as usize).unwrap_or_default();
    [b"\"eventVersion\"".as_slice(), b"\"eventTime\"", b"\"eventSource\"", b"\"eventCategory\""]
        .iter()
        .any(|key| memchr::memmem::find(bytes, key).is_some())
}

/// The end of the value at `at`, by brackets alone: what is inside is judged later, record by record. Any depth, no recursion.
fn skip_value(content: &[u8], at: usize) -> Option<usize> {
    let mut flaws = Flaws::NONE;
    match peek(content, at) {
        b'"' => return string(content, at, &mut flaws).ok().map(|found| found.end + 1),
        b'{' | b'[' => {}
        0 => return None,
        _ => {
            let rest = content.get(at..)?;
            let length =
                rest.iter().position(|b| matches!(b, b',' | b']' | b'}' | b'\n' | b'\r' | b' ' | b'\t')).unwrap_or(rest.len());
            return (length > 0).then_some(at + length);
        }
    }
    let mut depth = 0_usize;
    let mut at = at;
    loop {
        let rest = content.get(at..)?;
        at += rest.iter().position(|b| matches!(b, b'"' | b'{' | b'[' | b'}' | b']'))?;
        match peek(content, at) {
            b'"' => at = quoted_end(content, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            _ => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

/// The position after a quoted string, whatever it holds.
fn quoted_end(content: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let rest = content.get(at..)?;
        at += memchr::memchr2(b'"', b'\\', rest)?;
        if peek(content, at) == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(content: &str) -> Result<Vec<&str>, EnvelopeError> {
        let envelope = Envelope::split(content.as_bytes())?;
        let frame = envelope.frame(content.as_bytes());
        let pieces = frame.pieces(envelope.records.len()).expect("frame fits");
        let texts: Vec<&str> = envelope.records.iter().map(|(from, to)| &content[*from as usize..*to as usize]).collect();
        let mut whole = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            whole.extend_from_slice(piece);
            whole.extend_from_slice(texts.get(at).map_or(b"", |text| text.as_bytes()));
        }
        assert_eq!(whole, content.as_bytes());
        Ok(texts)
    }

    #[test]
    fn every_envelope() {
        let event = r#"{"eventVersion":"1.08"}"#;
        let cases = [
            (r#"{"Records":[]}"#.to_owned(), 0),
            (format!(r#"{{"Records":[{event}]}}"#), 1),
            (format!(r#"{{"Records":[{event},{event},{event}]}}"#), 3),
            (format!(r#"{{ "a": [1], "Records" : [ {event} , {event},{event} ] , "z":{{}} }}"#), 3),
            (format!("[\n  {event},\n  {event}\n]\n"), 2),
            (format!("{event}\n{event}\n{event}\n"), 3),
            (format!("{event}\nnot json\n{event}"), 3),
            (format!("{event}{event}"), 2),
            (format!("\u{feff}{event}"), 1),
            (format!("{{\"Records\":[{event}]}}\n{{\"Records\":[{event},{event}]}}"), 3),
            (r#"{"Records":[1,"x",null,[{}]]}"#.to_owned(), 4),
        ];
        for (content, count) in cases {
            assert_eq!(records(&content).unwrap().len(), count, "{content}");
        }
    }

    #[test]
    fn what_holds_no_records() {
        let cases = [
            ("", EnvelopeError::Empty),
            (" \n", EnvelopeError::Empty),
            ("<html><body>Not here</body></html>", EnvelopeError::NotJson("<html><body>Not here</bo".to_owned())),
            (r#"{"name":"left-pad","version":"1.0.0"}"#, EnvelopeError::NoRecords),
            (r#"{"Records":[{"eventVersion":"1"}"#, EnvelopeError::Damaged(32)),
            (r#"{"Records":[{"eventVersion":"1"},"#, EnvelopeError::Damaged(33)),
            (r#"{"Records":[{}]} trailing"#, EnvelopeError::Damaged(17)),
            ("{\"Records\":[{},{}],\"more\":[\0]}", EnvelopeError::Damaged(27)),
            ("{\"Records\":[{},{},{}],\"m\":{\0}}", EnvelopeError::Damaged(27)),
        ];
        for (content, expected) in cases {
            assert_eq!(records(content), Err(expected), "{content}");
        }
    }
}
