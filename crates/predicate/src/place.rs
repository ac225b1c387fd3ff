//! Paths made ready: which flat column to look into first, and how to walk on from there.

use record::columns::{COLUMNS, Column, Kind as ColumnKind};

use crate::path::{Path, Reading, Step};
use crate::tape::{Kind, Tape};
use crate::value::unescaped;

/// A path ready to be walked.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) steps: Vec<Step>,
    pub(crate) reading: Reading,
    /// The column that holds the value, or the document in which it is.
    pub(crate) column: Option<Column>,
    /// How many steps lead to that column.
    pub(crate) taken: usize,
    /// A column into which the value alone was copied.
    pub(crate) hot: Option<Column>,
    /// Whether its first key is none that CloudTrail is known to write.
    pub(crate) is_foreign: bool,
}

impl Place {
    pub(crate) fn new(path: &Path) -> Place {
        let keys: Vec<&str> =
            path.steps.iter().map_while(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None }).collect();
        let (mut column, mut taken) = (None, 0);
        for (at, spec) in COLUMNS.iter().enumerate().filter(|(_, spec)| spec.kind != ColumnKind::Hot) {
            let parts = spec.path.split('.').count();
            if keys.len() >= parts && spec.path.split('.').eq(keys.iter().take(parts).copied()) {
                (column, taken) = (Some(Column(at as u8)), parts);
            }
        }
        let is_hot = |spec: &record::columns::Spec| spec.kind == ColumnKind::Hot && spec.path.split('.').eq(keys.iter().copied());
        let hot = COLUMNS.iter().position(is_hot).filter(|_| keys.len() == path.steps.len()).map(|at| Column(at as u8));
        let first = keys.first().copied().unwrap_or_default();
        let is_foreign = !keys.is_empty() && !is_known_top(first);
        Place { steps: path.steps.clone(), reading: path.reading, column, taken, hot, is_foreign }
    }
}

/// Whether CloudTrail writes this key at the top of a record.
fn is_known_top(key: &str) -> bool {
    // The two spellings of aggregated events and those of the Lake's export share columns with others.
    const ALSO: [&str; 4] = ["eventId", "accountId", "sharedEventId", "requestId"];
    ALSO.contains(&key) || COLUMNS.iter().any(|spec| spec.path.split('.').next() == Some(key))
}

/// Walks from the items on the stack (with the number of steps already taken) along the steps; hands every item that is reached to
/// `each` until that says yes. Whether it did. The stack is left empty.
pub(crate) fn walk(
    tape: &Tape,
    text: &str,
    steps: &[Step],
    reading: Reading,
    expand: bool,
    stack: &mut Vec<(u32, usize)>,
    each: &mut dyn FnMut(u32) -> bool,
) -> bool {
    while let Some((at, taken)) = stack.pop() {
        let Some(item) = tape.item(at) else { continue };
        match (steps.get(taken), item.kind) {
            (None, Kind::List) if expand => stack.extend(tape.inside(at).map(|inner| (inner, taken))),
            (None, _) if each(at) => {
                stack.clear();
                return true;
            }
            (Some(Step::Key(_)), Kind::Object) => members(tape, text, at, steps, taken, reading, stack),
            (Some(Step::Key(_)), Kind::List) if reading == Reading::Loose => {
                stack.extend(tape.inside(at).map(|inner| (inner, taken)));
            }
            (Some(Step::Index(index)), Kind::List) => stack.extend(tape.inside(at).nth(*index).map(|inner| (inner, taken + 1))),
            (Some(Step::Each), Kind::List | Kind::Object) => stack.extend(tape.inside(at).map(|inner| (inner, taken + 1))),
            _ => {}
        }
    }
    false
}

/// Takes one key, or several that are joined by dots in the record.
fn members(tape: &Tape, text: &str, object: u32, steps: &[Step], taken: usize, reading: Reading, stack: &mut Vec<(u32, usize)>) {
    let ahead = steps.get(taken..).unwrap_or_default();
    let mut joined = None;
    for inner in tape.inside(object) {
        let Some(written) = tape.item(inner).map(|item| item.key(text)) else { return };
        let key = unescaped(written);
        match keys_taken(&key, ahead, reading) {
            1 => return stack.push((inner, taken + 1)),
            0 => {}
            several => joined = joined.or(Some((inner, taken + several))),
        }
    }
    stack.extend(joined);
}

/// How many of the steps a key takes.
fn keys_taken(key: &str, steps: &[Step], reading: Reading) -> usize {
    let mut rest = key;
    for (at, step) in steps.iter().enumerate() {
        let Step::Key(wanted) = step else { return 0 };
        let Some(after) = rest.strip_prefix(wanted.as_str()) else { return 0 };
        if after.is_empty() {
            return at + 1;
        }
        if reading == Reading::Strict {
            return 0;
        }
        let Some(after) = after.strip_prefix('.') else { return 0 };
        rest = after;
    }
    0
}
