//! Parquet's DELTA_BINARY_PACKED: the differences between neighbours, packed in as few bits as each 32 of them need.

use super::levels::{pack, varint};

const BLOCK: usize = 128;
const MINI_BLOCKS: usize = 4;
const MINI_BLOCK: usize = BLOCK / MINI_BLOCKS;

/// A number of one of Parquet's two widths; differences wrap around in it.
pub(crate) trait Number: Copy + Default + Ord {
    /// The difference.
    fn minus(self, other: Self) -> Self;
    /// The bits of a difference that is known not to be negative.
    fn bits(self) -> u64;
    /// As a signed number.
    fn wide(self) -> i64;
}

impl Number for i32 {
    fn minus(self, other: i32) -> i32 {
        self.wrapping_sub(other)
    }
    fn bits(self) -> u64 {
        u64::from(self as u32)
    }
    fn wide(self) -> i64 {
        i64::from(self)
    }
}

impl Number for i64 {
    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }
    fn bits(self) -> u64 {
        self as u64
    }
    fn wide(self) -> i64 {
        self
    }
}

/// Writes numbers with what a reader needs to know about them.
pub(crate) fn write<N: Number>(numbers: impl ExactSizeIterator<Item = N>, out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint(MINI_BLOCKS as u64, out);
    varint(numbers.len() as u64, out);
    let mut numbers = numbers;
    let mut last = numbers.next().unwrap_or_default();
    zigzag(last.wide(), out);
    let mut differences = [N::default(); BLOCK];
    loop {
        let mut count = 0;
        for (room, number) in differences.iter_mut().zip(numbers.by_ref().take(BLOCK)) {
            *room = number.minus(last);
            last = number;
            count += 1;
        }
        if count == 0 {
            return;
        }
        block(differences.get(..count).unwrap_or_default(), out);
    }
}

fn block<N: Number>(differences: &[N], out: &mut Vec<u8>) {
    let least = differences.iter().copied().min().unwrap_or_default();
    zigzag(least.wide(), out);
    let mut widths = [0_u8; MINI_BLOCKS];
    for (width, mini) in widths.iter_mut().zip(differences.chunks(MINI_BLOCK)) {
        let all = mini.iter().fold(0, |all, difference| all | difference.minus(least).bits());
        *width = (u64::BITS - all.leading_zeros()) as u8;
    }
    out.extend_from_slice(&widths);
    for (width, mini) in widths.iter().zip(differences.chunks(MINI_BLOCK)) {
        if *width > 0 {
            pack(mini.iter().map(|difference| difference.minus(least).bits()), u32::from(*width), MINI_BLOCK, out);
        }
    }
}

fn zigzag(number: i64, out: &mut Vec<u8>) {
    varint(((number << 1) ^ (number >> 63)) as u64, out);
}
