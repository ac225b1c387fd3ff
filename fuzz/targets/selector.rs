//! Event selectors: read or refused; what is read is checked, written, read again as the same, and run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use predicate::selector::{self, Owner};
use predicate::{Matcher, Set};

const EVENT: &str =
    r#"{"eventCategory":"Data","eventName":"GetObject","resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k"}]}"#;

fuzz_target!(|text: &str| {
    if let Some(mended) = selector::mend(text) {
        assert!(mended.text.len() > text.len());
    }
    let Ok(document) = selector::read(text) else { return };
    let accepted = selector::check(&document.selectors, Owner::Trail).is_empty();
    if let Ok(again) = selector::read(&selector::to_json(&document.selectors)) {
        assert_eq!(again.selectors, document.selectors);
    }
    if let Some(expr) = selector::lower(&document.selectors) {
        match Set::new([&expr]) {
            Ok(set) => Matcher::new(&set).text(EVENT, &mut Vec::new()),
            Err(_) => assert!(!accepted, "selectors that AWS takes fit into a set"),
        }
    }
});
