//! What is wrong with a record. A flawed record is stored all the same, with its raw bytes where they would be lost.

use std::fmt;

/// One thing that is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Not JSON.
    InvalidJson,
    /// JSON, but not an object.
    NotAnObject,
    /// Nested deeper than [`crate::limits::DEPTH_MAX`].
    TooDeep,
    /// The same key twice in one object: two readers may see two different events.
    DuplicateKey,
    /// A `\ud800`-style escape without its partner.
    LoneSurrogate,
    /// `eventTime` is missing, unreadable or absurd; the record is filed under the day `unknown`.
    OddTime,
    /// Larger than [`crate::limits::RECORD_SIZE_BYTES_MAX`].
    TooLarge,
    /// The same event ID and account as an earlier record, with other content.
    Conflict,
}

/// All flaws in the order of their bits, with the name that users see.
pub const FLAWS: [(Flaw, &str); 9] = [
    (Flaw::InvalidUtf8, "invalid UTF-8"),
    (Flaw::InvalidJson, "invalid JSON"),
    (Flaw::NotAnObject, "not an object"),
    (Flaw::TooDeep, "nested too deeply"),
    (Flaw::DuplicateKey, "duplicate key"),
    (Flaw::LoneSurrogate, "lone surrogate"),
    (Flaw::OddTime, "no usable event time"),
    (Flaw::TooLarge, "record too large"),
    (Flaw::Conflict, "conflict"),
];

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FLAWS.iter().find(|(flaw, _)| flaw == self).map_or("flaw", |(_, name)| name);
        f.write_str(name)
    }
}

/// A set of flaws, stored as a bit mask in the `flaws` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws(u16);

impl Flaws {
    /// No flaw.
    pub const NONE: Flaws = Flaws(0);

    /// The set with one more flaw.
    #[must_use]
    pub fn with(self, flaw: Flaw) -> Flaws {
        Flaws(self.0 | bit(flaw))
    }

    /// Whether the flaw is in the set.
    pub fn has(self, flaw: Flaw) -> bool {
        self.0 & bit(flaw) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The bit mask as stored.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// From the bit mask as stored.
    pub fn from_bits(bits: u16) -> Flaws {
        Flaws(bits)
    }

    /// The flaws in the set.
    pub fn iter(self) -> impl Iterator<Item = Flaw> {
        FLAWS.into_iter().map(|(flaw, _)| flaw).filter(move |flaw| self.has(*flaw))
    }
}

fn bit(flaw: Flaw) -> u16 {
    1 << (flaw as u16)
}
