//! Stored bytes: two decoders that share no code (libdeflate, zlib-rs) must agree, and no limit may be passed.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use record::{InflateError, Inflater};

fuzz_target!(|input: (u32, &[u8])| {
    let (limit, stored) = (u64::from(input.0 % (1 << 20)), input.1);
    let mut inflater = Inflater::default();
    let found = inflater.content(stored, limit);
    assert_eq!(found, inflater.content(stored, limit), "no state is carried from one delivery to the next");
    if !record::inflate::is_gzip(stored) {
        assert_eq!(found.is_ok(), stored.len() as u64 <= limit);
        return;
    }
    let mut content = Vec::new();
    let mut reference = flate2::bufread::MultiGzDecoder::new(stored).take(limit + 1);
    let expected = reference.read_to_end(&mut content).is_ok() && content.len() as u64 <= limit;
    match found {
        Ok(found) => {
            assert!(found.len() as u64 <= limit);
            assert!(expected, "only libdeflate takes it");
            assert!(found == content, "the two decoders give other bytes");
        }
        Err(InflateError::TooLarge(said)) => {
            assert_eq!(said, limit);
            assert!(!expected, "it fits");
        }
        Err(error) => assert!(!expected, "only zlib-rs takes it: {error}"),
    }
});
