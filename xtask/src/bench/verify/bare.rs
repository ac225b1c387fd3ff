//! The least that anybody does who verifies log files: read, inflate, hash. Everything beyond is the price of the verdict.

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;

use libdeflater::Decompressor;
use sha2::{Digest, Sha256};

use super::chain::Chain;
use super::measure::Used;
use super::rivals::Run;
use crate::bench::set::files;
use crate::failure::Failure;
use crate::outside;

/// Inflates and hashes all log files on so many threads.
pub fn inflate_and_hash(chain: &Chain, threads: usize) -> Result<Run, Failure> {
    let paths: Vec<PathBuf> = files(&chain.folder.join(chain.bucket()))?
        .into_iter()
        .filter(|path| path.iter().all(|name| name != "CloudTrail-Digest"))
        .collect();
    let (next, bytes, cpu_us) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let start = outside::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let begin = outside::thread_cpu_s(start);
                let mut buffers = Buffers::default();
                while let Some(path) = paths.get(next.fetch_add(1, Relaxed)) {
                    bytes.fetch_add(buffers.hash(path), Relaxed);
                }
                cpu_us.fetch_add(((outside::thread_cpu_s(start) - begin) * 1e6) as u64, Relaxed);
            });
        }
    });
    let wall_s = start.elapsed().as_secs_f64();
    if bytes.into_inner() != chain.content_bytes {
        return Err(Failure::Wrong("inflating alone gave other bytes than the generator wrote".to_owned()));
    }
    Ok(Run { used: Used::of(wall_s, cpu_us.into_inner() as f64 / 1e6), server_cpu_s: 0.0 })
}

#[derive(Default)]
struct Buffers {
    content: Vec<u8>,
}

impl Buffers {
    /// Bytes that were hashed of one file; none if it cannot be read.
    fn hash(&mut self, path: &PathBuf) -> u64 {
        let Ok(stored) = fs::read(path) else { return 0 };
        // The last four bytes of a gzip file are the size of its content.
        let size = stored.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
        if self.content.len() < size {
            self.content.resize(size, 0);
        }
        let Some(content) = self.content.get_mut(..size) else { return 0 };
        let Ok(size) = Decompressor::new().gzip_decompress(&stored, content) else { return 0 };
        black_box(Sha256::digest(&content));
        size as u64
    }
}
