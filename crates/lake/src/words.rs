//! The distinct values of a batch's records, numbered while the content they stand in is still in the processor's cache.
//!
//! What follows - finding duplicates, sorting, cutting into days, building columns - then deals in numbers and reads no text twice.
//! A column whose values are mostly new is given up early: its values are written as they stand.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use record::columns::{COLUMNS, Column, Kind, known};
use record::{Content, Parsed, RecordView, Row};

use crate::dedupe::id_of;
use crate::limits::{DICTIONARY_BYTES_MAX, DICTIONARY_TRIAL_VALUES};

/// The number of what stands in no dictionary.
pub(crate) const NONE: u32 = u32::MAX;

/// Where the dictionary of the shapes stands, behind those of the columns.
const SHAPE: usize = COLUMNS.len();
/// Where the one of the other fields stands.
const OTHER: usize = COLUMNS.len() + 1;

/// Columns in which every value is new.
const ALWAYS_NEW: [&str; 3] = ["eventid", "requestid", "sharedeventid"];

/// The distinct values of one column, in the order in which they came.
#[derive(Default)]
pub(crate) struct Dictionary {
    text: Vec<u8>,
    ends: Vec<u32>,
    hashes: Vec<u64>,
    table: HashTable<u32>,
    last: u32,
    asked: u32,
    given_up: bool,
}

/// The distinct values of a batch, by column.
pub(crate) struct Words {
    columns: Vec<Dictionary>,
    state: RandomState,
}

/// A delivery's values as numbers of [`Words`].
#[derive(Default)]
pub(crate) struct Coded {
    /// What names each record (see [`id_of`]).
    pub(crate) ids: Vec<u64>,
    /// One number for each of the delivery's fields, in their order.
    pub(crate) fields: Vec<u32>,
    /// Each record's shape.
    pub(crate) shapes: Vec<u32>,
    /// Each record's other fields.
    pub(crate) others: Vec<u32>,
}

impl Default for Words {
    fn default() -> Words {
        let dictionary = |name: &str| Dictionary { given_up: ALWAYS_NEW.contains(&name), last: NONE, ..Dictionary::default() };
        let own = COLUMNS.iter().map(|spec| dictionary(spec.name));
        Words { columns: own.chain([dictionary("shape"), dictionary("otherfields")]).collect(), state: RandomState::default() }
    }
}

impl Words {
    /// Numbers the values of a delivery.
    pub(crate) fn code(&mut self, content: &Content, parsed: &Parsed) -> Coded {
        let mut coded = Coded { fields: Vec::with_capacity(parsed.fields.len()), ..Coded::default() };
        for view in parsed.views(content) {
            let (mut event, mut account) = (None, None);
            for field in view.fields() {
                let number = match (field.column.spec().kind, view.bytes_of(field.value)) {
                    (Kind::Text | Kind::Doc | Kind::Hot, Some(value)) => {
                        match field.column {
                            known::EVENT_ID => event = Some(value),
                            known::ACCOUNT => account = Some(value),
                            _ => {}
                        }
                        self.number(usize::from(field.column.0), value)
                    }
                    _ => NONE,
                };
                coded.fields.push(number);
            }
            coded.ids.push(id_of(event, account, &view.entry().hash));
            self.code_rest(&view, &mut coded);
        }
        coded
    }

    fn code_rest(&mut self, view: &RecordView, coded: &mut Coded) {
        let (shape, other) = (view.shape().as_bytes(), view.other().as_bytes());
        coded.shapes.push(if view.is_raw() { NONE } else { self.number(SHAPE, shape) });
        coded.others.push(if view.is_raw() || other.is_empty() { NONE } else { self.number(OTHER, other) });
    }

    fn number(&mut self, column: usize, value: &[u8]) -> u32 {
        self.columns.get_mut(column).map_or(NONE, |dictionary| dictionary.number(&self.state, value))
    }

