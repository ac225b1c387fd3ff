//! Filter patterns: read or refused at a place inside the text; what is read is lowered, run on an event and on a line, and never too large for a set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use predicate::pattern::{Pattern, Semantics};
use predicate::{Matcher, Set};

const EVENT: &str = r#"{"a":1,"b":["x",{"c":null}],"eventName":"StopLogging","userIdentity":{"type":"Root"}}"#;

fuzz_target!(|text: &str| {
    match Pattern::parse(text) {
        Err(error) => assert!(error.at <= text.chars().count(), "{error}"),
        Ok(pattern) => {
            assert!(text.chars().count() <= predicate::pattern::limits::PATTERN_CHARS_MAX);
            pattern.matches_line("[a] \"b c\" 404 x");
            for condition in pattern.conditions() {
                assert!(condition.at < text.chars().count());
            }
            if let Some(expr) = pattern.lower(Semantics::default()) {
                let set = Set::new([&expr]).expect("a pattern fits into a set");
                Matcher::new(&set).text(EVENT, &mut Vec::new());
            }
        }
    }
});
