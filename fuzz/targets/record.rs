//! Deliveries: whatever goes in comes out again, byte for byte, in one pass or two.
#![no_main]

use libfuzzer_sys::fuzz_target;
use record::{Content, Envelope, Parsed, Parser, RecordView, Value, rebuild};
use serde::de::IgnoredAny;

fuzz_target!(|content: &[u8]| {
    let text = Content::from(content.to_vec());
    let (mut parser, mut parsed) = (Parser::default(), Parsed::default());
    let frame = match parser.delivery(&text, &mut parsed) {
        Ok(frame) => frame,
        Err(error) => {
            assert_eq!(Envelope::split(content).err(), Some(error));
            return;
        }
    };
    let pieces = frame.pieces(parsed.records.len()).expect("a frame that fits its records");
    let mut again = pieces[0].to_vec();
    for (view, piece) in parsed.views(&text).zip(&pieces[1..]) {
        if view.is_raw() {
            again.extend_from_slice(view.bytes());
        } else {
            rebuild(&view, &mut again).expect("a row that fits together");
        }
        assert_eq!(view.entry().hash, record::record_hash(view.bytes()));
        if view.entry().flaws.is_empty() {
            serde_json::from_slice::<IgnoredAny>(view.bytes()).expect("a record without a flaw is JSON");
        }
        again.extend_from_slice(piece);
    }
    assert!(again == content, "content differs");
    two_passes_give_the_same(&text, content, &parsed);
});

fn two_passes_give_the_same(text: &Content, content: &[u8], at_once: &Parsed) {
    let envelope = Envelope::split(content).expect("an envelope");
    let (mut parser, mut parsed) = (Parser::default(), Parsed::default());
    for (from, to) in &envelope.records {
        parser.record(text, *from as usize, *to as usize, &mut parsed);
    }
    assert_eq!(at_once.records.len(), parsed.records.len());
    for (once, twice) in at_once.views(text).zip(parsed.views(text)) {
        assert_eq!(told(&once), told(&twice));
    }
}

/// What a view tells. Where its texts stand is left out: in one pass, records of one shape share it.
fn told<'a>(view: &RecordView<'a>) -> impl std::fmt::Debug + PartialEq + use<'a> {
    let entry = view.entry();
    let fields = view.fields().iter().map(|field| match field.value {
        Value::Source(..) | Value::Decoded(..) => (field.column, None, view.bytes_of(field.value)),
        other => (field.column, Some(other), None),
    });
    let fields: Vec<_> = fields.collect();
    (entry.bytes, entry.flaws, entry.time, entry.hash, view.shape_text(), view.other_text(), fields)
}