    /// Takes in the values of another reader, whose deliveries then speak in these numbers.
    pub(crate) fn join(&mut self, theirs: &Words, deliveries: &mut [(&Parsed, &mut Coded)]) {
        let joined: Vec<Vec<u32>> = theirs
            .columns
            .iter()
            .enumerate()
            .map(|(at, other)| other.values().map(|value| self.number(at, value)).collect())
            .collect();
        let translated = |column: usize, number: &mut u32| {
            if *number != NONE {
                *number = joined.get(column).and_then(|numbers| numbers.get(*number as usize)).copied().unwrap_or(NONE);
            }
        };
        for (parsed, coded) in deliveries {
            for (field, number) in parsed.fields.iter().zip(&mut coded.fields) {
                translated(usize::from(field.column.0), number);
            }
            coded.shapes.iter_mut().for_each(|number| translated(SHAPE, number));
            coded.others.iter_mut().for_each(|number| translated(OTHER, number));
        }
    }

    /// The dictionary of a column.
    pub(crate) fn of(&self, column: Column) -> Option<&Dictionary> {
        self.columns.get(usize::from(column.0))
    }

    /// The dictionary of the shapes.
    pub(crate) fn shapes(&self) -> Option<&Dictionary> {
        self.columns.get(SHAPE)
    }

    /// The dictionary of the other fields.
    pub(crate) fn others(&self) -> Option<&Dictionary> {
        self.columns.get(OTHER)
    }
}

impl Dictionary {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The value of a number.
    #[inline]
    pub(crate) fn value(&self, number: u32) -> &[u8] {
        value(&self.text, &self.ends, number)
    }

    fn values(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|number| self.value(number))
    }

    /// The number of a value, a new one if it is new; [`NONE`] once the column has been given up.
    fn number(&mut self, state: &RandomState, bytes: &[u8]) -> u32 {
        // The same value as before is the most likely one; for an absent number the text is empty.
        if self.last != NONE && self.value(self.last) == bytes {
            return self.last;
        }
        if self.given_up {
            return NONE;
        }
        let mut hasher = state.build_hasher();
        hasher.write(bytes);
        let hash = hasher.finish();
        self.asked = self.asked.saturating_add(1);
        let (text, ends, hashes) = (&mut self.text, &mut self.ends, &mut self.hashes);
        let found = self.table.find(hash, |number| value(text, ends, *number) == bytes).copied();
        self.last = match found {
            Some(number) => number,
            None => {
                let number = ends.len() as u32;
                text.extend_from_slice(bytes);
                ends.push(text.len() as u32);
                hashes.push(hash);
                self.table.insert_unique(hash, number, |number| hashes.get(*number as usize).copied().unwrap_or(0));
                self.given_up = is_not_worth_it(ends.len(), text.len(), self.asked);
                number
            }
        };
        self.last
    }
}

#[inline]
fn value<'a>(text: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let at = number as usize;
    let from = at.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(at).and_then(|to| text.get(from as usize..*to as usize)).unwrap_or_default()
}

/// Whether most values are new, or there are too many of them.
fn is_not_worth_it(distinct: usize, bytes: usize, asked: u32) -> bool {
    bytes > DICTIONARY_BYTES_MAX || (asked >= DICTIONARY_TRIAL_VALUES && distinct as u64 * 4 > u64::from(asked) * 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_once() {
        let state = RandomState::default();
        let mut dictionary = Dictionary { last: NONE, ..Dictionary::default() };
        let numbers: Vec<u32> = ["a", "", "b", "a", "a", "", "c"].iter().map(|v| dictionary.number(&state, v.as_bytes())).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 0, 1, 3]);
        assert_eq!(dictionary.values().collect::<Vec<_>>(), [b"a".as_slice(), b"", b"b", b"c"]);
    }

    #[test]
    fn a_column_of_new_values_is_given_up() {
        let state = RandomState::default();
        let mut dictionary = Dictionary { last: NONE, ..Dictionary::default() };
        let numbers: Vec<u32> =
            (0..2 * DICTIONARY_TRIAL_VALUES).map(|n| dictionary.number(&state, n.to_string().as_bytes())).collect();
        assert!(numbers.first() != Some(&NONE) && numbers.last() == Some(&NONE));
        let known = dictionary.len() as u32 - 1;
        assert_eq!(dictionary.value(known), known.to_string().as_bytes());
    }
}
