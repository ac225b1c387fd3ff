//! SHA-256 of a delivery and of each of its records, or of two deliveries, side by side.
//!
//! A SHA-256 spends most of its time waiting for itself, since every round needs the one before; two that
//! take turns, two blocks at a time, fill each other's waiting: a processor with SHA instructions is done with both in about 1.4 times
//! the time of one. Which bytes are hashed, and how, is as ever.

use sha2::block_api::compress256;

use crate::parsed::Entry;

type Block = [u8; 64];

/// Blocks between two turns: enough to pay for the change, few enough for the processor to see both.
const TURN_BLOCKS: usize = 2;

/// What SHA-256 begins with.
const INITIAL: [u32; 8] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Hashes each record, and the content that they stand in; returns the content's SHA-256.
pub fn hash_all(content: &[u8], records: &mut [Entry]) -> [u8; 32] {
    let mut whole = Whole::new(content);
    for record in records {
        let bytes = content.get(record.bytes.0 as usize..record.bytes.1 as usize).unwrap_or_default();
        record.hash = short(beside(bytes, &mut whole));
    }
    whole.finish(content)
}

/// The SHA-256 of each of two contents.
pub fn hash_both(one: &[u8], other: &[u8]) -> [[u8; 32]; 2] {
    let mut whole = Whole::new(other);
    [beside(one, &mut whole), whole.finish(other)]
}

/// The part of a SHA-256 that names a record.
fn short(sha256: [u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(sha256.split_at(16).0);
    short
}

/// The content on its way through its hash.
struct Whole<'a> {
    state: [u32; 8],
    blocks: &'a [Block],
}

impl<'a> Whole<'a> {
    fn new(content: &'a [u8]) -> Whole<'a> {
        Whole { state: INITIAL, blocks: content.as_chunks().0 }
    }

    /// Takes its turn.
    fn turn(&mut self) {
        let now = TURN_BLOCKS.min(self.blocks.len());
        if let Some((blocks, rest)) = self.blocks.split_at_checked(now) {
            compress256(&mut self.state, blocks);
            self.blocks = rest;
        }
    }

    fn finish(mut self, content: &[u8]) -> [u8; 32] {
        compress256(&mut self.state, self.blocks);
        close(self.state, content)
    }
}

/// The SHA-256 of some bytes, in turns with the whole.
fn beside(bytes: &[u8], whole: &mut Whole) -> [u8; 32] {
    let mut state = INITIAL;
    for blocks in bytes.as_chunks().0.chunks(TURN_BLOCKS) {
        compress256(&mut state, blocks);
        whole.turn();
    }
    whole.turn();
    close(state, bytes)
}

/// Hashes what is left behind the last whole block, with SHA-256's own ending: a one bit, zeros, and the length in bits.
fn close(mut state: [u32; 8], bytes: &[u8]) -> [u8; 32] {
    let rest = bytes.as_chunks::<64>().1;
    let mut ending = [[0; 64]; 2];
    let count = if rest.len() < 56 { 1 } else { 2 };
    let flat = ending.as_flattened_mut();
    if let Some((text, after)) = flat.split_at_mut_checked(rest.len()) {
        text.copy_from_slice(rest);
        after.first_mut().into_iter().for_each(|byte| *byte = 0x80);
    }
    if let Some(room) = flat.get_mut(count * 64 - 8..count * 64) {
        room.copy_from_slice(&(bytes.len() as u64).wrapping_mul(8).to_be_bytes());
    }
    compress256(&mut state, ending.get(..count).unwrap_or_default());
    let mut sha256 = [0; 32];
    sha256.as_chunks_mut().0.iter_mut().zip(state).for_each(|(room, word)| *room = word.to_be_bytes());
    sha256
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::Flaws;

    fn entry(from: usize, to: usize) -> Entry {
        let bytes = (from as u32, to as u32);
        Entry { bytes, fields: (0, 0), shape: (0, 0), other: (0, 0), flaws: Flaws::NONE, time: None, hash: [0; 16] }
    }

    #[test]
    fn hashes_are_those_of_sha256() {
        let content: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for length in (0..300).chain([1_000, 4_096, 39_999, 40_000]) {
            let content = content.get(..length).unwrap();
            for step in [1, 55, 56, 63, 64, 65, 119, 120, 128, 1_500, 50_000] {
                let mut records: Vec<Entry> =
                    (0..length).step_by(step).take(400).map(|from| entry(from, (from + step).min(length))).collect();
                let whole: [u8; 32] = Sha256::digest(content).into();
                assert_eq!(hash_all(content, &mut records), whole, "{length} {step}");
                let other = &content[length / 3..];
                assert_eq!(hash_both(content, other), [whole, Sha256::digest(other).into()], "{length}");
                assert_eq!(hash_both(other, content), [Sha256::digest(other).into(), whole], "{length}");
                for record in records {
                    let bytes = content.get(record.bytes.0 as usize..record.bytes.1 as usize).unwrap();
                    assert_eq!(record.hash, crate::record_hash(bytes), "{length} {step}");
                }
            }
        }
    }
}
