//! A SELECT of CloudTrail Lake: rewritten, or refused with a reason; what was rewritten once is rewritten no further.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match lake::query::rewritten_twice(text) {
    Ok([once, twice]) => assert_eq!(once, twice),
    Err(refused) => assert!(!refused.sentence().is_empty()),
});
