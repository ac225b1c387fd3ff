//! What searches found of late: user agents, names of roles and of buckets come again and again, and comparing a text is cheaper than searching it.
//!
//! A text has one slot, by its hash; another one with the same slot takes its place. So memory is bounded, and texts that are made to collide cost
//! a search, which is what they would have cost anyway. Where texts hardly ever come again, remembering stops.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// Searches that are remembered; those of every record come first.
const MEMOS_MAX: usize = 64;
/// Texts that are remembered for one search.
const SLOTS: usize = 128;
/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Texts after which it is asked whether remembering pays.
const TRIED_MIN: u32 = 1_024;

/// What all searches found.
#[derive(Debug, Default)]
pub(super) struct Memos(Vec<Memo>);

/// What one search found.
#[derive(Debug, Default)]
struct Memo {
    slots: Vec<Slot>,
    tried: u32,
    known: u32,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    is_used: bool,
    text: String,
    found: Vec<u32>,
}

impl Memos {
    /// What the search of this number finds in the text; `search` is only asked for what is not remembered.
    pub(super) fn found(&mut self, number: usize, text: &str, search: impl FnOnce(&mut Vec<u32>), each: &mut dyn FnMut(u32)) {
        let mut at_once = Vec::new();
        let found = match self.slot(number, text) {
            Some(slot) => {
                if !slot.is_used || slot.text != text {
                    slot.is_used = true;
                    slot.text.clear();
                    slot.text.push_str(text);
                    slot.found.clear();
                    search(&mut slot.found);
                    slot.found.sort_unstable();
                    slot.found.dedup();
                }
                &slot.found
            }
            None => {
                search(&mut at_once);
                &at_once
            }
        };
        found.iter().for_each(|number| each(*number));
    }

    /// The text's slot, if it is worth looking into it.
    fn slot(&mut self, number: usize, text: &str) -> Option<&mut Slot> {
        if number >= MEMOS_MAX || text.len() > TEXT_BYTES_MAX {
            return None;
        }
        if self.0.len() <= number {
            self.0.resize_with(number + 1, Memo::default);
        }
        let Memo { slots, tried, known } = self.0.get_mut(number)?;
        if *tried >= TRIED_MIN && *known < TRIED_MIN / 4 {
            return None;
        }
        if slots.is_empty() {
            slots.resize(SLOTS, Slot::default());
        }
        let slot = slots.get_mut(FixedState::default().hash_one(text) as usize % SLOTS)?;
        if *tried < TRIED_MIN {
            *tried += 1;
            *known += u32::from(slot.is_used && slot.text == text);
        }
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(memos: &mut Memos, text: &str, searches: &mut u32) -> Vec<u32> {
        let mut all = Vec::new();
        let search = |found: &mut Vec<u32>| {
            *searches += 1;
            found.extend(text.bytes().map(u32::from));
        };
        memos.found(0, text, search, &mut |number| all.push(number));
        all
    }

    #[test]
    fn what_is_remembered_is_what_was_found() {
        let (mut memos, mut searches) = (Memos::default(), 0);
        for round in 0..3 {
            for text in ["", "a", "ab", "abc"] {
                let expected: Vec<u32> = text.bytes().map(u32::from).collect();
                assert_eq!(found(&mut memos, text, &mut searches), expected, "{round} {text}");
            }
        }
        assert!(searches < 12, "{searches}");
    }

    #[test]
    fn remembering_stops_where_it_does_not_pay() {
        let (mut memos, mut searches) = (Memos::default(), 0);
        for number in 0..2_000 {
            found(&mut memos, &number.to_string(), &mut searches);
        }
        found(&mut memos, "1999", &mut searches);
        assert_eq!(searches, 2_001, "the last one is searched again");
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(found(&mut memos, &long, &mut searches).len(), long.len());
    }
}
