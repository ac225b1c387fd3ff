//! Sigma: any text is read or refused; what is read is put to a record in both ways, with the same answer, and into SQL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use predicate::sigma::{Document, Placeholders, read};
use predicate::sql::{at_least, at_most};
use predicate::{Matcher, Set};
use record::{Content, Parsed, Parser};

const RECORD: &str = r#"{"eventVersion":"1.11","eventSource":"s3.amazonaws.com","eventName":"GetObject","errorCode":null,"requestParameters":{"a":[1,{"b":"x\"y"}]}}"#;

fuzz_target!(|text: &str| {
    let (text, event) = text.split_once('\u{1}').unwrap_or((text, RECORD));
    let Ok(documents) = read(text, &Placeholders::default()) else { return };
    for document in documents {
        let Document::Rule(rule) = document else { continue };
        let expr = rule.expr();
        let set = Set::new([&expr]).expect("within the limits");
        let (mut matcher, mut of_text, mut of_view) = (Matcher::new(&set), Vec::new(), Vec::new());
        matcher.text(event, &mut of_text);
        let content = Content::from(event.as_bytes().to_vec());
        let mut parsed = Parsed::default();
        Parser::default().record(&content, 0, content.len(), &mut parsed);
        for view in parsed.views(&content) {
            matcher.view(view, &mut of_view);
        }
        if event == RECORD {
            assert_eq!(of_text, of_view);
        }
        assert!(!at_most(&expr).is_empty() && !at_least(&expr).is_empty());
    }
});
