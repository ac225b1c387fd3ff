//! Which rows of a column have a value, and Parquet's hybrid of runs and packed bits.

/// One bit a row: whether it has a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    words: Vec<u64>,
}

/// What 64 rows, or the fewer ones at the end, have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    All,
    Some,
}

/// Rows of one word; pages begin where a word begins.
pub(crate) const WORD_ROWS: usize = 64;

impl Present {
    /// Nothing in any of so many rows.
    pub(crate) fn new(rows: usize) -> Present {
        Present { words: vec![0; rows.div_ceil(WORD_ROWS)] }
    }

    /// Rows that there is room for.
    #[inline]
    pub(crate) fn rows(&self) -> usize {
        self.words.len() * WORD_ROWS
    }

    /// Marks a row; whether that is new.
    #[inline]
    pub(crate) fn set(&mut self, row: usize) -> bool {
        let bit = 1 << (row % WORD_ROWS);
        let Some(word) = self.words.get_mut(row / WORD_ROWS) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// How many rows of the word at a position have a value.
    #[inline]
    pub(crate) fn count(&self, word: usize) -> usize {
        self.words.get(word).map_or(0, |word| word.count_ones() as usize)
    }

    /// Writes the definition levels of `rows` rows, the first of them at the word `from`, with their length before them.
    pub(crate) fn write(&self, from: usize, rows: usize, out: &mut Vec<u8>) {
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        let words = self.words.get(from..).unwrap_or_default();
        let (mut begin, mut done) = (0, 0);
        while done < rows {
            let kind = run_of(words.get(begin).copied().unwrap_or(0), rows - done);
            let (mut end, mut length) = (begin, 0);
            while done + length < rows && run_of(words.get(end).copied().unwrap_or(0), rows - done - length) == kind {
                length += WORD_ROWS.min(rows - done - length);
                end += 1;
            }
            match kind {
                Run::None | Run::All => {
                    varint((length as u64) << 1, out);
                    out.push(u8::from(kind == Run::All));
                }
                Run::Some => packed_words(words.get(begin..end).unwrap_or_default(), length, out),
            }
            (begin, done) = (end, done + length);
        }
        let length = (out.len() - length_at - 4) as u32;
        if let Some(room) = out.get_mut(length_at..length_at + 4) {
            room.copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn run_of(word: u64, rows: usize) -> Run {
    let all = if rows >= WORD_ROWS { u64::MAX } else { (1 << rows) - 1 };
    match word & all {
        0 => Run::None,
        some if some == all => Run::All,
        _ => Run::Some,
    }
}

fn packed_words(words: &[u64], rows: usize, out: &mut Vec<u8>) {
    let groups = rows.div_ceil(8);
    varint((groups as u64) << 1 | 1, out);
    let from = out.len();
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    out.truncate(from + groups);
}

/// Writes numbers of `width` bits as runs of eight or more equal ones, and packed bits between them.
pub(crate) fn hybrid(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut rest = numbers;
    while !rest.is_empty() {
        let run = run_length(rest);
        if run >= 8 || width == 0 {
            varint((run as u64) << 1, out);
            let value = rest.first().copied().unwrap_or(0).to_le_bytes();
            out.extend_from_slice(value.get(..width.div_ceil(8) as usize).unwrap_or(&value));
            rest = rest.get(run..).unwrap_or_default();
            continue;
        }
        // Whole groups of eight, up to the group before which a run begins.
        let mut until = 8.min(rest.len());
        while until < rest.len() && run_length(rest.get(until..(until + 8).min(rest.len())).unwrap_or_default()) < 8 {
            until = (until + 8).min(rest.len());
        }
        let (packed, after) = rest.split_at_checked(until).unwrap_or((rest, &[]));
        varint((packed.len().div_ceil(8) as u64) << 1 | 1, out);
        pack(packed.iter().map(|number| u64::from(*number)), width, packed.len().next_multiple_of(8), out);
        rest = after;
    }
}

fn run_length(numbers: &[u32]) -> usize {
    let first = numbers.first();
    numbers.iter().position(|number| Some(number) != first).unwrap_or(numbers.len())
}

/// Packs numbers of `width` bits, filled up with zeros to `count` of them, a multiple of eight.
pub(crate) fn pack(numbers: impl Iterator<Item = u64>, width: u32, count: usize, out: &mut Vec<u8>) {
    let end = out.len() + count / 8 * width as usize;
    let (mut waiting, mut bits) = (0_u128, 0);
    for number in numbers {
        waiting |= u128::from(number) << bits;
        bits += width;
        if bits >= 64 {
            out.extend_from_slice(&(waiting as u64).to_le_bytes());
            waiting >>= 64;
            bits -= 64;
        }
    }
    out.extend_from_slice(&(waiting as u64).to_le_bytes());
    out.resize(end, 0);
}

/// Writes a number seven bits at a time.
pub(crate) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
